with deprivation as (

    select * from {{ ref('stg_mhclg_imd__deprivation') }}

),

ons_codes as (

    select * from {{ ref('local_authority_ons_code') }}

),

by_authority as (

    select
        deprivation.edition as imd_edition,
        ons_codes.la_code,
        deprivation.imd_average_score,
        deprivation.imd_rank,
        deprivation.idaci_average_score,
        deprivation.idaci_rank
    from deprivation
    left join ons_codes on deprivation.unit_ons_code = ons_codes.ons_code

),

final as (

    select
        imd_edition,
        la_code,
        imd_average_score,
        imd_rank,
        {{ deprivation_third('imd_rank', 'imd_edition') }} as imd_third,
        {{ deprivation_decile('imd_rank', 'imd_edition') }} as imd_decile,
        idaci_average_score,
        idaci_rank
    from by_authority

)

select * from final
