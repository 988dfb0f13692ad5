{#- The inspection that a report is the report of: the same authority and framework, published nearest. Days differ where a
    report was put up again after a correction; where a report prints no day of publication and the index has none, reports
    appear about six weeks after the last day on site. -#}
with reports as (

    select
        *,
        coalesce(publication_date, inspection_last_day + 45) as published
    from {{ ref('int_documents__report') }}
    where status = 'read' and la_code is not null

),

inspections as (

    select * from {{ ref('int_inspection__inspection') }}

),

candidates as (

    select
        reports.report_id,
        reports.status,
        inspections.la_code,
        inspections.framework,
        inspections.publication_date,
        abs(date_diff('day', inspections.publication_date, reports.published)) as days_apart
    from reports
    inner join inspections on reports.la_code = inspections.la_code and reports.framework = inspections.framework

),

nearest as (

    select
        *,
        row_number() over (partition by report_id order by days_apart, publication_date) as place_for_report
    from candidates
    where days_apart <= 150

),

final as (

    select
        report_id,
        concat_ws('-', la_code, framework, cast(publication_date as varchar)) as inspection_id,
        la_code,
        framework,
        publication_date,
        days_apart,
        row_number() over (
            partition by la_code, framework, publication_date order by days_apart, report_id
        ) = 1 as is_nearest
    from nearest
    where place_for_report = 1

)

select * from final
