{#- Where an authority is today. A figure is of the newest year of its measure, or absent: an older one is not put in its
    place. When the next inspection is likely follows from how far apart Ofsted's inspections have been. -#}
{{ config(tags = ['every_edition']) }}
{%- set key_measures = [
    'referrals_rate_per_10k', 'rereferrals_pct', 'assessments_within_45_days_pct', 'cin_at_31_march_rate_per_10k',
    'cpp_at_31_march_rate_per_10k', 'icpc_within_15_days_pct', 'cpp_repeat_pct', 'cla_at_31_march_rate_per_10k',
    'cla_three_plus_placements_pct', 'care_leavers_eet_pct', 'caseload_per_social_worker', 'agency_rate_pct',
] -%}
with authorities as (

    select * from {{ ref('dim_local_authority') }}

),

inspections as (

    select * from {{ ref('fct_inspection') }}

),

editions as (

    select * from {{ ref('dim_edition') }}

),

visits as (

    select * from {{ ref('fct_visit') }}

),

measures as (

    select * from {{ ref('dim_measure') }}

),

benchmarks as (

    select * from {{ ref('fct_la_year_benchmark') }}

),

present_framework as (

    select framework, first_year from {{ ref('framework') }} where last_year is null

),

newest_day as (

    select greatest(
        (select max(published_on) from editions),
        (select max(publication_date) from inspections),
        (select max(publication_date) from visits)
    ) as as_at

),

sequenced as (

    select
        *,
        lag(outcome_group) over by_authority as previous_outcome_group,
        lag(framework) over by_authority as previous_framework,
        lag(overall_grade) over by_authority as previous_grade,
        lag(publication_date) over by_authority as previous_publication_date,
        {{ days_between('lag(publication_date) over by_authority', 'publication_date') }} as days_between
    from inspections
    window by_authority as (partition by la_code order by publication_date, inspection_id)

),

-- How long it took from one inspection under the present framework to the next, by what the first one found.
gaps as (

    select
        sequenced.previous_outcome_group as outcome_group,
        any_value(present_framework.first_year) as since_year,
        count(*) as gap_count,
        cast(percentile_disc(0.25) within group (order by sequenced.days_between) as integer) as days_from,
        cast(percentile_disc(0.75) within group (order by sequenced.days_between) as integer) as days_to
    from sequenced
    inner join present_framework on sequenced.framework = present_framework.framework
    where sequenced.previous_framework = sequenced.framework and sequenced.previous_outcome_group is not null
    group by sequenced.previous_outcome_group

),

latest as (

    select
        sequenced.*,
        coalesce(gaps.gap_count, 0) >= 10 as has_gaps,
        gaps.gap_count,
        gaps.since_year,
        -- Ofsted's framework: every authority about once in three years.
        case when coalesce(gaps.gap_count, 0) >= 10 then gaps.days_from else 913 end as days_from,
        case when coalesce(gaps.gap_count, 0) >= 10 then gaps.days_to else 1278 end as days_to
    from sequenced
    left join gaps on sequenced.outcome_group = gaps.outcome_group
    where sequenced.is_latest

),

visit_counts as (

    select
        latest.la_code,
        count(*) as visit_count
    from latest
    inner join visits on latest.la_code = visits.la_code and latest.publication_date < visits.visit_date
    group by latest.la_code

),

key_figures as (

    select
        {%- for measure in key_measures %}
        max(benchmarks.value) filter (where benchmarks.measure_id = '{{ measure }}') as {{ measure }},
        max(benchmarks.year) filter (where benchmarks.measure_id = '{{ measure }}') as {{ measure }}_year,
        max(benchmarks.quartile_in_england) filter (where benchmarks.measure_id = '{{ measure }}') as {{ measure }}_quartile,
        {%- endfor %}
        benchmarks.la_code
    from benchmarks
    inner join measures on benchmarks.measure_id = measures.measure_id and benchmarks.year = measures.last_year
    group by benchmarks.la_code

),

final as (

    select
        {%- for measure in key_measures %}
        key_figures.{{ measure }},
        key_figures.{{ measure }}_year,
        key_figures.{{ measure }}_quartile,
        {%- endfor %}
        authorities.la_code,
        authorities.la_name,
        authorities.region_code,
        authorities.region_name,
        authorities.is_current,
        newest_day.as_at,
        latest.inspection_id,
        latest.framework,
        latest.inspection_type,
        latest.inspection_date,
        latest.publication_date,
        cast({{ whole_months_between('latest.publication_date', 'newest_day.as_at') }} as integer) as months_since_publication,
        latest.overall_judgement,
        latest.overall_grade,
        latest.help_and_protection,
        latest.children_looked_after,
        latest.care_leavers,
        latest.leadership,
        latest.outcome_group,
        latest.previous_grade,
        latest.previous_publication_date,
        case when latest.la_code is not null then cast(coalesce(visit_counts.visit_count, 0) as integer) end as visit_count_since,
        case when authorities.is_current then latest.publication_date + latest.days_from end as next_inspection_from,
        case when authorities.is_current then latest.publication_date + latest.days_to end as next_inspection_to,
        case
            when not authorities.is_current then 'the authority no longer exists'
            when latest.la_code is null then 'not inspected yet'
            when latest.has_gaps
                then concat_ws(
                    '', 'middle half of ', latest.gap_count, ' times between two inspections of one authority since ',
                    latest.since_year, ', after ', replace(latest.outcome_group, '_', ' '), ': ',
                    cast(round(latest.days_from / 30.4375) as integer), ' to ',
                    cast(round(latest.days_to / 30.4375) as integer), ' months from report to report'
                )
            else 'Ofsted inspects an authority about once in three years: 30 to 42 months from report to report'
        end as next_inspection_basis
    from authorities
    cross join newest_day
    left join latest on authorities.la_code = latest.la_code
    left join visit_counts on authorities.la_code = visit_counts.la_code
    left join key_figures on authorities.la_code = key_figures.la_code

)

select * from final
order by la_code
