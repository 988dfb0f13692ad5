"""Judgements under every framework, and the grades that are none."""

from __future__ import annotations

import pytest

from flows.documents.finding import Confidence
from flows.documents.framework import Framework
from flows.documents.grades import grade_value, grades_in
from flows.documents.judgements import NOT_GIVEN, Judgement, read_judgements
from flows.documents.pdf import DocumentText, Page, read_pages
from tests.documents.printed import ILACS_ROWS, SIF_ROWS, Sheet, ilacs_cover, prose, sif_cover


def pages(sheet: Sheet) -> tuple[Page, ...]:
    read = read_pages(prose(prose(sheet, 25).page(), 25).page().pdf())
    assert isinstance(read, DocumentText)
    return read.pages


def judged(sheet: Sheet, framework: Framework) -> dict[str, Judgement]:
    found = read_judgements(pages(sheet), framework)
    assert len({entry.measure for entry in found}) == len(found)
    return {entry.measure: entry for entry in found}


def grades(sheet: Sheet, framework: Framework) -> dict[str, int | None]:
    return {measure: entry.grade for measure, entry in judged(sheet, framework).items()}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("Outstanding", 1),
        ("good", 2),
        ("Requires improvement", 3),
        ("requires  improvement\nto be good", 3),
        ("require improvement to be Good", 3),
        ("Adequate", 3),
        ("satisfactory", 3),
        ("Inadequate", 4),
        ("not judged", None),
        ("Secure", None),
        ("good enough", None),
    ],
)
def test_grades(words: str, value: int | None) -> None:
    assert grade_value(words) == value


def test_a_grade_that_its_neighbour_column_parts_is_one_grade() -> None:
    found = grades_in("who need help and Requires improvement\nprotection to be good")
    assert [grade.value for grade in found] == [3]


def test_grades_are_told_apart_in_running_text() -> None:
    found = grades_in("inadequate for some, requires improvement to be good for others, and adequate")
    assert [grade.value for grade in found] == [4, 3, 3]


def test_single_inspection() -> None:
    assert grades(sif_cover(Sheet()).page(), Framework.SIF) == {
        "overall_judgement": 3,
        "help_and_protection": 3,
        "children_looked_after": 2,
        "adoption": 1,
        "care_leavers": 3,
        "leadership": 4,
        "lscb": None,
    }


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("The overall judgement is requires improvement",), 3),
        (("The overall judgement is Inadequate",), 4),
        (("The overall judgement is that children’s services are", "good"), 2),
        (("The overall judgement is that children’s services are inadequate.2",), 4),
        (("Children’s services in the Blissful area are good",), 2),
        (("Children’s services in the Isles of Nowhere are outstanding.",), 1),
        (("Children's services in Nowhere requires improvement to be good",), 3),
        (("Children’s services in Nowhere Metropolitan District Council require improvement to be", "good"), 3),
        (("Children’s services require improvement to be good",), 3),
    ],
)
def test_statements_of_the_overall_judgement(words: tuple[str, ...], value: int) -> None:
    entry = judged(sif_cover(Sheet(), overall=words).page(), Framework.SIF)["overall_judgement"]
    assert entry.grade == value
    assert entry.page == 1


def test_table_that_goes_on_overleaf() -> None:
    sheet = sif_cover(Sheet(), rows=SIF_ROWS[:3]).page()
    for label, grade in SIF_ROWS[3:]:
        sheet.row(label, grade)
    found = judged(sheet, Framework.SIF)
    assert (found["care_leavers"].grade, found["care_leavers"].page) == (3, 2)
    assert found["leadership"].grade == 4


def test_a_judgement_not_made_has_its_reason() -> None:
    rows = (*SIF_ROWS[:2], (("2.1 Adoption performance",), ("Not judged",)), *SIF_ROWS[3:])
    entry = judged(sif_cover(Sheet(), rows=rows).page(), Framework.SIF)["adoption"]
    assert entry.grade is None
    assert entry.confidence is None
    assert entry.reason == "printed as 'not judged'"


def test_an_unknown_grade_is_a_reason_and_never_null_in_silence() -> None:
    rows = (*SIF_ROWS[:2], (("2.1 Adoption performance",), ("Strong standard",)), *SIF_ROWS[3:])
    entry = judged(sif_cover(Sheet(), rows=rows).page(), Framework.SIF)["adoption"]
    assert entry.grade is None
    assert "unknown words of a grade: 'Strong standard'" in str(entry.reason)
    overall = judged(sif_cover(Sheet(), overall=("The overall judgement is secure",)).page(), Framework.SIF)
    assert overall["overall_judgement"].grade is None
    assert "secure" in str(overall["overall_judgement"].reason)


def test_a_missing_row_has_its_reason() -> None:
    entry = judged(sif_cover(Sheet(), rows=SIF_ROWS[:4]).page(), Framework.SIF)["leadership"]
    assert entry.grade is None
    assert "no row" in str(entry.reason)


