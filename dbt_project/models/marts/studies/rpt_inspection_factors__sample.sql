{#- Study 000 asks what goes with a judgement: the year before the inspection and, for checking, the year of it. Overdue is
    what is left of on time. All frameworks; the study's spec chooses window, basis and lag. -#}
with profiles as (

    select * from {{ ref('int_inspection__profile') }} where overall_judgement is not null

),

la_years as (

    select * from {{ ref('int_measures__wide_as_published') }}

),

nominal as (

    select la_code, year, gbp_nominal_per_child
    from {{ spend_per_published_child('fct_la_year_spend', ['gbp_nominal']) }}
    where spend_return = 's251_outturn' and spend_group = 'total' and gross_or_net = 'gross'

),

spend_years as (

    select * from {{ spend_per_published_child('fct_la_year_spend_real', ['gbp_real']) }}
    where spend_return = 's251_outturn' and spend_group = 'total'

),

spend as (

    select
        la_code,
        year,
        {%- for index in ['gdp', 'rpi', 'cpih'] %}
        max(gbp_real_per_child) filter (where gross_or_net = 'gross' and price_index = '{{ index }}' and base_year = 2016)
            as total_gross_gbp_per_child_{{ index }}_2016,
        {%- endfor %}
        max(gbp_real_per_child) filter (where gross_or_net = 'net' and price_index = 'rpi' and base_year = 2016)
            as total_net_gbp_per_child_rpi_2016
    from spend_years
    group by la_code, year

),

lags as (

    select
        profiles.*,
        bases.basis,
        cast(years_apart.lag as integer) as lag,
        case bases.basis when 'publication' then profiles.year_by_publication else profiles.year_by_inspection end
        + years_apart.lag as year
    from profiles
    cross join (values ('publication'), ('inspection')) as bases (basis)
    cross join (values (-1), (0)) as years_apart (lag)

),

final as (

    select
        {{ inspection_profile_columns('lags') }},
        lags.basis,
        lags.lag,
        cast(lags.year as integer) as year,
        la_years.rereferrals_pct,
        la_years.cin_open_2_years_plus_pct,
        la_years.cin_ceased_2_years_plus_pct,
        la_years.cpp_open_2_years_plus_pct,
        la_years.cpp_ceased_2_years_plus_pct,
        la_years.cpp_repeat_pct,
        100 - la_years.icpc_within_15_days_pct as icpc_overdue_pct,
        100 - la_years.cpp_reviews_on_time_pct as cpp_reviews_overdue_pct,
        100 - coalesce(la_years.assessments_within_45_days_pct, la_years.core_assessments_within_35_days_pct)
            as assessments_overdue_pct,
        la_years.cla_persistent_absence_pct,
        la_years.cla_missing_pct,
        100 - la_years.cla_gcse_5_a_star_c_pct as cla_without_5_good_gcses_pct,
        nominal.gbp_nominal_per_child as total_gross_gbp_per_child_nominal,
        spend.total_gross_gbp_per_child_gdp_2016,
        spend.total_gross_gbp_per_child_rpi_2016,
        spend.total_gross_gbp_per_child_cpih_2016,
        spend.total_net_gbp_per_child_rpi_2016
    from lags
    left join la_years on lags.la_code = la_years.la_code and lags.year = la_years.year
    left join nominal on lags.la_code = nominal.la_code and lags.year = nominal.year
    left join spend on lags.la_code = spend.la_code and lags.year = spend.year
    where lags.year is not null

)

select * from final
