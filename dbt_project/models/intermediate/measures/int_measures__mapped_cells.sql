with cells as (

    select * from {{ ref('stg_landing__cells') }}

),

measure_source as (

    select * from {{ ref('measure_source') }}

),

mapped as (

    select
        cells.source,
        cells.table_name,
        cells.edition,
        cells.row_number,
        cells.column_name,
        cells.filter,
        cells.level,
        cells.unit_code,
        cells.unit_ons_code,
        cells.unit_name,
        cells.period_label,
        coalesce(
            measure_source.year, {{ year_of_period('cells.period_label') }} + coalesce(measure_source.year_shift, 0)
        ) as year,
        measure_source.measure_id,
        measure_source.component,
        measure_source.unit_factor,
        cells.value_text,
        cells.value,
        cells.value_status
    from cells
    inner join measure_source
        on
            cells.source = measure_source.source
            and cells.table_name = measure_source.table_name
            and lower(cells.column_name) = lower(measure_source.column_name)
            and cells.filter = coalesce(measure_source.filter, '')
            and (measure_source.period is null or cells.period_label = measure_source.period)
            and {{ in_editions('cells.edition', 'measure_source') }}
    where cells.level in ('la', 'regional', 'national')

)

select * from mapped
