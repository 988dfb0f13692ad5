"""Recommendations as single items, in every form in which their lists are printed."""

from __future__ import annotations

import pytest

from flows.documents.finding import Confidence
from flows.documents.lines import body_lines, body_size, join_text, split_marker
from flows.documents.pdf import DocumentText, read_pages
from flows.documents.recommendations import Recommendations, read_recommendations
from flows.documents.sections import Section, Urgency
from tests.documents.printed import MARGIN, TOP, Sheet, prose


def read(sheet: Sheet, default: Section = Section.LOCAL_AUTHORITY) -> Recommendations:
    document = read_pages(prose(prose(sheet.page(), 25).page(), 25).page().pdf())
    assert isinstance(document, DocumentText)
    return read_recommendations(body_lines(document.pages), body_size(document.pages), default)


def texts(found: Recommendations) -> list[str]:
    return [item.text for item in found.items]


def start() -> Sheet:
    return prose(Sheet().heading("A report")).page()


def test_numbered_items_with_several_lines() -> None:
    sheet = start().heading("Recommendations")
    sheet.item("1.", "Ask every family twice whether the help that", "they have is the help that they wanted.")
    sheet.item("2.", "Write it down.")
    found = read(sheet.heading("Summary for children and young people").item("\uf06e", "We came to see how you are."))
    assert texts(found) == [
        "Ask every family twice whether the help that they have is the help that they wanted.",
        "Write it down.",
    ]
    first, second = found.items
    assert (first.number, second.number) == (1, 2)
    assert (first.item, second.item) == (1, 2)
    assert {(item.section, item.urgency, item.page) for item in found.items} == {
        (Section.LOCAL_AUTHORITY, Urgency.IMPROVEMENT, 2)
    }
    assert {item.confidence for item in found.items} == {Confidence.HIGH}
    assert found.reason is None
    assert found.headings == ((2, "recommendations"),)


@pytest.mark.parametrize("bullet", ["\uf06e", "\u25fc", "\uf0a7", "\u2022"])
def test_bullets(bullet: str) -> None:
    sheet = start().heading("What needs to improve?")
    sheet.item(bullet, "The way in which letters are answered, and", "by whom.").item(bullet, "The speed of it.")
    sheet.heading("The experiences and progress of children who need help and", "protection: good")
    found = read(sheet.item("1.", "Children are seen soon."))
    assert texts(found) == ["The way in which letters are answered, and by whom.", "The speed of it."]
    assert {item.number for item in found.items} == {None}


def test_an_item_runs_across_pages_with_a_page_number_between() -> None:
    sheet = (
        start()
        .heading("Recommendations")
        .item("1.", "See to it that the plan of each child is read", "by those who")
        .page()
    )
    sheet.line("wrote it, and kept where they find it.", MARGIN + 28).space().item("2.", "Keep it up.")
    found = read(sheet.heading("Summary for children and young people"))
    assert (
        texts(found)[0]
        == "See to it that the plan of each child is read by those who wrote it, and kept where they find it."
    )
    assert (found.items[0].page, found.items[0].last_page) == (2, 3)
    assert len(found.items) == 2


def test_an_item_runs_across_pages_with_running_heads_and_a_footnote_between() -> None:
    foot = "Inspection of Nowhere County Council children’s services"
    sheet = prose(Sheet().heading("A report")).page(foot)
    sheet.heading("What needs to improve?").item("\u25fc", "How soon a child who asks for a visit", "is")
    sheet.footnote("1 The areas were set beside the outcomes of", "a national framework.").page(foot)
    sheet.line("seen by someone they know.", MARGIN + 28).space().item("\u25fc", "The waiting.")
    sheet.heading("The experiences and progress of children in care: good")
    found = read(prose(prose(sheet).page(foot)).page(foot))
    assert texts(found) == ["How soon a child who asks for a visit is seen by someone they know.", "The waiting."]


def test_sub_points_belong_to_their_item() -> None:
    sheet = start().heading("Recommendations").item("1.", "Make letters better by:")
    sheet.item("\uf06e", "writing fewer of them", x=MARGIN + 28).item("\uf06e", "reading them aloud.", x=MARGIN + 28)
    found = read(sheet.item("2.", "Stop.").heading("Inspection findings"))
    assert texts(found) == ["Make letters better by: • writing fewer of them • reading them aloud.", "Stop."]
    assert found.items[0].sub_items == ("writing fewer of them", "reading them aloud.")


