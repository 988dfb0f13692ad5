{#- Published first, then spend sums, then what can be derived; every cell of the spine has a row and a status. -#}
with spine as (

    select * from {{ ref('int_measures__spine') }} where {{ changed_measures('measure_id') }}

),

published as (

    select * from {{ ref('int_measures__published') }}

),

derived as (

    select la_code, year, measure_id, period_label, value, value_status, numerator, denominator, is_joint_return
    from {{ ref('int_measures__derived') }}
    union all
    select
        la_code, year, measure_id, period_label, value, value_status,
        cast(null as double) as numerator, cast(null as double) as denominator, is_joint_return
    from {{ ref('int_spend__early_help') }}

),

-- Whether anybody's figure of that year was printed at all.
printed_years as (

    select distinct measure_id, year from published
    union
    select distinct measure_id, year from derived where value_status = 'reported'

),

final as (

    select
        spine.la_code,
        spine.year,
        spine.measure_id,
        case when {{ published_is_used('published') }} then published.period_label else derived.period_label end as period_label,
        case when {{ published_is_used('published') }} then published.value else derived.value end as value,
        case
            when {{ published_is_used('published') }} then published.value_status
            when derived.measure_id is not null then derived.value_status
            when printed_years.measure_id is not null then 'not_reported'
            else 'not_published'
        end as value_status,
        case when {{ published_is_used('published') }} then published.numerator else derived.numerator end as numerator,
        case when {{ published_is_used('published') }} then published.denominator else derived.denominator end as denominator,
        case
            when {{ published_is_used('published') }} then published.is_joint_return
            else coalesce(derived.is_joint_return, false)
        end as is_joint_return,
        case
            when {{ published_is_used('published') }} then published.source
            when derived.measure_id is not null then 'derived'
        end as source,
        case when {{ published_is_used('published') }} then published.edition end as edition
    from spine
    left join published
        on {{ same_figure('spine', 'published') }}
    left join derived
        on {{ same_figure('spine', 'derived') }}
    left join printed_years on spine.measure_id = printed_years.measure_id and spine.year = printed_years.year

)

select * from final
