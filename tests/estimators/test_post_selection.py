"""Critical values after selection: known cases, and coverage where nothing is related and a model was chosen all the
same."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.estimators.post_selection import bound, post_selection
from analysis.estimators.stepwise import stepwise_logistic


def test_one_candidate_is_the_plain_interval() -> None:
    rng = np.random.default_rng(1)
    found = post_selection(rng.normal(size=(50, 1)), 1, draws=20_000)
    assert found.critical == pytest.approx(1.96, abs=0.03)
    low, high = found.interval(1.0, 0.5)
    assert (low, high) == pytest.approx((1 - 0.5 * found.critical, 1 + 0.5 * found.critical))


def test_unrelated_candidates_have_the_quantile_of_their_largest() -> None:
    # Orthogonal columns: ten independent |z|, whatever the model; (2 Phi(K) - 1) ** 10 = .95.
    square, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(40, 11)) - 0.0)
    columns = square - square.mean(axis=0)
    columns, _ = np.linalg.qr(columns[:, :10])
    assert post_selection(columns, 3, draws=20_000).critical == pytest.approx(2.80, abs=0.03)
    # The same candidate twice is one.
    twice = np.column_stack([columns[:, 0], columns[:, 0]])
    assert post_selection(twice, 2, draws=20_000).critical == pytest.approx(1.96, abs=0.03)


def test_more_models_need_more_and_the_bound_lies_above_what_is_drawn() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 8)) + rng.normal(size=(60, 1))
    found = [post_selection(X, size, draws=4000) for size in (1, 2, 3)]
    assert found[0].critical < found[1].critical < found[2].critical
    for one in found:
        above = bound(one.directions, 8, 0.05)
        assert one.critical < above < one.critical + 1.0
    assert found[2].p_value(found[2].critical) == pytest.approx(0.05, abs=0.005)
    wide = post_selection(rng.normal(size=(60, 40)), 5)
    assert wide.directions > 5_000
    assert 4 < wide.critical < np.sqrt(55.8)  # Scheffé's, chi-squared with 40 degrees of freedom
    assert wide.p_value(wide.critical) == pytest.approx(0.05, abs=1e-3)
    assert wide.p_value(3.0) > 0.99


def test_bad_input_has_a_reason() -> None:
    assert post_selection(np.ones((10, 3)), 2).reason == "no candidate varies"
    assert post_selection(np.full((10, 2), np.nan), 1).reason == "no candidate varies"
    assert post_selection(np.arange(10.0), 0).reason
    gaps = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, 1.0], [np.nan, 5.0], [0.0, 2.0]])
    assert post_selection(gaps, 2).ok


def test_the_largest_of_twenty_is_covered_as_often_as_said() -> None:
    """Least squares of noise on each of twenty columns of noise: the one that stands out, with its interval."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(100, 20))
    X = (X - X.mean(axis=0)) / np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=0))
    y = rng.normal(size=(2000, 100))
    y = y - y.mean(axis=1, keepdims=True)
    slopes = y @ X
    se = np.sqrt(((y**2).sum(axis=1, keepdims=True) - slopes**2) / 98)
    largest = np.abs(slopes / se).max(axis=1)
    assert (largest < 1.96).mean() < 0.5
    assert (largest < post_selection(X, 1, draws=4000).critical).mean() == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
def test_coverage_where_nothing_is_related() -> None:
    """Stepwise logistic of a coin on twelve columns of noise: the interval of every coefficient kept should hold 0."""
    rng = np.random.default_rng(4)
    plain = corrected = samples = 0
    for _ in range(120):
        X, y = rng.normal(size=(80, 12)), (rng.random(80) < 0.5) * 1.0
        found = stepwise_logistic(y, X, profile=False)
        if found.model is None or not found.model.ok:
            continue
        samples += 1
        rows = found.model.frame().iloc[1:]
        after = post_selection(X, len(rows), draws=300)
        plain += bool(((rows["ci_low"] <= 0) & (rows["ci_high"] >= 0)).all())
        pairs = [after.interval(*pair) for pair in zip(rows["estimate"], rows["se"], strict=True)]
        corrected += all(low <= 0 <= high for low, high in pairs)
    assert samples > 30
    assert plain / samples < 0.5
    # A kept coefficient is not a chance one: 95 % hold over all samples, those that kept nothing among them.
    assert (120 - samples + corrected) / 120 > 0.93
