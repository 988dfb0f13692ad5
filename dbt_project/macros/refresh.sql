{#- A refresh makes the rows of changed measures again and leaves the others where they are (docs/decisions/refresh.md). A model
    takes part by two things: its YAML says `meta: {refreshed_by: measure_id}`, and its SQL takes no other rows than
    `changed_measures` leaves it. -#}

{#- Whether only some publications changed since the file at hand was built. -#}
{% macro is_refresh() -%}
    {{ return(var('changed_publications') | length > 0) }}
{%- endmacro %}


{#- A condition on a column of measures: that it is made again, or, with parts, is read for one that is. True where everything
    is built. -#}
{% macro changed_measures(column, with_parts=false) -%}
    {%- if not execute -%}
        {%- do ref('int_measures__changed_measure') -%}
        true
    {%- elif is_refresh() -%}
        {{ column }} in (
            select measure_id from {{ ref('int_measures__changed_measure') }}{{ '' if with_parts else ' where is_changed' }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- The same for a test of a model, which is to depend on no other: on that model's rows that were made again. -#}
{% macro rows_made_again(model) -%}
    {%- set column = meta_of(model).get('refreshed_by') -%}
    {%- if execute and column and is_refresh() -%}
        {%- for node in graph.nodes.values() if node.name == 'int_measures__changed_measure' -%}
            {{ return(column ~ ' in (select measure_id from ' ~ node.relation_name ~ ' where is_changed)') }}
        {%- endfor -%}
    {%- endif -%}
    {{ return('true') }}
{%- endmacro %}
