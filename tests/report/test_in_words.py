"""The paragraph on an authority: what its rules say and leave out."""

from __future__ import annotations

from datetime import date
from typing import Any

from analysis.report.in_words import paragraph

MEASURES: dict[str, Any] = {
    "plans": {"label": "Child protection plans per 10,000", "unit": "per_10k", "better_when": "neither"},
    "late": {"label": "Reviews on time", "unit": "pct", "better_when": "higher"},
    "agency": {"label": "Agency rate", "unit": "pct", "better_when": "lower"},
}


def summary(**changes: Any) -> dict[str, Any]:
    return {
        "publication_date": date(2022, 7, 5),
        "overall_grade": "Good",
        "previous_grade": "Inadequate",
        "previous_publication_date": date(2018, 3, 1),
        "next_inspection_from": date(2026, 11, 25),
        "next_inspection_to": date(2027, 11, 30),
        "as_at": date(2026, 5, 21),
        **changes,
    }


def figure(value: float | None, year: int = 2024, **changes: Any) -> dict[str, Any]:
    return {
        "value": value,
        "year": year,
        "neighbour_median": 40.0,
        "rank_among_neighbours": 1,
        "neighbour_count": 10,
        "numerator": None,
        **changes,
    }


def test_all_four_sentences() -> None:
    said = paragraph(
        "Anyshire",
        summary(),
        {"plans": figure(60.0), "late": figure(96.0, rank_among_neighbours=6, neighbour_median=95.0)},
        {"plans": figure(45.0, 2022), "late": figure(70.0, 2022)},
        {"plans": (42.0, 41.0), "late": (93.0, 94.0)},
        MEASURES,
        ({"publication_date": date(2022, 7, 5)}, [["Caseloads", "Supervision"], ["Caseloads"], []]),
    )
    assert said == [
        "Ofsted last reported on Anyshire on 5 July 2022: good; it had been inadequate in 2018. By the cycle so far "
        "the next is likely between November 2026 and November 2027.",
        "Beside its statistical neighbours it stands out for: child protection plans per 10,000 (60.0, above their "
        "median of 40.0).",
        "Since the year of that report: reviews on time rose from 70.0% to 96.0% (England 93.0% to 94.0%); child "
        "protection plans per 10,000 rose from 45.0 to 60.0 (England 42.0 to 41.0).",
        "The newest report held with recommendations, of 5 July 2022, makes three, most often on caseloads and "
        "supervision.",
    ]


def neighbours(*figures: tuple[str, dict[str, Any]]) -> str:
    return paragraph("Anyshire", None, dict(figures), {}, {}, MEASURES, None)[1]


NOBODY = "No key measure of the newest year is far from its statistical neighbours."


def test_which_side_is_better_is_said_only_where_there_is_one() -> None:
    assert "(60.0%, above their median of 40.0%, the worse side)" in neighbours(("agency", figure(60.0)))
    assert "(20.0%, below their median of 40.0%, the better side)" in neighbours(("agency", figure(20.0)))
    assert "(60.0%, above their median of 40.0%, the better side)" in neighbours(("late", figure(60.0)))
    assert " side" not in neighbours(("plans", figure(60.0)))


def test_what_is_withheld_small_or_in_the_middle_does_not_stand_out() -> None:
    for about in (
        figure(None, rank_among_neighbours=None),
        figure(60.0, numerator=12),
        figure(60.0, neighbour_count=6),
        figure(60.0, rank_among_neighbours=5),
        figure(44.0),
        figure(60.0, neighbour_median=None),
    ):
        assert neighbours(("plans", about)) == NOBODY
    # A third more, and hardly a percentage point.
    assert neighbours(("agency", figure(4.0, neighbour_median=3.0))) == NOBODY


def test_three_are_named_and_the_others_counted() -> None:
    many = {f"m{i}": {"label": f"Measure {i}", "unit": "per_10k", "better_when": "neither"} for i in range(5)}
    newest = {m: figure(60.0 + i) for i, m in enumerate(many)}
    said = paragraph("Anyshire", None, newest, {}, {}, many, None)[1]
    assert "measure 4" in said
    assert "measure 0" not in said
    assert said.endswith(", and for two more measures.")


def test_a_change_that_is_englands_too_is_not_told() -> None:
    said = paragraph(
        "Anyshire",
        summary(),
        {"plans": figure(60.0)},
        {"plans": figure(40.0, 2022)},
        {"plans": (40.0, 60.0)},
        MEASURES,
        None,
    )
    assert "Since the year of that report no key measure has moved much otherwise than England's." in said


def test_where_few_children_live_no_figure_is_put_in_words() -> None:
    said = paragraph("Smallholm", None, {"plans": figure(90.0)}, {}, {}, MEASURES, None, is_small=True)
    assert len(said) == 2
    assert said[1] == "So few children live in Smallholm that single figures say little: none is put in words here."


def test_no_year_has_gone_by_since_the_inspection() -> None:
    said = paragraph("Anyshire", summary(), {"plans": figure(60.0)}, {"plans": figure(60.0)}, {}, MEASURES, None)
    assert not any(s.startswith("Since") for s in said)


def test_the_next_inspection() -> None:
    overdue = summary(next_inspection_from=date(2024, 1, 1), next_inspection_to=date(2025, 2, 1))
    assert paragraph("Anyshire", overdue, {}, {}, {}, MEASURES, None)[0].endswith(
        "By the cycle so far the next report was to be expected by February 2025."
    )
    begun = summary(next_inspection_from=date(2026, 1, 1))
    assert "the next is likely by November 2027." in paragraph("Anyshire", begun, {}, {}, {}, MEASURES, None)[0]
    ended = summary(next_inspection_from=None, next_inspection_to=None, previous_grade="Good")
    assert paragraph("Anyshire", ended, {}, {}, {}, MEASURES, None)[0] == (
        "Ofsted last reported on Anyshire on 5 July 2022: good, as in 2018."
    )
    assert (
        paragraph("Anyshire", None, {}, {}, {}, MEASURES, None)[0] == "No graded inspection of Anyshire is on record."
    )
