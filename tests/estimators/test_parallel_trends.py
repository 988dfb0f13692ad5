"""Bounds on parting trends: another package's figures, closed forms, coverage."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.estimators.event_study import event_study
from analysis.estimators.parallel_trends import breakdown, relative_magnitudes, smoothness

YEARS = [-3, -2, 0, 1, 2]
BETA = np.array([0.03, -0.01, 0.08, 0.02, -0.03])
ROOT = np.random.default_rng(3).normal(size=(5, 5))
COV = (ROOT @ ROOT.T + 2 * np.eye(5)) * 0.0001 + 0.0001

# diff-diff 3.13.0 (MIT), honest_did._compute_optimal_flci on these figures: event year, m, interval.
FLCI = [
    (0, 0.0, 0.025545187493990026, 0.15319704056467426),
    (1, 0.0, -0.030483905059940954, 0.12179100410796503),
    (0, 0.01, 0.01933757597173824, 0.1576309456609156),
    (1, 0.01, -0.05888134259882277, 0.1469475072100892),
    (0, 0.05, -0.03738208390120719, 0.20136183379827943),
    (1, 0.05, -0.2184508321033668, 0.292147428810938),
]


@pytest.mark.parametrize(("target", "m", "low", "high"), FLCI)
def test_smoothness_is_the_optimal_interval_of_fixed_length(target: int, m: float, low: float, high: float) -> None:
    found = smoothness(YEARS, BETA, COV, target=target, m=m)
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high), abs=3e-6)


def test_relative_magnitudes_hold_the_identified_set_and_widen() -> None:
    # The largest change before is .04: the set of event year 0 at m = 1 is .08 -/+ .04, of event year 1 .02 -/+ .08.
    for target, low, high in ((0, 0.04, 0.12), (1, -0.06, 0.10)):
        found = relative_magnitudes(YEARS, BETA, COV, target=target, m=1.0)
        assert found.ci_low < low
        assert found.ci_high > high
    # Without error the interval is the set.
    exact = relative_magnitudes(YEARS, BETA, COV * 1e-12, target=0, m=1.0)
    assert (exact.ci_low, exact.ci_high) == pytest.approx((0.04, 0.12), abs=1e-4)
    plain = relative_magnitudes(YEARS, BETA, COV, target=0, m=0.0)
    se = COV[2, 2] ** 0.5
    assert (plain.ci_low, plain.ci_high) == pytest.approx((0.08 - 1.959964 * se, 0.08 + 1.959964 * se))


def test_the_breakdown_is_where_the_interval_meets_zero() -> None:
    m = breakdown(YEARS, BETA, COV, target=0)
    assert relative_magnitudes(YEARS, BETA, COV, target=0, m=m).ci_low > 0
    assert relative_magnitudes(YEARS, BETA, COV, target=0, m=m + 0.02).ci_low <= 0
    assert np.isnan(breakdown(YEARS, BETA, COV, target=1))


@pytest.mark.parametrize("before", [(0.0, 0.0), (0.02, 0.01), (-0.01, 0.02)])
def test_the_interval_covers_where_trends_part_as_far_as_allowed(before: tuple[float, float]) -> None:
    largest = max(abs(before[1] - before[0]), abs(before[1]))
    truth = np.array([*before, largest, 2 * largest, 0.0])  # no effect, all of it parting trends
    root, rng, hits, draws = np.linalg.cholesky(COV), np.random.default_rng(0), 0, 300
    for _ in range(draws):
        found = relative_magnitudes(YEARS, truth + root @ rng.normal(size=5), COV, target=0, m=1.0)
        hits += found.ci_low <= 0 <= found.ci_high
    assert hits / draws >= 0.93


def test_without_years_before_there_is_a_reason() -> None:
    assert "follow one another" in relative_magnitudes([0, 1], [0.1, 0.2], np.eye(2), target=0, m=1.0).reason
    assert "no year before" in smoothness([0, 1], [0.1, 0.2], np.eye(2), target=0, m=0.0).reason
    assert "no estimate" in relative_magnitudes([-2, 0], [0.1, 0.2], np.eye(2), target=3, m=1.0).reason
    # A gap before the base year breaks the chain.
    assert not relative_magnitudes([-4, -3, 0], [0.1, 0.2, 0.3], np.eye(3), target=0, m=1.0).ok


def test_a_year_of_anticipation_moves_the_base() -> None:
    rng = np.random.default_rng(2)
    units, years = 60, np.arange(2010, 2020)
    first = np.repeat(np.where(np.arange(units) < 30, 2014, 2018), len(years))
    year = np.tile(years, units)
    # The effect of 1 comes a year before the event.
    y = rng.normal(size=units)[np.repeat(np.arange(units), len(years))] + (year >= first - 1) + rng.normal(0, 0.05, 600)
    unit = np.repeat(np.arange(units), len(years))
    plain = event_study(y, unit, year, first, draws=0).by_event_time.set_index("event_year")["estimate"]
    early = event_study(y, unit, year, first, anticipation=1, draws=0)
    table = early.by_event_time.set_index("event_year")["estimate"]
    assert abs(plain[0]) < 0.1  # the base year has it already
    assert table[0] == pytest.approx(1.0, abs=0.1)
    assert table[-1] == pytest.approx(1.0, abs=0.1)
    assert -2 not in table.index
    assert early.covariance.shape == (len(table), len(table))
