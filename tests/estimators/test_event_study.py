"""The event study against plain means, an independent implementation and planted effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.event_study import EventStudy, event_study

pytestmark = pytest.mark.filterwarnings("error")


def panel(
    n: int = 150, years: int = 9, seed: int = 0, effect: float = 0.3, trend: float = 0.1, noise: float = 0.1
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    first = rng.choice([3, 4, 5, 6], n)
    unit, year = np.repeat(np.arange(n), years), np.tile(np.arange(years), n)
    e = year - first[unit]
    y = trend * year**1.5 + rng.normal(size=n)[unit] + effect * (e >= 0) + noise * rng.normal(size=n * years)
    return pd.DataFrame({"y": y, "unit": unit, "year": year, "first": first[unit]})


def run(frame: pd.DataFrame, **options: object) -> EventStudy:
    return event_study(frame["y"], frame["unit"], frame["year"], frame["first"], **options)  # type: ignore[arg-type]


def test_two_cohorts_and_two_periods_are_a_difference_of_differences() -> None:
    frame = pd.DataFrame(
        {
            "y": [1.0, 4.0, 2.0, 5.0, 1.0, 2.0, 3.0, 3.0],
            "unit": [1, 1, 2, 2, 3, 3, 4, 4],
            "year": [2014, 2015] * 4,
            "first": [2015, 2015, 2015, 2015, np.nan, np.nan, np.nan, np.nan],
        }
    )
    result = run(frame, fewest=1)
    # Treated gain 3 and 3, controls 1 and 0.
    assert result.overall == pytest.approx(2.5)
    # Variance of a difference of two means with n in the denominator: 0 / 2 + 0.25 / 2.
    assert result.overall_se == pytest.approx(np.sqrt(0.125))
    assert result.by_event_time["event_year"].tolist() == [0]


def test_agrees_with_an_independent_implementation() -> None:
    """Estimates and standard errors of diff-diff 3.13 (not-yet-treated controls, universal base period)."""
    rng = np.random.default_rng(2024)
    n, years = 60, 8
    first = rng.choice([3, 4, 5, 6], n)
    unit, year = np.repeat(np.arange(n), years), np.tile(np.arange(years), n)
    e = year - first[unit]
    y = 0.1 * year + rng.normal(size=n)[unit] + np.where(e >= 0, 0.5 + 0.1 * e, 0) + 0.3 * rng.normal(size=n * years)
    result = event_study(y, unit, year, first[unit], window=(-5, 4))
    expected = {
        -5: (0.11610293, 0.15915536),
        -4: (0.07467169, 0.12260317),
        -3: (-0.05585872, 0.07796893),
        -2: (-0.01191656, 0.08120987),
        0: (0.44521773, 0.07764633),
        1: (0.61153088, 0.09698459),
        2: (0.76278632, 0.13268580),
    }
    table = result.frame().set_index("event_year")
    assert table.index.tolist() == list(expected)
    for event, (estimate, se) in expected.items():
        assert table.loc[event, "estimate"] == pytest.approx(estimate, abs=1e-8)
        assert table.loc[event, "se"] == pytest.approx(se, abs=1e-8)
    assert "not identified at event years 3, 4" in result.reason


def test_cells_are_differences_of_mean_changes() -> None:
    frame = panel(seed=2)
    wide = frame.pivot(index="unit", columns="year", values="y")
    first = frame.groupby("unit")["first"].first()
    for cell in run(frame, window=(-3, 2)).cells.query("reason == ''").itertuples():
        change = wide[cell.year] - wide[cell.cohort - 1]
        controls = first > max(cell.year, cell.cohort - 1)
        controls &= first != cell.cohort
        assert cell.att == pytest.approx(change[first == cell.cohort].mean() - change[controls].mean())
        assert cell.n_controls == controls.sum()


def test_calendar_trend_is_not_taken_for_an_effect() -> None:
    """No effect, a steep common trend: a before-and-after comparison finds one, the event study does not."""
    frame = panel(effect=0.0, trend=0.2, seed=3)
    e = frame["year"] - frame["first"]
    naive = frame.loc[e == 0, "y"].mean() - frame.loc[e == -1, "y"].mean()
    result = run(frame)
    assert naive > 0.5
    assert abs(result.overall) < 3 * result.overall_se
    assert result.pretrend_p > 0.01


def test_planted_effect_comes_back() -> None:
    result = run(panel(n=600, effect=0.3, seed=4))
    assert result.overall == pytest.approx(0.3, abs=3.5 * result.overall_se)
    assert result.overall_se < 0.02
    table = result.frame()
    assert (table["band_low"] <= table["ci_low"]).all()
    assert ((table["band_high"] - table["estimate"]) > 0).all()
    assert "average effect" in result.summary()


def test_diverging_cohorts_fail_the_pretrend_test() -> None:
    frame = panel(seed=5)
    frame["y"] += 0.1 * frame["year"] * (frame["first"] - 4)
    assert run(frame).pretrend_p < 1e-4


def test_missing_years_drop_out_of_the_cells_they_touch() -> None:
    frame = panel(seed=6)
    frame.loc[np.random.default_rng(0).random(len(frame)) < 0.1, "y"] = np.nan
    result = run(frame)
    assert result.overall == pytest.approx(0.3, abs=4 * result.overall_se)
    full = run(panel(seed=6))
    assert result.cells["n_treated"].sum() < full.cells["n_treated"].sum()


def test_units_treated_at_the_start_are_dropped_and_counted() -> None:
    frame = panel(seed=7)
    frame.loc[frame["unit"] < 10, "first"] = 0
    result = run(frame)
    assert result.n_dropped == 10
    assert "10 units treated in or before" in result.reason


def test_nothing_to_estimate() -> None:
    frame = panel(n=20)
    assert "no unit is treated" in run(frame.assign(first=np.nan)).reason
    assert "no row" in run(frame.assign(y=np.nan)).reason
    together = run(frame.assign(first=4))
    assert "no group-time effect" in together.reason
    assert "not estimated" in together.summary()
    with pytest.raises(ValueError, match="twice in one year"):
        run(pd.concat([frame, frame]))
    with pytest.raises(ValueError, match="two years of first treatment"):
        run(frame.assign(first=frame["year"]))


@pytest.mark.slow
def test_intervals_cover() -> None:
    hits, bands = [], []
    for seed in range(400):
        result = run(panel(seed=1000 + seed), draws=199)
        table = result.frame()
        truth = np.where(table["event_year"] >= 0, 0.3, 0.0)
        hits.append((table["ci_low"] <= truth) & (truth <= table["ci_high"]))
        bands.append(((table["band_low"] <= truth) & (truth <= table["band_high"])).all())
    assert np.mean(hits) == pytest.approx(0.95, abs=0.02)
    assert np.mean(bands) == pytest.approx(0.95, abs=0.04)
