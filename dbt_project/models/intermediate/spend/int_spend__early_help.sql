{#- Early help = under-fives + family support + services for young people (DEFINITIONS: measures), from 2011-12 when all
    three are printed. -#}
with published as (

    select * from {{ ref('int_measures__published') }}

),

parts as (

    select *
    from published
    where measure_id in ('spend_early_years_gross_gbp', 'spend_family_support_gross_gbp', 'spend_young_people_gross_gbp')

),

final as (

    select
        la_code,
        year,
        'spend_early_help_gross_gbp' as measure_id,
        min(period_label) as period_label,
        case when bool_and(value_status = 'reported') then sum(value order by measure_id) end as value,
        {{ worst_status('value_status') }} as value_status,
        bool_or(is_joint_return) as is_joint_return
    from parts
    group by la_code, year
    having count(distinct measure_id) = 3

)

select * from final
