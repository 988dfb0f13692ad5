{#- Study 002 draws reports by framework, judgement, deprivation third over the authorities of the index, and the three
    rural-urban classes: the frame it draws from. Re-inspections have reports of their own. -#}
with profiles as (

    select * from {{ ref('int_inspection__profile') }} where overall_judgement is not null

),

frameworks as (

    select * from {{ ref('framework') }}

),

final as (

    select
        profiles.inspection_id,
        profiles.la_code,
        profiles.la_name,
        profiles.region_name,
        profiles.framework,
        frameworks.study_framework,
        profiles.inspection_type,
        profiles.publication_date,
        profiles.overall_judgement,
        profiles.outcome_group,
        profiles.outcome_group = 'inadequate' as is_inadequate,
        profiles.is_excluded_from_studies,
        profiles.imd_2015_average_score,
        profiles.imd_2015_third,
        profiles.rural_urban_class
    from profiles
    inner join frameworks on profiles.framework = frameworks.framework

)

select * from final
