{#- The cells of one landed table, every edition: one row per row and column of the publisher's, as text. For tables that
    are read by a column's name rather than as figures. A table of which nothing has arrived has no rows. -#}
{% macro landed_cells(source, table_name) -%}
    {%- set columns = landed_columns(source, table_name) if execute else [] -%}
    {%- set relation = landed(source, table_name) -%}
    {%- if columns -%}
    {{ unpivoted(relation, landed_keys(), columns) }}
    {%- else -%}
    (
        select {{ landed_keys() | join(', ') }}, '' as column_name, '' as value_text
        from {{ relation }}
        where false
    )
    {%- endif -%}
{%- endmacro %}


{#- What landing says of every row beside the publisher's columns. -#}
{% macro landed_keys() -%}
    {{ return([
        '_source', '_table', '_edition', '_row', '_level', '_la_code', '_gss_code', '_la_name', '_period', '_filter',
    ]) }}
{%- endmacro %}


{#- Columns of a landed table over all its editions, in the publisher's order. -#}
{% macro landed_columns(source, table_name) -%}
    {%- set query -%}
        select column_name
        from {{ columns_of_landing() }}
        where source = '{{ source }}' and table_name = '{{ table_name }}'
        group by column_name
        order by min(edition), min(cast(position as integer))
    {%- endset -%}
    {%- set found = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.append(row[0]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- The text of one column of a row whose cells are grouped; null where the publisher left it blank. -#}
{% macro cell(column_name) -%}
    nullif(trim(max(value_text) filter (where column_name = '{{ column_name | replace("'", "''") }}')), '')
{%- endmacro %}
