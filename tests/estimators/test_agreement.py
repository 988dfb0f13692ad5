"""Agreement against textbook examples and statsmodels; adjusted p-values against published ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.agreement import cohen_kappa, kappa_by_theme, krippendorff_alpha
from analysis.estimators.cluster_bootstrap import ratio_intervals
from analysis.estimators.multiplicity import benjamini_hochberg, bonferroni, holm

pytestmark = pytest.mark.filterwarnings("error")


def test_kappa_of_the_textbook_table() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5, kappa 0.4."""
    first = np.repeat(["yes", "yes", "no", "no"], [20, 5, 10, 15])
    second = np.repeat(["yes", "no", "yes", "no"], [20, 5, 10, 15])
    result = cohen_kappa(first, second)
    assert (result.observed, result.expected, result.kappa) == pytest.approx((0.7, 0.5, 0.4))
    assert result.prevalence_adjusted == pytest.approx(0.4)
    assert result.counts.loc["yes", "no"] == 5


def test_kappa_standard_errors_agree_with_statsmodels() -> None:
    from statsmodels.stats.inter_rater import cohens_kappa

    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, 90)
    second = np.where(rng.random(90) < 0.6, first, rng.integers(0, 4, 90))
    ours = cohen_kappa(first, second)
    theirs = cohens_kappa(ours.counts.to_numpy())
    assert ours.kappa == pytest.approx(theirs.kappa)
    assert ours.se == pytest.approx(theirs.std_kappa)
    assert ours.p_value == pytest.approx(theirs.pvalue_two_sided, abs=1e-12)
    assert ours.ci_low == pytest.approx(theirs.kappa_low)


def test_kappa_leaves_out_uncoded_items_and_names_what_it_cannot_do() -> None:
    result = cohen_kappa(["a", "b", None, "a"], ["a", "b", "b", np.nan])
    assert (result.n, result.kappa) == (2, 1)
    single = cohen_kappa(["a", "a"], ["a", "a"])
    assert "single category" in single.reason
    assert single.observed == 1
    assert "no item" in cohen_kappa([None], ["a"]).reason
    assert "not defined" in single.summary()
    with pytest.raises(ValueError, match="same items"):
        cohen_kappa(["a"], ["a", "b"])


def test_kappa_by_theme_and_pooled() -> None:
    rng = np.random.default_rng(1)
    themes = ["thresholds", "supervision", "never used"]
    one = pd.DataFrame(rng.integers(0, 2, (40, 3)), columns=themes).astype(float)
    one["never used"] = 0.0
    two = one.copy()
    two.loc[:4, "supervision"] = 1 - two.loc[:4, "supervision"]
    two.loc[10, "thresholds"] = np.nan
    result = kappa_by_theme(one, two)
    table = result.frame().set_index("theme")
    assert table.loc["thresholds", "kappa"] == 1
    assert table.loc["thresholds", "n"] == 39
    assert table.loc["supervision", "kappa"] == pytest.approx(cohen_kappa(one["supervision"], two["supervision"]).kappa)
    assert table.loc["never used", "reason"]
    assert result.pooled.n == 119
    assert table.loc["supervision", "kappa"] < result.pooled.kappa < 1
    with pytest.raises(ValueError, match="same items"):
        kappa_by_theme(one, two.iloc[1:])


def _two_coders(
    rng: np.random.Generator, reports: int, per_report: int
) -> tuple[pd.DataFrame, pd.DataFrame, list[int]]:
    """Two coders of many reports; whether they agree is a matter of the report, so its items are alike."""
    of = np.repeat(np.arange(reports), per_report)
    agree = np.repeat(rng.random(reports) < 0.7, per_report)
    one = pd.DataFrame({"a": (rng.random(len(of)) < 0.4).astype(float), "b": (rng.random(len(of)) < 0.2).astype(float)})
    other = pd.DataFrame({name: np.where(agree, one[name], rng.random(len(of)) < 0.3) for name in one}).astype(float)
    return one, other, of.tolist()


def test_bootstrap_intervals_of_kappa_are_those_of_a_loop_over_whole_clusters() -> None:
    one, other, of = _two_coders(np.random.default_rng(5), 30, 6)
    found = kappa_by_theme(one, other, clusters=of, draws=400, seed=3)
    drawn = np.random.default_rng(3).multinomial(30, np.full(30, 1 / 30), size=400)
    rows = [np.concatenate([np.repeat(np.arange(6 * c, 6 * c + 6), times) for c, times in enumerate(d)]) for d in drawn]
    for theme in ("a", "b"):
        by_hand = [cohen_kappa(one[theme].to_numpy()[r], other[theme].to_numpy()[r]).kappa for r in rows]
        line = found.frame().set_index("theme").loc[theme]
        assert [line["ci_low"], line["ci_high"]] == pytest.approx(np.quantile(by_hand, [0.025, 0.975]))
    assert found.pooled.ci_low < found.pooled.kappa < found.pooled.ci_high


