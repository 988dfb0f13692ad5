with landed as (

    select * from {{ landed_cells('ons_rural_urban', 'district') }}

),

by_row as (

    select
        _source as source,
        _edition as edition,
        {{ cell('LAD11CD') }} as district_ons_code,
        {{ cell('LAD11NM') }} as district_name,
        cast({{ cell('RUC11CD') }} as integer) as class_code,
        cast(replace({{ cell('Rural including hub towns (rural & rural related) population1') }}, ',', '') as integer)
            as rural_population,
        cast(replace({{ cell('Total population1') }}, ',', '') as integer) as total_population
    from landed
    group by _source, _edition, _row

),

-- The rows below the table are notes.
final as (

    select * from by_row where district_ons_code is not null

)

select * from final
