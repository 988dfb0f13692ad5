"""Groups side by side: descriptions, overlap of ranges, t-tests, analysis of variance, pairwise tests, cross-tabs.

The tests are scipy's: Student's and Welch's t, one-way ANOVA, chi-square, Cramer's V, Fisher's exact test. Pairs after
an ANOVA are ours on scipy's studentised range (Tukey 1953, Kramer 1956): its ``tukey_hsd`` refuses a group of one.
Cells of one observation take part in means and in the pooled variance's degrees of freedom as they must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.estimators._arrays import Array
from analysis.estimators._format import number, table


def _by_group(values: Any, groups: Any, order: Sequence[Any] | None) -> dict[Any, Array]:
    """The finite values of each group, in ``order`` (then groups may be empty) or in sorted order."""
    value, label = np.asarray(values, dtype=float), np.asarray(groups, dtype=object)
    names = sorted(pd.unique(label[pd.notna(label)])) if order is None else list(order)
    known = np.isfinite(value)
    return {name: value[known & np.asarray(label == name, dtype=bool)] for name in names}


def describe_groups(values: Any, groups: Any, *, order: Sequence[Any] | None = None) -> pd.DataFrame:
    """One row per group and one for all: n, missing, mean, sd, median, quartiles, iqr, min, max.

    sd with n - 1, NaN for a single value; quartiles by linear interpolation. An empty group has n = 0 and NaN.
    """
    value = np.asarray(values, dtype=float)
    label = np.asarray(groups, dtype=object)
    parts: dict[Any, Array] = _by_group(value, label, order)
    everything = np.concatenate(list(parts.values())) if parts else np.zeros(0)
    rows = []
    for name, part in [*parts.items(), ("all", everything)]:
        belongs = pd.notna(label) if name == "all" and name not in parts else label == name
        n = len(part)
        q1, median, q3 = np.quantile(part, [0.25, 0.5, 0.75]) if n else (np.nan,) * 3
        rows.append(
            {
                "group": name,
                "n": n,
                "missing": int((belongs & ~np.isfinite(value)).sum()),
                "mean": part.mean() if n else np.nan,
                "sd": part.std(ddof=1) if n > 1 else np.nan,
                "median": median,
                "q1": q1,
                "q3": q3,
                "iqr": q3 - q1,
                "min": part.min() if n else np.nan,
                "max": part.max() if n else np.nan,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class RangeOverlap:
    """How far the ranges of two groups overlap.

    low, high: the common stretch (NaN if there is none); share: its length over the length of both ranges together;
    inside_first, inside_second: shares of each group's values that lie in it; superiority: probability that a random
    member of the first exceeds one of the second, ties half (0.5 = no difference; Vargha & Delaney 2000).
    """

    n_first: int
    n_second: int
    low: float = float("nan")
    high: float = float("nan")
    share: float = float("nan")
    inside_first: float = float("nan")
    inside_second: float = float("nan")
    superiority: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def summary(self) -> str:
        """One line."""
        if self.reason:
            return f"Overlap of ranges not computed: {self.reason}"
        return (
            f"Ranges overlap on {number(100 * self.share, 3)}% of their union; it holds "
            f"{number(100 * self.inside_first, 3)}% and {number(100 * self.inside_second, 3)}% of the two groups"
        )


def range_overlap(first: Any, second: Any) -> RangeOverlap:
    """Overlap of the ranges (minimum to maximum) of two samples; missing values left out."""
    a, b = (np.asarray(v, dtype=float) for v in (first, second))
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if not len(a) or not len(b):
        return RangeOverlap(len(a), len(b), reason="a group is empty")
    low, high = max(a.min(), b.min()), min(a.max(), b.max())
    above = (a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean()
    whole = max(a.max(), b.max()) - min(a.min(), b.min())
    if low > high:
        return RangeOverlap(len(a), len(b), share=0.0, inside_first=0.0, inside_second=0.0, superiority=float(above))
    return RangeOverlap(
        n_first=len(a),
        n_second=len(b),
        low=float(low),
        high=float(high),
        share=float((high - low) / whole) if whole > 0 else 1.0,
        inside_first=float(((a >= low) & (a <= high)).mean()),
        inside_second=float(((b >= low) & (b <= high)).mean()),
        superiority=float(above),
    )


@dataclass(frozen=True)
class TTest:
    """Two-sample t-test: t for first minus second, degrees of freedom, two-sided p, difference with 95% interval,
    Cohen's d (pooled standard deviation)."""

    variance: str
    difference: float
    mean_first: float
    mean_second: float
    n_first: int
    n_second: int
    t: float = float("nan")
    df: float = float("nan")
    p_value: float = float("nan")
    ci_low: float = float("nan")
    ci_high: float = float("nan")
    cohens_d: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def summary(self) -> str:
        """One line."""
        if self.reason:
            return f"t-test not computed ({self.n_first} and {self.n_second} values): {self.reason}"
        return (
            f"t({number(self.df)}) = {number(self.t, 3)}, p = {number(self.p_value, 3)} ({self.variance} variance); "
            f"difference {number(self.difference)} ({number(self.ci_low)} to {number(self.ci_high)}), "
            f"d = {number(self.cohens_d, 3)}"
        )


