-- Reports appear on working days: a publication date on a Saturday or Sunday is a slip (day and month turned about, say).
-- Find the report, and add a row to inspection_correction.csv.
select inspection_id, publication_date, dayname(publication_date) as day_of_the_week, source, edition
from {{ ref('fct_inspection') }}
where left(dayname(publication_date), 3) in ('Sat', 'Sun')
