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
            populations.source = landed_units.source
            and populations.table_name = landed_units.table_name
            and populations.edition = landed_units.edition
            and populations.unit_ons_code = landed_units.unit_ons_code
            and populations.unit_name = landed_units.unit_name
    inner join editions
        on
            populations.source = editions.source
            and populations.table_name = editions.table_name
            and populations.edition = editions.edition
    where editions.is_known

)

select * from final
