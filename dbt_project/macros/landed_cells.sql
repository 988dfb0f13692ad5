{#- The cells of one landed table, every edition: one row per row and column of the publisher's, as text. For tables that
    are read by a column's name rather than as figures. A table of which nothing has arrived has no rows. -#}
{% macro landed_cells(source, table_name) -%}
    {%- set columns = landed_columns(source, table_name) if execute else [] -%}
    {%- if columns -%}
    (
        unpivot (select * from {{ landed(source, table_name) }})
        on {% for column in columns %}"{{ column | replace('"', '""') }}"{{ ', ' if not loop.last }}{% endfor %}
        into name column_name value value_text
    )
    {%- else -%}
    (
        select *, '' as column_name, '' as value_text
        from {{ landed(source, table_name) }}
        where false
    )
    {%- endif -%}
{%- endmacro %}


{#- Columns of a landed table over all its editions, in the publisher's order. -#}
{% macro landed_columns(source, table_name) -%}
    {%- set query -%}
        select column_name
        from read_csv({{ landed_file('columns.csv') }}, all_varchar = true, header = true)
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
