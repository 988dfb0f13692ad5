"""Logistic regression of a yes-or-no outcome, with everything a small study prints.

Likelihood-ratio chi-square against the constant alone, Nagelkerke's and Cox & Snell's R squared, Wald tests, odds
ratios with Wald and profile-likelihood intervals. Fitted by statsmodels; separation is detected beforehand.

Sources: Hosmer, Lemeshow & Sturdivant (2013) *Applied Logistic Regression*; Nagelkerke (1991) *Biometrika* 78:691;
profile intervals, Venzon & Moolgavkar (1988) *Appl. Statist.* 37:87.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, IntArray, as_floats
from analysis.estimators._discrete import (
    LikelihoodRatio,
    coefficient_table,
    complete_cases,
    fit_quietly,
    standardised,
    trouble_with,
)
from analysis.estimators._format import number, table
from analysis.estimators.separation import binary_conditions, separating_direction

CONSTANT = "const"


@dataclass(frozen=True, eq=False)
class LogisticFit(LikelihoodRatio):
    """A fitted logistic model, or the reason there is none (then numbers are NaN).

    names: the constant first; coef, cov on the log-odds scale; profile: ``(p, 2)`` profile-likelihood limits, NaN where
    not asked for; lr_chi2 with lr_df and lr_p: against the constant alone; rows: positions of the complete cases;
    fitted: their probabilities.
    """

    names: tuple[str, ...]
    coef: Array
    cov: Array
    profile: Array
    fitted: Array
    rows: IntArray
    n: int
    n_events: int
    lr_df: int
    loglik: float = float("nan")
    loglik_null: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.loglik + 2 * len(self.names)

    def frame(self) -> pd.DataFrame:
        """One row per term: estimate, se, Wald chi-square, p, intervals (Wald and profile), odds ratios."""
        with np.errstate(invalid="ignore"):
            out = coefficient_table(self.names, self.coef, np.sqrt(np.diag(self.cov)))
        out["profile_low"], out["profile_high"] = self.profile.T
        out["n"], out["reason"] = self.n, self.reason
        return out

    def predict(self, X: Any) -> Array:
        """Probabilities for new rows ``(m, p)`` in the columns' order, without constant; NaN where one is missing."""
        design = as_floats(X)
        design = design[:, None] if design.ndim == 1 else design
        from scipy.special import expit

        probability: Array = expit(self.coef[0] + design @ self.coef[1:])
        return probability

    def summary(self) -> str:
        """The model's tests and its table of coefficients."""
        head = f"Logistic regression, n = {self.n} ({self.n_events} events)"
        if self.reason:
            return f"{head}\n  not estimated: {self.reason}"
        line = (
            f"  LR chi2({self.lr_df}) = {number(self.lr_chi2)}, p = {number(self.lr_p, 3)}; "
            f"Nagelkerke R2 {number(self.nagelkerke_r2, 3)}, Cox & Snell R2 {number(self.cox_snell_r2, 3)}; "
            f"loglik {self.loglik:.4f}"
        )
        columns = ["term", "estimate", "se", "wald_chi2", "p_value", "odds_ratio", "odds_ratio_low", "odds_ratio_high"]
        return "\n".join([head, line, table(self.frame(), columns)])


def fit_logistic(y: Any, X: Any, *, names: Sequence[str] | None = None, profile: bool = False) -> LogisticFit:
    """Logistic regression of y (0, 1, NaN) on the columns of X ``(n, p)``; the constant is added.

    Incomplete rows are left out. With ``profile`` the profile-likelihood limits are found too. Raises ValueError where
    lengths differ or y holds anything but 0 and 1; bad data give a result with a reason.
    """
    outcome, design, columns, rows = complete_cases(y, X, names)
    if len(outcome) and not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("a logistic outcome is 0 or 1")
    n, events = len(outcome), int(outcome.sum())
    terms = (CONSTANT, *columns)

    def no(reason: str) -> LogisticFit:
        p = len(terms)
        nothing = (np.full(p, np.nan), np.full((p, p), np.nan), np.full((p, 2), np.nan), np.full(n, np.nan))
        return LogisticFit(terms, *nothing, rows, n, events, len(columns), reason=reason)

    if events in (0, n):
        return no("one outcome only" if n else "no complete rows")
    trouble = trouble_with(design, columns, len(terms))
    if trouble:
        return no(trouble)
    scaled, centre, scale = standardised(design)
    with_constant = np.column_stack([np.ones(n), scaled])
    direction = separating_direction(binary_conditions(with_constant, outcome.astype(np.intp)))
    if direction is not None:
        blame = [columns[j] for j in np.flatnonzero(np.abs(direction[1:]) > 1e-6 * np.abs(direction).max())]
        return no(f"separation: the outcome is told apart without error by {', '.join(blame)}")
    from statsmodels.discrete.discrete_model import Logit

    result, trouble = fit_quietly(Logit(outcome, with_constant), method="newton", tol=1e-12, maxiter=100)
    if trouble:
        return no(trouble)
    # Back from standardised predictors: b = g / s, constant less the sum of b times the centre.
    back = np.zeros((len(terms), len(terms)))
    back[0, 0] = 1.0
    back[0, 1:] = -centre / scale
    back[np.arange(1, len(terms)), np.arange(1, len(terms))] = 1.0 / scale
    share = events / n
    null = n * (share * np.log(share) + (1 - share) * np.log(1 - share))
    coef = back @ np.asarray(result.params)
    cov = back @ np.asarray(result.cov_params()) @ back.T
    limits = np.full((len(terms), 2), np.nan)
    if profile:
        limits = _profile_limits(outcome, design, coef, np.sqrt(np.diag(cov)), float(result.llf))
    return LogisticFit(
        names=terms,
        coef=coef,
        cov=cov,
        profile=limits,
        fitted=np.asarray(result.predict()),
        rows=rows,
        n=n,
        n_events=events,
        lr_df=len(columns),
        loglik=float(result.llf),
        loglik_null=float(null),
    )


def _profile_limits(y: Array, X: Array, coef: Array, se: Array, top: float, level: float = 0.95) -> Array:
    """Where the profile log-likelihood of each coefficient has fallen by half the chi-square quantile; inf if never."""
    from scipy.optimize import brentq
    from scipy.special import ndtri
    from statsmodels.discrete.discrete_model import Logit

    drop = 0.5 * ndtri(0.5 + level / 2) ** 2
    design = np.column_stack([np.ones(len(y)), X])
    scale = np.abs(design).max(axis=0)
    out = np.full((len(coef), 2), np.nan)
    for j in range(len(coef)):
        others = np.delete(design / scale, j, axis=1)

        def gap(value: float, j: int = j, others: Array = others) -> float:
            """How far the profile log-likelihood at ``value`` lies above the limit; NaN where it cannot be had."""
            start = np.delete(coef * scale, j)
            model = Logit(y, others, offset=design[:, j] * value)
            result, trouble = fit_quietly(model, start_params=start, method="newton", tol=1e-10, maxiter=100)
            return float("nan") if trouble else float(result.llf) - top + drop

        for side, sign in enumerate((-1.0, 1.0)):
            step, edge = 2.0 * se[j], coef[j]
            for _ in range(12):
                inner, edge = edge, coef[j] + sign * step
                value = gap(edge)
                if not value > 0:
                    break
                step *= 1.6
            if np.isnan(value):
                continue
            out[j, side] = sign * np.inf if value > 0 else brentq(gap, *sorted((inner, edge)), xtol=1e-9 * se[j])
    return out
