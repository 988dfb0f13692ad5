"""The stratified sample of reports that people code: so many per framework, spread over their kinds.

The reports are drawn one by one. The next is one whose judgement, third of deprivation and rural-urban class have been
drawn least so far; chance, from the seed, decides between equals. The order of the frame does not matter.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: What the sample is spread over within a framework.
STRATA = ("outcome_group", "imd_2015_third", "rural_urban_class")
#: Framework -> what the published study calls it; ILACS came after the study.
FRAMEWORKS: dict[str, str] = {"slac": "F1", "cpi": "F2", "sif": "F3", "ilacs": "ILACS"}
SIZE = 20
SEED = 2019


def draw(frame: pd.DataFrame, size: int = SIZE, seed: int = SEED, strata: Sequence[str] = STRATA) -> pd.DataFrame:
    """Draw a sample.

    Args:
        frame: one row a report: report_id, la_code, framework and the strata; blank strata are a stratum of their own.
        size: reports per framework.
        seed: the same seed and frame give the same sample, in whatever order the rows come.
        strata: columns to spread over.

    Returns:
        The drawn rows of the frame with `draw_order`, from 1 within each framework. Where there are fewer than `size`
        all are drawn. An authority comes twice within a framework only once every other authority has come.

    Raises:
        KeyError: the frame lacks a column.
        ValueError: a report comes twice.
    """
    import pandas as pd

    if frame["report_id"].duplicated().any():
        raise ValueError("a report comes twice in the frame")
    drawn: list[dict[str, Any]] = []
    for framework, part in frame.groupby("framework", sort=True):
        rows = [{str(k): v for k, v in row.items()} for row in part.to_dict("records")]
        left = sorted(rows, key=lambda row: _chance(seed, str(row["report_id"])))
        counts: Counter[tuple[str, str]] = Counter()
        authorities: Counter[str] = Counter()
        for order in range(1, min(size, len(left)) + 1):
            chosen = min(
                left,
                key=lambda row: (
                    authorities[str(row["la_code"])],
                    sum(counts[trait] for trait in _traits(row, strata)),
                ),
            )
            left.remove(chosen)
            counts.update(_traits(chosen, strata))
            authorities[str(chosen["la_code"])] += 1
            drawn.append({**chosen, "framework": framework, "draw_order": order})
    return pd.DataFrame(drawn, columns=[*frame.columns, "draw_order"])


def achieved(
    frame: pd.DataFrame,
    drawn: pd.DataFrame,
    size: int = SIZE,
    strata: Sequence[str] = STRATA,
    frameworks: Mapping[str, str] = FRAMEWORKS,
) -> pd.DataFrame:
    """What was achieved: per framework and stratum, how many there are and how many were drawn, and what is missing.

    Frameworks without any report are rows too: their sample is missing whole.
    """
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    for framework, name in frameworks.items():
        there, taken = frame[frame["framework"] == framework], drawn[drawn["framework"] == framework]
        rows.append((framework, name, "all", "all", len(there), len(taken), max(size - len(taken), 0)))
        for stratum in strata:
            for group in sorted(set(there[stratum].dropna())):
                counted = [int((part[stratum] == group).sum()) for part in (there, taken)]
                rows.append((framework, name, stratum, str(group), *counted, 0))
    return pd.DataFrame(
        rows, columns=["framework", "study_framework", "stratum", "stratum_group", "available", "drawn", "missing"]
    )


def _traits(row: Mapping[str, Any], strata: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, str(row[name])) for name in strata]


def _chance(seed: int, report: str) -> str:
    return hashlib.sha256(f"{seed}:{report}".encode()).hexdigest()
