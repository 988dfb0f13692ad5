with authorities as (

    select * from {{ ref('local_authority') }}

),

ons_codes as (

    select * from {{ ref('local_authority_ons_code') }}

),

editions as (

    select * from {{ ref('stg_landing__edition') }}

),

reporting_years as (

    -- From the last year before the changes of 2009 to the year in which the newest edition appeared.
    select cast(unnest(generate_series(2009, max({{ reporting_year('published_on') }}))) as integer) as year
    from editions

),

final as (

    select
        authorities.la_code,
        reporting_years.year,
        authorities.la_name,
        authorities.region_name,
        ons_codes.ons_code
    from authorities
    cross join reporting_years
    left join ons_codes
        on
            authorities.la_code = ons_codes.la_code
            and {{ existed_in('ons_codes.valid_from', 'ons_codes.valid_to', 'reporting_years.year') }}
    where {{ existed_in('authorities.valid_from', 'authorities.valid_to', 'reporting_years.year') }}

)

select * from final
