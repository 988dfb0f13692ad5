"""Many tests at once: adjusted p-values for a family (statsmodels' ``multipletests``, with gaps)."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.estimators._arrays import Array


def benjamini_hochberg(p_values: Any) -> Array:
    """Adjusted p-values that control the false discovery rate; NaN stays NaN and does not count in the family.

    Benjamini & Hochberg (1995) *JRSS B* 57:289. Raises ValueError for a p-value outside [0, 1].
    """
    return _adjusted(p_values, "fdr_bh")


def bonferroni(p_values: Any) -> Array:
    """p-values times the number of tests in the family, at most 1; NaN stays NaN and does not count."""
    return _adjusted(p_values, "bonferroni")


def holm(p_values: Any) -> Array:
    """Holm's step-down p-values (1979, *Scand. J. Statist.* 6:65): as strict as Bonferroni, never less powerful."""
    return _adjusted(p_values, "holm")


def _adjusted(p_values: Any, method: str) -> Array:
    p = np.asarray(p_values, dtype=float)
    known = np.isfinite(p)
    if ((p[known] < 0) | (p[known] > 1)).any():
        raise ValueError("p-values lie between 0 and 1")
    out = np.full(p.shape, np.nan)
    if known.any():
        from statsmodels.stats.multitest import multipletests

        out[known] = multipletests(p[known], method=method)[1]
    return out
