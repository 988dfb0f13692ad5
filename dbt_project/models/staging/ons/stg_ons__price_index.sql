{#- A time series file has years, quarters and months in one column, below rows about itself; the second column is headed
    by the series' title, which names its base. -#}
with series as (

    select 'cpih' as price_index, * from {{ landed_cells('ons_prices', 'cpih') }}
    union all
    select 'rpi' as price_index, * from {{ landed_cells('ons_prices', 'rpi') }}
    union all
    select 'gdp' as price_index, * from {{ landed_cells('ons_prices', 'gdp_deflator_quarterly') }}

),

series_points as (

    select
        _source as source,
        _table as table_name,
        _edition as edition,
        price_index,
        {{ cell('Title') }} as period_label,
        max(value_text) filter (where column_name <> 'Title') as value_text
    from series
    group by price_index, _source, _table, _edition, _row

),

annual as (

    select
        _source as source,
        _table as table_name,
        _edition as edition,
        {{ cell('measure') }} as price_index,
        cast(cast(cast({{ cell('year') }} as double) as integer) as string) as period_label,
        {{ cell('index') }} as value_text
    from {{ landed_cells('ons_prices', 'annual_index') }}
    group by _source, _table, _edition, _row

),

points as (

    select * from series_points
    union all
    select * from annual

),

final as (

    select
        source,
        table_name,
        edition,
        price_index,
        period_label,
        case
            when {{ matches_whole('period_label', '\\d{4}') }} then 'year'
            when {{ matches_whole('period_label', '\\d{4} Q[1-4]') }} then 'quarter'
            when {{ matches_whole('period_label', '\\d{4} [A-Z]{3}') }} then 'month'
        end as period_type,
        case
            when {{ matches_whole('period_label', '\\d{4}') }} then make_date(cast(period_label as integer), 1, 1)
            when {{ matches_whole('period_label', '\\d{4} Q[1-4]') }}
                then make_date(cast(left(period_label, 4) as integer), cast(substr(period_label, 7, 1) as integer) * 3 - 2, 1)
            when {{ matches_whole('period_label', '\\d{4} [A-Z]{3}') }}
                then make_date(
                    cast(left(period_label, 4) as integer),
                    cast((position(right(period_label, 3) in 'JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC') + 2) / 3 as integer),
                    1
                )
        end as period_start,
        cast(value_text as double) as index_value
    from points
    where {{ matches_whole('period_label', '\\d{4}( Q[1-4]| [A-Z]{3})?') }}

)

select * from final
