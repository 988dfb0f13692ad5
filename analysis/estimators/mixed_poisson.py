"""Multilevel count regression: a random intercept and a random slope on time for every authority.

Model. ``y ~ Poisson(exp(X b + offset + u0 + u1 * time))`` with ``(u0, u1) ~ N(0, S)`` per cluster; ``S`` is
*correlated* (three parameters), *independent* (two; believed to be the default of Stata's ``mepoisson``) or
*intercept* (a random intercept alone). ``nb2`` replaces the Poisson by a negative binomial with variance
``mu + alpha mu^2``; ``quasi`` keeps the Poisson fit and widens its covariance by the Pearson dispersion.

Estimation. Maximum likelihood, by the Laplace approximation (``quadrature=1``, as lme4 and glmmTMB) or adaptive
Gauss-Hermite quadrature (``quadrature=7``, as Stata). ``y`` need not be whole: for a rate or money the likelihood is
the Poisson quasi-likelihood plus a constant (``lgamma(y + 1)``). Covariances: the observed information (``model``), the
same times the dispersion (``quasi``), and the cluster-robust sandwich (``robust``). On the returns the Poisson variance
is far too small, so ``model`` intervals are too narrow: prefer ``robust`` or ``nb2``.

Sources: Rabe-Hesketh, Skrondal & Pickles (2005) *J. Econometrics* 128:301; Skaug & Fournier (2006); Bernal, Cummins &
Gasparrini (2017) *Int. J. Epidemiol.* 46:348 for the segmented use; White (1982) and Liang & Zeger (1986) for the
sandwich. The likelihood itself is in ``_mixed_kernel``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, as_floats, named_design
from analysis.estimators._format import number, table
from analysis.estimators._mixed_kernel import (
    PADDING_OFFSET,
    Evaluation,
    Stack,
    gauss_hermite,
    linear_predictor,
    stack_of,
)
from analysis.estimators._mixed_optimise import LOG_ALPHA_FLOOR, Optimum, maximise, starting_values, t_part

Covariance = Literal["correlated", "independent", "intercept"]
Family = Literal["poisson", "nb2", "quasi"]
Errors = Literal["model", "quasi", "robust"]

_STRUCTURES: dict[str, tuple[float, float, float]] = {
    "correlated": (1.0, 1.0, 1.0),
    "independent": (1.0, 0.0, 1.0),
    "intercept": (1.0, 0.0, 0.0),
}
# Cells (observations) evaluated together: large enough to drown numpy's overhead, small enough for the cache.
_CELLS_TOGETHER = 24_000
# Standard deviations of the random part of the linear predictor below this count as zero.
_ZERO_SD = 1e-4
# sqrt(1 - correlation^2) below this counts as perfect correlation.
_PERFECT = 1e-3
_ALIASED = 1e-8


@dataclass(frozen=True, eq=False)
class MixedPoissonProblem:
    """The data of one model; all of length n, in any order.

    y: counts, rates or money, >= 0, NaN where missing; X: ``(n, p)`` array or frame, with its own constant column;
    cluster: labels; time: the variable whose slope varies by cluster; offset: log exposure, or None; names: of the
    columns of X. Rows with anything missing are left out and counted.
    """

    y: Any
    X: Any
    cluster: Any
    time: Any
    offset: Any = None
    names: Sequence[str] | None = None
    label: str = ""


@dataclass(frozen=True, eq=False)
class MixedPoissonFit:
    """A fitted multilevel count model, or the reason there is none.

    ``ok`` is False where nothing could be estimated; then every number is NaN and ``reason`` says why. ``reason`` may
    also be non-empty on a good fit: columns dropped, a variance at zero, a fall back from NB2 to Poisson.

    coef, names: fixed effects, log scale, NaN for a dropped column; cov_model, cov_robust: ``(p, p)``; sd_intercept,
    sd_slope, correlation: of the random effects (slope per unit of time); alpha: NB2 dispersion (0 for Poisson);
    dispersion: Pearson chi-square over residual degrees of freedom, the random effects' own counted; loglik at the
    maximum; n_parameters: fixed, random and alpha; random_effects ``(G, 2)`` modes per cluster and their conditional
    standard errors; fitted ``(n,)`` conditional means in the order given, NaN for rows left out; gradient: largest
    score left, in standard errors of its parameter; rounds: batched likelihood evaluations used by the search.
    """

    label: str
    names: tuple[str, ...]
    coef: Array
    cov_model: Array
    cov_robust: Array
    sd_intercept: float
    sd_slope: float
    correlation: float
    se_sd_intercept: float
    se_sd_slope: float
    alpha: float
    se_log_alpha: float
    dispersion: float
    loglik: float
    n_parameters: int
    n_obs: int
    n_clusters: int
    n_left_out: int
    covariance: Covariance
    family: Family
    requested_family: Family
    quadrature: int
    converged: bool
    rounds: int
    gradient: float
    boundary: tuple[str, ...]
    clusters: tuple[Any, ...]
    random_effects: Array
    random_effects_se: Array
    fitted: Array
    reason: str = ""
    ok: bool = True

    @property
    def aic(self) -> float:
        """Akaike's criterion, ``-2 loglik + 2 k``."""
        return -2 * self.loglik + 2 * self.n_parameters

    @property
    def bic(self) -> float:
        """Schwarz's criterion with the number of observations, as Stata and lme4 take it."""
        return -2 * self.loglik + float(np.log(max(self.n_obs, 1))) * self.n_parameters

    def cov(self, errors: Errors | None = None) -> Array:
        """Covariance of the fixed effects; by default ``quasi`` for the quasi family and ``model`` otherwise."""
        errors = errors or ("quasi" if self.family == "quasi" else "model")
        if errors == "robust":
            return self.cov_robust
        return self.cov_model * self.dispersion if errors == "quasi" else self.cov_model

    def se(self, errors: Errors | None = None) -> Array:
        """Standard errors of the fixed effects."""
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.diag(self.cov(errors)))

    def critical_value(self, level: float = 0.95, errors: Errors | None = None) -> float:
        """Normal quantile, or Student's t with clusters - 1 degrees of freedom for robust errors."""
        from scipy.special import ndtri, stdtrit

        tail = 0.5 + level / 2
        if errors == "robust" and self.n_clusters > 1:
            return float(stdtrit(self.n_clusters - 1, tail))
        return float(ndtri(tail))

    def frame(self, errors: Errors | None = None, level: float = 0.95) -> pd.DataFrame:
        """One row per fixed effect: estimate, standard error, z, p, interval, rate ratio and percent change."""
        from scipy.special import ndtr, stdtr

        se = self.se(errors)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = self.coef / se
        tail = stdtr(max(self.n_clusters - 1, 1), -np.abs(z)) if errors == "robust" else ndtr(-np.abs(z))
        half = self.critical_value(level, errors) * se
        out = pd.DataFrame(
            {"term": list(self.names), "estimate": self.coef, "se": se, "statistic": z, "p_value": 2 * tail}
        )
        out["ci_low"], out["ci_high"] = self.coef - half, self.coef + half
        for of, column in (
            ("rate_ratio", "estimate"),
            ("rate_ratio_low", "ci_low"),
            ("rate_ratio_high", "ci_high"),
        ):
            out[of] = np.exp(out[column])
        for of, column in (
            ("percent_change", "estimate"),
            ("percent_low", "ci_low"),
            ("percent_high", "ci_high"),
        ):
            out[of] = 100 * np.expm1(out[column])
        return out

    def random_effects_frame(self) -> pd.DataFrame:
        """One row per cluster: modes of the random intercept and slope with conditional standard errors."""
        out = pd.DataFrame({"cluster": list(self.clusters)})
        for j, name in enumerate(("intercept", "slope")):
            out[name], out[f"{name}_se"] = self.random_effects[:, j], self.random_effects_se[:, j]
        return out

    def predict(self, X: Any, time: Any, *, offset: Any = None, cluster: Any = None, kind: str = "typical") -> Array:
        """Expected y for new rows.

        kind ``typical``: a cluster with effects of zero; ``average``: over the distribution of clusters, that is
        times ``exp(z'S z / 2)``; ``conditional``: with the modes of the named ``cluster`` (zero for one never seen).
        Raises ValueError for another kind or where ``conditional`` comes without clusters.
        """
        design = np.atleast_2d(np.asarray(X, dtype=float))
        t = np.asarray(time, dtype=float)
        used = np.isfinite(self.coef)
        eta = design[:, used] @ self.coef[used]
        if offset is not None:
            eta = eta + np.asarray(offset, dtype=float)
        if kind == "average":
            covariance = np.nan_to_num(self.correlation) * self.sd_intercept * self.sd_slope
            eta = eta + 0.5 * (self.sd_intercept**2 + 2 * t * covariance + t**2 * self.sd_slope**2)
        elif kind == "conditional":
            if cluster is None:
                raise ValueError("conditional predictions need the cluster of each row")
            place = {label: i for i, label in enumerate(self.clusters)}
            effects = np.vstack([self.random_effects, np.zeros((1, 2))])
            rows = effects[[place.get(label, len(place)) for label in np.asarray(cluster).tolist()]]
            eta = eta + rows[:, 0] + rows[:, 1] * t
        elif kind != "typical":
            raise ValueError(f"kind must be typical, average or conditional, not {kind!r}")
        return np.exp(eta)

    def summary(self, errors: Errors | None = None) -> str:
        """A page of text: coefficients as percent change, random effects, fit and diagnostics."""
        approximation = "Laplace" if self.quadrature == 1 else f"adaptive Gauss-Hermite, {self.quadrature} points"
        head = [
            f"Multilevel {self.family} regression{': ' + self.label if self.label else ''}",
            f"  {self.n_obs} observations in {self.n_clusters} clusters, {self.n_left_out} left out; "
            f"random effects {self.covariance}; {approximation}",
        ]
        if not self.ok:
            return "\n".join([*head, f"  not estimated: {self.reason}"])
        body = table(
            self.frame(errors), ["term", "estimate", "se", "p_value", "percent_change", "percent_low", "percent_high"]
        )
        tail = [
            f"  sd(intercept) {number(self.sd_intercept)}, sd(slope) {number(self.sd_slope)}, "
            f"correlation {number(self.correlation)}; alpha {number(self.alpha)}; "
            f"Pearson dispersion {number(self.dispersion)}",
            f"  loglik {self.loglik:.4f}, AIC {self.aic:.2f}, BIC {self.bic:.2f}, {self.n_parameters} parameters",
            f"  {'converged' if self.converged else 'NOT converged'} in {self.rounds} rounds; "
            f"score left {self.gradient:.1e} standard errors",
        ]
        if self.reason:
            tail.append(f"  note: {self.reason}")
        return "\n".join([*head, body, *tail])


