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
        {{ grade_words('overall_judgement') }} as overall_grade,
        help_and_protection,
        {{ grade_words('help_and_protection') }} as help_and_protection_grade,
        children_looked_after,
        {{ grade_words('children_looked_after') }} as children_looked_after_grade,
        care_leavers,
        {{ grade_words('care_leavers') }} as care_leavers_grade,
        adoption,
        {{ grade_words('adoption') }} as adoption_grade,
        leadership,
        {{ grade_words('leadership') }} as leadership_grade,
        outcome_group,
        is_first_in_framework,
        row_number() over (partition by la_code order by publication_date desc, inspection_id desc) = 1 as is_latest,
        source_of_judgement,
        source,
        edition
    from inspections

)

select * from final
