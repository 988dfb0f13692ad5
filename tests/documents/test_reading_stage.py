"""Reading archived reports into landed tables: nothing twice, nothing lost, refusals as rows."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from flows.common.settings import Settings
from flows.documents.archived import SOURCE, TABLES, ReportRecogniser, read_archived
from flows.documents.pdf import Refusal, RefusalReason
from flows.documents.report import UnreadReport
from flows.documents.themes.codings import Codings, ItemCoding
from flows.landing.land import land_folders, land_returns
from flows.sample.inspections import Inspection
from flows.sample.reports import report_pdf
from flows.warehouse.fingerprint import fingerprint

PARTS = {"help_and_protection": 3, "children_looked_after": 2, "adoption": 1, "care_leavers": 3, "leadership": 4}


def inspection(framework: str, overall: int) -> Inspection:
    return Inspection("886", framework, "inspection", date(2016, 3, 1), date(2016, 5, 9), overall, PARTS, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "returns"
    folder.mkdir()
    rng = np.random.default_rng(1)
    (folder / "80000_kent_sif.pdf").write_bytes(report_pdf(inspection("sif", 4), "Kent (County)", rng))
    (folder / "80000_kent_ilacs.pdf").write_bytes(report_pdf(inspection("ilacs", 2), "Kent", rng))
    (folder / "80001_surrey_page.pdf").write_bytes(b"<!DOCTYPE html><html><body>Not found</body></html>")
    return folder


def rows(settings: Settings, table: str) -> list[dict[str, str]]:
    with (settings.landing / SOURCE / table / "read.csv").open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def test_reports_become_tables(settings: Settings, folder: Path) -> None:
    landing = land_returns(settings, folder, workers=1)
    assert (landing.documents, landing.refused) == (3, [])
    said = read_archived(settings, workers=0)
    assert (said.reports, said.read_now, said.refused) == (3, 3, 1)
    reports = {r["file"]: r for r in rows(settings, "report")}
    assert reports["80001_surrey_page.pdf"]["refusal_reason"] == "html_instead_of_pdf"
    sif, ilacs = reports["80000_kent_sif.pdf"], reports["80000_kent_ilacs.pdf"]
    assert (sif["framework"], sif["overall_judgement"], sif["publication_date"]) == ("sif", "4", "2016-05-09")
    assert (ilacs["framework"], ilacs["overall_judgement"], ilacs["inspection_first_day"]) == (
        "ilacs",
        "2",
        "2016-03-01",
    )
    items = rows(settings, "recommendation")
    assert len(items) == said.recommendations == sum(int(r["recommendation_count"]) for r in (sif, ilacs))
    themes = rows(settings, "recommendation_theme")
    assert {(t["sha256"], t["item"]) for t in themes} <= {(i["sha256"], i["item"]) for i in items}
    assert all(t["words"] and t["coder"] == "rules" for t in themes)


def test_nothing_is_read_twice_and_what_changes_is_seen(settings: Settings, folder: Path) -> None:
    land_returns(settings, folder, workers=1)
    read_archived(settings, workers=0)
    before = {t: (settings.landing / SOURCE / t / "read.csv").stat().st_mtime_ns for t in TABLES}
    assert read_archived(settings, workers=0).read_now == 0
    assert {t: (settings.landing / SOURCE / t / "read.csv").stat().st_mtime_ns for t in TABLES} == before
    (folder / "80002_essex_sif.pdf").write_bytes(report_pdf(inspection("sif", 3), "Essex", np.random.default_rng(2)))
    land_returns(settings, folder, workers=1)
    assert read_archived(settings, workers=0).read_now == 1
    assert len(rows(settings, "report")) == 4


@pytest.mark.parametrize("harm", ["cut off", "other", "nested", "a digit"])
def test_a_reading_that_is_not_as_it_was_kept_is_made_again(settings: Settings, folder: Path, harm: str) -> None:
    land_returns(settings, folder, workers=1)
    read_archived(settings, workers=0)
    before = {t: rows(settings, t) for t in TABLES}
    notes = settings.landing / SOURCE / ".read"
    kept = [p for p in notes.glob("*/*.json") if re.search(rb'"overall_judgement": \d', p.read_bytes())]
    for path in [*kept, notes / "themes.json"]:
        said = path.read_bytes()
        flipped = re.sub(rb'("overall_judgement": )\d', rb"\g<1>1", said)
        path.write_bytes({"cut off": said[:-9], "other": b"[]", "nested": b"[" * 200_000, "a digit": flipped}[harm])
    assert read_archived(settings, workers=0).read_now == len(kept) > 0
    assert {t: rows(settings, t) for t in TABLES} == before


def test_a_report_whose_reader_was_ended_is_read_the_next_time(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where memory ran out once: nothing of that is about the report."""
    (folder / "a_report_of_any_name.pdf").write_bytes(
        report_pdf(inspection("sif", 3), "Essex", np.random.default_rng(2))
    )

    def ended(paths: list[Path], workers: int | None = None) -> list[UnreadReport]:
        return [UnreadReport(p.name, "", Refusal(RefusalReason.READER_DIED, "ended")) for p in paths]

    monkeypatch.setattr("flows.documents.batch.read_reports", ended)
    landing = land_folders(settings, [folder], workers=1, documents=ReportRecogniser(settings))
    assert (landing.documents, landing.unrecognised) == (3, [])
    assert "a_report_of_any_name.pdf: its reader was ended" in str(landing.refused[0])
    assert read_archived(settings).refused == 3
    monkeypatch.undo()
    assert land_folders(settings, [folder], workers=1, documents=ReportRecogniser(settings, workers=0)).documents == 1
    said = read_archived(settings, workers=0)
    assert (said.reports, said.refused) == (4, 1)
    assert read_archived(settings, workers=0).read_now == 0


def test_codings_by_people_land_with_their_version(settings: Settings) -> None:
    Codings(settings.coding).add("anna", [ItemCoding("a", 1, "k", ("x", "y")), ItemCoding("a", 2, "k", ())])
    read_archived(settings, workers=0)
    assert [(r["item"], r["theme"], r["coder"], r["version"]) for r in rows(settings, "coding")] == [
        ("1", "x", "anna", "1"),
        ("1", "y", "anna", "1"),
        ("2", "", "anna", "1"),
    ]


def test_an_installation_without_reports_has_empty_tables(settings: Settings) -> None:
    assert read_archived(settings).reports == 0
    for table, columns in TABLES.items():
        header = (settings.landing / SOURCE / table / "_header.csv").read_text()
        assert header == ",".join(columns) + "\n"
    assert fingerprint(settings).sources == {}
