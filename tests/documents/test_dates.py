"""Days of inspections and of publication in every form in which they are printed."""

from __future__ import annotations

from datetime import date

import pytest

from flows.documents.dates import Dates, Period, parse_period, read_dates
from flows.documents.finding import Confidence
from flows.documents.pdf import DocumentText, read_pages
from tests.documents.printed import Sheet, ilacs_cover, prose, sif_cover


@pytest.mark.parametrize(
    ("printed", "first", "last"),
    [
        ("8 – 12 July 2013", date(2013, 7, 8), date(2013, 7, 12)),
        ("15-19 July 2013", date(2013, 7, 15), date(2013, 7, 19)),
        ("9–24 November 2017", date(2017, 11, 9), date(2017, 11, 24)),
        ("7 to 18 October 2024", date(2024, 10, 7), date(2024, 10, 18)),
        ("6 to 30 July 2015", date(2015, 7, 6), date(2015, 7, 30)),
        ("14 January – 5 February 2014", date(2014, 1, 14), date(2014, 2, 5)),
        ("28 January–5 February 2014", date(2014, 1, 28), date(2014, 2, 5)),
        ("18 Feb 2014 – 12 March 2014", date(2014, 2, 18), date(2014, 3, 12)),
        ("2 June 2014 - 25 June 2014", date(2014, 6, 2), date(2014, 6, 25)),
        ("05 July 2016–27 July 2016", date(2016, 7, 5), date(2016, 7, 27)),
        ("20 June 2017 ─ 13 July 2017", date(2017, 6, 20), date(2017, 7, 13)),
        ("8 October 2018 to 19 October 2018", date(2018, 10, 8), date(2018, 10, 19)),
        ("12/09/2016 to 06/10/2016", date(2016, 9, 12), date(2016, 10, 6)),
        ("1/06/2015 – 25/06/2015", date(2015, 6, 1), date(2015, 6, 25)),
        ("28 July 2016", date(2016, 7, 28), date(2016, 7, 28)),
        ("24\u00a0February – 18\u202fMarch 2015", date(2015, 2, 24), date(2015, 3, 18)),
        ("Monday 4 to Friday 8 March 2019", date(2019, 3, 4), date(2019, 3, 8)),
        ("2nd to 13th September 2019", date(2019, 9, 2), date(2019, 9, 13)),
        ("12, 13 and 20 May 2021", date(2021, 5, 12), date(2021, 5, 20)),
        ("2025-06-09 to 2025-06-20", date(2025, 6, 9), date(2025, 6, 20)),
    ],
)
def test_printed_periods(printed: str, first: date, last: date) -> None:
    period = parse_period(printed)
    assert isinstance(period, Period), period
    assert (period.first, period.last) == (first, last)
    assert period.mended == ()


@pytest.mark.parametrize(
    ("printed", "first", "last"),
    [
        ("1 9 June – 1 3 July 2017", date(2017, 6, 19), date(2017, 7, 13)),
        ("19 June – 13 July 201 7", date(2017, 6, 19), date(2017, 7, 13)),
        ("19 Ju ne to 13 July 2017", date(2017, 6, 19), date(2017, 7, 13)),
        ("9 December to 10 January 2020", date(2019, 12, 9), date(2020, 1, 10)),
    ],
)
def test_mended_periods_say_so(printed: str, first: date, last: date) -> None:
    period = parse_period(printed)
    assert isinstance(period, Period), period
    assert (period.first, period.last) == (first, last)
    assert period.mended


def test_a_paused_inspection_has_parts() -> None:
    period = parse_period("19 November-11 December 2013 and 28 – 30 January 2014")
    assert isinstance(period, Period)
    assert period.parts == ((date(2013, 11, 19), date(2013, 12, 11)), (date(2014, 1, 28), date(2014, 1, 30)))
    assert (period.first, period.last) == (date(2013, 11, 19), date(2014, 1, 30))


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("to be confirmed", "no day"),
        ("8 weeks of July 2014", "not part of a date"),
        ("8 to 12 2013", "no month"),
        ("8 to 12 July", "no year"),
        ("31 June 2014", "not a day"),
        ("45 July 2014", "no day of a month"),
        ("20 July 2014 to 8 July 2014", "not in order"),
        ("8 July 1914", "not one of these inspections"),
        ("8 January 2014 to 8 January 2016", "more than 200 days"),
        ("July 2014", "before any day"),
        ("", "no day"),
    ],
)
def test_what_is_no_period_has_a_reason(printed: str, reason: str) -> None:
    found = parse_period(printed)
    assert isinstance(found, str)
    assert reason in found


def dates(sheet: Sheet) -> Dates:
    read = read_pages(prose(sheet).page().pdf())
    assert isinstance(read, DocumentText)
    return read_dates(read.pages)


def test_dates_of_a_cover() -> None:
    found = dates(sif_cover(Sheet()))
    assert (found.first_day.value, found.last_day.value) == (date(2014, 6, 2), date(2014, 6, 25))
    assert found.first_day.confidence is Confidence.HIGH
    assert found.first_day.printed == "2 June 2014 – 25 June 2014"
    assert found.published.value == date(2014, 8, 8)


def test_dates_that_go_on_in_the_next_line() -> None:
    sheet = Sheet().heading("Inspection dates: 8 July 2019 to 12 July 2019 and 7 August 2019 to", "8 August 2019")
    found = dates(sheet.line("Lead inspector: A Person"))
    assert found.last_day.value == date(2019, 8, 8)
    assert len(found.parts) == 2


def test_a_publication_date_that_is_not_printed_has_a_reason() -> None:
    found = dates(ilacs_cover(Sheet()))
    assert found.published.value is None
    assert "no date of publication" in str(found.published.reason)


def test_a_report_published_before_its_inspection_ended_is_doubtful() -> None:
    found = dates(sif_cover(Sheet(), published="Report published: 8 June 2014"))
    assert found.last_day.confidence is Confidence.LOW
    assert "before the last day" in str(found.last_day.reason)


def test_unreadable_and_absent_dates_have_reasons() -> None:
    unreadable = dates(sif_cover(Sheet(), dates="Inspection date: 31 February 2014"))
    assert unreadable.first_day.value is None
    assert "not a day" in str(unreadable.first_day.reason)
    assert unreadable.first_day.printed == "31 February 2014"
    absent = dates(Sheet().heading("A report"))
    assert "labelled" in str(absent.first_day.reason)


@pytest.mark.parametrize(
    "printed",
    [
        ("Inspected on: 9 to 20 June 2025",),
        ("On-site inspection dates: 9 to 20 June 2025",),
        ("Onsite from 9 June to 20 June 2025",),
        ("Inspection start date: 9 June 2025", "Inspection end date: 20 June 2025"),
        ("Inspection began on 9 June 2025", "Inspection ended on 20 June 2025"),
    ],
)
def test_labels_of_the_days(printed: tuple[str, ...]) -> None:
    sheet = Sheet().heading("Inspection of Nowhere children’s services").heading(*printed, size=12)
    document = read_pages(prose(sheet.heading("Lead inspector: A Person", size=12)).page().pdf())
    assert isinstance(document, DocumentText)
    found = read_dates(document.pages)
    assert (found.first_day.value, found.last_day.value) == (date(2025, 6, 9), date(2025, 6, 20))


def test_a_first_day_alone_is_no_inspection() -> None:
    sheet = Sheet().heading("Inspection of Nowhere children’s services").heading("Inspection start date: 9 June 2025")
    document = read_pages(prose(sheet).page().pdf())
    assert isinstance(document, DocumentText)
    assert read_dates(document.pages).first_day.value is None
