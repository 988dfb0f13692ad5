{#- The history sheets give the day of publication only. The day an inspection began is in the sheets of each year and
    of the latest inspections: it belongs to the first report published after it, within half a year (reports appear 22 to
    156 days later) and with the same overall judgement. -#}
with inspections as (

    select * from {{ ref('int_inspection__inspection') }}

),

latest_inspections as (

    select source, table_name, edition, unit_name, inspection_date, overall_judgement_text
    from {{ ref('stg_ofsted__latest_inspection') }}
    where inspection_date is not null

),

judged_visits as (

    select source, table_name, edition, unit_name, visit_date as inspection_date, overall_judgement_text
    from {{ ref('stg_ofsted__visit') }}
    where is_judged

),

-- Since 2025 the history itself has the day.
dated_history as (

    select source, table_name, edition, unit_name, inspection_date, overall_judgement_text
    from {{ ref('stg_ofsted__inspection') }}
    where inspection_date is not null

),

landed_units as (

    select * from {{ ref('int_geography__landed_unit') }}

),

judgements as (

    select * from {{ ref('judgement') }}

),

dated as (

    select * from latest_inspections
    union all
    select * from judged_visits
    union all
    select * from dated_history

),

known_dates as (

    select distinct
        landed_units.la_code,
        dated.inspection_date,
        judgements.grade as overall_judgement
    from dated
    left join landed_units
        on {{ same_named_place('dated', 'landed_units') }}
    left join judgements on dated.overall_judgement_text = judgements.grade_text

),

matches as (

    select
        inspections.la_code,
        inspections.framework,
        inspections.publication_date,
        known_dates.inspection_date
    from inspections
    inner join known_dates
        on
            inspections.la_code = known_dates.la_code
            and inspections.overall_judgement = known_dates.overall_judgement
            and inspections.publication_date between known_dates.inspection_date and known_dates.inspection_date + 183
    qualify
        row_number() over (
            partition by inspections.la_code, known_dates.inspection_date order by inspections.publication_date
        ) = 1

),

final as (

    select la_code, framework, publication_date, min(inspection_date) as inspection_date
    from matches
    group by la_code, framework, publication_date

)

select * from final
