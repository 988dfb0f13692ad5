"""A whole report from its bytes to rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from flows.documents import report as report_module
from flows.documents.columns import COLUMNS, MEASURES
from flows.documents.finding import Confidence, Finding, missing
from flows.documents.pdf import Limits, RefusalReason
from flows.documents.report import Report, UnreadReport, read_report, read_report_file
from flows.documents.rows import tables
from tests.documents.printed import Sheet, ilacs_cover, prose, sif_cover

NAME = "80999_nowhere_children-s-services-inspection.pdf"


def single_inspection() -> bytes:
    sheet = prose(sif_cover(Sheet()).page(), 25).page().heading("Recommendations").item("1.", "Go.").item("2.", "Come.")
    sheet = prose(sheet.heading("Summary for children and young people"), 20).page()
    sheet.heading("Previous Ofsted inspections")
    sheet.item(
        "\uf06e",
        "The last inspection of the local authority’s safeguarding",
        "arrangements was in May 2011. The local authority was judged good.",
    )
    sheet = prose(sheet.heading("Local leadership"), 20).page()
    sheet.heading("The Local Safeguarding Children Board is good", size=16).heading("Recommendations").item(
        "80.", "Meet."
    )
    return prose(sheet.heading("Inspection findings – the Local Safeguarding Children Board"), 10).page().pdf()


def ilacs() -> bytes:
    sheet = ilacs_cover(Sheet()).page().heading("What needs to improve").item("\u25fc", "The waiting.")
    return prose(sheet.heading("The impact of leaders on social work practice: good"), 25).page().pdf()


def read(data: bytes, file: str = NAME) -> Report:
    found = read_report(data, file)
    assert isinstance(found, Report), found
    return found


def test_a_report_as_rows() -> None:
    rows = tables([read(single_inspection())])
    (row,) = rows.reports
    assert tuple(row) == COLUMNS["reports"]
    expected = {
        "file": NAME,
        "reader_version": None,
        "status": "read",
        "report_kind": "full_inspection",
        "overall_status": "given",
        "framework": "sif",
        "framework_confidence": "high",
        "is_reinspection": False,
        "authority_printed": "Nowhere Borough Council",
        "authority_key": "nowhere",
        "urn": None,
        "inspection_first_day": date(2014, 6, 2),
        "inspection_last_day": date(2014, 6, 25),
        "inspection_parts": "2014-06-02/2014-06-25",
        "publication_date": date(2014, 8, 8),
        "overall_judgement": 3,
        "adoption": 1,
        "lscb": 2,
        "recommendation_count": 3,
        "recommendation_count_local_authority": 2,
        "recommendation_count_lscb": 1,
        "recommendation_reason": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert [entry["measure"] for entry in rows.judgements] == [
        MEASURES[0],
        "help_and_protection",
        "children_looked_after",
        "adoption",
        "care_leavers",
        "leadership",
        "lscb",
    ]
    assert [(entry["item"], entry["section"], entry["number"]) for entry in rows.recommendations] == [
        (1, "local_authority", 1),
        (2, "local_authority", 2),
        (3, "lscb", 80),
    ]
    assert [(entry["subject"], entry["grade"]) for entry in rows.previous_judgements] == [("protection", 2)]
    for name, columns in COLUMNS.items():
        for entry in getattr(rows, name):
            assert tuple(entry) == columns
            assert (entry["file"], entry["sha256"]) == (NAME, row["sha256"])


def test_what_is_not_printed_has_a_reason_in_the_rows() -> None:
    (row,) = tables([read(ilacs(), "a report.pdf")]).reports
    assert row["framework"] == "ilacs"
    assert row["publication_date"] is None
    assert row["publication_reason"]
    assert row["urn"] is None
    assert row["urn_reason"]


def test_a_printed_number_of_the_authority() -> None:
    sheet = Sheet().heading("A letter").line("Unique reference number: 80123")
    found = read(prose(sheet, 20).page().pdf())
    assert (found.urn.value, found.urn.confidence) == (80123, Confidence.HIGH)


def test_a_document_of_another_kind_is_read_and_says_so() -> None:
    (row,) = tables([read(prose(Sheet().heading("A guide to the garden"), 20).page().pdf())]).reports
    assert (row["status"], row["framework"], row["overall_judgement"]) == ("read", None, None)
    assert row["framework_reason"]
    assert row["overall_reason"]
    assert row["recommendation_reason"]


def test_a_refused_file_is_a_row_with_its_reason() -> None:
    (row,) = tables([read_report(b"<html></html>", NAME)]).reports
    assert (row["status"], row["refusal_reason"]) == ("refused", "html_instead_of_pdf")
    assert row["overall_judgement"] is None


def test_the_same_bytes_give_the_same_report() -> None:
    data = single_inspection()
    assert read(data) == read(data)


def test_an_error_in_the_rules_refuses_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(report_module, "read_dates", fail)
    found = read_report(ilacs(), NAME)
    assert isinstance(found, UnreadReport)
    assert found.refusal.reason is RefusalReason.DAMAGED
    assert "ZeroDivisionError" in found.refusal.detail


def test_files_that_cannot_be_opened_or_are_too_large(tmp_path: Path) -> None:
    absent = read_report_file(tmp_path / "absent.pdf")
    assert isinstance(absent, UnreadReport)
    assert absent.refusal.reason is RefusalReason.UNREADABLE_FILE
    large = tmp_path / "large.pdf"
    large.write_bytes(ilacs())
    refused = read_report_file(large, Limits(max_bytes=100))
    assert isinstance(refused, UnreadReport)
    assert refused.refusal.reason is RefusalReason.TOO_LARGE
    assert isinstance(read_report_file(large), Report)


def test_a_finding_has_a_value_and_a_confidence_or_a_reason() -> None:
    assert missing("it is not there").value is None
    for wrong in ((1, None, None), (None, Confidence.HIGH, "a reason"), (None, None, None)):
        with pytest.raises(ValueError, match=r"finding|reason"):
            Finding(*wrong)
