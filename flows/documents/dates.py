"""Days of an inspection and of its publication, in every form in which reports print them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flows.documents.finding import Confidence, Finding, missing
from flows.documents.letter import days_on_site, letter_day, opening_sentence
from flows.documents.pdf import Line, Page

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
# Longest time between the first and the last day: paused inspections resumed within half a year.
_LONGEST_DAYS = 200
_FIRST_YEAR, _LAST_YEAR = 2005, 2040
#: What a date of publication rests on where the report is a letter.
LETTER = "the day of the letter"

_LABEL = re.compile(
    r"^(?:on-? ?site )?(?:re-?)?(?:inspection|review|visit) dates?\s*:?\s*"
    r"|^dates? of (?:inspection|visit|review)\s*:?\s*"
    r"|^(?:inspected|visited|on-? ?site) (?:on|from|between)\s*:?\s*",
    re.IGNORECASE,
)
# Two lines of a form, instead of one that holds both days.
_BEGAN = re.compile(
    r"^(?:re-?)?(?:inspection|review|visit) (?:start|began|from)\b(?: date)?(?: on)?\s*:?\s*", re.IGNORECASE
)
_ENDED = re.compile(
    r"^(?:re-?)?(?:inspection|review|visit) (?:ended|end|to)\b(?: date)?(?: on)?\s*:?\s*", re.IGNORECASE
)
_PUBLISHED = re.compile(
    r"^(?:report |date )?published(?: on)?\s*:?\s*|^date of publication\s*:?\s*|^publication date\s*:?\s*",
    re.IGNORECASE,
)
_OTHER_LABEL = re.compile(
    r"^(?:report |date )?published|^lead inspector|^reporting inspector|^age group|^judge?ment|^publication"
    r"|^the overall|^children['\u2019]s services"
    r"|^1\. |^this report|^\u00a9",
    re.IGNORECASE,
)
# A month whose letters the typesetter may have parted; the longest spellings first.
_MONTH_PATTERN = (
    "|".join(r"\s?".join(name) for name in MONTHS)
    + "|"
    + "|".join(rf"{name[:3]}t?\b\.?" for name in MONTHS if name != "may")
)
_TOKEN = re.compile(
    rf"(?P<month>{_MONTH_PATTERN})|(?P<number>\d+)(?:st|nd|rd|th)?|(?P<to>-|\bto\b|\bthrough\b)|(?P<and>\band\b|,|&|;|\+)"
)


@dataclass(frozen=True, slots=True)
class Period:
    """Days of an inspection.

    Attributes:
        first, last: first and last day on site; equal for a single day.
        parts: the unbroken stretches in order; more than one where an inspection was paused.
        mended: what had to be mended to read them, in words; empty when nothing.
    """

    first: date
    last: date
    parts: tuple[tuple[date, date], ...]
    mended: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates of one report."""

    first_day: Finding[date]
    last_day: Finding[date]
    parts: tuple[tuple[date, date], ...]
    published: Finding[date]


def read_dates(pages: tuple[Page, ...]) -> Dates:
    """Find the days of the inspection and of publication on the first two pages."""
    lines = [line for page in pages[:2] for line in page.lines]
    inspected = _after_label(lines, _LABEL) or _two_lines(lines)
    published = _publication(lines)
    if published.value is None and opening_sentence(pages):
        published = _day_of_letter(pages, published)
    if inspected is None:
        inspected = _told_days(pages, published)
    if inspected is None:
        absent: Finding[date] = missing("no line on the first two pages is labelled as the dates of the inspection")
        return Dates(absent, absent, (), published)
    page, printed = inspected
    period = parse_period(printed)
    if isinstance(period, str):
        finding: Finding[date] = missing(period, page=page, printed=printed)
        return Dates(finding, finding, (), published)
    confidence = Confidence.HIGH
    reason: str | None = None
    if period.mended:
        confidence, reason = Confidence.MEDIUM, "; ".join(period.mended)
    if published.value is not None and published.value < period.last:
        confidence, reason = Confidence.LOW, "the report was published before the last day that it prints"
    return Dates(
        Finding(period.first, confidence, reason, page, printed),
        Finding(period.last, confidence, reason, page, printed),
        period.parts,
        published,
    )


