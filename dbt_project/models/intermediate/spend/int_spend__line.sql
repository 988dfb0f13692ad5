{#- Table A1 as lines of spend groups: parts, totals and memorandum lines, gross and net, in pounds. A line that is
    printed under one group and belongs to another by content is in both: as a removal here, an addition there. -#}
with cells as (

    select * from {{ ref('stg_dfe_s251_outturn__cells') }}

),

spend_lines as (

    select * from {{ ref('spend_line') }}

),

spend_columns as (

    select * from {{ ref('spend_column') }}

),

final as (

    select
        cells.source,
        cells.edition,
        cells.row_number,
        cells.unit_code as la_code,
        {{ year_of_period('cells.period_label') }} as year,
        cells.filter,
        spend_lines.spend_group,
        spend_lines.line_kind,
        spend_columns.gross_or_net,
        cells.value * spend_columns.unit_factor as gbp_nominal,
        cells.value_status
    from cells
    inner join spend_columns
        on
            lower(cells.column_name) = lower(spend_columns.column_name)
            and {{ in_editions('cells.edition', 'spend_columns') }}
    left join spend_lines
        on
            cells.filter = spend_lines.filter
            and {{ in_editions('cells.edition', 'spend_lines') }}
    where cells.level = 'la'

)

select * from final
