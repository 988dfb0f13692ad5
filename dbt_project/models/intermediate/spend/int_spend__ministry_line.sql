{#- The ministry's returns as lines of spend groups, in pounds. What a column holds is in the seed ministry_spend_column, by a
    pattern of its name without quotes and capitals: marks and dashes in it change from year to year. -#}
with cells as (

    select * from {{ ref('stg_mhclg_ro3_outturn__cells') }}
    union all
    select * from {{ ref('stg_mhclg_ra_budget__cells') }}

),

spend_columns as (

    select * from {{ ref('ministry_spend_column') }}

),

landed_units as (

    select * from {{ ref('int_geography__landed_unit') }}

),

columns_published as (

    select
        source,
        table_name,
        edition,
        column_name,
        {% set without_marks = replace_all('lower(column_name)', "['’‘]|\\[notes? [^\\]]*\\]", '') -%}
        {{ replace_all(without_marks, '\\s+', ' ') }} as plain_name
    from cells
    group by all

),

final as (

    select
        cells.source,
        cells.table_name,
        cells.edition,
        cells.row_number,
        landed_units.la_code,
        {{ year_of_period('cells.period_label') }} as year,
        cells.column_name,
        spend_columns.spend_return,
        spend_columns.spend_group,
        spend_columns.gross_or_net,
        cells.value * 1000 as gbp_nominal,
        cells.value_status
    from cells
    inner join columns_published
        on
            {{ same_table('cells', 'columns_published') }}
            and cells.column_name = columns_published.column_name
    inner join spend_columns
        on
            cells.source = spend_columns.source
            and cells.table_name = spend_columns.table_name
            and {{ in_editions('cells.edition', 'spend_columns') }}
            and {{ matches('columns_published.plain_name', 'spend_columns.column_pattern') }}
    left join landed_units
        on
            {{ same_table('cells', 'landed_units') }}
            and cells.unit_ons_code = landed_units.unit_ons_code
            and cells.unit_name = landed_units.unit_name
    where cells.level = 'la'

)

select * from final
