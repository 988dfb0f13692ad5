"""Logistic regression with Firth's penalty: finite estimates where the outcome is told apart without error.

The likelihood is multiplied by the square root of the information's determinant (Jeffreys' prior), which takes away the
first-order bias of maximum likelihood and keeps estimates finite under separation. Tests and intervals are those of the
penalised profile likelihood: Wald's are worthless where the likelihood is flat to one side.

Sources: Firth (1993) *Biometrika* 80:27; Heinze & Schemper (2002) *Statistics in Medicine* 21:2409.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array
from analysis.estimators._discrete import complete_cases, standardised, trouble_with

CONSTANT = "const"


@dataclass(frozen=True, eq=False)
class FirthFit:
    """A fitted model, or the reason there is none (then numbers are NaN).

    names: the constant first; coef, se on the log-odds scale; p_value: penalised likelihood ratio; ci: ``(p, 2)``
    penalised profile limits; lr_chi2, lr_p with lr_df: against the constant alone.
    """

    names: tuple[str, ...]
    coef: Array
    se: Array
    p_value: Array
    ci: Array
    n: int
    n_events: int
    lr_df: int
    lr_chi2: float = float("nan")
    lr_p: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def frame(self) -> pd.DataFrame:
        """One row per term: estimate, se, p, profile interval, n, reason."""
        return pd.DataFrame(
            {
                "term": self.names,
                "estimate": self.coef,
                "se": self.se,
                "p_value": self.p_value,
                "ci_low": self.ci[:, 0],
                "ci_high": self.ci[:, 1],
                "n": self.n,
                "reason": self.reason,
            }
        )


def fit_firth(y: Any, X: Any, *, names: Sequence[str] | None = None, profiled: bool = True) -> FirthFit:
    """Firth's logistic regression of y (0, 1, NaN) on the columns of X ``(n, p)``; the constant is added.

    Incomplete rows are left out. Without ``profiled`` there are coefficients and standard errors alone: tests and
    intervals by profile likelihood cost some twenty fits a term. Raises ValueError where lengths differ or y holds
    anything but 0 and 1; bad data give a result with a reason.
    """
    from scipy.special import chdtrc

    outcome, design, columns, _ = complete_cases(y, X, names)
    if len(outcome) and not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("a logistic outcome is 0 or 1")
    n, events, terms = len(outcome), int(outcome.sum()), (CONSTANT, *columns)
    nothing = np.full(len(terms), np.nan)

    def no(reason: str) -> FirthFit:
        return FirthFit(
            terms, nothing, nothing, nothing, np.full((len(terms), 2), np.nan), n, events, len(columns), reason=reason
        )

    if events in (0, n):
        return no("one outcome only" if n else "no complete rows")
    trouble = trouble_with(design, columns, len(terms))
    if trouble:
        return no(trouble)
    scaled, centre, scale = standardised(design)
    W = np.column_stack([np.ones(n), scaled])
    every = np.ones(len(terms), dtype=bool)
    best = _maximise(outcome, W, np.zeros(len(terms)), every)
    if best is None:
        return no("the penalised likelihood did not converge")
    coef, top, cov = best
    # Slopes alone: the constant depends on where the predictors are centred, and is put back below.
    p_value, limits = nothing.copy(), np.full((len(terms), 2), np.nan)
    for j in range(1, len(terms) if profiled else 1):
        free = every.copy()
        free[j] = False
        without = _maximise(outcome, W, np.where(free, coef, 0.0), free)
        if without is not None:
            p_value[j] = chdtrc(1, max(2 * (top - without[1]), 0.0))
        limits[j] = [_limit(outcome, W, coef, j, side, float(np.sqrt(cov[j, j])), top) for side in (-1.0, 1.0)]
    null = _maximise(outcome, W, np.r_[coef[0], np.zeros(len(columns))], np.r_[True, np.zeros(len(columns), bool)])
    chi2 = 2 * (top - null[1]) if null is not None else float("nan")
    back = np.diag(np.r_[1.0, 1.0 / scale])
    back[0, 1:] = -centre / scale
    se = np.sqrt(np.diag(back @ cov @ back.T))
    limits[1:] /= scale[:, None]
    return FirthFit(
        names=terms,
        coef=back @ coef,
        se=se,
        p_value=p_value,
        ci=limits,
        n=n,
        n_events=events,
        lr_df=len(columns),
        lr_chi2=max(chi2, 0.0),
        lr_p=float(chdtrc(len(columns), max(chi2, 0.0))),
    )


def _penalised(y: Array, X: Array, beta: Array) -> tuple[float, Array, Array, Array]:
    """Penalised log-likelihood, fitted probabilities, information, leverages."""
    from scipy.linalg.lapack import dpotrf, dtrtrs

    eta = X @ beta
    p = 1.0 / (1.0 + np.exp(-np.clip(eta, -500, 500)))
    w = p * (1 - p)
    information = X.T @ (w[:, None] * X)
    root, failed = dpotrf(information, lower=1)
    if failed:
        return -np.inf, p, information, np.zeros(len(y))
    half, _ = dtrtrs(root, X.T, lower=1)
    leverage = w * (half * half).sum(axis=0)
    loglik = float(y @ eta - np.logaddexp(0.0, eta).sum())
    return loglik + float(np.log(np.diag(root)).sum()), p, information, leverage


def _maximise(y: Array, X: Array, start: Array, free: Any) -> tuple[Array, float, Array] | None:
    """Maximum over the free coefficients, the others held; (coef, penalised log-likelihood, covariance) or None.

    The penalty is always that of the whole model, as in Heinze & Schemper.
    """
    beta = start.copy()
    value, score, information = _with_score(y, X, beta)
    for turn in range(200):
        if np.abs(score[free]).max(initial=0.0) < 1e-9:
            return beta, value, np.asarray(np.linalg.inv(information), dtype=np.float64)
        step = np.zeros_like(beta)
        # Fisher's steps come near from anywhere, but slowly where the outcome is parted: then the score's own slope.
        slope = information[np.ix_(free, free)] if turn < SCORING else _slope(y, X, beta, free)
        step[free] = np.linalg.solve(slope, score[free])
        if step @ score <= 0:
            step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        step *= min(1.0, 5.0 / np.abs(step).max())
        for _ in range(30):
            tried = _with_score(y, X, beta + step)
            if tried[0] >= value - 1e-11:
                break
            step /= 2
        else:
            return None
        beta, (value, score, information) = beta + step, tried
    return None


#: Steps by the information before those by the slope of the score.
SCORING = 12


def _with_score(y: Array, X: Array, beta: Array) -> tuple[float, Array, Array]:
    """Penalised log-likelihood, its score and the information."""
    value, p, information, leverage = _penalised(y, X, beta)
    return value, X.T @ (y - p + leverage * (0.5 - p)), information


def _slope(y: Array, X: Array, beta: Array, free: Any) -> Array:
    """Minus the derivative of the score in the free coefficients, by central differences."""
    places = np.flatnonzero(free)
    out = np.empty((len(places), len(places)))
    for k, j in enumerate(places):
        h = 1e-5 * max(1.0, abs(beta[j]))
        moved = np.zeros_like(beta)
        moved[j] = h
        high, low = (_with_score(y, X, beta + sign * moved)[1][places] for sign in (1.0, -1.0))
        out[:, k] = (low - high) / (2 * h)
    return (out + out.T) / 2


def _limit(y: Array, X: Array, coef: Array, j: int, side: float, se: float, top: float) -> float:
    """Where the penalised profile likelihood of coefficient j has fallen by half the chi-square quantile."""
    from scipy.optimize import brentq

    free = np.ones(len(coef), dtype=bool)
    free[j] = False
    start = coef.copy()

    def gap(value: float) -> float:
        nonlocal start
        held = start.copy()
        held[j] = value
        found = _maximise(y, X, held, free)
        if found is None:
            return float("nan")
        start = found[0]
        return found[1] - top + 0.5 * 3.841458820694124

    inner, outer = coef[j], coef[j] + side * 2.0 * se
    for _ in range(20):
        value = gap(outer)
        if not value > 0:
            break
        inner, outer = outer, outer + side * 2.0 * se
    if not value <= 0:
        return side * np.inf if value > 0 else float("nan")
    start = coef.copy()
    return float(brentq(gap, *sorted((inner, outer)), xtol=1e-8))
