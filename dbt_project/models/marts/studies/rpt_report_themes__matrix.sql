{#- Code matrices of study 002: over the drawn sample and over every report that can be placed, and by the groups that the
    study compares. An item of a category counts once, however many of its themes it carries. -#}
with frame as (

    select * from {{ ref('int_documents__study_frame') }}

),

features as (

    select features.*
    from {{ ref('fct_inspection_theme') }} as features
    inner join frame on features.report_id = frame.report_id

),

sampled as (

    select 'corpus' as sample, * from frame
    union all
    select 'study' as sample, * from frame where report_id in (select report_id from {{ ref('int_documents__study_sample') }})

),

split_groups as (

    select sample, report_id, 'all' as split, 'all' as split_group from sampled
    union all
    select sample, report_id, 'framework' as split, framework as split_group from sampled
    union all
    select sample, report_id, 'deprivation_third' as split, imd_2015_third as split_group from sampled
    union all
    select sample, report_id, 'rural_urban_class' as split, rural_urban_class as split_group from sampled
    union all
    select sample, report_id, 'inadequate' as split, if(overall_judgement = 4, 'inadequate', 'not_inadequate') as split_group
    from sampled
    union all
    select
        sample,
        report_id,
        'inadequate_in_' || framework as split,
        if(overall_judgement = 4, 'inadequate', 'not_inadequate') as split_group
    from sampled

),

final as (

    select
        split_groups.sample,
        features.level,
        features.label_id,
        split_groups.split,
        split_groups.split_group,
        cast(sum(features.coded_item_count) as integer) as coded_item_count,
        cast(sum(features.item_count) as integer) as item_count,
        100e0 * sum(features.coded_item_count) / sum(features.item_count) as item_pct,
        cast(count(*) filter (where features.is_present) as integer) as reports_with_count,
        cast(count(*) as integer) as report_count,
        100e0 * count(*) filter (where features.is_present) / count(*) as report_pct
    from split_groups
    inner join features on split_groups.report_id = features.report_id
    where split_groups.split_group is not null
    group by split_groups.sample, features.level, features.label_id, split_groups.split, split_groups.split_group

)

select * from final