def parse_period(text: str) -> Period | str:
    """Days of an inspection from the words that print them.

    Reads "8 - 12 July 2013", "14 January - 5 February 2014", "8 October 2018 to 19 October 2018", "12/09/2016 to
    06/10/2016", single days, several stretches joined by "and", any dash, spaces that do not break, and digits or
    letters that the typesetter parted. A month or year that is printed once is taken from the next day to the right.

    Returns:
        The period, or the reason why the words cannot be read.
    """
    clean = re.sub(r"\b(20\d\d)-(\d\d)-(\d\d)\b", r"\3/\2/\1", _plain(text))
    mended: list[str] = []
    slashed = re.findall(r"(\d{1,2})/(\d{1,2})/(\d{4})", clean)
    if slashed:
        days: list[tuple[int, int | None, int | None, str]] = [
            (int(day), int(month), int(year), "to" if index % 2 else "and")
            for index, (day, month, year) in enumerate(slashed)
        ]
    else:
        parsed = _days(clean, mended)
        if isinstance(parsed, str):
            return parsed
        days = parsed
    filled = _fill(days, mended)
    if isinstance(filled, str):
        return filled
    parts: list[tuple[date, date]] = []
    for day, joint in filled:
        if joint == "to" and parts:
            parts[-1] = (parts[-1][0], day)
        else:
            parts.append((day, day))
    moments = [moment for part in parts for moment in part]
    if moments != sorted(moments):
        return "the days are not in order"
    if (moments[-1] - moments[0]).days > _LONGEST_DAYS:
        return f"more than {_LONGEST_DAYS} days lie between the first and the last day"
    return Period(moments[0], moments[-1], tuple(parts), tuple(mended))


def _publication(lines: Sequence[Line]) -> Finding[date]:
    labelled = _after_label(lines, _PUBLISHED)
    if labelled is None:
        return missing("no date of publication is printed on the first two pages")
    page, printed = labelled
    period = parse_period(printed)
    if isinstance(period, str):
        return missing(period, page=page, printed=printed)
    if period.first != period.last:
        return missing("more than one date of publication is printed", page=page, printed=printed)
    if period.mended:
        return Finding(period.first, Confidence.MEDIUM, "; ".join(period.mended), page, printed)
    return Finding(period.first, Confidence.HIGH, None, page, printed)


def _day_of_letter(pages: tuple[Page, ...], otherwise: Finding[date]) -> Finding[date]:
    line = letter_day(pages)
    period = parse_period(line.text.removeprefix("Date:")) if line else ""
    if line is None or isinstance(period, str):
        return otherwise
    return Finding(period.first, Confidence.HIGH, LETTER, line.page, line.text)


def _told_days(pages: tuple[Page, ...], published: Finding[date]) -> tuple[int, str] | None:
    """Days on site that a letter tells in its first sentences: the first stretch that may be those of a visit."""
    if not opening_sentence(pages):
        return None
    for page, printed in days_on_site(pages):
        period = parse_period(printed)
        if isinstance(period, str):
            continue
        apart = (published.value - period.last).days if published.value else 0
        if 0 <= apart <= _LONGEST_DAYS:
            return page, printed
    return None


def _after_label(lines: Sequence[Line], label: re.Pattern[str]) -> tuple[int, str] | None:
    """Words after a label, with the lines on which they go on."""
    for index, line in enumerate(lines):
        match = label.match(line.text)
        if not match:
            continue
        words = line.text[match.end() :]
        for following in lines[index + 1 : index + 4]:
            plain = _plain(words)
            unfinished = not re.search(r"(?:19|20)\d\d\W*$", plain) or re.search(r"(?:-|\bto|\band|,)\s*$", plain)
            if not unfinished or _OTHER_LABEL.match(following.text) or not re.search(r"\d", following.text):
                break
            words = f"{words} {following.text}"
        if re.search(r"\d", words):
            return line.page, words.strip()
    return None


