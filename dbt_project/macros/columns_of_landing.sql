{#- Columns of every landed table with their role (key, filter, text, figure). -#}
{% macro columns_of_landing() -%}
    {{ landed_register('columns') }}
{%- endmacro %}
