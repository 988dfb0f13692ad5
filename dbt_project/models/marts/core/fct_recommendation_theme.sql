with codings as (

    select * from {{ ref('int_documents__recommendation_coding') }}

),

final as (

    select report_id, item, theme, category, codes, coder, words from codings

)

select * from final
