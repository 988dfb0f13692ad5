"""The multilevel count model against integration by brute force, generalised linear models and planted truths."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special

from analysis.estimators import _mixed_kernel as kernel
from analysis.estimators.mixed_poisson import (
    Covariance,
    Errors,
    MixedPoissonFit,
    MixedPoissonProblem,
    fit_mixed_poisson,
    fit_mixed_poissons,
    fit_poissons_and_nb2s,
)
from analysis.estimators.segmented import IMPACT_MODELS, STAGES
from analysis.estimators.simulation import TRUTH, simulate_panel

pytestmark = pytest.mark.filterwarnings("error")


# --- the likelihood ---------------------------------------------------------------------------------------------------


def small_stack(rate: float = 6.0) -> kernel.Stack:
    """Three clusters of up to six observations, one with a gap."""
    rng = np.random.default_rng(3)
    depth, n = 6, 3
    t = np.tile(np.linspace(-1, 1, depth)[:, None], (1, n))
    X = np.stack([np.ones((depth, n)), t, rng.normal(size=(depth, n))])
    offset = np.log(rate) + 0.1 * rng.normal(size=(depth, n))
    y = rng.poisson(np.exp(offset + 0.4 * rng.normal(size=n))).astype(float)
    y[-1, 0], t[-1, 0], X[:, -1, 0], offset[-1, 0] = 0.0, 0.0, 0.0, kernel.PADDING_OFFSET
    return kernel.stack_of(y, offset, t, X, np.zeros(n, dtype=np.intp))


THETA = np.array([0.1, 0.2, -0.1, 0.5, 0.2, 0.3, np.log(0.15)])


def at(stack: kernel.Stack, theta: np.ndarray, with_alpha: bool, points: int) -> kernel.Evaluation:
    return kernel.evaluate(
        stack,
        theta[None, :3],
        theta[None, 3:6],
        theta[-1:] if with_alpha else None,
        np.zeros((2, 3)),
        kernel.gauss_hermite(points),
    )


def integrated(stack: kernel.Stack, i: int, theta: np.ndarray, with_alpha: bool) -> float:
    """Log-likelihood of a cluster by summing the joint density over a fine grid of standard normal effects."""
    keep = stack.offset[:, i] > -400
    y, t = stack.y[keep, i], stack.t[keep, i]
    base = stack.offset[keep, i] + theta[:3] @ stack.X[:, keep, i]
    a, b, c = theta[3:6]
    alpha = np.exp(theta[-1])
    grid = np.linspace(-8, 8, 801)
    v0, v1 = np.meshgrid(grid, grid, indexing="ij")
    log_joint = -0.5 * (v0**2 + v1**2) - np.log(2 * np.pi)
    for k in range(len(y)):
        mean = np.exp(base[k] + a * v0 + (b * v0 + c * v1) * t[k])
        if with_alpha:
            log_joint += (
                special.gammaln(y[k] + 1 / alpha)
                - special.gammaln(1 / alpha)
                - special.gammaln(y[k] + 1)
                + y[k] * np.log(alpha * mean / (1 + alpha * mean))
                - np.log1p(alpha * mean) / alpha
            )
        else:
            log_joint += y[k] * np.log(mean) - mean - special.gammaln(y[k] + 1)
    return float(special.logsumexp(log_joint) + 2 * np.log(grid[1] - grid[0]))


@pytest.mark.parametrize("with_alpha", [False, True])
def test_quadrature_closes_in_on_the_integral(with_alpha: bool) -> None:
    stack = small_stack()
    truth = np.array([integrated(stack, i, THETA, with_alpha) for i in range(3)])
    error = {k: np.abs(at(stack, THETA, with_alpha, k).loglik - truth).max() for k in (1, 7, 15)}
    assert error[15] < 1e-7
    assert error[7] < 1e-4
    assert error[7] < error[1] < 0.05


@pytest.mark.parametrize("points", [1, 7])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_gradient_is_that_of_the_approximation(points: int, with_alpha: bool) -> None:
    stack = small_stack(rate=3.0)
    step = 1e-5
    for j in range(7 if with_alpha else 6):
        move = np.zeros(7)
        move[j] = step
        up, down = (at(stack, THETA + sign * move, with_alpha, points).loglik for sign in (1, -1))
        np.testing.assert_allclose(
            at(stack, THETA, with_alpha, points).scores[j], (up - down) / (2 * step), rtol=1e-6, atol=1e-7
        )


def test_small_overdispersion_tends_to_poisson() -> None:
    stack = small_stack()
    poisson = at(stack, THETA, False, 1)
    tiny = THETA.copy()
    tiny[-1] = np.log(1e-9)
    nearly = at(stack, tiny, True, 1)
    np.testing.assert_allclose(nearly.loglik, poisson.loglik, atol=1e-6)
    np.testing.assert_allclose(nearly.scores[:-1], poisson.scores[:-1], atol=1e-6)


@pytest.mark.parametrize("size", [0.3, 5.0, 99.0, 101.0, 1e4])
def test_gamma_differences_match_the_direct_ones(size: float) -> None:
    y = np.array([[0.0], [0.7], [3.0], [250.0]])
    k = np.array([size])
    direct = special.gammaln(y + k) - special.gammaln(k) - y * np.log(k)
    np.testing.assert_allclose(kernel.log_gamma_ratio(y, k), direct, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        kernel.digamma_difference(y, k), special.digamma(y + k) - special.digamma(k), rtol=1e-9, atol=1e-12
    )


# --- the maximum ------------------------------------------------------------------------------------------------------


def test_random_intercept_matches_direct_maximisation_of_the_integral() -> None:
    rng = np.random.default_rng(8)
    cluster = np.repeat(np.arange(15), 4)
    x = rng.normal(size=60)
    y = rng.poisson(np.exp(1.0 + 0.3 * x + 0.6 * rng.normal(size=15)[cluster])).astype(float)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)

    def negative(theta: np.ndarray) -> float:
        eta = theta[0] + theta[1] * x[:, None] + np.exp(theta[2]) * nodes
        by_row = y[:, None] * eta - np.exp(eta) - special.gammaln(y + 1)[:, None]
        by_cluster = np.add.reduceat(by_row, np.arange(0, 60, 4), axis=0)
        return -float(special.logsumexp(by_cluster, axis=1, b=weights / weights.sum()).sum())

    best = optimize.minimize(negative, [1.0, 0.3, -0.5], method="BFGS", options={"gtol": 1e-7})
    X = np.column_stack([np.ones(60), x])
    fit = fit_mixed_poisson(y, X, cluster, np.zeros(60), covariance="intercept", quadrature=15)
    assert fit.loglik == pytest.approx(-best.fun, abs=1e-6)
    np.testing.assert_allclose(fit.coef, best.x[:2], atol=1e-5)
    assert fit.sd_intercept == pytest.approx(np.exp(best.x[2]), abs=1e-5)
    h = 1e-3 * np.eye(3)
    hessian = [
        [
            (negative(best.x + i + j) - negative(best.x + i - j) - negative(best.x - i + j) + negative(best.x - i - j))
            / 4e-6
            for j in h
        ]
        for i in h
    ]
    np.testing.assert_allclose(fit.se(), np.sqrt(np.diag(np.linalg.inv(hessian)))[:2], rtol=1e-3)


@pytest.mark.parametrize("covariance", ["correlated", "independent"])
def test_planted_truth_comes_back(covariance: str) -> None:
    panel = simulate_panel(
        seed=21, clusters=400, rate=300.0, correlation=0.5 if covariance == "correlated" else 0.0, missing=0.05
    )
    fit = fit_mixed_poissons([panel.problem()], covariance=covariance)[0]  # type: ignore[arg-type]
    truth = np.array([TRUTH[name] for name in fit.names])
    assert fit.converged
    assert fit.reason == ""
    assert np.abs((fit.coef - truth) / fit.se()).max() < 3.5
    assert fit.sd_intercept == pytest.approx(0.4, abs=4 * fit.se_sd_intercept)
    assert fit.sd_slope == pytest.approx(0.05, abs=4 * fit.se_sd_slope)
    assert fit.se_sd_slope < 0.004
    assert fit.correlation == pytest.approx(0.5 if covariance == "correlated" else 0.0, abs=0.15)
    assert fit.n_left_out == int(panel.rows["y"].isna().sum())
    assert fit.gradient < 1e-5


def test_many_at_once_equal_one_at_a_time() -> None:
    problems = [
        simulate_panel(seed=s, clusters=n, rate=r, missing=0.1).problem(model)
        for s, (n, r, model) in enumerate(
            [(150, 5, "segmented"), (33, 500, "slope"), (52, 40, "level"), (33, 2, "level")]
        )
    ]
    together = fit_mixed_poissons(problems, family="nb2")
    for fit, problem in zip(together, problems, strict=True):
        alone = fit_mixed_poissons([problem], family="nb2")[0]
        assert fit.names == alone.names
        assert fit.loglik == pytest.approx(alone.loglik, abs=1e-7)
        assert np.abs((fit.coef - alone.coef) / alone.se()).max() < 1e-4


def test_larger_covariance_structures_never_fit_worse() -> None:
    """Over hard panels: few clusters, zero variances, perfect correlations, shocks, half the years missing."""
    rng = np.random.default_rng(5)
    problems = [
        simulate_panel(
            seed=i,
            clusters=int(rng.choice([5, 12, 33, 60])),
            years=int(rng.choice([4, 7, 10])),
            event_years=(1, 3),
            rate=float(10 ** rng.uniform(0, 5)),
            sd_intercept=float(rng.choice([0, 0.1, 0.4, 1.0])),
            sd_slope=float(rng.choice([0, 0.01, 0.05, 0.2])),
            correlation=float(rng.choice([-0.9, 0, 0.5])),
            noise_sd=float(rng.choice([0, 0.1, 0.3])),
            missing=float(rng.choice([0, 0.1, 0.5])),
            whole=bool(rng.random() < 0.7),
        ).problem(str(rng.choice(list(IMPACT_MODELS))))
        for i in range(80)
    ]
    structures: tuple[Covariance, ...] = ("intercept", "independent", "correlated")
    by_structure = [fit_poissons_and_nb2s(problems, covariance=covariance) for covariance in structures]
    for of_one_family in zip(*by_structure, strict=True):
        for fits in of_one_family:
            assert all(fit.converged for fit in fits if fit.ok)
            assert sum(fit.ok for fit in fits) >= 78
        logliks = [[fit.loglik for fit in fits if fit.ok] for fits in of_one_family]
        assert (np.diff(logliks, axis=0) > -1e-6).all()


def test_a_model_has_the_same_answer_in_any_company() -> None:
    """Alone, beside others and with its NB2: to far below what is printed, standard errors too."""
    problems = [
        simulate_panel(seed=i, clusters=60, years=7, rate=rate, noise_sd=noise).problem()
        for i, (rate, noise) in enumerate(((4.0, 0.0), (50.0, 0.3), (4000.0, 0.1)))
    ]
    together, nb2 = fit_poissons_and_nb2s(problems)
    for i, problem in enumerate(problems):
        for family, beside in (("poisson", together[i]), ("nb2", nb2[i])):
            (alone,) = fit_mixed_poissons([problem], family=family)  # type: ignore[arg-type]
            np.testing.assert_allclose(beside.coef, alone.coef, atol=1e-7 * np.max(alone.se()))
            np.testing.assert_allclose(beside.se(), alone.se(), rtol=1e-7)
            np.testing.assert_allclose(beside.se("robust"), alone.se("robust"), rtol=1e-7)


def test_model_does_not_depend_on_where_time_starts_or_on_units() -> None:
    problem = simulate_panel(seed=4, clusters=60, correlation=-0.4).problem()
    fit = fit_mixed_poissons([problem])[0]
    moved = fit_mixed_poissons([replace(problem, time=np.asarray(problem.time) + 2012.0)])[0]
    assert moved.loglik == pytest.approx(fit.loglik, abs=1e-6)
    np.testing.assert_allclose(moved.coef, fit.coef, atol=1e-6)
    at_2012 = np.hypot(fit.sd_intercept, 2012 * fit.sd_slope)
    assert moved.sd_slope == pytest.approx(fit.sd_slope, rel=1e-5)
    assert moved.sd_intercept == pytest.approx(at_2012, rel=0.01)
    scaled = fit_mixed_poissons([replace(problem, X=problem.X * [1, 1000, 1, 1, 0.001])])[0]
    assert scaled.loglik == pytest.approx(fit.loglik, abs=1e-7)
    np.testing.assert_allclose(scaled.coef * [1, 1000, 1, 1, 0.001], fit.coef, atol=1e-7)
    order = np.random.default_rng(0).permutation(len(problem.y))
    shuffled = fit_mixed_poisson(
        problem.y[order],
        problem.X.iloc[order],
        np.array([f"LA {code}" for code in problem.cluster])[order],
        np.asarray(problem.time)[order],
        offset=problem.offset[order],
    )
    assert shuffled.loglik == pytest.approx(fit.loglik, abs=1e-8)
    np.testing.assert_allclose(shuffled.fitted, fit.fitted[order], rtol=1e-6)


def test_without_differences_between_clusters_it_is_the_pooled_regression() -> None:
    """Then coefficients, model and cluster-robust standard errors are those of a Poisson GLM."""
    import statsmodels.api as sm

    for seed in range(40, 80):
        problem = simulate_panel(seed=seed, clusters=60, rate=30.0, sd_intercept=0.0, sd_slope=0.0).problem()
        fit = fit_mixed_poissons([problem], covariance="independent")[0]
        if len(fit.boundary) == 2:
            break
    else:
        pytest.fail("about a quarter of the seeds must end with both variances at zero")
    glm = sm.GLM(problem.y, problem.X, family=sm.families.Poisson(), offset=problem.offset)
    plain = glm.fit()
    clustered = glm.fit(cov_type="cluster", cov_kwds={"groups": problem.cluster, "use_correction": False})
    np.testing.assert_allclose(fit.coef, plain.params, atol=1e-6)
    np.testing.assert_allclose(fit.se(), plain.bse, rtol=1e-4)
    np.testing.assert_allclose(fit.se("robust"), clustered.bse * np.sqrt(60 / 59), rtol=1e-4)
    assert fit.loglik == pytest.approx(plain.llf, abs=1e-6)
    assert set(fit.boundary) == {"intercept variance", "slope variance"}
    assert "boundary" in fit.reason
    assert np.isnan(fit.se_sd_slope)


def test_slope_variance_of_zero_is_the_random_intercept_model() -> None:
    for seed in range(30, 40):
        problem = simulate_panel(seed=seed, clusters=40, rate=20.0, sd_slope=0.0).problem()
        fit = fit_mixed_poissons([problem], covariance="independent")[0]
        if "slope variance" in fit.boundary:
            break
    else:
        pytest.fail("about half of the seeds must end on the boundary")
    alone = fit_mixed_poissons([problem], covariance="intercept")[0]
    assert fit.converged
    np.testing.assert_allclose(fit.coef, alone.coef, atol=1e-6)
    np.testing.assert_allclose(fit.se(), alone.se(), rtol=1e-3)
    assert "slope variance" in fit.reason


# --- families and errors ----------------------------------------------------------------------------------------------


def test_negative_binomial_recovers_its_dispersion() -> None:
    panel = simulate_panel(seed=9, clusters=300, rate=60.0, alpha=0.05)
    fit = fit_mixed_poissons([panel.problem()], family="nb2")[0]
    assert fit.family == "nb2"
    assert np.log(fit.alpha) == pytest.approx(np.log(0.05), abs=4 * fit.se_log_alpha)
    assert fit.se_log_alpha < 0.1
    assert fit.dispersion == pytest.approx(1.0, abs=0.1)
    truth = np.array([TRUTH[name] for name in fit.names])
    assert np.abs((fit.coef - truth) / fit.se()).max() < 3.5


def test_rows_that_are_infinite_are_left_out_by_name() -> None:
    """A missing value is expected; an exposure of log nought is for somebody to look at."""
    panel = simulate_panel(seed=1, clusters=33, rate=8.0).problem()
    offset = np.zeros(len(panel.y)) if panel.offset is None else np.array(panel.offset, dtype=float)
    offset[[3, 40]] = -np.inf
    y = np.array(panel.y, dtype=float)
    y[7] = np.nan
    fit = fit_mixed_poissons([replace(panel, y=y, offset=offset)])[0]
    labels, time = np.asarray(panel.cluster), np.asarray(panel.time, dtype=float)
    names = ", ".join(f"{labels[i]} at time {time[i]:g}" for i in (3, 40))
    assert f"left out as infinite (outcome, exposure or predictor): {names}" in fit.reason
    assert fit.n_left_out == 3
    assert fit.ok


def test_negative_binomial_falls_back_to_poisson_and_says_so() -> None:
    problem = simulate_panel(seed=1, clusters=33, rate=8.0).problem()
    poisson = fit_mixed_poissons([problem])[0]
    fit = fit_mixed_poissons([problem], family="nb2")[0]
    assert (fit.family, fit.requested_family, fit.alpha) == ("poisson", "nb2", 0.0)
    assert "Poisson fit is reported, and AIC and BIC do not count alpha" in fit.reason
    assert fit.loglik == pytest.approx(poisson.loglik, abs=1e-8)
    assert fit.n_parameters == poisson.n_parameters


def test_quasi_widens_by_the_dispersion() -> None:
    problem = simulate_panel(seed=6, clusters=200, rate=400.0, noise_sd=0.1).problem()
    fit = fit_mixed_poissons([problem], family="quasi")[0]
    # A shock of sd 0.1 to the log rate adds about 0.01 * mean to the Poisson variance, relative to it.
    expected = 1 + 0.01 * float(np.nanmean(fit.fitted))
    assert fit.dispersion == pytest.approx(expected, rel=0.35)
    np.testing.assert_allclose(fit.se() ** 2, fit.dispersion * fit.se("model") ** 2)
    np.testing.assert_allclose(fit.frame()["se"], fit.se("quasi"))


def test_robust_errors_see_the_shocks_the_model_does_not() -> None:
    problem = simulate_panel(seed=7, clusters=150, rate=1000.0, noise_sd=0.15, noise_memory=0.5).problem()
    fit = fit_mixed_poissons([problem])[0]
    ratio = (fit.se("robust") / fit.se("model"))[1:]
    assert (ratio > 1.3).all()
    assert (ratio[1:3] > 2.5).all()
    assert fit.critical_value(errors="robust") > fit.critical_value() == pytest.approx(1.959964, abs=1e-6)


def test_money_and_rates_need_not_be_whole() -> None:
    panel = simulate_panel(seed=13, clusters=150, rate=800.0, whole=False, sd_slope=0.03)
    fit = fit_mixed_poissons([panel.problem()])[0]
    truth = np.array([TRUTH[name] for name in fit.names])
    assert np.abs((fit.coef - truth) / fit.se("robust")).max() < 4
    pence = replace(panel.problem(), y=100 * panel.rows["y"].to_numpy())
    in_pence = fit_mixed_poissons([pence])[0]
    np.testing.assert_allclose(in_pence.coef[1:], fit.coef[1:], atol=0.004)


def test_predictions() -> None:
    panel = simulate_panel(seed=2, clusters=40, missing=0.1)
    problem = panel.problem()
    fit = fit_mixed_poissons([problem])[0]
    conditional = fit.predict(
        problem.X, problem.time, offset=problem.offset, cluster=problem.cluster, kind="conditional"
    )
    seen = np.isfinite(problem.y)
    np.testing.assert_allclose(conditional[seen], fit.fitted[seen])
    assert np.isnan(fit.fitted[~seen]).all()
    typical = fit.predict([[1, 0, 0, 0, 0]], [0.0])[0]
    assert typical == pytest.approx(np.exp(fit.coef[0]))
    assert fit.predict([[1, 0, 0, 0, 0]], [0.0], kind="average")[0] == pytest.approx(
        typical * np.exp(fit.sd_intercept**2 / 2)
    )
    stranger = fit.predict([[1, 0, 0, 0, 0]], [0.0], cluster=["nowhere"], kind="conditional")[0]
    assert stranger == pytest.approx(typical)
    with pytest.raises(ValueError, match="cluster of each row"):
        fit.predict([[1, 0, 0, 0, 0]], [0.0], kind="conditional")
    with pytest.raises(ValueError, match="kind must be"):
        fit.predict([[1, 0, 0, 0, 0]], [0.0], kind="marginal")


def test_random_effects_are_named_and_shrunk() -> None:
    panel = simulate_panel(seed=3, clusters=80, rate=500.0)
    fit = fit_mixed_poissons([panel.problem()])[0]
    effects = fit.random_effects_frame()
    assert effects["cluster"].tolist() == list(range(80))
    assert effects["intercept"].std() == pytest.approx(fit.sd_intercept, rel=0.1)
    assert (effects["intercept_se"] < fit.sd_intercept).all()
    raw = np.log(panel.rows.groupby("la")["y"].sum() / panel.rows.groupby("la")["exposure"].sum())
    assert np.corrcoef(effects["intercept"], raw)[0, 1] > 0.9


def test_summary_and_frame_say_what_a_reader_needs() -> None:
    fit = fit_mixed_poissons([simulate_panel(seed=5, clusters=40).problem(label="CP plans")])[0]
    text = fit.summary()
    for words in ("CP plans", "400 observations in 40 clusters", "AIC", "converged", "step0"):
        assert words in text
    frame = fit.frame()
    row = frame[frame["term"] == "step0"].iloc[0]
    assert row["percent_change"] == pytest.approx(100 * (np.exp(row["estimate"]) - 1))
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    assert fit.aic == pytest.approx(-2 * fit.loglik + 16)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 8 * np.log(400))


# --- bad input --------------------------------------------------------------------------------------------------------


def base_problem() -> MixedPoissonProblem:
    return simulate_panel(seed=0, clusters=20, rate=30.0).problem()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": np.full(200, np.nan)}, "no row has"),
        ({"y": np.zeros(200)}, "zero throughout"),
        ({"y": np.r_[-1.0, np.ones(199)]}, "negative"),
        ({"cluster": np.zeros(200)}, "one cluster only"),
        ({"offset": np.full(200, -np.inf)}, "no row has"),
        ({"y": np.r_[np.ones(5), np.full(195, np.nan)]}, "one cluster only"),
        ({"y": np.r_[1.0, np.full(9, np.nan), 2.0, np.full(189, np.nan)]}, "observations for"),
        ({"X": np.zeros((200, 2)), "names": ("a", "b")}, "no predictor varies"),
    ],
)
def test_data_that_cannot_be_fitted_give_a_reason(change: dict, words: str) -> None:
    fit = fit_mixed_poissons([replace(base_problem(), **change)])[0]
    assert not fit.ok
    assert words in fit.reason
    assert np.isnan(fit.coef).all()
    assert np.isnan(fit.aic)
    assert words in fit.summary()
    assert fit.frame()["p_value"].isna().all()


def test_bad_models_do_not_disturb_the_good_ones_beside_them() -> None:
    good, bad = base_problem(), replace(base_problem(), y=np.full(200, np.nan))
    fits = fit_mixed_poissons([bad, good, bad])
    assert [fit.ok for fit in fits] == [False, True, False]
    assert fits[1].loglik == pytest.approx(fit_mixed_poissons([good])[0].loglik, abs=1e-9)


def test_constant_and_collinear_columns_are_dropped_by_name() -> None:
    problem = base_problem()
    X = problem.X.assign(five=5.0, twice=2 * problem.X["step0"])
    fit = fit_mixed_poissons([replace(problem, X=X)])[0]
    plain = fit_mixed_poissons([problem])[0]
    assert fit.ok
    assert "five" in fit.reason
    assert "twice" in fit.reason
    assert np.isnan(fit.coef[-2:]).all()
    np.testing.assert_allclose(fit.coef[:5], plain.coef, atol=1e-7)
    assert fit.n_parameters == plain.n_parameters


def test_separation_by_zero_counts_is_named() -> None:
    problem = base_problem()
    late = np.asarray(problem.time) >= 4
    X = problem.X.assign(late=late.astype(float))
    fit = fit_mixed_poissons([replace(problem, X=X, y=np.where(late, 0.0, problem.y))])[0]
    assert not fit.ok
    assert "separation" in fit.reason
    assert "late" in fit.reason


def test_totals_in_pounds_and_a_wild_value_beside_them() -> None:
    problem = base_problem()
    pounds = replace(problem, y=1e6 * problem.y)
    wild = replace(problem, y=np.where(np.arange(200) == 5, 1e300, problem.y))
    for family in ("poisson", "nb2"):
        large, broken = fit_mixed_poissons([pounds, wild], family=family)  # type: ignore[arg-type]
        alone = fit_mixed_poissons([pounds], family=family)[0]  # type: ignore[arg-type]
        assert large.converged
        np.testing.assert_allclose(large.coef, alone.coef, atol=1e-6)
        np.testing.assert_allclose(large.se("robust"), alone.se("robust"), rtol=1e-3)
        # The same in thousands of pounds: as y grows, the intercept alone moves.
        thousands = fit_mixed_poissons([replace(pounds, y=1e-3 * pounds.y)], family=family)[0]  # type: ignore[arg-type]
        np.testing.assert_allclose(large.coef[1:], thousands.coef[1:], atol=1e-3)
        assert not broken.converged
        assert broken.reason
        assert not broken.frame().empty


def test_time_that_does_not_vary_leaves_a_random_intercept() -> None:
    problem = base_problem()
    fit = fit_mixed_poissons([replace(problem, time=np.asarray(problem.cluster, dtype=float))])[0]
    assert fit.ok
    assert fit.covariance == "intercept"
    assert "random intercept only" in fit.reason


def test_missing_years_and_late_starters() -> None:
    """Workforce returns begin late: most clusters have no year before the event."""
    panel = simulate_panel(seed=14, clusters=33, rate=50.0)
    y = panel.rows["y"].where(panel.rows["year"] >= panel.rows["event_year"] - (panel.rows["la"] % 3))
    fit = fit_mixed_poissons([replace(panel.problem(), y=y.to_numpy())])[0]
    assert fit.ok
    assert fit.converged
    assert np.isfinite(fit.se()).all()
    none_before = panel.rows["y"].where(panel.rows["event_time"] >= 0)
    fit = fit_mixed_poissons([replace(panel.problem(), y=none_before.to_numpy())])[0]
    assert fit.ok
    assert "dropped as constant or collinear" in fit.reason
    assert np.isnan(fit.coef[fit.names.index("pre")])


def test_wrong_calls_raise() -> None:
    problem = base_problem()
    with pytest.raises(ValueError, match="covariance"):
        fit_mixed_poissons([problem], covariance="diagonal")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="family"):
        fit_mixed_poissons([problem], family="gamma")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one point"):
        fit_mixed_poissons([problem], quadrature=0)
    with pytest.raises(ValueError, match="same number of rows"):
        fit_mixed_poissons([replace(problem, y=problem.y[:-1])])
    with pytest.raises(ValueError, match="names for"):
        fit_mixed_poissons([replace(problem, names=("a",))])
    assert fit_mixed_poissons([]) == []


def test_nullable_frames_are_read() -> None:
    problem = base_problem()
    y = pd.Series(problem.y).astype("Int64")
    y[3] = pd.NA
    fit = fit_mixed_poissons([replace(problem, y=y)])[0]
    assert fit.n_left_out == 1


# --- coverage ---------------------------------------------------------------------------------------------------------


def coverage(fits: list[MixedPoissonFit], errors: Errors | None = None) -> np.ndarray:
    """Share of 95% intervals of the four stages that hold the truth."""
    truth = np.array([TRUTH[name] for name in STAGES])
    hits = []
    for fit in fits:
        frame = fit.frame(errors).set_index("term").loc[list(STAGES)]
        hits.append((frame["ci_low"] <= truth) & (truth <= frame["ci_high"]))
    return np.mean(hits, axis=0)


def drawn(n: int, **panel: float) -> list[MixedPoissonProblem]:
    return [simulate_panel(seed=10_000 + i, **panel).problem() for i in range(n)]  # type: ignore[arg-type]


@pytest.mark.slow
def test_intervals_cover_where_the_model_is_right() -> None:
    fits = fit_mixed_poissons(drawn(600, clusters=60, rate=80.0))
    assert (np.abs(coverage(fits) - 0.95) < 0.03).all()
    assert (np.abs(coverage(fits, "robust") - 0.95) < 0.03).all()
    fits = fit_mixed_poissons(drawn(600, clusters=60, rate=80.0, alpha=0.03), family="nb2")
    assert (np.abs(coverage(fits) - 0.95) < 0.03).all()


@pytest.mark.slow
def test_plain_intervals_fail_on_realistic_data_and_robust_ones_hold() -> None:
    """Shocks to an authority's rate, with memory: the returns behave like this, not like Poisson counts."""
    poisson, nb2 = fit_poissons_and_nb2s(drawn(300, clusters=150, rate=500.0, noise_sd=0.12, noise_memory=0.4))
    plain = coverage(poisson, "model")
    assert (plain < 0.9).all()
    assert (plain[1:3] < 0.7).all()  # the two steps
    assert (coverage(poisson, "robust") > 0.91).all()
    assert (coverage(nb2) > 0.9).all()
