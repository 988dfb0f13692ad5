{#- A report's recommendations are those of its bytes, under its own name: the same bytes may lie under several. -#}
with reports as (

    select * from {{ ref('int_documents__report') }}

),

recommendations as (

    select * from {{ ref('stg_ofsted__recommendation') }}

),

final as (

    select
        reports.report_id,
        reports.report_kind,
        -- What visits and joint inspections ask for is of no framework and enters no study.
        coalesce(reports.report_kind in ('full_inspection', 'safeguarding_board_review'), false) as is_of_inspection,
        case when recommendations.section = 'lscb' then 'safeguarding_board' else 'local_authority' end as addressee,
        recommendations.*
    from recommendations
    inner join reports on recommendations.sha256 = reports.sha256 and recommendations.file = reports.file
    where reports.status = 'read'

)

select * from final
