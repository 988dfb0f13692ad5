with authorities as (

    select * from {{ ref('int_geography__authority') }}

),

regions as (

    select * from {{ ref('region') }}

),

final as (

    select
        la_code,
        la_name,
        ons_code,
        authorities.region_name,
        regions.region_code,
        valid_from,
        valid_to,
        is_current,
        imd_2015_average_score,
        imd_2015_rank,
        imd_2015_third,
        imd_2019_average_score,
        imd_2019_rank,
        imd_2019_third,
        rural_urban_class,
        is_excluded_from_studies
    from authorities
    left join regions on authorities.region_name = regions.region_name

)

select * from final
