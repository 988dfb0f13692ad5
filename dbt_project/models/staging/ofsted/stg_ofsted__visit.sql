with landed as (

    select * from {{ landed_cells('ofsted_childrens_social_care', 'la_level_in_year') }}
    union all
    select * from {{ landed_cells('ofsted_la_outcomes', 'la_level_in_year') }}

),

inspection_types as (

    select * from {{ ref('inspection_type') }}

),

visits as (

    select
        _source as source,
        _table as table_name,
        _edition as edition,
        cast(_row as integer) as row_number,
        _la_name as unit_name,
        cast({{ cell('Inspection/Visit date') }} as date) as visit_date,
        {{ cell('Inspection/Visit type') }} as type_text,
        {{ cell('Overall effectiveness') }} as overall_judgement_text,
        {{ cell('Impact of leaders') }} as leadership_text,
        {{ cell('Experiences and progress of children who need help and protection') }} as help_and_protection_text,
        {{ cell('Experiences and progress of children in care') }} as children_looked_after_text,
        {{ cell('Experiences and progress of care leavers') }} as care_leavers_text,
        {{ cell('Visit Theme') }} as visit_theme
    from landed
    group by _source, _table, _edition, _row, _la_name

),

final as (

    select
        visits.*,
        inspection_types.inspection_type,
        inspection_types.is_judged
    from visits
    left join inspection_types on visits.type_text = inspection_types.type_text

)

select * from final
