"""Segmented designs and what is read off them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.mixed_poisson import MixedPoissonFit, fit_mixed_poissons
from analysis.estimators.segmented import (
    IMPACT_MODELS,
    STAGES,
    chained_path,
    compare_impact_models,
    design,
    discontinuities,
    percent_change,
    segmented_problem,
    stage_frame,
)
from analysis.estimators.simulation import simulate_panel

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def fit() -> MixedPoissonFit:
    return fit_mixed_poissons([simulate_panel(seed=1, clusters=60).problem(label="CP plans")])[0]


def planted(
    fit: MixedPoissonFit, pre: float, step0: float, step1: float, post: float, se: float = 0.01, rho: float = 0
):
    """The fit with these stages, one standard error and one correlation between them."""
    cov = np.zeros((5, 5))
    cov[1:, 1:] = se**2 * ((1 - rho) * np.eye(4) + rho)
    cov[0, 0] = 1.0
    return replace(fit, coef=np.array([0.0, pre, step0, step1, post]), cov_model=cov, cov_robust=4 * cov)


def test_design_is_the_one_stated() -> None:
    table = design([-3, -2, -1, 0, 1, 2, 3])
    assert table["pre"].tolist() == [-2, -1, 0, 0, 0, 0, 0]
    assert table["step0"].tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert table["step1"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert table["post"].tolist() == [0, 0, 0, 0, 0, 1, 2]
    assert (table["const"] == 1).all()
    # Every year's change is one coefficient: rows differ by unit vectors.
    steps = np.diff(table[list(STAGES)].to_numpy(), axis=0)
    assert steps.sum(axis=1).tolist() == [1] * 6
    assert steps.argmax(axis=1).tolist() == [0, 0, 1, 2, 3, 3]


def test_smaller_models_lie_within_the_segmented_one() -> None:
    t = np.arange(-4, 6)
    whole = design(t).to_numpy()
    for model in ("slope", "level", "two_levels"):
        assert np.linalg.matrix_rank(np.hstack([whole, design(t, model).to_numpy()])) == 5
    assert np.linalg.matrix_rank(np.hstack([whole, design(t, "level_slope").to_numpy()])) == 5
    with pytest.raises(ValueError, match="impact model"):
        design(t, "spike")
    assert design([np.nan, 0.0]).iloc[0].isna().all()


def test_percent_change_is_multiplicative() -> None:
    assert percent_change(np.log(1.1)) == pytest.approx(10)
    assert percent_change(np.log(0.5)) == pytest.approx(-50)


def test_path_chains_the_four_changes(fit: MixedPoissonFit) -> None:
    pre, step0, step1, post = np.log([1.02, 1.10, 0.95, 0.99])
    path = chained_path(planted(fit, pre, step0, step1, post))
    expected = 100 * np.cumprod([1, 1.02, 1.02, 1.10, 0.95, 0.99, 0.99])
    np.testing.assert_allclose(path["percent"], expected)
    assert path["event_year"].tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert path.loc[0, ["percent", "ci_low", "ci_high"]].tolist() == [100, 100, 100]
    # Two years of pre, one step0: variance 4 + 1 times 0.01 squared, as the stages are uncorrelated here.
    assert np.log(path.loc[3, "ci_high"] / path.loc[3, "percent"]) == pytest.approx(1.959964 * 0.01 * np.sqrt(5))
    wide = chained_path(planted(fit, pre, step0, step1, post), errors="robust")
    assert (wide["ci_high"][1:] > path["ci_high"][1:]).all()


def test_path_of_any_impact_model() -> None:
    panel = simulate_panel(seed=2, clusters=30)
    fit = fit_mixed_poissons([panel.problem("slope")])[0]
    path = chained_path(fit, model="slope")
    np.testing.assert_allclose(path["percent"], 100 * np.exp(fit.coef[1] * np.arange(7)))


@pytest.mark.parametrize(
    ("stages", "present"),
    [
        ((0.01, 0.10, -0.05, 0.01), {"rise", "fall", "spike"}),
        ((0.01, 0.10, 0.10, 0.01), {"rise"}),
        ((0.15, 0.10, -0.05, 0.15), {"fall"}),
        ((0.10, 0.10, 0.10, 0.02), {"flatter"}),
        ((0.10, 0.10, 0.10, -0.10), {"reversed"}),
        ((-0.10, -0.10, -0.10, -0.02), {"flatter"}),
        ((0.02, 0.02, 0.02, 0.10), set()),
        ((-0.10, -0.02, 0.0, -0.1), set()),
    ],
)
def test_discontinuities_by_both_rules(fit: MixedPoissonFit, stages: tuple, present: set[str]) -> None:
    found = discontinuities(planted(fit, *stages))
    assert {label.kind for label in found.labels if label.by_overlap} == present
    assert {label.kind for label in found.labels if label.by_wald} == present


def test_rules_disagree_where_intervals_touch_but_the_contrast_is_sure(fit: MixedPoissonFit) -> None:
    """A difference of 3 standard errors: intervals (1.96 + 1.96) overlap, the contrast's z is 3 / sqrt 2 = 2.12."""
    close = planted(fit, 0.01, 0.04, 0.04, 0.01)
    rise = discontinuities(close)["rise"]
    assert (rise.by_overlap, rise.by_wald, rise.rules_differ) == (False, True, True)
    assert rise.p_value == pytest.approx(0.03389, abs=1e-4)
    assert rise.contrast == pytest.approx(0.03)
    assert "the rules disagree" in discontinuities(close).summary()
    # Negative correlation between the stages makes the contrast less sure; positive, more.
    assert not discontinuities(planted(fit, 0.01, 0.04, 0.04, 0.01, rho=-0.3))["rise"].by_wald
    assert discontinuities(planted(fit, 0.01, 0.035, 0.04, 0.01, rho=0.5))["rise"].by_wald
    # Robust errors are twice as large here: nothing is left.
    assert not discontinuities(close, errors="robust")["rise"].by_wald


