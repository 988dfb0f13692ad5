{#- What every study needs to know of an inspected authority: the deprivation index in force when the report came out
    (where the authority has no row in it, the other edition, flagged), its rural or urban class, and whether it is one of
    the two that all studies leave out. -#}
with inspections as (

    select * from {{ ref('int_inspection__dated_inspection') }}

),

authorities as (

    select * from {{ ref('int_geography__authority') }}

),

deprivation as (

    select * from {{ ref('int_deprivation__la') }}

),

imd_releases as (

    select * from {{ ref('imd_release') }}

),

candidates as (

    select
        inspections.inspection_id,
        deprivation.*,
        row_number() over (
            partition by inspections.inspection_id
            order by
                imd_releases.published_on > inspections.publication_date,
                abs({{ days_between('imd_releases.published_on', 'inspections.publication_date') }})
        ) as preference
    from inspections
    inner join deprivation on inspections.la_code = deprivation.la_code
    inner join imd_releases on deprivation.imd_edition = imd_releases.imd_edition

),

-- The index in force on the day.
latest as (

    select
        inspections.inspection_id,
        max_by(imd_releases.imd_edition, imd_releases.published_on) as imd_edition
    from inspections
    inner join imd_releases on inspections.publication_date >= imd_releases.published_on
    group by inspections.inspection_id

),

final as (

    select
        inspections.*,
        authorities.la_name,
        authorities.region_name,
        authorities.rural_urban_class,
        authorities.is_excluded_from_studies,
        candidates.imd_edition,
        candidates.imd_average_score,
        candidates.imd_rank,
        candidates.imd_third,
        candidates.idaci_average_score,
        authorities.imd_2015_average_score,
        authorities.imd_2015_rank,
        authorities.imd_2015_third,
        authorities.imd_2019_average_score,
        authorities.imd_2019_rank,
        authorities.imd_2019_third,
        latest.imd_edition is not null
        and coalesce(candidates.imd_edition <> latest.imd_edition, true) as is_other_imd_edition
    from inspections
    inner join authorities on inspections.la_code = authorities.la_code
    left join candidates on inspections.inspection_id = candidates.inspection_id and candidates.preference = 1
    left join latest on inspections.inspection_id = latest.inspection_id

)

select * from final