def fit_mixed_poisson(
    y: Any,
    X: Any,
    cluster: Any,
    time: Any,
    *,
    offset: Any = None,
    names: Sequence[str] | None = None,
    covariance: Covariance = "correlated",
    family: Family = "poisson",
    quadrature: int = 1,
    label: str = "",
) -> MixedPoissonFit:
    """Fit one multilevel count model; see ``MixedPoissonProblem`` for the data and the module for the model.

    Never raises on bad *data* (the result carries a reason); raises ValueError on an unknown option or on arrays of
    different lengths.
    """
    problem = MixedPoissonProblem(y=y, X=X, cluster=cluster, time=time, offset=offset, names=names, label=label)
    return fit_mixed_poissons([problem], covariance=covariance, family=family, quadrature=quadrature)[0]


def fit_mixed_poissons(
    problems: Sequence[MixedPoissonProblem],
    *,
    covariance: Covariance = "correlated",
    family: Family = "poisson",
    quadrature: int = 1,
    workers: int = 1,
) -> list[MixedPoissonFit]:
    """Fit many models at once, in the order given: the same answers as one at a time, many times sooner.

    Models of like shape are evaluated side by side. Threads or processes gain nothing at these sizes (measured: threads
    contend for the interpreter, a process costs more to start than 480 fits to run), so there are none.
    Raises ValueError on an unknown option.
    """
    if covariance not in _STRUCTURES:
        raise ValueError(f"covariance must be one of {', '.join(_STRUCTURES)}, not {covariance!r}")
    if family not in ("poisson", "nb2", "quasi"):
        raise ValueError(f"family must be poisson, nb2 or quasi, not {family!r}")
    if quadrature < 1:
        raise ValueError("quadrature needs at least one point")
    prepared = [_prepare(problem, covariance) for problem in problems]
    results: list[MixedPoissonFit | None] = [None] * len(prepared)
    for i, item in enumerate(prepared):
        if item.failure:
            results[i] = _no_fit(item, family, quadrature, item.failure)
    usable = sorted(
        (i for i, item in enumerate(prepared) if not item.failure),
        key=lambda i: (len(prepared[i].kept), prepared[i].depth, prepared[i].n_clusters, i),
    )
    room = _CELLS_TOGETHER if quadrature == 1 else _CELLS_TOGETHER // 8
    batches = _batches(usable, prepared, room)

    for batch in batches:
        fits = _fit_batch([prepared[i] for i in batch], family, quadrature)
        for i, fit in zip(batch, fits, strict=True):
            results[i] = fit
    return [fit for fit in results if fit is not None]


