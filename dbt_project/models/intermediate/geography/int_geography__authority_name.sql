with authorities as (

    select * from {{ ref('local_authority') }}

),

aliases as (

    select * from {{ ref('la_alias') }}

),

names as (

    select la_name as name, la_code from authorities
    union all
    select alias as name, la_code from aliases

),

final as (

    select distinct
        {{ name_key('names.name') }} as name_key,
        names.la_code,
        authorities.valid_from,
        authorities.valid_to
    from names
    inner join authorities on names.la_code = authorities.la_code

)

select * from final
