{#- Columns of every landed table with their role (key, filter, text, figure). -#}
{% macro columns_of_landing() -%}
    read_csv({{ landed_file('columns.csv') }}, all_varchar = true, header = true)
{%- endmacro %}
