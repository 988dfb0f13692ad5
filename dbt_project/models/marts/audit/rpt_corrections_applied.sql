with corrections as (

    select * from {{ ref('correction') }}

),

published as (

    select * from {{ ref('int_measures__published') }}

),

final as (

    select
        corrections.measure_id,
        corrections.la_code,
        corrections.year,
        corrections.action,
        corrections.expect_value,
        published.published_value,
        corrections.value as corrected_value,
        published.correction is not null as is_applied,
        corrections.reason,
        corrections.citation
    from corrections
    left join published
        on
            corrections.la_code = published.la_code
            and corrections.year = published.year
            and corrections.measure_id = published.measure_id

)

select * from final
