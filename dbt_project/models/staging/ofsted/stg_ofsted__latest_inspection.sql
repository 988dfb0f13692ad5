with landed as (

    select * from {{ landed_cells('ofsted_childrens_social_care', 'la_level_at_31_march') }}
    union all
    select * from {{ landed_cells('ofsted_la_outcomes', 'la_level_at_31_march') }}

),

final as (

    select
        _source as source,
        _table as table_name,
        _edition as edition,
        cast(_row as integer) as row_number,
        _la_name as unit_name,
        -- "Not yet inspected" is printed here for the youngest authorities.
        try_cast({{ cell('Inspection date') }} as date) as inspection_date,
        {{ cell('Inspection date') }} as inspection_date_text,
        {{ cell('Overall effectiveness') }} as overall_judgement_text,
        {{ cell('Impact of leaders') }} as leadership_text,
        {{ cell('Experiences and progress of children who need help and protection') }} as help_and_protection_text,
        {{ cell('Experiences and progress of children in care') }} as children_looked_after_text,
        {{ cell('Experiences and progress of care leavers') }} as care_leavers_text
    from landed
    group by _source, _table, _edition, _row, _la_name

)

select * from final
