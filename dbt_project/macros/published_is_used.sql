{#- A published cell goes before a derived one unless only the derived one is a number. -#}
{% macro published_is_used(published) -%}
    ({{ published }}.measure_id is not null
        and ({{ published }}.value_status = 'reported' or coalesce(derived.value_status, '') <> 'reported'))
{%- endmacro %}
