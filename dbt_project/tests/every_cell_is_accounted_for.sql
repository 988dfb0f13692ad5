-- Landed = mapped + excluded, for every table and edition; and every symbol has a meaning. What no measure uses is not staged;
-- that all landed rows can be read is the gate's to see.
select *
from {{ ref('rpt_row_ledger') }}
where
    cells_landed < cells_staged
    or cells_staged < cells_mapped
    or cells_excluded_no_measure_uses_them < 0
    or cells_of_unknown_symbol > 0
