"""Frames of the shop window: what the marts of the next warehouse say, at the grain of authority and year.

``measure``: a measure in a year. ``spine``: a year. ``national``: England's printed figure beside the sum of the
authorities of one source, edition and year. ``jump``: an authority's figure beside its own of the year before, where it
at least trebled, fell to a third or moved by 30 points. ``revision``: a figure that two editions print differently.
``edition_pair``: a measure in two editions, where they differ. ``spend``: an authority's total spending per child.
``inspection``: an inspection. ``previous``: a measure in the warehouse now published and in the next one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from expectations.landed import text
from expectations.profile import TINY

if TYPE_CHECKING:
    import pandas as pd

#: Relations that the frames read; one that is absent makes its frames empty, and the window says so.
NEEDED = {
    "measure": ("marts.fct_la_year_measure", "seeds.measure"),
    "spine": ("marts.fct_la_year_measure", "marts.dim_local_authority"),
    "national": ("intermediate.int_measures__edition_values", "seeds.measure"),
    "jump": ("marts.fct_la_year_measure", "seeds.measure"),
    "revision": ("audit.rpt_edition_changes", "seeds.measure"),
    "edition_pair": ("audit.rpt_edition_changes",),
    "spend": ("marts.fct_la_year_spend", "marts.dim_local_authority"),
    "inspection": ("marts.fct_inspection",),
    "previous": ("marts.fct_la_year_measure", "before.marts.fct_la_year_measure"),
}


def window_frames(database: Path, previous: Path | None) -> tuple[dict[str, pd.DataFrame], list[str], int]:
    """The frames, the relations that are missing, and the number of rows of the mart at authority, year and measure.

    Args:
        database: the warehouse that is to be published; opened for reading only.
        previous: the published one, where there is one.

    Raises:
        duckdb.Error: the database cannot be opened, for instance because a writer holds it.
    """
    with duckdb.connect(str(database), read_only=True) as c:
        c.execute("set threads = 2")
        if previous is not None and previous.exists():
            c.execute(f"attach {text(str(previous))} as before (read_only)")
        there = {
            (db, schema, name)
            for db, schema, name in c.execute(
                "select database_name, schema_name, table_name from duckdb_tables() "
                "union all select database_name, schema_name, view_name from duckdb_views()"
            ).fetchall()
        }
        main = c.execute("select current_database()").fetchall()[0][0]
        frames: dict[str, pd.DataFrame] = {}
        missing: list[str] = []
        for name, relations in NEEDED.items():
            absent = [r for r in relations if _full_name(r, main) not in there]
            if absent:
                missing += [r for r in absent if not r.startswith("before.")]
                continue
            frames[name] = c.execute(_FRAMES[name]).df()
        rows = 0
        if "measure" in frames:
            rows = c.execute("select count(*) from marts.fct_la_year_measure").fetchall()[0][0]
    return frames, sorted(set(missing)), rows


def _full_name(relation: str, main: str) -> tuple[str, str, str]:
    parts = relation.split(".")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else (main, parts[0], parts[1])


_FRAMES = {
    "measure": f"""
        with told as (
            select f.measure_id, f.year, m.unit, count(f.value) as values,
                count(*) filter (where f.value < m.lowest) as too_low,
                -- A hundredth is rounding.
                count(*) filter (where f.value > m.highest + case when m.unit = 'pct' then 0.01 else 0 end) as too_high,
                count(*) filter (where not isfinite(f.value)) as not_finite,
                count(*) filter (where (f.value is not null) <> (f.value_status = 'reported')) as status_differs,
                median(f.value) filter (where f.la_code not in {TINY}) as median,
                count(f.value) filter (where f.la_code not in {TINY}) as large
            from marts.fct_la_year_measure as f inner join seeds.measure as m using (measure_id)
            group by all
        )
        select now.*, before.median as median_before,
            case when now.unit in ('count', 'gbp', 'fte', 'per_10k', 'ratio') and least(now.large, before.large) >= 20
                    and least(now.median, before.median) > 0
                then greatest(now.median / before.median, before.median / now.median) end as median_fold
        from told as now
        left join told as before on now.measure_id = before.measure_id and now.year = before.year + 1
        order by now.measure_id, now.year
    """,
    "spine": """
        with years as (
            select year, count(*) as rows, count(distinct la_code) as authorities,
                count(distinct measure_id) as measures, count(distinct (la_code, measure_id)) as places
            from marts.fct_la_year_measure group by year
        )
        select years.year, years.authorities, years.rows - years.places as duplicated_rows,
            years.authorities * years.measures - years.places as missing_rows,
            years.authorities - (
                select count(*) from marts.dim_local_authority as d
                where coalesce(d.valid_from, date '1900-01-01') <= make_date(years.year, 3, 31)
                    and coalesce(d.valid_to, date '2999-01-01') >= make_date(years.year, 3, 31)
            ) as authorities_too_many
        from years order by years.year
    """,
    "national": """
        with figure as (
            select v.source, v.edition, v.level, v.measure_id, v.year, v.value, v.value_status, m.unit
            from intermediate.int_measures__edition_values as v inner join seeds.measure as m using (measure_id)
            where m.unit in ('count', 'gbp', 'fte') and v.level in ('la', 'national')
        ),
        summed as (
            select source, edition, measure_id, year, any_value(unit) as unit, sum(value) as sum_of_authorities,
                count(value) as reported, count(*) filter (where value_status = 'suppressed') as suppressed,
                count(*) filter (
                    where value is null and value_status not in ('suppressed', 'not_applicable', 'rounds_to_zero')
                ) as silent,
                quantile_cont(value, 0.95) as large_authority, max(value) as largest_authority,
                -- The publisher's rounding shows in the figures themselves.
                case when bool_and(value % 100 = 0) then 100 when bool_and(value % 10 = 0) then 10
                    when bool_and(value % 5 = 0) then 5 else 1 end as rounded_to
            from figure where level = 'la' group by source, edition, measure_id, year
        ),
        england as (
            select source, edition, measure_id, year, max(value) as england
            from figure where level = 'national' and value is not null group by all
        ),
        compared as (
            select *, england - sum_of_authorities as difference,
                0.5 * (reported * case when unit = 'fte' then 0.1 else rounded_to end
                    + case when england % 1000 = 0 then 1000 when england % 100 = 0 then 100
                        when england % 10 = 0 then 10 else 1 end) + 1 as rounding,
                -- A suppressed figure may be small, or a large one that would give a small one away; the country's
                -- figure holds an estimate for an authority that sent nothing, and that may be the largest of all.
                suppressed * greatest(5, large_authority) + silent * greatest(5, largest_authority) as untold
            from summed inner join england using (source, edition, measure_id, year)
            where reported >= 100
        )
        select source, edition, measure_id, year, england, sum_of_authorities, difference, reported, suppressed, silent,
            rounding, untold, greatest(0, difference - rounding - untold, -rounding - difference) as unexplained
        from compared order by all
    """,
    "jump": f"""
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
    """,
    "revision": f"""
        select r.area_level, r.area_code, r.measure_id, r.year, r.previous_source, r.previous_edition, r.previous_value,
            r.source, r.edition, r.value, abs(r.relative_change) * 100 as change_pct
        from audit.rpt_edition_changes as r
        inner join seeds.measure as m on r.measure_id = m.measure_id
        where abs(r.relative_change) >= 0.1 and r.area_code not in {TINY}
            and m.unit in ('count', 'gbp', 'fte', 'per_10k') and greatest(r.value, r.previous_value) >= 100
        order by all
    """,
    "edition_pair": f"""
        select r.measure_id, r.source, r.edition, r.previous_source, r.previous_edition, count(*) as changed,
            case when count(*) >= 20 then
                median(greatest(r.value / nullif(r.previous_value, 0), r.previous_value / nullif(r.value, 0)))
            end as median_fold
        from audit.rpt_edition_changes as r
        where r.value > 0 and r.previous_value > 0 and r.area_code not in {TINY}
        group by all order by all
    """,
    "spend": f"""
        select s.la_code, d.la_name, s.year, s.gbp_nominal, any_value(s.gbp_nominal_per_child) as gbp_per_child,
            s.source, s.edition
        from marts.fct_la_year_spend as s inner join marts.dim_local_authority as d using (la_code)
        where s.source not like 'mhclg%'
            and s.spend_group = 'total' and s.gross_or_net = 'gross' and s.la_code not in {TINY} and s.year >= 2010
        group by all order by s.la_code, s.year
    """,
    "inspection": """
        select inspection_id, la_code, framework, publication_date, overall_judgement,
            year(publication_date) as publication_year,
            date_diff('day', inspection_date, publication_date) as days_to_publication,
            case when outcome_group is distinct from case
                when overall_judgement in (1, 2) then 'good_or_outstanding' when overall_judgement = 3
                then 'requires_improvement' when overall_judgement = 4 then 'inadequate' end then 1 else 0
            end as outcome_differs,
            case when is_first_in_framework then
                count(*) filter (where is_first_in_framework) over (partition by la_code, framework) end as firsts,
            case when year_by_publication is distinct from
                year(publication_date) + case when month(publication_date) > 3 then 1 else 0 end then 1 else 0
            end as year_differs
        from marts.fct_inspection order by inspection_id
    """,
    "previous": """
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
    """,
}
