-- Landed = mapped + excluded, for every table and edition; and every symbol has a meaning.
select *
from {{ ref('rpt_row_ledger') }}
where
    cells_landed <> cells_staged
    or cells_staged <> cells_mapped + cells_excluded_not_a_row_of_data + cells_excluded_no_measure_uses_them
    or cells_excluded_no_measure_uses_them < 0
    or cells_of_unknown_symbol > 0
