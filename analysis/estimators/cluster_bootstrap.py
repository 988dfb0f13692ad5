"""Bootstrap over clusters: whole clusters are drawn again, because what lies in one (a report's items) is alike.

A statistic that is made of sums over clusters needs no loop: a draw is a vector of how often each cluster came, and all
draws of all columns are one product of matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.estimators._arrays import Array, IntArray

#: Draws that an interval rests on where nobody asks for another number.
DRAWS = 2000
#: Shares of draws below and above a 95% interval.
_TAILS = (0.025, 0.975)
#: An interval is given where the statistic is defined in so many of the draws.
_DEFINED = 0.8


def codes(clusters: Any) -> tuple[IntArray, int]:
    """Clusters as whole numbers from 0, in the order of their sorted labels, and how many there are."""
    labels = {label: i for i, label in enumerate(sorted(set(clusters)))}
    return np.array([labels[label] for label in clusters], dtype=np.intp), len(labels)


def sums(values: Array, of: IntArray, n: int) -> Array:
    """Sums of rows by cluster: ``(rows, ...)`` to ``(n, ...)``; values are finite."""
    out = np.zeros((n, *values.shape[1:]))
    np.add.at(out, of, values)
    return out


def multiplicities(n: int, draws: int, seed: int) -> Array:
    """How often each of n clusters comes in each draw: ``(draws, n)``; the same for the same n, draws and seed."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=draws).astype(float)


def interval(statistics: Array) -> tuple[Array, Array]:
    """95% percentile interval of each column of ``(draws, columns)``; NaN where most draws do not define it."""
    known = np.isfinite(statistics)
    enough = known.mean(axis=0) >= _DEFINED
    low, high = np.full(statistics.shape[1], np.nan), np.full(statistics.shape[1], np.nan)
    if enough.any():
        low[enough], high[enough] = np.nanquantile(np.where(known, statistics, np.nan)[:, enough], _TAILS, axis=0)
    return low, high


def ratio_intervals(part: Array, whole: Array, *, draws: int = DRAWS, seed: int = 0) -> tuple[Array, Array]:
    """95% intervals of shares ``sum(part) / sum(whole)`` over clusters.

    Args:
        part: ``(clusters, columns)``, what has the property.
        whole: ``(clusters,)``, what could have it.
        draws: bootstrap draws.
        seed: of the draws.

    Returns:
        Lower and upper ends by column, 0 to 1. Where no cluster or every one has the property throughout, resampling
        shows no variation; the open end is then that of Clopper and Pearson with one observation a cluster.
    """
    n = len(whole)
    if not n or whole.sum() == 0:
        return np.full(part.shape[1], np.nan), np.full(part.shape[1], np.nan)
    drawn = multiplicities(n, draws, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = interval((drawn @ part) / (drawn @ whole)[:, None])
    least = _TAILS[0] ** (1.0 / n)
    none, all_ = part.sum(axis=0) == 0, part.sum(axis=0) == whole.sum()
    return np.where(none, 0.0, np.where(all_, least, low)), np.where(all_, 1.0, np.where(none, 1.0 - least, high))
