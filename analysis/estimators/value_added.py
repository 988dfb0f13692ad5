"""Value-added ratings: what an authority's judgements show beyond its circumstances, shrunk by how sure we can be.

A judgement is compared with the one expected of an authority with the same deprivation, spend and demand; what is left
over several inspections is part lasting difference, part chance. The model is ``y = X b + u + e`` with
``u ~ N(0, tau^2)`` per authority and ``e ~ N(0, sigma^2)`` per inspection, fitted by restricted maximum likelihood; the
authority's value added is the best linear unbiased prediction of ``u``, with a standard error that counts the
uncertainty of ``b``. Judgements enter as scores; pass ``expected`` (say, from an ordinal model) to use other
expectations.

Sources: Robinson (1991) *Statist. Sci.* 6:15; Prasad & Rao (1990) *JASA* 85:163 (first two terms of the mean squared
error); Goldstein & Spiegelhalter (1996) *JRSS A* 159:385 for the use and its limits. The proposal: Wilkins &
Antonopoulou, "Ofsted and Children's Services: What factors are associated with better inspection results?", discussion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, IntArray, as_floats, named_design
from analysis.estimators._discrete import coefficient_table, trouble_with
from analysis.estimators._format import number, table


@dataclass(frozen=True, eq=False)
class ValueAdded:
    """Expected ratings and shrunken residuals.

    units: one row per authority: n ratings, observed and expected means, residual, value_added (shrunken), se, 95%
    interval, reliability (the shrinkage), probability that it lies above zero, rank with its interval; tau, sigma:
    standard deviations between authorities and between inspections; reliability_of_one: share of a single residual's
    variance that lasts.
    """

    names: tuple[str, ...]
    coef: Array
    cov: Array
    units: pd.DataFrame
    n: int
    n_units: int
    tau: float = float("nan")
    sigma: float = float("nan")
    reliability_of_one: float = float("nan")
    loglik: float = float("nan")
    reason: str = ""
    ok: bool = True

    def frame(self) -> pd.DataFrame:
        """One row per authority, the highest value added first."""
        return self.units.sort_values("value_added", ascending=False, ignore_index=True)

    def coefficients(self) -> pd.DataFrame:
        """What the expected rating rests on: one row per term."""
        with np.errstate(invalid="ignore"):
            out = coefficient_table(self.names, self.coef, np.sqrt(np.diag(self.cov)))
        return out.drop(columns=["odds_ratio", "odds_ratio_low", "odds_ratio_high"])

    def summary(self) -> str:
        """Variance components, expectations, and the authorities whose interval leaves out zero."""
        head = f"Value-added ratings: {self.n} ratings of {self.n_units} authorities"
        if not self.ok:
            return f"{head}\n  not estimated: {self.reason}"
        clear = self.frame()
        clear = clear[(clear["ci_low"] > 0) | (clear["ci_high"] < 0)]
        lines = [
            head,
            f"  sd between authorities {number(self.tau)}, between inspections {number(self.sigma)}; "
            f"reliability of one rating {number(self.reliability_of_one, 3)}",
            table(self.coefficients(), ["term", "estimate", "se", "p_value"]),
            f"  {len(clear)} authorities differ from expectation (95% interval leaves out zero)",
        ]
        if len(clear):
            lines.append(table(clear, ["unit", "n", "observed", "expected", "value_added", "ci_low", "ci_high"]))
        if self.reason:
            lines.append(f"  note: {self.reason}")
        return "\n".join(lines)


def fit_value_added(
    rating: Any,
    unit: Any,
    X: Any = None,
    *,
    names: Sequence[str] | None = None,
    expected: Any = None,
    reliability: float | None = None,
    rank_draws: int = 2000,
    seed: int = 0,
) -> ValueAdded:
    """Shrunken residual of every unit from the rating expected of it; one row per inspection.

    X: circumstances ``(n, p)`` without constant (None: the mean alone); expected: ratings expected by another model,
    taken off first; reliability: share of a single residual's variance that lasts, for data with one inspection per
    unit, where it cannot be estimated (0 < reliability < 1); rank_draws: draws for the intervals of the ranks.
    Raises ValueError on unequal lengths or a reliability outside (0, 1).
    """
    if reliability is not None and not 0 < reliability < 1:
        raise ValueError("reliability lies strictly between 0 and 1")
    y, labels, design, columns, given = _complete(rating, unit, X, names, expected)
    terms = ("const", *columns)
    p = len(terms)
    names_of_units, code = np.unique(labels, return_inverse=True) if len(y) else (labels, np.zeros(0, dtype=np.intp))
    m = len(names_of_units)

    def no(reason: str) -> ValueAdded:
        nothing = (np.full(p, np.nan), np.full((p, p), np.nan), pd.DataFrame(columns=_UNIT_COLUMNS))
        return ValueAdded(terms, *nothing, n=len(y), n_units=m, reason=reason, ok=False)

    if not len(y):
        return no("no complete rows")
    size = np.bincount(code).astype(float)
    left, full = y - given, np.column_stack([np.ones(len(y)), design])
    trouble = _trouble_with(left, full, columns, size, reliability)
    if trouble:
        return no(trouble)
    ratio, notes = _lasting_share(full, left, code, reliability)
    b, inverse, sigma2, loglik = _restricted(ratio, full, left, code)
    means = np.zeros((m, p))
    np.add.at(means, code, full)
    means /= size[:, None]
    units = _units(
        names_of_units,
        size,
        np.bincount(code, y) / size,
        means @ b + np.bincount(code, given) / size,
        ratio,
        sigma2,
        np.einsum("ij,jk,ik->i", means, inverse, means),
        (rank_draws, seed),
    )
    return ValueAdded(
        names=terms,
        coef=b,
        cov=inverse * sigma2,
        units=units,
        n=len(y),
        n_units=m,
        tau=float(np.sqrt(ratio * sigma2)),
        sigma=float(np.sqrt(sigma2)),
        reliability_of_one=ratio / (1 + ratio),
        loglik=loglik,
        reason="; ".join(notes),
    )


def _complete(
    rating: Any, unit: Any, X: Any, names: Sequence[str] | None, expected: Any
) -> tuple[Array, np.ndarray, Array, tuple[str, ...], Array]:
    """Complete rows: ratings, units, circumstances ``(n, p)`` and their names, and what other models expect.

    Raises ValueError on unequal lengths.
    """
    y = as_floats(rating)
    design, columns = (np.zeros((len(y), 0)), ()) if X is None else named_design(X, names)
    labels = np.asarray(unit)
    given = np.zeros(len(y)) if expected is None else as_floats(expected)
    if not len(y) == len(design) == len(labels) == len(given):
        raise ValueError("rating, unit, X and expected must have the same number of rows")
    use = np.isfinite(y) & np.isfinite(given) & np.isfinite(design).all(axis=1) & ~pd.isna(labels)
    return y[use], labels[use], design[use], columns, given[use]


def _trouble_with(left: Array, full: Array, columns: Sequence[str], size: Array, reliability: float | None) -> str:
    """Why ratings cannot be shared out between what lasts of their units and chance; '' where they can.

    left ``(n,)`` what other models leave of the ratings; full ``(n, p)`` constant and circumstances (columns);
    size ``(m,)`` ratings of each unit.
    """
    (n, p), m = full.shape, len(size)
    trouble = trouble_with(full[:, 1:], columns, p + 1) if columns else ("" if n > 2 else "fewer than three ratings")
    if trouble:
        return trouble
    if not (size > 1).any() and reliability is None:
        return "every unit has one rating: what lasts cannot be told from chance; give a reliability to shrink by"
    if m <= p:
        return f"{m} units for {p} coefficients"
    remaining = left - full @ np.linalg.lstsq(full, left, rcond=None)[0]
    if remaining @ remaining <= 1e-14 * max(float(left @ left), 1e-300):
        return "the ratings are exactly as expected: there is nothing left to share out"
    return ""


def _restricted(ratio: float, X: Array, y: Array, code: IntArray) -> tuple[Array, Array, float, float]:
    """b, its covariance over sigma^2, sigma^2 and the restricted log-likelihood at tau^2 / sigma^2 = ``ratio``."""
    size = np.bincount(code).astype(float)
    shrink = ratio / (1 + size * ratio)
    sums_X = np.zeros((len(size), X.shape[1]))
    np.add.at(sums_X, code, X)
    sums_y = np.bincount(code, y)
    XVX = X.T @ X - (sums_X.T * shrink) @ sums_X
    XVy = X.T @ y - (sums_X.T * shrink) @ sums_y
    inverse = np.asarray(np.linalg.inv(XVX), dtype=np.float64)
    b = inverse @ XVy
    r = y - X @ b
    quadratic = float(r @ r - (shrink * np.bincount(code, r) ** 2).sum())
    df = len(y) - X.shape[1]
    sigma2 = quadratic / df
    log_det = float(np.log1p(size * ratio).sum() + np.linalg.slogdet(XVX)[1])
    return b, inverse, sigma2, float(-0.5 * (df * (np.log(2 * np.pi * sigma2) + 1) + log_det))


def _lasting_share(X: Array, y: Array, code: IntArray, reliability: float | None) -> tuple[float, list[str]]:
    """tau^2 / sigma^2, by restricted maximum likelihood unless the reliability is given, and what to say of it."""
    if reliability is not None:
        return reliability / (1 - reliability), [f"reliability of one rating set at {reliability}"]
    from scipy.optimize import minimize_scalar

    notes = []
    found = minimize_scalar(lambda s: -_restricted(np.exp(s), X, y, code)[3], bounds=(-14.0, 10.0), method="bounded")
    ratio = float(np.exp(found.x))
    if _restricted(0.0, X, y, code)[3] >= _restricted(ratio, X, y, code)[3] - 1e-9:
        ratio = 0.0
        notes.append("no lasting difference between units is estimated: every residual shrinks to zero")
    repeated = int((np.bincount(code) > 1).sum())
    if repeated < 10:
        notes.append(f"only {repeated} units have more than one rating: the split is uncertain")
    return ratio, notes


def _units(
    names: Any,
    size: Array,
    observed: Array,
    expected: Array,
    ratio: float,
    sigma2: float,
    leverage: Array,
    drawing: tuple[int, int],
) -> pd.DataFrame:
    """One row per unit. leverage: variance of its expectation over sigma^2; drawing: draws and seed of the ranks."""
    from scipy.special import ndtr

    shrink = size * ratio / (1 + size * ratio)
    value = shrink * (observed - expected)
    # tau^2 (1 - shrink): what the data leave open; the second term: what is open about the expectation itself.
    se = np.sqrt(ratio * sigma2 * (1 - shrink) + shrink**2 * sigma2 * leverage)
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.where(se > 0, ndtr(value / se), 0.5)
    rank_low, rank, rank_high = _ranks(value, se, *drawing)
    columns = {
        "unit": names,
        "n": size.astype(int),
        "observed": observed,
        "expected": expected,
        "residual": observed - expected,
        "value_added": value,
        "se": se,
        "ci_low": value - 1.959963984540054 * se,
        "ci_high": value + 1.959963984540054 * se,
        "reliability": shrink,
        "probability_above": above,
        "rank": rank,
        "rank_low": rank_low,
        "rank_high": rank_high,
    }
    return pd.DataFrame(columns)[_UNIT_COLUMNS]


_UNIT_COLUMNS = [
    "unit",
    "n",
    "observed",
    "expected",
    "residual",
    "value_added",
    "se",
    "ci_low",
    "ci_high",
    "reliability",
    "probability_above",
    "rank",
    "rank_low",
    "rank_high",
]


def _ranks(value: Array, se: Array, draws: int, seed: int) -> tuple[Array, Array, Array]:
    """Mean rank (1 = highest) with a 95% interval, by drawing every unit's value from its distribution."""
    m = len(value)
    if draws < 1 or not (se > 0).any():
        return np.full(m, 1.0), np.full(m, (m + 1) / 2), np.full(m, float(m))
    rng = np.random.default_rng(seed)
    drawn = value + se * rng.standard_normal((draws, m))
    ranks = m - drawn.argsort(axis=1).argsort(axis=1)
    low, high = np.quantile(ranks, [0.025, 0.975], axis=0)
    return low, ranks.mean(axis=0), high
