{#- Where a report and Ofsted's workbook say two things of one inspection: what a correction has settled, and what is open. Of
    what is open the workbook's is used. -#}
{%- set judged = [
    'overall_judgement', 'help_and_protection', 'children_looked_after', 'care_leavers', 'adoption', 'leadership',
] -%}
with corrections as (

    select * from {{ ref('inspection_correction') }}

),

inspections as (

    select * from {{ ref('int_inspection__inspection') }}

),

reports as (

    select * from {{ ref('int_documents__report') }} where status = 'read'

),

matches as (

    select * from {{ ref('int_documents__report_inspection') }}
    where is_nearest and source_of_judgement = 'ofsted_workbook'

),

official_inspections as (

    select * from {{ ref('int_documents__official_inspection') }}

),

pairs as (

    select
        official_inspections.la_code,
        official_inspections.framework,
        official_inspections.publication_date as official_publication_date,
        official_inspections.inspection_date as official_inspection_date,
        case when reports.publication_date_source = 'report' then reports.publication_date end as reported_publication_date,
        reports.inspection_first_day as reported_inspection_date,
        {%- for field in judged %}
        official_inspections.{{ field }} as official_{{ field }},
        reports.{{ field }} as reported_{{ field }},
        {%- endfor %}
        reports.file
    from reports
    inner join matches on reports.report_id = matches.report_id
    inner join official_inspections on {{ same_inspection('matches', 'official_inspections') }}

),

compared as (
    {% for field in ['publication_date', 'inspection_date'] + judged %}
    select
        la_code,
        framework,
        official_publication_date as publication_date,
        '{{ field }}' as field,
        cast(official_{{ field }} as string) as in_workbook,
        cast(reported_{{ field }} as string) as in_report,
        file
    from pairs
    where official_{{ field }} <> reported_{{ field }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- One that no workbook held lists says nothing.
settled as (

    select
        corrections.la_code,
        corrections.framework,
        inspections.publication_date,
        corrections.field,
        corrections.expect_value as in_workbook,
        corrections.value as in_report,
        corrections.reason,
        corrections.citation
    from corrections
    inner join inspections
        on
            corrections.la_code = inspections.la_code
            and corrections.framework = inspections.framework
            and cast(inspections.publication_date as string)
            = case
                when corrections.field = 'publication_date' then corrections.value
                else cast(corrections.publication_date as string)
            end

),

final as (

    select
        la_code,
        framework,
        publication_date,
        field,
        in_workbook,
        in_report,
        'report' as used,
        reason,
        citation
    from settled
    union all
    select
        compared.la_code,
        compared.framework,
        compared.publication_date,
        compared.field,
        compared.in_workbook,
        compared.in_report,
        'workbook' as used,
        'not settled: the workbook is followed until somebody has looked' as reason,
        compared.file as citation
    from compared
    left join settled
        on {{ same_inspection('compared', 'settled') }} and compared.field = settled.field
    where settled.la_code is null

)

select * from final
