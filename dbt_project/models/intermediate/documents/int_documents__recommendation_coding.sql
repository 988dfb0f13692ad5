{#- The coding that is used, item by item: what people agreed, where they did so for these very words, and otherwise what the
    rules say. A person's own coding is nowhere until it is agreed; it is kept for measuring agreement. -#}
with recommendations as (

    select * from {{ ref('int_documents__recommendation') }}

),

rules as (

    select
        sha256,
        item,
        theme,
        min(category) as category,
        min(coder) as coder,
        {{ joined_text('code', "' | '", 'code') }} as codes,
        {{ joined_text('words', "' | '", 'code') }} as words
    from {{ ref('stg_ofsted__recommendation_theme') }}
    group by sha256, item, theme

),

codebook as (

    select * from {{ ref('report_theme') }}

),

agreed as (

    select * from {{ ref('stg_ofsted__coding') }} where coder = 'agreed'

),

agreed_items as (

    select distinct recommendations.report_id, recommendations.item
    from agreed
    inner join recommendations
        on
            agreed.report_id = recommendations.report_id
            and agreed.item = recommendations.item
            and agreed.text_key = recommendations.text_key

),

final as (

    select
        agreed.report_id,
        agreed.item,
        agreed.theme,
        codebook.category,
        agreed.coder,
        cast(null as string) as codes,
        cast(null as string) as words
    from agreed
    inner join agreed_items on agreed.report_id = agreed_items.report_id and agreed.item = agreed_items.item
    inner join codebook on agreed.theme = codebook.theme
    union all
    select
        recommendations.report_id,
        recommendations.item,
        rules.theme,
        rules.category,
        rules.coder,
        rules.codes,
        rules.words
    from recommendations
    inner join rules on recommendations.sha256 = rules.sha256 and recommendations.item = rules.item
    anti join agreed_items
        on recommendations.report_id = agreed_items.report_id and recommendations.item = agreed_items.item

)

select * from final
