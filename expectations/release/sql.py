"""The queries of the release checks' frames; see :mod:`expectations.release.frames`."""

from __future__ import annotations

from expectations.sql import TINY

#: Authorities that existed on the last day of a reporting year.
_EXISTING = """
    select la_code, la_name, valid_from, valid_to,
        coalesce(valid_from, date '1900-01-01') as first_day, coalesce(valid_to, date '2999-01-01') as last_day
    from marts.dim_local_authority
"""

FIGURES = """
    select f.la_code, f.year, f.measure_id, f.value, f.value_status, f.source, f.edition, m.unit, m.lowest,
        -- A hundredth is rounding.
        m.highest + case when m.unit = 'pct' then 0.01 else 0 end as highest
    from marts.fct_la_year_measure as f inner join seeds.measure as m using (measure_id)
    order by f.measure_id, f.year, f.la_code
"""

MEDIANS = f"""
    with large as (
        select f.measure_id, f.year, m.unit, count(*) as authorities, median(f.value) as median
        from marts.fct_la_year_measure as f inner join seeds.measure as m using (measure_id)
        where f.value is not null and f.la_code not in {TINY}
        group by all
    ),
    beside as (
        select now.*, before.median as median_before,
            case when now.unit in ('count', 'gbp', 'fte', 'per_10k', 'ratio')
                    and least(now.authorities, before.authorities) >= 20 and least(now.median, before.median) > 0
                then greatest(now.median / before.median, before.median / now.median) end as median_fold,
            next.median as median_next, earlier.median as median_earlier
        from large as now
        left join large as before on now.measure_id = before.measure_id and now.year = before.year + 1
        left join large as next on now.measure_id = next.measure_id and now.year = next.year - 1
        left join large as earlier on now.measure_id = earlier.measure_id and now.year = earlier.year + 2
    )
    select measure_id, year, unit, authorities, median_before, median, median_fold,
        -- Of the two years that differ, the odd one is that which its other neighbour does not resemble either.
        case
            when abs(ln(median_next / median_before)) < abs(ln(median_next / median)) then year
            when abs(ln(median_earlier / median)) < abs(ln(median_earlier / median_before)) then year - 1
            else year
        end as odd_year
    from (
        select measure_id, year, unit, authorities, median_fold,
            nullif(median, 0) as median, nullif(median_before, 0) as median_before,
            case when median_next > 0 then median_next end as median_next,
            case when median_earlier > 0 then median_earlier end as median_earlier
        from beside
    )
    order by measure_id, year
"""

YEARS = f"""
    with existing as ({_EXISTING}),
    years as (
        select year, count(distinct la_code) as authorities, count(distinct measure_id) as measures,
            count(distinct (la_code, measure_id)) as places
        from marts.fct_la_year_measure group by year
    )
    select years.year, years.authorities, years.places, years.authorities * years.measures as places_expected,
        (
            select count(*) from existing where make_date(years.year, 3, 31) between first_day and last_day
        ) as authorities_in_existence
    from years order by years.year
"""

ENGLAND = f"""
    with existing as ({_EXISTING}),
    printed as (
        select v.source, v.edition, v.measure_id, v.year, m.unit, v.unit_code, v.unit_name, v.la_code,
            v.reporting_unit_code, v.is_joint_return, v.value, v.value_status
        from intermediate.int_measures__la_values as v inner join seeds.measure as m using (measure_id)
        where m.unit in ('count', 'gbp', 'fte')
    ),
    -- A joint return appears under each of its authorities.
    one_each as (
        select source, edition, measure_id, year, unit, unit_code, unit_name, min(reporting_unit_code) as return_code,
            bool_or(is_joint_return) as is_joint, any_value(value) as value, any_value(value_status) as value_status,
            bool_or(existing.la_code is not null) as exists_then
        from printed
        left join existing
            on printed.la_code = existing.la_code
                and make_date(cast(year as integer), 3, 31) between first_day and last_day
        group by all
    ),
    -- Printed under both of its authorities, it counts once.
    numbers as (
        select source, edition, measure_id, year, unit, value, bool_or(is_joint) as is_joint
        from one_each
        where value is not null
        group by source, edition, measure_id, year, unit, value, case when is_joint then return_code end,
            case when not is_joint then unit_code || unit_name end
    ),
    summed as (
        select source, edition, measure_id, year, unit, sum(value) as authorities_sum, count(*) as authorities,
            count(*) filter (where is_joint) as joint_returns,
            -- The publisher's rounding shows in the figures themselves.
            case when unit = 'fte' then 0.1 when bool_and(value % 100 = 0) then 100
                when bool_and(value % 10 = 0) then 10 when bool_and(value % 5 = 0) then 5 else 1 end as rounded_to
        from numbers group by source, edition, measure_id, year, unit
    ),
    -- An authority of that year without a number: of any other status, or, where its like is at times left out by
    -- publishers (abolished since, or too small), without a row.
    silent as (
        select source, edition, measure_id, year, unit_name || ': ' || value_status as who
        from one_each where value is null and exists_then
        union all
        select summed.source, summed.edition, summed.measure_id, summed.year, existing.la_name || ': no row'
        from summed
        inner join existing on make_date(cast(summed.year as integer), 3, 31) between first_day and last_day
        anti join printed
            on summed.source = printed.source and summed.edition = printed.edition
                and summed.measure_id = printed.measure_id and summed.year = printed.year
                and existing.la_code = printed.la_code
        where existing.valid_to is not null or existing.la_code in {TINY}
    ),
    counted as (
        select source, edition, measure_id, year, count(*) as not_numbers, list(who order by who) as who
        from silent group by all
    ),
    country as (
        select source, edition, measure_id, year, max(value) as england
        from intermediate.int_measures__edition_values
        where level = 'national' and value is not null
        group by all
    ),
    compared as (
        select *, 0.5 * (authorities * rounded_to
                + case when england % 1000 = 0 then 1000 when england % 100 = 0 then 100 when england % 10 = 0 then 10
                    else 1 end) + 1 as rounding
        from summed inner join country using (source, edition, measure_id, year)
        where authorities >= 100
    )
    select source, edition, measure_id, year, england, authorities_sum, authorities, joint_returns,
        coalesce(not_numbers, 0) as not_numbers, coalesce(array_to_string(who[:5], ', '), '') as who,
        cast(rounding as double) as rounding, cast(authorities_sum - rounding as double) as lowest,
        cast(authorities_sum + rounding as double) as highest,
        cast(greatest(0, england - authorities_sum - rounding, authorities_sum - rounding - england) as double)
            as unexplained
    from compared left join counted using (source, edition, measure_id, year)
    order by source, edition, measure_id, year
"""

