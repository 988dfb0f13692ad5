"""Spearman's rank correlation by pairwise deletion, in matrices, and its persistence over years.

Sources: scipy's Spearman's rho with the t approximation for its p-value, as SPSS prints it; interval by Fisher's z
with the variance of Bonett & Wright (2000) *Psychometrika* 65:23. The persistence filter is that of Hood, Grant, Jones
& Goldacre, "A study of performance indicators and Ofsted ratings in English child protection services": a pair counts
only where it is significant in several years, with one sign.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array
from analysis.estimators._format import number, table
from analysis.estimators.multiplicity import benjamini_hochberg

# The t approximation, and any talk of association, needs at least this many pairs.
FEWEST_PAIRS = 4


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho of one pair: n complete pairs, two-sided p, 95% interval; NaN with a reason where undefined."""

    n: int
    rho: float = float("nan")
    p_value: float = float("nan")
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def summary(self) -> str:
        """One line."""
        if self.reason:
            return f"Spearman's rho not computed (n = {self.n}): {self.reason}"
        return (
            f"Spearman's rho = {number(self.rho, 3)} ({number(self.ci_low, 3)} to {number(self.ci_high, 3)}), "
            f"p = {number(self.p_value, 3)}, n = {self.n}"
        )


def spearman(x: Any, y: Any) -> RankCorrelation:
    """Spearman's rho of two variables of length n, ties averaged, pairs with a gap left out.

    Raises ValueError where the lengths differ.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if a.shape != b.shape:
        raise ValueError("x and y must have the same length")
    both = np.isfinite(a) & np.isfinite(b)
    n = int(both.sum())

    def no(reason: str) -> RankCorrelation:
        return RankCorrelation(n, reason=reason)

    if n < FEWEST_PAIRS:
        return no(f"{n} complete pairs, fewer than {FEWEST_PAIRS}")
    a, b = a[both], b[both]
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return no("a variable does not vary")
    from scipy.stats import spearmanr

    found = spearmanr(a, b)
    rho = float(np.clip(found.statistic, -1.0, 1.0))
    if abs(rho) > 1 - 1e-12:
        rho = float(np.sign(rho))
        return RankCorrelation(n, rho, 0.0, rho, rho)
    half = 1.959963984540054 * np.sqrt((1 + rho**2 / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(rho) + np.array([-half, half]))
    return RankCorrelation(n, rho, float(found.pvalue), float(low), float(high))


@dataclass(frozen=True, eq=False)
class CorrelationTable:
    """Rank correlations of many pairs; one row per pair: first, second, rho, p_value, p_adjusted, n, interval, reason.

    p_adjusted is Benjamini-Hochberg over the pairs of this table that could be computed.
    """

    pairs: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """One row per pair."""
        return self.pairs.copy()

    def matrix(self, of: str = "rho") -> pd.DataFrame:
        """The pairs as a symmetric square (of rho, p_value, n, ...), NaN where a pair was not asked for."""
        names = list(dict.fromkeys([*self.pairs["first"], *self.pairs["second"]]))
        out = pd.DataFrame(np.nan, index=names, columns=names)
        for first, second, value in zip(self.pairs["first"], self.pairs["second"], self.pairs[of], strict=True):
            out.loc[first, second] = out.loc[second, first] = value
        return out

    def summary(self) -> str:
        """The pairs, the strongest first."""
        ordered = self.pairs.assign(size=self.pairs["rho"].abs()).sort_values("size", ascending=False)
        columns = ["first", "second", "rho", "p_value", "p_adjusted", "n", "reason"]
        return "Spearman's rank correlations (pairwise deletion)\n" + table(ordered, columns)


def _pairs(frame: pd.DataFrame, names: list[tuple[str, str]]) -> CorrelationTable:
    values = {name: frame[name].to_numpy(dtype=float, na_value=np.nan) for name in dict.fromkeys(sum(names, ()))}
    rows = []
    for first, second in names:
        one = spearman(values[first], values[second])
        rows.append(
            {
                "first": first,
                "second": second,
                "rho": one.rho,
                "p_value": one.p_value,
                "n": one.n,
                "ci_low": one.ci_low,
                "ci_high": one.ci_high,
                "reason": one.reason,
            }
        )
    columns = ["first", "second", "rho", "p_value", "n", "ci_low", "ci_high", "reason"]
    out = pd.DataFrame(rows, columns=columns)
    out.insert(4, "p_adjusted", benjamini_hochberg(out["p_value"].to_numpy(dtype=float)))
    return CorrelationTable(out)


def correlations_with(target: str, frame: pd.DataFrame) -> CorrelationTable:
    """The rank correlation of one column with every other column; raises KeyError where the target is not there."""
    if target not in frame.columns:
        raise KeyError(target)
    return _pairs(frame, [(target, str(name)) for name in frame.columns if name != target])


def correlation_matrix(frame: pd.DataFrame) -> CorrelationTable:
    """The rank correlations of all pairs of columns."""
    return _pairs(frame, [(str(a), str(b)) for a, b in combinations(frame.columns, 2)])


@dataclass(frozen=True, eq=False)
class PersistentCorrelations:
    """Pairs over years. ``pairs``: one row per pair, with the years it was computed in, the years it was significant
    in with the majority sign, the range of rho over those, and whether it persists; ``by_year``: every rho."""

    pairs: pd.DataFrame
    by_year: pd.DataFrame
    alpha: float

    @property
    def persistent(self) -> pd.DataFrame:
        """The pairs that passed the filter."""
        return self.pairs[self.pairs["persists"]].reset_index(drop=True)

    def frame(self) -> pd.DataFrame:
        """One row per pair."""
        return self.pairs.copy()

    def summary(self) -> str:
        """How many pairs persist, and which."""
        head = f"{len(self.persistent)} of {len(self.pairs)} pairs persist (p < {self.alpha})"
        columns = ["first", "second", "sign", "years_significant", "years_needed", "rho_low", "rho_high"]
        return head + ("\n" + table(self.persistent, columns) if len(self.persistent) else "")


def persistent_correlations(
    by_year: Mapping[int, pd.DataFrame],
    *,
    alpha: float = 0.05,
    years_needed: int | Callable[[str, str], int] = 3,
) -> PersistentCorrelations:
    """Pairs of columns significantly correlated, with one sign, in enough years.

    ``by_year`` maps a year to a frame with one row per authority and one column per indicator; a column may be absent
    in some years. ``years_needed`` is a number, or a function of the pair (two for the workforce measures, say). Years
    that are significant with the other sign do not count, and a pair with both signs says so in ``conflicting_years``.
    """
    tables = []
    for year, frame in sorted(by_year.items()):
        one = correlation_matrix(frame).frame()
        one.insert(0, "year", year)
        tables.append(one)
    everything = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
    found: dict[tuple[str, str], dict[int, tuple[float, float]]] = {}
    if len(everything):
        columns_used = (everything[name].tolist() for name in ("year", "first", "second", "rho", "p_value"))
        for year, one, other, rho, p in zip(*columns_used, strict=True):
            first, second = sorted((one, other))
            found.setdefault((first, second), {})[year] = (rho, p)
    rows = []
    for (first, second), years in found.items():
        significant = {year: rho for year, (rho, p) in years.items() if np.isfinite(p) and p < alpha}
        positive = [year for year, rho in significant.items() if rho > 0]
        negative = [year for year, rho in significant.items() if rho < 0]
        leading = positive if len(positive) >= len(negative) else negative
        needed = years_needed if isinstance(years_needed, int) else years_needed(first, second)
        rhos: Array = np.array([significant[year] for year in leading])
        rows.append(
            {
                "first": first,
                "second": second,
                "sign": "" if not leading else ("+" if leading is positive else "-"),
                "years_computed": sum(np.isfinite(rho) for rho, _p in years.values()),
                "years_significant": len(leading),
                "conflicting_years": len(significant) - len(leading),
                "years_needed": needed,
                "rho_low": rhos.min() if len(rhos) else np.nan,
                "rho_high": rhos.max() if len(rhos) else np.nan,
                "persists": len(leading) >= needed,
            }
        )
    columns = [
        "first",
        "second",
        "sign",
        "years_computed",
        "years_significant",
        "conflicting_years",
        "years_needed",
        "rho_low",
        "rho_high",
        "persists",
    ]
    return PersistentCorrelations(pd.DataFrame(rows, columns=columns).astype({"persists": bool}), everything, alpha)