# --- preparation ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A problem sorted by cluster, its columns orthogonalised and its time scaled to [-1, 1]."""

    problem: MixedPoissonProblem
    names: tuple[str, ...]
    covariance: Covariance
    n_rows: int
    failure: str = ""
    notes: tuple[str, ...] = ()
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    y: Array = field(default_factory=lambda: np.zeros(0))
    Q: Array = field(default_factory=lambda: np.zeros((0, 0)))
    R: Array = field(default_factory=lambda: np.zeros((0, 0)))
    kept: tuple[int, ...] = ()
    offset: Array = field(default_factory=lambda: np.zeros(0))
    time: Array = field(default_factory=lambda: np.zeros(0))
    time_scale: float = 1.0
    time_shift: float = 0.0
    column: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    depth_of_row: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    clusters: tuple[Any, ...] = ()
    depth: int = 0

    @property
    def n_clusters(self) -> int:
        return len(self.clusters)


def _prepare(problem: MixedPoissonProblem, covariance: Covariance) -> _Prepared:
    X, names = named_design(problem.X, problem.names)
    y, time = as_floats(problem.y), as_floats(problem.time)
    labels = np.asarray(problem.cluster)
    n_rows = len(y)
    offset = np.zeros(n_rows) if problem.offset is None else as_floats(problem.offset)
    if not (len(X) == len(time) == len(labels) == len(offset) == n_rows):
        raise ValueError("y, X, cluster, time and offset must have the same number of rows")

    def no(reason: str) -> _Prepared:
        return _Prepared(problem=problem, names=names, covariance=covariance, n_rows=n_rows, failure=reason)

    usable = np.isfinite(y) & np.isfinite(time) & np.isfinite(offset) & np.isfinite(X).all(axis=1)
    usable &= ~pd.isna(labels)
    rows = np.flatnonzero(usable)
    if not len(rows):
        return no("no row has outcome, exposure, time and predictors")
    if y[rows].min() < 0:
        return no("the outcome has negative values, which a count model cannot take")
    if y[rows].max() == 0:
        return no("the outcome is zero throughout")
    unique, code = np.unique(labels[rows], return_inverse=True)
    order = np.argsort(code, kind="stable")
    rows, code = rows[order], code[order]
    if len(unique) < 2:
        return no("one cluster only: a multilevel model needs at least two")
    counts = np.bincount(code)
    depth_of_row = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)

    notes: list[str] = []
    design = X[rows]
    Q, R, kept = _orthogonal(design)
    if len(kept) < X.shape[1]:
        gone = [name for j, name in enumerate(names) if j not in kept]
        notes.append(f"dropped as constant or collinear: {', '.join(gone)}")
    if not kept:
        return no("no predictor varies")
    t = time[rows]
    scale = float(np.abs(t).max()) or 1.0
    t = t / scale
    effective = covariance
    first = t[np.cumsum(counts) - counts]
    if covariance != "intercept" and not np.any(t != first[code]):
        effective = "intercept"
        notes.append("time does not vary within any cluster: random intercept only")
    n_random = int(sum(_STRUCTURES[effective]))
    if len(rows) <= len(kept) + n_random:
        return no(f"{len(rows)} observations for {len(kept) + n_random} parameters")
    separated = _only_zeros(Q, y[rows])
    if separated is not None:
        blame = np.abs(np.linalg.solve(R, separated)) > 1e-6 * np.abs(np.linalg.solve(R, separated)).max()
        which = ", ".join(names[kept[j]] for j in np.flatnonzero(blame))
        return no(f"separation: a combination of {which} is identified by zero outcomes alone")
    return _Prepared(
        problem=problem,
        names=names,
        covariance=effective,
        n_rows=n_rows,
        notes=tuple(notes),
        rows=rows,
        y=y[rows],
        Q=Q,
        R=R,
        kept=kept,
        offset=offset[rows],
        time=t,
        time_scale=scale,
        column=code,
        depth_of_row=depth_of_row,
        clusters=tuple(unique.tolist()),
        depth=int(counts.max()),
    )


