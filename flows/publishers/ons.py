"""ONS: a time series as CSV from the generator. The file says itself when it came out and when the next one will."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from flows.publishers.ask import Asked, Discovery, Found

#: Rows about the series, before its figures.
ABOUT = 8


def discover(asked: Asked) -> Discovery:
    """Every series of the passport."""
    said = Discovery()
    for name, uri in asked.remote.series.items():
        url = f"{asked.servers.ons}/generator?" + urlencode({"format": "csv", "uri": uri}, safe="/")
        said.found.append(Found(url, "series", name, accept=_problem, dated=dates))
    return said


def dates(path: Path) -> tuple[str, str]:
    """Day of release and of the next one (ISO); blank where not stated."""
    about = _about(path)
    return _day(about.get("Release date", "")), _day(about.get("Next release", ""))


def _about(path: Path) -> dict[str, str]:
    with path.open(newline="", encoding="utf-8-sig") as f:
        rows = [row for row, _ in zip(csv.reader(f), range(ABOUT), strict=False)]
    return {r[0]: r[1] for r in rows if len(r) > 1}


def _problem(path: Path) -> str:
    return "" if {"Title", "CDID"} <= set(_about(path)) else "not a time series of ONS (no Title and CDID on top)"


def _day(text: str) -> str:
    for form in ("%d-%m-%Y", "%d %B %Y", "%d %b %Y"):
        try:
            return datetime.strptime(text.strip(), form).date().isoformat()
        except ValueError:
            continue
    return ""
