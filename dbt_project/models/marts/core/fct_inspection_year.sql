{#- The centre of the warehouse: every inspection, every measure, five years before to five after, by the reporting year
    of publication and by that of the inspection itself. -#}
with inspections as (

    select * from {{ ref('fct_inspection') }}

),

la_years as (

    select * from {{ ref('fct_la_year_measure') }} where {{ changed_measures('measure_id') }}

),

measures as (

    select measure_id from {{ ref('measure') }} where {{ changed_measures('measure_id') }}

),

spine_years as (

    select * from {{ ref('int_measures__spine_year') }}

),

based as (

    select *, 'publication' as basis, year_by_publication as year_of_inspection
    from inspections
    where year_by_publication is not null
    union all
    select *, 'inspection' as basis, year_by_inspection as year_of_inspection
    from inspections
    where year_by_inspection is not null

),

event_years as (

    select
        based.*,
        cast(event_years.event_year as integer) as event_year,
        cast(based.year_of_inspection + event_years.event_year as integer) as year
    from based
    cross join unnest({{ numbers(-5, 5) }}) as event_years (event_year)

),

-- Inspections of one authority share its years: each is looked up once.
authority_years as (

    select distinct la_code, year
    from event_years

),

figures as (

    select
        authority_years.la_code,
        authority_years.year,
        measures.measure_id,
        la_years.value,
        -- Outside the spine a value is either not there yet (or no longer) or the authority is not.
        case
            when la_years.value_status is not null then la_years.value_status
            when authority_years.year between spine_years.first_year and spine_years.last_year then 'not_applicable'
            else 'not_published'
        end as value_status
    from authority_years
    cross join measures
    inner join spine_years on measures.measure_id = spine_years.measure_id
    left join la_years
        on
            authority_years.la_code = la_years.la_code
            and authority_years.year = la_years.year
            and measures.measure_id = la_years.measure_id

),

final as (

    select
        event_years.inspection_id,
        event_years.basis,
        event_years.la_code,
        event_years.framework,
        event_years.outcome_group,
        event_years.event_year,
        event_years.year,
        figures.measure_id,
        figures.value,
        figures.value_status
    from event_years
    inner join figures on event_years.la_code = figures.la_code and event_years.year = figures.year

)

select * from final
