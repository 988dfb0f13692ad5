{#- Whether an edition lies in a seed row's range; a revision (2022-r2) is read as the edition it revises. -#}
{% macro in_editions(edition, seed) -%}
    (
        regexp_replace({{ edition }}, '-r[0-9]+$', '') >= {{ seed }}.edition_from
        and ({{ seed }}.edition_to is null or regexp_replace({{ edition }}, '-r[0-9]+$', '') <= {{ seed }}.edition_to)
    )
{%- endmacro %}
