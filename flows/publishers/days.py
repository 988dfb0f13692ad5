"""Days as servers tell them: believed where they can be, blank where they cannot."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
#: Years in which anything here can have come out or will come out.
FIRST_YEAR, LAST_YEAR = 1990, 2100


def london_day(moment: str) -> str:
    """The day in London of a server's time (ISO); blank where there is none that can be."""
    try:
        when = datetime.fromisoformat(moment.strip())
    except (ValueError, TypeError):
        return ""
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        return ""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(LONDON).date().isoformat()


def partial_date(year: int | None, month: int | None = None, day: int | None = None) -> str:
    """A date as far as it is told: ``2026``, ``2026-10`` or ``2026-10-29``; blank where it is none that can be."""
    if year is None or not FIRST_YEAR <= year <= LAST_YEAR:
        return ""
    if not month:
        return f"{year:04d}"
    try:
        whole = date(year, month, day or 1)
    except ValueError:
        return ""
    return whole.isoformat() if day else f"{whole:%Y-%m}"


def is_partial_date(text: str) -> bool:
    """Whether a text is a date as far as it is told."""
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", text):
        return False
    return partial_date(*(int(x) for x in text.split("-"))) == text
