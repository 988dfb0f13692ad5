"""Shared by the models of a discrete outcome: complete cases, and a fit that cannot crash."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, IntArray, aliased_columns, as_floats, constant_columns, named_design

# A scaled Newton gain (half the squared score in units of the information) above this is not a maximum.
UNFINISHED = 1e-8


class LikelihoodRatio:
    """What follows from two log-likelihoods: the test of a model against constants alone, and its R squared."""

    loglik: float
    loglik_null: float
    lr_df: int
    n: int

    @property
    def lr_chi2(self) -> float:
        """Likelihood-ratio chi-square with ``lr_df`` degrees of freedom."""
        return max(2 * (self.loglik - self.loglik_null), 0.0)

    @property
    def lr_p(self) -> float:
        """Its p-value."""
        from scipy.special import chdtrc

        return float(chdtrc(self.lr_df, self.lr_chi2))

    @property
    def cox_snell_r2(self) -> float:
        """Cox & Snell's R squared."""
        return float(1 - np.exp(-self.lr_chi2 / self.n)) if np.isfinite(self.loglik) else float("nan")

    @property
    def nagelkerke_r2(self) -> float:
        """Nagelkerke's R squared."""
        if not np.isfinite(self.loglik):
            return float("nan")
        return float(self.cox_snell_r2 / (1 - np.exp(2 * self.loglik_null / self.n)))


def complete_cases(y: Any, X: Any, names: Sequence[str] | None) -> tuple[Array, Array, tuple[str, ...], IntArray]:
    """Rows with outcome and every predictor: y, X, names and the rows' positions; raises ValueError on lengths."""
    design, chosen = named_design(X, names)
    outcome = as_floats(y)
    if len(outcome) != len(design):
        raise ValueError("y and X must have the same number of rows")
    rows = np.flatnonzero(np.isfinite(outcome) & np.isfinite(design).all(axis=1))
    return outcome[rows], design[rows], chosen, rows


def trouble_with(X: Array, names: Sequence[str], n_parameters: int) -> str:
    """Why a design cannot be fitted: too few rows, constant or collinear columns; '' where it can."""
    if len(X) <= n_parameters:
        return f"{len(X)} complete rows for {n_parameters} parameters"
    constant = constant_columns(X)
    if constant:
        return f"does not vary: {', '.join(names[j] for j in constant)}"
    aliased = aliased_columns(X)
    if aliased:
        return f"determined by the other predictors: {', '.join(names[j] for j in aliased)}"
    return ""


def standardised(X: Array) -> tuple[Array, Array, Array]:
    """Columns with mean 0 and standard deviation 1, so that Newton's method meets no badly scaled problem."""
    centre, scale = X.mean(axis=0), X.std(axis=0)
    return (X - centre) / scale, centre, scale


def fit_quietly(model: Any, **options: Any) -> tuple[Any, str]:
    """Fit a statsmodels model: (result, '') or (None, reason); its warnings become the reason."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = model.fit(disp=False, **options)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError, ZeroDivisionError) as error:
        return None, f"the fit failed: {error}"
    except Exception as error:  # statsmodels raises its own PerfectSeparationError and kin
        if type(error).__module__.startswith("statsmodels"):
            return None, f"the fit failed: {error}"
        raise
    params = np.asarray(result.params, dtype=float)
    if not np.isfinite(params).all() or not np.isfinite(result.llf):
        return None, "the fit did not reach finite estimates"
    return result, ""


def coefficient_table(terms: Sequence[str], coef: Array, se: Array, level: float = 0.95) -> pd.DataFrame:
    """Estimates with Wald chi-square (1 df), p, interval and odds ratios."""
    from scipy.special import chdtrc, ndtri

    with np.errstate(invalid="ignore", divide="ignore"):
        wald = (coef / se) ** 2
    half = ndtri(0.5 + level / 2) * se
    return pd.DataFrame(
        {
            "term": list(terms),
            "estimate": coef,
            "se": se,
            "wald_chi2": wald,
            "p_value": chdtrc(1, wald),
            "ci_low": coef - half,
            "ci_high": coef + half,
            "odds_ratio": np.exp(coef),
            "odds_ratio_low": np.exp(coef - half),
            "odds_ratio_high": np.exp(coef + half),
        }
    )
