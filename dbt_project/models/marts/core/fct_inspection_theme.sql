{#- What the inspectors asked for, as features of an inspection: every theme and category, also those that are absent, so
    that it may be joined to what came before and after. -#}
with matches as (

    select * from {{ ref('int_documents__report_inspection') }} where is_nearest

),

recommendations as (

    select * from {{ ref('fct_recommendation') }}

),

codings as (

    select * from {{ ref('fct_recommendation_theme') }}

),

codebook as (

    select * from {{ ref('report_theme') }}

),

reports as (

    select recommendations.report_id, matches.inspection_id, count(*) as item_count
    from recommendations
    inner join matches on recommendations.report_id = matches.report_id
    group by recommendations.report_id, matches.inspection_id

),

labels as (

    select 'theme' as level, theme as label_id, theme_label as label from codebook
    union all
    select distinct 'category' as level, category as label_id, category_label as label from codebook

),

coded as (

    select report_id, 'theme' as level, theme as label_id, count(*) as coded_item_count
    from codings
    group by report_id, theme
    union all
    select report_id, 'category' as level, category as label_id, count(distinct item) as coded_item_count
    from codings
    group by report_id, category

),

final as (

    select
        reports.inspection_id,
        reports.report_id,
        labels.level,
        labels.label_id,
        cast(coalesce(coded.coded_item_count, 0) as integer) as coded_item_count,
        cast(reports.item_count as integer) as item_count,
        100e0 * coalesce(coded.coded_item_count, 0) / reports.item_count as item_pct,
        coded.coded_item_count is not null as is_present
    from reports
    cross join labels
    left join coded
        on reports.report_id = coded.report_id and labels.level = coded.level and labels.label_id = coded.label_id

)

select * from final
