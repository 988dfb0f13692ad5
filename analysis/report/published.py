"""Everything the site shows, read from a published warehouse in a few large queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]
#: year -> (value, status)
Series = dict[int, tuple[float | None, str]]
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class KeyMeasures:
    """What an authority's page shows; ``key_measures.yml``."""

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    around_inspection: tuple[str, ...]
    spend: Mapping[str, str]
    """Group of spending to the measure that holds its pounds."""
    england: tuple[str, ...] = ()

    @property
    def all(self) -> list[str]:
        """Every measure shown with its figures, once."""
        return list(dict.fromkeys([*(m for _, ms in self.groups for m in ms), *self.around_inspection]))


def key_measures() -> KeyMeasures:
    """Read ``key_measures.yml``."""
    import yaml

    said = yaml.safe_load((HERE / "key_measures.yml").read_text(encoding="utf-8"))
    groups = tuple((g["title"], tuple(g["measures"])) for g in said["groups"])
    return KeyMeasures(groups, tuple(said["around_inspection"]), said["spend"], tuple(said["england"]))


def rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None) -> list[Row]:
    """The answer to a query, a mapping per row."""
    relation = con.execute(sql, parameters or [])
    names = [d[0] for d in relation.description or []]
    return [dict(zip(names, r, strict=True)) for r in relation.fetchall()]


