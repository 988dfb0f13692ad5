"""Nomis: a query of a data set as CSV. A guest gets a fixed number of rows at once; the pages are put together.

Shape: the service's documentation of `dataset/{id}.data.csv` (parameters ``select``, ``recordlimit``,
``recordoffset``; the header is the selected names in upper case) and programs that read it. A type of geography is a
set of areas of one day: TYPE464 are districts before April 2015, TYPE431 and TYPE423 counties and unitaries as of
April 2021 and 2023. Areas that were no more when a type was drawn up are not in it, and have no figures at any date.
"""

from __future__ import annotations

import csv
from contextlib import suppress
from urllib.parse import urlencode

from flows.publishers.http import Empty, Refused
from flows.publishers.query import Composed, Discovery, Download, Offer, Query

MAX_PAGES = 400
#: Areas with figures of a type that holds England's counties and unitaries: about 150, less those that were to end.
FEWEST_AREAS = 140


def discover(query: Query) -> Discovery:
    """Every query of the passport, each as one file."""

    def compose(_: list[Download]) -> list[Composed]:
        return [whole(query, name, dict(q)) for name, q in query.remote.queries.items()]

    names = tuple(query.remote.queries)
    return Discovery(compose=compose, offers=[Offer("queries", names, len(names))], listed={"queries"})


def whole(query: Query, name: str, asked: dict[str, str]) -> Composed:
    """All rows of one query under one header.

    Raises:
        Refused: nothing came, a page has another header or came twice, it never ends, or areas are missing.
    """
    url = f"{query.servers.nomis}/api/v01/dataset/{asked.pop('dataset')}.data.csv"
    address = f"{url}?{urlencode(asked, safe=',.')}"
    header, before = "", ""
    body: list[str] = []
    for _ in range(MAX_PAGES):
        # Where a page is shorter than asked for, the server's own limit is lower: only an empty one is the end.
        params = {**asked, "recordlimit": query.servers.nomis_rows, "recordoffset": len(body)}
        text = _page(query, url, params).replace("\r\n", "\n")
        first, _, rest = text.partition("\n")
        rows = rest.splitlines()
        if header and first != header and rows:
            raise Refused(f"{address}: the rows from {len(body)} have another header ({first[:80]}).")
        if rows and rest == before and len(rows) < query.servers.nomis_rows:
            # It heeds no offset, and had given everything at once.
            break
        if rows and rest == before:
            raise Refused(f"{address}: the rows from {len(body)} are those before them over again.")
        header, before = header or first, rest
        body += rows
        if not rows:
            break
    else:
        raise Refused(f"{address}: more than {len(body)} rows in {MAX_PAGES} pages.")
    problem = _problem(header, body, asked)
    if problem:
        raise Refused(f"{address}: {problem}.")
    return Composed(f"query/{name}", ("\n".join([header, *body]) + "\n").encode(), address)


def _page(query: Query, url: str, params: dict[str, object]) -> str:
    """Some rows; blank where nothing is there, as a server may answer beyond the last row."""
    for _ in range(2):
        # An answer that was lost on the way is there when it is asked for again.
        with suppress(Empty):
            return query.http.text(url, params, kind="csv")
    return ""


def _problem(header: str, body: list[str], asked: dict[str, str]) -> str:
    """What speaks against the rows being what was asked for; blank for nothing."""
    if not body:
        names = {c.strip(' "').upper() for c in header.split(",")}
        is_header = names <= {c.upper() for c in asked.get("select", "").split(",")} or not header
        return "no rows" if is_header else f"no rows; it says {header[:200]!r}"
    try:
        columns = [c.upper() for c in next(csv.reader([header]))]
        wanted = [c.upper() for c in asked.get("select", "").split(",") if c]
        if wanted and columns != wanted:
            return f"the columns are {', '.join(columns)[:120]}, not {', '.join(wanted)}"
        rows = list(csv.reader(body))
    except csv.Error as exc:
        return f"the rows are no CSV ({exc})"
    if any(len(r) != len(columns) for r in rows):
        return "the rows are not as wide as the header"
    if not asked.get("geography", "").startswith("TYPE") or "GEOGRAPHY_CODE" not in columns:
        return ""
    code, value = columns.index("GEOGRAPHY_CODE"), columns.index("OBS_VALUE") if "OBS_VALUE" in columns else -1
    areas = {r[code] for r in rows if r[code].startswith("E") and r[value]}
    if len(areas) < FEWEST_AREAS:
        return f"{len(areas)} areas of England have figures, and at least {FEWEST_AREAS} should ({asked['geography']})"
    if not any(a.startswith("E10") for a in areas):
        return f"no county is among the areas: {asked['geography']} is another kind of area"
    return ""
