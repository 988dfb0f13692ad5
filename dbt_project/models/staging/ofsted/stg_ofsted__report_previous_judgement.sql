with landed as (

    select * from {{ landed('ofsted_reports', 'previous_judgement') }}

),

final as (

    select
        file,
        sha256,
        cast(item as integer) as item,
        subject,
        cast(grade as integer) as grade,
        printed,
        cast(year as integer) as year,
        cast(month as integer) as month,
        dated_by,
        cast(page as integer) as page,
        confidence,
        sentence_kind
    from landed

)

select * from final
