{#- A figure has one row: as paid, and in real terms by the default index and base year of price_base. Gross groups that the
    outturn files held do not reach come from the secondary source, by the group totals it prints. -#}
with spend_groups as (

    select * from {{ ref('int_spend__group') }}

),

ranked_groups as (

    select
        spend_groups.*,
        row_number() over (
            partition by spend_groups.la_code, spend_groups.year, spend_groups.gross_or_net, spend_groups.spend_group
            order by
                {{ edition_day('editions') }} desc, {{ revision_number('spend_groups.edition') }} desc, spend_groups.edition desc
        ) as precedence
    from spend_groups
    inner join {{ ref('int_measures__edition') }} as editions
        on spend_groups.source = editions.source and spend_groups.edition = editions.edition

),

la_years as (

    select * from {{ ref('int_measures__la_year') }}

),

spend_measures as (

    select * from {{ ref('spend_measure') }}

),

price_bases as (

    select * from {{ ref('price_base') }} where is_default

),

authorities as (

    select * from {{ ref('local_authority') }}

),

from_outturn as (

    select
        ranked_groups.la_code,
        ranked_groups.year,
        ranked_groups.spend_group,
        ranked_groups.gross_or_net,
        ranked_groups.gbp_nominal,
        case when ranked_groups.gbp_nominal is null then 'unavailable' else 'reported' end as value_status,
        ranked_groups.residual_gbp,
        ranked_groups.source,
        ranked_groups.edition
    from ranked_groups
    inner join authorities
        on
            ranked_groups.la_code = authorities.la_code
            and {{ existed_in('authorities.valid_from', 'authorities.valid_to', 'ranked_groups.year') }}
    where ranked_groups.precedence = 1

),

from_measures as (

    select
        la_years.la_code,
        la_years.year,
        spend_measures.spend_group,
        'gross' as gross_or_net,
        la_years.value as gbp_nominal,
        la_years.value_status,
        cast(null as double) as residual_gbp,
        la_years.source,
        la_years.edition
    from la_years
    inner join spend_measures on la_years.measure_id = spend_measures.measure_id
    anti join from_outturn
        on
            la_years.la_code = from_outturn.la_code
            and la_years.year = from_outturn.year
            and spend_measures.spend_group = from_outturn.spend_group
            and from_outturn.gross_or_net = 'gross'
    where la_years.value_status not in ('not_published', 'not_reported')

),

-- The ministry's returns stand beside the department's, each by itself: other lines, other rules, never summed with it.
from_ministry as (

    select
        ministry.la_code,
        ministry.year,
        ministry.spend_return,
        ministry.spend_group,
        ministry.gross_or_net,
        ministry.gbp_nominal,
        ministry.value_status,
        cast(null as double) as residual_gbp,
        ministry.source,
        ministry.edition
    from {{ ref('int_spend__ministry_group') }} as ministry
    inner join authorities
        on
            ministry.la_code = authorities.la_code
            and {{ existed_in('authorities.valid_from', 'authorities.valid_to', 'ministry.year') }}

),

nominal as (

    select
        la_code, year, 's251_outturn' as spend_return, spend_group, gross_or_net,
        gbp_nominal, value_status, residual_gbp, source, edition
    from from_outturn
    union all
    select
        la_code, year, 's251_outturn' as spend_return, spend_group, gross_or_net,
        gbp_nominal, value_status, residual_gbp, source, edition
    from from_measures
    union all
    select
        la_code, year, spend_return, spend_group, gross_or_net,
        gbp_nominal, value_status, residual_gbp, source, edition
    from from_ministry

),

denominators as (

    select
        la_code,
        year,
        max(value) filter (where measure_id = 'population_0_17') as population_0_17,
        max(value) filter (where measure_id = 'cin_at_31_march_count') as cin_at_31_march_count,
        max(value) filter (where measure_id = 'cla_at_31_march_count') as cla_at_31_march_count
    from la_years
    where measure_id in ('population_0_17', 'cin_at_31_march_count', 'cla_at_31_march_count')
    group by la_code, year

),

real_terms as (

    select
        nominal.*,
        price_bases.base_year,
        {{ real_terms('nominal.gbp_nominal', 'of_year', 'of_base') }} as gbp_real
    from nominal
    cross join price_bases
    left join {{ ref('int_time__price_index') }} as of_year
        on price_bases.price_index = of_year.price_index and nominal.year = of_year.year
    left join {{ ref('int_time__price_index') }} as of_base
        on price_bases.price_index = of_base.price_index and price_bases.base_year = of_base.year

),

final as (

    select
        real_terms.la_code,
        cast(real_terms.year as integer) as year,
        real_terms.spend_return,
        real_terms.spend_group,
        real_terms.gross_or_net,
        real_terms.gbp_nominal,
        real_terms.value_status,
        real_terms.gbp_real,
        cast(real_terms.base_year as integer) as real_base_year,
        real_terms.gbp_nominal / nullif(denominators.population_0_17, 0) as gbp_nominal_per_child,
        {%- for column, denominator in [
            ('child', 'population_0_17'), ('cin', 'cin_at_31_march_count'), ('cla', 'cla_at_31_march_count'),
        ] %}
        real_terms.gbp_real / nullif(denominators.{{ denominator }}, 0) as gbp_real_per_{{ column }},
        {%- endfor %}
        denominators.population_0_17,
        denominators.cin_at_31_march_count,
        denominators.cla_at_31_march_count,
        real_terms.residual_gbp,
        real_terms.source,
        real_terms.edition
    from real_terms
    left join denominators
        on real_terms.la_code = denominators.la_code and real_terms.year = denominators.year

)

select * from final
order by spend_return, spend_group, gross_or_net, year, la_code
