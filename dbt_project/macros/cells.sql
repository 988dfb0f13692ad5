{#- One row per published figure, of a publication's tables, that the seeds name: columns that hold figures are unpivoted,
    their keys and text kept, nothing judged. A number and its status travel together; a symbol that the publication's symbol
    set does not know keeps a null status, which stops the build.

    Four in five landed figures are of columns, or of rows (filters), that no measure is made of; they are not unpivoted
    and stay in the landed files. rpt_row_ledger counts them, so that every landed cell is accounted for, and the gate
    looks at their symbols. The list of figure columns comes from landing (columns.csv), so no column, edition or year is
    named here.

    named_in: the seeds whose column_name says which columns are used; none: all are. -#}
{% macro cells(publication, tables, named_in=['measure_source']) -%}
{%- do source("landing", publication) %}
{%- set seeds = {} %}
{%- for name in named_in %}
    {%- do seeds.update({name: ref(name)}) %}
{%- endfor %}
with catalogue as (

    select * from {{ ref('stg_landing__catalogue') }}

),

value_symbol as (

    select * from {{ ref('value_symbol') }}

),

{%- if execute %}
    {%- set figures = figure_columns(publication, seeds) %}
    {%- set name_regions = tables_that_name_regions(publication) %}
{%- else %}
    {%- set figures = {} %}
    {%- set name_regions = [] %}
{%- endif %}
{%- set with_figures = [] %}
{%- for table_name in tables if figures.get(table_name) %}
    {%- do with_figures.append(table_name) %}

cells_of_{{ table_name }} as (

    select *
    from {{ unpivoted(
        rows_in_use(publication, table_name, seeds),
        landed_keys() + (['region_name'] if table_name in name_regions else []),
        figures[table_name]
    ) }}

),
{%- endfor %}

published as (

    {%- for table_name in with_figures %}
    select
        _source as source, _table as table_name, _edition as edition, cast(_row as integer) as row_number,
        _level as level, _la_code as unit_code, _gss_code as unit_ons_code,
        {{ "case when _level = 'regional' and coalesce(trim(_la_name), '') = '' then coalesce(region_name, '') else _la_name end"
            if table_name in name_regions else "_la_name" }} as unit_name,
        _period as period_label, _filter as filter, column_name, value_text
    from cells_of_{{ table_name }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- if not with_figures %}
    select
        '' as source, '' as table_name, '' as edition, 0 as row_number, '' as level, '' as unit_code,
        '' as unit_ons_code, '' as unit_name, '' as period_label, '' as filter, '' as column_name, '' as value_text
    where false
    {%- endif %}

),

typed as (

    select
        published.*,
        -- Thousands separators stand in some years' files and not in others'.
        {{ number_printed("replace(trim(value_text), ',', '')") }} as value
    from published

),

final as (

    select
        typed.source,
        typed.table_name,
        typed.edition,
        typed.row_number,
        typed.level,
        typed.unit_code,
        typed.unit_ons_code,
        typed.unit_name,
        typed.period_label,
        typed.filter,
        typed.column_name,
        typed.value_text,
        typed.value,
        case when typed.value is not null then 'reported' else value_symbol.value_status end as value_status
    from typed
    inner join catalogue
        on {{ same_table('typed', 'catalogue') }}
    left join value_symbol
        on
            typed.value is null
            and catalogue.symbols = value_symbol.symbols
            and trim(typed.value_text) = case when value_symbol.is_word_null then 'NULL' else coalesce(value_symbol.symbol, '') end

)

select * from final
{%- endmacro %}


{#- Figure columns of each table of a publication that one of the seeds names, as landed: {table: [column, …]}. -#}
{% macro figure_columns(publication, seeds) -%}
    {#- `dbt compile` before anything is built has no seeds to ask. -#}
    {%- set held = {} -%}
    {%- for name, seed in seeds.items() if load_relation(seed) -%}
        {%- do held.update({name: seed}) -%}
    {%- endfor -%}
    {%- set query -%}
        -- Case drifts between editions (…Per10K, …Per10k); to DuckDB they are one column.
        select table_name, any_value(column_name) as column_name
        from {{ columns_of_landing() }} as columns_landed
        where
            source = '{{ publication }}'
            and role = 'figure'
            {%- if held %}
            and (
                {%- for name, seed in held.items() %}
                {{ 'or ' if not loop.first }}lower(column_name) in (
                    select lower(seed.column_name) from {{ seed }} as seed
                    {%- if name == 'measure_source' %}
                    where seed.source = columns_landed.source and seed.table_name = columns_landed.table_name
                    {%- endif %}
                )
                {%- endfor %}
            )
            {%- endif %}
        group by table_name, lower(column_name)
        order by table_name, min(edition), min(cast(position as integer))
    {%- endset -%}
    {%- set found = {} -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.setdefault(row[0], []).append(row[1]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Of a landed table, the rows whose filter some measure asks for; all of them where another seed names columns, too. -#}
{% macro rows_in_use(publication, table_name, seeds) -%}
    {%- if seeds.keys() | list == ['measure_source'] -%}
    (
        select * from {{ landed(publication, table_name) }}
        where _filter in (
            select coalesce(filter, '') from {{ seeds['measure_source'] }}
            where source = '{{ publication }}' and table_name = '{{ table_name }}'
        )
    )
    {%- else -%}
    {{ landed(publication, table_name) }}
    {%- endif -%}
{%- endmacro %}


{#- The tables of a publication whose rows of regions bear their name in a column of its own, where an authority's is
    empty. -#}
{% macro tables_that_name_regions(publication) -%}
    {%- set query -%}
        select distinct table_name
        from {{ columns_of_landing() }}
        where source = '{{ publication }}' and role = 'text' and lower(column_name) = 'region_name'
    {%- endset -%}
    {%- set found = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do found.append(row[0]) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
