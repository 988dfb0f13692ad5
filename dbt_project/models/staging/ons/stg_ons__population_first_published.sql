{#- Persons under 18 by place, at the mid-year that each workbook is of. -#}
with landed as (

    select * from {{ landed_cells('ons_population', 'first_published') }}

),

final as (

    select
        _source as source,
        _table as table_name,
        _edition as edition,
        _gss_code as unit_ons_code,
        _la_name as unit_name,
        cast(_period as integer) as mid_year,
        {{ in_order('sum', 'cast(value_text as double)', 'cast(column_name as integer)') }} as population_0_17
    from landed
    where _level = 'la' and {{ matches_whole('column_name', '\\d+') }} and cast(column_name as integer) < 18
    group by _source, _table, _edition, _row, _gss_code, _la_name, _period
    having count(*) = 18

)

select * from final
