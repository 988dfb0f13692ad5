{#- The years that every authority and measure has a row for: from the first year of the warehouse to the last that an
    annual return of authorities covers. -#}
with edition_values as (

    select * from {{ ref('int_measures__edition_values') }}

),

catalogue as (

    select * from {{ ref('stg_landing__catalogue') }}

),

roles as (

    select distinct source, role from catalogue

),

final as (

    select
        {{ var('first_year') }} as first_year,
        -- Workforce counted in September belongs to the year after, which no other return has reached yet.
        max(edition_values.year) filter (
            where roles.role = 'primary' and edition_values.measure_id = 'cla_at_31_march_count'
        ) as last_year
    from edition_values
    inner join roles on edition_values.source = roles.source
    where edition_values.level = 'la'

)

select first_year, coalesce(last_year, first_year) as last_year from final
