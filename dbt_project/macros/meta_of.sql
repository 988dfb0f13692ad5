{#- What a model's or seed's YAML says in config.meta, of its relation. -#}
{% macro meta_of(relation) -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.relation_name == relation | string -%}
            {{ return(node.config.meta) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return({}) }}
{%- endmacro %}
