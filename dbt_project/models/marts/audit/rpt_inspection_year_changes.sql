{#- Which year an inspection belongs to depends on whether the day it began or the day of its report counts. -#}
with inspections as (

    select * from {{ ref('fct_inspection') }}

),

authorities as (

    select * from {{ ref('dim_local_authority') }}

),

final as (

    select
        inspections.inspection_id,
        inspections.la_code,
        authorities.la_name,
        inspections.framework,
        inspections.is_first_in_framework,
        inspections.inspection_date,
        inspections.inspection_date_source,
        inspections.publication_date,
        inspections.year_by_inspection,
        inspections.year_by_publication
    from inspections
    inner join authorities on inspections.la_code = authorities.la_code
    where inspections.year_by_inspection <> inspections.year_by_publication

)

select * from final
