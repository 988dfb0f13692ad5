with authorities as (

    select * from {{ ref('local_authority') }}

),

ons_codes as (

    select * from {{ ref('local_authority_ons_code') }}

),

editions as (

    select * from {{ ref('stg_landing__edition') }}

),

-- From the year that the first reorganisation held ended to the year in which the newest edition appeared.
year_range as (

    select
        (select min({{ reporting_year('valid_to') }}) from authorities) as first_year,
        (select max({{ reporting_year('published_on') }}) from editions) as last_year

),

reporting_years as (

    select cast(unnest(generate_series(first_year, last_year)) as integer) as year from year_range

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
