with cells as (

    select *, lower(column_name) as column_key
    from {{ ref('stg_landing__cells') }}
    where level in ('la', 'regional', 'national')

),

-- A seed row is of a range of editions; told apart once per table, not once per cell.
meanings as (

    select
        catalogue.source,
        catalogue.table_name,
        catalogue.edition,
        lower(measure_source.column_name) as column_key,
        coalesce(measure_source.filter, '') as filter,
        measure_source.period,
        measure_source.year,
        coalesce(measure_source.year_shift, 0) as year_shift,
        measure_source.measure_id,
        measure_source.component,
        measure_source.unit_factor
    from {{ ref('stg_landing__catalogue') }} as catalogue
    inner join {{ ref('measure_source') }} as measure_source
        on
            catalogue.source = measure_source.source
            and catalogue.table_name = measure_source.table_name
            and {{ in_editions('catalogue.edition', 'measure_source') }}
    where {{ changed_measures('measure_source.measure_id') }}

),

periods as (

    select
        period_label,
        {{ year_of_period('period_label') }} as year
    from cells
    group by period_label

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
        coalesce(meanings.year, periods.year + meanings.year_shift) as year,
        meanings.measure_id,
        meanings.component,
        meanings.unit_factor,
        cells.value_text,
        cells.value,
        cells.value_status
    from cells
    inner join meanings
        on
            {{ same_table('cells', 'meanings') }}
            and cells.column_key = meanings.column_key
            and cells.filter = meanings.filter
            and (meanings.period is null or cells.period_label = meanings.period)
    left join periods on cells.period_label = periods.period_label

)

select * from mapped
