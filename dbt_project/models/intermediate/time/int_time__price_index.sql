{#- One index number per year ending 31 March. Only ratios of two years mean anything: bases differ between indices.
    gdp   HM Treasury's financial-year deflator as far as its outturn goes; after that the mean of the four quarters of
          ONS series YBGB (second quarter to first), scaled so that both agree in the last year they share. The
          Treasury's forecasts are not used.
    cpih  the mean of twelve months, April to March.
    rpi   the mean of twelve months, April to March, where months are at hand; else an index by calendar year: three
          quarters of the year before and one quarter of the year itself stand for April to March, an approximation. -#}
with deflators as (

    select * from {{ ref('stg_hmt__gdp_deflator') }}

),

ons_indices as (

    select * from {{ ref('stg_ons__price_index') }}

),

editions as (

    select * from {{ ref('stg_landing__edition') }}

),

edition_choice as (

    select
        editions.source,
        editions.table_name,
        editions.edition,
        row_number() over (
            partition by editions.source, editions.table_name
            order by {{ newest_known('editions') }}
        ) as preference
    from editions

),

treasury as (

    select
        deflators.year,
        deflators.index_value,
        deflators.source,
        deflators.edition
    from deflators
    inner join edition_choice using (source, table_name, edition)
    where edition_choice.preference = 1 and deflators.index_value is not null

),

current_ons as (

    select ons_indices.*
    from ons_indices
    inner join edition_choice using (source, table_name, edition)
    where edition_choice.preference = 1

),

quarterly_deflator as (

    select
        {{ reporting_year('period_start') }} as year,
        {{ in_order('avg', 'index_value', 'index_value') }} as index_value,
        min(source) as source,
        min(edition) as edition
    from current_ons
    where price_index = 'gdp' and period_type = 'quarter'
    group by all
    having count(*) = 4

),

splice as (

    select treasury.year, treasury.index_value / quarterly_deflator.index_value as factor
    from treasury
    inner join quarterly_deflator on treasury.year = quarterly_deflator.year
    qualify row_number() over (order by treasury.year desc) = 1

),

gdp as (

    select 'gdp' as price_index, year, index_value, 'treasury, financial year' as basis, source, edition
    from treasury
    union all
    select
        'gdp' as price_index,
        quarterly_deflator.year,
        quarterly_deflator.index_value * splice.factor as index_value,
        'quarters, spliced' as basis,
        quarterly_deflator.source,
        quarterly_deflator.edition
    from quarterly_deflator
    inner join splice on quarterly_deflator.year > splice.year

),

cpih as (

    select
        'cpih' as price_index,
        {{ reporting_year('period_start') }} as year,
        {{ in_order('avg', 'index_value', 'index_value') }} as index_value,
        'mean of twelve months' as basis,
        min(source) as source,
        min(edition) as edition
    from current_ons
    where price_index = 'cpih' and period_type = 'month'
    group by all
    having count(*) = 12

),

calendar_rpi as (

    select
        cast(extract(year from period_start) as integer) as calendar_year,
        index_value,
        source,
        edition
    from current_ons
    where price_index = 'rpi' and period_type = 'year'

),

monthly_rpi as (

    select
        'rpi' as price_index,
        {{ reporting_year('period_start') }} as year,
        {{ in_order('avg', 'index_value', 'index_value') }} as index_value,
        'mean of twelve months' as basis,
        min(source) as source,
        min(edition) as edition
    from current_ons
    where price_index = 'rpi' and period_type = 'month'
    group by all
    having count(*) = 12

),

weighted_rpi as (

    select
        'rpi' as price_index,
        this_year.calendar_year as year,
        0.75 * year_before.index_value + 0.25 * this_year.index_value as index_value,
        'calendar years, weighted' as basis,
        this_year.source,
        this_year.edition
    from calendar_rpi as this_year
    inner join calendar_rpi as year_before on this_year.calendar_year = year_before.calendar_year + 1

),

final as (

    select * from gdp
    union all
    select * from cpih
    union all
    select * from monthly_rpi
    union all
    -- One series or the other: their bases differ.
    select * from weighted_rpi where not exists (select 1 from monthly_rpi)

)

select * from final
