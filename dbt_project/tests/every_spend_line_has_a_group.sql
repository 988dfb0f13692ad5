{{ config(group = 'spend') }}
-- A line of Table A1 that spend_line does not name would be missing from the totals.
select distinct edition, filter
from {{ ref('int_spend__line') }}
where spend_group is null
