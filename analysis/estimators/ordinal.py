"""Ordinal (proportional-odds) logistic regression and the test of its assumption.

``logit P(y <= j) = theta_j - x'b``: a positive coefficient goes with higher categories. Fitted by Newton's method on
the exact derivatives (statsmodels' model takes numerical ones, which costs far more and leaves digits to be polished);
standard errors come from the observed information. The Brant test compares the slopes of the binary logits ``y > j``,
which proportional odds says are equal.

Sources: McCullagh (1980) *JRSS B* 42:109; Brant (1990) *Biometrics* 46:1171.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, IntArray, as_floats
from analysis.estimators._discrete import (
    UNFINISHED,
    LikelihoodRatio,
    coefficient_table,
    complete_cases,
    fit_quietly,
    standardised,
    trouble_with,
)
from analysis.estimators._format import number, table
from analysis.estimators.separation import ordinal_conditions, separating_direction

#: Newton steps at most, and the gain in log-likelihood below which a step was the last.
NEWTON_STEPS, FINISHED = 50, 1e-14


@dataclass(frozen=True, eq=False)
class BrantTest:
    """The parallel-slopes test, over all predictors (chi2, df, p_value) and for each (``by_term``)."""

    by_term: pd.DataFrame
    chi2: float = float("nan")
    df: int = 0
    p_value: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def frame(self) -> pd.DataFrame:
        """One row per predictor: chi2, df, p_value."""
        return self.by_term.copy()

    def summary(self) -> str:
        """One line."""
        if self.reason:
            return f"Brant test not computed: {self.reason}"
        return f"Brant test of parallel slopes: chi2({self.df}) = {number(self.chi2)}, p = {number(self.p_value, 3)}"


@dataclass(frozen=True, eq=False)
class OrdinalFit(LikelihoodRatio):
    """A proportional-odds model, or the reason there is none.

    levels: the categories in order; names, coef, cov: the slopes; thresholds with thresholds_se: the cutpoints between
    neighbouring categories; lr_*: against thresholds alone; brant: the test of the assumption.
    """

    levels: tuple[Any, ...]
    names: tuple[str, ...]
    coef: Array
    cov: Array
    thresholds: Array
    thresholds_se: Array
    n: int
    counts: tuple[int, ...]
    rows: IntArray
    lr_df: int
    brant: BrantTest
    loglik: float = float("nan")
    loglik_null: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return -2 * self.loglik + 2 * (len(self.names) + len(self.thresholds))

    def frame(self) -> pd.DataFrame:
        """One row per predictor: estimate, se, Wald chi-square, p, interval, odds ratio."""
        with np.errstate(invalid="ignore"):
            out = coefficient_table(self.names, self.coef, np.sqrt(np.diag(self.cov)))
        out["n"], out["reason"] = self.n, self.reason
        return out

    def predict(self, X: Any) -> Array:
        """Probability of every category for new rows: ``(m, levels)``."""
        from scipy.special import expit

        design = as_floats(X)
        design = design[:, None] if design.ndim == 1 else design
        below = expit(self.thresholds - (design @ self.coef)[:, None])
        return np.diff(np.column_stack([np.zeros(len(below)), below, np.ones(len(below))]), axis=1)

    def expected(self, X: Any, scores: Sequence[float] | None = None) -> Array:
        """Expected category for new rows, with the levels themselves as scores unless others are given."""
        values = np.asarray(self.levels if scores is None else scores, dtype=float)
        expected: Array = self.predict(X) @ values
        return expected

    def summary(self) -> str:
        """Tests, slopes and thresholds."""
        head = f"Proportional-odds logistic regression, n = {self.n} ({', '.join(map(str, self.counts))})"
        if self.reason:
            return f"{head}\n  not estimated: {self.reason}"
        line = (
            f"  LR chi2({self.lr_df}) = {number(self.lr_chi2)}, p = {number(self.lr_p, 3)}; "
            f"Nagelkerke R2 {number(self.nagelkerke_r2, 3)}; loglik {self.loglik:.4f}"
        )
        columns = ["term", "estimate", "se", "wald_chi2", "p_value", "odds_ratio", "odds_ratio_low", "odds_ratio_high"]
        cuts = ", ".join(number(value) for value in self.thresholds)
        return "\n".join(
            [head, line, table(self.frame(), columns), f"  thresholds {cuts}", "  " + self.brant.summary()]
        )


def _no_brant(reason: str) -> BrantTest:
    empty = pd.DataFrame(columns=["term", "chi2", "df", "p_value"])
    return BrantTest(empty, reason=reason)


def fit_ordinal(
    y: Any, X: Any, *, names: Sequence[str] | None = None, levels: Sequence[float] | None = None
) -> OrdinalFit:
    """Proportional-odds regression of an ordered outcome on the columns of X ``(n, p)``.

    ``levels`` gives the order (default: ascending values found); a level without observations is left out and named in
    no threshold. Incomplete rows, and values that are no level, are left out. Raises ValueError on unequal lengths; bad
    data give a result with a reason.
    """
    outcome, design, columns, rows = complete_cases(y, X, names)
    wanted = sorted(set(outcome.tolist())) if levels is None else list(levels)
    known = np.isin(outcome, wanted)
    outcome, design, rows = outcome[known], design[known], rows[known]
    present = [level for level in wanted if (outcome == level).any()]
    code = np.array([present.index(value) for value in outcome.tolist()], dtype=np.intp)
    n, p, k = len(code), len(columns), len(present)
    counts = np.bincount(code, minlength=k)

    def no(reason: str) -> OrdinalFit:
        cuts = np.full(max(k - 1, 0), np.nan)
        nothing = (np.full(p, np.nan), np.full((p, p), np.nan), cuts, cuts)
        about = (n, tuple(counts.tolist()), rows, p)
        return OrdinalFit(
            tuple(present), columns, *nothing, *about, brant=_no_brant("there is no model"), reason=reason
        )

    if k < 2:
        return no("fewer than two categories have observations" if n else "no complete rows")
    trouble = trouble_with(design, columns, p + k - 1)
    if trouble:
        return no(trouble)
    scaled, centre, scale = standardised(design)
    if separating_direction(ordinal_conditions(scaled, code, k)) is not None:
        return no("separation: a combination of the predictors orders the categories without error")
    found = _maximum(code, scaled)
    if isinstance(found, str):
        return no(found)
    slopes, cuts, inverse = found
    # Back to the given units: b = g / s and theta = cut + b'centre.
    back = np.zeros((p + k - 1, p + k - 1))
    back[np.arange(p), np.arange(p)] = 1.0 / scale
    back[p:, :p] = centre / scale
    back[np.arange(p, p + k - 1), np.arange(p, p + k - 1)] = 1.0
    whole = back @ np.concatenate([slopes, cuts])
    cov = back @ inverse @ back.T
    return OrdinalFit(
        levels=tuple(present),
        names=columns,
        coef=whole[:p],
        cov=cov[:p, :p],
        thresholds=whole[p:],
        thresholds_se=np.sqrt(np.diag(cov)[p:]),
        n=n,
        counts=tuple(counts.tolist()),
        rows=rows,
        lr_df=p,
        brant=brant_test(code, scaled, columns),
        loglik=float(_loglik(scaled, code, slopes, cuts)),
        loglik_null=float((counts[counts > 0] * np.log(counts[counts > 0] / n)).sum()),
    )


def _maximum(code: IntArray, X: Array) -> tuple[Array, Array, Array] | str:
    """Slopes, thresholds and the inverse information at the maximum, or why there is none; X standardised.

    The log-likelihood is concave in slopes and thresholds, so Newton's method with step halving finds its one maximum.
    """
    from scipy.special import logit

    p = X.shape[1]
    below = np.cumsum(np.bincount(code))[:-1] / len(code)
    at = np.concatenate([np.zeros(p), logit(below)])
    value = _loglik(X, code, at[:p], at[p:])
    for _ in range(NEWTON_STEPS):
        score, information = _derivatives(X, code, at[:p], at[p:])
        step = np.linalg.solve(information, score)
        gain = 0.5 * float(score @ step)
        size = 1.0
        while not (new := _loglik(X, code, at[:p] + size * step[:p], at[p:] + size * step[p:])) >= value - 1e-12:
            size /= 2
            if size < 1e-8:
                return "the fit did not reach a maximum"
        at, value = at + size * step, new
        if gain < FINISHED:
            break
    score, information = _derivatives(X, code, at[:p], at[p:])
    if 0.5 * score @ np.linalg.solve(information, score) > UNFINISHED or (np.diff(at[p:]) <= 0).any():
        return "the fit did not reach a maximum"
    return at[:p], at[p:], np.asarray(np.linalg.inv(information))


def _edges(X: Array, code: IntArray, slopes: Array, cuts: Array) -> tuple[Array, Array, Array, Array]:
    """Cumulative probability above and below each observation's category, with the padded indices."""
    from scipy.special import expit

    padded = np.concatenate([[-np.inf], cuts, [np.inf]])
    eta = X @ slopes
    return expit(padded[code + 1] - eta), expit(padded[code] - eta), padded, eta


