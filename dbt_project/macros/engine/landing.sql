{#- A landed table, every edition: all text, one row per published row. -#}
{% macro landed_table(publication, table_name) -%}
    {{ adapter.dispatch('landed_table')(publication, table_name) }}
{%- endmacro %}

{% macro default__landed_table(publication, table_name) -%}
    read_csv(
        {{ landed_file(publication ~ '/' ~ table_name ~ '/*.csv') }},
        all_varchar = true, union_by_name = true, header = true, delim = ',', quote = '"', escape = '"',
        nullstr = ['\N'], strict_mode = true
    )
{%- endmacro %}

{#- Written as Parquet before (dbt_project/landing_parquet.py): columns differ between a table's files, and Spark reads CSV by position. -#}
{% macro spark__landed_table(publication, table_name) -%}
    parquet.`{{ landing_root() }}/{{ publication }}/{{ table_name }}.parquet`
{%- endmacro %}


{#- A file about the landing (catalogue, columns, units): all text. -#}
{% macro landed_register(name) -%}
    {{ adapter.dispatch('landed_register')(name) }}
{%- endmacro %}

{% macro default__landed_register(name) -%}
    read_csv({{ landed_file(name ~ '.csv') }}, all_varchar = true, header = true, nullstr = ['\N'])
{%- endmacro %}

{% macro spark__landed_register(name) -%}
    parquet.`{{ landing_root() }}/{{ name }}.parquet`
{%- endmacro %}


{% macro landing_root() -%}
    {{ env_var('CSW_LANDING', env_var('CSW_DATA', 'data') ~ '/landing') }}
{%- endmacro %}
