{#- Inspections whose report is held and that no workbook lists yet, as the report has them. Whether an inspection is standard
    or short no report says: a short one is a week on site. -#}
with reports as (

    select * from {{ ref('int_documents__report') }}

),

matches as (

    select * from {{ ref('int_documents__report_inspection') }} where is_nearest and source_of_judgement = 'report'

),

final as (

    select
        matches.la_code,
        matches.framework,
        case
            when matches.framework <> 'ilacs' and reports.is_reinspection then 're_inspection'
            when matches.framework <> 'ilacs' then 'inspection'
            when {{ days_between('reports.inspection_first_day', 'reports.inspection_last_day') }} < 7 then 'short'
            else 'standard'
        end as inspection_type,
        matches.publication_date,
        reports.inspection_first_day as inspection_date,
        reports.overall_judgement,
        reports.help_and_protection,
        reports.children_looked_after,
        reports.care_leavers,
        reports.adoption,
        reports.leadership
    from matches
    inner join reports on matches.report_id = reports.report_id

)

select * from final
