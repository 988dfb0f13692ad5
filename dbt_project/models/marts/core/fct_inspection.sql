with inspections as (

    select * from {{ ref('int_inspection__inspection') }}

),

inspection_dates as (

    select * from {{ ref('int_inspection__inspection_date') }}

),

outcome_groups as (

    select distinct grade, outcome_group from {{ ref('judgement') }} where grade is not null

),

final as (

    select
        concat_ws('-', inspections.la_code, inspections.framework, cast(inspections.publication_date as varchar))
            as inspection_id,
        inspections.la_code,
        inspections.framework,
        inspections.inspection_type,
        inspection_dates.inspection_date,
        inspections.publication_date,
        {{ reporting_year('inspections.publication_date') }} as year_by_publication,
        {{ reporting_year('inspection_dates.inspection_date') }} as year_by_inspection,
        inspections.overall_judgement,
        inspections.help_and_protection,
        inspections.children_looked_after,
        inspections.care_leavers,
        inspections.adoption,
        inspections.leadership,
        outcome_groups.outcome_group,
        row_number() over (
            partition by inspections.la_code, inspections.framework order by inspections.publication_date
        ) = 1 as is_first_in_framework,
        inspections.source,
        inspections.edition
    from inspections
    left join inspection_dates
        on
            inspections.la_code = inspection_dates.la_code
            and inspections.framework = inspection_dates.framework
            and inspections.publication_date = inspection_dates.publication_date
    left join outcome_groups on inspections.overall_judgement = outcome_groups.grade

)

select * from final
