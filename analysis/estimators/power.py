"""Minimum detectable effects: what a study of this size could have seen.

Solved for the effect at a given power: t-tests and ANOVA with statsmodels' power functions (its own solvers stop at the
sixth digit, and find no effect above one), the rest in closed form or by a normal approximation. They say what was
possible before looking; they are no comment on an effect already found.

Sources: Cohen (1988) *Statistical Power Analysis*; Hsieh, Bloch & Larsen (1998) *Statist. Med.* 17:1623 for logistic
regression; Bloom (1995) *Eval. Rev.* 19:547 for the minimum detectable effect as a multiple of the standard error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._format import number


@dataclass(frozen=True)
class DetectableEffect:
    """The smallest effect found with ``power`` in a two-sided test at ``alpha``; NaN with a reason where none is.

    effect: in the units named by ``scale``; n: what it rests on, in words.
    """

    test: str
    scale: str
    effect: float
    n: str
    alpha: float
    power: float
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([self.__dict__])

    def summary(self) -> str:
        """One line."""
        if self.reason:
            return f"Minimum detectable effect of the {self.test} ({self.n}) not computed: {self.reason}"
        return (
            f"{self.test}, {self.n}: smallest effect found with {100 * self.power:.0f}% power at {self.alpha} is "
            f"{number(self.effect, 3)} ({self.scale})"
        )


def _check(alpha: float, power: float) -> None:
    if not 0 < alpha < 1 or not alpha < power < 1:
        raise ValueError("alpha lies between 0 and 1 and power between alpha and 1")


def _solve(power_at: Callable[[float], float], power: float, start: float, largest: float = float("inf")) -> float:
    """The effect at which the power is reached; the bracket grows from ``start``, as far tails are not computable."""
    from scipy.optimize import brentq

    upper = start
    while power_at(upper) < power and upper < largest:
        upper = min(1.5 * upper, largest)
    return float(brentq(lambda effect: power_at(effect) - power, 1e-9, upper, xtol=1e-10))


def detectable_difference(n_first: int, n_second: int, *, alpha: float = 0.05, power: float = 0.8) -> DetectableEffect:
    """Difference of two means in pooled standard deviations (Cohen's d), two-sample t-test, exact."""
    _check(alpha, power)
    words = f"{n_first} and {n_second} units"
    if min(n_first, n_second) < 1 or n_first + n_second < 3:
        return DetectableEffect("t-test", "Cohen's d", float("nan"), words, alpha, power, "too few units")
    from statsmodels.stats.power import ttest_power

    pairs = n_first * n_second / (n_first + n_second)

    def power_at(d: float) -> float:
        return float(ttest_power(d, pairs, alpha, df=n_first + n_second - 2))

    return DetectableEffect("t-test", "Cohen's d", _solve(power_at, power, 0.5 / np.sqrt(pairs)), words, alpha, power)


def detectable_correlation(n: int, *, alpha: float = 0.05, power: float = 0.8) -> DetectableEffect:
    """Absolute rank correlation, by Fisher's z with Bonett & Wright's variance."""
    _check(alpha, power)
    words = f"{n} units"
    if n < 5:
        return DetectableEffect("rank correlation", "rho", float("nan"), words, alpha, power, "fewer than five units")
    from scipy.special import ndtr, ndtri

    critical = float(ndtri(1 - alpha / 2)) / np.sqrt(n - 3)

    def power_at(rho: float) -> float:
        se = np.sqrt((1 + rho**2 / 2) / (n - 3))
        return float(ndtr((np.arctanh(rho) - critical) / se) + ndtr((-np.arctanh(rho) - critical) / se))

    effect = _solve(power_at, power, 0.1, 1 - 1e-9)
    return DetectableEffect("rank correlation", "rho", effect, words, alpha, power)


def detectable_anova(sizes: Any, *, alpha: float = 0.05, power: float = 0.8) -> DetectableEffect:
    """Cohen's f (sd of the group means over the sd within) of a one-way ANOVA with groups of these sizes, exact."""
    _check(alpha, power)
    counts = [int(size) for size in sizes if size > 0]
    k, n = len(counts), sum(counts)
    words = f"{n} units in {k} groups"
    if k < 2 or n <= k:
        return DetectableEffect("one-way ANOVA", "Cohen's f", float("nan"), words, alpha, power, "too few units")
    from statsmodels.stats.power import ftest_anova_power

    def power_at(f: float) -> float:
        return float(ftest_anova_power(f, n, alpha, k_groups=k))

    effect = _solve(power_at, power, 0.5 / np.sqrt(n))
    return DetectableEffect("one-way ANOVA", "Cohen's f", effect, words, alpha, power)


def detectable_odds_ratio(
    n: int, share_of_events: float, *, r2_with_others: float = 0.0, alpha: float = 0.05, power: float = 0.8
) -> DetectableEffect:
    """Odds ratio per standard deviation of a normal predictor in a logistic regression (Hsieh and others).

    r2_with_others: share of the predictor's variance that the other predictors explain.
    """
    _check(alpha, power)
    words = f"{n} units, {100 * share_of_events:.0f}% events"
    test, scale = "logistic regression", "odds ratio per standard deviation"
    if not 0 < share_of_events < 1 or not 0 <= r2_with_others < 1 or n < 2:
        return DetectableEffect(test, scale, float("nan"), words, alpha, power, "no events, no non-events or no units")
    from scipy.special import ndtri

    information = n * share_of_events * (1 - share_of_events) * (1 - r2_with_others)
    log_odds = float(ndtri(1 - alpha / 2) + ndtri(power)) / np.sqrt(information)
    return DetectableEffect(test, scale, float(np.exp(log_odds)), words, alpha, power)


def detectable_from_se(
    se: float, *, what: str = "coefficient", alpha: float = 0.05, power: float = 0.8, df: float | None = None
) -> DetectableEffect:
    """Effect in the units of an estimate with this standard error; with ``df``, Student's t in place of the normal."""
    _check(alpha, power)
    words = f"standard error {number(se)}"
    if not np.isfinite(se) or se <= 0:
        return DetectableEffect(what, "its own units", float("nan"), words, alpha, power, "no standard error")
    from scipy.special import ndtri, stdtrit

    if df is None:
        multiple = float(ndtri(1 - alpha / 2) + ndtri(power))
    else:
        multiple = float(stdtrit(df, 1 - alpha / 2) + stdtrit(df, power))
    return DetectableEffect(what, "its own units", multiple * se, words, alpha, power)
