"""Judging predictions: against scikit-learn, planted calibration, and data where there is nothing to predict."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from analysis.estimators.elastic_net import fit_elastic_net
from analysis.estimators.validation import (
    CannotFit,
    calibration_table,
    cross_validate,
    elastic_net_learner,
    performance,
    temporal_hold_out,
)

pytestmark = pytest.mark.filterwarnings("error")


def forecasts(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = special.expit(rng.normal(-1, 1.2, n))
    return (rng.random(n) < p).astype(float), p


def test_scores_agree_with_scikit_learn() -> None:
    from sklearn.metrics import brier_score_loss, log_loss, recall_score, roc_auc_score

    y, p = forecasts(500)
    p = np.round(p, 2)  # ties
    result = performance(y, p)
    assert result.brier == pytest.approx(brier_score_loss(y, p))
    assert result.auc == pytest.approx(roc_auc_score(y, p))
    # The curve's area is the same, but for the corners between its points.
    area = np.trapezoid(result.roc["true_positive_rate"], result.roc["false_positive_rate"])
    assert area == pytest.approx(result.auc, abs=0.03)
    assert result.roc["true_positive_rate"].is_monotonic_increasing
    assert result.log_loss == pytest.approx(log_loss(y, p))
    assert result.sensitivity == pytest.approx(recall_score(y, p > 0.5))
    assert result.specificity == pytest.approx(recall_score(1 - y, p <= 0.5))
    assert result.brier_skill == pytest.approx(1 - result.brier / (y.mean() * (1 - y.mean())))


def test_calibration_is_read_off_right_and_wrong_forecasts() -> None:
    y, p = forecasts(20_000)
    right = performance(y, p)
    assert right.calibration_slope == pytest.approx(1, abs=0.06)
    assert right.calibration_intercept == pytest.approx(0, abs=0.06)
    extreme = performance(y, special.expit(2 * special.logit(p)))
    assert extreme.calibration_slope == pytest.approx(0.5, abs=0.04)
    optimistic = performance(y, special.expit(special.logit(p) - 0.7))
    assert optimistic.calibration_intercept == pytest.approx(0.7, abs=0.06)
    np.testing.assert_allclose(right.bins["predicted"], right.bins["observed"], atol=0.04)
    assert right.bins["n"].sum() == 20_000
    assert "predicted" in calibration_table(right)


def test_forecasts_that_cannot_be_judged() -> None:
    assert performance([], []).reason == "no units"
    one = performance([1, 1, 1], [0.2, 0.6, 0.7])
    assert "one outcome only" in one.reason
    assert one.sensitivity == pytest.approx(2 / 3)
    assert np.isnan(one.auc)
    assert "every prediction is the same" in performance([0, 1, 0, 1], [0.5] * 4).reason
    assert "separate the outcomes" in performance([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]).reason
    assert performance([0, 1, np.nan], [0.1, np.nan, 0.4]).n == 1
    with pytest.raises(ValueError, match="0 or 1"):
        performance([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="between 0 and 1"):
        performance([0, 1], [0.1, 1.2])
    with pytest.raises(ValueError, match="same length"):
        performance([0, 1], [0.1])


def noise_study(n: int = 80, p: int = 40, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.tile([0.0, 1.0], n // 2), rng.normal(size=(n, p))


def test_nested_validation_finds_nothing_where_there_is_nothing() -> None:
    """Forty predictors of pure noise: tuned on the same units the model looks good, held out it is a coin."""
    y, X = noise_study()
    apparent = performance(y, fit_elastic_net(y, X, mixing=[0.0], n_folds=4).fitted)
    nested = cross_validate(y, X, elastic_net_learner(mixing=[0.0], n_folds=4), n_folds=4, repeats=2)
    assert apparent.auc > 0.8
    assert 0.25 < nested.held_out.auc < 0.65
    assert nested.held_out.brier_skill < 0.05
    assert len(nested.by_fold) == 8
    assert "Held out" in nested.summary()


def test_nested_validation_finds_what_is_there() -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(150, 10))
    y = (rng.random(150) < special.expit(2 * X[:, 0])).astype(float)
    X[:3, 4] = np.nan
    nested = cross_validate(y, X, elastic_net_learner(mixing=[1.0], n_folds=5), n_folds=5)
    assert nested.held_out.auc > 0.75
    assert nested.held_out.n == 147
    assert np.isnan(nested.probability[:3]).all()


def test_temporal_hold_out_fits_before_and_judges_after() -> None:
    rng = np.random.default_rng(3)
    X0, X1 = rng.normal(size=(200, 4)), rng.normal(size=(150, 4))
    y0, y1 = ((rng.random(len(X)) < special.expit(1.5 * X[:, 0])).astype(float) for X in (X0, X1))
    learn = elastic_net_learner(mixing=[1.0], n_folds=5)
    same = temporal_hold_out(y0, X0, y1, X1, learn)
    assert same.held_out.auc > 0.7
    reversed_world = temporal_hold_out(y0, X0, 1 - y1, X1, learn)
    assert reversed_world.held_out.auc < 0.3
    assert reversed_world.apparent.auc == same.apparent.auc
    assert set(same.frame()["on"]) == {"apparent", "held out"}
    with pytest.raises(ValueError, match="same columns"):
        temporal_hold_out(y0, X0, y1, X1[:, :2], learn)


def test_learners_that_cannot_fit_say_so() -> None:
    def never(y: np.ndarray, X: np.ndarray):
        raise CannotFit("nothing to learn from")

    y, X = noise_study(40, 3)
    result = cross_validate(y, X, never, n_folds=4)
    assert not result.ok
    assert "4 of 4 folds could not be fitted (nothing to learn from)" in result.reason
    held = temporal_hold_out(y, X, y, X, never)
    assert held.reason == "nothing to learn from"
    assert "not made" in held.summary()
    assert "one outcome only" in cross_validate(np.ones(40), X, elastic_net_learner()).reason
