{#- Ofsted's history sheets: wide pivots of every framework's inspections side by side, or a row an inspection. What each
    column holds is in the seed inspection_column, so a new workbook with other headers is new rows there. -#}
{%- set histories = [
    ('ofsted_childrens_social_care', 'la_inspections'),
    ('ofsted_childrens_social_care', 'la_inspections_abolished'),
    ('ofsted_la_outcomes', 'la_inspections'),
    ('ofsted_la_outcomes', 'la_inspections_abolished'),
    ('ofsted_la_outcomes', 'inspection_history'),
] -%}
with inspection_column as (

    select * from {{ ref('inspection_column') }}

),

landed as (

    {% for source, table_name in histories %}
    select _source, _table, _edition, _row, _gss_code, _la_name, column_name, value_text
    from {{ landed_cells(source, table_name) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        landed._source as source,
        landed._table as table_name,
        landed._edition as edition,
        cast(landed._row as integer) as row_number,
        landed._gss_code as unit_ons_code,
        landed._la_name as unit_name,
        landed.column_name,
        inspection_column.framework,
        nullif(inspection_column.inspection_type, '') as inspection_type,
        inspection_column.sequence,
        inspection_column.field,
        trim(landed.value_text) as value_text
    from landed
    left join inspection_column
        on
            landed._source = inspection_column.source
            and landed._table = inspection_column.table_name
            and landed.column_name = inspection_column.column_name

)

select * from final
