{#- Columns of every landed table with their role (key, filter, text, figure). -#}
{% macro columns_of_landing() -%}
    read_csv('{{ landing_folder() | trim }}/columns.csv', all_varchar = true, header = true)
{%- endmacro %}
