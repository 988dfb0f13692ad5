-- A correction holds while a workbook prints what it corrects. Where a newer workbook prints the right value itself, the row has
-- done its work and stays for the older ones; where it prints a third value, somebody has to look: check the new workbook, and
-- the row. One of an inspection that no workbook held lists says nothing.
{%- set correctable = [
    'publication_date', 'inspection_type', 'overall_judgement', 'help_and_protection', 'children_looked_after', 'care_leavers',
    'adoption', 'leadership',
] %}
with corrections as (

    select * from {{ ref('inspection_correction') }}

),

listed as (

    select
        corrections.*,
        inspections.corrected_fields,
        case corrections.field
            {%- for field in correctable %}
            when '{{ field }}' then cast(inspections.{{ field }} as varchar)
            {%- endfor %}
            when 'inspection_date' then cast(inspection_dates.inspection_date as varchar)
        end as stands
    from corrections
    inner join {{ ref('int_inspection__inspection') }} as inspections
        on
            corrections.la_code = inspections.la_code
            and corrections.framework = inspections.framework
            and cast(inspections.publication_date as varchar) in (
                cast(corrections.publication_date as varchar), corrections.value
            )
    left join {{ ref('int_inspection__inspection_date') }} as inspection_dates
        on {{ same_inspection('inspections', 'inspection_dates') }}

)

select * from listed
where
    case
        when field = 'inspection_date' then stands is not null and stands not in (expect_value, value)
        else coalesce(stands, '') <> value
    end
