"""Maximise the likelihoods of a stack of mixed count models in lock-step.

Every model takes one trial point per round, so a round is one batched evaluation; a model that has converged leaves
the stack. Quasi-Newton (BFGS) starts from the outer product of the clusters' scores, which is already close to the
information matrix, and ends with Newton steps on the observed information, from central differences of the exact
gradient: Nocedal & Wright (2006) *Numerical Optimization*, ch. 6; Berndt, Hall, Hall & Hausman (1974).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.estimators._arrays import Array, IntArray
from analysis.estimators._mixed_kernel import (
    LAPLACE,
    Evaluation,
    Rule,
    Stack,
    evaluate,
    find_modes,
    linear_predictor,
)

ARMIJO = 1e-4
# Expected gain in log-likelihood of one more quasi-Newton step, below which Newton on the true Hessian takes over.
EXPECTED_GAIN = 1e-7
LONGEST_STEP = 1.0
# With fewer clusters the outer product of their scores is too poor a start for the metric.
FEW_CLUSTERS = 40
LOG_ALPHA_FLOOR = -17.0
POLISH_STEPS = 6
START_ROUNDS = 15
POLISHED_GAIN = 1e-13
# What a maximum may show: half a squared score, in units of the information, and curvature of the wrong sign.
SMALL_GAIN = 1e-7
NEGATIVE_CURVATURE = 1e-4
# Curvature below this share of what the parameters have on their own counts as none.
FLAT = 1e-6


@dataclass(frozen=True)
class Optimum:
    """Where each model of a stack ended: parameters ``(F, P + 4)``, information, last evaluation, diagnostics."""

    theta: Array
    information: Array  # (F, D, D) minus the Hessian of the log-likelihood
    evaluation: Evaluation
    rounds: IntArray
    expected_gain: Array  # (F,) half the squared score in units of the information: zero at a maximum
    converged: np.ndarray


def starting_values(stack: Stack, structure: Array) -> tuple[Array, Array]:
    """Penalised quasi-likelihood until it settles: fixed effects ``(F, P)`` and L ``(F, 3)``.

    structure ``(F, 3)`` holds 1 where an entry of L is free. A start needs to be near, not right: the marginal
    likelihood is maximised from here. A model that has settled stays where it is while others go on, or its start would
    depend on what it is fitted beside.
    """
    observed = stack.offset > -400.0
    # A crude log-linear fit, weighted by the count: cheap and never far off.
    weight = np.where(observed, stack.y + 0.5, 0.0)
    working = np.where(observed, np.log(stack.y + 0.5) - stack.offset, 0.0)
    cross = _cross_products(stack, weight)
    right = stack.by_model(np.einsum("ptc,tc->pc", stack.X, weight * working)).T
    beta = _solve(cross, right)
    chol = structure * np.array([0.5, 0.0, 0.3])
    v = np.zeros((2, stack.y.shape[1]))
    going = np.ones(stack.n_models, dtype=bool)
    for _ in range(START_ROUNDS):
        a, b, c = chol[stack.model].T
        base = linear_predictor(stack, beta)
        v, _settled = find_modes(stack, base, a, b, c, None, v)
        mean = np.exp(base + t_part(stack, a, b, c, v))
        t_mean = stack.t * mean
        m0, m1, m2 = mean.sum(axis=0), t_mean.sum(axis=0), np.einsum("tc,tc->c", t_mean, stack.t)
        h00 = 1.0 + a * a * m0 + 2 * a * b * m1 + b * b * m2
        h01 = c * (a * m1 + b * m2)
        h11 = 1.0 + c * c * m2
        determinant = h00 * h11 - h01 * h01
        i00, i01, i11 = h11 / determinant, -h01 / determinant, h00 / determinant
        cross = _profiled_information(stack, chol, mean, np.stack([i00, i01, i11]))
        right = stack.by_model(np.einsum("ptc,tc->pc", stack.X, stack.y - mean)).T
        # At the modes Z'(y - mean) equals the effects themselves, so they drop out of the profiled score.
        move = np.clip(_solve(cross, right), -2.0, 2.0)
        beta = beta + move * going[:, None]
        u0, u1 = a * v[0], b * v[0] + c * v[1]
        l00, l01, l10, l11 = a * i00, a * i01, b * i00 + c * i01, b * i01 + c * i11
        sizes = np.diff(np.append(stack.starts, stack.y.shape[1]))
        s00 = stack.by_model(u0 * u0 + l00 * a) / sizes
        s01 = stack.by_model(u0 * u1 + l00 * b + l01 * c) / sizes
        s11 = stack.by_model(u1 * u1 + l10 * b + l11 * c) / sizes
        new_a = np.sqrt(np.maximum(s00, 1e-4))
        new_b = np.where(structure[:, 1] > 0, s01 / new_a, 0.0)
        new_c = np.sqrt(np.maximum(s11 - new_b**2, 1e-4))
        former = chol
        chol = np.where(going[:, None], structure * np.column_stack([new_a, new_b, new_c]), former)
        going &= ~((np.abs(move).max(axis=1) < 0.01) & (np.abs(chol - former).max(axis=1) < 0.02))
        if not going.any():
            break
    return beta, chol


def _profiled_information(stack: Stack, chol: Array, weight: Array, spread: Array) -> Array:
    """Information of the fixed effects once the random ones have been profiled out, ``(F, P, P)``.

    weight ``(T, C)``: curvature of the observations in the linear predictor; spread ``(3, C)``: inverse curvature of
    the standardised effects.
    """
    a, b, c = chol[stack.model].T
    i00, i01, i11 = spread
    x0, x1 = np.einsum("ptc,tc->pc", stack.X, weight), np.einsum("ptc,tc->pc", stack.X, stack.t * weight)
    k0, k1 = a * x0 + b * x1, c * x1
    inner = i00 * k0[:, None] * k0 + i01 * (k0[:, None] * k1 + k1[:, None] * k0) + i11 * k1[:, None] * k1
    return _cross_products(stack, weight) - np.moveaxis(stack.by_model(inner), -1, 0)


def t_part(stack: Stack, a: Array, b: Array, c: Array, v: Array) -> Array:
    """The random part of the linear predictor, ``(T, C)``."""
    part: Array = a * v[0] + stack.t * (b * v[0] + c * v[1])
    return part


def _cross_products(stack: Stack, weight: Array) -> Array:
    """X'WX of each model, ``(F, P, P)``."""
    per_cluster = np.einsum("ptc,qtc->pqc", stack.X, stack.X * weight, optimize=False)
    return np.moveaxis(stack.by_model(per_cluster), -1, 0)


