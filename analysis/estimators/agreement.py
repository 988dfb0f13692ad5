"""Agreement between coders: Cohen's kappa for two, Krippendorff's alpha for any number and with gaps.

Intervals are those of large samples, or of a bootstrap over clusters (the items of one report are alike).

Kappa (Cohen 1960; standard errors of Fleiss, Cohen & Everitt 1969) is statsmodels'. Alpha (Krippendorff 2011,
*Computing Krippendorff's Alpha-Reliability*) is ours: the one kept library for it is under the GPL, we are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array
from analysis.estimators._format import number, table
from analysis.estimators.cluster_bootstrap import codes as codes_of
from analysis.estimators.cluster_bootstrap import interval, multiplicities, sums

Level = Literal["nominal", "ordinal", "interval"]


@dataclass(frozen=True, eq=False)
class Kappa:
    """Cohen's kappa: value, standard error and 95% interval, p against chance, raw and chance agreement, n, counts.

    prevalence_adjusted: ``2 * observed - 1`` (two categories; Byrt, Bishop & Carlin 1993), which does not collapse
    where a code is rare.
    """

    n: int
    counts: pd.DataFrame
    observed: float = float("nan")
    expected: float = float("nan")
    prevalence_adjusted: float = float("nan")
    kappa: float = float("nan")
    se: float = float("nan")
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    p_value: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def frame(self) -> pd.DataFrame:
        """The counts, first coder down, second across."""
        return self.counts.copy()

    def summary(self) -> str:
        """One line."""
        if self.reason:
            return f"Cohen's kappa not defined (n = {self.n}, agreement {number(self.observed, 3)}): {self.reason}"
        return (
            f"Cohen's kappa {number(self.kappa, 3)} ({number(self.ci_low, 3)} to {number(self.ci_high, 3)}), "
            f"agreement {number(self.observed, 3)}, n = {self.n}"
        )


def _missing(value: Any) -> bool:
    return bool(pd.isna(value))


def cohen_kappa(first: Any, second: Any, *, categories: Sequence[Any] | None = None) -> Kappa:
    """Unweighted kappa of two coders over the same items; items that either left uncoded (None, NaN) are left out.

    Undefined, with a reason, where both coders used one category throughout. Raises ValueError on unequal lengths.
    """
    a, b = np.asarray(first, dtype=object), np.asarray(second, dtype=object)
    if len(a) != len(b):
        raise ValueError("both coders must have coded the same items")
    pairs = [(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True) if not _missing(x) and not _missing(y)]
    names = sorted({value for pair in pairs for value in pair}) if categories is None else list(categories)
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)))
    for x, y in pairs:
        counts[place[x], place[y]] += 1
    shown = pd.DataFrame(counts.astype(int), index=names, columns=names)
    n = len(pairs)
    if not n:
        return Kappa(0, shown, reason="no item was coded by both")
    share = counts / n
    observed, expected = float(np.trace(share)), float(share.sum(axis=1) @ share.sum(axis=0))
    adjusted = 2 * observed - 1
    if expected >= 1 - 1e-12:
        reason = "both coders used a single category: agreement by chance is certain"
        return Kappa(n, shown, observed, expected, adjusted, reason=reason)
    from statsmodels.stats.inter_rater import cohens_kappa

    with np.errstate(invalid="ignore", divide="ignore"):  # errors of zero where all agree
        found = cohens_kappa(counts)
    se = float(np.nan_to_num(found.std_kappa))
    return Kappa(
        n=n,
        counts=shown,
        observed=observed,
        expected=expected,
        prevalence_adjusted=adjusted,
        kappa=float(found.kappa),
        se=se,
        ci_low=float(max(found.kappa - 1.959963984540054 * se, -1.0)),
        ci_high=float(min(found.kappa + 1.959963984540054 * se, 1.0)),
        p_value=float(found.pvalue_two_sided) if found.std_kappa0 > 0 else float("nan"),
    )


@dataclass(frozen=True, eq=False)
class KappaByTheme:
    """Kappa for every theme (present or not) and pooled over all decisions."""

    themes: pd.DataFrame
    pooled: Kappa

    def frame(self) -> pd.DataFrame:
        """One row per theme: kappa, interval, agreement, how often each coder used it, n, reason."""
        return self.themes.copy()

    def summary(self) -> str:
        """Pooled kappa, then the themes."""
        return "Pooled: " + self.pooled.summary() + "\n" + table(self.themes)


def kappa_by_theme(
    first: pd.DataFrame, second: pd.DataFrame, *, clusters: Any = None, draws: int = 0, seed: int = 0
) -> KappaByTheme:
    """Kappa of two coders' item × theme indicators (0, 1, NaN), same index and columns.

    Pooled kappa treats every item-theme decision as one. With ``draws`` the intervals are percentiles of a bootstrap
    over ``clusters`` (a label for each row; every row its own when None), missing where too few draws define kappa.
    Raises ValueError where the frames do not match.
    """
    if not first.index.equals(second.index) or list(first.columns) != list(second.columns):
        raise ValueError("both coders need the same items and themes")
    ones, twos = first.to_numpy(dtype=float), second.to_numpy(dtype=float)
    pooled = cohen_kappa(ones.ravel(), twos.ravel(), categories=[0.0, 1.0])
    found = [cohen_kappa(ones[:, j], twos[:, j], categories=[0.0, 1.0]) for j in range(ones.shape[1])]
    if draws and len(first):
        low, high = _kappa_intervals(ones, twos, range(len(first)) if clusters is None else clusters, draws, seed)
        bounds = list(zip(low.tolist(), high.tolist(), strict=True))
        found = [
            k if k.reason else replace(k, ci_low=lo, ci_high=hi) for k, (lo, hi) in zip(found, bounds[:-1], strict=True)
        ]
        pooled = pooled if pooled.reason else replace(pooled, ci_low=bounds[-1][0], ci_high=bounds[-1][1])
    rows = [
        {
            "theme": theme,
            "kappa": one.kappa,
            "ci_low": one.ci_low,
            "ci_high": one.ci_high,
            "agreement": one.observed,
            "used_by_first": int(np.nansum(ones[:, j])),
            "used_by_second": int(np.nansum(twos[:, j])),
            "n": one.n,
            "reason": one.reason,
        }
        for j, (theme, one) in enumerate(zip(first.columns, found, strict=True))
    ]
    return KappaByTheme(pd.DataFrame(rows), pooled)


def _kappa_intervals(first: Array, second: Array, clusters: Any, draws: int, seed: int) -> tuple[Array, Array]:
    """Bootstrap intervals of kappa by column, and of all columns together as the last."""
    of, n = codes_of(clusters)
    both = np.isfinite(first) & np.isfinite(second)
    drawn = multiplicities(n, draws, seed)

    def counted(cells: Any) -> Array:
        by_column = drawn @ sums((cells & both).astype(float), of, n)
        return np.column_stack([by_column, by_column.sum(axis=1)])

    yes, neither = counted((first == 1) & (second == 1)), counted((first == 0) & (second == 0))
    mine, theirs = counted(first == 1), counted(second == 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = counted(both)
        observed = (yes + neither) / size
        expected = (mine * theirs + (size - mine) * (size - theirs)) / size**2
        return interval(np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan))


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha with a bootstrap interval over units; units: those with two or more codes."""

    level: str
    n_units: int
    n_values: int
    n_coders: int
    alpha: float = float("nan")
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    observed_disagreement: float = float("nan")
    expected_disagreement: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def summary(self) -> str:
        """One line."""
        if self.reason:
            return f"Krippendorff's alpha not defined ({self.n_units} units): {self.reason}"
        return (
            f"Krippendorff's alpha {number(self.alpha, 3)} ({number(self.ci_low, 3)} to {number(self.ci_high, 3)}), "
            f"{self.level}, {self.n_units} units, {self.n_coders} coders"
        )


