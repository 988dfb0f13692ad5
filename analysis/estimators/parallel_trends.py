"""How far the trends of treated and control units may have parted before an effect is no longer told from nothing.

An event study measures effect plus whatever the two groups' trends would have differed by anyway. Before the event that
difference is seen; after it, it has to be bounded:

relative magnitudes: from one year to the next it changes by at most ``m`` times its largest such change before.
smoothness: its slope changes by at most ``m`` from one year to the next (``m`` = 0: a straight line goes on).

Relative magnitudes: for one year seen at a time the bounds of the years between add up, so that the effect of event
year
e lies within ``(e + 1) m max|change before|`` of its estimate. For every year before and sign the two ends of that
interval are linear in the estimates; their interval is that of two moment inequalities with the least favourable
critical value, and the union over years and signs covers. Smoothness: the shortest interval of fixed length around a
linear combination of the estimates that no straight line moves.

Source: Rambachan & Roth (2023) *Rev. Econ. Studies* 90:2555 (restrictions; fixed-length intervals after Armstrong &
Kolesar); for the intervals of the union, Andrews, Roth & Pakes (2023) and Stoye (2009) *Econometrica* 77:1299.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from analysis.estimators._arrays import Array


@dataclass(frozen=True)
class Bounds:
    """95% interval of an effect under a bound on the violation of parallel trends, or a reason for none."""

    m: float
    ci_low: float
    ci_high: float
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval is on one side of zero."""
        return self.ok and (self.ci_low > 0 or self.ci_high < 0)


def relative_magnitudes(
    event_year: Sequence[int], estimate: Any, covariance: Any, *, target: int, m: float, base: int = -1
) -> Bounds:
    """Interval of the effect at event year ``target`` under bounds relative to the changes before the event.

    event_year, estimate, covariance: of an event study, its base year (whose estimate is zero) left out. Only years
    that follow one another without a gap to the base are used. With ``m`` = 0 it is the ordinary interval.
    """
    years = np.asarray(event_year, dtype=int)
    beta, cov = np.asarray(estimate, dtype=float), np.asarray(covariance, dtype=float)
    at = np.flatnonzero(years == target)
    if len(at) != 1 or not np.isfinite(beta[at[0]]):
        return Bounds(m, np.nan, np.nan, f"no estimate at event year {target}")
    unit = np.eye(len(beta))
    effect = unit[at[0]]
    steps = _changes_before(years, unit, base)
    if m > 0 and not steps:
        return Bounds(m, np.nan, np.nan, "no two years before the event follow one another")
    ends = [(effect, effect)] if m == 0 else []
    for step in steps if m > 0 else ():
        reach = (target - base) * m * step
        ends += [(effect - reach, effect + reach), (effect + reach, effect - reach)]
    found = [_of_two_ends(beta @ low, beta @ high, *_spread(cov, low, high)) for low, high in ends]
    inside = [(low, high) for low, high in found if low <= high]
    if not inside:
        return Bounds(m, np.nan, np.nan, "no bound holds")
    return Bounds(m, float(min(low for low, _ in inside)), float(max(high for _, high in inside)))


def breakdown(
    event_year: Sequence[int], estimate: Any, covariance: Any, *, target: int, base: int = -1, largest: float = 5.0
) -> float:
    """The largest ``m`` (to a hundredth, at most ``largest``) whose interval leaves out zero; NaN if none does."""

    def clear(m: float) -> bool:
        return relative_magnitudes(event_year, estimate, covariance, target=target, m=m, base=base).leaves_out_zero

    if not clear(0.0):
        return float("nan")
    low, high = 0.0, largest
    if clear(high):
        return high
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if clear(middle) else (low, middle)
    return low


def _changes_before(years: Array, unit: Array, base: int) -> list[Array]:
    """The changes from each year before the event to the next, as combinations of the estimates."""
    places = {int(year): i for i, year in enumerate(years)}
    out = []
    year, later = base - 1, np.zeros(len(years))
    while year in places:
        out.append(later - unit[places[year]])
        year, later = year - 1, unit[places[year]]
    return out


def _spread(cov: Array, low: Array, high: Array) -> tuple[float, float, float]:
    """Standard errors of two combinations, and their correlation."""
    a, b = (float(np.sqrt(max(float(v @ cov @ v), 0.0))) for v in (low, high))
    return a, b, float(low @ cov @ high) / (a * b) if a * b > 0 else 1.0


