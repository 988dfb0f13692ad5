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
    n_columns = len(stack.X)
    mean = conditional_mean(stack, optimum.theta, optimum.evaluation)
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
    item: Prepared,
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
        return no_fit(item, family, quadrature, "the likelihood could not be evaluated at any start")
    notes = list(item.notes)
    # Undo the shift of time: the random intercept is the one at time zero as given.
    shift = item.time_shift - item.time_zero
    a, b, c = theta[p : p + 3]
    root = np.array([[a - shift * b, -shift * c], [b, c]])
    sd_intercept, sd_slope_scaled = (float(value) for value in np.hypot(root[:, 0], root[:, 1]))
    covariance = float(root[0] @ root[1])
    boundary: list[str] = []
    if sd_intercept < _ZERO_SD:
        boundary.append("intercept variance")
    if free[p + 2] and sd_slope_scaled < _ZERO_SD:
        boundary.append("slope variance")
    if free[p + 1] and not boundary and abs(c) < _PERFECT * sd_slope_scaled:
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


def no_fit(item: Prepared, family: Family, quadrature: int, reason: str) -> MixedPoissonFit:
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