def krippendorff_alpha(
    codes: Any, *, level: Level = "nominal", draws: int = 0, seed: int = 0, clusters: Any = None
) -> Alpha:
    """Krippendorff's alpha of a coders × units table (frame or nested list); None or NaN where a coder gave no code.

    Values are numbers for ``ordinal`` and ``interval``, anything for ``nominal``. ``draws`` > 0 gives a percentile
    bootstrap interval over units, or over ``clusters`` of them (a label for each unit). Raises ValueError for another
    level.
    """
    if level not in ("nominal", "ordinal", "interval"):
        raise ValueError(f"level must be nominal, ordinal or interval, not {level!r}")
    cells = codes.to_numpy(dtype=object) if isinstance(codes, pd.DataFrame) else np.asarray(codes, dtype=object)
    values = sorted({value for value in cells.ravel().tolist() if not _missing(value)})
    counts = np.column_stack([(cells == value).sum(axis=0) for value in values] or [np.zeros(cells.shape[1])])
    kept = counts.sum(axis=1) >= 2
    counts = counts[kept].astype(float)
    n_units, n_values, n_coders = len(counts), int(counts.sum()), len(cells)

    size = (level, n_units, n_values, n_coders)
    if not n_units:
        return Alpha(*size, reason="no unit has two codes")
    if (counts.sum(axis=0) > 0).sum() < 2:
        reason = "every code is the same: there is no variation to agree on"
        return Alpha(*size, observed_disagreement=0.0, reason=reason)
    by_unit = _coincidences(counts)
    observed, expected = _disagreement(by_unit.sum(axis=0), values, level)
    low = high = float("nan")
    if draws:
        of, n = codes_of(range(n_units) if clusters is None else np.asarray(clusters, dtype=object)[kept].tolist())
        drawn = np.einsum("dn,ncv->dcv", multiplicities(n, draws, seed), sums(by_unit, of, n))
        # Draws of units that all carry one code have no variation to agree on.
        varied = drawn[(drawn.sum(axis=2) > 0).sum(axis=1) > 1]
        if level == "nominal":
            totals = varied.sum(axis=2)
            size_of = totals.sum(axis=1)
            apart = (size_of - np.trace(varied, axis1=1, axis2=2)) / size_of
            chance = (size_of**2 - (totals**2).sum(axis=1)) / (size_of * (size_of - 1))
            found = 1 - apart / chance
        else:
            found = np.array([1 - o / e for o, e in (_disagreement(c, values, level) for c in varied)])
        low, high = np.quantile(found, [0.025, 0.975]) if len(found) else (low, high)
    return Alpha(
        *size,
        alpha=1 - observed / expected,
        ci_low=float(low),
        ci_high=float(high),
        observed_disagreement=observed,
        expected_disagreement=expected,
    )


def _coincidences(counts: Array) -> Array:
    """Matrix of coincidences of each unit, from the units × values counts."""
    weights = 1.0 / (counts.sum(axis=1) - 1)
    pairs = counts[:, :, None] * counts[:, None, :] - np.eye(counts.shape[1]) * counts[:, :, None]
    found: Array = weights[:, None, None] * pairs
    return found


def _disagreement(coincidence: Array, values: Sequence[Any], level: Level) -> tuple[float, float]:
    """Observed and expected disagreement from the matrix of coincidences."""
    totals = coincidence.sum(axis=1)
    n = totals.sum()
    if level == "nominal":
        distance = 1.0 - np.eye(len(values))
    elif level == "interval":
        grid = np.asarray(values, dtype=float)
        distance = (grid[:, None] - grid) ** 2
    else:
        running = np.cumsum(totals)
        middle = running - totals / 2
        distance = (middle[:, None] - middle) ** 2
    expected = (np.outer(totals, totals) * distance).sum() / (n * (n - 1))
    return float((coincidence * distance).sum() / n), float(expected)
