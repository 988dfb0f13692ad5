-- The lines of each spend group add up to its printed total, per authority, within 0.5% or £1,000.
select la_code, year, spend_group, gross_or_net, gbp_nominal, residual_gbp, source, edition
from {{ ref('int_spend__group') }}
where abs(residual_gbp) > greatest(1000, 0.005 * abs(gbp_nominal))
