"""Specification curves and placebo inspections."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.estimators.mixed_poisson import fit_mixed_poissons
from analysis.estimators.placebo import before_the_event, permutation_test, shifted_placebos
from analysis.estimators.segmented import design
from analysis.estimators.simulation import simulate_panel
from analysis.estimators.specification_curve import SpecificationEstimate, specification_curve

pytestmark = pytest.mark.filterwarnings("error")

CHOICES = {"family": ["poisson", "nb2"], "window": [2, 3], "offset": ["population", "none"]}


def test_curve_runs_every_combination_and_sorts_them() -> None:
    def estimate(chosen: dict) -> SpecificationEstimate:
        if chosen["offset"] == "none" and chosen["window"] == 2:
            return SpecificationEstimate(np.nan, np.nan, 0, "too few years")
        value = 0.1 if chosen["family"] == "poisson" else -0.02
        return SpecificationEstimate(value * chosen["window"], 0.05, 100)

    curve = specification_curve(CHOICES, estimate)
    frame = curve.frame()
    assert len(frame) == 8
    assert len(curve.estimated) == 6
    values = curve.estimated["estimate"].to_numpy()
    assert (np.diff(values) >= 0).all()
    assert curve.median == pytest.approx(np.median([0.2, 0.3, 0.3, -0.04, -0.06, -0.06]))
    assert curve.share_of_leading_sign == pytest.approx(0.5)
    assert curve.share_significant == pytest.approx(0.5)
    assert "2 of 8 not estimated (too few years)" in curve.summary()
    moved = curve.by_choice().set_index(["choice", "option"])
    assert moved.loc[("family", "poisson"), "median"] == pytest.approx(0.3)
    assert moved.loc[("window", "2"), "specifications"] == 2


def test_curve_with_nothing_in_it() -> None:
    curve = specification_curve(CHOICES, lambda chosen: SpecificationEstimate(np.nan, np.nan))
    assert not curve.ok
    assert np.isnan(curve.median)
    assert "none of 8" in curve.summary()


def step_of(event_time: np.ndarray, use: np.ndarray, panel) -> SpecificationEstimate:
    """The level change at year 0, robust standard error."""
    from dataclasses import replace

    problem = panel.problem("level")
    y = np.where(use, problem.y, np.nan)
    fit = fit_mixed_poissons([replace(problem, X=design(event_time, "level"), time=event_time, y=y)])[0]
    row = fit.frame("robust").set_index("term").loc["step0"]
    return SpecificationEstimate(row["estimate"], row["se"], fit.n_obs, fit.reason)


def test_shifted_placebos_see_the_real_step_only_at_its_place() -> None:
    truth = {"const": 0.0, "pre": 0.02, "step0": 0.2, "step1": 0.02, "post": 0.02}
    panel = simulate_panel(seed=1, clusters=100, rate=300.0, truth=truth, event_years=(5, 8), years=11)
    t = panel.rows["event_time"].to_numpy()
    placebos = shifted_placebos(t, [2, 3], lambda times, use: step_of(times, use, panel))
    table = placebos.frame().set_index("shift")
    assert table.loc[0, "estimate"] == pytest.approx(0.18, abs=0.03)
    assert (table.loc[[2, 3], "estimate"].abs() < 0.04).all()
    assert table.loc[0, "p_value"] < 1e-6
    assert (table.loc[[2, 3], "p_value"] > 0.01).all()
    assert table.loc[2, "n"] == (t < 0).sum()
    assert "Placebo event years" in placebos.summary()


def test_placebo_rows_stop_before_the_real_event() -> None:
    times, use = before_the_event([-3, -2, -1, 0, 1, np.nan], 2)
    assert times[:5].tolist() == [-1, 0, 1, 2, 3]
    assert use.tolist() == [True, True, True, False, False, False]
    assert before_the_event([-1, 0, 1], 0)[1].all()
    with pytest.raises(ValueError, match="before the event"):
        before_the_event([0.0], -1)
    nothing = shifted_placebos([0.0, 1.0], [1], lambda times, use: SpecificationEstimate(1.0, 1.0, int(use.sum())))
    assert nothing.frame().set_index("shift").loc[1, "reason"] == "no rows"


def test_permutation_finds_a_planted_effect_and_no_other() -> None:
    rng = np.random.default_rng(0)
    n, years = 60, 9
    event = rng.integers(3, 7, n).astype(float)
    year = np.arange(years)
    noise = rng.normal(size=n)[:, None] + 0.2 * rng.normal(size=(n, years)) + 0.3 * year

    def estimator(y: np.ndarray):
        def estimate(when: np.ndarray) -> float:
            rows = np.arange(n)
            return float((y[rows, when.astype(int)] - y[rows, when.astype(int) - 1]).mean())

        return estimate

    effect = noise + 0.4 * (year >= event[:, None])
    found = permutation_test(event, estimator(effect), draws=199, seed=1)
    assert found.p_value == pytest.approx(1 / 200)
    nothing = permutation_test(event, estimator(noise), draws=199, seed=1)
    assert nothing.p_value > 0.05
    # The common trend of 0.3 a year is in the estimate but not taken for an effect.
    assert nothing.estimate > 0.2
    assert len(nothing.frame()) == 199
    assert "under random event years" in nothing.summary()


def test_permutations_that_cannot_be_made() -> None:
    years = np.array([3.0, 4.0, 5.0, np.nan])
    assert "no estimate" in permutation_test(years, lambda when: float("nan")).reason
    assert "same event year" in permutation_test(np.full(4, 3.0), lambda when: 1.0).reason
    counter = iter(range(1000))

    def once(when: np.ndarray) -> float:
        return 1.0 if next(counter) == 0 else float("nan")

    failed = permutation_test(years, once)
    assert "too few random assignments" in failed.reason
    assert "not made" in failed.summary()
    with pytest.raises(ValueError, match="at least 19"):
        permutation_test(years, lambda when: 1.0, draws=5)
