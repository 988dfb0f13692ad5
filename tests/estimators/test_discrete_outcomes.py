"""Logistic, stepwise, ordinal and multinomial regression against closed forms and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from analysis.estimators.logistic import fit_logistic
from analysis.estimators.multinomial import fit_multinomial
from analysis.estimators.ordinal import brant_test, fit_ordinal
from analysis.estimators.separation import binary_conditions, separating_direction
from analysis.estimators.stepwise import stepwise_logistic, univariate_screen

pytestmark = pytest.mark.filterwarnings("error")


def two_by_two(a: int, b: int, c: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """a events and b non-events where x = 1, c and d where x = 0."""
    return np.repeat([1.0, 0.0, 1.0, 0.0], [a, b, c, d]), np.repeat([1.0, 1.0, 0.0, 0.0], [a, b, c, d])


def small_study(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) * [1, 200] + [0, 5000]
    eta = 0.8 * X[:, 0] + 0.004 * (X[:, 1] - 5000)
    return (rng.random(n) < special.expit(eta)).astype(float), X


# --- logistic ---------------------------------------------------------------------------------------------------------


def test_two_by_two_table_in_closed_form() -> None:
    y, x = two_by_two(12, 5, 7, 18)
    fit = fit_logistic(y, x, names=["x"], profile=True)
    assert fit.coef[1] == pytest.approx(np.log(12 * 18 / (5 * 7)), abs=1e-9)
    assert np.sqrt(fit.cov[1, 1]) == pytest.approx(np.sqrt(1 / 12 + 1 / 5 + 1 / 7 + 1 / 18), abs=1e-9)
    observed = np.array([[12, 5], [7, 18]])
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / 42
    assert fit.lr_chi2 == pytest.approx(2 * (observed * np.log(observed / expected)).sum(), abs=1e-9)
    share = 19 / 42
    null = 42 * (share * np.log(share) + (1 - share) * np.log(1 - share))
    cox = 1 - np.exp(-fit.lr_chi2 / 42)
    assert fit.nagelkerke_r2 == pytest.approx(cox / (1 - np.exp(2 * null / 42)))
    assert (fit.n, fit.n_events, fit.lr_df) == (42, 19, 1)
    row = fit.frame().iloc[1]
    assert row["odds_ratio"] == pytest.approx(12 * 18 / 35)
    assert row["wald_chi2"] == pytest.approx(fit.coef[1] ** 2 / fit.cov[1, 1])


def test_agrees_with_a_generalised_linear_model_on_unscaled_predictors() -> None:
    import statsmodels.api as sm

    y, X = small_study()
    fit = fit_logistic(y, X)
    glm = sm.GLM(y, sm.add_constant(X), family=sm.families.Binomial()).fit(tol=1e-14)
    np.testing.assert_allclose(fit.coef, glm.params, rtol=1e-7)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov)), glm.bse, rtol=1e-6)
    assert fit.loglik == pytest.approx(glm.llf, abs=1e-9)
    np.testing.assert_allclose(fit.predict(X), glm.fittedvalues, atol=1e-8)
    assert fit.aic == pytest.approx(glm.aic)


def test_profile_limits_lie_where_the_likelihood_has_fallen_enough() -> None:
    y, x = two_by_two(12, 5, 7, 18)
    fit = fit_logistic(y, x, profile=True)

    def profiled(slope: float) -> float:
        """Best log-likelihood with the slope held, by a fine search over the constant."""
        constants = np.linspace(-6, 4, 20001)
        eta = constants[:, None] + slope * np.array([1.0, 1.0, 0.0, 0.0])
        return float(
            (np.array([12, 0, 7, 0]) * eta - np.array([17, 0, 25, 0]) * np.logaddexp(0, eta)).sum(axis=1).max()
        )

    for limit in fit.profile[1]:
        assert fit.loglik - profiled(limit) == pytest.approx(3.841458820694124 / 2, abs=1e-5)
    assert fit.profile[1, 0] < fit.coef[1] < fit.profile[1, 1]


def test_separation_is_named_not_fitted() -> None:
    rng = np.random.default_rng(1)
    x, z = np.r_[np.arange(10.0), np.arange(10.0) + 20], rng.normal(size=20)
    fit = fit_logistic(np.repeat([0, 1], 10), np.column_stack([z, x]), names=["z", "overdue"])
    assert not fit.ok
    assert "separation" in fit.reason
    assert "overdue" in fit.reason
    assert fit.frame()["estimate"].isna().all()
    quasi = fit_logistic([0, 0, 0, 1, 1, 0, 1, 0], [0, 0, 0, 1, 1, 0, 1, 1], names=["x"])
    assert "separation" in quasi.reason
    y, x = two_by_two(5, 4, 3, 6)
    assert separating_direction(binary_conditions(np.column_stack([np.ones(18), x]), y.astype(np.intp))) is None


@pytest.mark.parametrize(
    ("y", "X", "words"),
    [
        (np.ones(20), np.arange(20.0), "one outcome only"),
        (np.full(20, np.nan), np.arange(20.0), "no complete rows"),
        (np.r_[0.0, 1.0, np.full(18, np.nan)], np.arange(20.0), "complete rows for"),
        (np.tile([0.0, 1.0], 10), np.ones(20), "does not vary"),
        (np.tile([0.0, 1.0], 10), np.column_stack([np.arange(20.0), 1 - 2 * np.arange(20.0)]), "determined by"),
    ],
)
def test_logistic_data_without_an_answer(y: np.ndarray, X: np.ndarray, words: str) -> None:
    fit = fit_logistic(y, X)
    assert words in fit.reason
    assert words in fit.summary()


def test_wrong_logistic_calls_raise() -> None:
    with pytest.raises(ValueError, match="0 or 1"):
        fit_logistic([1, 2, 1, 2], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="same number of rows"):
        fit_logistic([1, 0], [1, 2, 3])


def test_incomplete_rows_are_left_out_and_counted() -> None:
    y, X = small_study()
    X[:7, 0] = np.nan
    fit = fit_logistic(y, pd.DataFrame(X, columns=["a", "b"]))
    assert fit.n == 53
    assert fit.names == ("const", "a", "b")
    assert fit.rows.tolist() == list(range(7, 60))
    np.testing.assert_allclose(fit.coef, fit_logistic(y[7:], X[7:]).coef)


# --- stepwise ---------------------------------------------------------------------------------------------------------


def many_candidates(n: int = 300) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.normal(size=(n, 8)), columns=[f"v{j}" for j in range(8)])
    X["copy"] = X["v0"] + 0.3 * rng.normal(size=n)  # significant alone, redundant beside v0
    y = (rng.random(n) < special.expit(1.2 * X["v0"] - 0.9 * X["v1"])).astype(float)
    return y.to_numpy() if hasattr(y, "to_numpy") else y, X


@pytest.mark.parametrize("direction", ["backward", "forward"])
def test_planted_predictors_are_selected(direction: str) -> None:
    y, X = many_candidates()
    result = stepwise_logistic(y, X, direction=direction)  # type: ignore[arg-type]
    assert {"v0", "v1", "copy"} <= set(result.screen.loc[result.screen["passed"], "term"])
    assert {"v0", "v1"} <= set(result.selected)
    assert "copy" not in result.selected
    assert result.ok
    assert np.isfinite(result.model.profile).all()
    actions = set(result.steps["action"])
    assert actions == {"drop"} if direction == "backward" else "add" in actions
    assert "candidates pass the screen" in result.summary()


def test_screen_is_each_candidate_alone_with_its_own_n() -> None:
    y, X = many_candidates(80)
    X.loc[:19, "v1"] = np.nan
    X["flat"] = 1.0
    screen = univariate_screen(y, X).set_index("term")
    assert screen.loc["v1", "n"] == 60
    assert screen.loc["v0", "p_value"] == pytest.approx(fit_logistic(y, X["v0"]).lr_p)
    assert "does not vary" in screen.loc["flat", "reason"]
    assert (screen["p_adjusted"].dropna() >= screen["p_value"].dropna() - 1e-12).all()


def test_removal_follows_the_likelihood_ratio() -> None:
    y, X = many_candidates()
    result = stepwise_logistic(y, X[["v0", "copy"]], direction="backward")
    full, reduced = fit_logistic(y, X[["v0", "copy"]]), fit_logistic(y, X[["v0"]])
    assert result.steps.loc[0, "term"] == "copy"
    assert result.steps.loc[0, "p_value"] == pytest.approx(special.chdtrc(1, 2 * (full.loglik - reduced.loglik)))
    kept = stepwise_logistic(y, X[["v0", "copy"]], keep=["copy"])
    assert "copy" in kept.selected


def test_stepwise_without_candidates_says_so() -> None:
    rng = np.random.default_rng(6)
    y = np.tile([0.0, 1.0], 20)
    result = stepwise_logistic(y, rng.normal(size=(40, 2)), screen=1e-6)
    assert not result.ok
    assert "no candidate passed" in result.reason
    assert result.frame().empty
    with pytest.raises(ValueError, match="direction"):
        stepwise_logistic(y, rng.normal(size=(40, 2)), direction="both")  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        stepwise_logistic(y, rng.normal(size=(40, 2)), keep=["deprivation"])


# --- ordinal ----------------------------------------------------------------------------------------------------------


def ordered(n: int = 200, seed: int = 0, slopes: tuple[float, float] = (0.9, -0.002)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) * [1, 150] + [0, 850]
    latent = slopes[0] * X[:, 0] + slopes[1] * (X[:, 1] - 850) + rng.logistic(size=n)
    return 4.0 - np.digitize(latent, [-1.0, 0.8, 2.5]), X


def test_ordinal_agrees_with_statsmodels_to_more_digits_than_it_prints() -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    y, X = ordered()
    fit = fit_ordinal(y, X)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = OrderedModel(y.astype(int) - 1, scaled, distr="logit").fit(method="bfgs", disp=False, gtol=1e-8)
    assert fit.loglik == pytest.approx(theirs.llf, abs=1e-7)
    np.testing.assert_allclose(fit.coef, theirs.params[:2] / X.std(axis=0), rtol=1e-4)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov)), theirs.bse[:2] / X.std(axis=0), rtol=1e-3)
    assert fit.levels == (1, 2, 3, 4)
    probability = fit.predict(X)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    # The score equations of the thresholds: expected and observed category counts agree to first order only for the
    # extremes of a logit; their log-likelihood must be the one reported.
    picked = probability[np.arange(200), y.astype(int) - 1]
    assert np.log(picked).sum() == pytest.approx(fit.loglik, abs=1e-9)
    np.testing.assert_allclose(fit.expected(X), probability @ [1, 2, 3, 4])


def test_ordinal_recovers_planted_slopes_and_gradient_is_zero() -> None:
    y, X = ordered(n=4000, seed=2)
    fit = fit_ordinal(5 - y, X)
    assert np.abs((fit.coef - [0.9, -0.002]) / np.sqrt(np.diag(fit.cov))).max() < 3.5
    np.testing.assert_allclose(fit.thresholds + 0.002 * 850, [-1.0, 0.8, 2.5], atol=0.35)

    def loglik(coef: np.ndarray, cuts: np.ndarray) -> float:
        padded = np.r_[-np.inf, cuts, np.inf]
        code = (5 - y).astype(int) - 1
        eta = X @ coef
        return float(np.log(special.expit(padded[code + 1] - eta) - special.expit(padded[code] - eta)).sum())

    best = loglik(fit.coef, fit.thresholds)
    assert best == pytest.approx(fit.loglik, abs=1e-8)
    for j in range(2):
        step = np.zeros(2)
        step[j] = 0.2 * np.sqrt(fit.cov[j, j])
        assert loglik(fit.coef + step, fit.thresholds) < best
        assert loglik(fit.coef - step, fit.thresholds) < best


def test_two_categories_are_logistic() -> None:
    y, X = small_study()
    ordinal, logistic = fit_ordinal(y, X), fit_logistic(y, X)
    np.testing.assert_allclose(ordinal.coef, logistic.coef[1:], rtol=1e-6)
    assert ordinal.thresholds[0] == pytest.approx(-logistic.coef[0], rel=1e-6)
    assert ordinal.loglik == pytest.approx(logistic.loglik, abs=1e-9)
    assert "two categories" in ordinal.brant.reason


def test_brant_in_closed_form_for_one_binary_predictor() -> None:
    """Both splits are saturated: log odds ratios, whose covariance the delta method gives from the two trinomials."""
    counts = np.array([[20, 15, 25], [30, 20, 5]])  # rows: x = 0, 1; columns: categories
    y = np.concatenate([np.repeat([0.0, 1.0, 2.0], row) for row in counts])
    x = np.repeat([0.0, 1.0], counts.sum(axis=1))
    slope = np.zeros(2)
    cov = np.zeros((2, 2))
    for group, sign in ((0, -1), (1, 1)):
        n = counts[group].sum()
        above = np.array([counts[group, 1:].sum(), counts[group, 2:].sum()]) / n
        slope += sign * special.logit(above)
        jacobian = 1 / (above * (1 - above))
        trinomial = np.array(
            [
                [above[0] * (1 - above[0]), above[1] * (1 - above[0])],
                [above[1] * (1 - above[0]), above[1] * (1 - above[1])],
            ]
        )
        cov += jacobian[:, None] * trinomial / n * jacobian
    expected = (slope[0] - slope[1]) ** 2 / (cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    test = brant_test(y, x, ["x"])
    assert test.chi2 == pytest.approx(expected, rel=1e-8)
    assert (test.df, test.by_term.loc[0, "df"]) == (1, 1)
    assert test.by_term.loc[0, "chi2"] == pytest.approx(expected, rel=1e-8)


def test_brant_rejects_unequal_slopes_and_only_those() -> None:
    rng = np.random.default_rng(3)
    x, z = rng.normal(size=(2, 3000))
    first = rng.random(3000) < special.expit(0.5 + 1.5 * x + 0.5 * z)
    second = rng.random(3000) < special.expit(-0.5 - 0.5 * x + 0.5 * z)
    fit = fit_ordinal(first.astype(float) + (first & second), np.column_stack([x, z]), names=["x", "z"])
    by_term = fit.brant.frame().set_index("term")["p_value"]
    assert fit.brant.p_value < 1e-6
    assert by_term["x"] < 1e-6
    y, X = ordered(n=3000, seed=5)
    assert fit_ordinal(y, X).brant.p_value > 0.01


@pytest.mark.slow
def test_brant_holds_its_level() -> None:
    p = [fit_ordinal(*ordered(n=400, seed=100 + s)).brant.p_value for s in range(300)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_ordinal_data_without_an_answer() -> None:
    assert "separation" in fit_ordinal(np.repeat([1, 2, 3], 6), np.arange(18.0)).reason
    assert "fewer than two" in fit_ordinal(np.ones(9), np.arange(9.0)).reason
    assert "no complete rows" in fit_ordinal(np.full(9, np.nan), np.arange(9.0)).reason
    assert "does not vary" in fit_ordinal(np.tile([1, 2, 3], 5), np.ones(15)).reason
    y, X = ordered()
    empty_level = fit_ordinal(np.where(y == 2, 3, y), X, levels=[1, 2, 3, 4])
    assert empty_level.levels == (1, 3, 4)
    assert len(empty_level.thresholds) == 2
    assert "not estimated" in fit_ordinal(np.ones(9), np.arange(9.0)).summary()
    assert "Brant test" in fit_ordinal(y, X).summary()


# --- multinomial ------------------------------------------------------------------------------------------------------


def test_multinomial_in_closed_form_for_one_binary_predictor() -> None:
    counts = np.array([[20, 15, 25], [30, 20, 5]])
    y = np.concatenate([np.repeat(["inadequate", "ri", "good"], row) for row in counts])
    x = np.repeat([0.0, 1.0], counts.sum(axis=1))
    fit = fit_multinomial(y, x, reference="inadequate", names=["x"])
    assert fit.levels == ("inadequate", "good", "ri")
    row = fit.frame().set_index(["level", "term"]).loc[("good", "x")]
    assert row["estimate"] == pytest.approx(np.log(5 * 20 / (30 * 25)), abs=1e-8)
    assert row["se"] == pytest.approx(np.sqrt(1 / 5 + 1 / 20 + 1 / 30 + 1 / 25), abs=1e-8)
    assert row["wald_chi2"] == pytest.approx((row["estimate"] / row["se"]) ** 2)
    other = fit_multinomial(y, x, reference="ri", names=["x"]).frame().set_index(["level", "term"])
    assert other.loc[("good", "x"), "estimate"] == pytest.approx(np.log(5 * 15 / (20 * 25)), abs=1e-8)
    assert other.loc[("inadequate", "x"), "estimate"] == pytest.approx(np.log(30 * 15 / (20 * 20)), abs=1e-8)


def test_reference_changes_the_print_not_the_fit() -> None:
    y, X = ordered(n=120)
    X = np.column_stack([X[:, 0], X[:, 1]])
    one, other = fit_multinomial(y, X, reference=1.0), fit_multinomial(y, X, reference=4.0)
    assert one.loglik == pytest.approx(other.loglik, abs=1e-8)
    np.testing.assert_allclose(one.coef[2], -other.coef[0], rtol=1e-5)
    np.testing.assert_allclose(one.predict(X), other.predict(X)[:, [1, 2, 3, 0]], atol=1e-7)
    tests = one.term_tests().set_index("term")
    assert tests.loc["x0", "df"] == 3
    assert tests.loc["x0", "p_value"] == pytest.approx(
        other.term_tests().set_index("term").loc["x0", "p_value"], rel=1e-4
    )
    assert "reference 1" in one.summary()


def test_two_categories_are_logistic_again() -> None:
    y, X = small_study()
    multinomial, logistic = fit_multinomial(y, X, reference=0.0), fit_logistic(y, X)
    np.testing.assert_allclose(multinomial.coef[0], logistic.coef, rtol=1e-6)
    np.testing.assert_allclose(multinomial.cov, logistic.cov, rtol=1e-5)
    assert multinomial.nagelkerke_r2 == pytest.approx(logistic.nagelkerke_r2)


def test_multinomial_data_without_an_answer() -> None:
    groups = np.repeat(["a", "b", "c"], 6)
    assert (
        "separation" in fit_multinomial(groups, np.r_[np.arange(6.0), np.arange(6.0) + 10, np.arange(6.0) + 3]).reason
    )
    assert "fewer than two" in fit_multinomial(["a"] * 9, np.arange(9.0)).reason
    assert "no complete rows" in fit_multinomial([None] * 9, np.arange(9.0)).reason
    x = np.where(groups == "a", np.nan, np.random.default_rng(0).normal(size=18))
    assert "reference category a" in fit_multinomial(groups, x, reference="a").reason
    with pytest.raises(ValueError, match="not among"):
        fit_multinomial(groups, np.arange(18.0), reference="outstanding")
