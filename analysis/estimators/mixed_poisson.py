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
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.estimators._arrays import Array
from analysis.estimators._mixed_fit import Errors, Family, MixedPoissonFit, conditional_mean, no_fit, results_of
from analysis.estimators._mixed_kernel import Stack, gauss_hermite
from analysis.estimators._mixed_optimise import LOG_ALPHA_FLOOR, Optimum, maximise, starting_values
from analysis.estimators._mixed_prepare import STRUCTURES, Covariance, MixedPoissonProblem, Prepared, prepare, stack_up

__all__ = [
    "Covariance",
    "Errors",
    "Family",
    "MixedPoissonFit",
    "MixedPoissonProblem",
    "fit_mixed_poisson",
    "fit_mixed_poissons",
    "fit_poissons_and_nb2s",
]

Families = tuple[Family, ...]

# Cells (observations) evaluated together: large enough to drown numpy's overhead, small enough for the cache.
_CELLS_TOGETHER = 24_000


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
) -> list[MixedPoissonFit]:
    """Fit many models at once, in the order given: the same answers as one at a time, many times sooner.

    Models of like shape are evaluated side by side, so give all there are in one call. Threads or processes gain
    nothing at these sizes (measured: threads contend for the interpreter, a process costs more to start than 480 fits
    to run), so there are none.
    Raises ValueError on an unknown option.
    """
    if family not in ("poisson", "nb2", "quasi"):
        raise ValueError(f"family must be poisson, nb2 or quasi, not {family!r}")
    return _fit_all(problems, covariance, (family,), quadrature)[0]


def fit_poissons_and_nb2s(
    problems: Sequence[MixedPoissonProblem], *, covariance: Covariance = "correlated", quadrature: int = 1
) -> tuple[list[MixedPoissonFit], list[MixedPoissonFit]]:
    """The Poisson and the NB2 fit of many models; NB2 starts from the Poisson, which is fitted once for both."""
    poisson, nb2 = _fit_all(problems, covariance, ("poisson", "nb2"), quadrature)
    return poisson, nb2


def _fit_all(
    problems: Sequence[MixedPoissonProblem], covariance: Covariance, families: Families, quadrature: int
) -> list[list[MixedPoissonFit]]:
    """The fits of every family in turn, each in the order of the problems."""
    if covariance not in STRUCTURES:
        raise ValueError(f"covariance must be one of {', '.join(STRUCTURES)}, not {covariance!r}")
    if quadrature < 1:
        raise ValueError("quadrature needs at least one point")
    prepared = [prepare(problem, covariance) for problem in problems]
    results: list[list[MixedPoissonFit]] = [
        [no_fit(item, family, quadrature, item.failure) for family in families] if item.failure else []
        for item in prepared
    ]
    usable = sorted(
        (i for i, item in enumerate(prepared) if not item.failure),
        key=lambda i: (len(prepared[i].kept), prepared[i].depth, prepared[i].n_clusters, i),
    )
    room = _CELLS_TOGETHER if quadrature == 1 else _CELLS_TOGETHER // 8
    for batch in _batches(usable, prepared, room):
        for i, fits in zip(batch, _fit_safely([prepared[i] for i in batch], families, quadrature), strict=True):
            results[i] = fits
    return [[fits[j] for fits in results] for j in range(len(families))]


def _batches(order: list[int], prepared: Sequence[Prepared], room: int) -> list[list[int]]:
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


def _fit_safely(items: Sequence[Prepared], families: Families, quadrature: int) -> list[list[MixedPoissonFit]]:
    """Fit a batch; should linear algebra fail in one of its models, fit each alone so that the others survive."""
    try:
        return _fit_batch(items, families, quadrature)
    except np.linalg.LinAlgError as error:
        if len(items) == 1:
            return [[no_fit(items[0], family, quadrature, f"numerical failure: {error}") for family in families]]
        return [fits for item in items for fits in _fit_safely([item], families, quadrature)]


def _fit_batch(items: Sequence[Prepared], families: Families, quadrature: int) -> list[list[MixedPoissonFit]]:
    """The fits of each model of a batch, one of every family."""
    stack = stack_up(items)
    n_columns = len(stack.X)
    structure = np.array([STRUCTURES[item.covariance] for item in items])
    free = np.column_stack([np.ones((len(items), n_columns)), structure, np.zeros(len(items))])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        beta, chol = starting_values(stack, structure)
        items, chol = _away_from_zero(items, chol)
        stack = stack_up(items)
        theta = np.column_stack([beta, chol, np.zeros(len(items))])
        theta = np.where(np.isfinite(theta), theta, 0.1 * free)
        optimum = maximise(stack, theta, free)
        poisson = optimum
        if quadrature > 1:
            rule = gauss_hermite(quadrature)
            poisson = maximise(stack, optimum.theta, free, rule=rule, v=optimum.evaluation.v)
        by_family = [
            _negative_binomial(items, stack, free, optimum, poisson, quadrature)
            if family == "nb2"
            else results_of(items, stack, poisson, free, family, quadrature, with_alpha=False)
            for family in families
        ]
    return [list(fits) for fits in zip(*by_family, strict=True)]


def _away_from_zero(items: Sequence[Prepared], chol: Array) -> tuple[list[Prepared], Array]:
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
    items: Sequence[Prepared], stack: Stack, free: Array, laplace: Optimum, poisson: Optimum, quadrature: int
) -> list[MixedPoissonFit]:
    """NB2 from the Poisson fit by the Laplace approximation; where alpha goes to zero the Poisson fit is the answer."""
    mean = conditional_mean(stack, laplace.theta, laplace.evaluation)
    above = stack.by_model(((stack.y - mean) ** 2 - stack.y).sum(axis=0)) / stack.by_model((mean**2).sum(axis=0))
    theta = laplace.theta.copy()
    theta[:, -1] = np.log(np.clip(above, 1e-4, 5.0))
    open_alpha = free.copy()
    open_alpha[:, -1] = 1.0
    optimum = maximise(stack, theta, open_alpha, with_alpha=True, v=laplace.evaluation.v)
    if quadrature > 1:
        rule = gauss_hermite(quadrature)
        optimum = maximise(stack, optimum.theta, open_alpha, with_alpha=True, rule=rule, v=optimum.evaluation.v)
    fits = results_of(items, stack, optimum, open_alpha, "nb2", quadrature, with_alpha=True)
    plain = results_of(items, stack, poisson, free, "poisson", quadrature, with_alpha=False)
    out = []
    for nb, base in zip(fits, plain, strict=True):
        if nb.ok and nb.loglik > base.loglik + 1e-7 and np.log(nb.alpha) > LOG_ALPHA_FLOOR + 1:
            out.append(nb)
        else:
            note = "no overdispersion left (NB2 alpha at zero): the Poisson fit is reported"
            note += ", and AIC and BIC do not count alpha"
            reason = "; ".join(part for part in (note, base.reason) if part)
            out.append(replace(base, requested_family="nb2", reason=reason))
    return out
