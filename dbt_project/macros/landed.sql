{#- A landed table, every edition: all text, one row per published row. A header-only file is in every folder, so a
    table of which nothing has arrived reads as empty. The publication is a dbt source, so that
    `source:landing.<publication>+` selects what depends on it. -#}
{% macro landed(publication, table_name) -%}
    {%- do source('landing', publication) -%}
    {{ landed_table(publication, table_name) }}
{%- endmacro %}

{% macro landed_file(path) -%}
    {{ quoted(landing_root() ~ '/' ~ path) }}
{%- endmacro %}
