{#- Where a series still changes what it is over; docs/comparability.md says it by measure. -#}
select * from {{ ref('int_measures__basis_change') }}
order by measure_id, year, previous_basis, denominator_basis
