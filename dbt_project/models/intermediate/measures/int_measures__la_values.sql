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

joint_series as (

    select joint_series.*, measures.measure_id
    from {{ ref('joint_series') }} as joint_series
    inner join {{ ref('measure') }} as measures on joint_series.measure_group = measures.measure_group

),

resolved as (

    select
        edition_values.*,
        reporting_units.la_code,
        coalesce(joint_series.reporting_unit_code, reporting_units.reporting_unit_code) as reporting_unit_code,
        coalesce(reporting_units.is_joint_return, false) or joint_series.unit_code is not null as is_joint_return,
        reporting_units.exclusion_reason as unit_exclusion_reason,
        authorities.valid_from,
        authorities.valid_to
    from edition_values
    left join reporting_units
        on
            edition_values.source = reporting_units.source
            and edition_values.edition = reporting_units.edition
            and edition_values.unit_code = reporting_units.unit_code
            -- Where there is no code the name is the key.
            and {{ name_without_code('edition_values') }} = {{ name_without_code('reporting_units') }}
    left join joint_series
        on
            edition_values.source = joint_series.source
            and edition_values.unit_code = joint_series.unit_code
            and edition_values.measure_id = joint_series.measure_id
    left join authorities on reporting_units.la_code = authorities.la_code
    where edition_values.level = 'la' and {{ changed_measures('edition_values.measure_id') }}

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
        coalesce(resolved.reporting_unit_code, resolved.unit_code) as reporting_unit_code,
        case
            when resolved.unit_exclusion_reason is not null then resolved.unit_exclusion_reason
            when resolved.la_code is null then coalesce(resolved.unit_exclusion_reason, 'unknown authority')
            when resolved.year < spine_years.first_year then 'before the first year of the warehouse'
            when resolved.year > spine_years.last_year then 'after the last year with a figure'
            when not {{ existed_in('resolved.valid_from', 'resolved.valid_to', 'resolved.year') }}
                then 'the authority did not exist that year'
        end as exclusion_reason
    from resolved
    inner join spine_years on resolved.measure_id = spine_years.measure_id

)

select * from final
