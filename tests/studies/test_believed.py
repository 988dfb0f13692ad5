"""Sentences say that something is more, less or certain only where intervals do; on results made by hand."""

from __future__ import annotations

import pytest

from analysis.results import Estimate
from analysis.studies.believed import believed


def found(study: str, *rows: tuple[object, ...]) -> list[str]:
    """The three sentences that rows (place, statistic, subject, value, low, high, n) carry."""
    estimates = [
        Estimate(study, str(p), str(s), str(w), v, low, high, None, None, n)  # type: ignore[arg-type]
        for p, s, w, v, low, high, n in rows
    ]
    return [e.method for e in believed(study, estimates)]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ((-0.18, -0.33, -0.02), "more deprived authorities are judged worse; whether it has changed cannot be told"),
        ((-0.18, -0.20, -0.16), "more deprived authorities are judged worse; the second is the weaker"),
        ((-0.05, -0.30, 0.20), "no relation can be told any more; whether it has changed cannot be told"),
        ((-0.60, -0.70, -0.50), "more deprived authorities are judged worse; whether it has changed cannot be told"),
    ],
)
def test_a_relation_is_weaker_only_where_intervals_lie_apart(now: tuple[float, float, float], said: str) -> None:
    place, subject = "all ILACS: spearman", "rating x deprivation rank"
    sentences = found(
        "performance_indicators",
        ("spearman", "spearman_rho", subject, -0.39, -0.55, -0.25, 46),
        (place, "spearman_rho", subject, *now, 149),
    )
    assert sentences[2].endswith(f"{said}.")


@pytest.mark.parametrize(
    ("shares", "said"),
    [((0.4, 0.8), "no indicator by itself parts the good"), ((0.0, 0.8), "1 of 2 indicators part the good")],
)
def test_no_indicator_parts_the_good_only_where_none_does(shares: tuple[float, float], said: str) -> None:
    rows = [("all ILACS: means", "range_overlap", f"x{i}", share, None, None, 150) for i, share in enumerate(shares)]
    spend = ("all ILACS: spearman", "spearman_rho", "rating x total spend per child", -0.1, -0.3, 0.1, 150)
    assert said in found("performance_indicators", spend, *rows)[1]


@pytest.mark.parametrize(("held_out", "is_none"), [(9.0, True), (45.0, False)])
def test_no_early_warning_only_where_the_share_is_surely_below_half(held_out: float, is_none: bool) -> None:
    rows = []
    for cycle, n in (("2012", 22), ("ILACS", 19)):
        rows.append((f"elastic net | {cycle}", "held_out_sensitivity_pct", "model", held_out, None, None, 140))
        rows.append((f"elastic net | {cycle}", "n_inadequate", "model", float(n), None, None, 140))
    third = found("inadequate_prediction", *rows)[2]
    assert ("no early warning" in third) is is_none
    assert ", n = 19)" in third  # of the inadequate, not of all authorities


def test_spending_within_an_authority_is_another_question() -> None:
    name = "preventative spending"
    rows = [
        ("model", "odds_ratio", name, 1.72, 1.29, 2.30, 374),
        ("marginal effect", "percentage_points", "£100 a child more on prevention", 9.8, 4.9, 14.8, 374),
        ("frameworks apart", "odds_ratio", f"SIF, first inspections | {name}", 2.15, 1.32, 3.52, 150),
        ("frameworks apart", "odds_ratio", f"ILACS, first inspections | {name}", 1.17, 0.78, 1.74, 150),
        ("within and between", "odds_ratio", f"2011-2019 | {name}, between authorities", 2.25, 1.51, 3.35, 374),
        ("within and between", "odds_ratio", f"2011-2019 | {name}, within authorities", 1.26, 0.87, 1.83, 374),
    ]
    first, second, third = found("spending_and_judgement", *rows)
    assert "multiplied by 1.72 (95% interval 1.29 to 2.30, n = 374), +10 points" in first
    assert "under ILACS 1.17 (95% interval 0.78 to 1.74, n = 150, which cannot be told from no difference)" in second
    assert "that spend more than others are judged better (odds multiplied by 2.25" in third
    assert third.endswith("1.26 (95% interval 0.87 to 1.83, n = 374, which cannot be told from no difference).")
    worse = [(*r[:3], 0.5, 0.3, 0.8, r[6]) if "between" in str(r[2]) else r for r in rows]
    assert "judged better" not in found("spending_and_judgement", *worse)[2]


def test_what_lasts_of_a_judgement_has_an_interval() -> None:
    rows = [
        ("variance", "reliability_of_one_rating", "score", 0.318, None, None, 385),
        ("value added", "n", "authorities whose interval leaves out zero", 10.0, None, None, 152),
    ]
    # One-way analysis of variance: F = 1 + 2.53 * .318 / .682 with 151 and 233 degrees of freedom.
    assert "32% (95% interval 20 to 43) lasts to the next inspection" in found("value_added", *rows)[0]


def test_factors_named_are_those_that_stay_after_allowing_for_how_many() -> None:
    place = "completed cycle, table 4"
    rows = [
        Estimate("inspection_factors", place, "spearman_rho", f"rating x {name}", rho, rho - 0.1, rho + 0.1, p, p, 150)
        for name, rho, p in (("re-referrals", -0.05, 0.6), ("CP reviews overdue", -0.44, 0.001))
    ]
    first, *_ = believed("inspection_factors", rows)
    assert "1 of 2 factors go with the judgement" in first.method
    assert "CP reviews overdue at -0.44" in first.method
    assert "re-referrals at" not in first.method
    assert first.value == -0.44
