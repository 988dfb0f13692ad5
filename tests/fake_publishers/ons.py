"""ONS: time series as CSV from the generator and as JSON; and Nomis, which gives a guest so many rows at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.fake_publishers.answers import Reply, Request, not_found, reply_json

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers

#: Rows of a file that tell about the series, before its figures.
ABOUT = 8
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def answer(fake: FakePublishers, request: Request) -> Reply:
    """A time series; programs that say so are turned away."""
    if fake.world.quirks.needs_user_agent and not request.headers.get("user-agent", "").startswith("Mozilla"):
        return Reply(403, b"Forbidden", "text/plain")
    if request.path == "/generator":
        data = fake.world.series.get(request.query.get("uri", "").lower().rstrip("/"))
        if data is None:
            return Reply(404, b"<!DOCTYPE html><html><title>404</title></html>", "text/html")
        name = f"series-{request.query['uri'].split('/')[-2]}.csv"
        return Reply(200, data, "text/csv", {"Content-Disposition": f"attachment; filename={name}"})
    data = fake.world.series.get(request.path.removesuffix("/data"))
    if data is None or not request.path.endswith("/data"):
        return not_found()
    return reply_json(_twin(data, request.path.removesuffix("/data")))


def _twin(data: bytes, uri: str) -> dict[str, Any]:
    """The series as JSON."""
    rows = [r for r in csv.reader(io.StringIO(data.decode("utf-8-sig"))) if r]
    about = {r[0]: r[1] for r in rows[:ABOUT] if len(r) > 1}
    found: dict[str, list[dict[str, str]]] = {"years": [], "quarters": [], "months": []}
    for date, value in (r[:2] for r in rows[ABOUT:]):
        kind = {4: "years", 7: "quarters", 8: "months"}[len(date)]
        year, _, part = date.partition(" ")
        found[kind].append(
            {
                "date": date,
                "value": value,
                "label": date,
                "year": year,
                "month": datetime(2000, MONTHS.index(part) + 1, 1).strftime("%B") if kind == "months" else "",
                "quarter": part if kind == "quarters" else "",
                "sourceDataset": about.get("Source dataset ID", ""),
                "updateDate": _iso(about.get("Release date", "")),
            }
        )
    description = {
        "title": about.get("Title", ""),
        "cdid": about.get("CDID", ""),
        "datasetId": about.get("Source dataset ID", ""),
        "preUnit": about.get("PreUnit", ""),
        "unit": about.get("Unit", ""),
        "releaseDate": _iso(about.get("Release date", "")),
        "nextRelease": about.get("Next release", ""),
    }
    return {"type": "timeseries", "uri": uri, "description": description, **found}


def _iso(day: str) -> str:
    return datetime.strptime(day, "%d-%m-%Y").isoformat() + ".000Z" if re.fullmatch(r"\d\d-\d\d-\d{4}", day) else ""


# --- Nomis ---------------------------------------------------------------------------------------------------------

COLUMNS: dict[str, Callable[[list[str]], str]] = {
    "date_name": lambda r: r[0],
    "geography_name": lambda r: r[1],
    "geography_code": lambda r: r[2],
    "c_age_name": lambda r: r[3],
    "obs_value": lambda r: r[4],
}
#: Types of geography → from which year their areas are, and until when an area must have been there.
TYPES = {"TYPE464": "districts before April 2015", "TYPE431": "April 2021", "TYPE423": "April 2023"}
#: Areas that ended on 1 April of a year, and those that came instead.
ENDED = {
    "E10000021": 2021, "E10000006": 2023, "E10000023": 2023, "E10000027": 2023, "E06000028": 2019, "E06000029": 2019,
    "E10000009": 2019, "E10000002": 2020,
}  # fmt: skip
BEGAN = {
    "E06000061": 2021,
    "E06000062": 2021,
    "E06000063": 2023,
    "E06000064": 2023,
    "E06000065": 2023,
    "E06000066": 2023,
}


def answer_nomis(fake: FakePublishers, request: Request) -> Reply:
    """Rows of a data set: what lies beyond the cap is left out without a word."""
    asked = request.query
    quirks = fake.world.quirks
    cap = fake.nomis_cap or quirks.nomis_25000 or 10**9
    limit = min(int(asked.get("recordlimit") or cap), cap)
    start = int(asked.get("recordoffset") or 0)
    columns = [c for c in asked.get("select", ",".join(COLUMNS)).lower().split(",") if c in COLUMNS]
    latest = max((r[0] for r in fake.world.nomis), default="")
    rows = [r for r in fake.world.nomis if _is_asked(r, asked, latest, quirks.nomis_types)][start : start + limit]
    if quirks.abolished_areas_empty:
        rows = [[*r[:4], "" if r[2] in ENDED else r[4]] for r in rows]
    out = io.StringIO()
    # Names and words in quotes, figures and years without.
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([c.upper() for c in columns])
    for r in rows:
        cells = [COLUMNS[c](r) for c in columns]
        writer.writerow([int(x) if re.fullmatch(r"\d+", x) else x for x in cells])
    return Reply(200, out.getvalue().encode(), "text/csv")


def _is_asked(row: list[str], asked: dict[str, str], latest: str, by_type: bool) -> bool:
    date, places = asked.get("date", ""), asked.get("geography", "").split(",")
    if date == "latest" and row[0] != latest:
        return False
    back = re.fullmatch(r"latestMINUS(\d+)-latest", date)
    if back and int(row[0]) < int(latest) - int(back[1]):
        return False
    # Years one by one; one that the data set does not have, as a year to come, is nothing.
    if date[:1].isdigit() and row[0] not in date.split(","):
        return False
    if row[2] in places or places == [""]:
        return True
    kinds = [p for p in places if p.startswith("TYPE")]
    return any(_is_of_type(row[2], k) for k in kinds) if by_type else bool(kinds)


def _is_of_type(code: str, kind: str) -> bool:
    """Whether an area is one of a type's."""
    if kind not in TYPES:
        return False
    if kind == "TYPE464":
        # Districts: no county among them.
        return not code.startswith("E10") and code not in BEGAN
    at = 2021 if kind == "TYPE431" else 2023
    return ENDED.get(code, 9999) > at and BEGAN.get(code, 0) <= at
