with la_values as (

    select * from {{ ref('int_measures__la_values') }}

),

final as (

    select
        source,
        edition,
        measure_id,
        cast(year as integer) as year,
        unit_code,
        unit_name,
        la_code,
        value,
        value_status,
        exclusion_reason
    from la_values
    where exclusion_reason is not null

)

select * from final