def test_intervals_over_clusters_are_wider_where_items_of_a_cluster_are_alike() -> None:
    one, other, of = _two_coders(np.random.default_rng(6), 40, 10)
    alone = kappa_by_theme(one, other, draws=500).pooled
    clustered = kappa_by_theme(one, other, clusters=of, draws=500).pooled
    assert alone.kappa == clustered.kappa
    assert clustered.ci_high - clustered.ci_low > 1.5 * (alone.ci_high - alone.ci_low)
    units = [one["a"].tolist(), other["a"].tolist()]
    narrow, wide = krippendorff_alpha(units, draws=300), krippendorff_alpha(units, draws=300, clusters=of)
    assert wide.alpha == narrow.alpha
    assert wide.ci_high - wide.ci_low > 1.5 * (narrow.ci_high - narrow.ci_low)


def test_shares_of_clusters_have_the_spread_that_linearisation_gives_them() -> None:
    rng = np.random.default_rng(7)
    whole = rng.integers(3, 20, 120).astype(float)
    part = rng.binomial(whole.astype(int)[:, None], rng.beta(2, 6, (120, 1))).astype(float)
    part = np.column_stack([part, np.zeros(120), whole])
    low, high = ratio_intervals(part, whole, draws=4000)
    share = part[:, 0].sum() / whole.sum()
    error = np.sqrt(120 / 119 * ((part[:, 0] - share * whole) ** 2).sum()) / whole.sum()
    assert high[0] - low[0] == pytest.approx(2 * 1.96 * error, rel=0.06)
    assert low[0] < share < high[0]
    assert (low[1], high[2]) == (0, 1)
    # Nothing in 120 clusters: 1 - 0.025 ** (1 / 120).
    assert (high[1], low[2]) == pytest.approx((0.0303, 0.9697), abs=1e-4)
    assert np.isnan(ratio_intervals(part[:0], whole[:0])[0]).all()


# Krippendorff's own example: four coders, twelve units, seven values missing.
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorffs_example(level: str, alpha: float) -> None:
    result = krippendorff_alpha(KRIPPENDORFF, level=level)  # type: ignore[arg-type]
    assert result.alpha == pytest.approx(alpha, abs=0.0005)
    assert (result.n_units, result.n_values, result.n_coders) == (11, 40, 4)


def test_alpha_of_two_coders_without_gaps_is_near_kappa() -> None:
    rng = np.random.default_rng(2)
    first = rng.integers(0, 3, 500)
    second = np.where(rng.random(500) < 0.7, first, rng.integers(0, 3, 500))
    alpha = krippendorff_alpha([first, second], draws=200, seed=1)
    assert alpha.alpha == pytest.approx(cohen_kappa(first, second).kappa, abs=0.003)
    assert alpha.ci_low < alpha.alpha < alpha.ci_high
    assert alpha.ci_high - alpha.ci_low == pytest.approx(2 * 1.96 * cohen_kappa(first, second).se, rel=0.2)


def test_intervals_of_alpha_for_two_codes_are_alike_at_every_level() -> None:
    """Of noughts and ones any two that differ are equally far apart; nominal draws are made without a loop."""
    rng = np.random.default_rng(3)
    first = rng.integers(0, 2, 80)
    codes, of = [first, np.where(rng.random(80) < 0.8, first, 1 - first)], np.repeat(np.arange(16), 5)
    nominal = krippendorff_alpha(codes, draws=200, clusters=of)
    for level in ("ordinal", "interval"):
        other = krippendorff_alpha(codes, level=level, draws=200, clusters=of)  # type: ignore[arg-type]
        assert (other.ci_low, other.ci_high) == pytest.approx((nominal.ci_low, nominal.ci_high))


def test_alpha_without_an_answer() -> None:
    assert "no unit" in krippendorff_alpha([["a", None], [None, "b"]]).reason
    assert "no variation" in krippendorff_alpha([["a", "a"], ["a", "a"]]).reason
    assert "not defined" in krippendorff_alpha([["a", None], [None, "b"]]).summary()
    with pytest.raises(ValueError, match="level"):
        krippendorff_alpha(KRIPPENDORFF, level="ratio")  # type: ignore[arg-type]


def test_benjamini_hochberg_on_their_own_example() -> None:
    """The fifteen p-values of Benjamini & Hochberg (1995): at 0.05 their procedure rejects the four smallest."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    adjusted = benjamini_hochberg(p)
    assert (adjusted < 0.05).sum() == 4
    assert adjusted[0] == pytest.approx(0.0015)
    assert adjusted[3] == pytest.approx(0.0095 * 15 / 4)
    assert (bonferroni(p) < 0.05).sum() == 3


def test_adjusted_p_values_agree_with_statsmodels_and_skip_gaps() -> None:
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(0).uniform(size=30) ** 2
    for ours, name in ((benjamini_hochberg, "fdr_bh"), (holm, "holm"), (bonferroni, "bonferroni")):
        theirs = multipletests(p, method=name)[1]
        np.testing.assert_allclose(ours(p), theirs)
        gaps = ours(np.r_[p[:10], np.nan, p[10:]])
        assert np.isnan(gaps[10])
        np.testing.assert_allclose(np.delete(gaps, 10), theirs)
        assert len(ours([])) == 0
        assert np.isnan(ours([np.nan])).all()
        with pytest.raises(ValueError, match="between 0 and 1"):
            ours([1.2])
