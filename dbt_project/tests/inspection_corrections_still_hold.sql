{{ config(
    severity = 'warn',
    meta = {'advice': 'Compare the new workbook with the report, and change the row of inspection_correction.csv.'}
) }}
-- A correction holds while Ofsted's workbook prints what it expects, or what it makes of that: a later workbook may have put
-- the error right, and the earlier ones keep the row. Where it prints a third thing, that is taken as printed and said. One of
-- an inspection that no workbook held lists says nothing.
with corrections as (

    select * from {{ ref('inspection_correction') }}

),

listed as (

    select
        corrections.*,
        case corrections.field
            when 'inspection_date' then cast(inspection_dates.inspection_date as varchar)
            {%- for field in [
                'publication_date', 'inspection_type', 'overall_judgement', 'help_and_protection', 'children_looked_after',
                'care_leavers', 'adoption', 'leadership',
            ] %}
            when '{{ field }}' then cast(inspections.{{ field }} as varchar)
            {%- endfor %}
        end as used_value
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
    -- The dates are those of the workbooks; the correction follows.
    (field = 'inspection_date' and used_value is not null and used_value not in (expect_value, value))
    or (field != 'inspection_date' and used_value is distinct from value)
