"""The result of a multilevel count model, and how it is read off the maximum found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array
from analysis.estimators._format import number, table
from analysis.estimators._mixed_kernel import Evaluation, Stack, linear_predictor
from analysis.estimators._mixed_optimise import Optimum, t_part
from analysis.estimators._mixed_prepare import Covariance, Prepared

Family = Literal["poisson", "nb2", "quasi"]
Errors = Literal["model", "quasi", "robust"]

# Standard deviations of the random part of the linear predictor below this count as zero.
_ZERO_SD = 1e-4
# sqrt(1 - correlation^2) below this counts as perfect correlation.
_PERFECT = 1e-3


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
    n_obs: int
    n_clusters: int
    n_left_out: int
    covariance: Covariance
    family: Family
    requested_family: Family
    quadrature: int
    clusters: tuple[Any, ...]
    random_effects: Array
    random_effects_se: Array
    fitted: Array
    sd_intercept: float = float("nan")
    sd_slope: float = float("nan")
    correlation: float = float("nan")
    se_sd_intercept: float = float("nan")
    se_sd_slope: float = float("nan")
    alpha: float = float("nan")
    se_log_alpha: float = float("nan")
    dispersion: float = float("nan")
    loglik: float = float("nan")
    n_parameters: int = 0
    converged: bool = False
    rounds: int = 0
    gradient: float = float("nan")
    boundary: tuple[str, ...] = ()
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
        with np.errstate(over="ignore"):  # a ratio beyond the largest number is infinite
            for suffix, column in (("", "estimate"), ("_low", "ci_low"), ("_high", "ci_high")):
                out[f"rate_ratio{suffix}"] = np.exp(out[column])
            for suffix, column in (("change", "estimate"), ("low", "ci_low"), ("high", "ci_high")):
                out[f"percent_{suffix}"] = 100 * np.expm1(out[column])
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


def conditional_mean(stack: Stack, theta: Array, evaluation: Evaluation) -> Array:
    n_columns = len(stack.X)
    a, b, c = theta[stack.model, n_columns : n_columns + 3].T
    return np.exp(linear_predictor(stack, theta[:, :n_columns]) + t_part(stack, a, b, c, evaluation.v))


@dataclass(frozen=True)
class _Slice:
    """What the search found for one model of a stack.

    Parameters, which of them are free, their information; its clusters' scores ``(P + 4, C)``, modes ``(2, C)`` and
    inverse curvatures ``(3, C)``; the mean of every row used.
    """

    theta: Array
    free: np.ndarray
    information: Array
    scores: Array
    v: Array
    spread: Array
    mean: Array
    loglik: float
    converged: bool
    rounds: int


def results_of(
    items: Sequence[Prepared],
    stack: Stack,
    optimum: Optimum,
    free: Array,
    family: Family,
    quadrature: int,
    *,
    with_alpha: bool,
) -> list[MixedPoissonFit]:
    mean = conditional_mean(stack, optimum.theta, optimum.evaluation)
    loglik = stack.by_model(optimum.evaluation.loglik)
    ends = np.append(stack.starts, stack.y.shape[1])
    out = []
    for m, item in enumerate(items):
        mine = slice(ends[m], ends[m + 1])
        found = _Slice(
            theta=optimum.theta[m],
            free=free[m] > 0,
            information=optimum.information[m],
            scores=optimum.evaluation.scores[:, mine],
            v=optimum.evaluation.v[:, mine],
            spread=optimum.evaluation.spread[:, mine],
            mean=mean[item.depth_of_row, item.column + ends[m]],
            loglik=float(loglik[m]),
            converged=bool(optimum.converged[m]),
            rounds=int(optimum.rounds[m]),
        )
        out.append(_result(item, found, family, quadrature, with_alpha))
    return out


def _result(item: Prepared, found: _Slice, family: Family, quadrature: int, with_alpha: bool) -> MixedPoissonFit:
    if not np.isfinite(found.loglik):
        return no_fit(item, family, quadrature, "the likelihood could not be evaluated at any start")
    theta, free, p, n_clusters = found.theta, found.free, len(item.kept), item.n_clusters
    inverse, used, trouble = _invert_information(found.information, free, p)
    random, boundary = _random_part(item, found, inverse, used)
    notes = list(item.notes)
    if boundary:
        notes.append(f"estimated on the boundary (zero variance or perfect correlation): {', '.join(boundary)}")
    if trouble:
        notes.append(trouble)
    back = np.linalg.inv(item.R) if p else np.zeros((0, 0))
    n_all, kept = len(item.names), np.array(item.kept, dtype=np.intp)
    coef = np.full(n_all, np.nan)
    coef[kept] = back @ theta[:p]

    def on_given_scale(covariance: Array) -> Array:
        out = np.full((n_all, n_all), np.nan)
        out[np.ix_(kept, kept)] = back @ covariance[:p, :p] @ back.T
        return out

    meat = found.scores @ found.scores.T * (n_clusters / (n_clusters - 1))
    alpha = float(np.exp(theta[-1])) if with_alpha else 0.0
    dispersion = _dispersion(item, found, alpha, p)
    if np.isnan(dispersion):
        notes.append("no residual degrees of freedom for the dispersion")
    fitted = np.full(item.n_rows, np.nan)
    fitted[item.rows] = found.mean
    standard = np.sqrt(np.clip(np.diag(inverse), 0.0, None))
    if not found.converged:
        notes.append("the search did not reach a maximum: treat every number with caution")
    return MixedPoissonFit(
        label=item.problem.label,
        names=item.names,
        coef=coef,
        cov_model=on_given_scale(inverse),
        cov_robust=on_given_scale(inverse @ meat @ inverse),
        n_obs=len(item.y),
        n_clusters=n_clusters,
        n_left_out=item.n_rows - len(item.y),
        covariance=item.covariance,
        family=family,
        requested_family=family,
        quadrature=quadrature,
        clusters=item.clusters,
        fitted=fitted,
        alpha=alpha,
        se_log_alpha=float(np.sqrt(inverse[-1, -1])) if with_alpha and used[-1] else np.nan,
        dispersion=dispersion,
        loglik=found.loglik,
        n_parameters=int(free.sum()),
        converged=found.converged,
        rounds=found.rounds,
        gradient=float(np.abs(found.scores.sum(axis=1) * standard).max()),
        boundary=boundary,
        reason="; ".join(notes),
        **random,
    )


def _dispersion(item: Prepared, found: _Slice, alpha: float, p: int) -> float:
    """Pearson's statistic over the degrees of freedom that fixed and random effects leave; NaN where none is left."""
    own_df = float((2.0 - found.spread[0] - found.spread[2]).sum())
    residual_df = len(item.y) - p - own_df
    if residual_df <= 0:
        return float("nan")
    variance = found.mean * (1.0 + alpha * found.mean)
    return float(((item.y - found.mean) ** 2 / np.maximum(variance, 1e-300)).sum() / residual_df)


