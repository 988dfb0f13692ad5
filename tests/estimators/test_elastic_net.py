"""The elastic net against its optimality conditions, glum and planted sparsity."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from analysis.estimators.elastic_net import fit_elastic_net, stratified_folds

pytestmark = pytest.mark.filterwarnings("error")


def sparse_study(n: int = 150, p: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.2 * rng.normal(size=(p, p)))
    X = X * rng.uniform(0.1, 50, p) + rng.uniform(-100, 100, p)
    eta = 1.2 * (X[:, 0] - X[:, 0].mean()) / X[:, 0].std() - 1.0 * (X[:, 1] - X[:, 1].mean()) / X[:, 1].std() - 1
    return (rng.random(n) < special.expit(eta)).astype(float), X


def standardised_slopes(coef: np.ndarray, X: np.ndarray) -> np.ndarray:
    return coef[1:] * X.std(axis=0)


@pytest.mark.parametrize("mixing", [0.0, 0.3, 1.0])
def test_chosen_model_satisfies_the_optimality_conditions(mixing: float) -> None:
    y, X = sparse_study()
    fit = fit_elastic_net(y, X, mixing=[mixing])
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    slopes = standardised_slopes(fit.coef, X)
    score = Z.T @ (y - fit.predict(X)) / len(y)
    assert (y - fit.predict(X)).mean() == pytest.approx(0, abs=1e-6)
    lasso, ridge = fit.lambda_used * mixing, fit.lambda_used * (1 - mixing)
    active = slopes != 0
    np.testing.assert_allclose((score - ridge * slopes)[active], lasso * np.sign(slopes[active]), atol=2e-6)
    assert (np.abs(score[~active]) <= lasso + 2e-6).all()
    assert active.sum() < 20 if mixing else active.all()


@pytest.mark.parametrize("mixing", [0.2, 1.0])
def test_agrees_with_glum_at_the_same_penalty(mixing: float) -> None:
    from glum import GeneralizedLinearRegressor

    y, X = sparse_study()
    fit = fit_elastic_net(y, X, mixing=[mixing])
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = GeneralizedLinearRegressor(
        family="binomial", alpha=fit.lambda_used, l1_ratio=mixing, gradient_tol=1e-9, max_iter=2000
    ).fit(Z, y)
    np.testing.assert_allclose(standardised_slopes(fit.coef, X), theirs.coef_, atol=2e-5)


def test_path_starts_where_nothing_is_kept() -> None:
    y, X = sparse_study()
    curve = fit_elastic_net(y, X, mixing=[1.0, 0.5]).curve
    first = curve.groupby("mixing").first()
    assert (first["kept"] == 0).all()
    assert (curve.groupby("mixing")["kept"].nth(1) > 0).all()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    assert first.loc[1.0, "penalty"] == pytest.approx(np.abs(Z.T @ (y - y.mean())).max() / 150)
    assert first.loc[0.5, "penalty"] == pytest.approx(2 * first.loc[1.0, "penalty"])
    for _mixing, path in curve.groupby("mixing"):
        assert (np.diff(path["deviance_explained"]) > -1e-7).all()


@pytest.mark.parametrize(("n", "p", "smallest"), [(150, 20, 1e-4), (30, 40, 1e-2)])
def test_penalties_go_as_far_down_as_glmnets(n: int, p: int, smallest: float) -> None:
    """100 of them, evenly on the log scale, to 1/10,000 of the largest; to 1/100 with more predictors than rows."""
    y, X = sparse_study(n=n, p=p, seed=1)
    penalty = fit_elastic_net(y, X, mixing=[1.0], n_folds=5).curve["penalty"].to_numpy()
    np.testing.assert_allclose(penalty[1:] / penalty[:-1], smallest ** (1 / 99))


def test_planted_predictors_are_kept_and_few_others() -> None:
    y, X = sparse_study(n=400, seed=3)
    fit = fit_elastic_net(y, X, mixing=[1.0], choose="1se", names=[f"v{j}" for j in range(20)])
    assert {"v0", "v1"} <= set(fit.kept)
    assert len(fit.kept) <= 6
    frame = fit.frame().set_index("term")
    assert frame.loc["v0", "estimate"] > 0 > frame.loc["v1", "estimate"]
    assert fit.lambda_1se >= fit.lambda_min
    assert fit.lambda_used == fit.lambda_1se
    assert fit.cv_deviance < fit.cv_null_deviance
    assert fit.held_out_sensitivity <= fit.sensitivity + 0.05


def test_units_of_the_predictors_do_not_matter() -> None:
    y, X = sparse_study()
    one, other = fit_elastic_net(y, X, mixing=[0.5]), fit_elastic_net(y, X * 1000 + 5, mixing=[0.5])
    np.testing.assert_allclose(one.fitted, other.fitted, atol=1e-6)
    assert one.lambda_used == pytest.approx(other.lambda_used)


def test_held_out_deviance_is_that_of_models_without_the_fold() -> None:
    """Recompute one fold: the same penalty on the other folds' rows, standardised among themselves."""
    from glum import GeneralizedLinearRegressor

    y, X = sparse_study(n=90, p=6)
    folds = stratified_folds(y, 5, 0)
    fit = fit_elastic_net(y, X, mixing=[0.5], folds=folds)
    train = folds != 2
    centre, scale = X[train].mean(axis=0), X[train].std(axis=0)
    model = GeneralizedLinearRegressor(family="binomial", alpha=fit.lambda_used, l1_ratio=0.5, gradient_tol=1e-9)
    model.fit((X[train] - centre) / scale, y[train])
    np.testing.assert_allclose(fit.held_out[~train], model.predict((X[~train] - centre) / scale), atol=1e-5)
    chosen = fit.curve[np.isclose(fit.curve["penalty"], fit.lambda_used)].iloc[0]
    losses = -2 * (y * np.log(fit.held_out) + (1 - y) * np.log(1 - fit.held_out))
    assert chosen["cv_deviance"] == pytest.approx(losses.mean(), abs=1e-9)
    by_fold = np.array([losses[folds == f].mean() for f in range(5)])
    share = np.bincount(folds) / 90
    expected = np.sqrt((share * (by_fold - losses.mean()) ** 2).sum() / 4)
    assert chosen["cv_se"] == pytest.approx(expected, abs=1e-9)


