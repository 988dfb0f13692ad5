{#- Where a figure is taken from its primary source and a secondary one has since printed another: the publisher has revised it,
    or means something else. It is said beside the figure and never put in its place (docs/decisions/one_basis.md). -#}
with la_years as (

    select la_code, year, measure_id, value, published_value
    from {{ ref('int_measures__la_year') }}
    where value_status = 'reported'

),

ranked_values as (

    select * from {{ ref('int_measures__ranked_values') }} where value_status = 'reported'

),

measures as (

    select
        measure_id,
        -- More than rounding: to whole numbers, of counts to fives, of money to pounds.
        case unit when 'count' then 2.6 when 'gbp' then 1.1 else 0.51 end as tolerance
    from {{ ref('measure') }}

),

primary_values as (

    select * from ranked_values where precedence = 1 and role = 'primary'

),

secondary_values as (

    select * from ranked_values where edition_rank = 1 and role = 'secondary'

),

final as (

    select
        la_years.la_code,
        la_years.year,
        la_years.measure_id,
        secondary_values.value,
        secondary_values.source,
        secondary_values.edition
    from la_years
    inner join measures on la_years.measure_id = measures.measure_id
    inner join primary_values
        on {{ same_figure('la_years', 'primary_values') }}
    inner join secondary_values
        on
            {{ same_figure('la_years', 'secondary_values') }}
            and primary_values.edition_day < secondary_values.edition_day
    -- Neither what was printed nor what it comes to over the newest population.
    where
        abs(la_years.value - secondary_values.value) > measures.tolerance
        and abs(la_years.published_value - secondary_values.value) > measures.tolerance

)

select * from final
