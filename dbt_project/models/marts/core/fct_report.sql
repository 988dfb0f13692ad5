with reports as (

    select * from {{ ref('int_documents__report') }}

),

matches as (

    select * from {{ ref('int_documents__report_inspection') }}

),

final as (

    select
        reports.report_id,
        reports.file,
        reports.sha256,
        reports.url,
        reports.status,
        reports.refusal_reason,
        reports.refusal_detail,
        reports.reader_version,
        reports.page_count,
        reports.delivered_as,
        reports.la_code,
        reports.la_basis,
        reports.la_reason,
        reports.has_conflicting_la,
        reports.authority_printed,
        reports.urn,
        reports.report_kind,
        reports.framework,
        coalesce(reports.framework_reason, '') as framework_reason,
        reports.is_reinspection,
        reports.title,
        reports.visit_theme,
        matches.inspection_id,
        matches.days_apart as days_from_official_publication,
        reports.inspection_first_day,
        reports.inspection_last_day,
        reports.inspection_parts,
        reports.inspection_dates_printed,
        reports.inspection_dates_confidence,
        reports.inspection_dates_reason,
        reports.publication_date,
        reports.publication_date_source,
        reports.overall_judgement,
        reports.overall_status,
        reports.overall_confidence,
        reports.overall_reason,
        reports.help_and_protection,
        reports.children_looked_after,
        reports.care_leavers,
        reports.adoption,
        reports.leadership,
        reports.lscb,
        reports.recommendation_count,
        reports.recommendation_count_local_authority,
        reports.recommendation_count_lscb,
        reports.recommendation_statements,
        reports.recommendation_reason,
        reports.recommendation_exceptions
    from reports
    left join matches on reports.report_id = matches.report_id

)

select * from final
