{#- Parts that a publisher prints apart (bands, reasons) are summed; one part that is not a number leaves none. -#}
with mapped_cells as (

    select * from {{ ref('int_measures__mapped_cells') }} where {{ changed_measures('measure_id') }}

),

final as (

    select
        source,
        edition,
        level,
        unit_code,
        unit_ons_code,
        unit_name,
        measure_id,
        year,
        component,
        min(period_label) as period_label,
        case
            when bool_and(value_status = 'reported')
                then {{ exact_sum('value * unit_factor') }}
        end as value,
        {{ worst_status('value_status') }} as value_status,
        count(*) as cell_count
    from mapped_cells
    where year is not null
    group by source, edition, level, unit_code, unit_ons_code, unit_name, measure_id, year, component

)

select * from final
