"""Earlier judgements as reports tell them."""

from __future__ import annotations

import pytest

from flows.documents.finding import Confidence
from flows.documents.lines import body_lines
from flows.documents.pdf import DocumentText, read_pages
from flows.documents.previous import PreviousJudgement, read_previous
from tests.documents.printed import Sheet, prose


def previous(*paragraphs: tuple[str, ...] | str) -> tuple[PreviousJudgement, ...]:
    sheet = Sheet().heading("Previous Ofsted inspections")
    for paragraph in paragraphs:
        sheet.item("\uf06e", *([paragraph] if isinstance(paragraph, str) else paragraph))
    read = read_pages(prose(sheet.heading("Local leadership")).page().pdf())
    assert isinstance(read, DocumentText)
    return read_previous(body_lines(read.pages))


def brief(found: tuple[PreviousJudgement, ...]) -> list[tuple[str, int, int | None, int | None, str]]:
    return [(entry.subject, entry.grade, entry.year, entry.month, entry.dated_by) for entry in found]


def test_standing_sentences() -> None:
    found = previous(
        (
            "The previous inspection of the local authority’s arrangements for the",
            "protection of children was in January 2013. The local authority was",
            "judged to be inadequate.",
        ),
        (
            "The last inspection of the local authority’s services for looked after",
            "children was published in March 2012. The local authority was judged good.",
        ),
    )
    assert brief(found) == [
        ("protection", 4, 2013, 1, "inspection"),
        ("looked_after", 2, 2012, 3, "publication"),
    ]
    assert {entry.confidence for entry in found} == {Confidence.HIGH}
    assert {entry.page for entry in found} == {1}


def test_one_sentence_for_both_services() -> None:
    found = previous(
        (
            "The last inspection of safeguarding and services for looked after children",
            "was in May 2010. The local authority was judged to be adequate.",
        )
    )
    assert brief(found) == [("protection", 3, 2010, 5, "inspection"), ("looked_after", 3, 2010, 5, "inspection")]


def test_a_list_of_all_judgements() -> None:
    found = previous(
        (
            "The last inspection report for the local authority’s children’s services was",
            "published in August 2014. The judgements for the local authority were:",
        ),
        "overall effectiveness: inadequate",
        "children who need help and protection: inadequate",
        "adoption performance: requires improvement to be good",
        "leadership, management and governance: good.",
    )
    assert brief(found) == [
        ("overall_judgement", 4, 2014, 8, "publication"),
        ("help_and_protection", 4, 2014, 8, "publication"),
        ("adoption", 3, 2014, 8, "publication"),
        ("leadership", 2, 2014, 8, "publication"),
    ]


def test_grades_that_differ_go_with_their_services() -> None:
    found = previous(
        (
            "The previous inspection of safeguarding and looked after children was in March",
            "2011. The council was judged to be good for safeguarding, adequate for",
            "looked after children.",
        )
    )
    assert brief(found) == [("protection", 2, 2011, 3, "inspection"), ("looked_after", 3, 2011, 3, "inspection")]


def test_a_remark_is_less_certain() -> None:
    read = read_pages(
        prose(
            Sheet().paragraph(
                "Since the last inspection in 2015, when the council was judged to be inadequate",
                "overall, work has become better.",
            )
        )
        .page()
        .pdf()
    )
    assert isinstance(read, DocumentText)
    (entry,) = read_previous(body_lines(read.pages))
    assert (entry.subject, entry.grade, entry.year, entry.confidence) == (
        "children_services",
        4,
        2015,
        Confidence.MEDIUM,
    )


@pytest.mark.parametrize(
    "words",
    [
        "The local authority operates two children’s homes, judged to be good in their last inspection.",
        "The previous inspection of the council’s adoption service was in May 2009. The service was judged good.",
        "The last inspection of children’s services was in July 2015. Much has been done since.",
    ],
)
def test_what_is_no_earlier_judgement_is_not_one(words: str) -> None:
    middle = words.index(" ", 50)
    assert previous((words[:middle], words[middle + 1 :])) == ()
