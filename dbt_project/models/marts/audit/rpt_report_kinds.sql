{#- What became of the documents, kind by kind. What is compared with Ofsted's tables is the kind that they list. -#}
with reports as (

    select * from {{ ref('int_documents__report') }} where status in ('read', 'refused')

),

checks as (

    select * from {{ ref('int_documents__reading_check') }} where is_counted

),

compared as (

    select
        report_id,
        bool_or(figure = 'overall_judgement_agrees') as is_compared,
        bool_or(figure = 'overall_judgement_agrees' and not is_right) as differs,
        bool_or(figure = 'overall_wrong_silently' and not is_right) as differs_silently
    from checks
    group by report_id

),

final as (

    select
        case when reports.status = 'refused' then 'refused' else coalesce(reports.report_kind, 'unknown') end as report_kind,
        reports.framework,
        count(*) as document_count,
        count(*) filter (where reports.status = 'read') as read_count,
        count(*) filter (where reports.status = 'read' and reports.la_code is not null) as placed_count,
        count(*) filter (where reports.status = 'read' and reports.publication_date is not null) as dated_count,
        count(*) filter (where reports.overall_status = 'given') as overall_given_count,
        count(*) filter (where reports.overall_status = 'none_given') as none_given_count,
        count(*) filter (where reports.overall_status = 'not_read') as not_read_count,
        count(*) filter (where compared.is_compared) as compared_count,
        count(*) filter (where compared.differs) as differing_count,
        count(*) filter (where compared.differs_silently) as silent_count,
        cast(coalesce(sum(reports.recommendation_count), 0) as bigint) as item_count
    from reports
    left join compared on reports.report_id = compared.report_id
    group by
        case when reports.status = 'refused' then 'refused' else coalesce(reports.report_kind, 'unknown') end,
        reports.framework

)

select * from final
