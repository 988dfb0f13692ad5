{#- Study 004 asks which quality measures move together and foretell an inadequate judgement: every authority and year with
    its measures, and the judgements that came in that year and the two after. -#}
with la_years as (

    select * from {{ ref('int_measures__wide_as_published') }}

),

authorities as (

    select * from {{ ref('dim_local_authority') }}

),

inspections as (

    select * from {{ ref('fct_inspection') }} where overall_judgement is not null

),

judgements as (

    select
        la_code,
        year_by_publication as year,
        max(overall_judgement) as worst_judgement,
        max_by(overall_judgement, publication_date) as last_judgement,
        {{ joined_text('distinct framework', "' '", 'framework') }} as frameworks
    from inspections
    group by la_code, year_by_publication

),

final as (

    select
        la_years.la_code,
        authorities.la_name,
        authorities.region_name,
        authorities.is_excluded_from_studies,
        la_years.year,
        this_year.last_judgement as judgement,
        this_year.worst_judgement,
        this_year.frameworks,
        coalesce(this_year.worst_judgement = 4, false) as is_inadequate_this_year,
        coalesce(next_year.worst_judgement = 4, false) as is_inadequate_next_year,
        coalesce(year_after.worst_judgement = 4, false) as is_inadequate_year_after,
        authorities.imd_2015_average_score,
        authorities.imd_2015_rank,
        la_years.population_0_17,
        la_years.referrals_rate_per_10k,
        la_years.rereferrals_pct,
        la_years.children_referred_more_than_once_pct,
        la_years.initial_assessments_within_7_days_pct,
        la_years.initial_assessments_within_10_days_pct,
        la_years.core_assessments_within_35_days_pct,
        la_years.assessments_within_45_days_pct,
        la_years.initial_assessments_per_referral_pct,
        la_years.assessments_per_referral_pct,
        la_years.icpc_within_15_days_pct,
        la_years.icpc_rate_per_10k,
        la_years.s47_enquiries_rate_per_10k,
        la_years.cpp_started_rate_per_10k,
        la_years.cpp_at_31_march_rate_per_10k,
        la_years.cpp_reviews_on_time_pct,
        la_years.cpp_repeat_pct,
        la_years.cpp_ceased_under_3_months_pct,
        la_years.cpp_ceased_3_to_6_months_pct,
        la_years.cpp_ceased_6_to_12_months_pct,
        la_years.cpp_ceased_2_years_plus_pct,
        la_years.cin_at_31_march_rate_per_10k,
        la_years.cin_ceased_under_3_months_pct,
        la_years.cin_ceased_3_to_6_months_pct,
        la_years.cin_ceased_6_to_12_months_pct,
        la_years.cin_ceased_1_to_2_years_pct,
        la_years.cin_ceased_2_years_plus_pct,
        la_years.cla_at_31_march_rate_per_10k,
        la_years.care_applications_rate_per_10k,
        la_years.cin_per_social_worker,
        la_years.agency_rate_pct,
        la_years.vacancy_rate_pct,
        la_years.turnover_rate_pct
    from la_years
    inner join authorities on la_years.la_code = authorities.la_code
    left join judgements as this_year on la_years.la_code = this_year.la_code and la_years.year = this_year.year
    left join judgements as next_year on la_years.la_code = next_year.la_code and la_years.year + 1 = next_year.year
    left join judgements as year_after on la_years.la_code = year_after.la_code and la_years.year + 2 = year_after.year

)

select * from final
