"""Logistic regression of a yes-or-no outcome with crossed random intercepts, by Laplace's approximation.

An inspection belongs to an authority and to a year, and neither holds the other: both get an intercept of their own,
normal with a variance that is estimated. The integral over the intercepts is replaced by its Laplace approximation at
the mode, as lme4 (``nAGQ = 1``) and glmmTMB do; log-likelihoods, coefficients and standard errors agree with glmmTMB's
to 1e-4 and better (``make test-r``). statsmodels has the same model by variational Bayes only, which is another
answer. Standard errors come from the curvature of that likelihood in coefficients and variances together.

Sources: Breslow & Clayton (1993) *JASA* 88:9; Bates et al. (2015) *J. Stat. Softw.* 67(1); Brooks et al. (2017)
*R Journal* 9:378. Marginal effects: Hedeker et al. (2018) *Biometrics* 74:354 for the integral over the intercepts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, IntArray, aliased_columns, constant_columns
from analysis.estimators._discrete import coefficient_table, complete_cases
from analysis.estimators._format import number, table

CONSTANT = "const"
#: Below this standard deviation an intercept adds nothing that the likelihood can tell from nothing.
_SMALLEST = 1e-4
_MOST_STEPS = 100
#: Nodes of the Gauss-Hermite rule by which predictions are averaged over the intercepts.
_NODES = 31


@dataclass(frozen=True, eq=False)
class MixedLogisticFit:
    """A fitted model, or the reason there is none (then numbers are NaN).

    names: terms, the constant first; coef and cov on the log-odds scale; sd: standard deviation of each random
    intercept on the log-odds scale, by factor; levels: how many levels each factor has; loglik: Laplace's
    approximation of the marginal log-likelihood; rows: positions of the complete cases; design: their terms.
    """

    names: tuple[str, ...]
    coef: Array
    cov: Array
    sd: dict[str, float]
    levels: dict[str, int]
    n: int
    n_events: int
    rows: IntArray
    design: Array
    loglik: float = float("nan")
    reason: str = ""
    intercepts: dict[str, pd.Series] = field(default_factory=dict)
    """The mode of each level's intercept, by factor."""

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def aic(self) -> float:
        """Akaike's criterion; the variances count."""
        return -2 * self.loglik + 2 * (len(self.names) + len(self.sd))

    def frame(self) -> pd.DataFrame:
        """One row per term: estimate, se, Wald chi-square, p, odds ratio, intervals (95 %, Wald), n, reason."""
        with np.errstate(invalid="ignore"):
            out = coefficient_table(self.names, self.coef, np.sqrt(np.diag(self.cov)))
        out["n"], out["reason"] = self.n, self.reason
        return out

    def predict(self, X: Any) -> Array:
        """Probability for new rows ``(m, p)`` without constant, averaged over the random intercepts."""
        design = np.atleast_2d(np.asarray(X, dtype=float))
        return _averaged(self.coef[0] + design @ self.coef[1:], self._spread)

    def marginal_effect(self, term: str, step: float = 1.0) -> tuple[float, float]:
        """Average change of the probability for ``step`` more of a term over all rows, and its standard error.

        Averaged over the random intercepts too; the error is by the delta method on the coefficients, the variances
        taken as known.
        """
        moved = self.design.copy()
        moved[:, self.names.index(term)] += step
        return self._with_error(
            lambda coef: float(
                (_averaged(moved @ coef, self._spread) - _averaged(self.design @ coef, self._spread)).mean()
            )
        )

    def average_probability(self, at: Mapping[str, float]) -> tuple[float, float]:
        """Average probability over all rows if every row had these values of these terms, and its standard error.

        Averaged, and with an error, as :meth:`marginal_effect`.
        """
        fixed = self.design.copy()
        for term, value in at.items():
            fixed[:, self.names.index(term)] = value
        return self._with_error(lambda coef: float(_averaged(fixed @ coef, self._spread).mean()))

    def _with_error(self, of: Callable[[Array], float]) -> tuple[float, float]:
        """A function of the coefficients at their estimates, and its standard error."""
        small = 1e-5
        steps = small * np.eye(len(self.coef))
        gradient = np.array([(of(self.coef + e) - of(self.coef - e)) / (2 * small) for e in steps])
        return of(self.coef), float(np.sqrt(max(gradient @ self.cov @ gradient, 0.0)))

    @property
    def _spread(self) -> float:
        return float(np.sqrt(sum(s**2 for s in self.sd.values())))

    def summary(self) -> str:
        """The random intercepts and the table of coefficients."""
        head = f"Logistic regression with random intercepts, n = {self.n} ({self.n_events} events)"
        if self.reason:
            return f"{head}\n  not estimated: {self.reason}"
        groups = "; ".join(f"{f}: sd {number(s, 3)} over {self.levels[f]} levels" for f, s in self.sd.items())
        columns = ["term", "estimate", "se", "p_value", "odds_ratio", "odds_ratio_low", "odds_ratio_high"]
        return "\n".join([head, f"  {groups}; loglik {self.loglik:.4f}", table(self.frame(), columns)])


