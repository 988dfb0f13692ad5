{#- The reports that a sample can be drawn from: read, with recommendations, of an inspection with an overall judgement. -#}
with reports as (

    select * from {{ ref('int_documents__report') }}

),

matches as (

    select * from {{ ref('int_documents__report_inspection') }} where is_nearest

),

profiles as (

    select * from {{ ref('int_inspection__profile') }}

),

final as (

    select
        reports.report_id,
        profiles.inspection_id,
        profiles.la_code,
        profiles.framework,
        profiles.overall_judgement,
        profiles.outcome_group,
        profiles.imd_2015_third,
        profiles.rural_urban_class
    from reports
    inner join matches on reports.report_id = matches.report_id
    inner join profiles on matches.inspection_id = profiles.inspection_id
    where
        reports.recommendation_count > 0
        and profiles.overall_judgement is not null
        and not profiles.is_excluded_from_studies

)

select * from final