def _orthogonal(X: Array) -> tuple[Array, Array, tuple[int, ...]]:
    """QR of the columns that add something to those before them; Q's columns have mean square one."""
    scale = np.sqrt((X * X).mean(axis=0))
    root = np.sqrt(len(X))
    kept: tuple[int, ...] = tuple(int(j) for j in np.flatnonzero(scale > 0))
    while kept:
        columns = list(kept)
        Q, R = np.linalg.qr(X[:, columns] / scale[columns])
        weak = np.abs(np.diag(R)) < _ALIASED * root if len(R) == len(kept) else np.ones(len(kept), dtype=bool)
        if not weak.any():
            return Q * root, (R / root) * scale[columns], kept
        first = int(np.flatnonzero(weak)[0]) if len(R) == len(kept) else len(kept) - 1
        kept = tuple(j for i, j in enumerate(kept) if i != first)
    return np.zeros((len(X), 0)), np.zeros((0, 0)), ()


def _only_zeros(Q: Array, y: Array) -> Array | None:
    """A direction along which the likelihood never turns: it moves rows with y = 0 alone, all the same way.

    Correia, Guimaraes & Zylkin (2019), "Verifying the existence of maximum likelihood estimates for generalized linear
    models". Exact for one such direction, which is the case met in practice.
    """
    zero = y == 0
    if not zero.any():
        return None
    _u, singular, vectors = np.linalg.svd(Q[~zero], full_matrices=True)
    rank = int((singular > 1e-8 * max(float(singular.max(initial=0.0)), 1.0)).sum())
    for direction in vectors[rank:]:
        moved = Q[zero] @ direction
        if moved.min() >= -1e-9 or moved.max() <= 1e-9:
            return np.asarray(direction)
    return None


