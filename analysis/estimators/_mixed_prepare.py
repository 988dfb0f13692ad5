"""From the rows of a multilevel count model to what its likelihood works on.

Rows are put in order of cluster, columns orthogonalised (so that no scale or collinearity reaches the search) and time
scaled to [-1, 1]; what cannot be estimated is said here, before any search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array, IntArray, as_floats, named_design
from analysis.estimators._mixed_kernel import PADDING_OFFSET, Stack, stack_of

Covariance = Literal["correlated", "independent", "intercept"]

# Which of the entries a, b, c of L are free.
STRUCTURES: dict[str, tuple[float, float, float]] = {
    "correlated": (1.0, 1.0, 1.0),
    "independent": (1.0, 0.0, 1.0),
    "intercept": (1.0, 0.0, 0.0),
}
_ALIASED = 1e-8

# Rows named in a note before the rest are counted.
_NAMED = 3


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
class Prepared:
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
    time_shift: float = 0.0  # origin of the random slope's time, scaled
    time_zero: float = 0.0  # where time zero as given lies, scaled
    column: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    depth_of_row: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    clusters: tuple[Any, ...] = ()
    depth: int = 0

    @property
    def n_clusters(self) -> int:
        return len(self.clusters)


def _as_given(problem: MixedPoissonProblem) -> tuple[Array, Array, tuple[str, ...], np.ndarray, Array, Array]:
    """Outcome, design and its names, clusters, time and offset of every row. Raises ValueError on unequal lengths."""
    X, names = named_design(problem.X, problem.names)
    y, time = as_floats(problem.y), as_floats(problem.time)
    labels = np.asarray(problem.cluster)
    offset = np.zeros(len(y)) if problem.offset is None else as_floats(problem.offset)
    if not (len(X) == len(time) == len(labels) == len(offset) == len(y)):
        raise ValueError("y, X, cluster, time and offset must have the same number of rows")
    return y, X, names, labels, time, offset


def prepare(problem: MixedPoissonProblem, covariance: Covariance) -> Prepared:
    """A problem's complete rows by cluster, with orthogonal columns and scaled time; ``failure`` says what cannot be
    estimated. Raises ValueError on unequal lengths."""
    y, X, names, labels, time, offset = _as_given(problem)
    n_rows = len(y)

    def no(reason: str) -> Prepared:
        return Prepared(problem=problem, names=names, covariance=covariance, n_rows=n_rows, failure=reason)

    usable = np.isfinite(y) & np.isfinite(time) & np.isfinite(offset) & np.isfinite(X).all(axis=1)
    rows = np.flatnonzero(usable & ~pd.isna(labels))
    trouble = _trouble_with(y[rows])
    if trouble:
        return no(trouble)
    code, unique = pd.factorize(labels[rows], sort=True)
    order = np.argsort(code, kind="stable")
    rows, code = rows[order], code[order]
    if len(unique) < 2:
        return no("one cluster only: a multilevel model needs at least two")
    counts = np.bincount(code)
    before = np.cumsum(counts) - counts

    endless = np.flatnonzero(np.isinf(y) | np.isinf(time) | np.isinf(offset) | np.isinf(X).any(axis=1))
    notes = [_note_of(endless, labels, time)] if len(endless) else []
    Q, R, kept = _orthogonal(X[rows])
    if len(kept) < X.shape[1]:
        gone = [name for j, name in enumerate(names) if j not in kept]
        notes.append(f"dropped as constant or collinear: {', '.join(gone)}")
    if not kept:
        return no("no predictor varies")
    t, scale, zero = _scaled(time[rows], covariance)
    effective = covariance
    if covariance != "intercept" and not np.any(t != t[before][code]):
        effective = "intercept"
        notes.append("time does not vary within any cluster: random intercept only")
    n_random = int(sum(STRUCTURES[effective]))
    if len(rows) <= len(kept) + n_random:
        return no(f"{len(rows)} observations for {len(kept) + n_random} parameters")
    separated = _only_zeros(Q, y[rows])
    if separated is not None:
        return no(_separation(np.linalg.solve(R, separated), [names[j] for j in kept]))
    return Prepared(
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
        time_zero=zero,
        column=code,
        depth_of_row=np.arange(len(rows)) - np.repeat(before, counts),
        clusters=tuple(unique.tolist()),
        depth=int(counts.max()),
    )


def _trouble_with(y: Array) -> str:
    """Why no count model can be fitted to the outcome; blank where one can."""
    if not len(y):
        return "no row has outcome, exposure, time and predictors"
    if y.min() < 0:
        return "the outcome has negative values, which a count model cannot take"
    return "" if y.max() > 0 else "the outcome is zero throughout"


def _scaled(time: Array, covariance: Covariance) -> tuple[Array, float, float]:
    """Time within [-1, 1], by what it was divided, and where zero as given lies on it.

    Correlated effects may be reckoned from any origin: the middle of the range keeps a calendar year harmless.
    """
    origin = float(time.min() + time.max()) / 2 if covariance == "correlated" else 0.0
    scale = float(np.abs(time - origin).max()) or 1.0
    return (time - origin) / scale, scale, -origin / scale


def _note_of(endless: IntArray, labels: np.ndarray, time: Array) -> str:
    """Missing is expected and counted; infinite is a division by zero or the log of it, for somebody to look at."""
    named = [f"{labels[i]} at time {time[i]:g}" for i in endless[:_NAMED]]
    more = f" and {len(endless) - _NAMED} more" if len(endless) > _NAMED else ""
    return f"left out as infinite (outcome, exposure or predictor): {', '.join(named)}{more}"


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


def _separation(direction: np.ndarray, names: list[str]) -> str:
    """What a combination of columns that only zeros identify is called in a reason."""
    share = np.abs(direction)
    which = ", ".join(names[j] for j in np.flatnonzero(share > 1e-6 * share.max()))
    return f"separation: a combination of {which} is identified by zero outcomes alone"


def _only_zeros(Q: Array, y: Array) -> Array | None:
    """A direction along which the likelihood never turns: it moves rows with y = 0 alone, all the same way.

    Correia, Guimaraes & Zylkin (2019), "Verifying the existence of maximum likelihood estimates for generalized linear
    models". Exact for one such direction, which is the case met in practice.
    """
    zero = y == 0
    if not zero.any():
        return None
    values, vectors = np.linalg.eigh(Q[~zero].T @ Q[~zero])
    for direction in vectors.T[values <= 1e-12 * len(Q)]:
        moved = Q[zero] @ direction
        if moved.min() >= -1e-9 or moved.max() <= 1e-9:
            return np.asarray(direction)
    return None


def stack_up(items: Sequence[Prepared]) -> Stack:
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
