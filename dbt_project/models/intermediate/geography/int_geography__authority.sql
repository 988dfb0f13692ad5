with authorities as (

    select * from {{ ref('local_authority') }}

),

ons_codes as (

    select * from {{ ref('local_authority_ons_code') }}

),

deprivation as (

    select * from {{ ref('int_deprivation__la') }}

),

rural_urban as (

    select * from {{ ref('int_geography__rural_urban') }}

),

latest_ons_code as (

    select la_code, max_by(ons_code, coalesce(valid_from, date '0001-01-01')) as ons_code
    from ons_codes
    group by la_code

),

final as (

    select
        authorities.la_code,
        authorities.la_name,
        latest_ons_code.ons_code,
        authorities.region_name,
        authorities.valid_from,
        authorities.valid_to,
        authorities.valid_to is null as is_current,
        {%- for imd_edition in ['2015', '2019'] %}
        imd_{{ imd_edition }}.imd_average_score as imd_{{ imd_edition }}_average_score,
        imd_{{ imd_edition }}.imd_rank as imd_{{ imd_edition }}_rank,
        imd_{{ imd_edition }}.imd_third as imd_{{ imd_edition }}_third,
        imd_{{ imd_edition }}.imd_decile as imd_{{ imd_edition }}_decile,
        {%- endfor %}
        rural_urban.rural_urban_class,
        authorities.is_excluded_from_studies
    from authorities
    left join latest_ons_code on authorities.la_code = latest_ons_code.la_code
    {%- for imd_edition in ['2015', '2019'] %}
    left join deprivation as imd_{{ imd_edition }}
        on
            authorities.la_code = imd_{{ imd_edition }}.la_code
            and imd_{{ imd_edition }}.imd_edition = '{{ imd_edition }}'
    {%- endfor %}
    left join rural_urban on authorities.la_code = rural_urban.la_code

)

select * from final