def test_a_numbered_heading_over_sentences_is_no_item() -> None:
    sheet = start().heading("Recommendations").item("1.", "Letters and visits")
    sheet.item("\uf06e", "Write fewer letters.", x=MARGIN + 28).item("\uf06e", "Make more visits.", x=MARGIN + 28)
    sheet.item("2.", "Meetings").item("\uf06e", "Shorten them.", x=MARGIN + 28).item(
        "\uf06e", "Begin on time.", x=MARGIN + 28
    )
    found = read(sheet.heading("Summary for children and young people"))
    assert [(item.heading, item.text) for item in found.items] == [
        ("Letters and visits", "Write fewer letters."),
        ("Letters and visits", "Make more visits."),
        ("Meetings", "Shorten them."),
        ("Meetings", "Begin on time."),
    ]


def test_small_headings_belong_to_no_item() -> None:
    sheet = (
        start()
        .heading("What does the local authority need to improve?")
        .heading("Priority and immediate action", size=12)
    )
    sheet.small_heading("Leaders").item("1.", "Listen before you", "speak.").small_heading("Practice").item(
        "2.", "Speak."
    )
    sheet.heading("Areas for improvement", size=12).item("3.", "Rest.")
    found = read(sheet.heading("The local authority’s strengths").item("4.", "Leaders know the town."))
    assert [(item.heading, item.urgency, item.text) for item in found.items] == [
        ("Leaders", Urgency.PRIORITY, "Listen before you speak."),
        ("Practice", Urgency.PRIORITY, "Speak."),
        (None, Urgency.IMPROVEMENT, "Rest."),
    ]


def test_bands_of_time_under_a_sentence_that_announces_them() -> None:
    sheet = start().heading("Areas for improvement")
    sheet.item(
        "15.",
        "In order to improve the quality of provision in",
        "Nowhere, the council should take the following",
        "action.",
    )
    for band, words in (
        ("Immediately:", "open the door"),
        ("Within three months:", "paint it"),
        ("Within six months:", "close it."),
    ):
        sheet.heading(band, size=12).item("\uf06e", words, x=MARGIN + 28)
    found = read(sheet.heading("Outcomes for looked after children and young", "people", size=18))
    assert [(item.urgency, item.text) for item in found.items] == [
        (Urgency.IMMEDIATELY, "open the door"),
        (Urgency.WITHIN_THREE_MONTHS, "paint it"),
        (Urgency.WITHIN_SIX_MONTHS, "close it."),
    ]


def test_the_board_has_recommendations_of_its_own() -> None:
    sheet = start().heading("Recommendations").item("1.", "Begin.").heading("Summary for children and young people")
    sheet = prose(sheet).page().heading("The Local Safeguarding Children Board (LSCB)", size=16)
    sheet.heading("Recommendations").item("86.", "Meet.").item("87.", "Part.")
    found = read(
        sheet.heading("Inspection findings – the Local Safeguarding Children Board").item("88.", "The board meets.")
    )
    assert [(item.section, item.number) for item in found.items] == [
        (Section.LOCAL_AUTHORITY, 1),
        (Section.LSCB, 86),
        (Section.LSCB, 87),
    ]
    assert {item.confidence for item in found.items} == {Confidence.HIGH}


@pytest.mark.parametrize(
    "lines",
    [
        ("What does the LSCB need to improve?",),
        ("What does the Nowhere Safeguarding Children Board need to improve?",),
    ],
)
def test_headings_that_name_the_board(lines: tuple[str, ...]) -> None:
    found = read(start().heading(*lines).item("\uf06e", "Meet.").heading("Inspection judgement about the LSCB"))
    assert [item.section for item in found.items] == [Section.LSCB]


@pytest.mark.parametrize(
    "heading",
    [
        "WHAT NEEDS TO IMPROVE",
        "What needs to improve further?",
        "What does Nowhere need to improve next?",
        "What the local authority needs to do to improve",
        "What leaders need to do next",
        "Areas to improve",
        "Improvement priorities",
    ],
)
def test_other_words_of_the_heading(heading: str) -> None:
    found = read(start().heading(heading).item("\uf06e", "Meet.").heading("The experiences and progress of all"))
    assert [item.text for item in found.items] == ["Meet."]


def test_a_heading_over_two_lines_opens_the_part_of_the_board() -> None:
    sheet = start().heading("Section 2: The effectiveness of the Local Safeguarding", "Children Board", size=16)
    found = read(
        sheet.heading("Areas for improvement", size=12)
        .item("\uf06e", "Meet.")
        .heading("Key strengths and weaknesses of the LSCB")
    )
    assert [(item.section, item.text) for item in found.items] == [(Section.LSCB, "Meet.")]


