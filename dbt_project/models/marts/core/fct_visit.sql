{#- Focused, monitoring, assurance and other visits: no judgement, a theme, and what inspectors ask for, for the authority's
    timeline between two inspections. Where a letter has no list, what it says in prose is given instead. -#}
with visits as (

    select *
    from {{ ref('int_documents__report') }}
    where status = 'read' and report_kind in ('focused_visit', 'monitoring_visit', 'assurance_visit', 'visit')

),

items as (

    select
        report_id,
        count(*) filter (where urgency = 'priority_action') as priority_action_count,
        {{ joined_text('text', 'chr(10)', 'item') }} filter (where urgency = 'priority_action') as areas_for_priority_action,
        count(*) filter (where urgency <> 'priority_action') as improvement_count,
        {{ joined_text('text', 'chr(10)', 'item') }} filter (where urgency <> 'priority_action') as what_needs_to_improve
    from {{ ref('int_documents__recommendation') }}
    group by report_id

),

final as (

    select
        visits.report_id,
        visits.la_code,
        visits.report_kind as visit_kind,
        visits.inspection_first_day as visit_date,
        visits.inspection_last_day as visit_last_day,
        visits.publication_date,
        {{ reporting_year('visits.inspection_first_day') }} as year_by_visit,
        visits.visit_theme as theme,
        cast(coalesce(items.priority_action_count, 0) as integer) as priority_action_count,
        items.areas_for_priority_action,
        cast(coalesce(items.improvement_count, 0) as integer) as improvement_count,
        coalesce(items.what_needs_to_improve, visits.recommendation_statements) as what_needs_to_improve,
        visits.url
    from visits
    left join items on visits.report_id = items.report_id

)

select * from final