def _batches(order: list[int], prepared: Sequence[_Prepared], room: int) -> list[list[int]]:
    out: list[list[int]] = []
    used = 0
    for i in order:
        item = prepared[i]
        cells = item.depth * item.n_clusters
        same = out and len(prepared[out[-1][0]].kept) == len(item.kept)
        if not same or used + cells > room:
            out.append([])
            used = 0
        out[-1].append(i)
        used += cells
    return out


def _stack(items: Sequence[_Prepared]) -> Stack:
    depth = max(item.depth for item in items)
    n_columns = len(items[0].kept)
    total = sum(item.n_clusters for item in items)
    y = np.zeros((depth, total))
    offset = np.full((depth, total), PADDING_OFFSET)
    t = np.zeros((depth, total))
    X = np.zeros((n_columns, depth, total))
    start = 0
    for item in items:
        row, column = item.depth_of_row, item.column + start
        y[row, column], offset[row, column], t[row, column] = item.y, item.offset, item.time - item.time_shift
        X[:, row, column] = item.Q.T
        start += item.n_clusters
    model = np.repeat(np.arange(len(items)), [item.n_clusters for item in items])
    return stack_of(y, offset, t, X, model)


# --- fitting ----------------------------------------------------------------------------------------------------------


def _fit_batch(items: Sequence[_Prepared], family: Family, quadrature: int) -> list[MixedPoissonFit]:
    stack = _stack(items)
    n_columns = len(stack.X)
    structure = np.array([_STRUCTURES[item.covariance] for item in items])
    free = np.column_stack([np.ones((len(items), n_columns)), structure, np.zeros(len(items))])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        beta, chol = starting_values(stack, structure)
        items, chol = _away_from_zero(items, chol)
        stack = _stack(items)
        theta = np.column_stack([beta, chol, np.zeros(len(items))])
        theta = np.where(np.isfinite(theta), theta, 0.1 * free)
        optimum = maximise(stack, theta, free)
        rule = gauss_hermite(quadrature)
        if family == "nb2":
            return _negative_binomial(items, stack, free, optimum, quadrature)
        if quadrature > 1:
            optimum = maximise(stack, optimum.theta, free, rule=rule, v=optimum.evaluation.v)
        return _results(items, stack, optimum, free, family, quadrature, with_alpha=False)