def test_services_of_the_first_framework() -> None:
    sheet = start().heading("Safeguarding services", size=18).heading("Areas for improvement").item("\uf06e", "Begin.")
    sheet.heading("Safeguarding outcomes for children and young people", size=18)
    sheet = (
        prose(sheet)
        .heading("Services for looked after children", size=18)
        .heading("Areas for improvement")
        .item("\uf06e", "End.")
    )
    found = read(sheet.heading("How good are outcomes for looked after children?", size=18), Section.SAFEGUARDING)
    assert [(item.section, item.text) for item in found.items] == [
        (Section.SAFEGUARDING, "Begin."),
        (Section.LOOKED_AFTER, "End."),
    ]


def test_sentences_that_nothing_is_asked_for() -> None:
    sheet = (
        start()
        .heading("What does the local authority need to improve?")
        .heading("Priority and immediate action", size=12)
    )
    sheet.paragraph("There are no priority actions.").heading("Areas for improvement", size=12)
    sheet.item("17.", "The inspection did not find any areas for action.").item("18.", "Go on.")
    found = read(sheet.heading("Information about this inspection"))
    assert texts(found) == ["Go on."]
    assert found.statements == ("There are no priority actions.",)


def test_only_such_sentences_are_a_reason() -> None:
    sheet = start().heading("Priority and immediate action").paragraph("There are no priority actions.")
    found = read(sheet.heading("Information about this inspection"))
    assert found.items == ()
    assert found.reason == "the report says that it has no recommendation"


def test_a_heading_in_a_frame_that_comes_last_in_the_file() -> None:
    sheet = start().space(40).item("1.", "Go.").item("2.", "Come.").heading("Inspection findings")
    found = read(sheet.at("Recommendations", MARGIN, TOP, 14, bold=True))
    assert texts(found) == ["Go.", "Come."]


def test_a_table_of_contents_is_no_section() -> None:
    sheet = prose(Sheet().heading("A report")).page().line("Contents", size=26, after=40)
    sheet.line("Recommendations 3", size=14, after=20).line("Areas for improvement", size=14, after=20)
    sheet = prose(sheet.page().heading("Recommendations").item("1.", "Go.").heading("Inspection findings"))
    found = read(sheet)
    assert found.headings == ((3, "recommendations"),)
    assert texts(found) == ["Go."]


def test_words_of_a_heading_in_a_sentence_are_no_section() -> None:
    sheet = start().paragraph("Much was done to follow earlier", "recommendations.", "It shows.")
    found = read(sheet)
    assert found.items == ()
    assert found.reason == "no heading of a recommendations section was found"


def test_a_heading_without_items_has_a_reason() -> None:
    found = read(start().heading("Recommendations").heading("Inspection findings"))
    assert found.reason == "the recommendations section holds no item that could be told apart"


def test_a_gap_in_the_numbers_is_told() -> None:
    sheet = start().heading("Recommendations").item("1.", "Go.").item("3.", "Come.").heading("Inspection findings")
    found = read(sheet)
    assert found.items[1].confidence is Confidence.MEDIUM
    assert found.items[1].reason == "number 3 follows number 1"


def test_a_section_without_an_end_is_doubtful() -> None:
    found = read(start().heading("Recommendations").item("1.", "Go.").item("2.", "Come."))
    assert {(item.confidence, item.reason) for item in found.items} == {
        (Confidence.MEDIUM, "the end of the section was not found")
    }


def test_a_letter_ends_with_its_closing_words() -> None:
    sheet = start().heading("What needs to improve in this area of social work practice").item("\uf06e", "The waiting.")
    found = read(sheet.paragraph("Yours sincerely"))
    assert [(item.text, item.confidence) for item in found.items] == [("The waiting.", Confidence.HIGH)]


def test_a_number_at_the_start_of_a_wrapped_line_is_no_item() -> None:
    sheet = (
        start()
        .heading("Recommendations")
        .item("1.", "Look again at all care arranged under section", "20. Do it soon.")
    )
    found = read(sheet.item("2.", "Rest.").heading("Inspection findings"))
    assert texts(found) == ["Look again at all care arranged under section 20. Do it soon.", "Rest."]


@pytest.mark.parametrize(
    ("line", "kind", "rest"),
    [
        ("12. Go", "number", "Go"),
        ("144.Go", "number", "Go"),
        ("3) Go", "number", "Go"),
        ("\uf06e Go", "bullet", "Go"),
        ("\u25fcGo", "bullet", "Go"),
        ("– Go", "dash", "Go"),
        ("\uf02d Go", "dash", "Go"),
        ("o go", "dash", "go"),
    ],
)
def test_markers(line: str, kind: str, rest: str) -> None:
    marker = split_marker(line)
    assert marker is not None
    assert marker[:2] == (kind, rest)


