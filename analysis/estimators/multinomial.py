"""Multinomial logistic regression with any category as reference.

``log P(y = j) / P(y = reference) = a_j + x'b_j``. Fitted by statsmodels (Newton, exact derivatives); separation is
detected beforehand. The choice of reference changes what is printed, never the fit.

Source: Hosmer, Lemeshow & Sturdivant (2013) *Applied Logistic Regression*, ch. 8.
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
from analysis.estimators.logistic import CONSTANT
from analysis.estimators.separation import multinomial_conditions, separating_direction


@dataclass(frozen=True, eq=False)
class MultinomialFit(LikelihoodRatio):
    """A multinomial logistic model, or the reason there is none.

    levels: the categories, the reference first; names: the constant first; coef ``(levels - 1, p)``; cov over the
    coefficients of level 1, then level 2, and so on; lr_*: against constants alone.
    """

    levels: tuple[Any, ...]
    names: tuple[str, ...]
    coef: Array
    cov: Array
    n: int
    counts: tuple[int, ...]
    rows: IntArray
    lr_df: int
    loglik: float = float("nan")
    loglik_null: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def reference(self) -> Any:
        """The category the others are compared with."""
        return self.levels[0] if self.levels else None

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.loglik + 2 * self.coef.size

    def frame(self) -> pd.DataFrame:
        """One row per category and term: estimate, se, Wald chi-square (1), p, interval, odds ratio."""
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.cov))
        terms = [name for _level in self.levels[1:] for name in self.names]
        out = coefficient_table(terms, self.coef.ravel(), se)
        out.insert(0, "level", [level for level in self.levels[1:] for _name in self.names])
        out.insert(1, "reference", [self.reference] * len(out))
        out["n"], out["reason"] = self.n, self.reason
        return out

    def term_tests(self) -> pd.DataFrame:
        """Wald test of each predictor over all categories at once: chi2, df, p_value."""
        from scipy.special import chdtrc

        rows = []
        for j, name in enumerate(self.names):
            places = [level * len(self.names) + j for level in range(len(self.levels) - 1)]
            values, block = self.coef[:, j], self.cov[np.ix_(places, places)]
            chi2 = float(values @ np.linalg.solve(block, values)) if np.isfinite(block).all() else float("nan")
            rows.append({"term": name, "chi2": chi2, "df": len(places), "p_value": float(chdtrc(len(places), chi2))})
        return pd.DataFrame(rows)

    def predict(self, X: Any) -> Array:
        """Probability of every category, in the order of ``levels``, for new rows without constant."""
        from scipy.special import softmax

        design = as_floats(X)
        design = design[:, None] if design.ndim == 1 else design
        eta = self.coef[:, 0] + design @ self.coef[:, 1:].T
        return np.asarray(softmax(np.column_stack([np.zeros(len(eta)), eta]), axis=1))

    def summary(self) -> str:
        """Tests and coefficients."""
        head = f"Multinomial logistic regression, n = {self.n}, reference {self.reference}"
        if self.reason:
            return f"{head}\n  not estimated: {self.reason}"
        line = (
            f"  LR chi2({self.lr_df}) = {number(self.lr_chi2)}, p = {number(self.lr_p, 3)}; "
            f"Nagelkerke R2 {number(self.nagelkerke_r2, 3)}; loglik {self.loglik:.4f}"
        )
        columns = ["level", "term", "estimate", "se", "wald_chi2", "p_value", "odds_ratio"]
        return "\n".join([head, line, table(self.frame(), columns)])


def _coded(y: Any, reference: Any, levels: Sequence[Any] | None) -> tuple[list[Any], Array]:
    """The categories, the reference first, and the place of every value among them; NaN for what is none."""
    labels = np.asarray(y, dtype=object)
    missing = np.array([pd.isna(value) for value in labels], dtype=bool)
    wanted = sorted(set(labels[~missing].tolist())) if levels is None else list(levels)
    chosen = reference if reference is not None or not wanted else wanted[0]
    if wanted and chosen not in wanted:
        raise ValueError(f"reference {chosen!r} is not among the categories {wanted}")
    order = [chosen, *(level for level in wanted if level != chosen)] if wanted else []
    return order, np.array([order.index(v) if v in order else np.nan for v in labels.tolist()], dtype=float)


def _to_given_scale(centre: Array, scale: Array) -> Array:
    """The matrix that takes a constant and slopes on standardised columns to those on the columns as given."""
    p = len(scale) + 1
    out = np.zeros((p, p))
    out[0, 0], out[0, 1:] = 1.0, -centre / scale
    out[np.arange(1, p), np.arange(1, p)] = 1.0 / scale
    return out


def fit_multinomial(
    y: Any, X: Any, *, reference: Any = None, names: Sequence[str] | None = None, levels: Sequence[Any] | None = None
) -> MultinomialFit:
    """Multinomial logistic regression of a category (text or number) on the columns of X ``(n, p)``.

    ``levels``: the categories in the order wanted (default: sorted); ``reference``: the one compared with (default: the
    first). Incomplete rows, and values that are no level, are left out. Raises ValueError on unequal lengths or a
    reference that is no level; bad data give a result with a reason.
    """
    order, codes = _coded(y, reference, levels)
    outcome, design, columns, rows = complete_cases(codes, X, names)
    present = [level for j, level in enumerate(order) if (outcome == j).any()]
    compact = {order.index(level): j for j, level in enumerate(present)}
    code = np.array([compact[int(value)] for value in outcome.tolist()], dtype=np.intp)
    n, k, terms = len(code), len(present), (CONSTANT, *columns)
    p = len(terms)
    counts = np.bincount(code, minlength=k)

    def no(reason: str) -> MultinomialFit:
        rest = max(len(order) - 1, 0)
        coef, cov = np.full((rest, p), np.nan), np.full((rest * p, rest * p), np.nan)
        of = tuple(counts.tolist())
        return MultinomialFit(
            tuple(order), terms, coef, cov, n, of, rows=rows, lr_df=rest * len(columns), reason=reason
        )

    if k < 2:
        return no("fewer than two categories have observations" if n else "no complete rows")
    if present[0] != order[0]:
        return no(f"the reference category {order[0]} has no complete observation")
    trouble = trouble_with(design, columns, p * (k - 1))
    if trouble:
        return no(trouble)
    scaled, centre, scale = standardised(design)
    with_constant = np.column_stack([np.ones(n), scaled])
    if separating_direction(multinomial_conditions(with_constant, code, k)) is not None:
        return no("separation: a combination of the predictors tells categories apart without error")
    from statsmodels.discrete.discrete_model import MNLogit

    result, trouble = fit_quietly(MNLogit(code, with_constant), method="newton", tol=1e-12, maxiter=200)
    if trouble:
        return no(trouble)
    back = np.kron(np.eye(k - 1), _to_given_scale(centre, scale))
    coef = (back @ np.asarray(result.params).T.ravel()).reshape(k - 1, p)
    cov = back @ np.asarray(result.cov_params()) @ back.T
    null = float((counts * np.log(counts / n)).sum())
    return MultinomialFit(
        levels=tuple(present),
        names=terms,
        coef=coef,
        cov=cov,
        n=n,
        counts=tuple(counts.tolist()),
        rows=rows,
        lr_df=(k - 1) * len(columns),
        loglik=float(result.llf),
        loglik_null=null,
    )
