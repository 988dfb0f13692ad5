"""Figures of quality from small frames whose answers are known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from tests.documents.assessment import Quality, assess

REPORT: dict[str, Any] = {
    "file": "a.pdf",
    "sha256": "aa11",
    "status": "read",
    "refusal_reason": None,
    "refusal_detail": None,
    "report_kind": "full_inspection",
    "framework": "sif",
    "framework_reason": None,
    "authority_key": "nowhere",
    "inspection_first_day": date(2014, 6, 2),
    "inspection_last_day": date(2014, 6, 25),
    "inspection_dates_reason": None,
    "publication_date": date(2014, 8, 8),
    "overall_judgement": 3,
    "overall_confidence": "high",
    "overall_reason": None,
    "help_and_protection": 2,
    "recommendation_count": 5,
    "recommendation_statements": None,
    "recommendation_reason": None,
}
OFFICIAL: dict[str, Any] = {
    "authority_key": "nowhere",
    "framework": "sif",
    "publication_date": date(2014, 8, 8),
    "overall_judgement": 3,
    "help_and_protection": 2,
}
COUNT: dict[str, Any] = {"file": "a.pdf", "sha256_prefix": "aa", "items": 5, "sample": "first"}
OFFICIAL_COLUMNS = [*OFFICIAL, "inspection_date"]


def measured(reports: list[dict[str, Any]], official: list[dict[str, Any]], counts: list[dict[str, Any]]) -> Quality:
    return assess(
        pd.DataFrame([REPORT | report for report in reports]).astype(object),
        pd.DataFrame([OFFICIAL | row for row in official], columns=OFFICIAL_COLUMNS),
        pd.DataFrame(counts, columns=list(COUNT)),
    )


def figure(quality: Quality, name: str) -> tuple[int, int, bool | None]:
    row = quality.figures.set_index("figure").loc[name]
    return int(row["numerator"]), int(row["denominator"]), row["is_met"]


def exceptions(quality: Quality, name: str) -> list[tuple[str, str]]:
    rows = quality.exceptions[quality.exceptions["figure"] == name]
    return list(zip(rows["file"], rows["detail"], strict=True))


def test_all_right() -> None:
    quality = measured([{}], [{"inspection_date": date(2014, 6, 2)}], [COUNT])
    for name in (
        "dates_found",
        "overall_found",
        "overall_judgement_agrees",
        "first_day_agrees",
        "recommendations_found",
        "item_counts_right",
    ):
        assert figure(quality, name) == (1, 1, True), name
    assert figure(quality, "overall_wrong_silently") == (0, 1, True)
    assert figure(quality, "help_and_protection_agrees") == (1, 1, None)
    assert quality.exceptions.empty
    assert quality.matches["days_apart"].tolist() == [0]


def test_a_wrong_grade_counts_and_one_that_was_doubted_is_not_silent() -> None:
    reports = [{}, {"file": "b.pdf", "authority_key": "elsewhere", "overall_confidence": "low"}]
    official = [{"overall_judgement": 4}, {"authority_key": "elsewhere", "overall_judgement": 2}]
    quality = measured(reports, official, [])
    assert figure(quality, "overall_judgement_agrees") == (0, 2, False)
    assert figure(quality, "overall_wrong_silently") == (1, 2, False)
    assert exceptions(quality, "overall_wrong_silently") == [("a.pdf", "read 3, official 4")]


def test_reports_are_matched_with_the_nearest_inspection_and_each_is_used_once() -> None:
    reports = [
        {},
        {"file": "later.pdf", "publication_date": date(2017, 3, 1), "inspection_last_day": date(2017, 1, 20)},
    ]
    official = [{"publication_date": date(2017, 3, 2), "overall_judgement": 2}, {}]
    quality = measured(reports, official, [])
    assert dict(zip(quality.matches["file"], quality.matches["days_apart"], strict=True)) == {
        "a.pdf": 0,
        "later.pdf": 1,
    }
    assert figure(quality, "publication_date_agrees")[:2] == (1, 2)
    assert figure(quality, "publication_date_within_a_week")[:2] == (2, 2)


def test_a_report_without_a_printed_date_is_matched_by_its_last_day() -> None:
    quality = measured([{"publication_date": None}], [{}], [])
    assert figure(quality, "inspections_matched")[:2] == (1, 1)


def test_without_an_official_record_nothing_agrees_and_nothing_fails() -> None:
    quality = measured([{}], [], [COUNT])
    assert figure(quality, "inspections_matched")[:2] == (0, 1)
    assert figure(quality, "overall_judgement_agrees") == (0, 0, False)
    assert exceptions(quality, "inspections_matched")[0][0] == "a.pdf"


def test_refusals_and_reasons_are_exceptions() -> None:
    reports = [
        {},
        {
            "file": "b.pdf",
            "status": "refused",
            "report_kind": None,
            "framework": None,
            "refusal_reason": "empty",
            "refusal_detail": "no bytes",
        },
        {
            "file": "c.pdf",
            "authority_key": "c",
            "inspection_first_day": None,
            "inspection_dates_reason": "no year is printed",
            "overall_judgement": None,
            "overall_reason": "unknown words of a grade",
            "recommendation_count": 0,
            "recommendation_reason": "no heading",
        },
        {
            "file": "d.pdf",
            "authority_key": "d",
            "recommendation_count": 0,
            "recommendation_statements": "There are none.",
        },
    ]
    quality = measured(reports, [{}], [])
    assert exceptions(quality, "reports_read") == [("b.pdf", "empty: no bytes")]
    assert exceptions(quality, "dates_found") == [("c.pdf", "no year is printed")]
    assert exceptions(quality, "overall_found") == [("c.pdf", "unknown words of a grade")]
    assert exceptions(quality, "recommendations_found") == [("c.pdf", "no heading")]
    assert figure(quality, "recommendations_found") == (2, 3, False)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        ({"items": 4}, (0, 1, False)),
        ({"sha256_prefix": "bb"}, (0, 0, False)),
        ({"file": "unknown.pdf"}, (0, 0, False)),
    ],
)
def test_counts_by_hand(count: dict[str, Any], expected: tuple[int, int, bool]) -> None:
    quality = measured([{}], [{}], [COUNT | count])
    assert figure(quality, "item_counts_right") == expected
    assert len(exceptions(quality, "item_counts_right")) == 1