def t_test(first: Any, second: Any, *, variance: Literal["pooled", "welch"] = "pooled") -> TTest:
    """Two-sample t-test of first minus second; missing values left out.

    Raises ValueError for another ``variance``.
    """
    if variance not in ("pooled", "welch"):
        raise ValueError(f"variance must be pooled or welch, not {variance!r}")
    a, b = (np.asarray(v, dtype=float) for v in (first, second))
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    n, m = len(a), len(b)
    mean_a, mean_b = (float(v.mean()) if len(v) else np.nan for v in (a, b))

    def no(reason: str) -> TTest:
        return TTest(variance, mean_a - mean_b, mean_a, mean_b, n, m, reason=reason)

    if not n or not m:
        return no("a group is empty")
    if n + m < 3 or (variance == "welch" and min(n, m) < 2):
        return no("too few values for a variance")
    var_a, var_b = (float(v.var(ddof=1)) if len(v) > 1 else 0.0 for v in (a, b))
    if not var_a + var_b > 0:
        return no("the values do not vary within the groups")
    from scipy.stats import ttest_ind

    found = ttest_ind(a, b, equal_var=variance == "pooled")
    interval = found.confidence_interval()
    pooled = ((n - 1) * var_a + (m - 1) * var_b) / (n + m - 2)
    return TTest(
        variance=variance,
        difference=mean_a - mean_b,
        mean_first=mean_a,
        mean_second=mean_b,
        n_first=n,
        n_second=m,
        t=float(found.statistic),
        df=float(found.df),
        p_value=float(found.pvalue),
        ci_low=float(interval.low),
        ci_high=float(interval.high),
        cohens_d=(mean_a - mean_b) / np.sqrt(pooled),
    )


@dataclass(frozen=True, eq=False)
class Anova:
    """One-way analysis of variance with its pairwise comparisons.

    F on (df_between, df_within); eta_squared: share of the sum of squares between groups; ``pairs``: one row per pair
    of groups: difference of means, t, p unadjusted, p by Tukey-Kramer with its 95% interval, p by Bonferroni.
    """

    df_between: int
    df_within: int
    n: int
    groups: pd.DataFrame
    pairs: pd.DataFrame
    F: float = float("nan")
    p_value: float = float("nan")
    eta_squared: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def frame(self) -> pd.DataFrame:
        """One row per pair of groups."""
        return self.pairs.copy()

    def summary(self) -> str:
        """The test, the groups and the pairs."""
        groups = table(self.groups, ["group", "n", "mean", "sd"])
        if self.reason:
            return f"ANOVA not computed (n = {self.n}): {self.reason}\n{groups}"
        head = (
            f"F({self.df_between}, {self.df_within}) = {number(self.F)}, p = {number(self.p_value, 3)}, "
            f"eta squared {number(self.eta_squared, 3)}"
        )
        return "\n".join([head, groups, table(self.pairs)])


