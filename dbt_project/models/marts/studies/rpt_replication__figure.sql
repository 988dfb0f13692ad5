{#- What the authors of a paper had before them: the figures of its years by the newest edition of its day. Where no edition of
    that day is held, the earliest later one is the nearest to it. Only figures that differ from the newest editions'. -#}
{#- Measures that a sample computes from, beside those it holds. -#}
{%- set samples = {
    'inspection_factors': [
        'assessments_within_45_days_pct', 'core_assessments_within_35_days_pct', 'icpc_within_15_days_pct',
        'cpp_reviews_on_time_pct',
    ],
    'performance_indicators': ['assessments_within_45_days_pct', 'cpp_reviews_on_time_pct'],
    'inspection_impact': [],
    'inadequate_prediction': [
        'initial_assessments_rate_per_10k', 'core_assessments_rate_per_10k', 'referrals_nfa_pct',
    ],
} %}
with studies as (

    select
        study,
        as_of,
        first_year,
        last_year
    from {{ ref('study_edition') }}

),

ranked_values as (

    select * from {{ ref('int_measures__ranked_values') }}

),

newest as (

    select * from {{ ref('int_measures__published') }}

),

corrections as (

    select * from {{ ref('correction') }}

),

study_measures as (
    {% for study, beneath in samples.items() %}
    select
        '{{ study }}' as study,
        measure_id
    from {{ ref('measure') }}
    where
        measure_id in (
            {%- for column in ['population_0_17'] + beneath + model_columns('rpt_' ~ study ~ '__sample') %}
            '{{ column }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

known as (

    select
        studies.study,
        studies.as_of,
        ranked_values.la_code,
        ranked_values.year,
        ranked_values.measure_id,
        ranked_values.value,
        ranked_values.value_status,
        ranked_values.denominator,
        ranked_values.source,
        ranked_values.edition,
        ranked_values.role,
        ranked_values.edition_day,
        ranked_values.is_after_abolition,
        ranked_values.edition_day <= studies.as_of as is_of_the_day
    from studies
    inner join study_measures on studies.study = study_measures.study
    inner join ranked_values
        on
            study_measures.measure_id = ranked_values.measure_id
            and ranked_values.year between studies.first_year and studies.last_year

),

-- Within a role and a side of the day: the newest before it, the earliest after it.
within_role as (

    select
        *,
        row_number() over (
            partition by study, la_code, year, measure_id, role, is_of_the_day
            order by
                is_after_abolition asc,
                case when is_of_the_day then edition_day end desc,
                edition_day asc,
                {{ revision_number('edition') }} desc,
                edition desc,
                source asc
        ) as edition_rank
    from known

),

by_precedence as (

    select
        *,
        row_number() over (
            partition by study, la_code, year, measure_id
            order by
                case
                    when is_of_the_day and role = 'primary' and value_status = 'reported' then 1
                    when is_of_the_day and role = 'primary' and value_status = 'not_applicable' and denominator = 0 then 1
                    when is_of_the_day and value_status = 'reported' then 2
                    when is_of_the_day and role = 'primary' then 3
                    -- What a later edition withholds need not have been withheld then: the rules of suppression are others.
                    when role = 'primary' and value_status = 'reported' then 4
                    when value_status = 'reported' then 5
                    else 6
                end,
                role
        ) as precedence
    from within_role
    where edition_rank = 1

),

of_the_day as (

    select
        by_precedence.study,
        by_precedence.as_of,
        by_precedence.la_code,
        by_precedence.year,
        by_precedence.measure_id,
        case
            when corrections.action = 'set' then corrections.value
            when corrections.action = 'blank' then null
            else by_precedence.value
        end as value,
        case
            when corrections.action = 'set' then 'reported'
            when corrections.action = 'blank' then 'unavailable'
            else by_precedence.value_status
        end as value_status,
        by_precedence.source,
        by_precedence.edition,
        by_precedence.edition_day,
        not by_precedence.is_of_the_day as is_later
    from by_precedence
    left join corrections
        on
            {{ same_figure('by_precedence', 'corrections') }}
            and by_precedence.value = corrections.expect_value
    where by_precedence.precedence = 1

),

final as (

    select
        of_the_day.study,
        of_the_day.as_of,
        of_the_day.la_code,
        of_the_day.year,
        of_the_day.measure_id,
        of_the_day.value,
        of_the_day.value_status,
        of_the_day.source,
        of_the_day.edition,
        of_the_day.edition_day as published_on,
        of_the_day.is_later,
        newest.value as newest_value,
        newest.source as newest_source,
        newest.edition as newest_edition
    from of_the_day
    inner join newest
        on {{ same_figure('of_the_day', 'newest') }}
    where
        (of_the_day.value is null) <> (newest.value is null)
        or abs(of_the_day.value - newest.value) > 1e-9

)

select * from final
