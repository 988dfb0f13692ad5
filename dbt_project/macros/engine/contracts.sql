{#- What dbt-spark leaves to be said for this project to build on it. -#}

{#- Types as they are written in YAML (DuckDB's, and SQL's) as Spark has them. -#}
{% macro spark_type(type) -%}
    {{ {'varchar': 'string', 'text': 'string', 'integer': 'int', 'timestamptz': 'timestamp'}.get(type | lower, type) }}
{%- endmacro %}

{% macro spark__cast(field, type) -%}
    cast({{ field }} as {{ spark_type(type) }})
{%- endmacro %}


{#- Seeds: whole numbers are integers as on DuckDB, and texts may hold an apostrophe. -#}
{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set sql -%}
        create table {{ this.render() }} (
            {%- for column in agate_table.column_names %}
            {{ identifier(column) }} {{ seed_type(model, agate_table, column, loop.index0) }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {{ file_format_clause() }}
        {{ location_clause() }}
    {%- endset -%}
    {%- call statement('_') -%}{{ sql }}{%- endcall -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set sql -%}
        insert into {{ this.render() }}
        select
            {%- for column in agate_table.column_names %}
            cast(col{{ loop.index }} as {{ seed_type(model, agate_table, column, loop.index0) }}){{ ',' if not loop.last }}
            {%- endfor %}
        from values
        {%- for row in agate_table.rows %}
            ({% for value in row %}{{ 'null' if value is none else spark_literal(value) }}{{ ', ' if not loop.last }}{% endfor %}){{ ',' if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- if agate_table.rows | length > 0 -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro %}

{% macro seed_type(model, agate_table, column, position) -%}
    {%- set inferred = adapter.convert_type(agate_table, position) -%}
    {{ spark_type(model['config'].get('column_types', {}).get(column, 'int' if inferred == 'bigint' else inferred)) }}
{%- endmacro %}

{#- A text as SQL has it: a backslash is one, and a quote ends nothing. -#}
{% macro spark_literal(value) -%}
    '{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
{%- endmacro %}
