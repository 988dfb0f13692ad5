-- Uniting authorities moves counts, it makes and loses none: where every authority has a number, the national sum is the
-- same under each policy.
select
    policies.year,
    policies.measure_id,
    policies.united_total,
    policies.published_total
from (
    select
        year,
        measure_id,
        sum(value) filter (where policy = 'united') as united_total,
        sum(value) filter (where policy = 'as_published') as published_total,
        bool_and(value is not null) as is_whole
    from {{ ref('fct_footprint_year_measure') }}
    inner join {{ ref('dim_measure') }} using (measure_id)
    where unit in ('count', 'gbp')
    group by year, measure_id
) as policies
-- Joint returns are counted once only where both members are united; they are not among these measures' whole years.
where is_whole and abs(united_total - published_total) > 0.5
