"""The likelihood of a count model with a random intercept and slope, for many models side by side.

Everything here works on *stacks*: the clusters of several models laid next to one another in time-major arrays of
shape ``(T, C)`` (observations within a cluster down, clusters across), so that one numpy call serves all of them and
runs along contiguous memory. Models may differ in their number of clusters; a cluster carries the index of its model.

With ``u = L v`` and ``v ~ N(0, I)`` the linear predictor of an observation is ``x'b + offset + z'L v``, ``z = (1, t)``,
``L = [[a, 0], [b, c]]``. Writing the random effects through ``L`` keeps the likelihood smooth where a variance is
zero, which log standard deviations do not.

Sources: Laplace approximation and its exact gradient, Skaug & Fournier (2006) *Comput. Stat. Data Anal.* 51:699;
adaptive Gauss-Hermite quadrature, Pinheiro & Bates (1995) *J. Comput. Graph. Stat.* 4:12 and Rabe-Hesketh, Skrondal &
Pickles (2005) *J. Econometrics* 128:301; NB2, Cameron & Trivedi (2013) *Regression Analysis of Count Data*, ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimators._arrays import Array, IntArray

# Offset given to padding cells: exp(-500) is a mean of zero, so padding adds nothing to any sum and needs no mask.
PADDING_OFFSET = -500.0
# Beyond this size 1 / alpha, differences of log-gamma are taken from Stirling's series: the direct ones cancel.
STIRLING_FROM = 100.0
MODE_TOLERANCE = 1e-12
MODE_ITERATIONS = 100
LONGEST_MOVE = 2.0


@dataclass(frozen=True)
class Stack:
    """Clusters of ``F`` models side by side.

    y, offset, t: ``(T, C)``; X: ``(P, T, C)``; model: ``(C,)`` index of the model a cluster belongs to, ascending;
    starts: ``(F,)`` first cluster of each model; sums of y and of t·y and the constant of the log-likelihood: ``(C,)``.
    """

    y: Array
    offset: Array
    t: Array
    X: Array
    model: IntArray
    starts: IntArray
    sum_y: Array
    sum_ty: Array
    log_y: Array
    constant: Array
    t_reach: Array  # (C,) largest |t|

    @property
    def n_models(self) -> int:
        return len(self.starts)

    def take(self, models: IntArray) -> tuple[Stack, IntArray]:
        """The stack of some of the models (ascending indices), and the columns it took."""
        keep = np.zeros(self.n_models, dtype=bool)
        keep[models] = True
        columns = np.flatnonzero(keep[self.model])
        new_index = np.cumsum(keep) - 1
        model = new_index[self.model[columns]]
        starts = np.searchsorted(model, np.arange(len(models)))
        return (
            Stack(
                y=self.y[:, columns],
                offset=self.offset[:, columns],
                t=self.t[:, columns],
                X=self.X[:, :, columns],
                model=model,
                starts=starts,
                sum_y=self.sum_y[columns],
                sum_ty=self.sum_ty[columns],
                log_y=self.log_y[:, columns],
                constant=self.constant[columns],
                t_reach=self.t_reach[columns],
            ),
            columns,
        )

    def by_model(self, values: Array) -> Array:
        """Sums over the clusters of each model: last axis C becomes F."""
        return np.add.reduceat(values, self.starts, axis=-1)


def stack_of(y: Array, offset: Array, t: Array, X: Array, model: IntArray) -> Stack:
    """Build a stack from padded arrays (padding: y = 0, t = 0, X = 0, offset = PADDING_OFFSET)."""
    from scipy.special import gammaln

    positive = y > 0
    log_y = np.log(np.where(positive, y, 1.0))
    constant = np.where(positive, y * log_y - y - gammaln(y + 1.0), 0.0).sum(axis=0)
    n_models = int(model[-1]) + 1
    return Stack(
        y=y,
        offset=offset,
        t=t,
        X=X,
        model=model,
        starts=np.searchsorted(model, np.arange(n_models)),
        sum_y=y.sum(axis=0),
        sum_ty=(t * y).sum(axis=0),
        log_y=log_y,
        constant=constant,
        t_reach=np.abs(t).max(axis=0),
    )


@dataclass(frozen=True)
class Evaluation:
    """The likelihood of every cluster at one parameter per model, its score and the modes it was taken at.

    loglik: ``(C,)``; scores: ``(P + 4, C)`` for (b, a, b, c, log alpha); v: ``(2, C)`` modes of the standardised
    effects; spread: ``(3, C)`` the inverse curvature there (00, 01, 11); settled: every mode found.
    """

    loglik: Array
    scores: Array
    v: Array
    spread: Array
    settled: NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """Nodes and log-weights for the standard bivariate normal; a single node at zero is the Laplace approximation."""

    nodes: Array  # (K, 2)
    log_weights: Array  # (K,)


LAPLACE = Rule(nodes=np.zeros((1, 2)), log_weights=np.zeros(1))


def gauss_hermite(points: int) -> Rule:
    """Product Gauss-Hermite rule with ``points`` nodes in each dimension, for the standard normal weight."""
    if points == 1:
        return LAPLACE
    x, w = np.polynomial.hermite_e.hermegauss(points)
    w = w / w.sum()
    first, second = np.meshgrid(x, x, indexing="ij")
    nodes = np.column_stack([first.ravel(), second.ravel()])
    return Rule(nodes=nodes, log_weights=np.log(np.outer(w, w)).ravel())


def _stirling_tail(x: Array) -> Array:
    inverse = 1.0 / x
    square = inverse * inverse
    return inverse * (1.0 / 12 - square * (1.0 / 360 - square / 1260))


def log_gamma_ratio(y: Array, size: Array) -> Array:
    """``lgamma(y + size) - lgamma(size) - y log(size)`` without cancellation; size broadcasts along the last axis."""
    from scipy.special import gammaln

    size = np.broadcast_to(size, y.shape[-1:])
    out = np.empty_like(y)
    large = size >= STIRLING_FROM
    if not large.all():
        k, part = size[~large], y[..., ~large]
        out[..., ~large] = gammaln(part + k) - gammaln(k) - part * np.log(k)
    if large.any():
        k, part = size[large], y[..., large]
        out[..., large] = (
            (part + k - 0.5) * np.log1p(part / k) - part + _stirling_tail(part + k) - _stirling_tail(k + 0 * part)
        )
    return out


def digamma_difference(y: Array, size: Array) -> Array:
    """``digamma(y + size) - digamma(size)`` without cancellation; size broadcasts along the last axis."""
    from scipy.special import digamma

    size = np.broadcast_to(size, y.shape[-1:])
    out = np.empty_like(y)
    large = size >= STIRLING_FROM
    if not large.all():
        k, part = size[~large], y[..., ~large]
        out[..., ~large] = digamma(part + k) - digamma(k)
    if large.any():
        k, part = size[large], y[..., large]
        p = 1.0 / (part + k)
        q = 1.0 / k
        fourth = (p**4 - q**4) / 120
        out[..., large] = np.log1p(part / k) + 0.5 * part * p * q - (p * p - q * q) / 12 + fourth
    return out


def linear_predictor(stack: Stack, beta: Array) -> Array:
    """Fixed part plus offset, ``(T, C)``; beta ``(F, P)``."""
    out = stack.offset.copy()
    per_cluster = beta[stack.model].T
    for column, coefficient in zip(stack.X, per_cluster, strict=True):
        out += column * coefficient
    return out


def _sum(a: Array, b: Array) -> Array:
    total: Array = np.einsum("tc,tc->c", a, b)
    return total


def find_modes(
    stack: Stack, base: Array, a: Array, b: Array, c: Array, alpha: Array | None, v: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Modes of the standardised effects given the data, ``(2, C)``, by Newton on all clusters at once.

    The objective is strictly concave (Poisson and NB2 are log-concave in the linear predictor, the prior is normal),
    so Newton with bounded steps finds its one maximum; a cluster that has not settled is reported as such. ``alpha``
    is None for Poisson.
    """
    t, y = stack.t, stack.y
    v0, v1 = v[0].copy(), v[1].copy()
    weight_top = None if alpha is None else 1.0 + alpha * y
    decrement = np.full(v0.shape, np.inf)
    for _ in range(MODE_ITERATIONS):
        mean = t * (b * v0 + c * v1)
        mean += base
        mean += a * v0
        np.exp(mean, out=mean)
        if alpha is None:
            weight = mean
            r0 = stack.sum_y - mean.sum(axis=0)
            m0 = stack.sum_y - r0
            moment1 = t * weight
            m1 = moment1.sum(axis=0)
            r1 = stack.sum_ty - m1
        else:
            spread = 1.0 / (1.0 + alpha * mean)
            residual = (y - mean) * spread
            weight = mean * weight_top * spread * spread
            r0 = residual.sum(axis=0)
            r1 = _sum(residual, t)
            m0 = weight.sum(axis=0)
            moment1 = t * weight
            m1 = moment1.sum(axis=0)
        m2 = _sum(moment1, t)
        g0 = a * r0 + b * r1 - v0
        g1 = c * r1 - v1
        h00 = 1.0 + a * a * m0 + 2 * a * b * m1 + b * b * m2
        h01 = c * (a * m1 + b * m2)
        h11 = 1.0 + c * c * m2
        determinant = h00 * h11 - h01 * h01
        s0 = (h11 * g0 - h01 * g1) / determinant
        s1 = (h00 * g1 - h01 * g0) / determinant
        decrement = s0 * g0 + s1 * g1
        # Far below the data a Newton step overshoots by orders of magnitude: no linear predictor moves by more than 2.
        reach = np.abs(a * s0) + stack.t_reach * np.abs(b * s0 + c * s1)
        damp = np.minimum(1.0, LONGEST_MOVE / np.maximum(reach, 1e-300))
        v0 += damp * s0
        v1 += damp * s1
        if not (decrement > MODE_TOLERANCE).any():  # a cluster gone to NaN must not stop the others
            break
    return np.stack([v0, v1]), decrement <= MODE_TOLERANCE


