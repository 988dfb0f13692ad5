{#- Of what a measure is made: the parts of a sum, and both sides of a ratio. -#}
with measures as (

    select * from {{ ref('measure') }}

),

final as (

    select measures.measure_id, sum_parts.part_id
    from measures
    cross join lateral unnest({{ parts_of('measures.sum_of', ' + ') }}) as sum_parts (part_id)
    where measures.sum_of is not null
    union
    select measure_id, numerator_measure as part_id
    from measures
    where numerator_measure is not null
    union
    select measure_id, denominator_measure as part_id
    from measures
    where numerator_measure is not null and denominator_measure is not null

)

select * from final
