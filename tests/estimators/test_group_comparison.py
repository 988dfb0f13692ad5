"""Comparisons of groups against scipy and the figures printed in the studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.estimators.group_comparison import anova, better_group, cross_tab, describe_groups, range_overlap, t_test

pytestmark = pytest.mark.filterwarnings("error")


def with_moments(n: int, mean: float, sd: float, seed: int = 0) -> np.ndarray:
    """n values with exactly this mean and standard deviation."""
    values = np.random.default_rng(seed).normal(size=n)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


def test_descriptions() -> None:
    table = describe_groups([1, 2, 3, 4, 10, np.nan], ["a", "a", "a", "a", "b", "b"]).set_index("group")
    assert table.loc["a", ["n", "mean", "median", "q1", "q3", "min", "max"]].tolist() == [4, 2.5, 2.5, 1.75, 3.25, 1, 4]
    assert table.loc["a", "sd"] == pytest.approx(np.sqrt(5 / 3))
    assert table.loc["b", "n"] == 1
    assert table.loc["b", "missing"] == 1
    assert np.isnan(table.loc["b", "sd"])
    assert table.loc["all", "mean"] == 4
    ordered = describe_groups([1.0], ["x"], order=["empty", "x"])
    assert ordered["group"].tolist() == ["empty", "x", "all"]
    assert ordered["n"].tolist() == [0, 1, 1]


def test_t_test_recomputes_the_printed_one() -> None:
    """Spend per child in the low and high group of the ILACS study: t(45) = 2.26, p = .029."""
    low, high = with_moments(24, 829.38, 173.34), with_moments(23, 714.77, 174.35, 1)
    result = t_test(low, high)
    assert result.df == 45
    assert result.t == pytest.approx(2.26, abs=0.005)
    assert result.p_value == pytest.approx(0.029, abs=0.0005)
    assert result.difference == pytest.approx(114.61)


@pytest.mark.parametrize("variance", ["pooled", "welch"])
def test_t_test_agrees_with_scipy(variance: str) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 20), np.append(rng.normal(0.5, 3, 11), np.nan)
    ours = t_test(a, b, variance=variance)  # type: ignore[arg-type]
    theirs = stats.ttest_ind(a, b[:-1], equal_var=variance == "pooled")
    interval = theirs.confidence_interval()
    assert ours.t == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-10)
    assert ours.df == pytest.approx(theirs.df, rel=1e-12)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_t_tests_that_cannot_be_made() -> None:
    assert t_test([], [1, 2]).reason == "a group is empty"
    assert t_test([1], [2]).reason == "too few values for a variance"
    assert "does not vary" in t_test([1, 1], [2, 2]).reason or "do not vary" in t_test([1, 1], [2, 2]).reason
    assert t_test([5.0], [1, 2, 3]).ok  # a single value against three: the pooled variance is theirs
    assert not t_test([5.0], [1, 2, 3], variance="welch").ok
    with pytest.raises(ValueError, match="pooled or welch"):
        t_test([1], [2], variance="equal")  # type: ignore[arg-type]


def test_anova_and_tukey_agree_with_scipy() -> None:
    rng = np.random.default_rng(1)
    parts = [rng.normal(m, 1, n) for m, n in ((0, 8), (0.4, 7), (1.5, 12))]
    values, labels = np.concatenate(parts), np.repeat(["high", "low", "medium"], [8, 7, 12])
    ours = anova(values, labels)
    F, p = stats.f_oneway(*parts)
    assert (ours.F, ours.p_value) == pytest.approx((F, p))
    assert (ours.df_between, ours.df_within) == (2, 24)
    theirs = stats.tukey_hsd(*parts)
    for (i, j), row in zip([(0, 1), (0, 2), (1, 2)], ours.pairs.itertuples(), strict=True):
        assert row.p_tukey == pytest.approx(theirs.pvalue[i, j], abs=1e-7)
        assert row.tukey_low == pytest.approx(theirs.confidence_interval().low[i, j], abs=1e-5)
    assert (ours.pairs["p_bonferroni"] == np.minimum(1, 3 * ours.pairs["p_value"])).all()
    total = ((values - values.mean()) ** 2).sum()
    within = sum(((part - part.mean()) ** 2).sum() for part in parts)
    assert ours.eta_squared == pytest.approx(1 - within / total)


def test_residual_degrees_of_freedom_give_the_printed_p() -> None:
    """F = 4.83 among 22 inadequate authorities in three thirds: p = .02 with 19 residual degrees of freedom."""
    groups = np.repeat([0, 1, 2], [8, 7, 7])
    noise = with_moments(8, 0, 1), with_moments(7, 0, 1, 1), with_moments(7, 0, 1, 2)
    base = np.concatenate(noise)

    gap = optimize.brentq(lambda g: stats.f_oneway(*(base[groups == k] + g * k for k in range(3)))[0] - 4.83, 0.01, 5)
    result = anova(base + gap * groups, groups)
    assert pytest.approx(4.83) == result.F
    assert result.df_within == 19
    assert result.p_value == pytest.approx(0.02, abs=0.0005)


def test_two_groups_are_a_t_test() -> None:
    rng = np.random.default_rng(2)
    values, labels = rng.normal(size=15), np.repeat([1, 2], [6, 9])
    both = anova(values, labels)
    t = t_test(values[:6], values[6:])
    assert pytest.approx(t.t**2) == both.F
    assert both.p_value == pytest.approx(t.p_value)
    assert both.pairs.loc[0, "p_tukey"] == pytest.approx(t.p_value)


def test_cells_of_one_and_empty_groups_do_not_crash() -> None:
    result = anova([1.0, 2.0, 3.0, 9.0], ["a", "a", "a", "b"], order=["a", "b", "c"])
    assert result.ok
    assert (result.df_between, result.df_within) == (1, 2)
    assert result.groups.set_index("group").loc["c", "n"] == 0
    single = anova([1.0, 2.0, 3.0], ["a", "b", "c"])
    assert "single value" in single.reason
    assert single.frame().empty
    assert "fewer than two groups" in anova([1.0, 2.0], ["a", "a"]).reason
    assert "do not vary" in anova([1.0, 1.0, 2.0, 2.0], ["a", "a", "b", "b"]).reason
    assert "not computed" in anova([], []).summary()


def test_cross_tabs_agree_with_scipy() -> None:
    rows = np.repeat(["inadequate", "good"], [30, 20])
    columns = np.r_[np.repeat(["high", "low"], [20, 10]), np.repeat(["high", "low"], [5, 15])]
    result = cross_tab(rows, columns, row_order=["inadequate", "ri", "good"])
    assert result.counts.to_numpy().tolist() == [[20, 10], [0, 0], [5, 15]]
    theirs = stats.chi2_contingency([[20, 10], [5, 15]], correction=False)
    assert (result.chi2, result.p_value, result.df) == pytest.approx((theirs.statistic, theirs.pvalue, 1))
    assert result.fisher_p == pytest.approx(stats.fisher_exact([[20, 10], [5, 15]])[1])
    assert result.cramers_v == pytest.approx(np.sqrt(theirs.statistic / 50))
    assert result.row_percent().loc["good"].tolist() == [25, 75]
    assert result.row_percent().loc["ri"].isna().all()
    assert result.column_percent().loc["good", "low"] == pytest.approx(60)
    assert len(result.frame()) == 6
    assert result.frame()["count"].sum() == 50
    assert "fewer than two" in cross_tab(["a", "a"], ["x", "y"]).reason
    assert cross_tab([None, "a"], ["x", None]).n == 0


def test_range_overlap() -> None:
    result = range_overlap([0, 5, 10], [4, 8, 20, np.nan])
    assert (result.low, result.high) == (4, 10)
    assert result.share == pytest.approx(6 / 20)
    assert result.inside_first == pytest.approx(2 / 3)
    assert result.inside_second == pytest.approx(2 / 3)
    assert result.superiority == pytest.approx(3 / 9)
    apart = range_overlap([1, 2], [3, 4])
    assert (apart.share, apart.superiority) == (0, 0)
    assert range_overlap([2, 2], [2, 2]).share == 1
    assert "empty" in range_overlap([], [1]).summary()


def test_better_group_needs_a_direction() -> None:
    values, groups = [1.0, 2.0, 5.0, 6.0], ["low", "low", "high", "high"]
    assert better_group(values, groups, first="high", second="low", better_when="higher") == ("high", "")
    assert better_group(values, groups, first="high", second="low", better_when="lower") == ("low", "")
    assert better_group(values, groups, first="high", second="low", better_when="neither")[0] is None
    assert better_group([1.0, 1.0], ["low", "high"], first="high", second="low", better_when="lower")[0] is None
    assert "no values" in better_group(values, groups, first="high", second="none", better_when="lower")[1]
    with pytest.raises(ValueError, match="better_when"):
        better_group(values, groups, first="high", second="low", better_when="up")  # type: ignore[arg-type]
