"""Rank correlations against scipy and printed values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.estimators.rank_correlation import (
    correlation_matrix,
    correlations_with,
    persistent_correlations,
    spearman,
)

pytestmark = pytest.mark.filterwarnings("error")


def test_agrees_with_scipy_with_ties_and_gaps() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(1, 5, 60).astype(float)
    y = x + rng.normal(size=60)
    x[:5], y[3:9] = np.nan, np.nan
    both = np.isfinite(x) & np.isfinite(y)
    expected = stats.spearmanr(x[both], y[both])
    ours = spearman(x, y)
    assert ours.n == 51
    assert ours.rho == pytest.approx(expected.statistic, abs=1e-14)
    assert ours.p_value == pytest.approx(expected.pvalue, rel=1e-10)
    assert ours.ci_low < ours.rho < ours.ci_high


@pytest.mark.parametrize(("rho", "n", "p"), [(-0.245, 87, 0.022), (-0.224, 82, 0.043), (0.29, 47, 0.048)])
def test_p_values_as_printed_in_the_studies(rho: float, n: int, p: float) -> None:
    """p depends on rho and n alone: reach the printed rho by mixing ranks, then compare."""
    rng = np.random.default_rng(1)
    x = np.arange(n, dtype=float)
    best = None
    for _ in range(4000):
        y = np.sign(rho) * x + rng.normal(size=n) * n * rng.uniform(0.2, 3)
        found = spearman(x, y)
        if best is None or abs(found.rho - rho) < abs(best.rho - rho):
            best = found
        if abs(best.rho - rho) < 2e-4:
            break
    assert best is not None
    assert best.rho == pytest.approx(rho, abs=1e-3)
    assert best.p_value == pytest.approx(p, abs=0.0011)


def test_what_cannot_be_ranked_has_a_reason() -> None:
    assert "fewer than" in spearman([1, 2, np.nan, 3], [1, 2, 3, np.nan]).reason
    assert "does not vary" in spearman([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]).reason
    assert np.isnan(spearman([1, 1, 1, 1, 1], [1, 2, 3, 4, 5]).rho)
    assert spearman(np.arange(6), np.arange(6)).rho == 1
    assert spearman(np.arange(6), -np.arange(6)).p_value == 0
    assert "not computed" in spearman([], []).summary()
    with pytest.raises(ValueError, match="same length"):
        spearman([1, 2], [1])


def test_tables_delete_pairwise_and_adjust_over_the_family() -> None:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(rng.normal(size=(40, 4)), columns=list("abcd"))
    frame["b"] = frame["a"] + 0.1 * rng.normal(size=40)
    frame.loc[:9, "c"] = np.nan
    frame["d"] = 1.0
    table = correlation_matrix(frame)
    n = table.matrix("n")
    assert n.loc["a", "b"] == 40
    assert n.loc["c", "a"] == 30
    pairs = table.frame().set_index(["first", "second"])
    assert pairs.loc[("a", "d"), "reason"] == "a variable does not vary"
    known = pairs["p_value"].dropna()
    assert len(known) == 3  # the constant column is not part of the family
    assert pairs.loc[("a", "b"), "p_adjusted"] == pytest.approx(3 * known.min())
    one = correlations_with("a", frame).frame()
    assert one["second"].tolist() == ["b", "c", "d"]
    assert "a" in table.summary()
    with pytest.raises(KeyError):
        correlations_with("z", frame)


def yearly(signs: dict[int, float], n: int = 60, extra: int | None = None) -> dict[int, pd.DataFrame]:
    rng = np.random.default_rng(3)
    out = {}
    for year, sign in signs.items():
        x = rng.normal(size=n)
        out[year] = pd.DataFrame({"x": x, "y": sign * x + rng.normal(size=n), "noise": rng.normal(size=n)})
        if extra is not None and year >= extra:
            out[year]["agency"] = out[year]["x"] + 0.5 * rng.normal(size=n)
    return out


def test_only_persistent_pairs_of_one_sign_count() -> None:
    steady = persistent_correlations(yearly({2010: 1, 2011: 1, 2012: 1, 2013: 0}))
    assert steady.persistent[["first", "second", "sign"]].to_numpy().tolist() == [["x", "y", "+"]]
    assert steady.persistent.loc[0, "years_significant"] == 3
    twice = persistent_correlations(yearly({2010: 1, 2011: 1, 2012: 0, 2013: 0}))
    assert len(twice.persistent) == 0
    turning = persistent_correlations(yearly({2010: 1, 2011: 1, 2012: -1, 2013: -1}))
    assert len(turning.persistent) == 0
    pair = turning.pairs.set_index(["first", "second"]).loc[("x", "y")]
    assert pair["conflicting_years"] == 2


def test_late_series_may_need_fewer_years() -> None:
    years = yearly({2010: 1, 2011: 1, 2012: 1, 2013: 1}, extra=2012)
    strict = persistent_correlations(years).persistent
    assert "agency" not in strict["first"].tolist()
    workforce = persistent_correlations(years, years_needed=lambda a, b: 2 if "agency" in (a, b) else 3)
    assert ["agency", "x"] in workforce.persistent[["first", "second"]].to_numpy().tolist()
    assert "pairs persist" in workforce.summary()
    assert len(persistent_correlations({}).pairs) == 0
