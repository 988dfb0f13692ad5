with landed as (

    select * from {{ landed_cells('dfe_statistical_neighbours', 'neighbours') }}

),

neighbour_cells as (

    select
        *,
        cast(regexp_extract(column_name, '^SN_?([0-9]+)$', 1) as integer) as position
    from landed
    where _level = 'la' and {{ matches_whole('column_name', 'SN_?\\d+') }}

),

-- The n-th "SNP" (or SN_nP) is to the right of the n-th neighbour and says how near it is.
closeness_cells as (

    select
        *,
        coalesce(try_cast(regexp_extract(column_name, '([0-9]+)', 1) as integer), 1) as position
    from landed
    where _level = 'la' and {{ matches_whole('column_name', 'SNP( \\(\\d+\\))?|SN_\\d+P') }}

),

final as (

    select
        neighbour_cells._source as source,
        neighbour_cells._edition as edition,
        neighbour_cells._la_code as la_code,
        neighbour_cells.position,
        trim(neighbour_cells.value_text) as neighbour_la_code,
        lower(trim(closeness_cells.value_text)) as closeness
    from neighbour_cells
    left join closeness_cells
        on
            neighbour_cells._edition = closeness_cells._edition
            and neighbour_cells._row = closeness_cells._row
            and neighbour_cells.position = closeness_cells.position

)

select * from final
