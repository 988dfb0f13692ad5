{#- England and the regions as published, newest primary edition first: selected by level, never by code. -#}
with edition_values as (

    select * from {{ ref('int_measures__edition_values') }}

),

editions as (

    select * from {{ ref('int_measures__edition') }}

),

spine_years as (

    select * from {{ ref('int_measures__spine_year') }}

),

areas as (

    select
        edition_values.level as area_level,
        case edition_values.level
            when 'national' then 'England'
            else {{ region_name('edition_values.unit_name') }}
        end as area_name,
        edition_values.year,
        edition_values.measure_id,
        edition_values.value,
        edition_values.value_status,
        edition_values.numerator,
        edition_values.denominator,
        edition_values.source,
        edition_values.edition,
        editions.role,
        {{ edition_day('editions') }} as edition_day
    from edition_values
    inner join editions
        on edition_values.source = editions.source and edition_values.edition = editions.edition
    where edition_values.level in ('national', 'regional')

),

ranked as (

    select
        areas.*,
        row_number() over (
            partition by areas.area_level, areas.area_name, areas.year, areas.measure_id
            order by
                case
                    when areas.role = 'primary' and areas.value_status = 'reported' then 1
                    when areas.value_status = 'reported' then 2
                    else 3
                end asc,
                areas.edition_day desc,
                {{ revision_number('areas.edition') }} desc,
                areas.edition desc,
                areas.source asc,
                areas.value desc nulls last,
                areas.numerator desc nulls last,
                areas.denominator desc nulls last,
                areas.value_status asc
        ) as precedence
    from areas
    inner join spine_years
        on
            areas.measure_id = spine_years.measure_id
            and areas.year between spine_years.first_year and spine_years.last_year
    where areas.area_name is not null

),

regions as (

    select * from {{ ref('region') }}

),

final as (

    select
        ranked.area_level,
        ranked.area_name,
        regions.region_code as area_code,
        cast(ranked.year as integer) as year,
        ranked.measure_id,
        ranked.value,
        ranked.value_status,
        ranked.numerator,
        ranked.denominator,
        ranked.source,
        ranked.edition
    from ranked
    left join regions on ranked.area_name = regions.region_name
    where ranked.precedence = 1

)

select * from final
