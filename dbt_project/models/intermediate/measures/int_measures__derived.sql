{#- Ratios that no edition prints or holds both sides of: from the standing count and the standing denominator of the
    same authority and year. Joint returns are of one unit on both sides or not at all. -#}
with published as (

    select * from {{ ref('int_measures__published') }}

),

measures as (

    select * from {{ ref('measure') }} where numerator_measure is not null

),

sides as (

    select
        numerators.la_code,
        numerators.year,
        measures.measure_id,
        measures.unit,
        numerators.period_label,
        numerators.value as numerator,
        denominators.value as denominator,
        numerators.value_status as numerator_status,
        denominators.value_status as denominator_status,
        numerators.is_joint_return or denominators.is_joint_return as is_joint_return,
        numerators.is_joint_return <> denominators.is_joint_return as is_of_two_units
    from measures
    inner join published as numerators on measures.numerator_measure = numerators.measure_id
    inner join published as denominators
        on
            measures.denominator_measure = denominators.measure_id
            and numerators.la_code = denominators.la_code
            and numerators.year = denominators.year

),

final as (

    select
        la_code,
        year,
        measure_id,
        period_label,
        case when denominator > 0 and not is_of_two_units then {{ unit_scale('unit') }} * numerator / denominator end as value,
        case
            when is_of_two_units then 'not_applicable'
            when denominator = 0 then 'not_applicable'
            when numerator_status <> 'reported' then numerator_status
            when denominator_status <> 'reported' then denominator_status
            else 'reported'
        end as value_status,
        numerator,
        denominator,
        is_joint_return
    from sides

)

select * from final
