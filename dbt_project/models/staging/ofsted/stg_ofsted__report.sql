with landed as (

    select * from {{ landed_cells('ofsted_reports', 'report_index') }}

),

final as (

    select
        _source as source,
        _table as table_name,
        _edition as edition,
        cast(_row as integer) as row_number,
        _la_name as unit_name,
        {{ cell('file') }} as file,
        {{ cell('urn') }} as urn,
        {{ cell('source_url') }} as url,
        {{ day_month_year(cell('publication_date')) }} as publication_date,
        {{ cell('sha256') }} as sha256
    from landed
    group by _source, _table, _edition, _row, _la_name

)

select * from final
