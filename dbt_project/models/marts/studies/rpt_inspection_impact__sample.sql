{#- Study 003 follows authorities from years before an inspection to years after: the panel, centred on it, under both
    readings of its year. Initial, core and continuous assessments are measures of their own; care orders are interim and
    full together. Gross spending per child in the prices of 2019, under each index. -#}
with profiles as (

    select * from {{ ref('int_inspection__profile') }} where overall_judgement is not null

),

la_years as (

    select * from {{ ref('int_measures__wide_as_published') }}

),

spend_years as (

    select * from {{ spend_per_published_child('fct_la_year_spend_real', ['gbp_real']) }}
    where spend_return = 's251_outturn' and gross_or_net = 'gross' and base_year = 2019

),

spend as (

    select
        {%- for spend_group in ['total', 'safeguarding', 'cla', 'early_help'] %}
        {%- for index in ['gdp', 'rpi', 'cpih'] %}
        max(gbp_real_per_child) filter (where spend_group = '{{ spend_group }}' and price_index = '{{ index }}')
            as {{ spend_group }}_gross_gbp_per_child_{{ index }}_2019,
        {%- endfor %}
        {%- endfor %}
        la_code,
        year
    from spend_years
    group by la_code, year

),

event_years as (

    select
        profiles.*,
        bases.basis,
        cast(event_years.event_year as integer) as event_year,
        case bases.basis when 'publication' then profiles.year_by_publication else profiles.year_by_inspection end
        + event_years.event_year as year
    from profiles
    cross join (values ('publication'), ('inspection')) as bases (basis)
    cross join unnest({{ numbers(-5, 5) }}) as event_years (event_year)

),

final as (

    select
        {{ inspection_profile_columns('event_years') }},
        event_years.basis,
        event_years.event_year,
        cast(event_years.year as integer) as year,
        event_years.event_year between -3 and 3 as is_in_study_window,
        la_years.population_0_17,
        la_years.referrals_count,
        la_years.assessments_count,
        la_years.initial_assessments_count,
        la_years.core_assessments_count,
        la_years.cin_at_31_march_count,
        la_years.cin_started_count,
        la_years.s47_enquiries_count,
        la_years.icpc_count,
        la_years.cpp_at_31_march_count,
        la_years.cpp_started_count,
        la_years.cla_at_31_march_count,
        la_years.cla_section_20_count,
        la_years.cla_interim_care_order_count,
        la_years.cla_full_care_order_count,
        la_years.cla_interim_care_order_count + la_years.cla_full_care_order_count as cla_care_orders_count,
        la_years.referrals_rate_per_10k,
        la_years.assessments_rate_per_10k,
        la_years.initial_assessments_rate_per_10k,
        la_years.core_assessments_rate_per_10k,
        la_years.cin_at_31_march_rate_per_10k,
        la_years.cin_started_rate_per_10k,
        la_years.s47_enquiries_rate_per_10k,
        la_years.icpc_rate_per_10k,
        la_years.cpp_at_31_march_rate_per_10k,
        la_years.cpp_started_rate_per_10k,
        la_years.cla_at_31_march_rate_per_10k,
        la_years.cin_ceased_under_3_months_pct,
        la_years.cpp_ceased_under_6_months_pct,
        la_years.initial_assessments_within_10_days_pct,
        la_years.core_assessments_within_35_days_pct,
        la_years.assessments_within_45_days_pct,
        la_years.icpc_within_15_days_pct,
        la_years.rereferrals_pct,
        la_years.cpp_repeat_pct,
        la_years.cin_per_social_worker,
        la_years.vacancy_rate_pct,
        la_years.turnover_rate_pct,
        la_years.agency_rate_pct,
        {{ all_but('spend', ['la_code', 'year']) }}
    from event_years
    left join la_years on event_years.la_code = la_years.la_code and event_years.year = la_years.year
    left join spend on event_years.la_code = spend.la_code and event_years.year = spend.year
    where event_years.year is not null

)

select * from final
