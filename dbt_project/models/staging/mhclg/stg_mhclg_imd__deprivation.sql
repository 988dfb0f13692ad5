with landed as (

    select * from {{ landed_cells('mhclg_imd', 'imd') }}
    union all by name
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
        {%- for item, column in [
            ('IMD - Average rank', 'imd_average_rank'),
            ('IMD - Average score', 'imd_average_score'),
            ('IMD - Rank of average score', 'imd_rank'),
            ('IDACI - Average score', 'idaci_average_score'),
            ('IDACI - Rank of average score', 'idaci_rank'),
        ] %}
        cast(max(value_text) filter (where item = '{{ item }}') as {{ 'integer' if column.endswith('d_rank') or column.endswith('i_rank') else 'double' }}) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from named
    where _level = 'la'
    group by _source, _edition, _gss_code

)

select * from final
