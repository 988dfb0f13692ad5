{{ config(
    severity = 'warn',
    meta = {'advice': 'Compare the new figure with the one that correction.csv expects; where the publisher has put it right, nothing is to be done: older editions keep the row.'}
) }}
-- A correction holds while its publisher prints what it expects. A later edition may print something else, which is taken as
-- printed; it is said, and holds nothing back, because a publisher that puts its error right is not refused for it.
select *
from {{ ref('rpt_corrections_applied') }}
where
    published_value is not null
    and not is_applied
    and corrected_value is distinct from published_value
