{#- Sums of spending, of the parts that the dictionary names, in years in which all of them are printed. Early help =
    under-fives + family support + services for young people (DEFINITIONS: measures), from 2011-12. -#}
with published as (

    select * from {{ ref('int_measures__published') }}

),

sums as (

    select
        measures.measure_id as sum_id,
        sum_parts.part_id as measure_id,
        count(*) over (partition by measures.measure_id) as part_count
    from {{ ref('measure') }} as measures
    cross join lateral unnest({{ parts_of('measures.sum_of', ' + ') }}) as sum_parts (part_id)
    where measures.sum_of is not null

),

parts as (

    select published.*, sums.sum_id, sums.part_count
    from published
    inner join sums on published.measure_id = sums.measure_id

),

final as (

    select
        la_code,
        year,
        sum_id as measure_id,
        min(period_label) as period_label,
        case when bool_and(value_status = 'reported') then {{ in_order('sum', 'value', 'measure_id') }} end as value,
        {{ worst_status('value_status') }} as value_status,
        bool_or(is_joint_return) as is_joint_return
    from parts
    group by la_code, year, sum_id, part_count
    having count(distinct measure_id) = part_count

)

select * from final