def _two_lines(lines: Sequence[Line]) -> tuple[int, str] | None:
    """Words of the first and the last day where each has a line of its own."""
    began, ended = _after_label(lines, _BEGAN), _after_label(lines, _ENDED)
    return (began[0], f"{began[1]} to {ended[1]}") if began and ended else None


def _plain(text: str) -> str:
    text = re.sub(r"[\u2010-\u2015\u2212\u2500\u0335\u0336\u00ad]", "-", text)
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").lower().split())


def _days(text: str, mended: list[str]) -> list[tuple[int, int | None, int | None, str]] | str:
    """Days with the month and year printed directly after them, and the word that joins each to the day before it."""
    text = _join_split_digits(text, mended)
    days: list[tuple[int, int | None, int | None, str]] = []
    joint = "and"
    position = 0
    for token in _TOKEN.finditer(text):
        between = text[position : token.start()].strip(" .:()")
        position = token.end()
        if between and not re.fullmatch(
            r"(?:mon|tues|wednes|thurs|fri|satur|sun)(?:day)?|from|between|the|of", between
        ):
            # Words after a complete date do not belong to it.
            if days and days[-1][2] is not None:
                break
            return f"the words {between!r} are not part of a date"
        if token["to"]:
            joint = "to"
        elif token["and"]:
            joint = "and"
        elif token["month"]:
            if not days:
                return "a month is before any day"
            month = next(
                number
                for number, name in enumerate(MONTHS, 1)
                if name.startswith(re.sub(r"\W", "", token["month"])[:3])
            )
            if " " in token["month"]:
                mended.append("letters of a month were parted")
            days[-1] = (days[-1][0], month, days[-1][2], days[-1][3])
        else:
            number = int(token["number"])
            if len(token["number"]) == 4:
                if not days:
                    return "a year is before any day"
                days[-1] = (days[-1][0], days[-1][1], number, days[-1][3])
            elif 1 <= number <= 31:
                days.append((number, None, None, joint))
                joint = "and"
            else:
                return f"{number} is no day of a month"
    return days or "no day was found in the words"


def _join_split_digits(text: str, mended: list[str]) -> str:
    joined = re.sub(
        r"\b(2\s?0\s?[0-4]\s?\d)\b(?!\s*[/:])",
        lambda match: re.sub(r"\s", "", match[1]) if " " in match[1] else match[1],
        text,
    )
    # Two single digits with nothing between them but a space, before a month or a joining word, are one day.
    parted = re.sub(
        rf"(?<![\d/])([0-3]) (\d)(?=\s*(?:st|nd|rd|th)?\s*(?:-|to\b|and\b|,|{_MONTH_PATTERN}|$))", r"\1\2", joined
    )
    if parted != text:
        mended.append("digits were parted")
    return parted


def _fill(days: list[tuple[int, int | None, int | None, str]], mended: list[str]) -> list[tuple[date, str]] | str:
    """Complete days from right to left."""
    filled: list[tuple[date, str]] = []
    month: int | None = None
    year: int | None = None
    for day, own_month, own_year, joint in reversed(days):
        if own_month is None and month is None:
            return "no month is printed"
        if own_year is None and year is None:
            return "no year is printed"
        if own_year is not None:
            year = own_year
        elif own_month is not None and month is not None and own_month > month and year is not None:
            # "14 December - 10 January 2014" began the year before.
            year -= 1
            mended.append("the year of the first day was taken from the turn of the year")
        if own_month is not None:
            month = own_month
        if year is None or month is None or not _FIRST_YEAR <= year <= _LAST_YEAR:
            return f"the year {year} is not one of these inspections"
        try:
            filled.append((date(year, month, day), joint))
        except ValueError:
            return f"{year}-{month:02d}-{day:02d} is not a day"
    return filled[::-1]
