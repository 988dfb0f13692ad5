"""Visits, joint inspections and what else is published beside full inspections: its kind, days, theme and items."""

from __future__ import annotations

from datetime import date

import pytest

from flows.documents.pdf import RefusalReason
from flows.documents.report import Report, UnreadReport, read_report
from flows.documents.rows import tables
from tests.documents.printed import Sheet, ilacs_cover, prose, raw_pdf, sif_cover

FINDINGS = "Main findings"


def letter(
    *title: str, opening: tuple[str, ...], day: str | None = "4 March 2031", salutation: str = "Dear Ms Nobody"
) -> Sheet:
    sheet = Sheet()
    if day:
        sheet.line(day)
    sheet.line("A Nobody, Director of Children’s Services").line("Nowhere Council").space().line(salutation).space()
    for text in title:
        sheet.line(text, bold=True)
    return sheet.space().paragraph(*opening)


def focused(**more: str | None) -> Sheet:
    return letter(
        "Focused visit to Nowhere children’s services",
        opening=(
            "This letter summarises the findings of the focused visit to Nowhere children’s",
            "services on 14 and 15 January 2031. Inspectors looked at the local authority’s",
            "arrangements for children who arrive alone. Ofsted wrote this letter.",
        ),
        **more,
    )


def read(sheet: Sheet) -> Report:
    found = read_report(prose(sheet, 12).page().pdf(), "any name.pdf")
    assert isinstance(found, Report), found
    return found


def refusal(data: bytes) -> tuple[RefusalReason, str]:
    found = read_report(data, "any name.pdf")
    assert isinstance(found, UnreadReport)
    return found.refusal.reason, found.refusal.detail


def test_a_focused_visit_has_its_days_its_theme_and_its_items() -> None:
    sheet = focused().heading("Areas for priority action", size=12).item("\u25fc", "The door that is locked at night.")
    sheet.heading("What needs to improve in this area of social work practice", size=12)
    sheet.item("\u25fc", "The time that a child waits.").item("\u25fc", "The words of", "letters.")
    sheet.heading(FINDINGS, size=12).item("\u25fc", "Children are met by people who speak their language.")
    found = read(sheet)
    (row,) = tables([found]).reports
    assert (row["report_kind"], row["framework"], row["overall_status"]) == ("focused_visit", None, "not_due")
    assert (row["authority_printed"], row["visit_theme"]) == ("Nowhere", "children who arrive alone")
    assert (row["inspection_first_day"], row["inspection_last_day"]) == (date(2031, 1, 14), date(2031, 1, 15))
    assert (row["publication_date"], row["publication_reason"]) == (date(2031, 3, 4), "the day of the letter")
    assert [(str(item.urgency), item.text) for item in found.recommendations.items] == [
        ("priority_action", "The door that is locked at night."),
        ("improvement", "The time that a child waits."),
        ("improvement", "The words of letters."),
    ]


def test_a_chapter_of_findings_is_no_list_of_what_needs_to_improve() -> None:
    sheet = focused().heading("What needs to improve in this area of social work practice", size=12)
    sheet.item("\u25fc", "The waiting.").heading(FINDINGS, size=12)
    sheet.heading("Areas for improvement", size=12).item("\u25fc", "Too many children wait in corridors.")
    assert [item.text for item in read(sheet).recommendations.items] == ["The waiting."]


def test_what_needs_to_improve_in_prose_is_kept_as_prose() -> None:
    sheet = focused().heading("What needs to improve in this area of social work practice", size=12)
    sheet.paragraph("Too many children wait, and nobody", "says for how long.").paragraph("Plans are not read.")
    found = read(sheet.heading(FINDINGS, size=12)).recommendations
    assert found.items == ()
    assert found.statements == ("Too many children wait, and nobody says for how long.", "Plans are not read.")
    assert "prose" in str(found.reason)


