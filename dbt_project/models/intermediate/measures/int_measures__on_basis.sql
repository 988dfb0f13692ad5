{#- What can be counted over the newest population: the number of children itself, and the rates whose count is used. -#}
with as_published as (

    select * from {{ ref('int_measures__as_published') }}

),

rates as (

    select measure_id, numerator_measure, unit
    from {{ ref('measure') }}
    where denominator_measure = '{{ var("population_measure") }}'

),

populations as (

    select * from {{ ref('int_population__la_year') }}
    -- As of a date nothing is counted again: everything stays as it was printed then.
    where {{ 'false' if var('as_of') else 'population > 0' }}

),

final as (

    select
        as_published.la_code,
        as_published.year,
        as_published.measure_id,
        {{ unit_scale('rates.unit') }} * counts.value / populations.population as value,
        counts.value as numerator,
        populations.population as denominator,
        counts.source,
        counts.edition,
        populations.population_basis
    from as_published
    inner join rates on as_published.measure_id = rates.measure_id
    inner join as_published as counts
        on
            rates.numerator_measure = counts.measure_id
            and as_published.la_code = counts.la_code
            and as_published.year = counts.year
    inner join populations
        on as_published.la_code = populations.la_code and as_published.year = populations.year
    -- A rate that its publisher withholds stays withheld, whatever could be computed; a joint return is of two authorities.
    where
        counts.value_status = 'reported'
        and as_published.value_status in ('reported', 'not_published', 'not_reported')
        and not counts.is_joint_return
    union all
    select
        la_code,
        year,
        '{{ var("population_measure") }}' as measure_id,
        population as value,
        null as numerator,
        null as denominator,
        source,
        edition,
        population_basis
    from populations

)

select * from final
