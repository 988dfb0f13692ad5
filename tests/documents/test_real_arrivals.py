"""Reports that came under the names that download tools give them: whose, when, what, and Ofsted's own grades."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from flows.common.settings import ROOT, Settings
from flows.documents.archived import ReportRecogniser, read_archived
from flows.documents.authority import Authorities, load_authorities
from flows.landing.land import land_folders

pytestmark = pytest.mark.real

GRADES = {"Outstanding": 1, "Good": 2, "Requires improvement to be good": 3, "Inadequate": 4}
COLUMNS = {
    "overall_judgement": "Overall effectiveness",
    "leadership": "The impact of leaders on social work practice with children and families",
    "help_and_protection": "The experiences and progress of children who need help and protection",
    "children_looked_after": "The experiences and progress of children in care",
    "care_leavers": "The experiences and progress of care leavers",
}


@pytest.fixture(scope="module")
def arrivals(real_returns: Path) -> Path:
    folder = real_returns.parent / "arrivals"
    if not (folder / "ofsted_reports").is_dir():
        pytest.skip(f"the reports under download tools' names are not here ({folder})")
    return folder


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return load_authorities(ROOT / "dbt_project" / "seeds")


@pytest.fixture(scope="module")
def reports(arrivals: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The landed reports, without an index."""
    settings = Settings(data=tmp_path_factory.mktemp("arrivals") / "data")
    landing = land_folders(settings, [arrivals / "ofsted_reports"], documents=ReportRecogniser(settings))
    assert (landing.refused, landing.unrecognised) == ([], [])
    said = read_archived(settings)
    assert (said.refused, said.not_placed) == (0, 0)
    assert said.read_now == said.reports
    assert read_archived(settings).read_now == 0
    with (settings.landing / "ofsted_reports" / "report" / "read.csv").open(newline="", encoding="utf-8") as file:
        rows = [{name: "" if cell == "\\N" else cell for name, cell in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == len(list((arrivals / "ofsted_reports").rglob("*.pdf")))
    return rows


def test_each_is_placed_as_its_folder_says_and_by_its_title(
    reports: list[dict[str, str]], authorities: Authorities
) -> None:
    for row in reports:
        number = re.search(r"(?:^|/)(\d{5,7})_", row["delivered_as"])
        assert number
        assert row["la_code"] == authorities.numbered(int(number[1]), None), row["delivered_as"]
    assert Counter(row["la_basis"] for row in reports) == {"title": len(reports)}


def test_each_has_its_kind_its_days_and_its_publication(reports: list[dict[str, str]]) -> None:
    kinds = {
        ("ilacs", "full_inspection"),
        ("focused_visits", "focused_visit"),
        ("jtai", "joint_targeted_area_inspection"),
        ("jtai", "area_send_inspection"),
        ("jtai", "progress_review"),
    }
    assert {(row["delivered_as"].split("/")[0], row["report_kind"]) for row in reports} == kinds
    for row in reports:
        published = row["publication_date"] or row["file_name_date"]
        assert published
        assert row["inspection_first_day"] or row["report_kind"] == "progress_review"
        if row["publication_date"] and row["file_name_date"]:
            # Two sources of one day: the letter and the name that Ofsted's link gave the file.
            apart = date.fromisoformat(row["publication_date"]) - date.fromisoformat(row["file_name_date"])
            assert abs(apart.days) <= 1, row["delivered_as"]
        assert row["framework"] == ("ilacs" if row["report_kind"] == "full_inspection" else "")
        assert row["recommendation_exceptions"] == "" or row["report_kind"] == "joint_targeted_area_inspection"


def test_full_inspections_are_those_of_ofsteds_workbook(
    reports: list[dict[str, str]], arrivals: Path, authorities: Authorities
) -> None:
    (book,) = (arrivals / "ofsted_la_outcomes").rglob("*2025*.ods")
    history = pd.read_excel(book, sheet_name="ILACS_inspection_history", header=2, engine="calamine")
    official = {}
    for row in history.to_dict("records"):
        begun = pd.Timestamp(row["Inspection date"]).date()
        (code,) = authorities.named_in(str(row["Local authority name"]), begun)
        official[code, begun.isoformat()] = row
    inspections = [row for row in reports if row["report_kind"] == "full_inspection"]
    assert len(inspections) >= 200
    compared: Counter[str] = Counter()
    for row in inspections:
        record = official[row["la_code"], row["inspection_first_day"]]
        for measure, column in COLUMNS.items():
            theirs = GRADES.get(str(record[column]))
            if theirs is not None and row[measure]:
                compared[measure] += 1
                assert int(row[measure]) == theirs, (row["delivered_as"], measure)
        assert row["overall_status"] == "given"
    assert compared["overall_judgement"] == len(inspections)
    assert min(compared.values()) >= 60
