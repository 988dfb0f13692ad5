"""What the warehouse must say of the real returns, and what pipelines on the same files get wrong."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from flows.common.settings import Settings
from flows.run import run
from flows.warehouse.dbt import Dbt
from flows.warehouse.refresh import Refresh

pytestmark = pytest.mark.real


def rows(con: Any, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    return list(con.execute(sql, list(parameters)).fetchall())


def series(con: Any, la: str, measure: str) -> dict[int, float]:
    """Reported values by year."""
    sql = "select year, value from marts.fct_la_year_measure where la_code = ? and measure_id = ? and value is not null"
    return dict(rows(con, sql, la, measure))


def editions(con: Any, unit: str, measure: str, year: int, source: str = "dfe_cin") -> dict[str, float]:
    """What each edition says of an authority."""
    sql = """
        select edition, value from intermediate.int_measures__la_values
        where la_code = ? and measure_id = ? and year = ? and source = ?
    """
    return dict(rows(con, sql, unit, measure, year, source))


def test_every_edition_of_englands_rate_is_kept_and_the_newest_stands(real_warehouse: Any) -> None:
    said = dict(
        rows(
            real_warehouse,
            """
            select edition, value from intermediate.int_measures__edition_values
            where
                source = 'dfe_cin' and level = 'national'
                and measure_id = 'cin_at_31_march_rate_per_10k' and year = 2016
            """,
        )
    )
    assert (said["2016"], said["2022"], said["2024"]) == (337.7, 337.3, 339.8)
    standing = rows(
        real_warehouse,
        """
        select published_value, edition from marts.fct_area_year_measure
        where area_level = 'national' and measure_id = 'cin_at_31_march_rate_per_10k' and year = 2016
        """,
    )
    assert standing == [(339.8, "2024")]
    changes = rows(
        real_warehouse,
        """
        select previous_edition, previous_value, edition, value from audit.rpt_edition_changes
        where area_code = 'England' and measure_id = 'cin_at_31_march_rate_per_10k' and year = 2016
            and source = 'dfe_cin' and previous_source = 'dfe_cin'
        order by edition
        """,
    )
    assert changes == [("2016", 337.7, "2020", 337.3), ("2022", 337.3, "2024", 339.8)]


def test_as_of_brings_back_the_first_publication(real_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Only what the figure comes from: every other model and study as of a date is run on the sample.
    some = Refresh(("+fct_area_year_measure", "--indirect-selection", "cautious", "--threads", "1"))
    whole = Dbt.build
    monkeypatch.setattr(Dbt, "build", lambda self, _, progress: whole(self, some, progress))
    monkeypatch.setattr("flows.run.analyse", lambda *_: None)
    report = run(real_settings, None, as_of="2017-06-30")
    assert report.published is not None
    with duckdb.connect(str(report.published), read_only=True) as con:
        sql = """
            select published_value, edition from marts.fct_area_year_measure
            where area_level = 'national' and measure_id = 'cin_at_31_march_rate_per_10k' and year = 2016
        """
        assert rows(con, sql) == [(337.7, "2016")]
    report.published.unlink()


def test_known_revisions(real_warehouse: Any) -> None:
    assert editions(real_warehouse, "928", "cin_at_31_march_count", 2016)["2016"] == 5531
    assert editions(real_warehouse, "928", "cin_at_31_march_count", 2016)["2022"] == 5519
    gateshead = editions(real_warehouse, "390", "cin_at_31_march_rate_per_10k", 2016)
    assert (gateshead["2016"], gateshead["2022"], gateshead["2024"]) == (416.3, 416.7, 419.2)
    hartlepool = editions(real_warehouse, "805", "cla_at_31_march_count", 2016, "dfe_cla")
    assert (hartlepool["2016"], hartlepool["2018"]) == (208, 206)


def test_the_spine_is_complete(real_warehouse: Any) -> None:
    years = dict(
        rows(real_warehouse, "select year, count(distinct la_code) from marts.fct_la_year_measure group by year")
    )
    expected = dict.fromkeys(range(2010, 2020), 152) | {2020: 151, 2021: 151, 2022: 152, 2023: 152, 2024: 153}
    # The count of staff of September 2024 is published, and belongs to the year that no other return has reached.
    assert years == expected | {2025: 153}
    of_2025 = rows(real_warehouse, "select distinct measure_id from marts.fct_la_year_measure where year = 2025")
    assert 0 < len(of_2025) < 10
    # Every authority has a row of every measure in each year from the first to the measure's last.
    assert (
        rows(
            real_warehouse,
            """
            select measure_id, year, count(*) from marts.fct_la_year_measure as given group by measure_id, year
            having count(*) <> (
                select count(distinct la_code) from marts.fct_la_year_measure as a where a.year = given.year
            )
            """,
        )
        == []
    )
    assert (
        rows(
            real_warehouse,
            "select measure_id from marts.fct_la_year_measure group by measure_id "
            "having min(year) <> 2010 or count(distinct year) <> max(year) - 2010 + 1 or max(year) < 2024",
        )
        == []
    )


def test_merged_authorities_lose_no_year(real_warehouse: Any) -> None:
    """A join on mismatched codes loses Bournemouth's and Poole's 2010-19 and Dorset's years since."""
    for la in ("835", "836", "837"):
        assert set(series(real_warehouse, la, "referrals_count")) >= set(range(2010, 2020)) - {2010}, la
        assert set(series(real_warehouse, la, "cla_at_31_march_count")) == set(range(2010, 2020)), la
    for la in ("838", "839"):
        assert set(series(real_warehouse, la, "referrals_count")) == set(range(2020, 2025)), la
        assert set(series(real_warehouse, la, "cla_at_31_march_count")) == set(range(2020, 2025)), la