@pytest.mark.parametrize("line", ["3.5 per cent of them", "2013 was a year", "well-being", "of 12. ", "Go"])
def test_lines_without_marker(line: str) -> None:
    assert split_marker(line) is None


def test_a_hyphen_at_a_line_end_joins_its_word() -> None:
    assert join_text(["multi-", "agency work -", "and more"]) == "multi-agency work - and more"


def list_of(*items: str) -> Sheet:
    sheet = start().heading("What needs to improve?")
    for words in items:
        sheet.item("\u25fc", words)
    return sheet


@pytest.mark.parametrize(
    "heading",
    [
        "Experiences and progress of children who need help and protection: good",
        "Experience and progress of children in care",
        "Impact of leaders on social work practice",
        "Leadership, management and governance",
        "Findings",
        "Headline findings",
        "Case study: what worked",
    ],
)
def test_headings_that_end_the_list(heading: str) -> None:
    sheet = list_of("The waiting.", "The letters.").heading(heading, size=12)
    found = read(sheet.item("\u25fc", "Children are seen soon."))
    assert texts(found) == ["The waiting.", "The letters."]
    assert {item.confidence for item in found.items} == {Confidence.HIGH}


def test_a_heading_of_a_chapter_set_like_the_text_ends_the_list_by_its_grade() -> None:
    sheet = list_of("The waiting.").line("The experiences and progress of children in care: good")
    assert texts(read(sheet.item("\u25fc", "Children are seen soon."))) == ["The waiting."]


def test_numbered_paragraphs_end_a_list_with_bullets_under_any_heading() -> None:
    sheet = list_of("The waiting.", "The letters.").heading("How children fare in this county", size=12)
    sheet.item("1.", "Children are seen soon.").item("2.", "They are heard.")
    assert texts(read(sheet)) == ["The waiting.", "The letters."]


def test_numbers_below_a_bullet_are_its_points() -> None:
    sheet = start().heading("What needs to improve?").item("\u25fc", "The letters, which should be:")
    sheet.item("1.", "short", x=MARGIN + 28).item("2.", "kind.", x=MARGIN + 28).item("\u25fc", "The waiting.")
    found = read(sheet.heading("Main findings"))
    assert texts(found) == ["The letters, which should be: • short • kind.", "The waiting."]
    assert found.items[0].sub_items == ("short", "kind.")


def test_what_is_longer_than_any_item_is_an_exception_and_no_item() -> None:
    sheet = list_of("The waiting.").item(
        "\u25fc", *(f"Line {n} of a chapter whose heading is missing." for n in range(36))
    )
    found = read(sheet)
    assert texts(found) == ["The waiting."]
    ((page, length),) = found.too_long
    assert page == 2
    assert length > 1600


def test_the_outcome_that_an_item_serves_stays_with_it_wherever_it_stands() -> None:
    sheet = start().heading("What needs to improve?")
    sheet.item("\u25fc", "The planning of homes.").line("(Outcome 4, national framework)", bold=True, after=26)
    sheet.item("\u25fc", "The oversight of plans.").line("(enabler 2, national", x=MARGIN).line("framework)", after=26)
    sheet.item("\u25fc", "The letters. (outcome 3,", "national framework)")
    assert texts(read(sheet.heading("Main findings"))) == [
        "The planning of homes. (Outcome 4, national framework)",
        "The oversight of plans. (enabler 2, national framework)",
        "The letters. (outcome 3, national framework)",
    ]


def test_lines_that_are_not_indented_belong_to_the_item_above_them() -> None:
    sheet = start().heading("What needs to improve?")
    sheet.line("\u25fc The time that it takes to answer a letter of a parent who").line("cannot read it.").space()
    sheet.line("\u25fc The letters.").space()
    assert texts(read(sheet.heading("Main findings"))) == [
        "The time that it takes to answer a letter of a parent who cannot read it.",
        "The letters.",
    ]


def test_an_item_whose_bullet_is_set_small_is_no_footnote() -> None:
    sheet = start().heading("What needs to improve?")
    for words in ("The waiting.", "The letters."):
        sheet.line(f"\u25fc {words}", size=12)
    document = read_pages(prose(prose(sheet.heading("Main findings").page(), 25).page(), 25).page().pdf())
    assert isinstance(document, DocumentText)
    assert {line.size for line in document.pages[1].lines if "The " in line.text} == {12.0}
