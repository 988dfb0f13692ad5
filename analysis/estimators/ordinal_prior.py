"""Proportional-odds regression with a weakly informative prior: a check of the plain fit in small samples.

Every slope, on its predictor in standard deviations, has a normal prior around nought with a standard deviation of 2.5
(the default of ``rstanarm``): an odds ratio of a hundred from one end of a predictor to the other is unlikely before
the data are seen, and estimates stay finite where predictors separate the categories. Thresholds have no prior. The
estimate is the highest point of the posterior, the interval that of its normal approximation.

Source: Gelman, Jakulin, Pittau & Su (2008) *Annals of Applied Statistics* 2:1360.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.estimators._arrays import Array, IntArray
from analysis.estimators._discrete import complete_cases, standardised, trouble_with

Z = 1.959963984540054


@dataclass(frozen=True, eq=False)
class OrdinalPriorFit:
    """Slopes in the units given, with standard errors of the posterior, or the reason there are none."""

    names: tuple[str, ...]
    coef: Array
    se: Array
    thresholds: Array
    n: int
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def ci_low(self) -> Array:
        return np.asarray(self.coef - Z * self.se)

    @property
    def ci_high(self) -> Array:
        return np.asarray(self.coef + Z * self.se)


def fit_ordinal_prior(
    y: Any, X: Any, *, names: Sequence[str] | None = None, scale: float = 2.5, iterations: int = 100
) -> OrdinalPriorFit:
    """Proportional odds of an ordered outcome on the columns of X ``(n, p)``; a positive slope goes with higher ones.

    Incomplete rows are left out. Raises ValueError on unequal lengths; bad data give a result with a reason.
    """
    outcome, design, columns, _rows = complete_cases(y, X, names)
    levels, code = np.unique(outcome, return_inverse=True)
    n, p, k = len(code), len(columns), len(levels)
    if k < 2:
        trouble = "fewer than two categories have observations" if n else "no complete rows"
    else:
        # The prior identifies what the data do not: as many parameters as rows are no trouble.
        trouble = trouble_with(design, columns, 1)
    if trouble:
        return OrdinalPriorFit(
            columns, np.full(p, np.nan), np.full(p, np.nan), np.full(max(k - 1, 0), np.nan), n, trouble
        )
    scaled, centre, width = standardised(design)
    # What `standardised` calls one step need not be a standard deviation.
    deviation = scaled.std(axis=0, ddof=1)
    precision = np.concatenate([(deviation / scale) ** 2, np.zeros(k - 1)])
    cumulative = np.cumsum(np.bincount(code, minlength=k))[:-1] / n
    theta = np.concatenate([np.zeros(p), np.log(cumulative / (1 - cumulative))])
    height = _height(theta, scaled, code, precision)
    for _ in range(iterations):
        score, information = _derivatives(theta, scaled, code)
        score, information = score - precision * theta, information + np.diag(precision)
        step = np.linalg.solve(information, score)
        gain = float(score @ step)
        if gain < 1e-16:
            break
        for _half in range(40):
            higher = _height(theta + step, scaled, code, precision)
            if higher >= height:
                theta, height = theta + step, higher
                break
            step = step / 2
        else:
            break
    else:
        nothing = np.full(p, np.nan)
        return OrdinalPriorFit(columns, nothing, nothing, np.full(k - 1, np.nan), n, "the fit did not reach a maximum")
    _, information = _derivatives(theta, scaled, code)
    cov = np.linalg.inv(information + np.diag(precision))
    slopes = theta[:p] / width
    return OrdinalPriorFit(
        columns, slopes, np.sqrt(np.diag(cov)[:p]) / width, theta[p:] + slopes @ np.asarray(centre), n
    )


def _edges(theta: Array, X: Array, code: IntArray) -> tuple[Array, Array]:
    from scipy.special import expit

    p = X.shape[1]
    cuts, eta = np.concatenate([[-np.inf], theta[p:], [np.inf]]), X @ theta[:p]
    return expit(cuts[code + 1] - eta), expit(cuts[code] - eta)


def _height(theta: Array, X: Array, code: IntArray, precision: Array) -> float:
    """The logarithm of the posterior, but for a constant; minus infinity where thresholds are out of order."""
    if (np.diff(theta[X.shape[1] :]) <= 0).any():
        return -np.inf
    upper, lower = _edges(theta, X, code)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = float(np.log(upper - lower).sum() - 0.5 * (precision * theta**2).sum())
    return found if np.isfinite(found) else -np.inf


def _derivatives(theta: Array, X: Array, code: IntArray) -> tuple[Array, Array]:
    """Score and information of the likelihood for slopes and thresholds."""
    upper, lower = _edges(theta, X, code)
    (n, p), q = X.shape, len(theta) - X.shape[1]
    chance = upper - lower
    high, low = upper * (1 - upper), lower * (1 - lower)
    by_high, by_low = np.zeros((n, p + q)), np.zeros((n, p + q))
    by_high[:, :p] = by_low[:, :p] = -X
    rows = np.arange(n)
    by_high[rows[code < q], p + code[code < q]] = 1.0
    by_low[rows[code > 0], p + code[code > 0] - 1] = 1.0
    first = (high[:, None] * by_high - low[:, None] * by_low) / chance[:, None]
    curve_high, curve_low = high * (1 - 2 * upper) / chance, low * (1 - 2 * lower) / chance
    second = (by_high.T * curve_high) @ by_high - (by_low.T * curve_low) @ by_low
    return first.sum(axis=0), first.T @ first - second
