"""The real reports: what is read, and how it is beside Ofsted's own record and counts made by hand."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from flows.common.files import sha256_of
from flows.common.settings import ROOT, Settings
from flows.documents.archived import SOURCE, reader_version
from flows.documents.authority import load_authorities
from flows.documents.naming import number_of
from flows.documents.rows import Tables
from flows.documents.themes.coder import code_items
from tests.documents.assessment import Quality, assess
from tests.documents.official import official_inspections

pytestmark = pytest.mark.real

HAND_COUNTS = ROOT / "dbt_project" / "seeds" / "report_hand_count.csv"


@pytest.fixture(scope="module")
def folder(real_returns: Path) -> Path:
    found = real_returns / "ofsted_reports"
    if not (found / "pdf").is_dir():
        pytest.skip(f"the real reports are not here ({found})")
    return found


@pytest.fixture(scope="module")
def read(folder: Path, real_settings: Settings) -> Tables:
    """The rows of every file, as the run that published the real returns read and kept them."""
    kept = real_settings.landing / SOURCE / ".read" / reader_version()
    found = Tables()
    for path in sorted((folder / "pdf").glob("*.pdf")):
        said = json.loads((kept / f"{sha256_of(path.read_bytes())}.json").read_text(encoding="utf-8"))["read"]
        rows = {table: [{**as_read(row), "file": path.name} for row in said[table]] for table in said}
        found.extend(Tables(rows["report"], rows["judgement"], rows["previous_judgement"], rows["recommendation"]))
    assert len(found.reports) == len(list((folder / "pdf").glob("*.pdf")))
    return found


def as_read(row: dict[str, Any]) -> dict[str, Any]:
    """A kept row with its days as days."""
    is_day = re.compile(r"\d{4}-\d\d-\d\d").fullmatch
    return {k: date.fromisoformat(v) if isinstance(v, str) and is_day(v) else v for k, v in row.items()}


@pytest.fixture(scope="module")
def quality(folder: Path, real_returns: Path, read: Tables) -> Quality:
    reports = pd.DataFrame(read.reports)
    listed = pd.read_csv(folder / "index.csv", usecols=["file", "publication_date"])
    listed["listed_publication_date"] = pd.to_datetime(listed.pop("publication_date"), format="%d/%m/%y")
    return assess(
        reports.merge(listed, on="file", how="left"), official_inspections(real_returns), pd.read_csv(HAND_COUNTS)
    )


def test_only_the_web_pages_are_refused(read: Tables) -> None:
    refused = [row["refusal_reason"] for row in read.reports if row["status"] == "refused"]
    assert refused == ["html_instead_of_pdf"] * 4


def test_files_are_those_that_were_listed(folder: Path, read: Tables) -> None:
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        listed = {row["file"]: (row["sha256"], int(row["urn"])) for row in csv.DictReader(file)}
    authorities = load_authorities(ROOT / "dbt_project" / "seeds")
    for row in read.reports:
        sha256, urn = listed[row["file"]]
        assert row["sha256"] == sha256
        # No report prints its authority's number; the name of its file begins with it.
        assert row["urn"] is None
        assert number_of(row["file"], authorities) == urn


def test_aims_of_quality_are_met(quality: Quality) -> None:
    figures = quality.figures.set_index("figure")
    assert figures.loc["overall_judgement_agrees", "denominator"] >= 200
    assert figures.loc["item_counts_right", "denominator"] >= 40
    missed = figures[figures["aim"].notna() & ~figures["is_met"].eq(True)]
    assert missed.empty, quality.exceptions.to_string()


def test_the_warehouse_says_the_same_of_the_readings(
    quality: Quality, real_warehouse: duckdb.DuckDBPyConnection
) -> None:
    columns = ["figure", "numerator", "denominator"]
    # Who is meant and when it was published is the warehouse's to say.
    its_own = "figure not in ('authority_placed', 'publication_dated', 'lists_ended')"
    ours = (
        real_warehouse.sql(f"select * from audit.rpt_report_quality where {its_own}").df()[columns].to_dict("records")
    )
    # The workbooks' grades of the safeguarding boards are not in the warehouse.
    theirs = quality.figures[quality.figures["figure"] != "lscb_agrees"]
    assert ours == theirs[columns].to_dict("records")
    files = real_warehouse.sql(
        f"select figure, file from audit.rpt_report_quality_exceptions where {its_own}"
    ).fetchall()
    assert set(files) == set(zip(quality.exceptions["figure"], quality.exceptions["file"], strict=True))


def test_everything_has_a_confidence_or_a_reason(read: Tables) -> None:
    for row in read.judgements:
        assert (row["grade"] is None) == (row["confidence"] is None)
        assert row["grade"] is not None or row["reason"]
    for row in read.reports:
        if row["status"] == "read":
            for value, reason in (
                ("framework", "framework_reason"),
                ("inspection_first_day", "inspection_dates_reason"),
                ("publication_date", "publication_reason"),
                ("recommendation_count", "recommendation_reason"),
            ):
                assert row[value] or row[reason], (row["file"], value)


def test_items_are_sentences_and_not_pieces_of_pages(read: Tables) -> None:
    by_report: dict[str, list[int]] = {}
    for row in read.recommendations:
        by_report.setdefault(row["file"], []).append(row["item"])
        assert 25 <= len(row["text"]) <= 1200, (row["file"], row["item"])
        assert not row["text"][0].isdigit()
        assert row["page"] <= row["last_page"] <= row["page"] + 1
    assert all(items == list(range(1, len(items) + 1)) for items in by_report.values())
    assert len(read.recommendations) > 3000


def test_the_first_coder_places_nearly_all_items(read: Tables) -> None:
    coding = code_items(read.recommendations)
    assert coding.coverage >= 0.97
    assert {row["category"] for row in coding.rows} >= {"performance", "casework", "multi_agency", "oversight"}
    assert len(coding.unmatched) == round((1 - coding.coverage) * coding.item_count)
