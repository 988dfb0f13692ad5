"""Firth's penalty, few clusters and imputation: R's figures, planted truths, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.estimators.few_clusters import fit_clustered
from analysis.estimators.firth import fit_firth
from analysis.estimators.imputation import impute, pool
from analysis.estimators.logistic import fit_logistic


def parted() -> pd.DataFrame:
    """Forty rows in which x2 never occurs without the outcome."""
    rng = np.random.default_rng(5)
    x1 = rng.normal(size=40) * 10 + 50
    x2 = (rng.random(40) < 0.3) * 1.0
    y = (x1 + rng.normal(size=40) * 5 > 52) * 1.0
    y[x2 == 1] = 1
    return pd.DataFrame({"y": y, "x1": x1, "x2": x2})


def test_firth_gives_r_s_figures_where_the_outcome_is_parted() -> None:
    frame = parted()
    assert fit_logistic(frame["y"], frame[["x1", "x2"]]).reason.startswith("separation")
    fit = fit_firth(frame["y"], frame[["x1", "x2"]])
    # R 4.2, brglm2 0.9 (type AS_mean); tests and limits by optim and uniroot on the penalised likelihood.
    assert fit.coef == pytest.approx([-17.731469606850, 0.330593330622, 6.647125542747], rel=1e-7)
    assert fit.se == pytest.approx([6.771594425025, 0.131517734689, 2.358925593515], rel=1e-6)
    assert fit.p_value[1:] == pytest.approx([2.352862628e-05, 1.718681519e-06], rel=1e-4)
    assert fit.ci[1] == pytest.approx([0.1297948998, 0.8087079468], rel=1e-5)
    assert fit.ci[2] == pytest.approx([3.075316023, 13.659228583], rel=1e-5)
    assert fit.frame()["term"].tolist() == ["const", "x1", "x2"]


def test_firth_agrees_with_maximum_likelihood_in_large_samples() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 2))
    y = (rng.random(4000) < 1 / (1 + np.exp(-(0.3 + 0.8 * x[:, 0] - 0.5 * x[:, 1])))) * 1.0
    assert fit_firth(y, x).coef == pytest.approx(fit_logistic(y, x).coef, abs=0.005)


@pytest.mark.parametrize(("y", "x"), [([1, 1, 1, 1], [1, 2, 3, 4]), ([0, 1, 0, 1], [2, 2, 2, 2]), ([np.nan], [1.0])])
def test_firth_says_why_there_is_nothing(y: list[float], x: list[float]) -> None:
    fit = fit_firth(y, x)
    assert not fit.ok
    assert np.isnan(fit.coef).all()


def unbalanced() -> pd.DataFrame:
    """Fourteen clusters of three to eight rows, errors alike within them; what a third of them get later on."""
    rng = np.random.default_rng(1)
    rows = []
    for g in range(14):
        k = rng.integers(3, 9)
        rows += [(g, rng.normal() + 0.3 * g, t, float(g % 3 == 0 and t >= k // 2)) for t in range(k)]
    d = pd.DataFrame(rows, columns=["g", "x", "t", "d"])
    d["y"] = 0.5 * d["x"] + 0.2 * d["t"] + d["d"] + rng.normal(size=len(d)) + d["g"] * 0.4
    d["y"] += rng.normal(size=14)[d["g"]] * d["t"] * 0.3
    return d


def test_cr2_and_its_degrees_of_freedom_are_those_of_club_sandwich() -> None:
    d = unbalanced()
    fit = fit_clustered(d["y"], d[["x", "t", "d"]], d["g"], wild=("d",))
    # R 4.2, clubSandwich: lm(y ~ x + t + d + factor(g)), vcovCR CR2, Satterthwaite.
    assert fit.coef == pytest.approx([0.693, 0.301, 0.254], abs=5e-4)
    assert fit.se == pytest.approx([0.111, 0.108, 0.429], abs=5e-4)
    assert fit.df == pytest.approx([8.08, 9.11, 5.94], abs=6e-3)
    assert fit.p_value == pytest.approx([0.0002445198895, 0.0212181683508, 0.5747049160206], rel=1e-6)
    assert fit.p_wild[2] == pytest.approx(0.56, abs=0.05)
    assert np.isnan(fit.p_wild[:2]).all()


def test_few_clusters_are_not_taken_for_many() -> None:
    """A nothing that is the same within a cluster: with twelve clusters t on CR2 rejects one time in twenty."""
    rng = np.random.default_rng(3)
    rejected = wild = 0
    draws = 200
    for _ in range(draws):
        g, t = np.repeat(np.arange(12), 6), np.tile(np.arange(6.0), 12)
        x = (t >= 3) * (g < 4)
        y = rng.normal(size=12)[g] + rng.normal(size=12)[g] * t + rng.normal(size=72) * 0.3
        fit = fit_clustered(y, np.column_stack([t, x]), g, names=("t", "x"), wild=("x",), draws=199)
        rejected += fit.p_value[1] < 0.05
        wild += fit.p_wild[1] < 0.05
    assert rejected / draws < 0.10
    assert wild / draws < 0.12


def test_too_few_clusters_are_a_reason() -> None:
    assert "too few" in fit_clustered([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], [1, 1, 1]).reason
    constant = fit_clustered(np.arange(12.0), np.ones(12), np.repeat([1, 2, 3], 4))
    assert "does not vary" in constant.reason
    with pytest.raises(ValueError, match="clusters"):
        fit_clustered([1.0, 2.0], [1.0, 2.0], [1])


def test_pooling_is_rubins() -> None:
    # R 4.2, mice 3.15: pool.scalar(c(1, 1.2, .9, 1.1), c(.04, .05, .045, .04), n = 90, k = 3).
    found = pool([1, 1.2, 0.9, 1.1], np.sqrt([0.04, 0.05, 0.045, 0.04]), df_complete=87)
    assert found.estimate == pytest.approx(1.05)
    assert found.se**2 == pytest.approx(0.06458333, rel=1e-6)
    assert found.df == pytest.approx(19.2162, rel=1e-5)
    assert not pool([1.0, np.nan], [1.0, 1.0]).ok


def test_what_is_filled_in_has_been_observed_and_what_was_there_stays() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60)})
    frame["b"] = np.round(2 * frame["a"] + rng.normal(size=60))
    frame["none"] = np.nan
    frame["c"] = frame["b"] + rng.normal(size=60)
    frame.loc[:20, "b"] = np.nan
    frame.loc[50:, "c"] = np.nan
    sets = impute(frame, sets=5)
    for one in sets:
        assert one["a"].equals(frame["a"])
        assert one["b"].isin(frame["b"].dropna()).all()
        assert one.loc[21:, "b"].equals(frame.loc[21:, "b"])
        assert one["none"].isna().all()
    assert len({tuple(one["b"]) for one in sets}) == 5
    assert impute(frame, sets=1, seed=3)[0].equals(impute(frame, sets=1, seed=3)[0])


@pytest.mark.slow
def test_what_hangs_on_the_seen_is_made_up_for() -> None:
    """The greater a, the more often b is missing: complete cases are biased, imputed sets hardly."""
    complete, filled = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        a = rng.normal(size=150)
        frame = pd.DataFrame({"a": a, "b": 0.8 * a + 0.6 * rng.normal(size=150)})
        frame.loc[rng.random(150) < 1 / (1 + np.exp(-1.5 * a)), "b"] = np.nan
        complete.append(frame["b"].mean())
        filled.append(np.mean([one["b"].mean() for one in impute(frame, sets=5, seed=seed)]))
    assert np.mean(complete) < -0.3
    assert abs(np.mean(filled)) < abs(np.mean(complete)) / 2