def _solve(matrices: Array, right: Array) -> Array:
    """Solve a batch of symmetric systems with a ridge small against the diagonal; padded columns give zero."""
    size = matrices.shape[-1]
    diagonal = np.einsum("fpp->fp", matrices)
    ridge = 1e-10 * diagonal + np.where(diagonal > 0, 0.0, 1.0)
    return np.linalg.solve(matrices + ridge[:, :, None] * np.eye(size), right[..., None])[..., 0]


def _masked_inverse(matrices: Array, free: Array) -> Array:
    """Inverse over the free parameters, zero elsewhere; ridge against few clusters."""
    mask = free[:, :, None] * free[:, None, :]
    size = matrices.shape[-1]
    kept = matrices * mask
    diagonal = np.einsum("fpp->fp", kept)
    # Parameters are all on the scale of the linear predictor, so a floor of a hundredth holds for each of them.
    ridge = np.where(free > 0, 1e-3 * diagonal + 1e-2, 1.0)
    return np.linalg.inv(kept + ridge[:, :, None] * np.eye(size)) * mask


def _evaluate(stack: Stack, theta: Array, with_alpha: bool, v: Array, rule: Rule) -> Evaluation:
    width = len(stack.X)
    return evaluate(
        stack,
        theta[:, :width],
        theta[:, width : width + 3],
        theta[:, -1] if with_alpha else None,
        v,
        rule,
    )