def test_not_applicable_of_one_code_is_not_added_to_the_count_of_another(real_warehouse: Any) -> None:
    old, new = (
        series(real_warehouse, "835", "cla_at_31_march_count"),
        series(real_warehouse, "838", "cla_at_31_march_count"),
    )
    assert all(300 < (old | new)[y] < 600 for y in range(2013, 2025))


def test_thousands_separators_are_figures(real_warehouse: Any) -> None:
    sql = """
        select count(*) from staging.stg_dfe_cin__cells
        where value_text like '%,%' and regexp_full_match(trim(value_text), '[0-9]{1,3}(,[0-9]{3})+') and value is null
    """
    assert rows(real_warehouse, sql) == [(0,)]
    assert series(real_warehouse, "936", "cin_at_31_march_count")[2010] > 1000


def test_united_authorities_have_the_same_area_above_and_below_the_line(real_warehouse: Any) -> None:
    """Christchurch is with Dorset in the count and in the population, or with neither."""
    sql = """
        select f.numerator, f.denominator, sum(m.numerator), sum(m.denominator)
        from marts.fct_footprint_year_measure as f
        inner join marts.dim_footprint as d using (policy, footprint_code)
        inner join marts.fct_la_year_measure as m on m.la_code = d.la_code
            and m.year = f.year and m.measure_id = f.measure_id
        where f.policy = 'united' and f.measure_id = 'cla_at_31_march_rate_per_10k'
            and d.la_code in ('835', '836', '837', '838', '839')
        group by all
    """
    found = rows(real_warehouse, sql)
    assert len(found) >= 10
    for united, children, parts, their_children in found:
        assert (united, children) == (parts, their_children)


def test_children_are_aged_0_to_17(real_warehouse: Any) -> None:
    sql = """
        select published_value, round(10000 * numerator / denominator) from marts.fct_area_year_measure
        where area_level = 'national' and measure_id = 'cla_at_31_march_rate_per_10k' and year = 2024
    """
    assert rows(real_warehouse, sql) == [(70, 70)]


def test_a_stock_at_31_march_is_not_a_sum_over_the_year(real_warehouse: Any) -> None:
    sql = """
        select count(*) from marts.fct_la_year
        where
            cin_at_31_march_count > cin_any_point_count
            or cla_at_31_march_count > 10 * greatest(cla_started_count, 30)
    """
    assert rows(real_warehouse, sql)[0][0] < 25


def test_no_superseded_release_stands_where_a_newer_one_is_at_hand(real_warehouse: Any) -> None:
    sql = """
        select count(*)
        from intermediate.int_measures__ranked_values as standing
        inner join intermediate.int_measures__ranked_values as newer using (la_code, year, measure_id)
        where standing.precedence = 1 and standing.role = 'primary' and newer.role = 'primary'
            and newer.edition_day > standing.edition_day and not newer.is_after_abolition
    """
    assert rows(real_warehouse, sql) == [(0,)]


def test_reasons_are_not_flattened(real_warehouse: Any) -> None:
    statuses = {r[0] for r in rows(real_warehouse, "select distinct value_status from marts.fct_la_year_measure")}
    assert statuses >= {
        "reported",
        "suppressed",
        "unavailable",
        "not_applicable",
        "not_published",
        "not_reported",
        "rounds_to_zero",
    }
    hackney = """
        select value_status from marts.fct_la_year_measure
        where la_code = '204' and year = 2021 and measure_id = 'referrals_count'
    """
    assert rows(real_warehouse, hackney) == [("unavailable",)]
    hampshire = """
        select value_status from marts.fct_la_year_measure
        where la_code = '850' and year = 2024 and measure_id = 'cin_at_31_march_count'
    """
    assert rows(real_warehouse, hampshire) == [("low_reliability",)]


def test_england_is_not_the_isle_of_wight(real_warehouse: Any) -> None:
    assert all(300 < v < 6000 for v in series(real_warehouse, "921", "referrals_count").values())
    assert len(series(real_warehouse, "921", "referrals_count")) == 15


def test_joint_returns_are_of_both(real_warehouse: Any) -> None:
    sql = """
        select year, min(value), max(value), bool_and(is_joint_return) from marts.fct_la_year_measure
        where la_code in ('314', '318') and measure_id = 'social_workers_fte' and value is not null and year >= 2021
        group by year
    """
    found = rows(real_warehouse, sql)
    assert len(found) >= 3
    assert all(low == high and joint for _, low, high, joint in found)


def test_spending_per_child_is_plausible(real_warehouse: Any) -> None:
    sql = """
        select count(*), count(*) filter (where gbp_nominal_per_child between 350 and 2500)
        from marts.fct_la_year_spend
        inner join marts.dim_local_authority using (la_code)
        where spend_return = 's251_outturn' and spend_group = 'total' and gross_or_net = 'gross'
            and not is_excluded_from_studies and gbp_nominal_per_child is not null
    """
    total, plausible = rows(real_warehouse, sql)[0]
    assert total > 2000
    assert plausible / total > 0.99


def test_a_few_authorities_that_one_knows(real_warehouse: Any) -> None:
    assert series(real_warehouse, "886", "cla_at_31_march_count")[2016] == 2314
    assert series(real_warehouse, "330", "cla_at_31_march_count")[2024] == 2300
    assert series(real_warehouse, "886", "cin_at_31_march_count")[2024] > 9000
    assert 60 < series(real_warehouse, "204", "cla_at_31_march_rate_per_10k")[2019] < 80
