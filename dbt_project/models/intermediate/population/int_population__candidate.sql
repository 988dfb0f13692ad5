{#- What each primary edition says of the children of an authority: the population that it prints, or the one that its
    own counts and rates imply. A rate of one decimal over a count of thousands leaves a few children of doubt; every
    rate of the edition narrows it, and the middle of what all allow is taken (half_width_pct says how narrow). -#}
with la_values as (

    select * from {{ ref('int_measures__la_values') }} where exclusion_reason is null

),

measures as (

    select * from {{ ref('measure') }}

),

editions as (

    select * from {{ ref('int_measures__edition') }} where role = 'primary'

),

printed as (

    select source, edition, la_code, year, value as population
    from la_values
    where measure_id = '{{ var("population_measure") }}' and value_status = 'reported' and not is_computed

),

rates as (

    select
        la_values.source,
        la_values.edition,
        la_values.la_code,
        la_values.year,
        la_values.measure_id,
        la_values.numerator,
        la_values.value as rate,
        {{ unit_scale('measures.unit') }} as scale
    from la_values
    inner join measures on la_values.measure_id = measures.measure_id
    where
        measures.denominator_measure = '{{ var("population_measure") }}'
        and not la_values.is_computed
        and la_values.value > 0
        and la_values.numerator > 0

),

-- An edition that prints whole numbers rounds by a half, one with a decimal by a twentieth.
roundings as (

    select
        source,
        edition,
        measure_id,
        case
            when bool_and(rate = round(rate)) then 0.5
            when bool_and(abs(rate - round(rate, 1)) < 1e-6) then 0.05
            else 0.005
        end as half_unit
    from rates
    group by source, edition, measure_id

),

implied as (

    select
        rates.source,
        rates.edition,
        rates.la_code,
        rates.year,
        max(rates.scale * rates.numerator / (rates.rate + roundings.half_unit)) as lowest,
        min(rates.scale * rates.numerator / (rates.rate - roundings.half_unit)) as highest
    from rates
    inner join roundings
        on
            rates.source = roundings.source
            and rates.edition = roundings.edition
            and rates.measure_id = roundings.measure_id
    where roundings.half_unit < 0.5
    group by rates.source, rates.edition, rates.la_code, rates.year

),

together as (

    select source, edition, la_code, year, population, population as lowest, population as highest, false as is_implied
    from printed
    union all
    select source, edition, la_code, year, round((lowest + highest) / 2) as population, lowest, highest, true as is_implied
    from implied
    anti join printed using (source, edition, la_code, year)
    -- Rates of one edition over unlike populations imply none.
    where lowest <= highest

),

final as (

    select
        together.source,
        together.edition,
        together.la_code,
        together.year,
        together.population,
        together.lowest,
        together.highest,
        together.is_implied,
        100 * (together.highest - together.lowest) / 2 / together.population as half_width_pct,
        {{ edition_day('editions') }} as edition_day
    from together
    inner join editions on together.source = editions.source and together.edition = editions.edition

)

select * from final