def _bfgs(inverse: Array, step: Array, change: Array) -> Array:
    """BFGS update of a batch of inverse Hessians (of the negative log-likelihood); skipped where curvature is not
    positive, so the metric stays positive definite."""
    curvature = np.einsum("fp,fp->f", step, change)
    size = np.sqrt(np.einsum("fp,fp->f", step, step) * np.einsum("fp,fp->f", change, change))
    fine = curvature > 1e-10 * size
    safe = np.where(fine, curvature, 1.0)
    hg = np.einsum("fpq,fq->fp", inverse, change)
    along = (safe + np.einsum("fp,fp->f", change, hg)) / safe**2
    cross = hg[:, :, None] * step[:, None, :]
    update = along[:, None, None] * step[:, :, None] * step[:, None, :]
    update -= (cross + cross.transpose(0, 2, 1)) / safe[:, None, None]
    return inverse + np.where(fine[:, None, None], update, 0.0)


def _curvature_of_fixed_effects(stack: Stack, theta: Array, with_alpha: bool, at: Evaluation) -> Array:
    """Profiled information of the fixed effects at an evaluation, ``(F, P, P)``."""
    n_columns = len(stack.X)
    chol = theta[:, n_columns : n_columns + 3]
    a, b, c = chol[stack.model].T
    weight = np.exp(linear_predictor(stack, theta[:, :n_columns]) + t_part(stack, a, b, c, at.v))
    if with_alpha:
        alpha = np.exp(theta[stack.model, -1])
        weight = weight * (1.0 + alpha * stack.y) / (1.0 + alpha * weight) ** 2
    return _profiled_information(stack, chol, weight, at.spread)


def _first_metric(stack: Stack, theta: Array, free: Array, first: Evaluation, with_alpha: bool, rule: Rule) -> Array:
    """An inverse of the information to begin with ``(F, D, D)``, from the first evaluation."""
    width = theta.shape[1]
    outer = np.einsum("pc,qc->pqc", first.scores, first.scores)
    guess = np.moveaxis(stack.by_model(outer), -1, 0)
    # Shocks that the model does not know of inflate the scores of the fixed effects, not their curvature.
    guess[:, : width - 4] = guess[:, :, : width - 4] = 0.0
    guess[:, : width - 4, : width - 4] = _curvature_of_fixed_effects(stack, theta, with_alpha, first)
    inverse = _masked_inverse(guess, free)
    few = np.flatnonzero(np.diff(np.append(stack.starts, stack.y.shape[1])) < FEW_CLUSTERS)
    if len(few):
        part, columns = stack.take(few)
        scale = np.sqrt(np.einsum("fpp->fp", inverse[few]))
        curvature = observed_information(part, theta[few], free[few], scale, first.v[:, columns], with_alpha, rule)
        # Where the likelihood does not bend downwards yet, the scores stand in for the missing curvature.
        bends = np.einsum("fpp->fp", curvature) > 0
        curvature *= bends[:, :, None] & bends[:, None, :]
        index = np.arange(width)
        curvature[:, index, index] += np.where(bends, 0.0, free[few] / np.maximum(scale, 1e-6) ** 2)
        inverse[few] = _newton_metric(curvature, free[few])[0]
    return inverse


def _along(theta: Array, direction: Array, length: Array, with_alpha: bool) -> Array:
    """Where each search looks next ``(F, D)``: ``length`` times its direction on, and never farther than the longest
    step."""
    longest = np.abs(direction).max(axis=1)
    scale = length * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))
    trial: Array = theta + scale[:, None] * direction
    if with_alpha:
        trial[:, -1] = np.maximum(trial[:, -1], LOG_ALPHA_FLOOR)
    return trial


def _rises(stack: Stack, value: Array, new: Array, gain: Array, with_alpha: bool) -> np.ndarray:
    """Which log-likelihoods rise by enough of the gain that their slope promises, rounding apart (Armijo's rule)."""
    with np.errstate(invalid="ignore"):
        rises = new >= value + ARMIJO * gain - _rounding(stack, value, with_alpha)
    return np.isfinite(new) & rises


