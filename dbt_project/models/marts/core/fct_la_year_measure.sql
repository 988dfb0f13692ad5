with la_years as (

    select * from {{ ref('int_measures__la_year') }}

),

measures as (

    select measure_id, year_basis from {{ ref('measure') }}

),

newer_secondary as (

    select la_code, year, measure_id, value as newer_secondary_value from {{ ref('int_measures__newer_secondary') }}

),

final as (

    select
        la_code,
        cast(year as integer) as year,
        measure_id,
        {{ period_day('measures.year_basis', 'cast(la_years.year as integer)') }} as period_label,
        la_years.period_label as period_published,
        value,
        value_status,
        numerator,
        denominator,
        is_joint_return,
        source,
        edition,
        published_value,
        denominator_basis,
        newer_secondary_value is not null as newer_secondary_differs,
        newer_secondary_value
    from la_years
    inner join measures using (measure_id)
    left join newer_secondary using (la_code, year, measure_id)

)

select * from final
order by measure_id, year, la_code
