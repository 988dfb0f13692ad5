"""Multiple imputation by chained equations with predictive mean matching, and Rubin's rules.

What is suppressed or not returned is not missing at random: small and stretched authorities lack more. Each incomplete
column is regressed on all others; a missing value takes the observed value of one of the five rows whose prediction is
nearest to its own, under coefficients drawn anew, so that only values that occur are ever filled in. Estimates of the
filled-in sets are pooled, and what they differ by is counted in the error.

Sources: van Buuren & Groothuis-Oudshoorn (2011) *J. Stat. Software* 45(3); Rubin (1987); degrees of freedom, Barnard &
Rubin (1999) *Biometrika* 86:948.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array

DONORS = 5


@dataclass(frozen=True)
class Pooled:
    """An estimate pooled over imputed sets; ``missing_information``: the share of its variance that is due to gaps."""

    estimate: float
    se: float
    df: float
    p_value: float
    ci_low: float
    ci_high: float
    missing_information: float
    sets: int
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason


def impute(frame: pd.DataFrame, *, sets: int = 20, rounds: int = 10, seed: int = 0) -> list[pd.DataFrame]:
    """Completed copies of a frame of numbers; columns without any gap are as they were.

    A column with no observation, or one value only, helps no other and stays as it is. Rows keep their index.
    """
    values = frame.to_numpy(dtype=float)
    gaps = np.isnan(values)
    varied = [j for j in range(values.shape[1]) if (~gaps[:, j]).any() and np.ptp(values[~gaps[:, j], j]) > 0]
    todo = sorted((j for j in varied if gaps[:, j].any()), key=lambda j: int(gaps[:, j].sum()))
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(sets):
        filled = values.copy()
        for j in todo:
            observed = values[~gaps[:, j], j]
            filled[gaps[:, j], j] = rng.choice(observed, size=int(gaps[:, j].sum()))
        for _ in range(rounds if len(todo) > 1 else 1):
            for j in todo:
                others = [k for k in varied if k != j]
                filled[gaps[:, j], j] = _matched(filled[:, others], filled[:, j], gaps[:, j], rng)
        out.append(pd.DataFrame(filled, index=frame.index, columns=frame.columns))
    return out


def _matched(X: Array, y: Array, gap: Any, rng: np.random.Generator) -> Array:
    """Values for the gaps of y: those of donors near in prediction (type 1 matching: observed rows by the estimate,
    missing rows by the draw)."""
    centre, scale = X.mean(axis=0), X.std(axis=0)
    W = np.column_stack([np.ones(len(X)), (X - centre) / np.where(scale > 0, scale, 1.0)])
    seen, known = W[~gap], y[~gap]
    # A little ridge, as in mice, for predictors that nearly follow from one another.
    cross = seen.T @ seen
    inverse = np.linalg.inv(cross + 1e-5 * np.diag(np.diag(cross)))
    beta = inverse @ (seen.T @ known)
    df = max(len(known) - W.shape[1], 1)
    rest = known - seen @ beta
    sigma = np.sqrt(rest @ rest / rng.chisquare(df))
    root = np.linalg.cholesky((inverse + inverse.T) / 2)
    drawn = beta + sigma * (root @ rng.standard_normal(len(beta)))
    near = np.abs((seen @ beta)[None, :] - (W[gap] @ drawn)[:, None])
    near += 1e-12 * rng.random(near.shape)
    most = min(DONORS, len(known))
    donors = np.argpartition(near, most - 1, axis=1)[:, :most]
    donors = np.take_along_axis(donors, np.argsort(np.take_along_axis(near, donors, axis=1), axis=1), axis=1)
    chosen = donors[np.arange(len(donors)), rng.integers(donors.shape[1], size=len(donors))]
    return np.asarray(known[chosen])


def pool(estimates: Sequence[float], errors: Sequence[float], *, df_complete: float = np.inf) -> Pooled:
    """Rubin's rules over the sets' estimates and standard errors; ``df_complete``: degrees of freedom without gaps."""
    from scipy.special import stdtr, stdtrit

    q, u = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float) ** 2
    good = np.isfinite(q) & np.isfinite(u)
    m = int(good.sum())
    if m < 2:
        nan = float("nan")
        return Pooled(nan, nan, nan, nan, nan, nan, nan, m, f"{m} of {len(q)} imputed sets gave an estimate")
    q, u = q[good], u[good]
    within, between = float(u.mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total if total > 0 else 0.0
    df = (m - 1) / share**2 if share > 0 else np.inf
    if np.isfinite(df_complete):
        observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
        df = 1 / (1 / df + 1 / observed) if np.isfinite(df) else observed
    mean, se = float(q.mean()), float(np.sqrt(total))
    # Where nothing differs between sets, t is all but normal.
    df = float(min(df, 1e6))
    half = float(stdtrit(df, 0.975)) * se
    p = float(2 * stdtr(df, -abs(mean / se))) if se > 0 else float("nan")
    return Pooled(mean, se, df, p, mean - half, mean + half, float(share), m)
