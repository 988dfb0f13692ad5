with landed as (

    select *
    from read_csv({{ landed_file('units.csv') }}, all_varchar = true, header = true, nullstr = ['\N'])

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
