with landed as (

    select * from {{ landed_cells('mhclg_imd', 'imd') }}
    union all
    select * from {{ landed_cells('mhclg_imd', 'idaci') }}

),

-- Editions spell the children's index out or abbreviate it.
named as (

    select
        *,
        replace(column_name, 'Income Deprivation Affecting Children Index (IDACI)', 'IDACI') as item
    from landed

),

final as (

    select
        _source as source,
        _edition as edition,
        _gss_code as unit_ons_code,
        min(_la_name) as unit_name,
        {%- for item, column, kind in [
            ('IMD - Average rank', 'imd_average_rank', 'double'),
            ('IMD - Average score', 'imd_average_score', 'double'),
            ('IMD - Rank of average score', 'imd_rank', 'integer'),
            ('IDACI - Average score', 'idaci_average_score', 'double'),
        ] %}
        cast(max(value_text) filter (where item = '{{ item }}') as {{ kind }}) as {{ column }},
        {%- endfor %}
        cast(max(value_text) filter (where item = 'IDACI - Rank of average score') as integer) as idaci_rank
    from named
    where _level = 'la'
    group by _source, _edition, _gss_code

)

select * from final
