with la_years as (

    select * from {{ ref('int_measures__la_year') }}

),

final as (

    select
        la_code,
        cast(year as integer) as year,
        measure_id,
        period_label,
        value,
        value_status,
        numerator,
        denominator,
        is_joint_return,
        source,
        edition,
        published_value,
        denominator_basis
    from la_years

)

select * from final
order by measure_id, year, la_code
