{#- The same cell in one edition and the next that prints it: what was revised, by how much, and what became or stopped
    being a number. Secondary sources are not compared with primary ones, nor two tables of one edition with each other. -#}
with la_values as (

    select * from {{ ref('int_measures__la_values') }} where la_code is not null and {{ changed_measures('measure_id') }}

),

areas as (

    select source, edition, level, unit_name, measure_id, year, value, value_status, is_computed
    from {{ ref('int_measures__edition_values') }}
    where level in ('national', 'regional') and {{ changed_measures('measure_id') }}

),

editions as (

    select * from {{ ref('int_measures__edition') }}

),

printed as (

    select 'la' as area_level, la_code as area_code, source, edition, measure_id, year, value, value_status, is_computed
    from la_values
    union all
    select
        level as area_level,
        case level when 'national' then 'England' else {{ region_name('unit_name') }} end as area_code,
        source,
        edition,
        measure_id,
        year,
        value,
        value_status,
        is_computed
    from areas

),

-- Some editions print an area in two tables, under two spellings of its name: what is printed goes before what is computed.
cells as (

    select *
    from printed
    where area_code is not null
    qualify
        row_number() over (
            partition by area_level, area_code, source, edition, measure_id, year
            order by is_computed asc, value_status = 'reported' desc, value desc nulls last, value_status asc nulls last
        ) = 1

),

in_order as (

    select
        cells.*,
        editions.role,
        lag(cells.source) over this_cell as previous_source,
        lag(cells.edition) over this_cell as previous_edition,
        lag(cells.value) over this_cell as previous_value,
        lag(cells.value_status) over this_cell as previous_status,
        lag(cells.is_computed) over this_cell as previous_is_computed
    from cells
    inner join editions on cells.source = editions.source and cells.edition = editions.edition
    window this_cell as (
        partition by cells.area_level, cells.area_code, cells.measure_id, cells.year, editions.role
        order by
            {{ edition_day('editions') }}, cells.source, {{ revision_number('cells.edition') }}, cells.edition
    )

),

final as (

    select
        area_level,
        area_code,
        measure_id,
        cast(year as integer) as year,
        previous_source,
        previous_edition,
        previous_value,
        previous_status,
        source,
        edition,
        value,
        value_status,
        value - previous_value as change,
        case when previous_value <> 0 then (value - previous_value) / abs(previous_value) end as relative_change
    from in_order
    where
        previous_edition is not null
        and (
            previous_status <> value_status
            -- Printed figures are compared as printed; a computed one is not compared with a rounded print.
            or (value <> previous_value and not (is_computed or previous_is_computed))
        )

)

select * from final
