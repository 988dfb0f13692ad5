"""The stratified sample: seeded, spread, and honest about what is missing."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from analysis.studies.report_themes.sampling import STRATA, achieved, draw

GROUPS = (
    ("good_or_outstanding", "requires_improvement", "inadequate"),
    ("high", "middle", "low"),
    ("major_conurbation", "other_urban_or_significant_rural", "mainly_or_largely_rural"),
)


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = []
    # Many reports of the first kinds, few of the last: chance alone would rarely draw those.
    for n, traits in enumerate(itertools.product(*GROUPS)):
        for copy in range(1 if n > 13 else 6):
            name = f"{n:02d}-{copy}"
            rows.append(
                {"report_id": name, "la_code": name, "framework": "sif", **dict(zip(STRATA, traits, strict=True))}
            )
    for n in range(3):
        rows.append({**rows[n], "report_id": f"i{n}", "framework": "ilacs"})
    return pd.DataFrame(rows)


def test_every_group_comes_as_often_as_the_others(frame: pd.DataFrame) -> None:
    drawn = draw(frame, 20)
    sif = drawn[drawn["framework"] == "sif"]
    assert len(sif) == 20
    for stratum in STRATA:
        counts = sif[stratum].value_counts()
        assert counts.min() >= 6
        assert counts.max() <= 7


def test_the_seed_decides_and_the_order_of_rows_does_not(frame: pd.DataFrame) -> None:
    ids = draw(frame, 20, 1)["report_id"].tolist()
    assert draw(frame.sample(frac=1, random_state=3), 20, 1)["report_id"].tolist() == ids
    assert draw(frame, 20, 2)["report_id"].tolist() != ids


def test_an_authority_comes_twice_only_when_all_have_come(frame: pd.DataFrame) -> None:
    frame["la_code"] = [f"la{n % 5}" for n in range(len(frame))]
    drawn = draw(frame, 7)
    assert drawn[drawn["framework"] == "sif"]["la_code"].value_counts().tolist() == [2, 2, 1, 1, 1]


def test_what_is_missing_is_told(frame: pd.DataFrame) -> None:
    table = achieved(frame, draw(frame, 20), 20)
    whole = table[table["stratum"] == "all"].set_index("framework")
    assert whole["missing"].to_dict() == {"slac": 20, "cpi": 20, "sif": 0, "ilacs": 17}
    assert whole.loc["ilacs", ["available", "drawn"]].tolist() == [3, 3]


def test_a_report_that_comes_twice_is_an_error(frame: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="twice"):
        draw(pd.concat([frame, frame]))


def test_nothing_to_draw_from(frame: pd.DataFrame) -> None:
    assert draw(frame.head(0)).empty
