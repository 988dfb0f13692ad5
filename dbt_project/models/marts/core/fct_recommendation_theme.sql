with codings as (

    select * from {{ ref('int_documents__recommendation_coding') }}

),

recommendations as (

    select * from {{ ref('int_documents__recommendation') }} where is_of_inspection

),

final as (

    select codings.report_id, codings.item, codings.theme, codings.category, codings.codes, codings.coder, codings.words
    from codings
    inner join recommendations on codings.report_id = recommendations.report_id and codings.item = recommendations.item

)

select * from final
