-- A correction whose figure the publisher has changed is out of date: check the new figure and remove the row.
select *
from {{ ref('rpt_corrections_applied') }}
where published_value is not null and not is_applied
