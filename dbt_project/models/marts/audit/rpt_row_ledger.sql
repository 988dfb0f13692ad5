{#- Nothing is left out without a reason. Cells: every figure that landed is either mapped to a measure or listed with
    the reason why not. Facts: every mapped figure of an authority is used, was superseded, or is excluded with a reason. -#}
{{ config(tags = ['every_edition']) }}

with catalogue as (

    -- Reference tables (inspections, prices, names) hold no measures; their rows are counted by their own models.
    select * from {{ ref('stg_landing__catalogue') }} where role <> 'reference'

),

cells as (

    select source, table_name, edition, level, column_name, filter, period_label, value_status
    from {{ ref('stg_landing__cells') }}

),

columns_landed as (

    select source, table_name, edition, count(*) as figure_columns
    from {{ columns_of_landing() }}
    where role = 'figure'
    group by source, table_name, edition

),

mapped as (

    select source, table_name, edition, row_number, column_name
    from {{ ref('int_measures__mapped_cells') }}
    group by source, table_name, edition, row_number, column_name

),

mapped_counts as (

    select source, table_name, edition, count(*) as cells_mapped
    from mapped
    group by source, table_name, edition

),

cell_counts as (

    select
        source,
        table_name,
        edition,
        count(*) as cells_staged,
        count(*) filter (where level = 'none') as cells_without_area,
        count(*) filter (where level <> 'none' and value_status is null) as cells_of_unknown_symbol
    from cells
    group by source, table_name, edition

),

final as (

    select
        catalogue.source,
        catalogue.table_name,
        catalogue.edition,
        catalogue.row_count as rows_landed,
        catalogue.row_count * coalesce(columns_landed.figure_columns, 0) as cells_landed,
        coalesce(cell_counts.cells_staged, 0) as cells_staged,
        coalesce(mapped_counts.cells_mapped, 0) as cells_mapped,
        coalesce(cell_counts.cells_without_area, 0) as cells_excluded_not_a_row_of_data,
        coalesce(cell_counts.cells_staged, 0)
        - coalesce(mapped_counts.cells_mapped, 0)
        - coalesce(cell_counts.cells_without_area, 0) as cells_excluded_no_measure_uses_them,
        coalesce(cell_counts.cells_of_unknown_symbol, 0) as cells_of_unknown_symbol
    from catalogue
    left join columns_landed
        on {{ same_table('catalogue', 'columns_landed') }}
    left join cell_counts
        on {{ same_table('catalogue', 'cell_counts') }}
    left join mapped_counts
        on {{ same_table('catalogue', 'mapped_counts') }}

)

select * from final