def _loglik(X: Array, code: IntArray, slopes: Array, cuts: Array) -> float:
    """The log-likelihood; minus infinity where the thresholds are out of order."""
    upper, lower, _padded, _eta = _edges(X, code, slopes, cuts)
    chance = upper - lower
    return float(np.log(chance).sum()) if (chance > 0).all() else float("-inf")


def _derivatives(X: Array, code: IntArray, slopes: Array, cuts: Array) -> tuple[Array, Array]:
    """Score and observed information for (slopes, thresholds)."""
    upper, lower, _padded, _eta = _edges(X, code, slopes, cuts)
    n, p = X.shape
    q = len(cuts)
    probability = upper - lower
    f_up, f_low = upper * (1 - upper), lower * (1 - lower)
    g_up, g_low = f_up * (1 - 2 * upper), f_low * (1 - 2 * lower)
    # d(upper edge) and d(lower edge) with respect to the parameters.
    d_up, d_low = np.zeros((n, p + q)), np.zeros((n, p + q))
    d_up[:, :p] = d_low[:, :p] = -X
    inside = code < q
    d_up[np.flatnonzero(inside), p + code[inside]] = 1.0
    inside = code > 0
    d_low[np.flatnonzero(inside), p + code[inside] - 1] = 1.0
    first = (f_up[:, None] * d_up - f_low[:, None] * d_low) / probability[:, None]
    second = (d_up.T * (g_up / probability)) @ d_up - (d_low.T * (g_low / probability)) @ d_low
    return first.sum(axis=0), first.T @ first - second


