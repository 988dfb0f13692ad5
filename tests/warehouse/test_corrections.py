"""What is said of corrections when their publishers print something else; nothing is held back for it.

The singular tests of dbt are run as they are, on rows made up here.
"""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pytest

from flows.common.settings import ROOT
from flows.warehouse.dbt import DbtResult, Node
from flows.warehouse.failures import describe_warned
from tests.dbt_sql import rendered

TESTS = ROOT / "dbt_project" / "tests"

CORRECTION = {
    "la_code": "886",
    "framework": "ilacs",
    "publication_date": "2022-11-05",
    "field": "care_leavers",
    "expect_value": "2",
    "value": "3",
}
INSPECTION = {
    "la_code": "886",
    "framework": "ilacs",
    "publication_date": "2022-11-05",
    "inspection_type": "standard",
    "overall_judgement": 3,
    "help_and_protection": 3,
    "children_looked_after": 3,
    "care_leavers": 3,
    "adoption": None,
    "leadership": 3,
}


def returned(name: str, frames: dict[str, pd.DataFrame]) -> tuple[dict[str, Any], pd.DataFrame]:
    """The settings of a singular test, and the rows that it returns of tables made up here."""
    settings: dict[str, Any] = {}
    text = (TESTS / f"{name}.sql").read_text(encoding="utf-8")
    sql = rendered(text, config=lambda **said: settings.update(said) or "")
    with duckdb.connect() as con:
        for table, frame in frames.items():
            con.register(table, frame)
        return settings, con.sql(sql).df()


def of_inspections(correction: dict[str, Any], printed: dict[str, Any], began: str = "2022-10-03") -> pd.DataFrame:
    """Rows of the test of inspections, for one correction and one inspection as the models leave it."""
    inspection = {**INSPECTION, **printed}
    dates = {k: inspection[k] for k in ("la_code", "framework", "publication_date")} | {"inspection_date": began}
    settings, rows = returned(
        "inspection_corrections_still_hold",
        {
            "inspection_correction": pd.DataFrame([{**CORRECTION, **correction}]),
            "int_inspection__inspection": pd.DataFrame([inspection]),
            "int_inspection__inspection_date": pd.DataFrame([dates]),
        },
    )
    assert settings["severity"] == "warn", "a workbook that puts an error right is not refused for it"
    return rows


@pytest.mark.parametrize(
    ("correction", "printed", "rows"),
    [
        pytest.param({}, {"care_leavers": 3}, 0, id="applied, or put right by the publisher"),
        pytest.param({}, {"care_leavers": 1}, 1, id="a third grade"),
        pytest.param({}, {"care_leavers": None}, 1, id="no grade any more"),
        pytest.param(
            {"field": "publication_date", "expect_value": "2022-11-05", "value": "2022-09-05"},
            {"publication_date": "2022-09-05"},
            0,
            id="the day put right",
        ),
        pytest.param(
            {"field": "publication_date", "expect_value": "2022-11-05", "value": "2022-09-05"},
            {"publication_date": "2023-01-09"},
            0,
            id="an inspection that is not listed",
        ),
        pytest.param(
            {"field": "inspection_date", "expect_value": "2022-10-03", "value": "2022-10-04"}, {}, 0, id="start"
        ),
        pytest.param(
            {"field": "inspection_date", "expect_value": "2022-10-05", "value": "2022-10-04"}, {}, 1, id="other"
        ),
    ],
)
def test_an_inspection_that_its_workbook_puts_right(
    correction: dict[str, Any], printed: dict[str, Any], rows: int
) -> None:
    assert len(of_inspections(correction, printed)) == rows


def test_a_figure_that_its_publisher_puts_right() -> None:
    figures = pd.DataFrame(
        {
            "published_value": [12.0, 11.0, 10.0, None],
            "corrected_value": [10.0, 10.0, 10.0, 10.0],
            "is_applied": [True, False, False, False],
            "what": ["as expected", "a third figure", "put right", "not printed"],
        }
    )
    settings, rows = returned("corrections_still_hold", {"rpt_corrections_applied": figures})
    assert settings["severity"] == "warn"
    assert rows["what"].tolist() == ["a third figure"]


def test_what_is_to_be_looked_at_is_said_and_stops_nothing(tmp_path: Any) -> None:
    database = tmp_path / "some.duckdb"
    with duckdb.connect(str(database)) as con:
        con.sql("create table slips as select '886' as la_code, date '2022-11-05' as publication_date")
    node = Node(
        "test.x", "no_report_on_a_weekend", "test", "warn", "", 1, 0.0, "from slips", "x.sql", "Find the report."
    )
    result = DbtResult(True, "", [node])
    assert not result.failed
    [said] = describe_warned(result, database)
    assert said.startswith("no_report_on_a_weekend: 1 row(s) to look at. Find the report.\n")
    assert "886" in said
    assert "2022-11-05" in said