class _Poisson:
    """The density of counts given the effects."""

    alpha: Array | None = None

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def log(self, eta: Array, mean: Array) -> Array:
        """Sum over a cluster's observations, less the constant that depends on y alone."""
        total: Array = _sum(self.stack.y, eta - self.stack.log_y) - mean.sum(axis=0) + self.stack.sum_y
        return total

    def residual(self, mean: Array) -> Array:
        """Score of the linear predictor."""
        return self.stack.y - mean

    def log_alpha_score(self, mean: Array) -> Array:
        """Score of log alpha at given linear predictors."""
        return np.zeros(mean.shape[1])


class _NegativeBinomial(_Poisson):
    """NB2 with alpha per cluster; what does not depend on the mean is computed once."""

    def __init__(self, stack: Stack, alpha: Array) -> None:
        super().__init__(stack)
        self.alpha = self.by = alpha
        self.size = 1.0 / alpha
        self.shape_terms = log_gamma_ratio(stack.y, self.size).sum(axis=0)
        self.digammas = digamma_difference(stack.y, self.size)

    def log(self, eta: Array, mean: Array) -> Array:
        y = self.stack.y
        grown = _sum(y + self.size, np.log1p(self.by * mean))
        total: Array = _sum(y, eta - self.stack.log_y) + self.shape_terms + self.stack.sum_y - grown
        return total

    def residual(self, mean: Array) -> Array:
        return (self.stack.y - mean) / (1.0 + self.by * mean)

    def log_alpha_score(self, mean: Array) -> Array:
        grown = self.by * mean
        score = self.size * (np.log1p(grown) - self.digammas) + (self.stack.y - mean) / (1.0 + grown)
        return np.asarray(score.sum(axis=0))


