{#- The landed CSVs of a table, every edition: all text, one row per published row. A header-only file stands in every
    folder, so a table of which nothing has arrived reads as empty. The publication is a dbt source, so that
    `source:landing.<publication>+` selects what depends on it. -#}
{% macro landed_file(path) -%}
    {{ quoted(env_var('CSW_LANDING', env_var('CSW_DATA', 'data') ~ '/landing') ~ '/' ~ path) }}
{%- endmacro %}

{% macro landed(publication, table_name) -%}
    {%- do source('landing', publication) -%}
    read_csv(
        {{ landed_file(publication ~ '/' ~ table_name ~ '/*.csv') }},
        all_varchar = true, union_by_name = true, header = true, delim = ',', quote = '"', escape = '"',
        nullstr = ['\N'], strict_mode = true
    )
{%- endmacro %}
