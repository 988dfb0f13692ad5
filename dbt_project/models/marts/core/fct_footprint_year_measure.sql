{#- Authorities united on stable footprints: counts are summed, ratios recomputed from what is above and below the
    line, other figures do not apply where more than one authority is united. Nothing is ever split. -#}
with la_years as (

    select * from {{ ref('int_measures__la_year') }} where {{ changed_measures('measure_id') }}

),

published as (

    select * from {{ ref('int_measures__published') }} where {{ changed_measures('measure_id') }}

),

footprints as (

    select * from {{ ref('dim_footprint') }}

),

measures as (

    select * from {{ ref('measure') }}

),

years as (

    select distinct year from la_years

),

-- How many authorities a footprint has in a year: most are one, whose figures are theirs as they are.
footprint_years as (

    select
        footprints.policy,
        footprints.footprint_code,
        years.year,
        count(*) as authority_count
    from footprints
    inner join years
        on {{ existed_in('footprints.valid_from', 'footprints.valid_to', 'years.year') }}
    group by footprints.policy, footprints.footprint_code, years.year

),

footprint_members as (

    select
        footprints.policy,
        footprints.footprint_code,
        footprints.la_code,
        footprint_years.year,
        footprint_years.authority_count
    from footprints
    inner join footprint_years
        on footprints.policy = footprint_years.policy and footprints.footprint_code = footprint_years.footprint_code
    where {{ existed_in('footprints.valid_from', 'footprints.valid_to', 'footprint_years.year') }}

),

single as (

    select
        footprint_members.policy,
        footprint_members.footprint_code,
        la_years.year,
        la_years.measure_id,
        la_years.value,
        la_years.value_status,
        la_years.numerator,
        la_years.denominator,
        footprint_members.authority_count
    from la_years
    inner join footprint_members
        on la_years.la_code = footprint_members.la_code and la_years.year = footprint_members.year
    where footprint_members.authority_count = 1

),

members as (

    select
        footprint_members.policy,
        footprint_members.footprint_code,
        la_years.*
    from la_years
    inner join footprint_members
        on la_years.la_code = footprint_members.la_code and la_years.year = footprint_members.year
    where footprint_members.authority_count > 1

),

-- A joint return appears under each member and counts once: under the first. Few are joint, and only they are put in order.
members_of_a_return as (

    select
        members.policy,
        members.footprint_code,
        members.la_code,
        members.year,
        members.measure_id,
        row_number() over (
            partition by
                members.policy, members.footprint_code, members.year, members.measure_id,
                coalesce(published.reporting_unit_code, members.la_code)
            order by members.la_code
        ) as member_number
    from members
    left join published
        on {{ same_figure('members', 'published') }}
    where members.is_joint_return

),

counted as (

    select
        members.*,
        members_of_a_return.la_code is null as is_counted
    from members
    left join members_of_a_return
        on
            members.policy = members_of_a_return.policy
            and members.footprint_code = members_of_a_return.footprint_code
            and {{ same_figure('members', 'members_of_a_return') }}
            and members_of_a_return.member_number > 1

),

united as (

    select
        counted.policy,
        counted.footprint_code,
        counted.year,
        counted.measure_id,
        measures.unit,
        count(*) filter (where counted.is_counted) as unit_count,
        count(*) as authority_count,
        case
            when bool_and(counted.value is not null)
                then {{ exact_sum('counted.value', 'counted.is_counted') }}
        end as summed_value,
        {{ worst_status('counted.value_status') }} as worst_status,
        min(counted.value_status) as any_status,
        case
            when bool_and(counted.numerator is not null)
                then {{ exact_sum('counted.numerator', 'counted.is_counted') }}
        end as numerator,
        case
            when bool_and(counted.denominator is not null)
                then {{ exact_sum('counted.denominator', 'counted.is_counted') }}
        end as denominator
    from counted
    inner join measures on counted.measure_id = measures.measure_id
    group by counted.policy, counted.footprint_code, counted.year, counted.measure_id, measures.unit

),

figures as (

    select
        policy,
        footprint_code,
        year,
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
        authority_count
    from united
    union all
    select policy, footprint_code, year, measure_id, value, value_status, numerator, denominator, authority_count
    from single

),

final as (

    select
        policy,
        footprint_code,
        cast(year as integer) as year,
        measure_id,
        value,
        value_status,
        numerator,
        denominator,
        cast(authority_count as integer) as authority_count
    from figures

)

select * from final
