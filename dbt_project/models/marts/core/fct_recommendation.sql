{#- What full inspections ask of an authority and, until 2017, of its safeguarding board. What visits ask for is in
    fct_visit; what joint and area inspections ask of partnerships is of no framework and stays in intermediate. -#}
with reports as (

    select * from {{ ref('int_documents__report') }}

),

matches as (

    select * from {{ ref('int_documents__report_inspection') }}

),

recommendations as (

    select * from {{ ref('int_documents__recommendation') }}

),

codings as (

    select report_id, item, count(*) as theme_count
    from {{ ref('int_documents__recommendation_coding') }}
    group by report_id, item

),

final as (

    select
        reports.report_id,
        reports.la_code,
        reports.framework,
        matches.inspection_id,
        reports.publication_date,
        reports.overall_judgement,
        recommendations.item,
        recommendations.section,
        recommendations.addressee,
        recommendations.urgency,
        recommendations.heading,
        recommendations.number,
        recommendations.text,
        recommendations.text_key,
        recommendations.page,
        recommendations.last_page,
        recommendations.confidence,
        recommendations.reason,
        cast(coalesce(codings.theme_count, 0) as integer) as theme_count
    from reports
    inner join recommendations on reports.report_id = recommendations.report_id
    left join matches on reports.report_id = matches.report_id
    left join codings on reports.report_id = codings.report_id and recommendations.item = codings.item
    where recommendations.is_of_inspection

)

select * from final
