{#- Do authorities that spend more on prevention get better judgements? What they spent on it, on safeguarding and on
    children looked after in the reporting year of the report and the two before. Preventative is what is left of the total
    without the other two. The total is shown without and with capital expenditure charged to revenue (CERA), as the
    published total held it until 2014-15. Gross, per child, in the prices of 2019 under each index. -#}
with profiles as (

    select * from {{ ref('int_inspection__profile') }} where overall_judgement is not null

),

authorities as (

    select * from {{ ref('int_geography__authority') }}

),

la_years as (

    select * from {{ ref('int_measures__wide_as_published') }}

),

spend_years as (

    select * from {{ spend_per_published_child('fct_la_year_spend_real', ['gbp_real']) }}
    where spend_return = 's251_outturn' and gross_or_net = 'gross' and base_year = 2019

),

spend_groups as (

    select
        {%- for spend_group in ['total', 'total_including_cera', 'cla', 'safeguarding'] %}
        max(gbp_real_per_child) filter (where spend_group = '{{ spend_group }}') as {{ spend_group }},
        {%- endfor %}
        la_code,
        year,
        price_index
    from spend_years
    group by la_code, year, price_index

),

shares as (

    select
        *,
        total - cla - safeguarding as preventative,
        total_including_cera - cla - safeguarding as preventative_including_cera
    from spend_groups

),

spend as (

    select
        {%- for index in ['gdp', 'rpi', 'cpih'] %}
        {%- for share in [
            'total', 'total_including_cera', 'preventative', 'preventative_including_cera', 'safeguarding', 'cla',
        ] %}
        max({{ share }}) filter (where price_index = '{{ index }}') as {{ share }}_gross_gbp_per_child_{{ index }}_2019,
        {%- endfor %}
        {%- endfor %}
        la_code,
        year
    from shares
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
        authorities.imd_2015_decile,
        authorities.imd_2019_decile,
        lags.lag,
        cast(lags.year as integer) as year,
        la_years.population_0_17,
        {{ all_but('spend', ['la_code', 'year']) }}
    from lags
    inner join authorities on lags.la_code = authorities.la_code
    left join la_years on lags.la_code = la_years.la_code and lags.year = la_years.year
    left join spend on lags.la_code = spend.la_code and lags.year = spend.year

)

select * from final
