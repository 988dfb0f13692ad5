{#- Who coded what: every coder's themes for the words as they are now, the rules and a model included. What a person said of
    words that were read anew since says nothing of these. Which coding is used is fct_recommendation_theme's to say. -#}
with recommendations as (

    select * from {{ ref('int_documents__recommendation') }} where is_of_inspection

),

codings as (

    select * from {{ ref('stg_ofsted__coding') }}

),

rules as (

    select distinct sha256, item, theme, coder from {{ ref('stg_ofsted__recommendation_theme') }}

),

codebook as (

    select * from {{ ref('report_theme') }}

),

coded as (

    select recommendations.report_id, recommendations.item, codings.coder, codings.theme, codings.version
    from codings
    inner join recommendations
        on
            codings.report_id = recommendations.report_id
            and codings.item = recommendations.item
            and codings.text_key = recommendations.text_key
    union all
    select
        recommendations.report_id,
        recommendations.item,
        coalesce(rules.coder, 'rules') as coder,
        rules.theme,
        cast(null as integer) as version
    from recommendations
    left join rules on recommendations.sha256 = rules.sha256 and recommendations.item = rules.item

),

final as (

    select coded.report_id, coded.item, coded.coder, coded.theme, codebook.category, coded.version
    from coded
    left join codebook on coded.theme = codebook.theme

)

select * from final
