with populations as (

    select * from {{ ref('stg_ons__population_first_published') }}

),

landed_units as (

    select * from {{ ref('int_geography__landed_unit') }}

),

editions as (

    select * from {{ ref('stg_landing__edition') }}

),

final as (

    select
        landed_units.la_code,
        populations.mid_year + 1 as year,
        populations.mid_year,
        populations.population_0_17,
        editions.published_on,
        populations.source,
        populations.edition
    from populations
    inner join landed_units
        on
            {{ same_table('populations', 'landed_units') }}
            and populations.unit_ons_code = landed_units.unit_ons_code
            and populations.unit_name = landed_units.unit_name
    inner join editions
        on
            {{ same_table('populations', 'editions') }}
    where editions.is_known

)

select * from final
