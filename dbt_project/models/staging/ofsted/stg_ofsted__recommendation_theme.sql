with landed as (

    select * from {{ landed('ofsted_reports', 'recommendation_theme') }}

),

final as (

    select
        file,
        sha256,
        cast(item as integer) as item,
        theme,
        category,
        code,
        coder,
        words
    from landed

)

select * from final
