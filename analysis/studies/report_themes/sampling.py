"""What the sample of reports that people code should have, and what it has.

It is drawn by the dbt model ``int_documents__study_sample``: so many reports per framework, spread over their kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: What the sample is spread over within a framework.
STRATA = ("outcome_group", "imd_2015_third", "rural_urban_class")
#: Framework -> what the published study calls it; ILACS came after the study.
FRAMEWORKS: dict[str, str] = {"slac": "F1", "cpi": "F2", "sif": "F3", "ilacs": "ILACS"}
#: Reports per framework.
SIZE = 20


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
