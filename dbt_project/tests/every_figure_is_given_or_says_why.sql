-- Figures of authorities = standing + superseded + excluded, for every source and edition.
select *
from {{ ref('rpt_fact_ledger') }}
where figures <> figures_standing + figures_superseded + figures_excluded
