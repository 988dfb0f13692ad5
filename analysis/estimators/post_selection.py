"""Intervals that stay valid after a model was chosen with the data in view.

A coefficient that was kept because it was large is too large, and its own interval too narrow. Whatever the rule that
chose the model, the interval of the coefficient in that model covers with the stated chance when its critical value is
the quantile of the largest ``|t|`` over every model that could have been chosen: all with at most so many of the
candidates. The directions are those of least squares; they are those of a logistic model where chances vary little.

Source: Berk, Brown, Buja, Zhang & Zhao (2013) *Annals of Statistics* 41:802; where there are too many models, the bound
of Bachoc, Leeb & Pötscher (2019) *Annals of Statistics* 47:1475 (their K4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from analysis.estimators._arrays import Array, as_floats

#: More directions than this are bounded, not drawn.
MOST_DIRECTIONS = 5_000


@dataclass(frozen=True, eq=False)
class PostSelection:
    """The critical value for models of at most ``size`` of ``candidates``; ``maxima`` the drawn largest ``|t|``."""

    critical: float
    candidates: int
    size: int
    directions: int
    dimension: int
    maxima: Array = field(repr=False)
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def interval(self, estimate: float, se: float) -> tuple[float, float]:
        """The interval of a coefficient of the chosen model."""
        return estimate - self.critical * se, estimate + self.critical * se

    def p_value(self, t: float) -> float:
        """The chance of a largest ``|t|`` like this where nothing is related: as drawn, or what it is at most."""
        if not self.ok or t != t:
            return float("nan")
        if not len(self.maxima):
            return exceeds(abs(t), self.directions, self.dimension)
        return float((1 + (self.maxima >= abs(t)).sum()) / (1 + len(self.maxima)))


def post_selection(X: Any, size: int, *, level: float = 0.95, draws: int = 500, seed: int = 0) -> PostSelection:
    """The critical value after choosing a model of at most ``size`` columns of X ``(n, d)`` by any rule.

    Gaps are filled with the mean of their column, constant columns left out. Bad data give a result with a reason.
    """
    design = as_floats(X)
    design = design[:, None] if design.ndim == 1 else design
    with np.errstate(invalid="ignore"):
        centred = design - np.array([c[np.isfinite(c)].mean() if np.isfinite(c).any() else 0.0 for c in design.T])
    centred = np.where(np.isfinite(centred), centred, 0.0)
    norms = np.sqrt((centred**2).sum(axis=0))
    centred = centred[:, norms > 1e-12 * max(len(design), 1) ** 0.5] if design.size else centred
    d = centred.shape[1] if centred.ndim == 2 else 0
    if not d or size < 1:
        why = "no candidate varies" if not d else "a model of no candidate has no coefficient"
        return PostSelection(float("nan"), d, size, 0, 0, np.empty(0), why)
    # Every direction lies in the space of the candidates: there they are short vectors.
    coordinates = np.asarray(np.linalg.qr(centred / np.sqrt((centred**2).sum(axis=0)), mode="r"))
    size = min(size, d)
    directions = d * sum(comb(d - 1, others) for others in range(size))
    if directions > MOST_DIRECTIONS:
        critical = bound(directions, len(coordinates), 1 - level)
        return PostSelection(critical, d, size, directions, len(coordinates), np.empty(0))
    noise = np.random.default_rng(seed).normal(size=(draws, len(coordinates)))
    maxima = np.zeros(draws)
    for block in _directions(coordinates, size):
        np.maximum(maxima, np.abs(noise @ block).max(axis=1), out=maxima)
    return PostSelection(float(np.quantile(maxima, level)), d, size, directions, len(coordinates), maxima)


def _directions(coordinates: Array, size: int) -> Iterator[Array]:
    """Unit vectors of every coefficient of every model: each candidate less its projection on the model's others."""
    d = coordinates.shape[1]
    for others in range(size):
        for chosen in combinations(range(d), others):
            left = np.setdiff1d(np.arange(d), chosen)
            part = coordinates[:, left]
            if chosen:
                basis, _ = np.linalg.qr(coordinates[:, list(chosen)])
                part = part - basis @ (basis.T @ part)
            length = np.sqrt((part**2).sum(axis=0))
            # What the others explain wholly has no coefficient of its own.
            part, length = part[:, length > 1e-8], length[length > 1e-8]
            if part.shape[1]:
                yield part / length


def exceeds(t: float, directions: int, dimension: int) -> float:
    """How often the largest of so many ``|t|`` in a space of that dimension exceeds a value, at most."""
    from scipy.special import betaincc, chdtri, gammaln

    radius, step = np.linspace(1e-6, np.sqrt(chdtri(dimension, 1e-12)), 2000, retstep=True)
    log_density = (dimension - 1) * np.log(radius) - radius**2 / 2 - (dimension / 2 - 1) * np.log(2)
    density = np.exp(log_density - gammaln(dimension / 2))
    share = np.minimum((t / radius) ** 2, 1.0)
    beyond = betaincc(0.5, (dimension - 1) / 2, share) if dimension > 1 else (share < 1) * 1.0
    return float(min((np.minimum(1.0, directions * beyond) * density).sum() * step, 1.0))


def bound(directions: int, dimension: int, alpha: float) -> float:
    """What the largest of so many ``|t|`` in a space of that dimension exceeds with a chance of at most ``alpha``."""
    from scipy.special import chdtri

    low, high = 0.0, float(np.sqrt(chdtri(dimension, 1e-12)))
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle, directions, dimension) > alpha else (low, middle)
    return high