_PAIR_COLUMNS = ["first", "second", "difference", "t", "p_value", "p_tukey", "tukey_low", "tukey_high", "p_bonferroni"]


def anova(values: Any, groups: Any, *, order: Sequence[Any] | None = None) -> Anova:
    """One-way ANOVA of values between groups, Tukey-Kramer and Bonferroni for the pairs.

    Missing values and empty groups are left out (the groups' table still lists them); a group of one value counts.
    """
    described = describe_groups(values, groups, order=order)
    parts = {name: part for name, part in _by_group(values, groups, order).items() if len(part)}
    n, k = sum(map(len, parts.values())), len(parts)

    def no(reason: str) -> Anova:
        return Anova(max(k - 1, 0), max(n - k, 0), n, described, pd.DataFrame(columns=_PAIR_COLUMNS), reason=reason)

    if k < 2:
        return no("fewer than two groups have values")
    if n <= k:
        return no("every group holds a single value: there is no variance within groups")
    everything = np.concatenate(list(parts.values()))
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in parts.values())
    if within <= 1e-14 * max(float((everything**2).sum()), 1e-300):
        return no("the values do not vary within the groups")
    from scipy.stats import f_oneway

    found = f_oneway(*parts.values())
    return Anova(
        df_between=k - 1,
        df_within=n - k,
        n=n,
        groups=described,
        pairs=_pairs(parts, within / (n - k), n - k),
        F=float(found.statistic),
        p_value=float(found.pvalue),
        eta_squared=1 - within / float(((everything - everything.mean()) ** 2).sum()),
    )


@cache
def _critical_range(k: int, df: int) -> float:
    """The 95% point of the studentised range of k groups, to scipy's last digits.

    Each evaluation is a double integral: from statsmodels' approximation, four digits near, five do instead of the
    fifteen of scipy's own search.
    """
    from scipy.optimize import root_scalar
    from scipy.stats import studentized_range
    from statsmodels.stats.libqsturng import qsturng

    start = float(qsturng(0.95, k, df))
    found = root_scalar(
        lambda q: float(studentized_range.cdf(q, k, df)) - 0.95,
        x0=start,
        x1=start * 1.0005,
        method="secant",
        xtol=1e-13,
        rtol=1e-13,
    )
    return float(found.root) if found.converged else float(studentized_range.ppf(0.95, k, df))


def _pairs(parts: dict[Any, Array], error: float, df: int) -> pd.DataFrame:
    """Every pair of groups: t on the pooled variance ``error`` with ``df``, Tukey-Kramer and Bonferroni."""
    from scipy.special import stdtr
    from scipy.stats import studentized_range

    k, pairs = len(parts), list(combinations(parts, 2))
    critical = _critical_range(k, df)
    rows = []
    for first, second in pairs:
        a, b = parts[first], parts[second]
        difference = float(a.mean() - b.mean())
        se = float(np.sqrt(error * (1 / len(a) + 1 / len(b))))
        t = difference / se
        p = float(2 * stdtr(df, -abs(t)))
        half = critical * se / np.sqrt(2)
        p_tukey = p if k == 2 else float(studentized_range.sf(abs(t) * np.sqrt(2), k, df))
        rows.append(
            {
                "first": first,
                "second": second,
                "difference": difference,
                "t": t,
                "p_value": p,
                "p_tukey": min(max(p_tukey, 0.0), 1.0),
                "tukey_low": difference - half,
                "tukey_high": difference + half,
                "p_bonferroni": min(1.0, p * len(pairs)),
            }
        )
    return pd.DataFrame(rows, columns=_PAIR_COLUMNS)


