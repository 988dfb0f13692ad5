{%- set shared = [
    'la_code', 'framework', 'inspection_type', 'publication_date', 'overall_judgement', 'help_and_protection',
    'children_looked_after', 'care_leavers', 'adoption', 'leadership',
] -%}
with inspections as (

    select * from {{ ref('int_inspection__inspection') }}

),

inspection_dates as (

    select * from {{ ref('int_inspection__inspection_date') }}

),

report_dates as (

    select * from {{ ref('int_documents__inspection_date') }}

),

date_corrections as (

    select * from {{ ref('inspection_correction') }} where field = 'inspection_date'

),

reported_inspections as (

    select * from {{ ref('int_documents__reported_inspection') }}

),

listed as (

    select
        {%- for column in shared %}
        inspections.{{ column }},
        {%- endfor %}
        inspections.source,
        inspections.edition,
        -- The inspectorate's own tables stand before what its reports print.
        coalesce(
            cast(date_corrections.value as date), inspection_dates.inspection_date, report_dates.inspection_date
        ) as inspection_date,
        case
            when inspection_dates.inspection_date is not null then 'official'
            when report_dates.inspection_date is not null then 'report'
        end as inspection_date_source,
        'ofsted_workbook' as source_of_judgement
    from inspections
    left join inspection_dates
        on {{ same_inspection('inspections', 'inspection_dates') }}
    left join report_dates
        on {{ same_inspection('inspections', 'report_dates') }}
    -- A correction holds only while the publisher still prints what it corrects.
    left join date_corrections
        on
            {{ same_inspection('inspections', 'date_corrections') }}
            and cast(inspection_dates.inspection_date as string) = date_corrections.expect_value

),

dated as (

    select * from listed
    union all
    select
        {%- for column in shared %}
        {{ column }},
        {%- endfor %}
        'ofsted_reports' as source,
        'documents' as edition,
        inspection_date,
        case when inspection_date is not null then 'report' end as inspection_date_source,
        'report' as source_of_judgement
    from reported_inspections

),

outcome_groups as (

    select distinct grade, outcome_group from {{ ref('judgement') }} where grade is not null

),

final as (

    select
        concat_ws('-', dated.la_code, dated.framework, cast(dated.publication_date as string))
            as inspection_id,
        dated.la_code,
        dated.framework,
        dated.inspection_type,
        dated.inspection_date,
        dated.inspection_date_source,
        dated.publication_date,
        {{ reporting_year('dated.publication_date') }} as year_by_publication,
        {{ reporting_year('dated.inspection_date') }} as year_by_inspection,
        dated.overall_judgement,
        dated.help_and_protection,
        dated.children_looked_after,
        dated.care_leavers,
        dated.adoption,
        dated.leadership,
        outcome_groups.outcome_group,
        row_number() over (
            partition by dated.la_code, dated.framework order by dated.publication_date
        ) = 1 as is_first_in_framework,
        dated.source_of_judgement,
        dated.source,
        dated.edition
    from dated
    left join outcome_groups on dated.overall_judgement = outcome_groups.grade

)

select * from final
