{#- How well the reports were read, check by check: against what the file must hold, against Ofsted's tables and against
    counts made by hand. A check that is not right says what was read and what is so. -#}
{%- set judged = [
    'overall_judgement', 'help_and_protection', 'children_looked_after', 'care_leavers', 'adoption', 'leadership',
] -%}
with reports as (

    -- A report that is listed and not held, or held under another name, was not there to be read.
    select
        reports.*,
        frameworks.framework is not null as is_inspection,
        case when reports.publication_date_source = 'report' then reports.publication_date end as printed_publication_date
    from {{ ref('int_documents__report') }} as reports
    left join {{ ref('framework') }} as frameworks on reports.framework = frameworks.framework
    where reports.status in ('read', 'refused')

),

read_reports as (

    select * from reports where status = 'read'

),

inspection_reports as (

    select * from read_reports where is_inspection

),

-- Each inspection has one report: the nearest by date. One that no workbook lists has nothing to be compared with.
matches as (

    select *
    from {{ ref('int_documents__report_inspection') }}
    where is_nearest and source_of_judgement = 'ofsted_workbook'

),

official_inspections as (

    select * from {{ ref('int_documents__official_inspection') }}

),

pairs as (

    select
        inspection_reports.*,
        {%- for field in judged %}
        official_inspections.{{ field }} as official_{{ field }},
        {%- endfor %}
        official_inspections.publication_date as official_publication_date,
        official_inspections.inspection_date as official_inspection_date
    from inspection_reports
    inner join matches on inspection_reports.report_id = matches.report_id
    left join official_inspections on {{ same_inspection('matches', 'official_inspections') }}

),

hand_counts as (

    select
        coalesce(read_reports.report_id, regexp_replace(hand_counts.file, '(?i)[.]pdf$', '')) as report_id,
        hand_counts.file,
        hand_counts.items,
        hand_counts.sample,
        read_reports.recommendation_count,
        -- A count of other bytes counts for nothing.
        coalesce(read_reports.sha256 like hand_counts.sha256_prefix || '%', false) as is_of_these_bytes
    from {{ ref('report_hand_count') }} as hand_counts
    left join read_reports on hand_counts.file = read_reports.file

),

-- Of a date in the report and in the official record: equal, and within a week.
date_pairs as (

    select
        'publication_date' as compared,
        report_id,
        file,
        printed_publication_date as date_read,
        official_publication_date as official_date
    from pairs
    union all
    select
        'first_day' as compared,
        report_id,
        file,
        inspection_first_day as date_read,
        official_inspection_date as official_date
    from pairs

),

checks as (

    select
        'reports_read' as figure,
        report_id,
        file,
        status = 'read' as is_right,
        concat_ws('', refusal_reason, ': ', refusal_detail) as detail
    from reports
    union all
    select 'kind_found' as figure, report_id, file, report_kind is not null as is_right, coalesce(framework_reason, '') as detail
    from read_reports
    union all
    select
        'authority_placed' as figure,
        report_id,
        file,
        la_code is not null as is_right,
        coalesce(la_reason, concat_ws('', 'read as ', la_code_as_read, ', listed as ', la_code_by_index), '') as detail
    from read_reports
    union all
    select
        'publication_dated' as figure,
        report_id,
        file,
        publication_date is not null as is_right,
        'no day of publication in its text, in an index or in the name of its file' as detail
    from read_reports
    union all
    select
        'lists_ended' as figure,
        report_id,
        file,
        recommendation_exceptions is null as is_right,
        recommendation_exceptions as detail
    from read_reports
    -- What joint inspections ask for goes into no mart.
    where is_inspection or framework = 'lscb_review' or report_kind like '%visit'
    union all
    select
        'dates_found' as figure,
        report_id,
        file,
        inspection_first_day is not null as is_right,
        coalesce(inspection_dates_reason, '') as detail
    from inspection_reports
    union all
    select
        'overall_found' as figure,
        report_id,
        file,
        overall_judgement is not null or overall_status = 'none_given' as is_right,
        coalesce(overall_reason, '') as detail
    from inspection_reports
    union all
    select
        'inspections_matched' as figure,
        inspection_reports.report_id,
        inspection_reports.file,
        pairs.report_id is not null as is_right,
        'no inspection of this authority and framework in the official record is near' as detail
    from inspection_reports
    left join pairs on inspection_reports.report_id = pairs.report_id
    {%- for field in judged %}
    union all
    select
        '{{ field }}_agrees' as figure,
        report_id,
        file,
        {{ field }} = official_{{ field }} as is_right,
        concat_ws('', 'read ', {{ field }}, ', official ', official_{{ field }}) as detail
    from pairs
    where {{ field }} is not null and official_{{ field }} is not null
    {%- endfor %}
    union all
    select
        'overall_wrong_silently' as figure,
        report_id,
        file,
        overall_judgement = official_overall_judgement or coalesce(overall_confidence = 'low', false) as is_right,
        concat_ws('', 'read ', overall_judgement, ', official ', official_overall_judgement) as detail
    from pairs
    where overall_judgement is not null and official_overall_judgement is not null
    union all
    select
        compared || '_agrees' as figure,
        report_id,
        file,
        date_read = official_date as is_right,
        concat_ws('', 'read ', date_read, ', official ', official_date) as detail
    from date_pairs
    where date_read is not null and official_date is not null
    union all
    select
        compared || '_within_a_week' as figure,
        report_id,
        file,
        abs({{ days_between('date_read', 'official_date') }}) <= 7 as is_right,
        -- What differs is said once, where it is asked whether the days are equal.
        cast(null as string) as detail
    from date_pairs
    where date_read is not null and official_date is not null
    union all
    select
        'dates_plausible' as figure,
        report_id,
        file,
        {{ days_between('inspection_last_day', 'official_publication_date') }} between 7 and 200 as is_right,
        concat_ws(
            '', 'published ', {{ days_between('inspection_last_day', 'official_publication_date') }}, ' days after the last day'
        ) as detail
    from pairs
    where inspection_last_day is not null and official_publication_date is not null
    union all
    select
        'recommendations_found' as figure,
        report_id,
        file,
        coalesce(recommendation_count, 0) > 0 or recommendation_statements is not null as is_right,
        coalesce(recommendation_reason, '') as detail
    from read_reports
    where is_inspection or framework = 'lscb_review'
    {%- for suffix in ["''", "'_' || sample"] %}
    union all
    select
        'item_counts_right' || {{ suffix }} as figure,
        report_id,
        file,
        coalesce(items = recommendation_count, false) as is_right,
        concat_ws('', 'read ', recommendation_count, ', counted ', items) as detail
    from hand_counts
    where is_of_these_bytes
    {%- endfor %}

),

final as (

    select
        figure,
        report_id,
        file,
        true as is_counted,
        is_right,
        case when not is_right then detail end as detail
    from checks
    union all
    select
        'item_counts_right' as figure,
        report_id,
        file,
        false as is_counted,
        false as is_right,
        'counted by hand, but these bytes are not among the reports' as detail
    from hand_counts
    where not is_of_these_bytes

)

select * from final
