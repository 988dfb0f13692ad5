{{ config(tags = ['every_edition']) }}

with catalogue as (

    select * from {{ ref('stg_landing__catalogue') }}

),

final as (

    select
        source,
        edition,
        min(role) as role,
        max(published_on) as published_on,
        max(edition_published_on) as edition_published_on,
        min(published_basis) as published_basis
    from catalogue
    group by source, edition

)

select * from final