@dataclass
class Published:
    """A published warehouse as the pages read it.

    Args:
        con: the warehouse, read-only.
    """

    con: duckdb.DuckDBPyConnection
    key: KeyMeasures = field(default_factory=key_measures)

    @cached_property
    def measures(self) -> dict[str, Row]:
        """Measure id to its line of the dictionary."""
        return {r["measure_id"]: r for r in rows(self.con, "select * from marts.dim_measure order by measure_id")}

    @cached_property
    def authorities(self) -> dict[str, Row]:
        """DfE code to the authority, by name."""
        return {
            r["la_code"]: r
            for r in rows(self.con, "select * from marts.dim_local_authority order by la_name, valid_from, la_code")
        }

    @cached_property
    def years(self) -> list[int]:
        """Reporting years of the warehouse."""
        return [
            r[0] for r in self.con.execute("select distinct year from marts.fct_la_year_measure order by 1").fetchall()
        ]

    @cached_property
    def values(self) -> dict[str, dict[str, Series]]:
        """DfE code, then measure, then year."""
        found: dict[str, dict[str, Series]] = defaultdict(lambda: defaultdict(dict))
        sql = "select la_code, measure_id, year, value, value_status from marts.fct_la_year_measure order by year"
        for la, measure, year, value, status in self.con.execute(sql).fetchall():
            found[la][measure][year] = (value, status)
        return found

    @cached_property
    def areas(self) -> dict[str, dict[str, Series]]:
        """England and its regions: name, then measure, then year."""
        found: dict[str, dict[str, Series]] = defaultdict(lambda: defaultdict(dict))
        sql = "select area_name, measure_id, year, value, value_status from marts.fct_area_year_measure"
        for area, measure, year, value, status in self.con.execute(sql).fetchall():
            found[area][measure][year] = (value, status)
        return found

    @cached_property
    def periods(self) -> dict[str, dict[int, str]]:
        """Measure, then year: the day or span that the publisher's figure is of, in words."""
        found: dict[str, dict[int, str]] = defaultdict(dict)
        sql = """
            select measure_id, year, mode(period_label) from marts.fct_la_year_measure
            where period_label is not null group by all order by all
        """
        for measure, year, label in self.con.execute(sql).fetchall():
            found[measure][year] = label
        return found

    @cached_property
    def breaks(self) -> dict[str, dict[int, str]]:
        """Measure, then the first year of figures that cannot be compared with those before: what changed."""
        found: dict[str, dict[int, str]] = defaultdict(dict)
        sql = """
            select measure_id, year, string_agg(what_changed, '; ' order by kind) from marts.dim_measure_break
            where not is_comparable group by all order by all
        """
        for measure, year, what in self.con.execute(sql).fetchall():
            found[measure][year] = what
        return found

    @cached_property
    def beside(self) -> dict[str, dict[str, dict[int, Row]]]:
        """DfE code, then key measure, then year: the figure beside England, the region and the neighbours."""
        found: dict[str, dict[str, dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
        sql = """
            select b.*, f.numerator, f.primary_status
            from marts.fct_la_year_benchmark as b
            inner join marts.fct_la_year_measure as f using (la_code, year, measure_id)
            where list_contains(?, b.measure_id)
        """
        for r in rows(self.con, sql, [self.key.all]):
            found[r["la_code"]][r["measure_id"]][r["year"]] = r
        return found

    @cached_property
    def summaries(self) -> dict[str, Row]:
        """DfE code to the authority's newest inspection, and when the next is likely."""
        return {r["la_code"]: r for r in rows(self.con, "select * from marts.fct_authority_summary")}

    @cached_property
    def other_names(self) -> dict[str, list[str]]:
        """DfE code to what else publishers and people call the authority."""
        found: dict[str, list[str]] = defaultdict(list)
        sql = (
            "select la_code, alias from seeds.la_alias union all select la_code, label from seeds.tile_map order by all"
        )
        for la, name in self.con.execute(sql).fetchall():
            found[la].append(name)
        return found

    @cached_property
    def tiles(self) -> dict[str, tuple[int, int, str]]:
        """DfE code to its square on the tile map: column, row, label."""
        sql = "select la_code, tile_column, tile_row, label from seeds.tile_map order by all"
        return {la: (column, row, label) for la, column, row, label in self.con.execute(sql).fetchall()}

    @cached_property
    def spread(self) -> dict[str, dict[int, Row]]:
        """Measure, then year: how the authorities are spread, and how many have no figure for which reason."""
        found: dict[str, dict[int, Row]] = defaultdict(dict)
        sql = """
            select
                measure_id, year, count(value) as n, count(*) as authorities,
                quantile_cont(value, 0.05) as p5, quantile_cont(value, 0.25) as q1, median(value) as median,
                quantile_cont(value, 0.75) as q3, quantile_cont(value, 0.95) as p95
            from marts.fct_la_year_measure
            group by measure_id, year
        """
        for r in rows(self.con, sql):
            found[r["measure_id"]][r["year"]] = {**r, "gaps": {}}
        gaps = """
            select measure_id, year, value_status, count(*) from marts.fct_la_year_measure
            where value is null group by all order by all
        """
        for measure, year, status, count in self.con.execute(gaps).fetchall():
            found[measure][year]["gaps"][status] = count
        return found

    @cached_property
    def latest(self) -> dict[tuple[str, int], list[tuple[Any, ...]]]:
        """Measure and the last year with a figure of it: code, name, value, numerator, denominator, by name."""
        found: dict[tuple[str, int], list[tuple[Any, ...]]] = defaultdict(list)
        sql = """
            with held as (select * from marts.fct_la_year_measure where value is not null),
            last_of as (select measure_id, max(year) as year from held group by measure_id)
            select f.measure_id, f.year, f.la_code, a.la_name, f.value, f.numerator, f.denominator
            from held as f inner join last_of using (measure_id, year)
            inner join marts.dim_local_authority as a using (la_code)
            order by a.la_name, f.la_code
        """
        for measure, year, *about in self.con.execute(sql).fetchall():
            found[measure, year].append(tuple(about))
        return found

    @cached_property
    def neighbours(self) -> dict[str, list[str]]:
        """DfE code to those of its statistical neighbours, nearest first."""
        found: dict[str, list[str]] = defaultdict(list)
        sql = "select la_code, neighbour_la_code from marts.dim_statistical_neighbour order by la_code, position"
        for la, other in self.con.execute(sql).fetchall():
            found[la].append(other)
        return found

    @cached_property
    def inspections(self) -> dict[str, list[Row]]:
        """DfE code to its inspections, oldest first."""
        found: dict[str, list[Row]] = defaultdict(list)
        sql = """
            select i.*, r.report_id, r.url as report_url
            from marts.fct_inspection as i
            left join (
                select inspection_id, min(report_id) as report_id, min(url) as url from marts.fct_report
                where inspection_id is not null group by inspection_id
            ) as r using (inspection_id)
            order by publication_date, inspection_id
        """
        for r in rows(self.con, sql):
            found[r["la_code"]].append(r)
        return found

    @cached_property
    def visits(self) -> dict[str, list[Row]]:
        """Authority to its visits without a grade, newest first."""
        found: dict[str, list[Row]] = defaultdict(list)
        sql = """
            select
                la_code, visit_kind, visit_date, visit_last_day, publication_date, theme, priority_action_count,
                areas_for_priority_action, improvement_count, what_needs_to_improve
            from marts.fct_visit where la_code is not null
            order by coalesce(visit_date, publication_date) desc nulls last, report_id
        """
        for r in rows(self.con, sql):
            found[r["la_code"]].append(r)
        return found

    @cached_property
    def recommendations(self) -> dict[str, list[Row]]:
        """DfE code to what inspectors recommended, newest report first, with themes."""
        found: dict[str, list[Row]] = defaultdict(list)
        sql = """
            select
                r.la_code, r.report_id, r.framework, r.publication_date, r.overall_judgement, r.item, r.text,
                    r.page, r.section,
                coalesce(list(distinct t.theme order by t.theme) filter (t.theme is not null), []) as themes
            from marts.fct_recommendation as r
            left join marts.fct_recommendation_theme as t using (report_id, item)
            where r.la_code is not null
            group by all
            order by r.publication_date desc, r.report_id, r.item
        """
        for r in rows(self.con, sql):
            found[r["la_code"]].append(r)
        return found

    @cached_property
    def around(self) -> dict[tuple[str, str, str], dict[int, tuple[float, int]]]:
        """Framework, outcome and measure to event year: median and n; no year before a measure's first full one."""
        found: dict[tuple[str, str, str], dict[int, tuple[float, int]]] = defaultdict(dict)
        sql = """
            select y.framework, y.outcome_group, y.measure_id, y.event_year, median(y.value), count(y.value)
            from marts.fct_inspection_year as y
            inner join marts.fct_inspection as i using (inspection_id)
            inner join marts.dim_measure as m on y.measure_id = m.measure_id and y.year >= m.first_full_year
            where y.basis = 'publication' and i.is_first_in_framework and y.event_year between -3 and 3
                and y.value is not null and list_contains(?, y.measure_id)
            group by all
        """
        for framework, outcome, measure, event, value, n in self.con.execute(
            sql, [[*self.key.around_inspection]]
        ).fetchall():
            found[framework, outcome, measure][event] = (value, n)
        return found

    @cached_property
    def spend(self) -> dict[str, dict[str, dict[int, Row]]]:
        """DfE code, then group, then year: gross spending, nominal and real, per child."""
        found: dict[str, dict[str, dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
        sql = """
            select la_code, spend_group, year, gbp_nominal, gbp_nominal_per_child, gbp_real_per_child,
                real_base_year as base_year, value_status
            from marts.fct_la_year_spend
            where spend_return = 's251_outturn' and gross_or_net = 'gross' and list_contains(?, spend_group)
        """
        for r in rows(self.con, sql, [[*self.key.spend]]):
            found[r["la_code"]][r["spend_group"]][r["year"]] = r
        return found

    @cached_property
    def spend_median(self) -> dict[str, dict[int, float]]:
        """Group, then year: the median of real spending per child."""
        found: dict[str, dict[int, float]] = defaultdict(dict)
        for groups in self.spend.values():
            for group, by_year in groups.items():
                for year, r in by_year.items():
                    if r["gbp_real_per_child"] is not None:
                        found[group].setdefault(year, [])  # type: ignore[arg-type]
                        found[group][year].append(r["gbp_real_per_child"])  # type: ignore[attr-defined]
        from statistics import median

        return {g: {y: median(v) for y, v in sorted(by.items())} for g, by in found.items()}  # type: ignore[arg-type]

    @cached_property
    def relatives(self) -> dict[str, list[str]]:
        """DfE code to the authorities that came before or after it on the same ground."""
        by_footprint: dict[str, list[str]] = defaultdict(list)
        sql = "select distinct footprint_code, la_code from marts.dim_footprint where policy = 'united' order by all"
        for footprint, la in self.con.execute(sql).fetchall():
            by_footprint[footprint].append(la)
        return {la: [o for o in las if o != la] for las in by_footprint.values() for la in las if len(las) > 1}

    @cached_property
    def estimates(self) -> dict[str, list[Row]]:
        """Study to its estimates."""
        found: dict[str, list[Row]] = defaultdict(list)
        for r in rows(self.con, "select * from results.estimate"):
            found[r["study"]].append(r)
        return found

    @cached_property
    def scoreboard(self) -> dict[str, list[Row]]:
        """Study to the printed figures beside ours."""
        found: dict[str, list[Row]] = defaultdict(list)
        for r in rows(self.con, "select * from results.scoreboard order by study, row"):
            found[r["study"]].append(r)
        return found

    @cached_property
    def editions(self) -> list[Row]:
        """Publications, newest edition first within one."""
        return rows(
            self.con,
            """
            select source, edition, min(published_on) as published_on, min(published_basis) as published_basis,
                min(role) as role,
                count(*) as tables, sum(row_count) as rows, min(url) as url, max(landed_at) as landed_at,
                bool_or(is_synthetic) as is_synthetic
            from marts.dim_edition group by source, edition order by source, published_on desc, edition desc
            """,
        )

    @cached_property
    def theme_labels(self) -> dict[str, str]:
        """Theme of recommendations to its label."""
        return {r["theme"]: r["theme_label"] for r in rows(self.con, "select * from seeds.report_theme")}

    @cached_property
    def category_labels(self) -> dict[str, str]:
        """Category of themes to its label."""
        return {r["category"]: r["category_label"] for r in rows(self.con, "select * from seeds.report_theme")}

    @property
    def is_synthetic(self) -> bool:
        """Whether the figures are invented: made from the bundled sample."""
        return any(e["is_synthetic"] for e in self.editions)

    def read_all(self) -> None:
        """Read everything now, so that what is missing shows before a page is written."""
        for name, part in vars(type(self)).items():
            if isinstance(part, cached_property):
                getattr(self, name)
