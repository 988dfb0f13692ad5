-- Where an edition prints a rate and its count and population, they agree within rounding: the rate to its last printed
-- place (whole numbers in some releases, one decimal in others), the population to 100 in early years, rates to 10 units
-- of rounding nowhere else. Only authorities: national counts are rounded to 10.
with edition_values as (

    select * from {{ ref('int_measures__edition_values') }}

),

compared as (

    select
        *,
        10000 * numerator / denominator as recomputed,
        case when value = round(value) then 0.5 else 0.05 end + 10000 * numerator / denominator * 50 / greatest(denominator - 50, 1)
        + 0.011 as tolerance
    from edition_values
    where
        level = 'la'
        and measure_id like '%_rate_per_10k'
        and not is_computed
        and denominator > 0
        and value is not null
        and numerator is not null
)

select source, edition, unit_code, unit_name, measure_id, year, value, numerator, denominator, recomputed
from compared
anti join {{ ref('known_inconsistency') }} using (source, edition, unit_code, measure_id, year)
where abs(recomputed - value) > tolerance
