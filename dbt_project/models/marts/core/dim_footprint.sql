with authorities as (

    select * from {{ ref('local_authority') }}

),

united as (

    select * from {{ ref('footprint') }}

),

policies as (

    select 'as_published' as policy
    union all
    select distinct policy from united

),

final as (

    select
        policies.policy,
        authorities.la_code,
        -- Under every policy an authority that is united with no other is its own footprint.
        coalesce(united.footprint_code, authorities.la_code) as footprint_code,
        coalesce(united.footprint_name, authorities.la_name) as footprint_name,
        authorities.valid_from,
        authorities.valid_to
    from authorities
    cross join policies
    left join united on policies.policy = united.policy and authorities.la_code = united.la_code

)

select * from final
