{#- The official record that readings are compared with: no date in it comes from a report. -#}
with inspections as (

    select * from {{ ref('int_inspection__inspection') }}

),

inspection_dates as (

    select * from {{ ref('int_inspection__inspection_date') }}

),

final as (

    select
        inspections.la_code,
        inspections.framework,
        inspections.publication_date,
        inspection_dates.inspection_date,
        inspections.overall_judgement,
        inspections.help_and_protection,
        inspections.children_looked_after,
        inspections.care_leavers,
        inspections.adoption,
        inspections.leadership
    from inspections
    left join inspection_dates
        on {{ same_inspection('inspections', 'inspection_dates') }}

)

select * from final