def fit_mixed_logistic(
    y: Any, X: Any, groups: Mapping[str, Any], *, names: Sequence[str] | None = None
) -> MixedLogisticFit:
    """Logistic regression of y (0, 1, NaN) on X ``(n, p)`` with a random intercept per level of every factor.

    Args:
        y: the outcome.
        X: the predictors; the constant is added. Incomplete rows are left out.
        groups: factor → its level of each row, e.g. ``{"la_code": …, "year": …}``; levels need not be nested.
        names: of the columns.

    Raises:
        ValueError: lengths differ, y holds anything but 0 and 1, no factor is given, or a level is missing.
    """
    if not groups:
        raise ValueError("give at least one factor of random intercepts")
    outcome, design, columns, rows = complete_cases(y, X, names)
    if len(outcome) and not np.isin(outcome, (0.0, 1.0)).all():
        raise ValueError("a logistic outcome is 0 or 1")
    levels, codes = {}, []
    for factor, values in groups.items():
        column = pd.Series(np.asarray(values, dtype=object))
        if len(column) != len(np.asarray(y)):
            raise ValueError(f"{factor} has {len(column)} rows where y has {len(np.asarray(y))}")
        column = column.iloc[rows]
        if column.isna().any():
            raise ValueError(f"{factor} has rows without a level")
        code, found = pd.factorize(column, sort=True)
        levels[factor] = found
        codes.append(code)
    terms = (CONSTANT, *columns)
    full = np.column_stack([np.ones(len(outcome)), design])
    about: dict[str, Any] = {
        "names": terms,
        "levels": {f: len(v) for f, v in levels.items()},
        "n": len(outcome),
        "n_events": int(outcome.sum()),
        "rows": rows,
        "design": full,
    }
    reason = _unusable(outcome, design, columns)
    problem = _Problem(outcome, full, codes, [len(v) for v in levels.values()])
    if not reason:
        theta, loglik, reason = problem.maximise()
    if reason:
        p = len(terms)
        empty = np.full(p, np.nan)
        return MixedLogisticFit(
            coef=empty, cov=np.full((p, p), np.nan), sd=dict.fromkeys(levels, float("nan")), reason=reason, **about
        )
    p = len(terms)
    coef, cov = theta[:p], problem.covariance(theta)[:p, :p]
    modes = problem.intercepts(theta)
    return MixedLogisticFit(
        coef=coef,
        cov=cov,
        sd={f: float(s) for f, s in zip(levels, np.exp(theta[p:]), strict=True)},
        loglik=loglik,
        intercepts={f: pd.Series(u, index=v) for (f, v), u in zip(levels.items(), modes, strict=True)},
        **about,
    )


def _unusable(outcome: Array, design: Array, columns: Sequence[str]) -> str:
    if len(outcome) == 0:
        return "no complete row"
    if outcome.min() == outcome.max():
        return "the outcome is the same in every row"
    if constant := constant_columns(design):
        return f"{columns[constant[0]]} is the same in every row"
    if aliased := aliased_columns(design):
        return f"{columns[aliased[0]]} is determined by the columns before it"
    return ""


def _averaged(eta: Array, spread: float) -> Array:
    """Mean of the logistic function over a normal intercept of this standard deviation."""
    from scipy.special import expit

    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return np.asarray((expit(eta[:, None] + spread * nodes) * weights).sum(axis=1) / weights.sum())


