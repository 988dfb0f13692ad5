"""The stratified sample that people code: seeded, spread, and honest about what is missing.

The dbt model is run as it stands, on frames made up here, and held against the same rule in a few lines of Python.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.studies.report_themes.sampling import FRAMEWORKS, SIZE, STRATA, achieved
from flows.common.settings import ROOT
from tests.dbt_sql import rendered

MODEL = ROOT / "dbt_project" / "models" / "intermediate" / "documents" / "int_documents__study_sample.sql"
GROUPS = (
    ("good_or_outstanding", "requires_improvement", "inadequate"),
    ("high", "middle", "low"),
    ("major_conurbation", "other_urban_or_significant_rural", "mainly_or_largely_rural"),
)


def draw(frame: pd.DataFrame, size: int = SIZE, seed: int = 2019) -> pd.DataFrame:
    """What the model draws from a frame, with the rows of the frame; size and seed in the place of its own."""
    text = re.sub(r"reports_per_framework = \d+", f"reports_per_framework = {size}", MODEL.read_text(encoding="utf-8"))
    text = re.sub(r"seed = \d+", f"seed = {seed}", text)
    sql = rendered(text, ref=lambda name: "frame")
    with duckdb.connect() as con:
        con.register("frame", frame)
        drawn = con.sql(sql).df()
    return drawn.merge(frame, on="report_id").sort_values(["framework", "draw_order"], ignore_index=True)


def by_rule(frame: pd.DataFrame, size: int, seed: int) -> list[str]:
    """The drawn reports, framework by framework, by the rule in words: see the model's own comment."""
    ids: list[str] = []
    for framework in sorted(set(frame["framework"]) & set(FRAMEWORKS)):
        rows: list[dict[str, Any]] = frame[frame["framework"] == framework].to_dict("records")
        left = sorted(rows, key=lambda r: hashlib.sha256(f"{seed}:{r['report_id']}".encode()).hexdigest())
        kinds: Counter[tuple[str, object]] = Counter()
        authorities: Counter[str] = Counter()
        while left and sum(authorities.values()) < size:
            best = min(left, key=lambda r: (authorities[r["la_code"]], sum(kinds[s, r[s]] for s in STRATA)))
            left.remove(best)
            kinds.update((s, best[s]) for s in STRATA)
            authorities[best["la_code"]] += 1
            ids.append(best["report_id"])
    return ids


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


@pytest.mark.parametrize("number", range(12))
def test_the_model_draws_by_the_rule(number: int) -> None:
    rng = np.random.default_rng(number)
    n = int(rng.integers(1, 90))
    frame = pd.DataFrame(
        {
            "report_id": [f"r{i}" for i in range(n)],
            "la_code": [f"la{i}" for i in rng.integers(0, 40, n)],
            "framework": rng.choice(["slac", "cpi", "sif", "ilacs", "tlac"], n),
            **{s: rng.choice([*groups, None], n) for s, groups in zip(STRATA, GROUPS, strict=True)},
        }
    )
    size, seed = int(rng.integers(1, 25)), int(rng.integers(0, 10_000))
    assert draw(frame, size, seed)["report_id"].tolist() == by_rule(frame, size, seed)


def test_the_models_own_choices() -> None:
    text = MODEL.read_text(encoding="utf-8")
    assert f"reports_per_framework = {SIZE} " in text
    assert f"""set frameworks = "{", ".join(f"'{f}'" for f in FRAMEWORKS)}" """ in text


def test_every_group_comes_as_often_as_the_others(frame: pd.DataFrame) -> None:
    drawn = draw(frame)
    sif = drawn[drawn["framework"] == "sif"]
    assert len(sif) == SIZE
    for stratum in STRATA:
        counts = sif[stratum].value_counts()
        assert counts.min() >= 6
        assert counts.max() <= 7


def test_the_seed_decides_and_the_order_of_rows_does_not(frame: pd.DataFrame) -> None:
    ids = draw(frame, seed=1)["report_id"].tolist()
    assert draw(frame.sample(frac=1, random_state=3), seed=1)["report_id"].tolist() == ids
    assert draw(frame, seed=2)["report_id"].tolist() != ids


def test_an_authority_comes_twice_only_when_all_have_come(frame: pd.DataFrame) -> None:
    frame["la_code"] = [f"la{n % 5}" for n in range(len(frame))]
    drawn = draw(frame, 7)
    assert drawn[drawn["framework"] == "sif"]["la_code"].value_counts().tolist() == [2, 2, 1, 1, 1]


def test_what_is_missing_is_told(frame: pd.DataFrame) -> None:
    table = achieved(frame, draw(frame))
    whole = table[table["stratum"] == "all"].set_index("framework")
    assert whole["missing"].to_dict() == {"slac": 20, "cpi": 20, "sif": 0, "ilacs": 17}
    assert whole.loc["ilacs", ["available", "drawn"]].tolist() == [3, 3]


def test_nothing_to_draw_from(frame: pd.DataFrame) -> None:
    assert draw(frame.head(0)).empty
