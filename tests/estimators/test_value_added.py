"""Value added against the balanced closed form, a mixed model and planted differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.value_added import fit_value_added

pytestmark = pytest.mark.filterwarnings("error")


def ratings(m: int = 100, per: int = 3, tau: float = 0.5, sigma: float = 0.6, seed: int = 0):
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(m), per)
    x = rng.normal(size=m)[unit]
    lasting = tau * rng.normal(size=m)
    y = 2.5 - 0.4 * x + lasting[unit] + sigma * rng.normal(size=m * per)
    return y, unit, x, lasting


def test_balanced_data_in_closed_form() -> None:
    """Without predictors REML is the analysis of variance: sigma^2 = MSW, tau^2 = (MSB - MSW) / n."""
    y, unit, _x, _u = ratings(m=30, per=4)
    fit = fit_value_added(y, unit)
    means = y.reshape(30, 4).mean(axis=1)
    msw = ((y.reshape(30, 4) - means[:, None]) ** 2).sum() / 90
    msb = 4 * ((means - y.mean()) ** 2).sum() / 29
    tau2 = (msb - msw) / 4
    assert fit.sigma == pytest.approx(np.sqrt(msw), rel=1e-5)
    assert fit.tau == pytest.approx(np.sqrt(tau2), rel=1e-5)
    shrink = 4 * tau2 / (4 * tau2 + msw)
    np.testing.assert_allclose(fit.units["value_added"], shrink * (means - y.mean()), rtol=1e-4)
    expected = tau2 * (1 - shrink) + shrink**2 * (tau2 + msw / 4) / 30
    np.testing.assert_allclose(fit.units["se"], np.sqrt(expected), rtol=1e-4)


def test_agrees_with_a_mixed_model() -> None:
    import warnings

    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    y, unit, x, _u = ratings(seed=1)
    keep = rng.random(len(y)) < 0.7
    y, unit, x = y[keep], unit[keep], x[keep]
    fit = fit_value_added(y, unit, x, names=["deprivation"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = sm.MixedLM(y, sm.add_constant(x), unit).fit(reml=True)
    np.testing.assert_allclose(fit.coef, theirs.fe_params, rtol=1e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov)), theirs.bse_fe, rtol=1e-3)
    assert fit.sigma**2 == pytest.approx(theirs.scale, rel=1e-3)
    assert fit.tau**2 == pytest.approx(float(np.asarray(theirs.cov_re)[0, 0]), rel=1e-3)
    effects = pd.Series({key: float(value.iloc[0]) for key, value in theirs.random_effects.items()})
    np.testing.assert_allclose(fit.units.set_index("unit")["value_added"], effects.sort_index(), atol=1e-3)


def test_planted_differences_are_covered_and_shrunk() -> None:
    y, unit, x, lasting = ratings(m=400, per=2, seed=2)
    fit = fit_value_added(y, unit, x, names=["deprivation"])
    table = fit.units
    inside = (table["ci_low"] <= lasting) & (lasting <= table["ci_high"])
    assert inside.mean() == pytest.approx(0.95, abs=0.035)
    assert (table["value_added"].abs() <= table["residual"].abs() + 1e-12).all()
    raw_error = ((table["residual"] - lasting) ** 2).mean()
    assert ((table["value_added"] - lasting) ** 2).mean() < 0.8 * raw_error
    assert fit.coef[1] == pytest.approx(-0.4, abs=0.12)
    assert fit.reliability_of_one == pytest.approx(0.25 / 0.61, abs=0.08)
    best = fit.frame().iloc[0]
    assert best["value_added"] == table["value_added"].max()
    assert best["rank_low"] <= best["rank"] <= best["rank_high"]
    assert best["probability_above"] > 0.9
    assert "reliability of one rating" in fit.summary()


def test_one_rating_each_needs_a_stated_reliability() -> None:
    y, unit, x, _u = ratings(per=1)
    fit = fit_value_added(y, unit, x)
    assert not fit.ok
    assert "cannot be told from chance" in fit.reason
    assert fit.frame().empty
    stated = fit_value_added(y, unit, x, reliability=0.4)
    np.testing.assert_allclose(stated.units["value_added"], 0.4 * stated.units["residual"])
    assert "set at 0.4" in stated.reason


def test_no_lasting_difference_shrinks_to_nothing() -> None:
    found = [fit_value_added(*ratings(m=30, per=3, tau=0.0, seed=s)[:3]) for s in range(8)]
    zero = [fit for fit in found if fit.tau == 0]
    assert zero  # about half of the seeds estimate no variance between units
    assert (zero[0].units["value_added"] == 0).all()
    assert "shrinks to zero" in zero[0].reason
    assert zero[0].units["probability_above"].between(0, 1).all()


def test_expectations_of_another_model_are_taken_off_first() -> None:
    y, unit, x, _u = ratings(seed=3)
    given = 2.5 - 0.4 * x
    direct = fit_value_added(y - given, unit)
    fit = fit_value_added(y, unit, expected=given)
    np.testing.assert_allclose(fit.units["value_added"], direct.units["value_added"], atol=1e-10)
    np.testing.assert_allclose(fit.units["observed"] - fit.units["expected"], fit.units["residual"])


def test_data_without_an_answer() -> None:
    y, unit, x, _u = ratings(m=10)
    assert "no complete rows" in fit_value_added(np.full(30, np.nan), unit).reason
    assert "does not vary" in fit_value_added(y, unit, np.ones(30)).reason
    assert (
        "units for"
        in fit_value_added(y[:6], unit[:6] * 0 + [0, 0, 0, 1, 1, 1], np.column_stack([x[:6], y[::-1][:6]])).reason
    )
    assert "exactly as expected" in fit_value_added(np.full(30, 2.0), unit).reason
    assert "not estimated" in fit_value_added(np.full(30, np.nan), unit).summary()
    with pytest.raises(ValueError, match="reliability"):
        fit_value_added(y, unit, reliability=1.0)
    with pytest.raises(ValueError, match="same number of rows"):
        fit_value_added(y, unit[:-1])