@dataclass(frozen=True, eq=False)
class CrossTab:
    """Counts of two classifications, with chi-square of independence and Cramer's V.

    counts: rows × columns; chi2 with df and p; fisher_p: exact for a 2 × 2 table, else NaN; smallest_expected: below
    five, chi-square is rough.
    """

    counts: pd.DataFrame
    n: int
    chi2: float = float("nan")
    df: int = 0
    p_value: float = float("nan")
    cramers_v: float = float("nan")
    fisher_p: float = float("nan")
    smallest_expected: float = float("nan")
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason

    def row_percent(self) -> pd.DataFrame:
        """Percentages within each row; NaN for an empty row."""
        total = self.counts.sum(axis=1).replace(0, np.nan)
        return 100 * self.counts.div(total, axis=0)

    def column_percent(self) -> pd.DataFrame:
        """Percentages within each column; NaN for an empty column."""
        return 100 * self.counts.div(self.counts.sum(axis=0).replace(0, np.nan), axis=1)

    def frame(self) -> pd.DataFrame:
        """One row per cell: row, column, count."""
        labelled = self.counts.rename_axis(index="row", columns=None).reset_index()
        return labelled.melt(id_vars="row", var_name="column", value_name="count")

    def summary(self) -> str:
        """The counts and the test."""
        shown = table(self.counts.rename_axis(index="", columns=None).reset_index())
        if self.reason:
            return f"{shown}\n  chi-square not computed: {self.reason}"
        line = (
            f"  chi2({self.df}) = {number(self.chi2)}, p = {number(self.p_value, 3)}, V = {number(self.cramers_v, 3)}"
        )
        if self.smallest_expected < 5:
            line += f"; smallest expected count {number(self.smallest_expected, 3)}"
        return f"{shown}\n{line}"


def cross_tab(
    rows: Any, columns: Any, *, row_order: Sequence[Any] | None = None, column_order: Sequence[Any] | None = None
) -> CrossTab:
    """Cross-tabulate two classifications of the same units; units missing either are left out."""
    frame = pd.DataFrame({"row": np.asarray(rows, dtype=object), "column": np.asarray(columns, dtype=object)}).dropna()
    counts = pd.crosstab(frame["row"], frame["column"])
    counts = counts.reindex(
        index=sorted(counts.index) if row_order is None else list(row_order),
        columns=sorted(counts.columns) if column_order is None else list(column_order),
        fill_value=0,
    )
    # Empty rows and columns stay in the table; independence is tested on those that have units.
    full = counts.loc[counts.sum(axis=1) > 0, counts.sum(axis=0) > 0].to_numpy(dtype=float)
    n = int(full.sum())
    if min(full.shape, default=0) < 2:
        return CrossTab(counts, n, reason="fewer than two rows or columns have units")
    from scipy.stats import chi2_contingency, fisher_exact
    from scipy.stats.contingency import association

    found = chi2_contingency(full, correction=False)
    return CrossTab(
        counts=counts,
        n=n,
        chi2=float(found.statistic),
        df=int(found.dof),
        p_value=float(found.pvalue),
        cramers_v=float(association(full.astype(int), method="cramer")),
        fisher_p=float(fisher_exact(full)[1]) if full.shape == (2, 2) else float("nan"),
        smallest_expected=float(found.expected_freq.min()),
    )


def better_group(
    values: Any, groups: Any, *, first: Any, second: Any, better_when: Literal["higher", "lower", "neither"]
) -> tuple[Any, str]:
    """Which of two groups does better on the mean, and a reason where neither can be said to.

    Returns (first, ""), (second, "") or (None, reason). Raises ValueError for another ``better_when``.
    """
    if better_when not in ("higher", "lower", "neither"):
        raise ValueError(f"better_when must be higher, lower or neither, not {better_when!r}")
    parts = _by_group(values, groups, [first, second])
    if not len(parts[first]) or not len(parts[second]):
        return None, "a group has no values"
    if better_when == "neither":
        return None, "the measure has no better direction"
    difference = parts[first].mean() - parts[second].mean()
    if difference == 0:
        return None, "the means are equal"
    return (first if (difference > 0) == (better_when == "higher") else second), ""
