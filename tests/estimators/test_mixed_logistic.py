"""Logistic regression with crossed random intercepts: another's stored fit, integrals by brute force, planted truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from analysis.estimators.logistic import fit_logistic
from analysis.estimators.mixed_logistic import _Problem, fit_mixed_logistic


def simulated(seed: int, n: int = 374, sd: tuple[float, float] = (0.6, 0.4), levels: int = 150) -> pd.DataFrame:
    """Inspections of authorities over nine years, with known coefficients: const -1, spend 0.4, deprivation -0.15."""
    rng = np.random.default_rng(seed)
    la, year = rng.integers(0, levels, n), rng.integers(0, 9, n)
    a, b = rng.normal(0, sd[0], levels), rng.normal(0, sd[1], 9)
    spend, decile = rng.gamma(4, 1, n), rng.integers(1, 11, n).astype(float)
    eta = -1 + 0.4 * spend - 0.15 * decile + a[la] + b[year]
    y = (rng.random(n) < expit(eta)).astype(float)
    return pd.DataFrame({"y": y, "spend": spend, "decile": decile, "la": la, "year": year})


def deterministic() -> pd.DataFrame:
    """Rows without chance, so that another program can be given the same ones (tests/estimators/r/mixed.R)."""
    i = np.arange(240)
    a, b = i % 12, (i // 12) % 5
    x = np.round(np.sin(i * 1.7) + 0.1 * (i % 7), 4)
    score = (7 * i * i + 3 * i) % 17 + 4 * x + 6 * np.sin(2.3 * a) + 5 * np.sin(1.9 * b)
    return pd.DataFrame({"y": (score > 5).astype(float), "x": x, "a": a, "b": b})


#: glmmTMB 1.1.5 in R 4.2.2 on the rows of `deterministic`: made by tests/estimators/r/mixed.R.
GLMMTMB = {
    "coef": (1.0965228102, 0.9316145372),
    "se": (0.5431409299, 0.2448591977),
    "sd": (1.206613513, 0.815881658),
    "loglik": -119.294171916,
}


def fitted(data: pd.DataFrame):  # type: ignore[no-untyped-def]
    return fit_mixed_logistic(data["y"], data[["spend", "decile"]], {"la": data["la"], "year": data["year"]})


def test_it_is_another_programs_fit() -> None:
    data = deterministic()
    fit = fit_mixed_logistic(data["y"], data[["x"]], {"a": data["a"], "b": data["b"]})
    assert fit.ok
    assert fit.coef == pytest.approx(GLMMTMB["coef"], abs=1e-4)
    assert np.sqrt(np.diag(fit.cov)) == pytest.approx(GLMMTMB["se"], rel=1e-4)
    assert list(fit.sd.values()) == pytest.approx(GLMMTMB["sd"], rel=1e-3)
    assert fit.loglik == pytest.approx(GLMMTMB["loglik"], abs=1e-6)


def test_the_gradient_is_that_of_the_likelihood() -> None:
    data = simulated(1, 120, levels=30)
    la = pd.factorize(data["la"])[0]
    X = np.column_stack([np.ones(len(data)), data[["spend", "decile"]]])
    problem = _Problem(data["y"].to_numpy(), X, [la, data["year"].to_numpy()], [la.max() + 1, 9])
    theta = np.array([-0.5, 0.3, -0.1, -0.4, -0.8])
    gradient = problem.value(theta)[1]
    numeric = [(problem.value(theta + 1e-6 * e)[0] - problem.value(theta - 1e-6 * e)[0]) / 2e-6 for e in np.eye(5)]
    assert gradient == pytest.approx(numeric, rel=1e-5, abs=1e-6)


def test_with_one_factor_it_is_near_the_integral() -> None:
    """Groups of 150: a thousandth a group is what the approximation leaves against a rule of two hundred nodes."""
    data = simulated(2, 3000, sd=(0.8, 0.0), levels=20)
    fit = fit_mixed_logistic(data["y"], data[["spend"]], {"la": data["la"]})
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    eta = fit.coef[0] + fit.coef[1] * data["spend"].to_numpy()
    total = 0.0
    for _, rows in data.groupby("la").indices.items():
        y = data["y"].to_numpy()[rows]
        at = eta[rows][:, None] + fit.sd["la"] * nodes
        logs = (y[:, None] * at - np.logaddexp(0, at)).sum(axis=0)
        total += np.log((np.exp(logs - logs.max()) * weights).sum() / weights.sum()) + logs.max()
    assert fit.loglik == pytest.approx(total, abs=0.03)


def test_without_variance_it_is_a_plain_logistic() -> None:
    data = simulated(3, 600, sd=(0.0, 0.0))
    fit = fitted(data)
    plain = fit_logistic(data["y"], data[["spend", "decile"]])
    assert max(fit.sd.values()) < 0.35
    assert fit.loglik >= plain.loglik - 1e-6
    held = fit_mixed_logistic(data["y"], data[["spend", "decile"]], {"one": np.zeros(len(data))})
    assert held.sd["one"] < 0.01
    assert held.coef == pytest.approx(plain.coef, abs=1e-3)


def test_planted_coefficients_are_covered() -> None:
    hits = []
    for seed in range(40):
        fit = fitted(simulated(100 + seed))
        table = fit.frame().set_index("term")
        for term, true in (("spend", 0.4), ("decile", -0.15)):
            low, high = (np.log(table.loc[term, f"odds_ratio_{side}"]) for side in ("low", "high"))
            hits.append(low <= true <= high)
    # 80 intervals of 95 %: fewer than 68 would happen once in ten thousand.
    assert sum(hits) >= 68


def test_the_marginal_effect_is_the_mean_difference_of_probabilities() -> None:
    data = simulated(4)
    fit = fitted(data)
    effect, error = fit.marginal_effect("spend")
    X = data[["spend", "decile"]].to_numpy()
    moved = X + np.array([1.0, 0.0])
    assert effect == pytest.approx(float((fit.predict(moved) - fit.predict(X)).mean()), rel=1e-12)
    rng = np.random.default_rng(0)
    drawn = rng.normal(0, np.sqrt(sum(s**2 for s in fit.sd.values())), 20_000)
    at = fit.coef[0] + X[:5] @ fit.coef[1:]
    assert fit.predict(X[:5]) == pytest.approx(expit(at[:, None] + drawn).mean(axis=1), abs=0.01)
    assert 0 < error < 0.1


def test_an_average_probability_is_the_mean_over_rows_that_are_alike_in_a_term() -> None:
    data = simulated(4)
    fit = fitted(data)
    X = data[["spend", "decile"]].to_numpy()
    value, error = fit.average_probability({"decile": 3.0})
    assert value == pytest.approx(fit.predict(np.column_stack([X[:, 0], np.full(len(X), 3.0)])).mean(), rel=1e-12)
    # The error, against draws of the coefficients.
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_normal(fit.coef, fit.cov, 2000)
    shifted = [replace(fit, coef=coef).average_probability({"decile": 3.0})[0] for coef in drawn[:400]]
    assert error == pytest.approx(float(np.std(shifted)), rel=0.15)
    assert fit.average_probability({})[0] == pytest.approx(float(fit.predict(X).mean()), rel=1e-12)


def test_what_cannot_be_estimated_says_why() -> None:
    data = simulated(5)
    groups = {"la": data["la"]}
    assert "same in every row" in fit_mixed_logistic(np.ones(len(data)), data[["spend"]], groups).reason
    assert "spend is the same" in fit_mixed_logistic(data["y"], data[["spend"]] * 0, groups).reason
    twice = data.assign(again=data["spend"] * 2)[["spend", "again"]]
    assert "again is determined" in fit_mixed_logistic(data["y"], twice, groups).reason
    with pytest.raises(ValueError, match="0 or 1"):
        fit_mixed_logistic(data["y"] * 2, data[["spend"]], groups)
    with pytest.raises(ValueError, match="at least one factor"):
        fit_mixed_logistic(data["y"], data[["spend"]], {})


def test_rows_in_another_order_give_the_same_fit() -> None:
    data = simulated(6)
    fit, other = fitted(data), fitted(data.sample(frac=1, random_state=1))
    assert other.coef == pytest.approx(fit.coef, abs=1e-6)
    assert other.loglik == pytest.approx(fit.loglik, abs=1e-8)