def test_more_predictors_than_rows() -> None:
    y, X = sparse_study(n=40, p=60, seed=5)
    fit = fit_elastic_net(y, X, mixing=[0.5, 1.0], n_folds=5)
    assert fit.ok
    assert np.isfinite(fit.coef).all()
    assert len(fit.kept) <= 60


def test_folds_are_stratified_and_reproducible() -> None:
    y = np.r_[np.ones(13), np.zeros(40)]
    folds = stratified_folds(y, 10, seed=1)
    assert np.bincount(folds).max() - np.bincount(folds).min() <= 1
    assert np.bincount(folds[:13]).max() <= 2
    assert (folds == stratified_folds(y, 10, seed=1)).all()
    assert (folds != stratified_folds(y, 10, seed=2)).any()


def test_separated_outcomes_are_no_trouble_to_a_penalised_model() -> None:
    x = np.arange(40.0)
    y = (x > 19).astype(float)
    fit = fit_elastic_net(y, np.column_stack([x, np.random.default_rng(0).normal(size=40)]), mixing=[1.0], n_folds=5)
    assert fit.ok
    assert np.isfinite(fit.coef).all()
    assert fit.deviance_explained > 0.8


def test_data_without_an_answer() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    assert "events among" in fit_elastic_net(np.zeros(30), X).reason
    assert "no predictor varies" in fit_elastic_net(np.tile([0.0, 1], 15), np.ones((30, 2))).reason
    assert "events among 0" in fit_elastic_net(np.tile([0.0, 1], 15), np.full((30, 2), np.nan)).reason
    lonely = np.zeros(30)
    lonely[:2] = 1
    result = fit_elastic_net(lonely, X, folds=np.r_[0, 0, np.arange(28) % 4])
    assert "one outcome only is left" in result.reason
    assert "not estimated" in result.summary()
    assert not result.frame()["kept"].any()
    X[:, 1] = 4.0
    flat = fit_elastic_net(np.tile([0.0, 1], 15), X, names=["a", "flat", "c"], n_folds=5)
    assert "flat" in flat.reason
    assert flat.coef[2] == 0


def test_wrong_calls_raise() -> None:
    X = np.zeros((4, 1))
    with pytest.raises(ValueError, match="0 or 1"):
        fit_elastic_net([1, 2, 3, 4], X)
    with pytest.raises(ValueError, match="mixing"):
        fit_elastic_net([0, 1, 0, 1], X, mixing=[1.2])
    with pytest.raises(ValueError, match="choose"):
        fit_elastic_net([0, 1, 0, 1], X, choose="best")  # type: ignore[arg-type]
