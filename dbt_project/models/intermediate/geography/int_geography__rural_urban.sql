{#- The published class of an authority; for one that the upper-tier table does not list (abolished before it was cut, or
    younger), the class that the classification's own rule gives to its districts together: the share of people in rural
    areas and hub towns, at least 80% mainly rural, 50% largely rural, 26% significant rural. None of these few holds a
    conurbation. -#}
with published_classes as (

    select * from {{ ref('stg_ons__rural_urban') }}

),

districts as (

    select * from {{ ref('stg_ons__rural_urban_district') }}

),

authority_districts as (

    select * from {{ ref('authority_district') }}

),

ons_codes as (

    select * from {{ ref('local_authority_ons_code') }}

),

classes as (

    select * from {{ ref('rural_urban_class') }}

),

published_by_authority as (

    select
        ons_codes.la_code,
        min(published_classes.class_six) as class_six
    from published_classes
    inner join ons_codes on published_classes.unit_ons_code = ons_codes.ons_code
    group by ons_codes.la_code

),

rural_share as (

    select
        authority_districts.la_code,
        100e0 * sum(districts.rural_population) / sum(districts.total_population) as rural_pct
    from authority_districts
    inner join districts on authority_districts.district_ons_code = districts.district_ons_code
    anti join published_by_authority on authority_districts.la_code = published_by_authority.la_code
    group by authority_districts.la_code

),

computed_by_authority as (

    select
        rural_share.la_code,
        max_by(classes.class_six, classes.lowest_rural_pct) as class_six
    from rural_share
    inner join classes on rural_share.rural_pct >= classes.lowest_rural_pct
    group by rural_share.la_code

),

by_authority as (

    select la_code, class_six, 'published' as basis from published_by_authority
    union all
    select la_code, class_six, 'from districts' as basis from computed_by_authority

),

final as (

    select
        by_authority.la_code,
        by_authority.class_six,
        classes.rural_urban_class,
        by_authority.basis
    from by_authority
    left join classes on by_authority.class_six = classes.class_six

)

select * from final
