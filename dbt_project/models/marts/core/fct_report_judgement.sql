with reports as (

    select * from {{ ref('int_documents__report') }} where status = 'read'

),

judgements as (

    select * from {{ ref('stg_ofsted__report_judgement') }}

),

earlier as (

    select * from {{ ref('stg_ofsted__report_previous_judgement') }}

),

final as (

    select
        reports.report_id,
        false as is_previous,
        cast(row_number() over (partition by reports.report_id order by judgements.page nulls last, judgements.label) as integer)
            as position,
        judgements.measure,
        judgements.label,
        judgements.grade,
        judgements.printed,
        cast(null as integer) as previous_year,
        judgements.page,
        judgements.confidence,
        judgements.reason
    from reports
    inner join judgements on reports.sha256 = judgements.sha256
    union all
    select
        reports.report_id,
        true as is_previous,
        earlier.item as position,
        cast(null as string) as measure,
        earlier.subject as label,
        earlier.grade,
        earlier.printed,
        earlier.year as previous_year,
        earlier.page,
        earlier.confidence,
        cast(null as string) as reason
    from reports
    inner join earlier on reports.sha256 = earlier.sha256

)

select * from final
