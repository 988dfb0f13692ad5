{#- What is compared with what. Only figures that were reported are ranked or go into a median, and a joint return counts
    once. Figures that grow with the size of an authority (counts, pounds, staff) have no rank and no median. -#}
with la_years as (

    select * from {{ ref('fct_la_year_measure') }} where {{ changed_measures('measure_id') }}

),

published as (

    select * from {{ ref('int_measures__published') }} where {{ changed_measures('measure_id') }}

),

measures as (

    select * from {{ ref('dim_measure') }}

),

authorities as (

    select * from {{ ref('dim_local_authority') }}

),

areas as (

    select * from {{ ref('fct_area_year_measure') }} where {{ changed_measures('measure_id') }}

),

neighbours as (

    select * from {{ ref('dim_statistical_neighbour_edition') }}

),

breaks as (

    select measure_id, year from {{ ref('dim_measure_break') }} where not is_comparable

),

printed_years as (

    select distinct measure_id, year
    from la_years
    where value_status = 'reported'

),

-- A figure is not the one of five years before where the series has become another between them.
newest_breaks as (

    select
        printed_years.measure_id,
        printed_years.year,
        max(breaks.year) as series_break_year
    from printed_years
    inner join breaks
        on
            printed_years.measure_id = breaks.measure_id
            and breaks.year between printed_years.year - 4 and printed_years.year
    group by printed_years.measure_id, printed_years.year

),

figures as (

    -- Only what is asked of them: every ordering below carries all its columns.
    select
        la_years.la_code,
        la_years.year,
        la_years.measure_id,
        la_years.value,
        la_years.value_status,
        la_years.is_secondary,
        la_years.is_joint_return,
        authorities.region_name,
        measures.better_when,
        measures.unit in ('per_10k', 'pct', 'ratio', 'score') as is_ranked,
        -- The place in the order: the smaller, the better; where neither way is better, the higher first.
        case measures.better_when when 'lower' then la_years.value else -la_years.value end as place,
        coalesce(case when la_years.is_joint_return then published.reporting_unit_code end, la_years.la_code) as return_code
    from la_years
    inner join printed_years
        on la_years.measure_id = printed_years.measure_id and la_years.year = printed_years.year
    inner join authorities on la_years.la_code = authorities.la_code
    inner join measures on la_years.measure_id = measures.measure_id
    left join published
        on {{ same_figure('la_years', 'published') }}

),

-- Few returns are joint, and only they are put in order.
members_of_a_return as (

    select
        la_code,
        year,
        measure_id,
        row_number() over (
            partition by measure_id, year, return_code
            order by value_status = 'reported' desc, la_code asc
        ) as member_number
    from figures
    where return_code in (select joint.return_code from figures as joint where joint.is_joint_return)

),

counted as (

    select
        figures.*,
        figures.value_status = 'reported' and coalesce(members_of_a_return.member_number, 1) = 1 as is_counted
    from figures
    left join members_of_a_return
        on {{ same_figure('figures', 'members_of_a_return') }}

),

-- Better than this one: every counted figure of the groups of equals before it.
ranks as (

    select
        la_code,
        year,
        measure_id,
        rank() over (partition by measure_id, year order by place) as rank_in_england,
        rank() over (partition by measure_id, year, region_name order by place) as rank_in_region
    from counted
    where is_counted and is_ranked
    union all
    -- The other half of a joint return is not counted, and has a rank among those that are.
    select
        other_halves.la_code,
        other_halves.year,
        other_halves.measure_id,
        1 + count(*) filter (where counted.place < other_halves.place) as rank_in_england,
        1 + count(*) filter (
            where counted.place < other_halves.place and counted.region_name = other_halves.region_name
        ) as rank_in_region
    from counted as other_halves
    inner join counted
        on other_halves.measure_id = counted.measure_id and other_halves.year = counted.year and counted.is_counted
    where other_halves.value_status = 'reported' and not other_halves.is_counted and other_halves.is_ranked
    group by other_halves.la_code, other_halves.year, other_halves.measure_id

),

england as (

    select
        measure_id,
        year,
        {{ quartile_cuts('place') }},
        median(value) as median_value,
        count(*) as figures
    from counted
    where is_counted
    group by measure_id, year

),

regions as (

    select
        measure_id,
        year,
        region_name,
        {{ quartile_cuts('place') }},
        median(value) as median_value,
        count(*) as figures
    from counted
    where is_counted
    group by measure_id, year, region_name

),

-- The neighbours in force in a year: of the newest edition of that year or before it; where an authority is in none of
-- those, or the year lies before the first, of the next edition that has it.
editions as (

    select distinct la_code, edition, cast(left(edition, 4) as integer) as edition_year
    from neighbours

),

editions_in_force as (

    select
        la_years_in_figures.la_code,
        la_years_in_figures.year,
        editions.edition
    from (select distinct la_code, year from figures) as la_years_in_figures
    inner join editions on la_years_in_figures.la_code = editions.la_code
    qualify
        row_number() over (
            partition by la_years_in_figures.la_code, la_years_in_figures.year
            order by
                editions.edition_year > la_years_in_figures.year,
                abs(la_years_in_figures.year - editions.edition_year),
                {{ revision_number('editions.edition') }} desc
        ) = 1

),

-- An authority is among its neighbours itself, as the first.
members as (

    select
        editions_in_force.la_code,
        editions_in_force.year,
        editions_in_force.edition,
        neighbours.neighbour_la_code as member_code
    from editions_in_force
    inner join neighbours
        on editions_in_force.la_code = neighbours.la_code and editions_in_force.edition = neighbours.edition
    union all
    select la_code, year, edition, la_code as member_code
    from editions_in_force

),

-- The other half of a joint return that an authority, or a neighbour of its, already stands for.
counted_twice as (

    select
        members.la_code,
        members.year,
        counted.measure_id,
        members.member_code
    from members
    inner join counted on members.member_code = counted.la_code and members.year = counted.year
    where counted.is_joint_return and counted.value_status = 'reported'
    qualify
        row_number() over (
            partition by members.la_code, members.year, counted.measure_id, counted.return_code
            order by members.member_code <> members.la_code, members.member_code
        ) > 1

),

member_figures as (

    select
        members.la_code,
        members.year,
        counted.measure_id,
        members.member_code = members.la_code as is_itself,
        -- What is not ranked is counted, and nothing more: half of the work is in the medians.
        case when counted.is_ranked then counted.place end as place,
        case when counted.is_ranked then counted.value end as ranked_value
    from members
    inner join counted on members.member_code = counted.la_code and members.year = counted.year
    anti join counted_twice
        on
            members.la_code = counted_twice.la_code
            and members.year = counted_twice.year
            and members.member_code = counted_twice.member_code
            and counted.measure_id = counted_twice.measure_id
    where counted.value_status = 'reported'

),

among_neighbours as (

    select
        la_code,
        year,
        measure_id,
        count(*) filter (where not is_itself) as neighbour_count,
        median(ranked_value) filter (where not is_itself) as neighbour_median,
        -- The first of its equals in this list is as far from the start as it has figures before it.
        array_sort(array_agg(place) filter (where place is not null)) as places,
        {{ quartile_cuts('place') }},
        count(*) as figures
    from member_figures
    group by la_code, year, measure_id

),

final as (

    select
        counted.la_code,
        counted.year,
        counted.measure_id,
        counted.value,
        counted.value_status,
        counted.is_secondary,
        counted.is_joint_return,
        counted.better_when,
        counted.region_name,
        national.value as england_value,
        case when counted.is_ranked then england.median_value end as england_median,
        regional.value as region_value,
        case when counted.is_ranked then regions.median_value end as region_median,
        case when counted.is_ranked then among_neighbours.neighbour_median end as neighbour_median,
        cast(coalesce(england.figures, 0) as integer) as authorities_in_england,
        cast(coalesce(regions.figures, 0) as integer) as authorities_in_region,
        cast(coalesce(among_neighbours.neighbour_count, 0) as integer) as neighbour_count,
        editions_in_force.edition as neighbour_edition,
        {% set is_ranked = "counted.is_ranked and counted.value_status = 'reported'" %}
        case when {{ is_ranked }} then cast(ranks.rank_in_england as integer) end as rank_in_england,
        case when {{ is_ranked }} then {{ quartile_of('counted.place', 'england') }} end as quartile_in_england,
        case when {{ is_ranked }} then cast(ranks.rank_in_region as integer) end as rank_in_region,
        case when {{ is_ranked }} then {{ quartile_of('counted.place', 'regions') }} end as quartile_in_region,
        case
            when {{ is_ranked }} and among_neighbours.neighbour_count > 0
                then cast(array_position(among_neighbours.places, counted.place) as integer)
        end as rank_among_neighbours,
        case
            when {{ is_ranked }} then {{ quartile_of('counted.place', 'among_neighbours') }}
        end as quartile_among_neighbours,
        case
            when newest_breaks.series_break_year is null or newest_breaks.series_break_year < counted.year
                then round(counted.value - a_year_before.value, 6)
        end as change_1_year,
        case
            when newest_breaks.series_break_year is null
                then round(counted.value - five_years_before.value, 6)
        end as change_5_years,
        cast(newest_breaks.series_break_year as integer) as series_break_year
    from counted
    left join ranks
        on {{ same_figure('counted', 'ranks') }}
    left join newest_breaks on counted.measure_id = newest_breaks.measure_id and counted.year = newest_breaks.year
    left join england on counted.measure_id = england.measure_id and counted.year = england.year
    left join regions
        on
            counted.measure_id = regions.measure_id
            and counted.year = regions.year
            and counted.region_name = regions.region_name
    left join among_neighbours
        on {{ same_figure('counted', 'among_neighbours') }}
    left join editions_in_force on counted.la_code = editions_in_force.la_code and counted.year = editions_in_force.year
    left join areas as national
        on
            counted.measure_id = national.measure_id
            and counted.year = national.year
            and national.area_level = 'national'
    left join areas as regional
        on
            counted.measure_id = regional.measure_id
            and counted.year = regional.year
            and regional.area_level = 'regional'
            and counted.region_name = regional.area_name
    left join la_years as a_year_before
        on
            counted.la_code = a_year_before.la_code
            and counted.measure_id = a_year_before.measure_id
            and counted.year = a_year_before.year + 1
    left join la_years as five_years_before
        on
            counted.la_code = five_years_before.la_code
            and counted.measure_id = five_years_before.measure_id
            and counted.year = five_years_before.year + 5

)

select * from final
order by measure_id, year, la_code
