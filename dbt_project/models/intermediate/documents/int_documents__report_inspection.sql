{#- The inspection that a report is the report of: the same authority and framework in Ofsted's workbooks, published nearest.
    Days differ where a report was put up again after a correction; where a report prints no day of publication and the index
    has none, reports appear about six weeks after the last day on site. A full inspection that no workbook lists yet is the
    inspection of its own report, until one does; not where its overall judgement was not understood or is doubtful. -#}
with reports as (

    select
        *,
        coalesce(publication_date, inspection_last_day + 45) as published
    from {{ ref('int_documents__report') }}
    where status = 'read' and la_code is not null and report_kind = 'full_inspection'

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
        abs({{ days_between('inspections.publication_date', 'reports.published') }}) as days_apart
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

matched as (

    select
        report_id,
        la_code,
        framework,
        publication_date,
        days_apart,
        row_number() over (
            partition by la_code, framework, publication_date order by days_apart, report_id
        ) = 1 as is_nearest,
        'ofsted_workbook' as source_of_judgement
    from nearest
    where place_for_report = 1

),

-- Of two reports of the same days on site the later one is used: it was put up again.
unlisted as (

    select
        reports.report_id,
        reports.la_code,
        reports.framework,
        first_value(reports.publication_date) over same_days as publication_date,
        cast(0 as bigint) as days_apart,
        row_number() over same_days = 1 as is_nearest,
        'report' as source_of_judgement
    from reports
    anti join matched on reports.report_id = matched.report_id
    where
        reports.publication_date is not null
        and reports.overall_status in ('given', 'none_given')
        and coalesce(reports.overall_confidence, 'high') <> 'low'
    window
        same_days as (
            partition by reports.la_code, reports.framework, coalesce(reports.inspection_first_day, reports.publication_date)
            order by reports.publication_date desc, reports.report_id asc
        )

),

together as (

    select * from matched
    union all
    select * from unlisted

),

final as (

    select
        report_id,
        concat_ws('-', la_code, framework, cast(publication_date as string)) as inspection_id,
        la_code,
        framework,
        publication_date,
        days_apart,
        is_nearest,
        source_of_judgement
    from together

)

select * from final
