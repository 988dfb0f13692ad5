{#- Nothing is left out without a reason. Cells: every figure that landed is either mapped to a measure or listed with
    the reason why not. Facts: every mapped figure of an authority is used, was superseded, or is excluded with a reason. -#}
{{ config(tags = ['every_edition']) }}

with catalogue as (

    -- Reference tables (inspections, prices, names) hold no measures; their rows are counted by their own models.
    select * from {{ ref('stg_landing__catalogue') }} where role <> 'reference'

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

-- Headings and footnotes: rows of no area, as landing counted them.
rows_without_area as (

    select source, table_name, edition, cast(sum(row_count) as bigint) as row_count
    from {{ ref('stg_landing__unit') }}
    where level = 'none'
    group by source, table_name, edition

),

staged_counts as (

    select
        source,
        table_name,
        edition,
        count(*) as cells_staged,
        count(*) filter (where level <> 'none' and value_status is null) as cells_of_unknown_symbol
    from {{ ref('stg_landing__cells') }}
    group by source, table_name, edition

),

counted as (

    select
        catalogue.source,
        catalogue.table_name,
        catalogue.edition,
        catalogue.row_count as rows_landed,
        catalogue.row_count * coalesce(columns_landed.figure_columns, 0) as cells_landed,
        coalesce(staged_counts.cells_staged, 0) as cells_staged,
        coalesce(mapped_counts.cells_mapped, 0) as cells_mapped,
        coalesce(rows_without_area.row_count, 0) * coalesce(columns_landed.figure_columns, 0) as cells_without_area,
        coalesce(staged_counts.cells_of_unknown_symbol, 0) as cells_of_unknown_symbol
    from catalogue
    left join columns_landed
        on {{ same_table('catalogue', 'columns_landed') }}
    left join rows_without_area
        on {{ same_table('catalogue', 'rows_without_area') }}
    left join staged_counts
        on {{ same_table('catalogue', 'staged_counts') }}
    left join mapped_counts
        on {{ same_table('catalogue', 'mapped_counts') }}

),

final as (

    select
        source,
        table_name,
        edition,
        rows_landed,
        cells_landed,
        cells_staged,
        cells_mapped,
        cells_without_area as cells_excluded_not_a_row_of_data,
        cells_landed - cells_mapped - cells_without_area as cells_excluded_no_measure_uses_them,
        cells_of_unknown_symbol
    from counted

)

select * from final
