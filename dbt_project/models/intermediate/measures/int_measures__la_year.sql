{#- Every figure on one basis: a rate per child is its count, as the newest edition has it, over the population by the
    newest edition that says it, for all years that it covers, so that a line through the years is not a change of
    populations. The published rate stays beside it. As of a date everything stays as it was printed then: that is what
    people knew. -#}
with as_published as (

    select * from {{ ref('int_measures__as_published') }}

),

{%- if var('as_of') %}

final as (

    select
        *,
        value as published_value,
        case
            when
                measure_id = '{{ var("population_measure") }}'
                or measure_id in (select measure_id from {{ ref('measure') }} where denominator_measure = '{{ var("population_measure") }}')
                then 'as published: ' || source || ' ' || edition
        end as denominator_basis
    from as_published

)
{%- else %}

populations as (

    select * from {{ ref('int_population__la_year') }}

),

rates as (

    select measure_id, numerator_measure, unit
    from {{ ref('measure') }}
    where denominator_measure = '{{ var("population_measure") }}'

),

on_basis as (

    select
        as_published.la_code,
        as_published.year,
        as_published.measure_id,
        counts.value as numerator,
        populations.population as denominator,
        {{ unit_scale('rates.unit') }} * counts.value / populations.population as value,
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
        and populations.population > 0

),

final as (

    select
        as_published.la_code,
        as_published.year,
        as_published.measure_id,
        as_published.period_label,
        case
            when on_basis.measure_id is not null then on_basis.value
            when as_published.measure_id = '{{ var("population_measure") }}' then coalesce(populations.population, as_published.value)
            else as_published.value
        end as value,
        case
            when on_basis.measure_id is not null then 'reported'
            when as_published.measure_id = '{{ var("population_measure") }}' and populations.population is not null then 'reported'
            else as_published.value_status
        end as value_status,
        coalesce(on_basis.numerator, as_published.numerator) as numerator,
        coalesce(on_basis.denominator, as_published.denominator) as denominator,
        as_published.is_joint_return,
        case
            when on_basis.measure_id is not null then on_basis.source
            when as_published.measure_id = '{{ var("population_measure") }}' then coalesce(populations.source, as_published.source)
            else as_published.source
        end as source,
        case
            when on_basis.measure_id is not null then on_basis.edition
            when as_published.measure_id = '{{ var("population_measure") }}' then coalesce(populations.edition, as_published.edition)
            else as_published.edition
        end as edition,
        as_published.value as published_value,
        case
            when on_basis.measure_id is not null then on_basis.population_basis
            when as_published.measure_id = '{{ var("population_measure") }}' then populations.population_basis
            when rates.measure_id is not null then 'as published: ' || as_published.source || ' ' || as_published.edition
        end as denominator_basis
    from as_published
    left join rates on as_published.measure_id = rates.measure_id
    left join on_basis
        on {{ same_figure('as_published', 'on_basis') }}
    left join populations
        on as_published.la_code = populations.la_code and as_published.year = populations.year

)
{%- endif %}

select * from final
