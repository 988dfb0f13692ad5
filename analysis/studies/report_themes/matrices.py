"""Tests beside the code matrices: whether a theme occurs in more reports of one group than of another.

A report is the unit: items of one report are not independent. Two by two, with few reports expected in a cell, Fisher's
exact test is used; otherwise chi-squared, marked where expected numbers are small. p-values of all labels of one split
are one family (Benjamini-Hochberg).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Chi-squared is trusted where this many reports are expected in every cell.
_EXPECTED = 5.0
_FAMILY = ["sample", "level", "split"]
COLUMNS = (
    *_FAMILY,
    "label_id",
    "test",
    "group_count",
    "report_count",
    "reports_with_count",
    "highest_group",
    "lowest_group",
    "spread_pct",
    "smallest_expected",
    "statistic",
    "p_value",
    "p_adjusted",
    "reason",
)


def compare_groups(matrix: pd.DataFrame) -> pd.DataFrame:
    """Test every label of every split.

    Args:
        matrix: one row a sample, level, split, label_id and split_group, with report_count and reports_with_count.

    Returns:
        One row a sample, level, split and label with :data:`COLUMNS`; `spread_pct` is the highest share of reports less
        the lowest. Where no test can be made p is missing and `reason` says why.

    Raises:
        KeyError: a column is missing.
    """
    import pandas as pd

    from analysis.estimators.multiplicity import benjamini_hochberg

    rows = [
        {**dict(zip([*_FAMILY, "label_id"], key, strict=True)), **_compare(cells)}
        for key, cells in matrix.groupby([*_FAMILY, "label_id"], sort=True)
    ]
    found = pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "p_adjusted"])
    found["p_adjusted"] = found.groupby(_FAMILY)["p_value"].transform(lambda p: benjamini_hochberg(p.to_numpy(float)))
    return found[list(COLUMNS)]


def _compare(cells: pd.DataFrame) -> dict[str, object]:
    import numpy as np
    from scipy import stats

    cells = cells[cells["report_count"] > 0]
    have = cells["reports_with_count"].to_numpy(int)
    total = cells["report_count"].to_numpy(int)
    groups = cells["split_group"].tolist()
    share = 100.0 * have / total
    row: dict[str, object] = {
        "group_count": len(groups),
        "report_count": int(total.sum()),
        "reports_with_count": int(have.sum()),
        "highest_group": groups[int(share.argmax())] if groups else "",
        "lowest_group": groups[int(share.argmin())] if groups else "",
        "spread_pct": float(share.max() - share.min()) if groups else float("nan"),
        "test": "",
        "smallest_expected": float("nan"),
        "statistic": float("nan"),
        "p_value": float("nan"),
        "reason": "",
    }
    if len(groups) < 2:
        return {**row, "reason": "one group only"}
    if have.sum() in (0, total.sum()):
        return {**row, "reason": "in no report" if have.sum() == 0 else "in every report"}
    table = np.array([have, total - have])
    expected = stats.contingency.expected_freq(table)
    row["smallest_expected"] = float(expected.min())
    if expected.min() < _EXPECTED and len(groups) == 2:
        odds, p = stats.fisher_exact(table)
        return {**row, "test": "fisher", "statistic": float(odds), "p_value": float(p)}
    result = stats.chi2_contingency(table, correction=False)
    small = expected.min() < _EXPECTED
    return {
        **row,
        "test": "chi2",
        "statistic": float(result.statistic),
        "p_value": float(result.pvalue),
        "reason": "fewer than five reports expected in a cell" if small else "",
    }
