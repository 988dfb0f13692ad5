with landed as (

    select * from {{ landed_register('units') }}

),

final as (

    select
        source,
        table_name,
        edition,
        level,
        unit_code,
        unit_ons_code,
        unit_name,
        cast(row_count as integer) as row_count
    from landed

)

select * from final
