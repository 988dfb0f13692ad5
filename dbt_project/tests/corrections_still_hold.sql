-- A correction whose figure the publisher has changed is out of date: check the new figure and remove the row. One whose
-- publisher now prints the corrected figure itself has done its work, and stays for the editions before.
select *
from {{ ref('rpt_corrections_applied') }}
where
    published_value is not null
    and not is_applied
    and (corrected_value is null or published_value <> corrected_value)
