{#- Columns of every landed table with their role (key, filter, text, figure). -#}
{% macro landed_columns() -%}
    read_csv('{{ landing_folder() | trim }}/columns.csv', all_varchar = true, header = true)
{%- endmacro %}
