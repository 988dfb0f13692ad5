"""The weakly informative prior: the plain fit where it does not matter, finite where that does not exist."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from analysis.estimators.ordinal import fit_ordinal
from analysis.estimators.ordinal_prior import fit_ordinal_prior


def made_up(n: int, slope: float, seed: int) -> tuple[np.ndarray, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(30, 8, n), "b": rng.normal(0, 1, n)})
    score = slope * (X["a"] - 30) / 8 + rng.logistic(size=n)
    return np.digitize(score, [-1.0, 0.5, 2.0]).astype(float), X


def test_a_flat_prior_is_the_plain_fit() -> None:
    y, X = made_up(90, 0.8, 1)
    plain, flat = fit_ordinal(y, X), fit_ordinal_prior(y, X, scale=1e6)
    assert flat.coef == pytest.approx(plain.coef, rel=1e-6)
    assert flat.se == pytest.approx(np.sqrt(np.diag(plain.cov)), rel=1e-6)
    assert flat.thresholds == pytest.approx(plain.thresholds, rel=1e-6)


def test_the_posterior_is_the_one_that_a_general_search_finds() -> None:
    y, X = made_up(40, 1.5, 2)
    found = fit_ordinal_prior(y, X)
    scaled = ((X - X.mean()) / X.std()).to_numpy()

    def minus(theta: np.ndarray) -> float:
        cuts = np.concatenate([[-np.inf], np.cumsum(np.concatenate([theta[2:3], np.exp(theta[3:])])), [np.inf]])
        eta, code = scaled @ theta[:2], y.astype(int)
        chance = expit(cuts[code + 1] - eta) - expit(cuts[code] - eta)
        return -float(np.log(chance).sum() - 0.5 * (theta[:2] ** 2).sum() / 2.5**2)

    best = minimize(minus, np.array([0.0, 0.0, -1.0, 0.0, 0.0]), method="BFGS", options={"gtol": 1e-9})
    assert found.coef * X.std().to_numpy() == pytest.approx(best.x[:2], rel=1e-4)
    assert abs(found.coef[0]) < abs(fit_ordinal(y, X).coef[0])


def test_what_separates_has_a_finite_slope() -> None:
    y = np.repeat([1.0, 2.0, 3.0], 8)
    X = pd.DataFrame({"x": np.arange(24.0)})
    assert fit_ordinal(y, X).reason.startswith("separation")
    found = fit_ordinal_prior(y, X)
    assert found.ok
    assert 0 < found.ci_low[0] < found.coef[0] < 10


def test_bad_input_has_a_reason() -> None:
    assert fit_ordinal_prior(np.ones(10), np.arange(10.0)).reason == "fewer than two categories have observations"
    assert "does not vary" in fit_ordinal_prior(np.arange(4.0), np.ones(4)).reason
    assert fit_ordinal_prior(np.array([np.nan, 1.0]), np.array([1.0, np.nan])).reason == "no complete rows"


def test_intervals_cover_what_was_planted() -> None:
    hits = 0
    for seed in range(150):
        y, X = made_up(60, 0.6, 100 + seed)
        found = fit_ordinal_prior(y, X)
        hits += bool(found.ci_low[0] <= 0.6 / 8 <= found.ci_high[0])
    assert hits / 150 > 0.9
