{#- Where a series still changes what it is over: the years in which an authority's rate (or population) is counted by
    another basis than the year before it. -#}
with la_years as (

    select la_code, year, measure_id, denominator_basis
    from {{ ref('int_measures__la_year') }}
    where value_status = 'reported' and denominator_basis is not null

),

side_by_side as (

    select
        *,
        lag(denominator_basis) over (partition by la_code, measure_id order by year) as previous_basis
    from la_years

),

final as (

    select
        measure_id,
        cast(year as integer) as year,
        previous_basis,
        denominator_basis,
        cast(count(*) as integer) as authority_count
    from side_by_side
    where previous_basis <> denominator_basis
    group by measure_id, year, previous_basis, denominator_basis

)

select * from final
