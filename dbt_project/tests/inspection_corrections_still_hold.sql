-- A correction whose entry the inspectorate has changed is out of date: check the new workbook and remove the row. One of
-- an inspection that no workbook held lists says nothing.
with corrections as (

    select * from {{ ref('inspection_correction') }}

),

listed as (

    select
        corrections.*,
        inspections.corrected_fields,
        inspection_dates.inspection_date
    from corrections
    inner join {{ ref('int_inspection__inspection') }} as inspections
        on
            corrections.la_code = inspections.la_code
            and corrections.framework = inspections.framework
            and cast(inspections.publication_date as string) in (
                cast(corrections.publication_date as string), corrections.value
            )
    left join {{ ref('int_inspection__inspection_date') }} as inspection_dates
        on {{ same_inspection('inspections', 'inspection_dates') }}

)

select * from listed
where
    case
        when field = 'inspection_date'
            then inspection_date is not null and cast(inspection_date as string) not in (expect_value, value)
        else ' ' || corrected_fields || ' ' not like '% ' || field || ' %'
    end
