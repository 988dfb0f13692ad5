with authority_years as (

    select * from {{ source('csw', 'fct_la_year') }}

),

authorities as (

    select * from {{ source('csw', 'dim_local_authority') }}

),

final as (

    select
        authorities.region_name,
        authority_years.year,
        sum(authority_years.cla_at_31_march_count) as children_looked_after,
        count(authority_years.cla_at_31_march_count) as authorities_reporting
    from authority_years
    inner join authorities using (la_code)
    group by authorities.region_name, authority_years.year

)

select * from final
