{#- Facts stay with the authority that published them. What cannot stand is not dropped: it leaves with a reason. -#}
with edition_values as (

    select * from {{ ref('int_measures__edition_values') }}

),

reporting_units as (

    select * from {{ ref('int_geography__reporting_unit') }}

),

authorities as (

    select * from {{ ref('local_authority') }}

),

spine_years as (

    select * from {{ ref('int_measures__spine_year') }}

),

resolved as (

    select
        edition_values.* exclude (unit_ons_code, unit_name),
        reporting_units.la_code,
        coalesce(reporting_units.is_joint_return, false) as is_joint_return,
        authorities.valid_from,
        authorities.valid_to,
        edition_values.unit_name
    from edition_values
    left join reporting_units
        on
            edition_values.unit_code = reporting_units.unit_code
            and edition_values.unit_ons_code = reporting_units.unit_ons_code
            and edition_values.unit_name = reporting_units.unit_name
    left join authorities on reporting_units.la_code = authorities.la_code
    where edition_values.level = 'la'

),

final as (

    select
        resolved.source,
        resolved.edition,
        resolved.unit_code,
        resolved.unit_name,
        resolved.la_code,
        resolved.measure_id,
        resolved.year,
        resolved.period_label,
        resolved.value,
        resolved.value_status,
        resolved.numerator,
        resolved.denominator,
        resolved.is_computed,
        resolved.is_joint_return,
        case
            when resolved.la_code is null then 'unknown authority'
            when resolved.year < spine_years.first_year then 'before the first year of the warehouse'
            when resolved.year > spine_years.last_year then 'after the last year of the annual returns'
            when not {{ existed_in('resolved.valid_from', 'resolved.valid_to', 'resolved.year') }}
                then 'the authority did not exist that year'
        end as exclusion_reason
    from resolved
    cross join spine_years

)

select * from final
