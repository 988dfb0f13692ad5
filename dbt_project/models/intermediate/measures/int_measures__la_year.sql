{#- Every figure on one basis: a rate per child is its count, as the newest edition has it, over the population by the
    newest edition that says it, for all years that it covers, so that a line through the years is not a change of
    populations. The published rate stays beside it. As of a date everything stays as it was printed then: that is what
    people knew. -#}
with as_published as (

    select * from {{ ref('int_measures__as_published') }} where {{ changed_measures('measure_id') }}

),

on_basis as (

    select * from {{ ref('int_measures__on_basis') }}

),

agreeing_editions as (

    select * from {{ ref('int_population__agreeing_edition') }}

),

-- What is over children: the rates per child, and the number of children itself.
of_children as (

    select measure_id
    from {{ ref('measure') }}
    where denominator_measure = '{{ var("population_measure") }}' or measure_id = '{{ var("population_measure") }}'

),

final as (

    select
        as_published.la_code,
        as_published.year,
        as_published.measure_id,
        as_published.period_label,
        case when on_basis.measure_id is null then as_published.value else on_basis.value end as value,
        case when on_basis.measure_id is null then as_published.value_status else 'reported' end as value_status,
        coalesce(on_basis.numerator, as_published.numerator) as numerator,
        coalesce(on_basis.denominator, as_published.denominator) as denominator,
        as_published.is_joint_return,
        case when on_basis.measure_id is null then as_published.source else on_basis.source end as source,
        case when on_basis.measure_id is null then as_published.edition else on_basis.edition end as edition,
        as_published.value as published_value,
        case
            when on_basis.measure_id is not null then on_basis.population_basis
            when of_children.measure_id is not null and as_published.value_status = 'reported'
                then coalesce(
                    agreeing_editions.population_basis,
                    concat_ws(' ', 'as published:', as_published.source, as_published.edition)
                )
        end as denominator_basis
    from as_published
    left join of_children on as_published.measure_id = of_children.measure_id
    left join on_basis
        on {{ same_figure('as_published', 'on_basis') }}
    left join agreeing_editions
        on
            as_published.source = agreeing_editions.source
            and as_published.edition = agreeing_editions.edition
            and as_published.year = agreeing_editions.year

)

select * from final