def maximise(
    stack: Stack,
    theta: Array,
    free: Array,
    *,
    with_alpha: bool = False,
    rule: Rule = LAPLACE,
    v: Array | None = None,
    max_rounds: int = 300,
) -> Optimum:
    """Maximise every model's log-likelihood from ``theta`` ``(F, P + 4)`` over the parameters where ``free`` is 1."""
    n_models, width = theta.shape
    theta = theta.copy()
    modes = np.zeros((2, stack.y.shape[1])) if v is None else v.copy()
    rounds = np.zeros(n_models, dtype=np.intp)
    first = _evaluate(stack, theta, with_alpha, modes, rule)
    value = stack.by_model(first.loglik)
    score = stack.by_model(first.scores).T * free
    modes = first.v
    inverse = _first_metric(stack, theta, free, first, with_alpha, rule)
    direction = np.einsum("fpq,fq->fp", inverse, score)
    length = np.ones(n_models)
    restarted = np.zeros(n_models, dtype=bool)
    live = np.isfinite(value)
    asked, part, columns = np.arange(n_models), stack, np.arange(stack.y.shape[1])
    for _ in range(max_rounds):
        done = live & (0.5 * np.einsum("fp,fp->f", score, direction) < EXPECTED_GAIN)
        live &= ~done
        if not live.any():
            break
        # Rebuilding the stack costs a copy: worth it only once it has shrunk markedly.
        if live.sum() <= 0.75 * len(asked):
            asked = np.flatnonzero(live)
            part, columns = stack.take(asked)
        trial = _along(theta[asked], direction[asked], length[asked] * live[asked], with_alpha)
        step = trial - theta[asked]
        result = _evaluate(part, trial, with_alpha, modes[:, columns], rule)
        new_value = part.by_model(result.loglik)
        new_score = part.by_model(result.scores).T * free[asked]
        settled = np.logical_and.reduceat(result.settled, part.starts)
        gain = np.einsum("fp,fp->f", score[asked], step)
        good = live[asked] & settled & _rises(part, value[asked], new_value, gain, with_alpha)
        moved = asked[good]
        inverse[moved] = _bfgs(inverse[moved], step[good], (score[asked] - new_score)[good])
        theta[moved], value[moved], score[moved] = trial[good], new_value[good], new_score[good]
        accepted = good[part.model]
        modes[:, columns[accepted]] = result.v[:, accepted]
        length[moved] = 1.0
        rounds[asked[live[asked]]] += 1

        failed = asked[~good & live[asked]]
        length[failed] *= 0.3
        # A search that shrinks to nothing has met a bad metric or the limit of floating point: once more along the
        # gradient in the diagonal metric, then stop and say so.
        stuck = failed[length[failed] < 1e-7]
        live[stuck[restarted[stuck]]] = False
        inverse[stuck] *= np.eye(width)
        length[stuck] = 1.0
        restarted[stuck] = True
        direction = np.einsum("fpq,fq->fp", inverse, score)
    return _polish(stack, theta, free, inverse, modes, with_alpha, rule, rounds)


def observed_information(
    stack: Stack, theta: Array, free: Array, scale: Array, modes: Array, with_alpha: bool, rule: Rule
) -> Array:
    """Minus the Hessian, by central differences of the exact gradient, ``(F, D, D)``.

    ``scale`` ``(F, D)`` approximates the standard errors. A step is a thousandth of one, yet at least 1e-4: parameters
    are on the scale of the linear predictor, where the likelihood bends over distances near one however large the
    counts, and smaller steps would drown in rounding just where the information nearly cancels.
    """
    n_models, width = theta.shape
    out = np.zeros((n_models, width, width))
    for j in np.flatnonzero(free.any(axis=0)):
        step = np.zeros_like(theta)
        step[:, j] = np.clip(1e-3 * scale[:, j], 1e-4, 1e-2) * free[:, j]
        up = stack.by_model(_evaluate(stack, theta + step, with_alpha, modes, rule).scores).T
        down = stack.by_model(_evaluate(stack, theta - step, with_alpha, modes, rule).scores).T
        width_j = np.where(step[:, j] > 0, 2 * step[:, j], 1.0)
        out[:, :, j] = (down - up) / width_j[:, None]
    out = 0.5 * (out + out.transpose(0, 2, 1))
    return out * free[:, :, None] * free[:, None, :]


