{#- The columns that a model's contract promises, in order. -#}
{% macro model_columns(name) -%}
    {%- if execute -%}
        {{ return(graph.nodes['model.childrens_services_warehouse.' ~ name].columns.keys() | list) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}
