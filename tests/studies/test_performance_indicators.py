"""Study 001: who is in it, planted associations found, bad input said, the bundled sample, the real n."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate, by_key
from analysis.scoreboard import score
from analysis.studies.performance_indicators import tables as t
from analysis.studies.performance_indicators.model import beyond, of_the_paper, run
from analysis.studies.performance_indicators.sample import (
    BUDGET,
    NEEDED,
    deprivation_third,
    derived,
    indicators,
    latest_of,
    papers_sample,
    window_of,
    with_budget,
)
from analysis.studies.run import run_study
from analysis.studies.spec import Choices, load_spec, published_figures

SPEC = load_spec("performance_indicators")
PAPERS = Choices().filled(SPEC)
LISTED = indicators(SPEC)
DEPRIVATION = "deprivation rank"
#: A few indicators are enough for what is tested on made-up data.
FEW = [*t.POPULATION, "assessments_overdue_pct", "cla_dental_check_pct", "care_leavers_neet_pct"]
SHORT = SPEC.model_copy(update={"variables": {**SPEC.variables, "indicators": {c: LISTED[c] for c in FEW}}})


def made_up(n: int = 60, seed: int = 4) -> pd.DataFrame:
    """The sample mart: deprivation worsens judgement, raises spend and lowers dental checks; nothing else matters."""
    rng = np.random.default_rng(seed)
    deprived = rng.permutation(n) / n
    judgement = np.clip(np.round(1.0 + 3.0 * deprived + rng.normal(0, 0.6, n)), 1, 4).astype(int)
    frame = pd.DataFrame(
        {
            "inspection_id": [f"i{i:03}" for i in range(n)],
            "la_code": [str(300 + i) for i in range(n)],
            "la_name": [f"Place {i}" for i in range(n)],
            "framework": "ilacs",
            "inspection_type": "standard",
            "publication_date": pd.Timestamp("2018-06-01"),
            "is_excluded_from_studies": False,
            "overall_judgement": judgement,
            "outcome_group": pd.Series(judgement).map(
                {1: "good_or_outstanding", 2: "good_or_outstanding", 3: "requires_improvement", 4: "inadequate"}
            ),
            "imd_2015_average_score": 10 + 30 * deprived,
            "imd_2019_average_score": 11 + 29 * deprived,
            "year": 2018,
        }
    )
    for column in ("help_and_protection", "children_looked_after", "leadership"):
        frame[column] = judgement
    for column in [*LISTED, *t.POPULATION, "cin_at_31_march_rate_per_10k", *(c for c in t.SPEND if c != BUDGET)]:
        frame[column] = rng.normal(50, 8, n)
    frame["total_gross_gbp_per_child"] = 600 + 300 * deprived + rng.normal(0, 40, n)
    frame["cla_dental_check_pct"] = 90 - 15 * deprived + rng.normal(0, 4, n)
    return pd.concat([frame.assign(lag=-1), frame.assign(lag=0, year=2019)], ignore_index=True)


def marts_of(frame: pd.DataFrame) -> Marts:
    con = duckdb.connect()
    con.execute("create schema studies; create schema marts")
    con.register("frame", frame)
    con.execute("create table studies.rpt_performance_indicators__sample as select * from frame")
    con.execute(
        "create table marts.fct_la_year_measure as select distinct la_code, year, 'population_0_17' as measure_id, "
        "9999.0 as value, 1000.0 as published_value from frame;"
        # Of the year after; each row comes under two price indices.
        "create table marts.fct_la_year_spend as select distinct la_code, year + 1 as year, 'ra_budget' as "
        "spend_return, "
        "'total' as spend_group, 'net' as gross_or_net, 1000.0 * la_code::integer as gbp_nominal, price_index "
        "from frame cross join unnest(['gdp', 'rpi']) as indices (price_index)"
    )
    return Marts(con)


def budgeted(frame: pd.DataFrame) -> pd.DataFrame:
    return with_budget(marts_of(frame), frame, ["871"])


def named(found: list[Estimate]) -> dict[tuple[str, str, str], Estimate]:
    return {key[1:]: e for key, e in by_key(found).items()}


def test_thirds_are_sixteen_fifteen_sixteen_of_47() -> None:
    out = deprivation_third(pd.Series(np.arange(47.0)))
    assert out.value_counts().to_dict() == {"high deprivation": 16, "low deprivation": 16, "moderate deprivation": 15}
    assert out.iloc[-1] == "high deprivation"
    assert pd.isna(deprivation_third(pd.Series([1.0, np.nan, 3.0, 2.0])).iloc[1])


def test_the_rank_runs_to_the_most_deprived_and_thirds_fall_back_on_the_other_edition() -> None:
    frame = made_up(9)[lambda d: d["lag"] == -1].copy()
    frame.loc[0, "imd_2015_average_score"] = np.nan
    out = derived(frame, "2015", "2015")
    assert np.isnan(out.loc[0, "deprivation_rank"])
    assert out.loc[0, "third"] is not None
    most = out["imd_2015_average_score"].idxmax()
    assert out.loc[most, "deprivation_rank"] == 8
    assert out.loc[most, "third"] == "high deprivation"


def test_indicators_of_a_later_cycle_are_of_the_year_before() -> None:
    frame = made_up(20)
    frame["rereferrals_pct"] = np.where(frame["lag"] == -1, 10.0, 90.0)
    assert set(latest_of(frame, "ilacs", SPEC)["rereferrals_pct"]) == {10.0}
    otherwise = replace(PAPERS, window="2018-01-01:2018-12-31")
    assert set(papers_sample(frame, SPEC, otherwise)["rereferrals_pct"]) == {10.0}


def test_a_window_is_two_days() -> None:
    assert window_of("2018-01-01:2019-03-24") == ("2018-01-01", "2019-03-24")
    for wrong in ("-3:3", "2018-01-01", "then:now"):
        with pytest.raises(ValueError, match="two days"):
            window_of(wrong)


def test_reinspections_of_the_older_framework_join_only_in_their_months() -> None:
    frame = made_up(20)
    frame.loc[frame["la_code"] == "300", ["framework", "inspection_type"]] = ["sif", "re_inspection"]
    frame.loc[frame["la_code"] == "301", ["framework", "inspection_type"]] = ["sif", "inspection"]
    frame.loc[frame["la_code"] == "302", ["framework", "inspection_type", "publication_date"]] = [
        "sif",
        "re_inspection",
        pd.Timestamp("2018-01-29"),
    ]
    frame.loc[frame["la_code"] == "303", "is_excluded_from_studies"] = True
    codes = set(papers_sample(frame, SPEC, PAPERS)["la_code"])
    assert "300" in codes
    assert not codes & {"301", "302", "303"}
    assert set(latest_of(frame, "ilacs", SPEC)["la_code"]) == codes - {"300"}


def test_the_budget_is_that_of_the_year_after_and_some_are_left_out() -> None:
    frame = made_up(5)
    out = with_budget(marts_of(frame), frame, ["301"])
    mine = out[out["lag"] == -1].set_index("la_code")[BUDGET]
    assert mine["300"] == 300.0
    assert np.isnan(mine["301"])
    assert len(out) == len(frame)
    # Without any budget the column is there, and empty.
    empty = with_budget(marts_of(frame), frame, frame["la_code"])
    assert empty[BUDGET].isna().all()
    found = named(of_the_paper(empty, SHORT, PAPERS))
    silent = found["spend", "anova_F", "net budget by deprivation | high rating"]
    assert silent.value is None
    assert "no budget" in silent.reason


def test_an_authority_left_out_is_in_no_sample() -> None:
    frame = made_up(9)
    assert "303" not in set(papers_sample(frame, SPEC, PAPERS, left_out=["303"])["la_code"])


def test_what_was_planted_is_found_and_what_was_not_is_not() -> None:
    found = named(of_the_paper(budgeted(made_up()), SHORT, PAPERS))
    rating = found["spearman", "spearman_rho", f"rating x {DEPRIVATION}"]
    assert rating.value is not None
    assert rating.value < -0.6
    assert rating.n == 60
    assert (found["spearman", "spearman_rho", "deprivation x total spend per child"].value or 0) > 0.8
    assert found["univariate logistic", "rank_among_candidates", DEPRIVATION].value == 1
    assert (found["table 5", "B", "full model | deprivation"].value or 0) < 0
    assert found["means", "high_group_does_better", "CIC dental checks"].value == 1
    assert found["spend", "share_not_significant", "other spending lines, low against high"].value is not None
    quiet = found["spearman", "spearman_rho", "rating x care leavers NEET"]
    assert quiet.value is not None
    assert abs(quiet.value) < 0.4
    overlap = found["means", "range_overlap", "care leavers NEET"].value
    assert overlap is not None
    assert 0 < overlap <= 1


def test_beyond_the_paper_the_outcome_has_three_steps() -> None:
    found = named(beyond(budgeted(made_up()), SHORT))
    three = found["all ILACS: three-way", "spearman_rho", f"outcome x {DEPRIVATION}"]
    assert three.value is not None
    assert three.value < -0.5
    slope = found["all ILACS: three-way ordinal", "ordinal_B", "CIC dental checks | with deprivation and spend"]
    assert slope.method.startswith("proportional-odds")


@pytest.mark.parametrize("harm", ["missing", "constant", "separated", "one group", "few"])
def test_bad_input_is_a_reason_and_never_a_stop(harm: str) -> None:
    frame = made_up()
    column = "care_leavers_neet_pct"
    if harm == "missing":
        frame[column] = np.nan
    elif harm == "constant":
        frame[column] = 7.0
    elif harm == "separated":
        frame[column] = 10.0 * (frame["overall_judgement"] <= 2) + np.linspace(0, 1, len(frame))
    elif harm == "one group":
        frame["overall_judgement"], frame["outcome_group"] = 2, "good_or_outstanding"
    else:
        frame = frame[frame["la_code"].isin(["300", "301"])]
    found = run_study(marts_of(frame), SHORT)
    assert not [e for e in found if e.place == "run"], [e.reason for e in found if e.place == "run"]
    silent = [e.key for e in found if e.value is None and not e.reason]
    assert not silent
    b = named(found)["univariate logistic", "B", "care leavers NEET"]
    assert b.value is None
    assert len(score(SHORT, found)) == 71


def test_an_empty_or_incomplete_mart_says_what_it_lacks() -> None:
    with pytest.raises(MartLacks, match="no column cla_dental_check_pct"):
        run(marts_of(made_up().drop(columns="cla_dental_check_pct")), SPEC, PAPERS)
    nobody = run_study(marts_of(made_up().assign(framework="slac")), SPEC)
    assert [e.place for e in nobody] == ["run"]
    assert "no ilacs inspection" in nobody[0].reason
    assert set(NEEDED) <= set(made_up().columns)


def test_the_bundled_sample_carries_deprivation(sample_run: Any) -> None:
    found = sample_run.estimates("performance_indicators")
    planted = sample_run.truth["spearman_deprivation_judgement"]
    ours = found["all ILACS: spearman", "spearman_rho", f"rating x {DEPRIVATION}"]
    assert ours["value"] == pytest.approx(-planted, abs=0.15)
    assert ours["p_adjusted"] < 0.001
    assert found["all ILACS: univariate logistic", "rank_among_candidates", DEPRIVATION]["value"] == 1


@pytest.mark.real
def test_the_papers_numbers_of_judgements_on_real_returns(real_marts: Marts) -> None:
    frame = real_marts.sample(t.STUDY, [*NEEDED, *t.POPULATION])
    sample = papers_sample(frame, SPEC, PAPERS, left_out=list(SPEC.variables["left_out"]))
    # All ten correlations of table 4 lie within .03, as printed to three decimals.
    printed = {f.subject: float(f.value) for f in published_figures("performance_indicators") if f.place == "Table 4"}
    ours = [e.value or 0.0 for e in t.table_4(sample)]
    assert max(abs(a - b) for a, b in zip(ours, printed.values(), strict=True)) < 0.03
    assert sample["overall_judgement"].value_counts().sort_index().to_dict() == {1: 5, 2: 18, 3: 17, 4: 7}
    assert sample["third"].value_counts().to_dict() == {
        "high deprivation": 16,
        "low deprivation": 16,
        "moderate deprivation": 15,
    }
    assert sample["deprivation_rank"].notna().sum() == 46
