"""Spending and judgements: which inspections and which pounds, planted truth found, bad input said, the real n."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate, by_key
from analysis.studies.spec import Choices, load_spec
from analysis.studies.spending_and_judgement.model import run, the_model, within_and_between
from analysis.studies.spending_and_judgement.sample import (
    DECILE,
    LOOKED_AFTER,
    PREVENTATIVE,
    SAFEGUARDING,
    inspections,
    papers_cut,
    printed_elsewhere,
    read_sample,
    spending,
    with_capital,
)

SPEC = load_spec("spending_and_judgement")
PAPERS = Choices().filled(SPEC)
CUT = papers_cut(SPEC, PAPERS)
COLUMNS = {term: column for term, (column, _) in spending(SPEC, PAPERS).items()}


def named(found: list[Estimate]) -> dict[tuple[str, str, str], Estimate]:
    return {key[1:]: e for key, e in by_key(found).items()}


def one(**about: Any) -> dict[str, Any]:
    """A row of the sample: a good SIF inspection of 2015 with £300 a child on prevention, £320 with capital."""
    return {
        "la_code": "301",
        "la_name": "Place 301",
        "framework": "sif",
        "publication_date": pd.Timestamp(2014, 6, 1),
        "year_by_publication": 2015,
        "is_first_in_framework": True,
        "overall_judgement": 2,
        "is_excluded_from_studies": False,
        "imd_2015_decile": 4,
        "imd_2019_decile": 6,
        "lag": 0,
        "year": 2015,
        "population_0_17": 50_000.0,
        COLUMNS[PREVENTATIVE]: 300.0,
        with_capital(SPEC, PAPERS): 320.0,
        printed_elsewhere(SPEC, PAPERS): 0.0,
        COLUMNS[SAFEGUARDING]: 200.0,
        COLUMNS[LOOKED_AFTER]: 400.0,
    } | about


def marts_of(rows: list[dict[str, Any]]) -> Marts:
    con = duckdb.connect()
    con.register("_rows", pd.DataFrame(rows))
    con.execute("create schema studies")
    con.execute("create table studies.rpt_spending_and_judgement__sample as from _rows")
    return Marts(con)


def cut_of(*rows: dict[str, Any], **about: Any) -> pd.DataFrame:
    sample = read_sample(marts_of(list(rows)), SPEC, PAPERS)
    return inspections(sample, SPEC, PAPERS, replace(CUT, **about))


def panel(n: int = 150, each: int = 4, slope: float = 0.5, of_quality: float = 0.0, seed: int = 3) -> pd.DataFrame:
    """Inspections of authorities: £100 more adds ``slope`` to the log-odds, a decile takes 0.2; quality its share.

    ``of_quality``: what authorities with better practice, which judgements follow, spend more (in £100).
    """
    rng = np.random.default_rng(seed)
    quality, decile = rng.normal(0, 1, n), rng.integers(1, 11, n).astype(float)
    la, year = np.repeat(np.arange(n), each), np.tile(np.arange(2011, 2011 + 2 * each, 2), n)
    spent = 3.0 + 0.6 * rng.normal(0, 1, n)[la] + of_quality * quality[la] + 0.6 * rng.normal(0, 1, n * each)
    eta = -0.4 + slope * (spent - 3) - 0.2 * (decile[la] - 5.5) + (1.2 * quality[la] if of_quality else 0.0)
    return pd.DataFrame(
        {
            "la_code": [str(300 + i) for i in la],
            "la_name": [f"Place {i}" for i in la],
            "framework": "sif",
            "year": year,
            "good": (rng.random(n * each) < expit(eta)).astype(float),
            PREVENTATIVE: spent,
            SAFEGUARDING: rng.normal(2, 0.7, n * each),
            "looked-after spending": rng.normal(4, 1, n * each),
            DECILE: decile[la],
        }
    )


# --- which inspections, and which pounds ------------------------------------------------------------------------------


def test_capital_counts_to_the_year_that_the_spec_names() -> None:
    later = one(la_code="302", publication_date=pd.Timestamp(2015, 6, 1), year_by_publication=2016, year=2016)
    assert list(cut_of(one(), later)[PREVENTATIVE]) == [3.2, 3.0]
    assert list(cut_of(one(), later, capital_until=0)[PREVENTATIVE]) == [3.0, 3.0]
    # It is the year of the spending that decides, not of the report.
    assert list(cut_of(later | {"lag": -1, "year": 2015}, lag=-1)[PREVENTATIVE]) == [3.2]


def test_what_is_printed_under_other_families_stays_there_unless_groups_are_by_content() -> None:
    early = one(**{printed_elsewhere(SPEC, PAPERS): 30.0})
    as_printed, by_content = cut_of(early), cut_of(early, by_content=True)
    assert (list(as_printed[PREVENTATIVE]), list(as_printed[LOOKED_AFTER])) == ([3.5], [3.7])
    assert (list(by_content[PREVENTATIVE]), list(by_content[LOOKED_AFTER])) == ([3.2], [4.0])
    assert list(cut_of(early, capital_until=0)[PREVENTATIVE]) == [3.3]


def test_who_is_in_the_papers_sample() -> None:
    others = [
        one(la_code="836"),  # not in the authors' data
        one(la_code="201", is_excluded_from_studies=True),
        one(la_code="302", framework="tlac"),
        one(la_code="303", is_first_in_framework=False),
        one(la_code="304", publication_date=pd.Timestamp(2019, 4, 1), year_by_publication=2020, year=2020),
        one(la_code="305", lag=-1, year=2014),
        one(la_code="306", **{COLUMNS[SAFEGUARDING]: None}),
        # Before children's centres were in the total.
        one(la_code="307", publication_date=pd.Timestamp(2010, 5, 1), lag=-1, year=2010),
    ]
    assert list(cut_of(one(), *others)["la_code"]) == ["301"]
    assert list(cut_of(one(), *others, all_authorities=True)["la_code"]) == ["301", "836"]
    assert list(cut_of(one(), *others, first_only=False)["la_code"]) == ["301", "303"]
    assert list(cut_of(one(), *others, lag=-1)["la_code"]) == ["305"]
    assert list(cut_of(one(), one(la_code="302"), without=(("302", 2015),))["la_code"]) == ["301"]
    good, poor = one(), one(la_code="302", overall_judgement=3)
    assert list(cut_of(good, poor)["good"]) == [1.0, 0.0]


def test_deciles_are_of_the_edition_and_else_of_the_other() -> None:
    rows = [one(), one(la_code="302", imd_2019_decile=None), one(la_code="303", imd_2015_decile=None)]
    assert list(cut_of(*rows)[DECILE]) == [6.0, 4.0, 6.0]
    assert list(cut_of(*rows, imd=2015)[DECILE]) == [4.0, 4.0, 6.0]


def test_what_cannot_be_asked_says_so() -> None:
    sample = read_sample(marts_of([one()]), SPEC, PAPERS)
    with pytest.raises(MartLacks, match="ilacs"):
        inspections(sample, SPEC, PAPERS, replace(CUT, frameworks=("ilacs",)))
    with pytest.raises(ValueError, match="two dates"):
        inspections(sample, SPEC, PAPERS, replace(CUT, window="2011"))
    with pytest.raises(ValueError, match="--basis inspection"):
        papers_cut(SPEC, replace(PAPERS, basis="inspection"))
    with pytest.raises(MartLacks, match="known for none of 1"):
        cut_of(one(imd_2015_decile=None, imd_2019_decile=None))
    with pytest.raises(MartLacks, match="no column"):
        read_sample(marts_of([{"la_code": "1"}]), SPEC, PAPERS)


def test_few_inspections_give_reasons_and_no_number() -> None:
    out = named(run(marts_of([one(), one(la_code="302", overall_judgement=4)]), SPEC, PAPERS))
    model = out["model", "odds_ratio", PREVENTATIVE]
    assert model.value is None
    assert "2 inspections" in model.reason
    assert out["multiverse", "odds_ratio", "median"].value is None
    apart = out["frameworks apart", "odds_ratio", f"ILACS to date | {PREVENTATIVE}"]
    assert (apart.value, "ilacs" in apart.reason) == (None, True)
    # Every printed figure has its answer, also where there is no model.
    assert all((*tie.ours,) in out for tie in SPEC.published.values() if tie.ours)


# --- what the model finds ---------------------------------------------------------------------------------------------


def test_a_planted_slope_is_found() -> None:
    out = named(the_model(panel(), SPEC))
    found = out["model", "odds_ratio", PREVENTATIVE]
    assert found.ci_low < np.exp(0.5) < found.ci_high  # type: ignore[operator]
    assert out["model", "odds_ratio_low", PREVENTATIVE].value == found.ci_low
    decile = out["model", "odds_ratio", DECILE]
    assert decile.ci_low < np.exp(-0.2) < decile.ci_high  # type: ignore[operator]
    assert out["model", "claim", "safeguarding spending is not associated"].value == 1.0
    # A tenth of a unit of probability per unit of the log-odds, or thereabouts: never more than a quarter.
    points = out["marginal effect", "percentage_points", "£100 a child more on prevention"]
    assert 5 < points.value < 12.5  # type: ignore[operator]
    by_decile = [out["prediction", "probability_pct", f"deprivation decile {k}"].value for k in range(1, 11)]
    assert by_decile == sorted(by_decile, reverse=True)  # type: ignore[type-var]
    by_spending = [out["prediction", "probability_pct", f"spending decile {k}"].value for k in range(1, 11)]
    assert by_spending == sorted(by_spending)  # type: ignore[type-var]


def test_what_only_tells_authorities_apart_is_told_from_what_works_within_them() -> None:
    """Good practice spends more and is judged better: the plain model sees spending at work, the split does not."""
    frame = panel(slope=0.0, of_quality=0.5)
    plain = named(the_model(frame, SPEC))["model", "odds_ratio", PREVENTATIVE]
    assert plain.ci_low > 1  # type: ignore[operator]
    split = named(within_and_between(frame, SPEC, "x"))
    within, between = (
        split["within and between", "odds_ratio", f"x | {PREVENTATIVE}, {kind} authorities"]
        for kind in ("within", "between")
    )
    assert within.ci_low < 1 < within.ci_high  # type: ignore[operator]
    assert between.ci_low > 1.2  # type: ignore[operator]
    ratio = split["within and between", "ratio_of_odds_ratios", f"x | {PREVENTATIVE}, between to within"]
    assert ratio.value == pytest.approx(between.value / within.value)  # type: ignore[operator]
    assert ratio.p_value < 0.01  # type: ignore[operator]
    # Where spending itself is at work, both are alike.
    alike = named(within_and_between(panel(slope=0.8), SPEC, "x"))
    apart = alike["within and between", "ratio_of_odds_ratios", f"x | {PREVENTATIVE}, between to within"]
    assert apart.p_value > 0.05  # type: ignore[operator]


def test_the_bundled_sample_has_the_difference_between_authorities(sample_run: Any) -> None:
    """Planted: good practice spends more on prevention and is judged better; deprivation hurts; money moves nothing."""
    out = sample_run.estimates("spending_and_judgement")
    assert out["model", "odds_ratio", PREVENTATIVE]["ci_low"] > 1
    assert out["model", "odds_ratio", DECILE]["ci_high"] < 1
    between = out["within and between", "odds_ratio", f"2011-2019 | {PREVENTATIVE}, between authorities"]
    within = out["within and between", "odds_ratio", f"2011-2019 | {PREVENTATIVE}, within authorities"]
    assert between["ci_low"] > 1
    assert within["ci_low"] < 1 < within["ci_high"]
    assert out["multiverse", "percent", "above one"]["n"] == 48
    assert len([key for key in out if key[0] == "specification"]) == 48


@pytest.mark.real
def test_inspections_on_real_returns(real_marts: Marts) -> None:
    """374, the paper's number; the two that capital moves are those that it moves most."""
    sample = read_sample(real_marts, SPEC, PAPERS)
    frame = inspections(sample, SPEC, PAPERS, CUT)
    assert len(frame) == 374
    assert frame["framework"].value_counts().to_dict() == {"sif": 149, "slac": 134, "cpi": 50, "ilacs": 41}
    assert frame["good"].sum() == 134
    without = inspections(sample, SPEC, PAPERS, replace(CUT, capital_until=0))
    moved = (frame[PREVENTATIVE] - without[PREVENTATIVE]).sort_values(ascending=False)
    most = frame.loc[moved.index[:2], ["la_code", "year"]]
    assert {tuple(i) for i in most.to_numpy()} == {("884", 2011), ("330", 2015)}
    assert moved.iloc[1] > 1 > moved.iloc[2], "pounds a child, in hundreds"
    # The paper prints 1.690 (1.275 to 2.240); with no capital in the total a recomputation from public files gave 1.85.
    ratio = named(the_model(frame, SPEC))["model", "odds_ratio", PREVENTATIVE]
    assert (ratio.value, ratio.ci_low, ratio.ci_high) == pytest.approx((1.690, 1.275, 2.240), rel=0.005)
    assert named(the_model(without, SPEC))["model", "odds_ratio", PREVENTATIVE].value == pytest.approx(1.85, rel=0.015)
