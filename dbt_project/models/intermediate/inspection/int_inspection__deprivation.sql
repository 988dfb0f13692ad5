{#- The index of deprivation in force when an inspection's report was published: the newest edition published by then. An
    authority that is not in it (abolished, or younger), or whose report is older than every edition held, takes the other
    edition and is flagged. -#}
with inspections as (

    select * from {{ ref('int_inspection__inspection') }}

),

deprivation as (

    select * from {{ ref('int_deprivation__la') }}

),

imd_editions as (

    select edition as imd_edition, published_on
    from {{ ref('stg_landing__edition') }}
    where source = 'mhclg_imd' and table_name = 'imd'

),

candidates as (

    select
        inspections.la_code,
        inspections.framework,
        inspections.publication_date,
        imd_editions.imd_edition,
        imd_editions.published_on,
        imd_editions.published_on <= inspections.publication_date as is_published,
        deprivation.* exclude (imd_edition, la_code),
        deprivation.la_code is not null as is_listed,
        row_number() over (
            partition by inspections.la_code, inspections.framework, inspections.publication_date
            order by
                imd_editions.published_on <= inspections.publication_date desc,
                case when imd_editions.published_on <= inspections.publication_date then imd_editions.published_on end desc,
                imd_editions.published_on
        ) as preference
    from inspections
    cross join imd_editions
    left join deprivation
        on inspections.la_code = deprivation.la_code and imd_editions.imd_edition = deprivation.imd_edition

),

final as (

    select
        la_code,
        framework,
        publication_date,
        imd_edition,
        not (is_published and preference = 1) as is_other_edition,
        imd_average_score,
        imd_rank,
        imd_third,
        idaci_average_score,
        idaci_rank
    from candidates
    where is_listed
    qualify row_number() over (partition by la_code, framework, publication_date order by preference) = 1

)

select * from final
