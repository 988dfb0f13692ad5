{#- What one edition says of one authority, year and measure: the printed value, else numerator over denominator; for a
    rate, its count and the population of the same edition. -#}
with components as (

    select
        components.*,
        {{ name_without_code('components') }} as name_without_code
    from {{ ref('int_measures__edition_components') }} as components
    where {{ changed_measures('components.measure_id', with_parts=true) }}

),

measures as (

    select * from {{ ref('measure') }}

),

side_by_side as (

    select
        source,
        edition,
        level,
        unit_code,
        -- Some tables of an edition spell the name another way; the authority is its code.
        max(unit_name) as unit_name,
        measure_id,
        year,
        min(period_label) as period_label,
        max(value) filter (where component = 'value') as printed_value,
        max(value_status) filter (where component = 'value') as printed_status,
        max(value) filter (where component = 'numerator') as numerator,
        max(value_status) filter (where component = 'numerator') as numerator_status,
        max(value) filter (where component = 'denominator') as denominator,
        max(value_status) filter (where component = 'denominator') as denominator_status
    from components
    group by source, edition, level, unit_code, name_without_code, measure_id, year

),

printed as (

    select
        side_by_side.*,
        measures.unit,
        measures.numerator_measure,
        measures.denominator_measure
    from side_by_side
    inner join measures on side_by_side.measure_id = measures.measure_id

),

counts_and_populations as (

    select source, edition, level, unit_code, unit_name, measure_id, year, printed_value, printed_status, period_label
    from printed
    where unit not in ('per_10k', 'pct')

),

-- Rates and ratios that an edition does not print but whose two counts it does.
unprinted_ratios as (

    select
        counts.source,
        counts.edition,
        counts.level,
        counts.unit_code,
        counts.unit_name,
        measures.measure_id,
        counts.year,
        counts.period_label,
        cast(null as double) as printed_value,
        cast(null as string) as printed_status,
        counts.printed_value as numerator,
        counts.printed_status as numerator_status,
        populations.printed_value as denominator,
        populations.printed_status as denominator_status,
        measures.unit,
        measures.numerator_measure,
        measures.denominator_measure
    from measures
    inner join counts_and_populations as counts on measures.numerator_measure = counts.measure_id
    inner join counts_and_populations as populations
        on
            measures.denominator_measure = populations.measure_id
            and {{ same_area_and_year('counts', 'populations') }}
    anti join printed
        on
            measures.measure_id = printed.measure_id
            and {{ same_area_and_year('counts', 'printed') }}

),

-- A printed rate carries its count, and the population of its own edition; failing that, the one it implies.
with_counts as (

    select
        {{ all_but('printed', ['numerator', 'numerator_status', 'denominator', 'denominator_status']) }},
        coalesce(printed.numerator, counts.printed_value) as numerator,
        coalesce(printed.numerator_status, counts.printed_status) as numerator_status,
        coalesce(
            printed.denominator,
            populations.printed_value,
            case
                when printed.unit = 'per_10k' and printed.printed_value > 0
                    then round(counts.printed_value / printed.printed_value * 10000)
            end
        ) as denominator,
        coalesce(printed.denominator_status, populations.printed_status) as denominator_status
    from printed
    left join counts_and_populations as counts
        on
            printed.numerator_measure = counts.measure_id
            and {{ same_area_and_year('printed', 'counts') }}
    left join counts_and_populations as populations
        on
            printed.denominator_measure = populations.measure_id
            and {{ same_area_and_year('printed', 'populations') }}

),

together as (

    select
        source, edition, level, unit_code, unit_name, measure_id, year, period_label,
        printed_value, printed_status, unit, numerator, numerator_status, denominator, denominator_status
    from with_counts
    union all
    select
        source, edition, level, unit_code, unit_name, measure_id, year, period_label,
        printed_value, printed_status, unit, numerator, numerator_status, denominator, denominator_status
    from unprinted_ratios

),

final as (

    select
        source,
        edition,
        level,
        unit_code,
        unit_name,
        measure_id,
        year,
        period_label,
        -- A ratio with nothing below the line does not apply: neither the 0 % that some print nor an infinite one.
        case
            when unit in ('per_10k', 'pct') and denominator = 0 then null
            when printed_status is not null then printed_value
            when denominator > 0 then {{ unit_scale('unit') }} * numerator / denominator
        end as value,
        case
            when unit in ('per_10k', 'pct') and denominator = 0 and coalesce(printed_status, 'reported') = 'reported'
                then 'not_applicable'
            when printed_status is not null then printed_status
            when denominator > 0 and numerator is not null then 'reported'
            when denominator = 0 then 'not_applicable'
            when coalesce(numerator_status, 'reported') <> 'reported' then numerator_status
            when coalesce(denominator_status, 'reported') <> 'reported' then denominator_status
            else 'unavailable'
        end as value_status,
        numerator,
        denominator,
        printed_status is null as is_computed
    from together
    where {{ changed_measures('measure_id') }}

)

select * from final
