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
        on {{ same_figure('corrections', 'published') }}

)

select * from final
