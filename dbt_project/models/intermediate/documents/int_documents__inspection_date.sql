{#- The first day on site as the report of an inspection prints it, where it is a day that can be: before the report, by no
    more than 200 days. -#}
with reports as (

    select * from {{ ref('int_documents__report') }}

),

matches as (

    select * from {{ ref('int_documents__report_inspection') }}

),

final as (

    select
        matches.la_code,
        matches.framework,
        matches.publication_date,
        reports.inspection_first_day as inspection_date,
        matches.report_id
    from matches
    inner join reports on matches.report_id = reports.report_id
    where
        matches.is_nearest
        and matches.source_of_judgement = 'ofsted_workbook'
        and reports.inspection_dates_confidence in ('high', 'medium')
        and {{ days_between('reports.inspection_first_day', 'matches.publication_date') }} between 7 and 200

)

select * from final
