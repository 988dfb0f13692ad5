"""A replication reads the figures that had been published by the day of its paper; the newest stand beside them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.marts import Marts, MartsOfTheDay
from analysis.results import Estimate, result_frames
from analysis.scoreboard import score
from analysis.studies.replication import OF_THE_DAY, as_printed, marts_of_the_day
from analysis.studies.spec import Spec, load_spec, published_figures
from flows.common.settings import ROOT
from flows.outputs.analyses import scoreboard_table

Rows = Sequence[tuple[Any, ...]]


def marts_with(sample: pd.DataFrame, then: Rows, shares: Rows = ()) -> Marts:
    con = duckdb.connect()
    con.execute("create schema studies; create schema marts")
    con.register("sample", sample)
    con.execute("create table studies.rpt_x__sample as select * from sample")
    con.execute(
        "create table studies.rpt_replication__figure (study varchar, la_code varchar, year integer, "
        "measure_id varchar, value double, newest_value double)"
    )
    con.execute(
        "create table marts.fct_la_year_measure (la_code varchar, year integer, measure_id varchar, "
        "published_value double)"
    )
    for table, rows in (("studies.rpt_replication__figure", then), ("marts.fct_la_year_measure", shares)):
        for row in rows:
            con.execute(f"insert into {table} values ({', '.join('?' * len(row))})", [*row])
    return Marts(con)


def test_the_sample_of_the_day_has_what_was_published_then() -> None:
    sample = pd.DataFrame(
        {
            "la_code": ["a", "a", "b", "b"],
            "year": [2014, 2015, 2014, 2015],
            "cpp_repeat_pct": [10.0, 11.0, 12.0, 13.0],
            "assessments_overdue_pct": [20.0, 30.0, 40.0, 50.0],
            "cla_interim_care_order_count": [5.0, 5.0, 5.0, 5.0],
            "cla_full_care_order_count": [50.0, 50.0, 50.0, 50.0],
            "cla_care_orders_count": [55.0, 55.0, 55.0, 55.0],
            "total_gross_gbp_per_child_gdp_2019": [800.0, 800.0, 800.0, 800.0],
        }
    )
    late, core = "assessments_within_45_days_pct", "core_assessments_within_35_days_pct"
    then = [
        ("x", "a", 2014, "cpp_repeat_pct", 9.5, 10.0),
        ("x", "b", 2015, "cpp_repeat_pct", None, 13.0),  # withheld then
        ("other", "a", 2015, "cpp_repeat_pct", 99.0, 11.0),
        ("x", "a", 2014, late, None, 80.0),  # then only the core assessments had a limit
        ("x", "b", 2014, late, 65.0, 60.0),
        ("x", "a", 2015, "cla_full_care_order_count", 45.0, 50.0),
        ("x", "b", 2014, "population_0_17", 40_000.0, 50_000.0),
    ]
    shares = [("a", 2014, late, 80.0), ("a", 2014, core, 70.0), ("b", 2014, late, 60.0), ("b", 2015, late, 50.0)]
    marts = marts_with(sample, then, shares)
    frame = MartsOfTheDay(marts, "x").sample("x").set_index(["la_code", "year"])
    assert frame["cpp_repeat_pct"].tolist()[:3] == [9.5, 11.0, 12.0]
    assert np.isnan(frame["cpp_repeat_pct"].to_numpy(dtype=float)[3])
    assert frame["assessments_overdue_pct"].tolist() == [30.0, 30.0, 35.0, 50.0]
    assert frame["cla_care_orders_count"].tolist() == [55.0, 50.0, 55.0, 55.0]
    assert frame["total_gross_gbp_per_child_gdp_2019"].tolist() == [800.0, 800.0, 1000.0, 800.0]
    assert marts.sample("x")["cpp_repeat_pct"].tolist() == [10.0, 11.0, 12.0, 13.0]
    assert marts_of_the_day(marts, "x") is not None
    assert marts_of_the_day(Marts(duckdb.connect()), "x") is None


def test_the_scoreboard_has_both_columns() -> None:
    figures = published_figures("report_themes")
    answers: dict[int, object] = {f.row: {"verdict": "not testable", "reason": "not asked here"} for f in figures}
    rule = {"name": "rule", "for": [f.statistic for f in figures], "reproduced": 0.01, "close": 0.1, "relative": True}
    printed = next(f for f in figures if f.value == "60")
    answers[printed.row] = ["table", "n", "all"]
    spec = Spec.model_validate(
        {"study": "report_themes", "question": "?", "paper": "", "tolerances": [rule], "published": answers}
    )
    newest = Estimate("report_themes", "table", "n", "all", 58.0, p_value=0.5, family="f")
    beside = Estimate("report_themes", "table", "n", "of nobody", 1.0)
    kept = as_printed(spec, [Estimate("report_themes", "table", "n", "all", 60.0, p_value=0.4, family="f"), beside])
    assert [(e.place, e.value, e.family) for e in kept] == [(OF_THE_DAY + "table", 60.0, OF_THE_DAY + "f")]
    rows = {r.row: r for r in score(spec, [newest, beside, *kept])}
    row = rows[printed.row]
    assert (row.ours, row.verdict, row.ours_newest, row.verdict_newest) == (60.0, "reproduced", 58.0, "close")
    assert "newest editions 58 [close]" in scoreboard_table([row])
    estimates = result_frames([newest, beside, *kept], [row])["estimate"]
    assert estimates["verdict"].tolist() == ["close", "", "reproduced"]
    alone = {r.row: r for r in score(spec, [newest])}[printed.row]
    assert (alone.ours, alone.verdict, alone.ours_newest, alone.verdict_newest) == (58.0, "close", 58.0, "close")
    assert "newest editions" not in scoreboard_table([alone])
    other = rows[next(f.row for f in figures if f.row != printed.row)]
    assert (other.verdict, other.verdict_newest, other.ours_newest) == ("not testable", "not testable", None)


def test_the_spec_says_the_day_that_the_seed_pins() -> None:
    with (ROOT / "dbt_project" / "seeds" / "study_edition.csv").open(encoding="utf-8", newline="") as file:
        days = {row["study"]: row["as_of"] for row in csv.DictReader(file)}
    assert set(days) == {"inspection_factors", "performance_indicators", "inspection_impact", "inadequate_prediction"}
    for study, day in days.items():
        assert load_spec(study).pins["editions"] == f"those published by {day}; the newest beside them"


@pytest.mark.real
def test_dental_checks_of_2018_are_those_of_that_years_file(real_warehouse: Any, real_returns: Path) -> None:
    """Thirteen authorities' shares were revised since; study 001's authors read the file of 2018."""
    file = real_returns / "dfe_cla" / "2018" / "OC22018.csv"
    with file.open(encoding="utf-8-sig", newline="") as text:
        printed = {row["geog_c"]: row["OC2_teethcheck_pc"] for row in csv.DictReader(text)}
    found = real_warehouse.execute(
        "select la_code, value, newest_value from studies.rpt_replication__figure "
        "where study = 'performance_indicators' and measure_id = 'cla_dental_check_pct' and year = 2018"
    ).fetchall()
    assert len(found) == 13
    for code, then, newest in found:
        assert then == pytest.approx(float(printed[code]), abs=0.51), code
        assert then != newest
    later = real_warehouse.execute(
        "select count(*) from studies.rpt_replication__figure where published_on > as_of and not is_later"
    ).fetchone()
    assert later == (0,)
