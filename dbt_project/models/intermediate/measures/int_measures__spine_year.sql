{#- The years that every authority has a row for, measure by measure: from the first year of the warehouse to the last that
    any edition has a figure of, so that a year is there when its first return is. A measure that has stopped goes on to
    the last year of the return of looked-after children, as "not published". A ratio reaches as far as both its sides. -#}
with edition_values as (

    select * from {{ ref('int_measures__edition_values') }}

),

measures as (

    select * from {{ ref('measure') }}

),

catalogue as (

    select * from {{ ref('stg_landing__catalogue') }}

),

roles as (

    select distinct source, role from catalogue

),

-- A multi-year file prints symbols for years before and after its own: only a figure makes a year.
own_years as (

    select measure_id, max(year) as last_year
    from edition_values
    where level = 'la' and value_status = 'reported'
    group by measure_id

),

common_year as (

    select
        coalesce(
            max(edition_values.year) filter (
                where roles.role = 'primary' and edition_values.measure_id = 'cla_at_31_march_count'
            ),
            {{ var('first_year') }}
        ) as last_year
    from edition_values
    inner join roles on edition_values.source = roles.source
    where edition_values.level = 'la'

),

parts as (

    select * from {{ ref('int_measures__part') }}

),

part_years as (

    select parts.measure_id, min(coalesce(own_years.last_year, 0)) as last_year
    from parts
    left join own_years on parts.part_id = own_years.measure_id
    group by parts.measure_id

),

final as (

    select
        measures.measure_id,
        {{ var('first_year') }} as first_year,
        cast(greatest(
            common_year.last_year, coalesce(own_years.last_year, 0), coalesce(part_years.last_year, 0)
        ) as integer) as last_year
    from measures
    cross join common_year
    left join own_years on measures.measure_id = own_years.measure_id
    left join part_years on measures.measure_id = part_years.measure_id

)

select * from final
