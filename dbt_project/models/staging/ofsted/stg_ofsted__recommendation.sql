with landed as (

    select * from {{ landed('ofsted_reports', 'recommendation') }}

),

final as (

    select
        file,
        sha256,
        cast(item as integer) as item,
        section,
        urgency,
        heading,
        cast(number as integer) as number,
        text,
        -- Codings by people carry this key: they hold for these words and no others.
        left(md5(text), 16) as text_key,
        cast(sub_item_count as integer) as sub_item_count,
        cast(page as integer) as page,
        cast(last_page as integer) as last_page,
        confidence,
        reason
    from landed

)

select * from final
