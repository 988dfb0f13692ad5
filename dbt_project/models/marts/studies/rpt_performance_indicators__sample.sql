{#- Study 001 asks whether indicators predict the judgement: its 45 variables in the reporting year of the inspection and the
    two before, so that a spec may take the latest published year. Money in the prices of 2018 by the GDP deflator. -#}
with profiles as (

    select * from {{ ref('int_inspection__profile') }} where overall_judgement is not null

),

la_years as (

    select * from {{ ref('int_measures__wide_as_published') }}

),

spend_years as (

    select * from {{ spend_per_published_child('fct_la_year_spend_real', ['gbp_real']) }}
    where spend_return = 's251_outturn' and price_index = 'gdp' and base_year = 2018

),

spend as (

    select
        {%- for spend_group, per in [
            ('total', 'child'), ('early_years', 'child'), ('safeguarding', 'cin'), ('family_support', 'cin'), ('cla', 'cla'),
        ] %}
        {%- for gross_or_net in ['gross', 'net'] %}
        max(gbp_real_per_{{ per }}) filter (
            where spend_group = '{{ spend_group }}' and gross_or_net = '{{ gross_or_net }}'
        ) as {{ spend_group }}_{{ gross_or_net }}_gbp_per_{{ per }},
        {%- endfor %}
        {%- endfor %}
        la_code,
        year
    from spend_years
    group by la_code, year

),

lags as (

    select
        profiles.*,
        cast(lags.lag as integer) as lag,
        profiles.year_by_publication + lags.lag as year
    from profiles
    cross join (values (-2), (-1), (0)) as lags (lag)

),

final as (

    select
        {{ inspection_profile_columns('lags') }},
        lags.lag,
        cast(lags.year as integer) as year,
        la_years.referrals_rate_per_10k,
        la_years.cin_at_31_march_rate_per_10k,
        la_years.cin_any_point_rate_per_10k,
        la_years.cpp_at_31_march_rate_per_10k,
        la_years.cla_at_31_march_rate_per_10k,
        100 - la_years.assessments_within_45_days_pct as assessments_overdue_pct,
        100 - la_years.cpp_reviews_on_time_pct as cpp_reviews_overdue_pct,
        la_years.rereferrals_pct,
        la_years.cin_persistent_absence_pct,
        la_years.cin_suspended_pct,
        la_years.cin_unauthorised_absence_pct,
        la_years.cin_sen_support_pct,
        la_years.cin_ks2_maths_expected_pct,
        la_years.cin_ks2_writing_expected_pct,
        la_years.cin_ks2_reading_expected_pct,
        la_years.cin_ks2_rwm_expected_pct,
        la_years.cin_ks2_gps_expected_pct,
        la_years.cin_gcse_english_maths_9_4_pct,
        la_years.cin_gcse_english_maths_9_5_pct,
        la_years.cpp_repeat_pct,
        la_years.cpp_ceased_2_years_plus_pct,
        la_years.cpp_open_2_years_plus_pct,
        la_years.cla_health_assessment_pct,
        la_years.cla_dental_check_pct,
        la_years.cla_persistent_absence_pct,
        la_years.cla_unauthorised_absence_pct,
        la_years.cla_ks2_reading_expected_pct,
        la_years.cla_ks2_writing_progress_score,
        la_years.cla_ks2_maths_progress_score,
        la_years.cla_gcse_english_maths_9_5_pct,
        la_years.cla_attainment_8_score,
        la_years.cla_progress_8_score,
        la_years.cla_substance_misuse_pct,
        la_years.cla_substance_intervention_pct,
        la_years.cla_sdq_average_score,
        la_years.cla_sdq_concern_pct,
        la_years.cla_immunisations_pct,
        la_years.cla_placed_20_miles_plus_pct,
        la_years.cla_missing_pct,
        la_years.cla_convicted_pct,
        la_years.cla_three_plus_placements_pct,
        la_years.cla_stable_placement_pct,
        la_years.care_leavers_neet_pct,
        la_years.care_leavers_unsuitable_accommodation_pct,
        la_years.care_leavers_in_custody_pct,
        {{ all_but('spend', ['la_code', 'year']) }}
    from lags
    left join la_years on lags.la_code = la_years.la_code and lags.year = la_years.year
    left join spend on lags.la_code = spend.la_code and lags.year = spend.year

)

select * from final
