{#- The index's column is headed by its base year, which moves with every release; forecasts have a growth rate and "-". -#}
with landed as (

    select * from {{ landed_cells('hmt_gdp_deflator', 'gdp_deflator') }}

),

by_row as (

    select
        _source as source,
        _table as table_name,
        _edition as edition,
        {{ cell('Financial year | Financial year') }} as period_label,
        max(value_text) filter (
            where column_name like 'Financial year | GDP deflator%' and column_name like '%= 100'
        ) as index_text,
        max(value_text) filter (
            where column_name like 'Financial year | GDP deflator%' and column_name like '%per cent change%'
        ) as change_text
    from landed
    group by _source, _table, _edition, _row

),

final as (

    select
        source,
        table_name,
        edition,
        period_label,
        cast(left(period_label, 4) as integer) + 1 as year,
        try_cast(index_text as double) as index_value,
        try_cast(change_text as double) as change_pct
    from by_row
    -- Below the table stand its sources and footnotes.
    where {{ matches('period_label', regex('^[0-9]{4}-[0-9]{2}')) }}

)

select * from final
