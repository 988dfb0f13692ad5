{#- Do authorities that spend more on prevention get better judgements? What they spent on it, on safeguarding and on
    children looked after in the reporting year of the report and the two before. Preventative is what is left of the total
    without the other two. The total is shown without and with capital expenditure charged to revenue (CERA), as the
    published total held it until 2014-15; and of looked after, what the returns to 2011-12 print under other families
    (adoption, special guardianship). Gross, per child, in the prices of 2019 under each index. -#}
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

printed_elsewhere as (

    select
        spend.la_code,
        spend.year,
        spend_groups.moved_gbp / nullif(spend_groups.gbp_nominal, 0) as share_of_cla
    from {{ ref('fct_la_year_spend') }} as spend
    inner join {{ ref('int_spend__group') }} as spend_groups
        on
            spend.source = spend_groups.source
            and spend.edition = spend_groups.edition
            and spend.la_code = spend_groups.la_code
            and spend.year = spend_groups.year
            and spend.gross_or_net = spend_groups.gross_or_net
            and spend.spend_group = spend_groups.spend_group
    where spend.spend_return = 's251_outturn' and spend.spend_group = 'cla' and spend.gross_or_net = 'gross'

),

shares as (

    select
        spend_groups.*,
        total - cla - safeguarding as preventative,
        total_including_cera - cla - safeguarding as preventative_including_cera,
        cla * coalesce(printed_elsewhere.share_of_cla, 0) as cla_printed_elsewhere
    from spend_groups
    left join printed_elsewhere
        on spend_groups.la_code = printed_elsewhere.la_code and spend_groups.year = printed_elsewhere.year

),

spend as (

    select
        {%- for index in ['gdp', 'rpi', 'cpih'] %}
        {%- for share in [
            'total', 'total_including_cera', 'preventative', 'preventative_including_cera', 'safeguarding', 'cla',
            'cla_printed_elsewhere',
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
