{#- The standing value of every published cell, with the corrections that hold. -#}
with ranked_values as (

    select * from {{ ref('int_measures__ranked_values') }}

),

corrections as (

    select * from {{ ref('correction') }}

),

standing as (

    select * from ranked_values where precedence = 1 and {{ changed_measures('measure_id') }}

),

final as (

    select
        standing.la_code,
        standing.year,
        standing.measure_id,
        standing.period_label,
        case
            when corrections.action = 'set' then corrections.value
            when corrections.action = 'blank' then null
            else standing.value
        end as value,
        case
            when corrections.action = 'set' then 'reported'
            when corrections.action = 'blank' then 'unavailable'
            else standing.value_status
        end as value_status,
        case when corrections.action is null then standing.numerator end as numerator,
        case when corrections.action is null then standing.denominator end as denominator,
        standing.is_joint_return,
        standing.reporting_unit_code,
        standing.source,
        standing.edition,
        standing.role,
        standing.value as published_value,
        corrections.action as correction
    from standing
    left join corrections
        on
            {{ same_figure('standing', 'corrections') }}
            -- A correction holds only while the publisher still prints what it corrects.
            and standing.value = corrections.expect_value

)

select * from final
