{#- How a warehouse was built, written into it when a command of dbt ends: one row of `meta.warehouse_build`, in place of
    the one before. `csw publish` takes a file only where this says that everything was built, with no variables but the
    project's, and that nothing failed; `csw status` shows it. A test alone changes no table and no row here. -#}
{% macro record_build() -%}
    {{ adapter.dispatch('record_build')() }}
{%- endmacro %}

{#- `csw publish` publishes DuckDB's file; on another engine nothing is published by it. -#}
{% macro spark__record_build() -%}
{%- endmacro %}

{% macro duckdb__record_build() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'snapshot') -%}
        {%- set failed = results | selectattr('status', 'in', ['error', 'fail', 'runtime error']) | list | length -%}
        {%- set given = invocation_args_dict.get('vars') or {} -%}
        {%- set chosen = [] -%}
        {%- for name in ('select', 'models', 'exclude', 'selector', 'resource_types', 'exclude_resource_types') -%}
            {%- set asked = invocation_args_dict.get(name) -%}
            {%- if asked -%}{%- do chosen.append(name ~ ' ' ~ (asked if asked is string else asked | join(' '))) -%}{%- endif -%}
        {%- endfor -%}
        {%- for name in ('empty', 'sample') -%}
            {%- if invocation_args_dict.get(name) -%}{%- do chosen.append(name) -%}{%- endif -%}
        {%- endfor -%}
        {%- set known = run_query(
            "select count(*) from information_schema.tables "
            "where table_schema = 'staging' and table_name = 'stg_landing__catalogue'"
        ).rows[0][0] -%}
        {%- set landed -%}
            {%- if known -%}
            select
                count(*) as tables,
                coalesce(
                    md5(string_agg(concat_ws(' ', source, table_name, edition, sha256), chr(10)
                        order by source, table_name, edition)), ''
                ) as digest
            from staging.stg_landing__catalogue
            {%- else -%}
            select 0 as tables, '' as digest
            {%- endif -%}
        {%- endset -%}
        {%- do run_query('create schema if not exists meta') -%}
        {%- set row -%}
            create or replace table meta.warehouse_build as
            select
                now() as built_at,
                {{ quoted(flags.WHICH) }} as command,
                {{ quoted(var('as_of')) }} as as_of,
                {{ quoted(var('first_year')) }} as first_year,
                {{ quoted(tojson(given)) }} as variables,
                {{ quoted(chosen | join('; ')) }} as chosen,
                {{ results | length }} as nodes,
                {{ failed }} as failed,
                {{ quoted(dbt_version) }} as dbt_version,
                landed.tables as landed_tables,
                landed.digest as landed_digest,
                '' as project_digest
            from ({{ landed }}) as landed
        {%- endset -%}
        {%- do run_query(row) -%}
    {%- endif -%}
{%- endmacro %}


{#- A text as SQL has it, whatever is in it. -#}
{% macro quoted(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}