CHANGES = f"""
    with pair as (
        select f.la_code, f.year, f.measure_id, m.unit, f.value, b.value as value_before, f.source, f.edition,
            greatest(f.value / nullif(b.value, 0), b.value / nullif(f.value, 0)) as fold,
            abs(f.value - b.value) as points
        from marts.fct_la_year_measure as f
        inner join marts.fct_la_year_measure as b
            on f.la_code = b.la_code and f.measure_id = b.measure_id and f.year = b.year + 1
        inner join seeds.measure as m on f.measure_id = m.measure_id
        where f.value is not null and b.value is not null and f.la_code not in {TINY}
    )
    select la_code, year, measure_id, unit, value_before, value, source, edition,
        case when unit in ('count', 'per_10k', 'fte', 'ratio') and greatest(value, value_before) >= 100
            then fold end as fold,
        case when unit = 'gbp' and greatest(value, value_before) >= 1000000 then fold end as fold_of_money,
        case when unit = 'pct' then points end as points
    from pair
    where (unit <> 'pct' and fold >= 3) or (unit = 'pct' and points >= 30)
    order by measure_id, year, la_code
"""

EDITION_CHANGES = f"""
    select r.area_level, r.area_code, r.measure_id, r.year, r.previous_source, r.previous_edition, r.previous_value,
        r.source, r.edition, r.value, abs(r.relative_change) * 100 as change_pct
    from audit.rpt_edition_changes as r
    inner join seeds.measure as m on r.measure_id = m.measure_id
    where abs(r.relative_change) >= 0.1 and r.area_code not in {TINY}
        and m.unit in ('count', 'gbp', 'fte', 'per_10k') and greatest(r.value, r.previous_value) >= 100
    order by all
"""

EDITION_PAIRS = f"""
    select r.measure_id, r.source, r.edition, r.previous_source, r.previous_edition, count(*) as changed,
        case when count(*) >= 20 then
            median(greatest(r.value / nullif(r.previous_value, 0), r.previous_value / nullif(r.value, 0)))
        end as median_fold
    from audit.rpt_edition_changes as r
    where r.value > 0 and r.previous_value > 0 and r.area_code not in {TINY}
    group by all order by all
"""

SPENDING = f"""
    select s.la_code, d.la_name, s.year, s.gbp_nominal, s.gbp_nominal_per_child as gbp_per_child,
        s.source, s.edition
    from marts.fct_la_year_spend as s inner join marts.dim_local_authority as d using (la_code)
    where s.source not like 'mhclg%'
        and s.spend_group = 'total' and s.gross_or_net = 'gross' and s.la_code not in {TINY} and s.year >= 2010
    order by s.la_code, s.year
"""

INSPECTIONS = """
    select inspection_id, la_code, framework, publication_date, overall_judgement, outcome_group, source, edition,
        year(publication_date) as publication_year,
        date_diff('day', inspection_date, publication_date) as days_to_publication,
        is_first_in_framework, year_by_publication,
        year(publication_date) + case when month(publication_date) > 3 then 1 else 0 end as reporting_year
    from marts.fct_inspection order by inspection_id
"""

PREVIOUS = """
    with now as (
        select measure_id, la_code, year, value from marts.fct_la_year_measure where value is not null
    ),
    before as (
        select measure_id, la_code, year, value from before.marts.fct_la_year_measure where value is not null
    )
    select measure_id, count(before.value) as values_before, count(now.value) as values_now,
        case when count(before.value) >= 20 then
            100.0 * count(*) filter (where before.value is not null and now.value is null) / count(before.value)
        end as lost_pct,
        case when count(before.value) >= 20 then
            100.0 * count(*) filter (where abs(now.value - before.value) > 0.1 * abs(before.value))
                / count(before.value)
        end as changed_pct
    from before full join now using (measure_id, la_code, year)
    group by measure_id order by measure_id
"""

FRAMES = {
    "figures": FIGURES,
    "medians": MEDIANS,
    "years": YEARS,
    "england": ENGLAND,
    "changes": CHANGES,
    "edition_changes": EDITION_CHANGES,
    "edition_pairs": EDITION_PAIRS,
    "spending": SPENDING,
    "inspections": INSPECTIONS,
    "previous": PREVIOUS,
}
