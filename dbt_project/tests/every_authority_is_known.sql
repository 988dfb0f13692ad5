-- A code, ONS code or name never seen before stops the build: add it to local_authority, la_alias or reporting_unit.
select distinct source, edition, unit_code, unit_name
from {{ ref('rpt_exclusions') }}
where exclusion_reason = 'unknown authority'
