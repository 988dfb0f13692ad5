with inspections as (

    select * from {{ ref('int_inspection__dated_inspection') }}

),

final as (

    select
        inspection_id,
        la_code,
        framework,
        inspection_type,
        inspection_date,
        inspection_date_source,
        publication_date,
        year_by_publication,
        year_by_inspection,
        overall_judgement,
        help_and_protection,
        children_looked_after,
        care_leavers,
        adoption,
        leadership,
        outcome_group,
        is_first_in_framework,
        source_of_judgement,
        source,
        edition
    from inspections

)

select * from final