def _random_part(
    item: Prepared, found: _Slice, inverse: Array, used: np.ndarray
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Standard deviations, correlation and modes of the random effects as given, and what lies on the boundary."""
    p, free = len(item.kept), found.free
    # Undo the shift of time: the random intercept is the one at time zero as given.
    shift, scale = item.time_shift - item.time_zero, item.time_scale
    a, b, c = found.theta[p : p + 3]
    root = np.array([[a - shift * b, -shift * c], [b, c]])
    sd_intercept, sd_slope = (float(value) for value in np.hypot(root[:, 0], root[:, 1]))
    boundary: list[str] = []
    if sd_intercept < _ZERO_SD:
        boundary.append("intercept variance")
    if free[p + 2] and sd_slope < _ZERO_SD:
        boundary.append("slope variance")
    if free[p + 1] and not boundary and abs(c) < _PERFECT * sd_slope:
        boundary.append("correlation")
    random_cov = inverse[p : p + 3, p : p + 3]
    se_intercept = se_slope = np.nan
    if not boundary and used[p]:
        lever = np.array([root[0, 0], -shift * root[0, 0], -shift * root[0, 1]]) / sd_intercept
        se_intercept = float(np.sqrt(lever @ random_cov @ lever))
    if not boundary and used[p + 2]:
        lever = np.array([0.0, b, c]) / sd_slope
        se_slope = float(np.sqrt(lever @ random_cov @ lever)) / scale
    correlation = np.nan
    if free[p + 1] and sd_intercept > 0 and sd_slope > 0:
        correlation = float(root[0] @ root[1]) / (sd_intercept * sd_slope)
    elif free[p + 2]:
        correlation = 0.0
    centre = np.empty((found.v.shape[1], 2, 2))
    centre[:, 0, 0], centre[:, 1, 1] = found.spread[0], found.spread[2]
    centre[:, 0, 1] = centre[:, 1, 0] = found.spread[1]
    variance = np.einsum("ij,njk,ik->ni", root, centre, root)
    units = np.array([1.0, scale])
    return {
        "sd_intercept": sd_intercept,
        "sd_slope": sd_slope / scale,
        "correlation": correlation,
        "se_sd_intercept": se_intercept,
        "se_sd_slope": se_slope,
        "random_effects": (root @ found.v).T / units,
        "random_effects_se": np.sqrt(np.maximum(variance, 0.0)) / units,
    }, tuple(boundary)


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


def no_fit(item: Prepared, family: Family, quadrature: int, reason: str) -> MixedPoissonFit:
    p = len(item.names)
    return MixedPoissonFit(
        label=item.problem.label,
        names=item.names,
        coef=np.full(p, np.nan),
        cov_model=np.full((p, p), np.nan),
        cov_robust=np.full((p, p), np.nan),
        n_obs=len(item.y),
        n_clusters=item.n_clusters,
        n_left_out=item.n_rows - len(item.y),
        covariance=item.covariance,
        family=family,
        requested_family=family,
        quadrature=quadrature,
        clusters=item.clusters,
        random_effects=np.zeros((item.n_clusters, 2)),
        random_effects_se=np.full((item.n_clusters, 2), np.nan),
        fitted=np.full(item.n_rows, np.nan),
        reason=reason,
        ok=False,
    )