def _rounding(stack: Stack, value: Array, with_alpha: bool) -> Array:
    """How far a log-likelihood may seem to fall by rounding alone; NB2's log-gammas cancel where y is very large."""
    return 1e-11 * (1.0 + np.abs(value)) + (1e-14 * stack.by_model(stack.sum_y) if with_alpha else 0.0)


def _newton_metric(information: Array, free: Array) -> tuple[Array, Array]:
    """Inverse of the information for Newton steps, and its lowest scaled eigenvalue; flat directions are left alone.

    Where the intercept's variance is zero the likelihood depends on b and c through b^2 + c^2 alone; a plain inverse
    would send the step along that circle.
    """
    width = information.shape[1]
    diagonal = np.einsum("fpp->fp", information)
    scale = np.where((diagonal > 0) & (free > 0), 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 0.0)
    scaled = information * scale[:, :, None] * scale[:, None, :] + (scale == 0)[:, :, None] * np.eye(width)
    bent = (scale > 0) | (free == 0)
    values, vectors = np.linalg.eigh(np.where(np.isfinite(scaled), scaled, np.eye(width)))
    inverse = np.where(np.abs(values) > FLAT, 1.0 / np.where(np.abs(values) > FLAT, np.abs(values), 1.0), 0.0)
    metric = np.einsum("fpk,fk,fqk->fpq", vectors, inverse, vectors)
    return metric * scale[:, :, None] * scale[:, None, :], np.where(bent.all(axis=1), values[:, 0], -np.inf)


def _polish(
    stack: Stack,
    theta: Array,
    free: Array,
    inverse: Array,
    modes: Array,
    with_alpha: bool,
    rule: Rule,
    rounds: IntArray,
) -> Optimum:
    """Newton steps on the observed information until the expected gain vanishes."""
    scale = np.sqrt(np.maximum(np.einsum("fpp->fp", inverse), 1e-12))
    information = observed_information(stack, theta, free, scale, modes, with_alpha, rule)
    newton, lowest = _newton_metric(information, free)
    result = _evaluate(stack, theta, with_alpha, modes, rule)
    value = stack.by_model(result.loglik)
    score = stack.by_model(result.scores).T * free
    for _ in range(POLISH_STEPS):
        step = np.einsum("fpq,fq->fp", newton, score)
        gain = 0.5 * np.einsum("fp,fp->f", step, score)
        going = (gain > POLISHED_GAIN) & (np.abs(step).max(axis=1) < 1.0)
        if not going.any():
            break
        trial = theta + step * going[:, None]
        if with_alpha:
            trial[:, -1] = np.maximum(trial[:, -1], LOG_ALPHA_FLOOR)
        new = _evaluate(stack, trial, with_alpha, result.v, rule)
        new_value = stack.by_model(new.loglik)
        better = going & (new_value >= value - _rounding(stack, value, with_alpha))
        if not better.any():
            break
        theta = np.where(better[:, None], trial, theta)
        # Models that did not move keep their parameters, so evaluating all again costs little and stays consistent.
        result = _evaluate(stack, theta, with_alpha, new.v, rule)
        value = stack.by_model(result.loglik)
        score = stack.by_model(result.scores).T * free
    step = np.einsum("fpq,fq->fp", newton, score)
    gain = 0.5 * np.einsum("fp,fp->f", step, score)
    settled = np.logical_and.reduceat(result.settled, stack.starts)
    return Optimum(
        theta=theta,
        information=information,
        evaluation=result,
        rounds=rounds,
        expected_gain=gain,
        converged=settled & (gain < SMALL_GAIN) & (lowest > -NEGATIVE_CURVATURE) & np.isfinite(value),
    )
