{#- Authorities united on stable footprints: counts are summed, ratios recomputed from what is above and below the
    line, other figures do not apply where more than one authority is united. Nothing is ever split. -#}
with la_years as (

    select * from {{ ref('int_measures__la_year') }}

),

published as (

    select * from {{ ref('int_measures__published') }}

),

footprints as (

    select * from {{ ref('dim_footprint') }}

),

measures as (

    select * from {{ ref('measure') }}

),

members as (

    select
        footprints.policy,
        footprints.footprint_code,
        la_years.*,
        -- A joint return appears under each member and counts once.
        row_number() over (
            partition by
                footprints.policy, footprints.footprint_code, la_years.year, la_years.measure_id,
                coalesce(case when la_years.is_joint_return then published.reporting_unit_code end, la_years.la_code)
            order by la_years.la_code
        ) = 1 as is_counted
    from la_years
    inner join footprints
        on
            la_years.la_code = footprints.la_code
            and {{ existed_in('footprints.valid_from', 'footprints.valid_to', 'la_years.year') }}
    left join published
        on {{ same_figure('la_years', 'published') }}

),

united as (

    select
        members.policy,
        members.footprint_code,
        members.year,
        members.measure_id,
        measures.unit,
        count(*) filter (where members.is_counted) as unit_count,
        count(*) as authority_count,
        case
            when bool_and(members.value is not null)
                then {{ exact_sum('members.value', 'members.is_counted') }}
        end as summed_value,
        {{ worst_status('members.value_status') }} as worst_status,
        min(members.value_status) as any_status,
        case
            when bool_and(members.numerator is not null)
                then {{ exact_sum('members.numerator', 'members.is_counted') }}
        end as numerator,
        case
            when bool_and(members.denominator is not null)
                then {{ exact_sum('members.denominator', 'members.is_counted') }}
        end as denominator
    from members
    inner join measures on members.measure_id = measures.measure_id
    group by members.policy, members.footprint_code, members.year, members.measure_id, measures.unit

),

final as (

    select
        policy,
        footprint_code,
        cast(year as integer) as year,
        measure_id,
        case
            when unit_count = 1 or unit in ('count', 'gbp', 'fte') then summed_value
            when denominator > 0 then {{ unit_scale('unit') }} * numerator / denominator
        end as value,
        case
            when unit_count = 1 or unit in ('count', 'gbp', 'fte') then coalesce(worst_status, any_status)
            when denominator > 0 and numerator is not null then 'reported'
            when worst_status <> 'reported' then worst_status
            else 'not_applicable'
        end as value_status,
        numerator,
        denominator,
        cast(authority_count as integer) as authority_count
    from united

)

select * from final