def brant_test(y: Any, X: Any, names: Sequence[str] | None = None) -> BrantTest:
    """Brant's test that the slopes of the logits ``y > j`` agree, over all predictors and for each.

    y: ordered codes 0..J without gaps; X without constant. Gives a reason where a binary logit is separated.
    """
    outcome, design, columns, _rows = complete_cases(y, X, names)
    code = outcome.astype(np.intp)
    k, p = int(code.max(initial=0)) + 1, len(columns)
    if k < 3:
        return _no_brant("two categories only: there is one set of slopes")
    from scipy.special import chdtrc
    from statsmodels.discrete.discrete_model import Logit

    from analysis.estimators.separation import binary_conditions

    with_constant = np.column_stack([np.ones(len(code)), design])
    slopes, chances = [], []
    for j in range(k - 1):
        above = (code > j).astype(np.intp)
        if separating_direction(binary_conditions(with_constant, above)) is not None:
            return _no_brant(f"separation in the split above category {j + 1}")
        result, trouble = fit_quietly(Logit(above, with_constant), method="newton", tol=1e-12, maxiter=100)
        if trouble:
            return _no_brant(trouble)
        slopes.append(np.asarray(result.params)[1:])
        chances.append(np.asarray(result.predict()))
    # Covariance between splits: the indicators are nested, so cov = pi_m - pi_l pi_m for l below m.
    bread = []
    for chance in chances:
        bread.append(np.linalg.inv((with_constant.T * (chance * (1 - chance))) @ with_constant))
    cov = np.zeros(((k - 1) * p, (k - 1) * p))
    for low in range(k - 1):
        for high in range(low, k - 1):
            weight = chances[high] * (1 - chances[low])
            block = (bread[low] @ ((with_constant.T * weight) @ with_constant) @ bread[high])[1:, 1:]
            cov[low * p : (low + 1) * p, high * p : (high + 1) * p] = block
            cov[high * p : (high + 1) * p, low * p : (low + 1) * p] = block.T
    stacked = np.concatenate(slopes)

    def wald(places: list[int]) -> tuple[float, int]:
        contrast = np.zeros(((k - 2) * len(places), len(stacked)))
        row = 0
        for j in range(1, k - 1):
            for place in places:
                contrast[row, place], contrast[row, j * p + place] = 1.0, -1.0
                row += 1
        difference = contrast @ stacked
        return float(difference @ np.linalg.solve(contrast @ cov @ contrast.T, difference)), len(difference)

    chi2, df = wald(list(range(p)))
    rows = []
    for place, name in enumerate(columns):
        one, one_df = wald([place])
        rows.append({"term": name, "chi2": one, "df": one_df, "p_value": float(chdtrc(one_df, one))})
    return BrantTest(pd.DataFrame(rows), chi2, df, float(chdtrc(df, chi2)))