def test_an_overall_judgement_outside_the_others_is_doubtful() -> None:
    rows = tuple((label, ("Good",)) for label, _ in SIF_ROWS)
    entry = judged(sif_cover(Sheet(), rows=rows).page(), Framework.SIF)["overall_judgement"]
    assert (entry.grade, entry.confidence) == (3, Confidence.LOW)
    assert "outside" in str(entry.reason)


@pytest.mark.parametrize(
    "words",
    [
        ("The effectiveness of the Local Safeguarding Children Board (LSCB) is", "good"),
        ("The Local Safeguarding Children Board is good",),
        ("The Nowhere Safeguarding Children Board is good",),
    ],
)
def test_judgement_of_the_board(words: tuple[str, ...]) -> None:
    sheet = prose(sif_cover(Sheet()).page()).page().heading("The Local Safeguarding Children Board (LSCB)", size=16)
    assert judged(sheet.heading(*words), Framework.SIF)["lscb"].grade == 2
    review = prose(Sheet().heading(*words)).page()
    assert grades(review, Framework.LSCB_REVIEW) == {"lscb": 2}


def test_ilacs_table() -> None:
    assert grades(ilacs_cover(Sheet()).page(), Framework.ILACS) == {
        "overall_judgement": 2,
        "leadership": 2,
        "help_and_protection": 3,
        "children_looked_after": 2,
    }


def test_ilacs_rows_in_another_order_and_with_care_leavers() -> None:
    rows = (
        (("Overall effectiveness",), ("Requires improvement to be good",)),
        (("The experiences and progress of", "children in care"), ("Good",)),
        (("The experiences and progress of care", "leavers"), ("Outstanding",)),
        (("The experiences and progress of", "children who need help and protection"), ("Inadequate",)),
        (
            ("The impact of leaders on social work", "practice with children and families"),
            ("Requires improvement to be good",),
        ),
    )
    assert grades(ilacs_cover(Sheet(), rows=rows).page(), Framework.ILACS) == {
        "overall_judgement": 3,
        "leadership": 3,
        "help_and_protection": 4,
        "children_looked_after": 2,
        "care_leavers": 1,
    }


def test_a_report_card_in_other_words_is_a_reason() -> None:
    rows = tuple((label, ("Expected standard",)) for label, _ in ILACS_ROWS)
    found = judged(ilacs_cover(Sheet(), rows=rows).page(), Framework.ILACS)
    assert {entry.grade for entry in found.values()} == {None}
    assert all("unknown words of a grade" in str(entry.reason) for entry in found.values())


def test_a_chapter_that_contradicts_the_table_makes_it_doubtful() -> None:
    sheet = ilacs_cover(Sheet()).page()
    sheet.heading("The experiences and progress of children who need help and", "protection: inadequate")
    entry = judged(sheet, Framework.ILACS)["help_and_protection"]
    assert (entry.grade, entry.confidence) == (3, Confidence.LOW)
    assert "'inadequate'" in str(entry.reason)


def test_a_chapter_that_agrees_leaves_it_certain() -> None:
    sheet = ilacs_cover(Sheet()).page()
    sheet.heading(
        "The experiences and progress of children who need help and", "protection requires improvement to be good"
    )
    assert judged(sheet, Framework.ILACS)["help_and_protection"].confidence is Confidence.HIGH


def record(*rows: str | tuple[str, str]) -> Sheet:
    sheet = prose(Sheet().heading("A report")).page().heading("Record of main findings", size=18)
    for row in rows:
        if isinstance(row, str):
            sheet.heading(row, size=12)
        else:
            sheet.row((row[0],), (row[1],))
    return sheet


def test_looked_after_children_2013() -> None:
    sheet = record(
        "Services for looked after children",
        ("Overall effectiveness", "Adequate"),
        ("Capacity to improve", "Good"),
        ("Quality of provision", "Adequate"),
        ("Leadership and management", "Inadequate"),
    )
    assert read_grades_of_last_page(sheet, Framework.TLAC) == {
        "overall_judgement": 3,
        "looked_after_capacity_to_improve": 2,
        "looked_after_quality_of_provision": 3,
        "leadership": 4,
    }


def test_safeguarding_and_looked_after_children() -> None:
    sheet = record(
        "Safeguarding services",
        ("Overall effectiveness", "Inadequate"),
        ("Capacity for improvement", "Adequate"),
        "Services for looked after children",
        ("Overall effectiveness", "Good"),
        ("Staying safe", "Outstanding"),
    )
    assert read_grades_of_last_page(sheet, Framework.SLAC) == {
        "overall_judgement": 4,
        "safeguarding_capacity_for_improvement": 3,
        "children_looked_after": 2,
        "looked_after_staying_safe": 1,
    }


def test_protection_of_children() -> None:
    sheet = record(
        "Local authority arrangements for the protection of children",
        ("Overall effectiveness", "Adequate"),
        ("The effectiveness of the help and protection", "Good"),
        ("The quality of practice", "Adequate"),
        ("Leadership and governance", "Inadequate"),
    )
    assert read_grades_of_last_page(sheet, Framework.CPI) == {
        "overall_judgement": 3,
        "help_and_protection": 2,
        "protection_the_quality_of_practice": 3,
        "leadership": 4,
    }