def _away_from_zero(items: Sequence[_Prepared], chol: Array) -> tuple[list[_Prepared], Array]:
    """Put the origin of time, for correlated effects, at the end of its range where clusters differ most.

    The model is the same wherever time starts, but L is not: where the intercept's variance is near zero, b and c are
    known through b^2 + c^2 alone and the search goes round in circles. At the wider end that cannot happen.
    """
    moved, out = [], chol.copy()
    for m, item in enumerate(items):
        if item.covariance != "correlated":
            moved.append(item)
            continue
        root = np.array([[chol[m, 0], 0.0], [chol[m, 1], chol[m, 2]]])
        shift = 1.0 if chol[m, 0] * chol[m, 1] >= 0 else -1.0
        shifted = np.array([[1.0, shift], [0.0, 1.0]]) @ root
        out[m, 0] = np.hypot(*shifted[0])
        out[m, 1] = shifted[1] @ shifted[0] / out[m, 0]
        out[m, 2] = abs(np.linalg.det(shifted)) / out[m, 0]
        moved.append(replace(item, time_shift=shift))
    return moved, out


def _negative_binomial(
    items: Sequence[_Prepared], stack: Stack, free: Array, poisson: Optimum, quadrature: int
) -> list[MixedPoissonFit]:
    """NB2 from the Poisson fit; where alpha goes to zero the Poisson fit is the answer."""
    mean = _conditional_mean(stack, poisson.theta, poisson.evaluation)
    above = stack.by_model(((stack.y - mean) ** 2 - stack.y).sum(axis=0)) / stack.by_model((mean**2).sum(axis=0))
    theta = poisson.theta.copy()
    theta[:, -1] = np.log(np.clip(above, 1e-4, 5.0))
    open_alpha = free.copy()
    open_alpha[:, -1] = 1.0
    optimum = maximise(stack, theta, open_alpha, with_alpha=True, v=poisson.evaluation.v)
    rule = gauss_hermite(quadrature)
    if quadrature > 1:
        poisson = maximise(stack, poisson.theta, free, rule=rule, v=poisson.evaluation.v)
        optimum = maximise(stack, optimum.theta, open_alpha, with_alpha=True, rule=rule, v=optimum.evaluation.v)
    fits = _results(items, stack, optimum, open_alpha, "nb2", quadrature, with_alpha=True)
    plain = _results(items, stack, poisson, free, "poisson", quadrature, with_alpha=False)
    out = []
    for nb, base in zip(fits, plain, strict=True):
        if nb.ok and nb.loglik > base.loglik + 1e-7 and np.log(nb.alpha) > LOG_ALPHA_FLOOR + 1:
            out.append(nb)
        else:
            note = "no overdispersion left (NB2 alpha at zero): the Poisson fit is reported"
            reason = "; ".join(part for part in (note, base.reason) if part)
            out.append(replace(base, requested_family="nb2", reason=reason))
    return out


def _conditional_mean(stack: Stack, theta: Array, evaluation: Evaluation) -> Array:
    n_columns = len(stack.X)
    a, b, c = theta[stack.model, n_columns : n_columns + 3].T
    return np.exp(linear_predictor(stack, theta[:, :n_columns]) + t_part(stack, a, b, c, evaluation.v))


