"""Nomis: a query of a data set as CSV. A guest gets a fixed number of rows at once; the pages are put together."""

from __future__ import annotations

from urllib.parse import urlencode

from flows.publishers.ask import Asked, Discovery, Held, Made
from flows.publishers.http import Refused

MAX_PAGES = 400


def discover(asked: Asked) -> Discovery:
    """Every query of the passport, each as one file."""

    def make(_: list[Held]) -> list[Made]:
        return [_whole(asked, name, dict(q)) for name, q in asked.remote.queries.items()]

    return Discovery(make=make)


def _whole(asked: Asked, name: str, query: dict[str, str]) -> Made:
    """All rows of one query under one header.

    Raises:
        Refused: nothing came, a page has another header, or it never ends.
    """
    url = f"{asked.servers.nomis}/api/v01/dataset/{query.pop('dataset')}.data.csv"
    address = f"{url}?{urlencode(query, safe=',.')}"
    cap = asked.servers.nomis_rows
    header, body, offset = "", [], 0
    for _ in range(MAX_PAGES):
        text = asked.http.text(url, {**query, "recordlimit": cap, "recordoffset": offset}, kind="csv")
        first, _, rest = text.replace("\r\n", "\n").partition("\n")
        rows = rest.splitlines()
        if header and first != header and rows:
            raise Refused(f"{address}: the rows from {offset} have another header ({first[:80]}).")
        header = header or first
        body += rows
        offset += len(rows)
        if len(rows) < cap:
            break
    else:
        raise Refused(f"{address}: more than {MAX_PAGES * cap} rows.")
    if not body:
        raise Refused(f"{address}: no rows.")
    return Made(f"query/{name}", ("\n".join([header, *body]) + "\n").encode(), address)
