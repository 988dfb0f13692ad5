with landed as (

    select * from {{ landed('ofsted_reports', 'coding') }}

),

final as (

    select
        report_id,
        cast(item as integer) as item,
        text_key,
        -- Blank where the coder looked and found that none fits.
        nullif(theme, '') as theme,
        coder,
        cast(version as integer) as version,
        nullif(note, '') as note
    from landed

)

select * from final
