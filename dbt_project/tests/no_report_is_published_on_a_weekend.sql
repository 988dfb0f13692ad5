{{ config(
    severity = 'warn',
    meta = {'advice': 'Find the report on reports.ofsted.gov.uk; where the date is a slip, add a row to inspection_correction.csv.'}
) }}
-- Reports appear on working days: a publication date on a Saturday or Sunday is most likely a slip (day and month turned
-- about, say). It is said, and does not hold back the other inspections of its workbook.
select inspection_id, publication_date, dayname(publication_date) as day_of_the_week, source, edition
from {{ ref('fct_inspection') }}
where isodow(publication_date) > 5
