"""Many tests at once: adjusted p-values for a family."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.estimators._arrays import Array


def benjamini_hochberg(p_values: Any) -> Array:
    """Adjusted p-values that control the false discovery rate; NaN stays NaN and does not count in the family.

    Benjamini & Hochberg (1995) *JRSS B* 57:289. Raises ValueError for a p-value outside [0, 1].
    """
    p = np.asarray(p_values, dtype=float)
    _check(p)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if not len(known):
        return out
    m = len(known)
    order = known[np.argsort(p[known], kind="stable")[::-1]]
    out[order] = np.minimum(1.0, np.minimum.accumulate(p[order] * m / np.arange(m, 0, -1)))
    return out


def bonferroni(p_values: Any) -> Array:
    """p-values times the number of tests in the family, at most 1; NaN stays NaN and does not count."""
    p = np.asarray(p_values, dtype=float)
    _check(p)
    return np.minimum(1.0, p * np.isfinite(p).sum())


def holm(p_values: Any) -> Array:
    """Holm's step-down p-values (1979, *Scand. J. Statist.* 6:65): as strict as Bonferroni, never less powerful."""
    p = np.asarray(p_values, dtype=float)
    _check(p)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    if len(known):
        order = known[np.argsort(p[known], kind="stable")]
        out[order] = np.minimum(1.0, np.maximum.accumulate(p[order] * np.arange(len(known), 0, -1)))
    return out


def _check(p: Array) -> None:
    known = p[np.isfinite(p)]
    if ((known < 0) | (known > 1)).any():
        raise ValueError("p-values lie between 0 and 1")