def _results(
    items: Sequence[_Prepared],
    stack: Stack,
    optimum: Optimum,
    free: Array,
    family: Family,
    quadrature: int,
    *,
    with_alpha: bool,
) -> list[MixedPoissonFit]:
    n_columns = len(stack.X)
    mean = _conditional_mean(stack, optimum.theta, optimum.evaluation)
    loglik = stack.by_model(optimum.evaluation.loglik)
    ends = np.append(stack.starts, stack.y.shape[1])
    return [
        _result(
            item,
            optimum.theta[m],
            optimum.information[m],
            free[m] > 0,
            optimum.evaluation.scores[:, ends[m] : ends[m + 1]],
            optimum.evaluation.v[:, ends[m] : ends[m + 1]],
            optimum.evaluation.spread[:, ends[m] : ends[m + 1]],
            mean[item.depth_of_row, item.column + ends[m]],
            float(loglik[m]),
            family,
            quadrature,
            bool(optimum.converged[m]),
            int(optimum.rounds[m]),
            n_columns,
            with_alpha,
        )
        for m, item in enumerate(items)
    ]


def _result(
    item: _Prepared,
    theta: Array,
    information: Array,
    free: np.ndarray,
    scores: Array,
    v: Array,
    spread: Array,
    mean: Array,
    loglik: float,
    family: Family,
    quadrature: int,
    converged: bool,
    rounds: int,
    p: int,
    with_alpha: bool,
) -> MixedPoissonFit:
    if not np.isfinite(loglik):
        return _no_fit(item, family, quadrature, "the likelihood could not be evaluated at any start")
    notes = list(item.notes)
    # Undo the shift of time: the random intercept is the one at time zero as given.
    shift = item.time_shift
    a, b, c = theta[p : p + 3]
    root = np.array([[a - shift * b, -shift * c], [b, c]])
    sd_intercept, sd_slope_scaled = (float(value) for value in np.hypot(root[:, 0], root[:, 1]))
    covariance = float(root[0] @ root[1])
    boundary: list[str] = []
    if sd_intercept < _ZERO_SD:
        boundary.append("intercept variance")
    if free[p + 2] and sd_slope_scaled < _ZERO_SD:
        boundary.append("slope variance")
    if free[p + 1] and not boundary and abs(a * c) < _PERFECT * sd_intercept * sd_slope_scaled:
        boundary.append("correlation")
    if boundary:
        notes.append(f"estimated on the boundary (zero variance or perfect correlation): {', '.join(boundary)}")

    inverse, used, trouble = _invert_information(information, free, p)
    if trouble:
        notes.append(trouble)
    back = np.linalg.inv(item.R) if p else np.zeros((0, 0))
    n_all = len(item.names)
    kept = np.array(item.kept, dtype=np.intp)
    coef = np.full(n_all, np.nan)
    coef[kept] = back @ theta[:p]

    def on_given_scale(covariance: Array) -> Array:
        out = np.full((n_all, n_all), np.nan)
        out[np.ix_(kept, kept)] = back @ covariance[:p, :p] @ back.T
        return out

    n_clusters = item.n_clusters
    meat = scores @ scores.T * (n_clusters / (n_clusters - 1))
    cov_robust = on_given_scale(inverse @ meat @ inverse)
    random_cov = inverse[p : p + 3, p : p + 3]
    scale = item.time_scale
    se_sd_intercept = se_sd_slope = np.nan
    if not boundary and used[p]:
        lever = np.array([root[0, 0], -shift * root[0, 0], -shift * root[0, 1]]) / sd_intercept
        se_sd_intercept = float(np.sqrt(lever @ random_cov @ lever))
    if not boundary and used[p + 2]:
        lever = np.array([0.0, b, c]) / sd_slope_scaled
        se_sd_slope = float(np.sqrt(lever @ random_cov @ lever)) / scale

    effects = (root @ v).T / np.array([1.0, scale])
    centre = np.empty((v.shape[1], 2, 2))
    centre[:, 0, 0], centre[:, 1, 1] = spread[0], spread[2]
    centre[:, 0, 1] = centre[:, 1, 0] = spread[1]
    effects_var = np.einsum("ij,njk,ik->ni", root, centre, root)
    own_df = float((2.0 - spread[0] - spread[2]).sum())
    alpha = float(np.exp(theta[-1])) if with_alpha else 0.0
    residual_df = len(item.y) - p - own_df
    variance = mean * (1.0 + alpha * mean)
    dispersion = float(((item.y - mean) ** 2 / np.maximum(variance, 1e-300)).sum() / residual_df)
    if residual_df <= 0:
        dispersion = float("nan")
        notes.append("no residual degrees of freedom for the dispersion")
    fitted = np.full(item.n_rows, np.nan)
    fitted[item.rows] = mean
    total_score = scores.sum(axis=1)
    standard = np.sqrt(np.clip(np.diag(inverse), 0.0, None))
    if not converged:
        notes.append("the search did not reach a maximum: treat every number with caution")
    correlation = np.nan
    if free[p + 1] and sd_intercept > 0 and sd_slope_scaled > 0:
        correlation = covariance / (sd_intercept * sd_slope_scaled)
    elif free[p + 2]:
        correlation = 0.0
    return MixedPoissonFit(
        label=item.problem.label,
        names=item.names,
        coef=coef,
        cov_model=on_given_scale(inverse),
        cov_robust=cov_robust,
        sd_intercept=sd_intercept,
        sd_slope=sd_slope_scaled / scale,
        correlation=correlation,
        se_sd_intercept=se_sd_intercept,
        se_sd_slope=se_sd_slope,
        alpha=alpha,
        se_log_alpha=float(np.sqrt(inverse[-1, -1])) if with_alpha and used[-1] else np.nan,
        dispersion=dispersion,
        loglik=loglik,
        n_parameters=int(free.sum()),
        n_obs=len(item.y),
        n_clusters=n_clusters,
        n_left_out=item.n_rows - len(item.y),
        covariance=item.covariance,
        family=family,
        requested_family=family,
        quadrature=quadrature,
        converged=converged,
        rounds=rounds,
        gradient=float(np.abs(total_score * standard).max()),
        boundary=tuple(boundary),
        clusters=item.clusters,
        random_effects=effects,
        random_effects_se=np.sqrt(np.maximum(effects_var, 0.0)) / np.array([1.0, scale]),
        fitted=fitted,
        reason="; ".join(notes),
    )


