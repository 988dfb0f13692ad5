with checks as (

    select * from {{ ref('int_documents__reading_check') }}

),

final as (

    select figure, report_id, file, detail
    from checks
    where not is_right and detail is not null

)

select * from final