@pytest.mark.parametrize(
    ("title", "opening", "kind", "first", "last", "theme"),
    [
        (
            ("Monitoring visit to Nowhere children’s services",),
            (
                "This letter summarises the findings of the monitoring visit to Nowhere between 3",
                "and 5 November 2030.",
            ),
            "monitoring_visit",
            date(2030, 11, 3),
            date(2030, 11, 5),
            None,
        ),
        (
            (
                "Joint targeted area inspection of the multi-agency response to cold",
                "houses in Nowhere Borough Council",
            ),
            ("Between 7 March 2030 and 12 March 2030, Ofsted and others undertook a joint", "inspection."),
            "joint_targeted_area_inspection",
            date(2030, 3, 7),
            date(2030, 3, 12),
            "cold houses",
        ),
        (
            ("Assurance visit to Nowhere children’s services",),
            ("This letter summarises the findings of an assurance visit on the 15 and 16 of May", "2030."),
            "assurance_visit",
            date(2030, 5, 15),
            date(2030, 5, 16),
            None,
        ),
    ],
)
def test_letters_of_other_kinds(
    title: tuple[str, ...], opening: tuple[str, ...], kind: str, first: date, last: date, theme: str | None
) -> None:
    found = read(letter(*title, opening=opening, day=None))
    assert (str(found.kind), found.theme) == (kind, theme)
    assert (found.dates.first_day.value, found.dates.last_day.value) == (first, last)
    assert found.judgements == ()


def test_a_letter_whose_title_is_set_like_its_text_is_known_by_its_first_sentence() -> None:
    sheet = Sheet().line("4 March 2031").line("Dear Ms Nobody").line("Children’s services in Nowhere").space()
    sheet.paragraph("This letter summarises the findings of the focused visit to Nowhere on 14 January", "2031.")
    found = read(sheet)
    assert str(found.kind) == "focused_visit"
    assert found.cover.framework.reason


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        (("Area SEND inspection of Nowhere Local Area", "Partnership"), "area_send_inspection"),
        (("Area SEND thematic visit to Nowhere Local Area", "Partnership"), "area_send_inspection"),
        (("Local area partnership SEND inspection: Nowhere",), "area_send_inspection"),
        (("SEND inspection of Nowhere local area partnership",), "area_send_inspection"),
        (("Area special educational needs and disabilities", "inspection of Nowhere"), "area_send_inspection"),
        (("SEND: area inspection outcome letter for Nowhere",), "area_send_inspection"),
        (("Inspection of progress made in the provision", "of safeguarding services in Nowhere"), "progress_review"),
        (("Review of progress: Nowhere local area partnership",), "progress_review"),
        (("Local authority children’s services inspection: Nowhere",), "full_inspection"),
    ],
)
def test_reports_of_other_kinds(title: tuple[str, ...], kind: str) -> None:
    sheet = Sheet().heading(*title, size=26).heading("Inspection dates: 12 to 16 February 2030", size=12)
    found = read(sheet)
    assert str(found.kind) == kind
    # What is before the name of the inspection is taken for the authority: it is all of the name.
    assert "Nowhere" in str(found.cover.authority.value)


@pytest.mark.parametrize(
    ("title", "opening"),
    [
        ("Visit to Nowhere children’s services", "This letter summarises the findings of the visit to Nowhere on 3"),
        ("Ofsted visit to Nowhere County Council", "Following the visit to Nowhere, this is what was seen on 3"),
        ("Children’s services in Nowhere", "I am writing to you with what was found during our visit to Nowhere on 3"),
        ("COVID-19 visit to Nowhere", "This letter summarises the findings of a visit to Nowhere on 3"),
        ("Thematic visit to Nowhere", "This letter summarises the findings of a thematic visit to Nowhere on 3"),
    ],
)
def test_a_letter_that_does_not_say_of_which_kind_its_visit_was_is_of_a_visit(title: str, opening: str) -> None:
    found = read(letter(title, opening=(opening, "and 4 February 2031.")))
    assert str(found.kind) == "visit"
    assert (found.dates.first_day.value, found.dates.published.value) == (date(2031, 2, 3), date(2031, 3, 4))
    assert "Nowhere" in str(found.cover.authority.value)


def test_a_joint_inspection_has_no_framework_whatever_its_name() -> None:
    sheet = Sheet().heading("Area SEND inspection of Nowhere", size=26)
    (row,) = tables([read(sheet.heading("Inspection dates: 12 to 16 February 2030", size=12))]).reports
    assert (row["framework"], row["framework_reason"]) == (None, "documents of this kind have none")