@dataclass(frozen=True)
class _Modes:
    """The clusters at their modes.

    v: the effects; eta, mean; derivatives of the density there (residual: first; weight: minus the second;
    slope_weight: its slope) with their moments over time r, m; h: the curvature of the joint density in v (00, 01, 11).
    """

    v: Array
    eta: Array
    mean: Array
    residual: Array
    weight: Array
    slope_weight: Array
    spread_nb: Array | None
    r: tuple[Array, Array]
    m: tuple[Array, Array, Array]
    h: tuple[Array, Array, Array]
    determinant: Array
    inverse: tuple[Array, Array, Array]

    @classmethod
    def of(cls, stack: Stack, base: Array, a: Array, b: Array, c: Array, alpha: Array | None, v: Array) -> _Modes:
        t, y = stack.t, stack.y
        v0, v1 = v
        eta = base + t * (b * v0 + c * v1) + a * v0
        mean = np.exp(eta)
        spread_nb = None
        if alpha is None:
            residual = y - mean
            weight = slope_weight = mean
        else:
            spread_nb = 1.0 / (1.0 + alpha * mean)
            residual = (y - mean) * spread_nb
            weight = mean * (1.0 + alpha * y) * spread_nb * spread_nb
            slope_weight = weight * (1.0 - alpha * mean) * spread_nb
        t_weight = t * weight
        m0, m1, m2 = weight.sum(axis=0), t_weight.sum(axis=0), _sum(t_weight, t)
        h00 = 1.0 + a * a * m0 + 2 * a * b * m1 + b * b * m2
        h01 = c * (a * m1 + b * m2)
        h11 = 1.0 + c * c * m2
        determinant = h00 * h11 - h01 * h01
        return cls(
            v=v,
            eta=eta,
            mean=mean,
            residual=residual,
            weight=weight,
            slope_weight=slope_weight,
            spread_nb=spread_nb,
            r=(residual.sum(axis=0), _sum(residual, t)),
            m=(m0, m1, m2),
            h=(h00, h01, h11),
            determinant=determinant,
            inverse=(h11 / determinant, -h01 / determinant, h00 / determinant),
        )


