with authorities as (

    select * from {{ ref('local_authority') }}

),

spine_years as (

    select measure_id, years.year
    from {{ ref('int_measures__spine_year') }}
    cross join lateral unnest({{ numbers('first_year', 'last_year') }}) as years (year)

),

final as (

    select
        authorities.la_code,
        cast(spine_years.year as integer) as year,
        spine_years.measure_id
    from authorities
    cross join spine_years
    where
        {{ changed_measures('spine_years.measure_id') }}
        and {{ existed_in('authorities.valid_from', 'authorities.valid_to', 'spine_years.year') }}

)

select * from final
