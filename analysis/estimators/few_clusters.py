"""Linear regression for few clusters: CR2 errors with Satterthwaite's degrees of freedom, and the wild cluster
bootstrap.

The ordinary clustered error is too small with a few dozen clusters of unequal leverage. CR2 corrects each cluster's
residuals by the inverse square root of what the fit took out of them, and t has the degrees of freedom that the
variance estimate has where the errors are independent. The wild cluster bootstrap imposes the null and flips the signs
of whole clusters' residuals; it assumes neither.

Sources: Bell & McCaffrey (2002) *Survey Methodology* 28:169; Pustejovsky & Tipton (2018) *JBES* 36:672; Cameron,
Gelbach
& Miller (2008) *Rev. Econ. Stat.* 90:414; MacKinnon, Nielsen & Webb (2023) *J. Econometrics* 232:272.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from analysis.estimators._arrays import Array, as_floats, named_design


@dataclass(frozen=True, eq=False)
class ClusteredFit:
    """Coefficients with CR2 errors, or a reason for none.

    names, coef, se, df: by term (df: Satterthwaite); p_value, ci_low, ci_high: from t with these; p_wild: two-sided
    wild
    cluster bootstrap, NaN where not asked for; n rows, n_clusters.
    """

    names: tuple[str, ...]
    coef: Array
    se: Array
    df: Array
    p_value: Array
    ci_low: Array
    ci_high: Array
    p_wild: Array
    n: int
    n_clusters: int
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason


def fit_clustered(
    y: Any,
    X: Any,
    cluster: Any,
    *,
    names: Sequence[str] | None = None,
    wild: Sequence[str] = (),
    draws: int = 999,
    seed: int = 0,
) -> ClusteredFit:
    """Least squares of y on X within clusters (each has an intercept of its own), inference by cluster.

    X: ``(n, p)`` without constant; rows with anything missing and clusters of one row are left out. ``wild``: terms to
    bootstrap. Raises ValueError where lengths differ.
    """
    from scipy.special import stdtr, stdtrit

    design, columns = named_design(X, names)
    outcome, labels = as_floats(y), np.asarray(cluster)
    if not len(outcome) == len(design) == len(labels):
        raise ValueError(f"{len(outcome)} outcomes, {len(design)} rows, {len(labels)} clusters")
    keep = np.isfinite(outcome) & np.isfinite(design).all(axis=1)
    _, group, size = np.unique(labels[keep], return_inverse=True, return_counts=True)
    outcome, design = outcome[keep][size[group] > 1], design[keep][size[group] > 1]
    _, group = np.unique(group[size[group] > 1], return_inverse=True)
    n, p = design.shape
    clusters = int(group.max()) + 1 if n else 0
    nothing = np.full(p, np.nan)
    if clusters <= p or n <= clusters + p:
        why = f"{n} rows in {clusters} clusters are too few for {p} terms"
        return ClusteredFit(columns, *(nothing,) * 7, n, clusters, why)
    order = np.argsort(group, kind="stable")
    group, y0, x0 = group[order], outcome[order], design[order]
    starts = np.searchsorted(group, np.arange(clusters + 1))
    parts = [slice(a, b) for a, b in pairwise(starts.tolist())]
    for part in parts:
        y0[part] -= y0[part].mean()
        x0[part] -= x0[part].mean(axis=0)
    if np.linalg.matrix_rank(x0) < p:
        return ClusteredFit(
            columns, *(nothing,) * 7, n, clusters, "a term does not vary within clusters, or follows from others"
        )
    bread: Array = np.asarray(np.linalg.inv(x0.T @ x0), dtype=np.float64)
    coef = bread @ (x0.T @ y0)
    residual = y0 - x0 @ coef
    adjusted = [_inverse_root(_left_over(x0[part], bread)) for part in parts]
    scores = np.array([x0[part].T @ a @ residual[part] for part, a in zip(parts, adjusted, strict=True)])
    se = np.sqrt(np.diag(bread @ scores.T @ scores @ bread))
    df = np.array([_satterthwaite(j, x0, parts, bread, adjusted) for j in range(p)])
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * stdtr(df, -np.abs(coef / se))
    half = stdtrit(df, 0.975) * se
    p_wild = nothing.copy()
    rng = np.random.default_rng(seed)
    for name in wild:
        p_wild[columns.index(name)] = _wild(columns.index(name), y0, x0, parts, bread, coef, draws, rng)
    return ClusteredFit(columns, coef, se, df, p_value, coef - half, coef + half, p_wild, n, clusters)


def _left_over(x: Array, bread: Array) -> Array:
    """What the fit leaves of a cluster's errors, the cluster's own intercept among it: I - 11'/k - X B X'."""
    k = len(x)
    return np.eye(k) - 1.0 / k - x @ bread @ x.T


def _inverse_root(matrix: Array) -> Array:
    """Symmetric inverse square root; directions that are zero stay zero."""
    values, vectors = np.linalg.eigh(matrix)
    roots = np.where(values > 1e-10, 1.0 / np.sqrt(np.maximum(values, 1e-10)), 0.0)
    return np.asarray((vectors * roots) @ vectors.T)


def _satterthwaite(j: int, x: Array, parts: list[slice], bread: Array, adjusted: list[Array]) -> float:
    """Degrees of freedom of term j's variance estimate where errors are independent and alike."""
    # One row g_c = A_c X_c B e_j per cluster; the variance is the sum of (g_c' residuals of c)^2.
    g = [a @ x[part] @ bread[:, j] for part, a in zip(parts, adjusted, strict=True)]
    projected = np.array([x[part].T @ gc for part, gc in zip(parts, g, strict=True)])
    means = np.array([gc.sum() / np.sqrt(len(gc)) for gc in g])
    own = np.array([gc @ gc for gc in g]) - means**2
    covariance = np.diag(own) - projected @ bread @ projected.T
    return float(np.trace(covariance) ** 2 / (covariance**2).sum())


def _wild(
    j: int, y: Array, x: Array, parts: list[slice], bread: Array, coef: Array, draws: int, rng: np.random.Generator
) -> float:
    """Two-sided p of term j by the wild cluster bootstrap with the null imposed, Webb's six-point weights."""
    others = np.delete(x, j, axis=1)
    restricted = np.linalg.lstsq(others, y, rcond=None)[0] if others.shape[1] else np.zeros(0)
    fitted = others @ restricted
    scores = np.array([x[part].T @ (y[part] - fitted[part]) for part in parts])
    inner = np.array([x[part].T @ x[part] for part in parts])
    points = np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)])
    weights = rng.choice(points, size=(draws, len(parts)))
    moved = weights @ scores  # X'(y* - fitted) of each draw
    star = moved @ bread  # coefficients less the restricted ones
    left = weights[:, :, None] * scores[None] - np.einsum("ckl,dl->dck", inner, star)
    spread = np.sqrt(np.einsum("dck,k->dc", left, bread[:, j]) ** 2 @ np.ones(len(parts)))
    actual = scores @ bread[:, j]
    delta = bread @ scores.sum(axis=0)
    own = actual - np.einsum("ckl,l->ck", inner, delta) @ bread[:, j]
    t = coef[j] / np.sqrt((own**2).sum())
    return float((1 + (np.abs(star[:, j] / spread) >= abs(t) - 1e-12).sum()) / (draws + 1))