@dataclass(frozen=True)
class _Integral:
    """The integral over the effects and what its derivative needs, averaged over the nodes by their share of it.

    loglik ``(C,)``; q: the inverse curvature with the movement of the nodes in it; b: mean gradient in v (zero at the
    modes); residual ``(T, C)``; e: sums of residual times effect (00, 01, 10, 11); score_alpha: of log alpha.
    """

    loglik: Array
    q: tuple[Array, Array, Array]
    b: tuple[Array, Array]
    residual: Array
    e: tuple[Array, Array, Array, Array]
    score_alpha: Array


def _laplace(density: _Poisson, at: _Modes) -> _Integral:
    (v0, v1), (r0, r1) = at.v, at.r
    zero = 0.0 * v0
    return _Integral(
        loglik=density.log(at.eta, at.mean) - 0.5 * (v0 * v0 + v1 * v1) - 0.5 * np.log(at.determinant),
        q=at.inverse,
        b=(zero, zero),
        residual=at.residual,
        e=(r0 * v0, r0 * v1, r1 * v0, r1 * v1),
        score_alpha=density.log_alpha_score(at.mean),
    )


def _quadrature(density: _Poisson, at: _Modes, rule: Rule, base: Array, a: Array, b: Array, c: Array) -> _Integral:
    t, (v0, v1), (h00, h01, h11) = density.stack.t, at.v, at.h
    # Scale of the nodes: C = R^-T with H = R R', so that C C' is the inverse curvature at the mode.
    root00 = np.sqrt(h00)
    root10 = h01 / root00
    root11 = np.sqrt(h11 - root10 * root10)
    c00, c11 = 1.0 / root00, 1.0 / root11
    c01 = -root10 * c00 * c11
    log_terms = np.empty((len(rule.nodes), v0.size))
    places = []
    for k, (z0, z1) in enumerate(rule.nodes):
        n0, n1 = v0 + c00 * z0 + c01 * z1, v1 + c11 * z1
        eta = base + t * (b * n0 + c * n1) + a * n0
        mean = np.exp(eta)
        log_terms[k] = (
            density.log(eta, mean) - 0.5 * (n0 * n0 + n1 * n1) + 0.5 * (z0 * z0 + z1 * z1) + rule.log_weights[k]
        )
        places.append((z0, z1, n0, n1, mean))
    top = log_terms.max(axis=0)
    share = np.exp(log_terms - top)
    total = share.sum(axis=0)
    share /= total
    residual = np.zeros_like(base)
    b0, b1, score_alpha = np.zeros_like(v0), np.zeros_like(v0), np.zeros_like(v0)
    B00, B01, B10, B11 = (np.zeros_like(v0) for _ in range(4))
    e00, e01, e10, e11 = (np.zeros_like(v0) for _ in range(4))
    for p, (z0, z1, n0, n1, mean) in zip(share, places, strict=True):
        residual_k = density.residual(mean)
        k0, k1 = residual_k.sum(axis=0), _sum(residual_k, t)
        grad0, grad1 = p * (a * k0 + b * k1 - n0), p * (c * k1 - n1)
        b0 += grad0
        b1 += grad1
        B00 += grad0 * z0
        B01 += grad0 * z1
        B10 += grad1 * z0
        B11 += grad1 * z1
        residual += p * residual_k
        e00 += p * k0 * n0
        e01 += p * k0 * n1
        e10 += p * k1 * n0
        e11 += p * k1 * n1
        if density.alpha is not None:
            score_alpha += p * density.log_alpha_score(mean)
    # A = I + B'C gives the sensitivity of the nodes to the curvature; Q takes the place of the inverse curvature.
    a00 = 1.0 + B00 * c00
    a11 = 1.0 + B01 * c01 + B11 * c11
    a10 = B01 * c00
    return _Integral(
        loglik=top + np.log(total) - 0.5 * np.log(at.determinant),
        q=(
            c00 * c00 * a00 + 2 * c00 * c01 * a10 + c01 * c01 * a11,
            c11 * (c00 * a10 + c01 * a11),
            c11 * c11 * a11,
        ),
        b=(b0, b1),
        residual=residual,
        e=(e00, e01, e10, e11),
        score_alpha=score_alpha,
    )


