"""Placebo inspections: would the method find an effect where there is none?

Two checks. *Shifted*: pretend that every inspection took place some years earlier and use only years before the real
one; any effect found there is trend or chance. *Permuted*: deal the real inspection years out to the authorities at
random; the share of deals that look at least as extreme is a p-value that needs no model of the errors.

Sources: Bertrand, Duflo & Mullainathan (2004) *QJE* 119:249; randomisation inference, Fisher (1935); the ``+ 1`` in the
p-value, Phipson & Smyth (2010) *Stat. Appl. Genet. Mol. Biol.* 9:39.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, as_floats
from analysis.estimators._format import number, table
from analysis.estimators.specification_curve import SpecificationEstimate


@dataclass(frozen=True, eq=False)
class ShiftedPlacebos:
    """Estimates at pretended event years: one row per shift (0 = the real one): estimate, se, p_value, n, reason."""

    shifts: pd.DataFrame

    @property
    def ok(self) -> bool:
        return bool(np.isfinite(self.shifts["estimate"].to_numpy(dtype=float)).any())

    @property
    def share_significant(self) -> float:
        """Share of the placebo shifts with p < 0.05; about 0.05 is as it should be. NaN without any."""
        placebo = self.shifts[(self.shifts["shift"] != 0) & self.shifts["p_value"].notna()]
        return float((placebo["p_value"] < 0.05).mean()) if len(placebo) else float("nan")

    def frame(self) -> pd.DataFrame:
        """One row per shift."""
        return self.shifts.copy()

    def summary(self) -> str:
        """The shifts."""
        share = number(100 * self.share_significant, 3)
        return f"Placebo event years ({share}% of them significant at 5%)\n{table(self.shifts)}"


def before_the_event(event_time: Any, shift: int) -> tuple[Array, np.ndarray]:
    """Event time as if the event lay ``shift`` years earlier (shift > 0), and which rows may be used.

    Rows from the real event on are out, or the real effect would pass for the placebo's. ``shift`` 0 keeps all rows.
    Raises ValueError for a negative shift.
    """
    if shift < 0:
        raise ValueError("a placebo lies before the event: shift is 0 or more")
    t = as_floats(event_time)
    return t + shift, np.isfinite(t) & ((t < 0) | (shift == 0))


def shifted_placebos(
    event_time: Any, shifts: Sequence[int], estimate: Callable[[Array, np.ndarray], SpecificationEstimate]
) -> ShiftedPlacebos:
    """The estimate at the real event year and at each of ``shifts`` years before it.

    ``estimate`` takes event times and a mask of the rows to use (both of the length of ``event_time``).
    """
    from scipy.special import ndtr

    rows = []
    for shift in dict.fromkeys((0, *shifts)):
        times, rows_to_use = before_the_event(event_time, shift)
        one = estimate(times, rows_to_use) if rows_to_use.any() else SpecificationEstimate(np.nan, np.nan, 0, "no rows")
        judged = np.isfinite(one.estimate) and np.isfinite(one.se) and one.se > 0
        rows.append(
            {
                "shift": shift,
                "estimate": one.estimate,
                "se": one.se,
                "p_value": float(2 * ndtr(-abs(one.estimate) / one.se)) if judged else np.nan,
                "n": one.n,
                "reason": one.reason,
            }
        )
    return ShiftedPlacebos(pd.DataFrame(rows))


@dataclass(frozen=True, eq=False)
class PermutationTest:
    """The real estimate among those of random assignments: two-sided p, their distribution, how many failed."""

    estimate: float
    p_value: float
    placebo: Array
    n_failed: int
    reason: str = ""

    @property
    def ok(self) -> bool:
        return bool(np.isfinite(self.p_value))

    def frame(self) -> pd.DataFrame:
        """One row per random assignment."""
        return pd.DataFrame({"estimate": self.placebo})

    def summary(self) -> str:
        """One line."""
        if not self.ok:
            return f"Permutation test not made: {self.reason}"
        low, high = np.quantile(self.placebo, [0.025, 0.975])
        return (
            f"Estimate {number(self.estimate)}; under random event years 95% lie between {number(low)} and "
            f"{number(high)}; p = {number(self.p_value, 3)} ({len(self.placebo)} assignments)"
        )


def permutation_test(
    event_year: Any, estimate: Callable[[Array], float], *, draws: int = 199, seed: int = 0
) -> PermutationTest:
    """Deal the event years of the units out at random and estimate again.

    event_year: one per unit, NaN for none; ``estimate`` takes such a vector and gives a number (NaN where it cannot).
    The distance from the median of the placebos is compared, so that a trend common to all does not count as effect.
    Raises ValueError for fewer than 19 draws, with which no p-value can reach 0.05.
    """
    if draws < 19:
        raise ValueError("a permutation test needs at least 19 draws")
    years = as_floats(event_year)
    real = float(estimate(years))
    if not np.isfinite(real):
        return PermutationTest(real, float("nan"), np.zeros(0), 0, "the real assignment gives no estimate")
    if len(set(years[np.isfinite(years)].tolist())) + np.isnan(years).any() < 2:
        return PermutationTest(real, float("nan"), np.zeros(0), 0, "every unit has the same event year")
    rng = np.random.default_rng(seed)
    found = np.array([estimate(rng.permutation(years)) for _ in range(draws)], dtype=float)
    placebo = found[np.isfinite(found)]
    failed = int(draws - len(placebo))
    if len(placebo) < 19:
        return PermutationTest(real, float("nan"), placebo, failed, "too few random assignments gave an estimate")
    middle = np.median(placebo)
    extreme = int((np.abs(placebo - middle) >= abs(real - middle) - 1e-12).sum())
    reason = f"{failed} random assignments gave no estimate" if failed else ""
    return PermutationTest(real, (extreme + 1) / (len(placebo) + 1), placebo, failed, reason)
