"""What the name of a file adds to what its report prints: Ofsted's number, the day of publication, an id, whose it is.

A reading depends on bytes alone, so that it may be kept under their hash; what depends on the file's name, on the known
authorities and on what people placed by hand is put beside it here, each time, at no cost.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import PurePath
from urllib.parse import unquote

from flows.documents.authority import Authorities, Place
from flows.documents.dates import MONTHS
from flows.documents.finding import Confidence
from flows.documents.placements import Placement
from flows.documents.rows import Row

# The name that Ofsted's list of reports gives a file: number, authority, words of the link.
_LISTED = re.compile(r"^\d{5,7}_[a-z].*$", re.IGNORECASE)
_NUMBER = re.compile(r"^(\d{5,7})(?=[_\-. ]|$)")
_DAY = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[\s_.,-]+(?P<month>{'|'.join(name[:3] for name in MONTHS)})[a-z]*"
    r"[\s_.,-]+(?P<year>20\d\d)(?!\d)",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?<!\d)(?P<year>20\d\d)[-_. ](?P<month>0[1-9]|1[0-2])[-_. ](?P<day>[0-2]\d|3[01])(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(?P<year>20\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)")
_AMERICAN = re.compile(
    rf"(?<![a-z])(?P<month>{'|'.join(name[:3] for name in MONTHS)})[a-z]*[\s_.-]+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
    r"[\s_.,-]+(?P<year>20\d\d)(?!\d)",
    re.IGNORECASE,
)
_BRITISH = re.compile(r"(?<!\d)(?P<day>[0-2]?\d|3[01])[-_. ](?P<month>0?[1-9]|1[0-2])[-_. ](?P<year>20\d\d)(?!\d)")
# A report appears some weeks after the last day on site, and after a pause or a dispute some months.
_LATEST = timedelta(days=400)


def named(row: Row, delivered_as: str, authorities: Authorities, placement: Placement | None) -> Row:
    """A row of the table of reports, with what the file's name and people add.

    Args:
        row: the row as read; days are ISO text or dates.
        delivered_as: the file as it came, with the folders it lay in.
        authorities: names and numbers.
        placement: what people said of this file.

    Returns:
        The columns :data:`flows.documents.columns.NAMED` and those of the row; `urn` taken from the name where the
        report prints none.
    """
    printed_number = row["urn"]
    number = int(printed_number) if printed_number is not None else number_of(delivered_as, authorities)
    last = _as_day(row["inspection_last_day"])
    published = _as_day(row["publication_date"])
    file_day = day_of(delivered_as)
    if file_day is not None and last is not None and not last < file_day <= last + _LATEST:
        file_day = None
    on = last or published or file_day
    place = Place(None, None, "the file was refused")
    if row["status"] == "read":
        words = (row["authority_printed"], row["title_printed"], row["opening"])
        place = authorities.place(words, number, delivered_as, on)
    if placement is not None and placement.la_code:
        place = Place(placement.la_code, "placed by hand")
    front: Row = {
        "report_id": report_id(str(row["file"]), str(row["sha256"])),
        "delivered_as": delivered_as,
        "la_code": place.la_code,
        "la_basis": place.basis,
        "la_reason": place.reason,
        "file_name_date": file_day,
        "placed_publication_date": placement.published_on if placement else None,
    }
    if printed_number is None and number is not None and row["status"] == "read":
        reason = "taken from the name of the file; the report prints none"
        row = {**row, "urn": number, "urn_confidence": str(Confidence.MEDIUM), "urn_reason": reason}
    return {**front, **row}


def report_id(file: str, sha256: str) -> str:
    """Id of a report: the name that Ofsted's list gives its file; for any other name, with the beginning of its hash.

    Downloads are named alike ("children's services inspection - 16 may 2024.pdf" is four reports).
    """
    stem = re.sub(r"\.pdf$", "", file, flags=re.IGNORECASE)
    if _LISTED.match(stem):
        return stem
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:60].strip("-")
    return f"{slug or 'report'}-{sha256[:8]}"


def number_of(delivered_as: str, authorities: Authorities) -> int | None:
    """Ofsted's number of an authority at the beginning of the name of a file or of one of its folders, the nearest."""
    for part in reversed(PurePath(delivered_as).parts):
        found = _NUMBER.match(part)
        if found and int(found[1]) in authorities.numbers:
            return int(found[1])
    return None


def day_of(delivered_as: str) -> date | None:
    """The last day that the name of a file states; None for none, or for one that is no day."""
    # A name that was taken from a link has its spaces as "%20".
    name = unquote(PurePath(delivered_as).name)
    days: list[tuple[int, date]] = []
    for pattern in (_DAY, _ISO, _BRITISH, _COMPACT, _AMERICAN):
        for match in pattern.finditer(name):
            month = match["month"].lower()
            number = int(month) if month.isdigit() else [m[:3] for m in MONTHS].index(month) + 1
            try:
                days.append((match.start(), date(int(match["year"]), number, int(match["day"]))))
            except ValueError:
                continue
    return max(days)[1] if days else None


def _as_day(value: object) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value))