@pytest.mark.parametrize(
    ("lines", "reason", "words"),
    [
        (
            ("Inspection of Nowhere Council children’s services", "Care Inspectorate Wales"),
            "other_inspectorate",
            "Wales",
        ),
        (
            ("A joint inspection of services for children in Nowhere", "Care Inspectorate"),
            "other_inspectorate",
            "Scotland",
        ),
        (("Inspection of youth justice services in Nowhere",), "other_inspectorate", "Probation"),
        (("Inspection of Nowhere Borough youth justice services",), "other_inspectorate", "Probation"),
        (("Inspection of Sunny Children’s Services Ltd",), "other_provider", "provider"),
        (("Inspection of Nowhere independent fostering agency",), "other_provider", "fostering"),
        (("Nowhere children’s home inspection",), "other_provider", "children's home"),
        (("Inspection of Nowhere voluntary adoption agency",), "other_provider", "adoption"),
    ],
)
def test_reports_of_others_are_refused_by_name(lines: tuple[str, ...], reason: str, words: str) -> None:
    sheet = Sheet().heading(*lines, size=20).heading("Inspection dates: 12 to 16 February 2030", size=12)
    found, detail = refusal(prose(sheet).page().pdf())
    assert str(found) == reason
    assert words in detail


def test_a_form_for_providers_is_refused_whatever_the_title() -> None:
    sheet = Sheet().heading("Inspection of Nowhere children’s services").heading("Inspection dates: 12 February 2030")
    sheet.paragraph("Inspected under the social care common inspection framework.")
    assert refusal(prose(sheet).page().pdf())[0] is RefusalReason.OTHER_PROVIDER


def test_a_report_that_speaks_of_homes_agencies_and_companies_is_not_refused() -> None:
    sheet = ilacs_cover(Sheet())
    sheet.paragraph("Children live in a children’s home or with an independent fostering", "agency; choice is limited.")
    assert str(read(sheet).kind) == "full_inspection"


def test_two_reports_in_one_file_are_refused_with_the_page() -> None:
    sheet = ilacs_cover(prose(ilacs_cover(Sheet()).page()).page(), name="Elsewhere County Council").page()
    reason, detail = refusal(sheet.pdf())
    assert reason is RefusalReason.TWO_REPORTS
    assert "page 3" in detail
    letters = prose(focused().page()).page()
    letters.line("4 March 2031").line("Dear Mr Somebody").line(
        "Focused visit to Elsewhere children’s services", bold=True
    )
    assert refusal(letters.page().pdf())[0] is RefusalReason.TWO_REPORTS
    areas = (
        Sheet().heading("Area SEND inspection of Nowhere").heading("Inspection dates: 3 to 5 November 2030", size=12)
    )
    areas = prose(areas).page().heading("Area SEND inspection of Elsewhere")
    areas = prose(areas.heading("Dates of inspection: 10 to 12 November 2030", size=12)).page()
    assert refusal(areas.pdf())[0] is RefusalReason.TWO_REPORTS


def test_the_review_of_a_board_bound_with_its_inspection_is_one_report() -> None:
    sheet = prose(sif_cover(Sheet()).page()).page()
    sheet.heading("Review of the effectiveness of the Local Safeguarding Children", "Board")
    sheet.heading("Inspection date: 2 June 2014 – 25 June 2014")
    assert str(read(sheet).kind) == "full_inspection"


def test_a_letter_that_begins_on_its_second_page_is_one_report() -> None:
    sheet = Sheet().line("4 March 2031").paragraph("A Nobody, Nowhere Council", "B Nobody, Nowhere Police").page()
    sheet.line("Dear Nowhere Safeguarding Partnership").line("Joint targeted area inspection of Nowhere", bold=True)
    sheet.space().paragraph("This letter summarises the findings of the joint inspection of 3 March 2030.")
    assert str(read(sheet).kind) == "joint_targeted_area_inspection"


def test_a_document_without_pages_says_so() -> None:
    data = raw_pdf("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>")
    assert refusal(data)[0] is RefusalReason.NO_PAGES


def test_the_days_on_site_are_no_part_of_a_theme() -> None:
    opening = (
        "This letter summarises the findings of the joint targeted area inspection of the",
        "multi-agency response to cold houses in Nowhere from 8 to 12 September 2030. Ofsted.",
    )
    found = read(letter("Joint targeted area inspection of Nowhere", opening=opening))
    assert found.theme == "cold houses"