def _of_two_ends(low: float, high: float, se_low: float, se_high: float, correlation: float) -> tuple[float, float]:
    """Interval of a parameter between two ends: both of two one-sided tests, at the least favourable critical value."""
    correlations, critical = _critical_values()
    c = float(np.interp(correlation, correlations, critical))
    return low - c * se_low, high + c * se_high


@cache
def _critical_values() -> tuple[Array, Array]:
    """Correlations rising from -1 to 1, and c with P(Z1 >= -c, Z2 <= c) = 0.95: from 1.645 to 1.960."""
    from scipy.special import ndtr

    correlation = -0.99 * np.cos(np.linspace(0.0, np.pi, 201))
    nodes, weights = np.polynomial.legendre.leggauss(400)
    low, high = np.full_like(correlation, 1.6), np.full_like(correlation, 2.0)
    rest = np.sqrt(1 - correlation**2)
    for _ in range(40):
        c = (low + high) / 2
        # Z1 from -c up: given Z1 = x, Z2 is normal around correlation * x.
        x = -c[:, None] + (nodes + 1) * (9.0 + c[:, None]) / 2
        density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
        inner = ndtr((c[:, None] - correlation[:, None] * x) / rest[:, None])
        covered = (density * inner) @ weights * (9.0 + c) / 2
        low, high = np.where(covered < 0.95, c, low), np.where(covered < 0.95, high, c)
    # At the ends the two are one, or each other's negative; between .99 and 1 the straight line is on the safe side.
    ends = (1.6448536269514722, 1.959963984540054)
    return np.r_[-1.0, correlation, 1.0], np.r_[ends[0], (low + high) / 2, ends[1]]


def smoothness(
    event_year: Sequence[int], estimate: Any, covariance: Any, *, target: int, m: float, base: int = -1
) -> Bounds:
    """Interval of the effect at event year ``target`` where the slope of the difference changes by at most ``m`` a
    year.

    Needs two years before the base at least (one where ``m`` is zero). Units are those of the estimates.
    """
    from scipy.optimize import minimize
    from scipy.special import chndtrix

    years = np.asarray(event_year, dtype=int)
    beta, cov = np.asarray(estimate, dtype=float), np.asarray(covariance, dtype=float)
    places = {int(year): i for i, year in enumerate(years)}
    before = []
    year = base - 1
    while year in places:
        before.append(year)
        year -= 1
    if target not in places:
        return Bounds(m, np.nan, np.nan, f"no estimate at event year {target}")
    if not before:
        return Bounds(m, np.nan, np.nan, "no year before the base year")
    earliest, span = min(before), range(min(before), target + 1)
    # The difference by year as a slope and kinks: value at year t of one kink at year k, zero at the base.
    kinks = [k for k in range(earliest + 1, target) if k not in (earliest, target)]

    def path(kink: int) -> dict[int, float]:
        bent = {t: float(max(t - kink, 0)) for t in span}
        at_base = bent[base]
        return {t: v - at_base for t, v in bent.items()}

    slope = np.array([float(t - base) for t in before])
    bends = np.array([[path(k)[t] for t in (*before, target)] for k in kinks]) if kinks else np.zeros((0, 1))
    rows = [places[t] for t in before]
    here = places[target]
    # Weights on the years before that a straight line cancels: one fixed solution, and what may be added to it.
    weights = slope * (target - base) / (slope @ slope)
    free = np.linalg.svd(slope[None, :])[2][1:]

    def pieces(extra: Array) -> tuple[float, float, Array]:
        w = weights + extra @ free if len(free) else weights
        combination = np.zeros(len(beta))
        combination[here], combination[rows] = 1.0, -w
        sd = float(np.sqrt(max(float(combination @ cov @ combination), 0.0)))
        bias = m * float(np.abs(bends[:, -1] - bends[:, :-1] @ w).sum()) if len(kinks) else 0.0
        return sd, bias, combination

    def half(extra: Array) -> float:
        sd, bias, _ = pieces(extra)
        # The 95% quantile of |N(bias, sd)|.
        return sd * float(np.sqrt(chndtrix(0.95, 1, (bias / sd) ** 2))) if sd > 0 else bias

    best: Array = np.zeros(len(free))
    if len(free):
        best = minimize(half, best, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10, "maxiter": 2000}).x
    _, _, combination = pieces(best)
    centre, reach = float(beta @ combination), half(best)
    return Bounds(m, centre - reach, centre + reach)
