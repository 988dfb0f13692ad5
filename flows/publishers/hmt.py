"""HM Treasury's deflators: a new page per release in a GOV.UK collection, a workbook on it, known by its header."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flows.publishers import govuk
from flows.publishers.query import Discovery, Query

#: Words that stand in the header of the sheet, wherever it begins and whatever its base year.
HEADER = ("financial year", "gdp deflator")


def discover(query: Query) -> Discovery:
    """The workbooks of all releases that the collection lists."""
    found = govuk.discover(query)
    found.files = [replace(f, accept=header_problem) for f in found.files]
    return found


def header_problem(path: Path) -> str:
    """Blank where a sheet of the workbook carries the deflators."""
    from flows.landing.grids import read_grids

    for grid in read_grids(path.read_bytes(), path.name):
        words = " ".join(" ".join(str(c) for c in row) for row in grid.rows[:15]).casefold()
        if all(h in words for h in HEADER):
            return ""
    return "no sheet has the header of the GDP deflators (Financial year, GDP deflator)"
