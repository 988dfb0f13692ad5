{#- Whose figures a refresh makes again: the measures that the changed publications (the variable changed_publications) print,
    what is made of them, and what these are made of, which is read for it and stays. A build of everything names no
    publication: all measures are made. -#}
{{ config(tags = ['every_edition']) }}
{%- set changed = var('changed_publications') %}

with measures as (

    select * from {{ ref('measure') }}

),

{%- if execute and not changed %}

final as (

    select measure_id, true as is_changed
    from measures

)
{%- else %}

parts as (

    select * from {{ ref('int_measures__part') }}

),

of_changed_publications as (

    select distinct source, measure_id
    from {{ ref('measure_source') }}
    where source in ('{{ changed | join("', '") }}')

),

-- A population is what all editions' counts and rates imply together: one of them changes the basis of all.
of_children as (

    select measure_id
    from measures
    where denominator_measure = '{{ var("population_measure") }}' or measure_id = '{{ var("population_measure") }}'

),

secondary_sources as (

    select distinct source
    from {{ ref('stg_landing__catalogue') }}
    where role = 'secondary'

),

-- The return of looked-after children says how far every measure's years reach (int_measures__spine_year).
reached_0 as (

    select measure_id
    from of_changed_publications
    union
    select measure_id
    from measures
    where exists (
        select 1
        from of_changed_publications
        where
            measure_id = 'cla_at_31_march_count'
            and source not in (select source from secondary_sources)
    )

),

-- A measure, a ratio that it is a side of, a sum or a ratio of that.
{%- for step in range(3) %}

reached_{{ step + 1 }} as (

    select measure_id
    from reached_{{ step }}
    union
    select parts.measure_id
    from parts
    inner join reached_{{ step }} as reached on parts.part_id = reached.measure_id
    union
    select measure_id
    from of_children
    where
        exists (
            select 1
            from of_children as one
            where one.measure_id in (select measure_id from reached_{{ step }})
        )

),
{%- endfor %}

final as (

    select measure_id, true as is_changed
    from reached_3
    union all
    select distinct parts.part_id as measure_id, false as is_changed
    from parts
    inner join reached_3 as wholes on parts.measure_id = wholes.measure_id
    anti join reached_3 as read_anyway on parts.part_id = read_anyway.measure_id

)
{%- endif %}

select * from final
