"""ONS: a time series as CSV from the generator. The file says itself when it came out and when the next one will.

Its beginning, as `https://www.ons.gov.uk/generator?format=csv&uri=…` writes it (SOURCES; programs that read it): rows
of a name and a value (Title, CDID, Source dataset ID, PreUnit, Unit, Release date, Next release, Important notes),
then a row a year, quarter and month. Any release date is an edition like the others.
"""

from __future__ import annotations

import csv
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from pydantic import Field, field_validator

from flows.publishers.days import FIRST_YEAR, LAST_YEAR
from flows.publishers.http import Refused
from flows.publishers.query import Discovery, Offer, Query, RemoteFile
from flows.publishers.shapes import Shape, fitted

#: Rows about the series, before its figures: eight, and some that may come.
ABOUT = 20
_PERIOD = re.compile(r"\d{4}( Q[1-4]| [A-Z]{3})?")


class SeriesHead(Shape):
    """The rows about a series."""

    title: str = Field(alias="Title", min_length=1)
    cdid: str = Field(alias="CDID", pattern=r"^[A-Z0-9]{4}$")
    release_date: str = Field(alias="Release date")
    next_release: str = Field(alias="Next release", default="")

    @field_validator("release_date")
    @classmethod
    def _is_a_day(cls, text: str) -> str:
        if not day_of(text):
            raise ValueError("is no day (22-04-2026)")
        return text


def discover(query: Query) -> Discovery:
    """Every series of the passport."""
    found = Discovery(listed=set(query.remote.series.values()))
    for name, uri in query.remote.series.items():
        url = series_url(query.servers.ons, uri)
        several = len(query.remote.series) > 1
        found.files.append(RemoteFile(url, "series", name, accept=problem, dated=dates, may_be_absent=several))
        found.offers.append(Offer(uri, (name,), 1))
    return found


def series_url(base: str, uri: str) -> str:
    """Address of a series as CSV."""
    return f"{base}/generator?" + urlencode({"format": "csv", "uri": uri}, safe="/")


def dates(path: Path) -> tuple[str, str]:
    """Day of release and of the next one (ISO); blank where not stated."""
    about = _about(path)
    return day_of(about.get("Release date", "")), day_of(about.get("Next release", ""))


def problem(path: Path) -> str:
    """What speaks against the file being a time series; blank for nothing."""
    try:
        fitted(SeriesHead, _about(path), path.name)
    except Refused as exc:
        return f"not a time series of ONS ({str(exc).partition(': ')[2].removesuffix('.')})"
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as f:
        has_figures = any(len(r) > 1 and _PERIOD.fullmatch(r[0].strip()) and r[1].strip() for r in csv.reader(f))
    return "" if has_figures else "a time series of ONS without a single figure"


def _about(path: Path) -> dict[str, str]:
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as f:
            rows = [row for row, _ in zip(csv.reader(f), range(ABOUT), strict=False)]
    except csv.Error:
        return {}
    return {r[0].strip(): r[1].strip() for r in rows if len(r) > 1}


def day_of(text: str) -> str:
    """A day as ONS writes it (ISO); blank for words such as *To be announced*, and for a year that cannot be."""
    for form in ("%d-%m-%Y", "%d %B %Y", "%d %b %Y"):
        try:
            day = datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
        return day.isoformat() if FIRST_YEAR <= day.year <= LAST_YEAR else ""
    return ""
