"""Tests beside the code matrices, against scipy and by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats

from analysis.studies.report_themes.matrices import COLUMNS, compare_groups


def matrix(**labels: list[tuple[str, int, int]]) -> pd.DataFrame:
    """label -> (group, reports with it, reports)."""
    return pd.DataFrame(
        [
            ("corpus", "theme", "split", label, group, have, total)
            for label, cells in labels.items()
            for group, have, total in cells
        ],
        columns=["sample", "level", "split", "label_id", "split_group", "reports_with_count", "report_count"],
    )


def test_chi_squared_fisher_and_adjustment() -> None:
    found = compare_groups(
        matrix(
            many=[("x", 30, 40), ("y", 10, 40), ("z", 20, 40)],
            few=[("x", 4, 5), ("y", 1, 8)],
            never=[("x", 0, 40), ("y", 0, 40)],
            always=[("x", 40, 40), ("y", 40, 40)],
            alone=[("x", 3, 40), ("y", 0, 0)],
        )
    ).set_index("label_id")
    assert tuple(found.reset_index()[list(COLUMNS)].columns) == COLUMNS
    many = stats.chi2_contingency([[30, 10, 20], [10, 30, 20]], correction=False)
    few = stats.fisher_exact([[4, 1], [1, 7]])
    assert found.loc["many", "test"] == "chi2"
    assert found.loc["many", "p_value"] == pytest.approx(many.pvalue)
    assert found.loc["few", "test"] == "fisher"
    assert found.loc["few", "p_value"] == pytest.approx(few.pvalue)
    assert found.loc["many", "p_adjusted"] == pytest.approx(2 * many.pvalue)
    assert found.loc["few", "p_adjusted"] == pytest.approx(few.pvalue)
    assert found.loc["many", ["highest_group", "lowest_group", "spread_pct"]].tolist() == ["x", "y", 50.0]
    assert found.loc[["never", "always", "alone"], "reason"].tolist() == [
        "in no report",
        "in every report",
        "one group only",
    ]
    assert found.loc[["never", "always", "alone"], "p_adjusted"].isna().all()


def test_small_expected_numbers_of_several_groups_are_told() -> None:
    found = compare_groups(matrix(rare=[("x", 1, 9), ("y", 2, 9), ("z", 0, 9)]))
    assert found["reason"].tolist() == ["fewer than five reports expected in a cell"]


def test_an_empty_matrix() -> None:
    assert list(compare_groups(matrix()).columns) == list(COLUMNS)
