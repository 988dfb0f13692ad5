"""Elastic-net logistic regression along a path of penalties, for many data sets in lock-step.

Objective, as glmnet's: ``-loglik / n + lambda (alpha |b|_1 + (1 - alpha) |b|^2 / 2)``, constant unpenalised, predictors
standardised. Newton's quadratic model of the likelihood at each penalty is solved by one sweep of coordinate descent
(which finds the sign pattern) and then exactly for that pattern: Friedman, Hastie & Tibshirani (2010) *J. Stat. Softw.*
33(1); Lee, Sun & Saunders (2014) *SIAM J. Optim.* 24:1420 for the proximal Newton step.

A cross-validation is some 60 such paths that differ in their rows and mixing only: 6,600 small problems, which side by
side share their overhead and their designs. Held against the libraries of the field in docs/decisions/elastic_net.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.estimators._arrays import Array, IntArray

SMALLEST_WEIGHT = 1e-5
NEWTON_STEPS = 60
PATTERN_ROUNDS = 400
#: A full Newton step that moves no linear predictor by more than this cannot raise the objective: the loss lies at most
#: ``(exp(R) - R - 1) / R^2`` times its curvature above its slope, R the largest move, and that is below one: Bach
#: (2010) *Electron. J. Stat.* 4:384.
SAFE_MOVE = 1.79
#: Fewer problems of one design than this make their own products sooner than they read those laid out.
FEW = 3
#: Products of columns are laid out once for all Hessians where they take no more than this.
MOST_PRODUCT_BYTES = 100_000_000


@dataclass(frozen=True, eq=False)
class Designs:
    """Some designs of n rows each ``(D, n, p)``, standardised, with their outcomes in {0, 1} and their rows' weights
    ``(D, n)``, which sum to one and are zero for a row that only fills up.

    The methods take K problems, in the order of their designs; :meth:`parts` says which are whose.
    """

    X: Array
    y: Array
    weights: Array

    @cached_property
    def _products(self) -> Array | None:
        """Every row's products of two columns ``(D, n, p (p + 1) / 2)``; None where they would take too much room."""
        first, second = np.triu_indices(self.X.shape[2])
        if self.X.shape[0] * self.X.shape[1] * len(first) * self.X.itemsize > MOST_PRODUCT_BYTES:
            return None
        return np.asarray(self.X[:, :, first] * self.X[:, :, second])

    @cached_property
    def _entries(self) -> IntArray:
        """Which product is at each entry of a ``(p, p)`` matrix, laid flat."""
        p = self.X.shape[2]
        first, second = np.triu_indices(p)
        out = np.empty((p, p), dtype=np.intp)
        out[first, second] = out[second, first] = np.arange(len(first))
        return out.ravel()

    def parts(self, of: IntArray) -> list[tuple[slice, slice]]:
        """Designs and their problems that go through one product: all at once where each has as many problems."""
        ends = np.searchsorted(of, np.arange(len(self.X) + 1))
        counts = np.diff(ends)
        if (counts == counts[0]).all():
            return [(slice(0, len(self.X)), slice(0, len(of)))]
        return [(slice(d, d + 1), slice(ends[d], ends[d + 1])) for d in np.flatnonzero(counts)]

    def times(self, parts: Sequence[tuple[slice, slice]], slopes: Array) -> Array:
        """X b: slopes ``(K, p)`` to ``(K, n)``."""
        return self._by_part(parts, slopes, self.X.transpose(0, 2, 1))

    def sums(self, parts: Sequence[tuple[slice, slice]], values: Array) -> Array:
        """X'v: values ``(K, n)`` to ``(K, p)``."""
        return self._by_part(parts, values, self.X)

    def _by_part(self, parts: Sequence[tuple[slice, slice]], left: Array, right: Array) -> Array:
        """Each problem's row of ``left`` times its design's matrix in ``right``."""
        out = np.empty((len(left), right.shape[2]))
        for designs, mine in parts:
            n_designs = designs.stop - designs.start
            np.matmul(
                left[mine].reshape(n_designs, -1, left.shape[1]),
                right[designs],
                out=out[mine].reshape(n_designs, -1, right.shape[2]),
            )
        return out

    def cross_products(self, parts: Sequence[tuple[slice, slice]], curvature: Array) -> Array:
        """X'WX: curvature ``(K, n)`` to ``(K, p, p)``."""
        p = self.X.shape[2]
        if len(parts) == 1 and len(curvature) >= FEW * len(self.X) and self._products is not None:
            return self._by_part(parts, curvature, self._products).take(self._entries, axis=1).reshape(-1, p, p)
        out = np.empty((len(curvature), p * p))
        for designs, mine in parts:
            if designs.stop - designs.start == 1 and mine.stop - mine.start >= FEW and self._products is not None:
                laid_out = curvature[mine] @ self._products[designs.start]
                np.take(laid_out, self._entries, axis=1, out=out[mine], mode="clip")
            else:
                X = np.repeat(self.X[designs], (mine.stop - mine.start) // (designs.stop - designs.start), axis=0)
                own = np.matmul((X * curvature[mine][:, :, None]).transpose(0, 2, 1), X)
                out[mine] = own.reshape(-1, p * p)
        return out.reshape(-1, p, p)


@dataclass(frozen=True, eq=False)
class _Place:
    """Where K problems stand: constants ``(K,)``, slopes ``(K, p)``, linear predictors ``(K, n)``."""

    constant: Array
    slope: Array
    eta: Array

    def take(self, which: IntArray | NDArray[np.bool_]) -> _Place:
        return _Place(self.constant[which], self.slope[which], self.eta[which])

    def put(self, which: IntArray, other: _Place) -> None:
        self.constant[which], self.slope[which], self.eta[which] = other.constant, other.slope, other.eta


@dataclass(frozen=True, eq=False)
class _Penalty:
    """What each of K problems pays: ``lasso |b|_1 + ridge |b|^2 / 2``."""

    lasso: Array
    ridge: Array

    def take(self, which: IntArray | NDArray[np.bool_]) -> _Penalty:
        return _Penalty(self.lasso[which], self.ridge[which])

    def of(self, slope: Array) -> Array:
        paid: Array = self.lasso * np.abs(slope).sum(axis=1) + 0.5 * self.ridge * (slope**2).sum(axis=1)
        return paid


def penalised_logit_paths(
    designs: Designs,
    of: IntArray,
    penalties: Array,
    mixing: Array,
    is_enough: Callable[[int, Array, Array], NDArray[np.bool_]],
    tolerance: float = 1e-7,
) -> tuple[Array, Array]:
    """Coefficients along K paths: constants ``(K, L)`` and slopes ``(K, L, p)``; NaN beyond a path's end.

    of ``(K,)`` each path's design, ascending; penalties ``(K, L)`` descending; mixing ``(K,)`` alpha; is_enough is told
    a step, its constants ``(K,)`` and slopes ``(K, p)``, NaN for paths that have ended, and says which paths ``(K,)``
    end there.
    """
    n_paths, n_penalties = penalties.shape
    p = designs.X.shape[2]
    constants = np.full((n_paths, n_penalties), np.nan)
    slopes = np.full((n_paths, n_penalties, p), np.nan)
    mean = (designs.weights * designs.y).sum(axis=1)[of]
    constant = np.log(mean / (1 - mean))
    at = _Place(constant, np.zeros((n_paths, p)), np.repeat(constant[:, None], designs.X.shape[1], axis=1))
    live = np.arange(n_paths)
    for step in range(n_penalties):
        alpha, amount = mixing[live], penalties[live, step]
        _one_penalty(designs, of[live], _Penalty(amount * alpha, amount * (1 - alpha)), at, tolerance)
        constants[live, step], slopes[live, step] = at.constant, at.slope
        keep = ~is_enough(step, constants[:, step], slopes[:, step])[live]
        if not keep.all():
            live, at = live[keep], at.take(keep)
        if not len(live):
            break
    return constants, slopes


def _one_penalty(designs: Designs, of: IntArray, penalty: _Penalty, at: _Place, tolerance: float) -> None:
    """Proximal Newton at one penalty per problem, from a warm start, which becomes the answer."""
    active = np.arange(len(of))
    for _ in range(NEWTON_STEPS):
        every = len(active) == len(of)
        mine, now, pays = (of, at, penalty) if every else (of[active], at.take(active), penalty.take(active))
        y, weights, parts = designs.y[mine], designs.weights[mine], designs.parts(mine)
        chance = _expit(now.eta)
        residual = weights * (y - chance)
        curvature = weights * np.maximum(chance * (1 - chance), SMALLEST_WEIGHT)
        total = curvature.sum(axis=1)
        first = designs.sums(parts, curvature)
        hessian = designs.cross_products(parts, curvature)
        # The constant is unpenalised: profile it out of the quadratic model.
        hessian -= first[:, :, None] * (first / total[:, None])[:, None, :]
        offset = residual.sum(axis=1) / total
        gradient = designs.sums(parts, residual) - first * offset[:, None]
        upwards = np.diagonal(hessian, axis1=1, axis2=2).copy()
        target, solved = _lasso_quadratic(hessian, gradient, now.slope, pays)
        move = target - now.slope
        shift = offset - (first * move).sum(axis=1) / total
        step = _Place(shift, move, designs.times(parts, move) + shift[:, None])
        size = _step_sizes(now, step, y, weights, pays, solved)
        at.put(
            active,
            _Place(
                now.constant + size * shift,
                np.where(size[:, None] == 1, target, now.slope + size[:, None] * move),
                now.eta + size[:, None] * step.eta,
            ),
        )
        decrease = (upwards * move**2).max(axis=1, initial=0.0)
        going = (decrease > tolerance) | (total * shift**2 > tolerance) | (size < 1)
        if not going.any():
            break
        active = active[going]


def _expit(eta: Array) -> Array:
    """scipy's, of which numpy's exponential makes a third of the work."""
    with np.errstate(over="ignore"):  # the chance is 0 there
        return np.asarray(1 / (1 + np.exp(-eta)))


def _step_sizes(
    now: _Place, step: _Place, y: Array, weights: Array, penalty: _Penalty, solved: NDArray[np.bool_]
) -> Array:
    """How much of each Newton step to take: all of it, or the first half of a half that does not raise the objective.

    A short step to the minimum of its model (``solved``) need not be tried; see ``SAFE_MOVE``.
    """
    size = np.ones(len(solved))
    try_out = np.flatnonzero((np.abs(step.eta).max(axis=1) > SAFE_MOVE) | ~solved)
    if not len(try_out):
        return size
    now, step, penalty = now.take(try_out), step.take(try_out), penalty.take(try_out)
    y, weights = y[try_out], weights[try_out]

    def objective(part: Array) -> Array:
        eta = now.eta + part[:, None] * step.eta
        loss = (weights * (np.logaddexp(0.0, eta) - y * eta)).sum(axis=1)
        return np.asarray(loss + penalty.of(now.slope + part[:, None] * step.slope))

    part = np.ones(len(try_out))
    before = objective(0 * part)
    for _half in range(30):
        worse = objective(part) > before + 1e-12 * (1 + np.abs(before))
        if not worse.any():
            break
        part[worse] *= 0.5
    size[try_out] = part
    return size


def _lasso_quadratic(
    hessian: Array, gradient: Array, start: Array, penalty: _Penalty
) -> tuple[Array, NDArray[np.bool_]]:
    """Minimise ``d'Hd/2 - g'd`` plus the penalty at ``start + d``, for a batch: ``start + d``, and where it was found.

    Exact solution for the present sign pattern, then a sweep of coordinate descent wherever that pattern turns out
    wrong; a warm start has the right pattern most of the time, so most problems leave after one linear solve. The
    ridge is added to ``hessian`` itself.
    """
    p, lasso = start.shape[1], penalty.lasso
    diagonal = np.arange(p)
    linear = gradient + np.matmul(hessian, start[:, :, None])[:, :, 0]
    A = hessian  # nobody needs it as it was
    A[:, diagonal, diagonal] += penalty.ridge[:, None] + 1e-12
    out = start.copy()
    slack = 1e-8 * np.maximum(np.abs(linear).max(axis=1), lasso)
    todo = np.arange(len(start))
    solved = np.zeros(len(start), dtype=bool)
    for _ in range(PATTERN_ROUNDS):
        every = len(todo) == len(start)
        a, c, l1, beta = (A, linear, lasso, out) if every else (A[todo], linear[todo], lasso[todo], out[todo])
        used = beta != 0
        sign = np.sign(beta)
        exact = _solve_used(a, (c - l1[:, None] * sign) * used, used)
        # A coefficient does not pass through zero: the step ends where the first one would.
        crossing = used & (exact * sign < 0)
        stopped = crossing.any(axis=1)
        if stopped.any():
            fraction = np.where(crossing, beta / np.where(crossing, beta - exact, 1.0), 1.0)
            shortest = fraction.min(axis=1, initial=1.0)[:, None]
            beta = np.where(crossing & (fraction <= shortest), 0.0, beta + shortest * (exact - beta)) * used
        else:
            beta = exact
        left = c - np.matmul(a, beta[:, :, None])[:, :, 0]
        off = np.where(beta == 0, np.abs(left) - l1[:, None], np.abs(left - l1[:, None] * np.sign(beta)))
        wrong = (off > slack[todo][:, None]).any(axis=1)
        out[todo] = beta
        solved[todo] = ~wrong
        if not wrong.any():
            break
        todo = todo[wrong]
        stuck = np.flatnonzero(wrong & ~stopped)
        if len(stuck):
            out[todo[~stopped[wrong]]] = _sweep(a[stuck], beta[stuck], left[stuck], l1[stuck])
    return out, solved


def _solve_used(A: Array, right: Array, used: NDArray[np.bool_]) -> Array:
    """Solve each system of a batch over its used coordinates; the others are zero.

    Small systems are taken together and large ones together, so that few are solved at more than their size.
    """
    p, count = used.shape[1], used.sum(axis=1)
    out, flat = np.zeros_like(right), A.reshape(-1)
    for low, high in ((0, p // 4), (p // 4, p // 2), (p // 2, p)):
        mine = np.flatnonzero((count > low) & (count <= high))
        if not len(mine):
            continue
        width = int(count[mine].max())
        # The used coordinates first; what is left of the width is solved for zero.
        place = np.argsort(~used[mine], axis=1, kind="stable")[:, :width]
        rows, inside = mine[:, None], np.arange(width) < count[mine, None]
        if width == p and inside.all():
            out[mine] = np.linalg.solve(A[mine] if len(mine) < len(A) else A, right[mine][:, :, None])[:, :, 0]
            continue
        block = flat.take(((rows * p + place) * p)[:, :, None] + place[:, None, :])
        if not inside.all():
            block *= inside[:, :, None] & inside[:, None, :]
            block[:, np.arange(width), np.arange(width)] += ~inside
        out[rows, place] = np.linalg.solve(block, right[rows, place][:, :, None])[:, :, 0]
    return out


def _sweep(A: Array, beta: Array, left: Array, lasso: Array) -> Array:
    """One pass of coordinate descent over the coordinates that are in, or pull hard enough to come in."""
    columns = np.flatnonzero(((beta != 0) | (np.abs(left) > lasso[:, None])).any(axis=0))
    by_column = np.ascontiguousarray(A.transpose(2, 0, 1)[columns])
    beta_t, left_t = np.ascontiguousarray(beta.T), left.copy()
    for place, j in enumerate(columns):
        scale = by_column[place][:, j]
        old = beta_t[j]
        pull = left_t[:, j] + scale * old
        new = (pull - np.minimum(np.maximum(pull, -lasso), lasso)) / scale
        left_t -= by_column[place] * (new - old)[:, None]
        beta_t[j] = new
    return np.ascontiguousarray(beta_t.T)