def test_a_heading_with_another_grade_makes_the_record_doubtful() -> None:
    sheet = prose(Sheet().heading("Overall effectiveness of services", "Grade 2 (good)")).page()
    sheet.heading("Record of main findings", size=18).row(("Overall effectiveness",), ("Adequate",))
    read = read_pages(sheet.page().pdf())
    assert isinstance(read, DocumentText)
    (entry,) = read_judgements(read.pages, Framework.TLAC)
    assert (entry.grade, entry.confidence) == (3, Confidence.LOW)


def test_no_record_and_no_graded_visit() -> None:
    (entry,) = read_judgements(pages(Sheet().heading("A report")), Framework.CPI)
    assert entry.grade is None
    assert "no record of main findings" in str(entry.reason)
    assert read_judgements(pages(Sheet()), Framework.FOCUSED_VISIT) == ()
    assert read_judgements(pages(Sheet()), None) == ()


def read_grades_of_last_page(sheet: Sheet, framework: Framework) -> dict[str, int | None]:
    read = read_pages(sheet.page().pdf())
    assert isinstance(read, DocumentText)
    return {entry.measure: entry.grade for entry in read_judgements(read.pages, framework)}


def ungraded(*prose_lines: str) -> Sheet:
    """An ILACS report of which every service is judged, and the services as a whole are not."""
    return ilacs_cover(Sheet(), rows=ILACS_ROWS[:-1]).paragraph(*prose_lines).page()


@pytest.mark.parametrize(
    "lines",
    [
        (
            "The last inspection was in 2023, which resulted in an",
            "overall effectiveness judgement of requires improvement.",
        ),
        ("Overall effectiveness was requires improvement when inspectors came in 2023.",),
        ("Services are better than in 2023, when the overall judgement was that they were", "inadequate."),
        ("Overall effectiveness at the last inspection was judged to be good, and children", "said so."),
        ("Services were rated outstanding overall.", "Good work goes on."),
    ],
)
def test_a_report_that_gives_no_overall_judgement_has_none_whatever_it_says_of_the_last_one(
    lines: tuple[str, ...],
) -> None:
    found = judged(ungraded(*lines), Framework.ILACS)
    overall = found.pop("overall_judgement")
    assert (overall.grade, overall.confidence, overall.reason) == (None, None, NOT_GIVEN)
    assert {measure: entry.grade for measure, entry in found.items()} == {
        "leadership": 2,
        "help_and_protection": 3,
        "children_looked_after": 2,
    }
    assert {entry.confidence for entry in found.values()} == {Confidence.HIGH}


def test_a_row_below_the_table_leaves_the_overall_judgement_open() -> None:
    sheet = ungraded("Children are heard, and so are their parents, in this place.")
    sheet = ilacs_cover(Sheet(), rows=ILACS_ROWS[:-1]).paragraph(
        *(f"Line {n} of what is between a table and its last row." for n in range(8)), "Overall effectiveness Good"
    )
    overall = judged(sheet.page(), Framework.ILACS)["overall_judgement"]
    assert overall.grade is None
    assert "a line below says 'Overall effectiveness Good'" in str(overall.reason)


def test_a_report_without_a_table_is_read_from_its_chapters() -> None:
    sheet = prose(ilacs_cover(Sheet(), rows=()).page()).page()
    sheet.heading("The experiences and progress of children in care: good").paragraph("1. They are well.")
    sheet.heading("The impact of leaders on social work practice with children", "and families: outstanding")
    found = judged(sheet, Framework.ILACS)
    assert (found["children_looked_after"].grade, found["children_looked_after"].confidence) == (2, Confidence.MEDIUM)
    assert found["leadership"].grade == 1
    assert "heading of its chapter" in str(found["leadership"].reason)
    assert found["overall_judgement"].reason == NOT_GIVEN


def test_the_grade_of_a_row_is_the_first_in_it_whatever_the_text_below_says() -> None:
    sheet = sif_cover(Sheet(), board=False).page()
    rows = (*SIF_ROWS[:-1], (("3. Leadership, management and governance",), ("Inadequate", "was: good")))
    assert grades(sheet, Framework.SIF)["leadership"] == 4
    assert grades(sif_cover(Sheet(), rows=rows, board=False).page(), Framework.SIF)["leadership"] == 4


@pytest.mark.parametrize("words", ["Not judged", "Not given", "Not graded", "Not awarded"])
def test_an_overall_row_that_says_that_none_is_given(words: str) -> None:
    found = judged(
        ilacs_cover(Sheet(), rows=(*ILACS_ROWS[:3], (("Overall effectiveness",), (words,)))), Framework.ILACS
    )
    assert (found["overall_judgement"].grade, found["overall_judgement"].printed) == (None, words)
    assert found["overall_judgement"].reason == f"printed as {words.lower()!r}"
    assert found["leadership"].grade == 2
