"""Minimum detectable effects against statsmodels and simulation."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.estimators.power import (
    detectable_anova,
    detectable_correlation,
    detectable_difference,
    detectable_from_se,
    detectable_odds_ratio,
)
from analysis.estimators.rank_correlation import spearman

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(("n", "m", "power"), [(24, 23, 0.8), (22, 44, 0.8), (5, 60, 0.9)])
def test_difference_agrees_with_statsmodels(n: int, m: int, power: float) -> None:
    from statsmodels.stats.power import TTestIndPower

    d = detectable_difference(n, m, power=power).effect
    assert TTestIndPower().power(d, nobs1=n, ratio=m / n, alpha=0.05) == pytest.approx(power, abs=1e-6)


def test_anova_agrees_with_statsmodels() -> None:
    from statsmodels.stats.power import FTestAnovaPower

    f = detectable_anova([22, 44, 21]).effect
    assert FTestAnovaPower().power(f, nobs=87, alpha=0.05, k_groups=3) == pytest.approx(0.8, abs=1e-6)


def test_correlation_by_simulation() -> None:
    rho = detectable_correlation(47).effect
    assert 0.38 < rho < 0.43
    rng = np.random.default_rng(0)
    pearson = 2 * np.sin(np.pi * rho / 6)  # a normal pair with this rank correlation
    found = 0
    for _ in range(800):
        x, z = rng.normal(size=(2, 47))
        found += spearman(x, pearson * x + np.sqrt(1 - pearson**2) * z).p_value < 0.05
    assert found / 800 == pytest.approx(0.8, abs=0.045)


def test_odds_ratio_and_standard_errors_in_closed_form() -> None:
    total = 1.959963985 + 0.841621234
    assert detectable_odds_ratio(47, 0.5).effect == pytest.approx(np.exp(total / np.sqrt(47 / 4)))
    assert detectable_odds_ratio(47, 0.5, r2_with_others=0.5).effect == pytest.approx(np.exp(total / np.sqrt(47 / 8)))
    assert detectable_from_se(0.02).effect == pytest.approx(0.02 * total)
    assert detectable_from_se(0.02, df=32).effect > detectable_from_se(0.02).effect
    assert detectable_from_se(0.02, df=32).summary().count("80% power") == 1


def test_larger_studies_see_smaller_effects() -> None:
    for detect, small, large in (
        (detectable_correlation, (20,), (200,)),
        (detectable_difference, (10, 10), (100, 100)),
        (detectable_anova, ([5, 5, 5],), ([50, 50, 50],)),
        (detectable_odds_ratio, (40, 0.3), (400, 0.3)),
    ):
        assert detect(*large).effect < detect(*small).effect  # type: ignore[operator]


def test_studies_too_small_for_anything() -> None:
    for result in (
        detectable_difference(0, 5),
        detectable_correlation(3),
        detectable_anova([1, 1, 1]),
        detectable_odds_ratio(40, 0.0),
        detectable_from_se(float("nan")),
    ):
        assert not result.ok
        assert np.isnan(result.effect)
        assert "not computed" in result.summary()
        assert result.frame().loc[0, "reason"] == result.reason
    with pytest.raises(ValueError, match="alpha"):
        detectable_correlation(50, power=0.01)