def _invert_information(information: Array, free: np.ndarray, p: int) -> tuple[Array, np.ndarray, str]:
    """Inverse over the parameters the data speak to; a variance at zero is held there rather than inverted.

    On the boundary the likelihood may be flat in c, b or log alpha: these leave first, in that order. Fixed effects
    that still cannot be inverted get NaN and a reason.
    """
    width = len(free)
    used = free.copy()
    for leave in (None, p + 2, p + 1, width - 1, p):
        if leave is not None:
            used[leave] = False
        index = np.flatnonzero(used)
        block = information[np.ix_(index, index)]
        if not np.isfinite(block).all():
            continue
        diagonal = np.diag(block)
        if (diagonal <= 0).any():
            continue
        scale = 1.0 / np.sqrt(diagonal)
        values, vectors = np.linalg.eigh(block * np.outer(scale, scale))
        if values[0] > 1e-9:
            out = np.zeros((width, width))
            out[np.ix_(index, index)] = (vectors / values) @ vectors.T * np.outer(scale, scale)
            return out, used, ""
    out = np.zeros((width, width))
    out[:p, :p] = np.nan
    return out, np.zeros(width, dtype=bool), "the information matrix is singular: no standard errors"


def _no_fit(item: _Prepared, family: Family, quadrature: int, reason: str) -> MixedPoissonFit:
    p = len(item.names)
    nothing = float("nan")
    return MixedPoissonFit(
        label=item.problem.label,
        names=item.names,
        coef=np.full(p, np.nan),
        cov_model=np.full((p, p), np.nan),
        cov_robust=np.full((p, p), np.nan),
        sd_intercept=nothing,
        sd_slope=nothing,
        correlation=nothing,
        se_sd_intercept=nothing,
        se_sd_slope=nothing,
        alpha=nothing,
        se_log_alpha=nothing,
        dispersion=nothing,
        loglik=nothing,
        n_parameters=0,
        n_obs=len(item.y),
        n_clusters=item.n_clusters,
        n_left_out=item.n_rows - len(item.y),
        covariance=item.covariance,
        family=family,
        requested_family=family,
        quadrature=quadrature,
        converged=False,
        rounds=0,
        gradient=nothing,
        boundary=(),
        clusters=item.clusters,
        random_effects=np.zeros((item.n_clusters, 2)),
        random_effects_se=np.full((item.n_clusters, 2), np.nan),
        fitted=np.full(item.n_rows, np.nan),
        reason=reason,
        ok=False,
    )