def test_labels_that_cannot_be_judged_are_none(fit: MixedPoissonFit) -> None:
    found = discontinuities(planted(fit, np.nan, 0.1, 0.1, 0.1))
    assert all(label.by_overlap is None and label.by_wald is None for label in found.labels)
    assert found.reason
    assert "not estimable" in found.summary()
    with pytest.raises(ValueError, match="no pre"):
        discontinuities(replace(fit, names=("const", "slope", "step0", "step1", "post")))
    with pytest.raises(KeyError):
        found["bump"]


def test_planted_spike_is_found_in_a_panel() -> None:
    truth = {"const": 0.0, "pre": 0.01, "step0": 0.12, "step1": -0.10, "post": -0.03}
    panel = simulate_panel(seed=3, rate=300.0, truth=truth, sd_slope=0.02)
    fit = fit_mixed_poissons([panel.problem()])[0]
    found = discontinuities(fit, errors="robust")
    assert found["spike"].by_overlap
    assert found["reversed"].by_wald
    flat = simulate_panel(seed=4, rate=300.0, truth=dict.fromkeys(truth, 0.0), sd_slope=0.02)
    found = discontinuities(fit_mixed_poissons([flat.problem()])[0], errors="robust")
    assert not any(label.by_overlap for label in found.labels)


def test_the_impact_model_behind_the_data_is_chosen() -> None:
    truth = {"const": 0.0, "pre": 0.03, "step0": 0.15, "step1": -0.10, "post": -0.05}
    panel = simulate_panel(seed=5, clusters=100, rate=300.0, truth=truth)
    fits = fit_mixed_poissons([panel.problem(model) for model in IMPACT_MODELS])
    comparison = compare_impact_models(dict(zip(IMPACT_MODELS, fits, strict=True)))
    assert comparison.best_aic == comparison.best_bic == "segmented"
    table = comparison.frame().set_index("model")
    assert table.loc["segmented", "delta_aic"] == 0
    assert table["aic_weight"].sum() == pytest.approx(1)
    assert table.loc["level", "tested_against"] == "slope"
    assert table.loc["level", "lr_chi2"] == pytest.approx(2 * (fits[1].loglik - fits[0].loglik))
    assert table.loc["segmented", "lr_p"] < 1e-6
    # A straight line in truth: the smallest model has the lowest BIC.
    straight = {"const": 0.0, "pre": 0.03, "step0": 0.03, "step1": 0.03, "post": 0.03}
    panel = simulate_panel(seed=6, clusters=100, rate=300.0, truth=straight)
    fits = fit_mixed_poissons([panel.problem(model) for model in IMPACT_MODELS])
    assert compare_impact_models(dict(zip(IMPACT_MODELS, fits, strict=True))).best_bic == "slope"


def test_models_of_other_rows_are_not_compared() -> None:
    panel = simulate_panel(seed=7, clusters=20)
    fits = fit_mixed_poissons([panel.problem("slope"), panel.problem("level")])
    other = replace(fits[1], n_obs=fits[1].n_obs - 1)
    comparison = compare_impact_models({"slope": fits[0], "level": other})
    assert not comparison.ok
    assert "not comparable" in comparison.reason
    broken = replace(fits[1], ok=False, reason="no data")
    comparison = compare_impact_models({"slope": fits[0], "level": broken})
    assert comparison.best_aic == "slope"
    assert "level not estimated (no data)" in comparison.reason
    assert "no data" in comparison.summary()


def test_calendar_effects_enter_as_covariates() -> None:
    panel = simulate_panel(seed=8, clusters=60, rate=500.0)
    rows = panel.rows
    shock = 0.2 * (rows["year"] == 6)
    y = np.random.default_rng(0).poisson(rows["y"] * np.exp(shock))
    calendar = pd.DataFrame({"year_6": (rows["year"] == 6).to_numpy(dtype=float)}, index=rows.index + 17)
    problem = segmented_problem(
        y, rows["event_time"], rows["la"], offset=np.log(rows["exposure"]), covariates=calendar, label="with calendar"
    )
    fit = fit_mixed_poissons([problem])[0]
    assert fit.coef[fit.names.index("year_6")] == pytest.approx(0.2, abs=0.03)


def test_stage_frame_lists_every_fit_and_stage(fit: MixedPoissonFit) -> None:
    frame = stage_frame([fit, replace(fit, label="CIN")], errors="robust")
    assert frame.groupby("label")["term"].agg(list).to_dict() == {"CP plans": list(STAGES), "CIN": list(STAGES)}
    assert (frame["n"] == 600).all()
    assert stage_frame({}).empty
