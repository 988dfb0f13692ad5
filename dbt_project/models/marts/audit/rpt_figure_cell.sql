{{ config(materialized = "view") }}

with cells as (

    select * from {{ ref('int_measures__mapped_cells') }}

),

figures as (

    select * from {{ ref('int_measures__la_values') }}

),

editions as (

    select * from {{ ref('dim_edition') }}

),

final as (

    select
        figures.la_code,
        figures.measure_id,
        figures.year,
        cells.source,
        cells.edition,
        cells.table_name,
        editions.file,
        editions.sha256,
        editions.published_on,
        editions.published_basis,
        editions.url,
        cells.row_number,
        cells.column_name,
        cells.filter,
        cells.component,
        cells.unit_factor,
        cells.value_text,
        cells.value_status
    from cells
    inner join editions on {{ same_table('cells', 'editions') }}
    inner join figures
        on
            cells.source = figures.source
            and cells.edition = figures.edition
            and cells.unit_code = figures.unit_code
            and {{ name_without_code('cells') }} = {{ name_without_code('figures') }}
            and cells.measure_id = figures.measure_id
            and cells.year = figures.year
    where cells.level = 'la'

)

select * from final
