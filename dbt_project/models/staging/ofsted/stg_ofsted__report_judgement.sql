with landed as (

    select * from {{ landed('ofsted_reports', 'judgement') }}

),

final as (

    select
        file,
        sha256,
        measure,
        label,
        cast(grade as integer) as grade,
        printed,
        cast(page as integer) as page,
        confidence,
        reason
    from landed

)

select * from final