def _scores(density: _Poisson, at: _Modes, found: _Integral, a: Array, b: Array, c: Array) -> Array:
    """Gradient of the approximated log-likelihood, the movement of modes and nodes included: ``(P + 4, C)``."""
    stack, t = density.stack, density.stack.t
    (v0, v1), (r0, r1), (m0, m1, m2), (i00, i01, i11) = at.v, at.r, at.m, at.inverse
    (q00, q01, q11), (e00, _e01, e10, e11) = found.q, found.e
    # P = L Q L'; s_t = half the slope of the weight times z'P z is the pull of the curvature on the linear predictor.
    lq00, lq01 = a * q00, a * q01
    lq10, lq11 = b * q00 + c * q01, b * q01 + c * q11
    p00 = lq00 * a
    p01 = lq00 * b + lq01 * c
    p11 = lq10 * b + lq11 * c
    quadratic = p11 * t
    quadratic += 2 * p01
    quadratic *= t
    quadratic += p00
    pull = 0.5 * at.slope_weight * quadratic
    s0, s1 = pull.sum(axis=0), _sum(pull, t)
    d0, d1 = a * s0 + b * s1 - found.b[0], c * s1 - found.b[1]
    move0, move1 = i00 * d0 + i01 * d1, i01 * d0 + i11 * d1
    rho0, rho1 = a * move0, b * move0 + c * move1
    mode_part = at.weight * (rho0 + rho1 * t) - pull
    f0, f1 = mode_part.sum(axis=0), _sum(mode_part, t)

    scores = np.empty((len(stack.X) + 4, v0.size))
    scores[:-4] = np.einsum("ptc,tc->pc", stack.X, found.residual + mode_part)
    # d loglik / dL = (node part) + Z'(mode part) v' - Z'WZ L Q - Z'r move'
    scores[-4] = e00 + f0 * v0 - (m0 * lq00 + m1 * lq10) - r0 * move0
    scores[-3] = e10 + f1 * v0 - (m1 * lq00 + m2 * lq10) - r1 * move0
    scores[-2] = e11 + f1 * v1 - (m1 * lq01 + m2 * lq11) - r1 * move1
    scores[-1] = 0.0
    if density.alpha is not None and at.spread_nb is not None:
        alpha, spread, mean, y = density.alpha, at.spread_nb, at.mean, stack.y
        residual_slope = -at.residual * mean * spread * alpha
        bracket = y * (1.0 + alpha * mean) - 2 * mean * (1.0 + alpha * y)
        weight_slope = mean * alpha * bracket * spread * spread * spread
        scores[-1] = (
            found.score_alpha
            - 0.5 * _sum(weight_slope, quadratic)
            - rho0 * residual_slope.sum(axis=0)
            - rho1 * _sum(residual_slope, t)
        )
    return scores


def evaluate(
    stack: Stack, beta: Array, chol: Array, log_alpha: Array | None, v: Array, rule: Rule = LAPLACE
) -> Evaluation:
    """Approximate marginal log-likelihood of every cluster, with its exact gradient.

    beta ``(F, P)``; chol ``(F, 3)`` the entries a, b, c of L; log_alpha ``(F,)`` or None for Poisson; v ``(2, C)`` a
    start for the modes. The gradient is that of the *approximation*, the movement of modes and nodes included, so that
    it vanishes exactly at the reported maximum.
    """
    a, b, c = chol[stack.model].T
    alpha = None if log_alpha is None else np.exp(log_alpha)[stack.model]
    base = linear_predictor(stack, beta)
    v, settled = find_modes(stack, base, a, b, c, alpha, v)
    density = _Poisson(stack) if alpha is None else _NegativeBinomial(stack, alpha)
    at = _Modes.of(stack, base, a, b, c, alpha, v)
    laplace = len(rule.nodes) == 1
    found = _laplace(density, at) if laplace else _quadrature(density, at, rule, base, a, b, c)
    return Evaluation(
        loglik=found.loglik + stack.constant,
        scores=_scores(density, at, found, a, b, c),
        v=v,
        spread=np.stack(at.inverse),
        settled=settled,
    )