@dataclass(frozen=True, eq=False)
class _Curvature:
    """H = ZᵀWZ + D of the intercepts by blocks: the largest factor's is diagonal (a row has one level of each factor),
    so that only the other factors' is ever inverted.

    main ``(q₁,)`` that diagonal; cross ``(q₁, m)``; rest ``(m, m)``, the others' block less what the largest factor
    explains of it (its Schur complement); over: cross by rows over main.
    """

    main: Array
    cross: Array
    over: Array
    rest: Array

    def solve(self, main: Array, rest: Array) -> tuple[Array, Array]:
        """H⁻¹ times a vector given by blocks."""
        others = np.asarray(np.linalg.solve(self.rest, rest - self.over.T @ main), dtype=np.float64)
        return (main - self.cross @ others) / self.main, others

    def log_determinant(self) -> float:
        return float(np.log(self.main).sum() + np.linalg.slogdet(self.rest)[1])


class _Problem:
    """Minus the log-likelihood of ``theta`` = coefficients, then log standard deviations.

    The intercepts are ``u``, those of the largest factor first; with ``D`` their prior precisions, ``Z`` their
    incidence and ``h(u)`` minus the joint log density, the approximation is ``h(û) + ½ log|H(û)| − ½ log|D|`` with
    ``H = Zᵀ W Z + D``.
    """

    def __init__(self, y: Array, X: Array, codes: Sequence[IntArray], sizes: Sequence[int]) -> None:
        self.y, self.X = y, X
        #: Factors in the order of their intercepts.
        self.order = sorted(range(len(sizes)), key=lambda j: -sizes[j])
        self.sizes = [sizes[j] for j in self.order]
        self.main = codes[self.order[0]]
        self.q, self.m = self.sizes[0], sum(self.sizes[1:])
        starts = np.cumsum([0, *self.sizes[1:]])
        self.others = [codes[j] + start for j, start in zip(self.order[1:], starts[:-1], strict=True)]
        # Pairs of levels that a row has in common, as places in the blocks laid flat: a block is one weighted count.
        self.cross_places = [self.main * self.m + c for c in self.others]
        self.rest_places = [a * self.m + b for a in self.others for b in self.others]
        self._last = np.zeros(self.q + self.m)

    def of_rows(self, u: Array) -> Array:
        """Z u: the sum of a row's intercepts."""
        out: Array = u[self.main]
        for c in self.others:
            out = out + u[self.q :][c]
        return out

    def of_levels(self, r: Array) -> Array:
        """Zᵀ r: the sum over a level's rows."""
        rest = sum((np.bincount(c, weights=r, minlength=self.m) for c in self.others), np.zeros(self.m))
        return np.concatenate([np.bincount(self.main, weights=r, minlength=self.q), rest])

    def curvature(self, w: Array, prior: Array) -> _Curvature:
        """ZᵀWZ + D."""
        q, m = self.q, self.m
        main = np.bincount(self.main, weights=w, minlength=q) + prior[:q]
        flat_cross, flat_rest = np.zeros(q * m), np.zeros(m * m)
        for place in self.cross_places:
            flat_cross += np.bincount(place, weights=w, minlength=q * m)
        for place in self.rest_places:
            flat_rest += np.bincount(place, weights=w, minlength=m * m)
        cross, rest = flat_cross.reshape(q, m), flat_rest.reshape(m, m) + np.diag(prior[q:])
        over = cross / main[:, None]
        return _Curvature(main, cross, over, rest - cross.T @ over)

    def precisions(self, theta: Array) -> Array:
        """Prior precision of every intercept."""
        return np.repeat(np.exp(-2 * theta[self.X.shape[1] :][self.order]), self.sizes)

    def mode(self, theta: Array) -> tuple[Array, Array, _Curvature]:
        """The intercepts' mode by Newton's method with step halving, the chances there, and the curvature H."""
        from scipy.special import expit

        fixed, prior = self.X @ theta[: self.X.shape[1]], self.precisions(theta)
        u = self._last
        value = self._h(u, fixed, prior)
        for _ in range(_MOST_STEPS):
            p = expit(fixed + self.of_rows(u))
            gradient = self.of_levels(p - self.y) + prior * u
            H = self.curvature(p * (1 - p), prior)
            step = np.concatenate(H.solve(gradient[: self.q], gradient[self.q :]))
            size = 1.0
            while (new := self._h(u - size * step, fixed, prior)) > value + 1e-12 and size > 1e-8:
                size /= 2
            u, fell, value = u - size * step, value - new, new
            if float(np.abs(step).max()) < 1e-10 or fell < 1e-14:
                break
        self._last = u
        p = expit(fixed + self.of_rows(u))
        return u, p, self.curvature(p * (1 - p), prior)

    def intercepts(self, theta: Array) -> list[Array]:
        """The modes of each factor's intercepts, in the order given."""
        parts = np.split(self.mode(theta)[0], np.cumsum(self.sizes)[:-1])
        return [parts[self.order.index(j)] for j in range(len(parts))]

    def _h(self, u: Array, fixed: Array, prior: Array) -> float:
        eta = fixed + self.of_rows(u)
        return float(np.logaddexp(0, eta).sum() - self.y @ eta + 0.5 * (prior * u * u).sum())

    def value(self, theta: Array) -> tuple[float, Array]:
        """Minus the log-likelihood and its gradient.

        The mode moves with theta, so the gradient has the explicit part and, through the curvature's determinant, the
        part of the mode's movement (implicit differentiation).
        """
        p_fixed = self.X.shape[1]
        prior = self.precisions(theta)
        u, p, H = self.mode(theta)
        fixed = self.X @ theta[:p_fixed]
        value = self._h(u, fixed, prior) + 0.5 * H.log_determinant() - 0.5 * float(np.log(prior).sum())
        # H's inverse by blocks, as far as a row or a trace needs it.
        rest = np.linalg.inv(H.rest)
        cross = -H.over @ rest
        diagonal = np.concatenate([1 / H.main - (cross * H.over).sum(axis=1), np.diag(rest)])
        seen = diagonal[self.main]
        for place in self.cross_places:
            seen = seen + 2 * cross.ravel()[place]
        for place in self.rest_places:
            seen = seen + rest.ravel()[place]
        w = p * (1 - p)
        # d w / d eta, and how much of H's inverse each row sees.
        pull = 0.5 * seen * w * (1 - 2 * p)
        # d½log|H| / du, moved back through du/dtheta = −H⁻¹ ∂²h/∂u∂theta.
        pulled = self.of_levels(pull)
        through = np.concatenate(H.solve(pulled[: self.q], pulled[self.q :]))
        by_beta = self.X.T @ (p - self.y + pull - w * self.of_rows(through))
        by_level = 1 + prior * (2 * u * through - u * u - diagonal)
        by_factor = np.add.reduceat(by_level, np.cumsum([0, *self.sizes[:-1]]))
        by_log_sd = np.empty(len(self.sizes))
        by_log_sd[self.order] = by_factor
        return value, np.concatenate([by_beta, by_log_sd])

    def maximise(self) -> tuple[Array, float, str]:
        """Estimates, log-likelihood, and the reason where the search did not end at a maximum."""
        from scipy.optimize import minimize

        p = self.X.shape[1]
        scale = np.concatenate([[1.0], self.X[:, 1:].std(axis=0)])
        scale = np.concatenate([scale, np.ones(len(self.sizes))])
        start = np.concatenate([[np.log(self.y.mean() / (1 - self.y.mean()))], np.zeros(p - 1)])
        start = np.concatenate([start, np.full(len(self.sizes), np.log(0.5))])
        bounds = [(None, None)] * p + [(np.log(_SMALLEST), np.log(50.0))] * len(self.sizes)

        def scaled(x: Array) -> tuple[float, Array]:
            value, gradient = self.value(x / scale)
            return value, gradient / scale

        found = minimize(
            scaled, start * scale, jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-15, "gtol": 1e-8, "maxcor": 30},
        )  # fmt: skip
        theta = found.x / scale
        if not np.isfinite(found.fun):
            return theta, float("nan"), "the likelihood could not be computed"
        if np.abs(theta[1:p] * scale[1:p]).max(initial=0.0) > 15:
            return theta, float("nan"), "the outcome is separated: a coefficient grows without bound"
        return theta, -float(found.fun), ""

    def covariance(self, theta: Array) -> Array:
        """Inverse curvature in coefficients and log standard deviations; a variance of nothing is held there."""
        p = self.X.shape[1]
        free = [j for j in range(len(theta)) if j < p or theta[j] > np.log(_SMALLEST) + 1e-6]
        H = np.zeros((len(free), len(free)))
        for a, j in enumerate(free):
            step = 1e-4 * max(abs(theta[j]), 0.1 / max(float(self.X[:, j].std()), 1e-12) if 0 < j < p else 0.1)
            e = np.zeros(len(theta))
            e[j] = step
            H[a] = ((self.value(theta + e)[1] - self.value(theta - e)[1]) / (2 * step))[free]
        H = (H + H.T) / 2
        out = np.full((len(theta), len(theta)), np.nan)
        out[np.ix_(free, free)] = np.linalg.inv(H)
        return out
