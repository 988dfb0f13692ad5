"""The columns and rows of a file, or of a landed table, that two editions are compared by."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flows.common.settings import Settings
from flows.landing.catalogue import Landed, landed_path
from flows.landing.figures import number
from flows.landing.grids import label
from flows.landing.periods import last_year
from flows.landing.places import NO_CODE

Cell = tuple[str, ...]
"""Authority, period and, where rows are told by filters, filter."""


@dataclass(frozen=True)
class EditionSheet:
    """A table as text: its columns, and rows as mappings."""

    columns: list[str]
    rows: list[dict[str, str]]


def sheet_of(rows: list[list[str]], header: int) -> EditionSheet:
    """A grid as a table, by its header (from 0)."""
    names = [c.strip().lstrip("\ufeff") for c in rows[header]]
    kept = [c for c in names if c]
    body = [dict(zip(names, r, strict=False)) for r in rows[header + 1 :] if any(c.strip() for c in r)]
    return EditionSheet(kept, body)


def landed_sheet(settings: Settings, newest: Landed) -> EditionSheet:
    """A landed table."""
    with landed_path(settings, *newest.key).open(newline="", encoding="utf-8") as f:
        reader = csv.DictReader(f)
        return EditionSheet([c for c in reader.fieldnames or [] if not c.startswith("_")], list(reader))


def year_of(period: str) -> str:
    """A period as it is compared."""
    year = last_year(period)
    return str(year) if year is not None else period.strip()


def filter_text_of(row: Mapping[str, str], places: Mapping[str, str]) -> str:
    """What a row is of, as landing writes it: ``filter=value|…``."""
    return "|".join(f"{name}={' '.join((row.get(column) or '').split())}" for name, column in places.items())


def column_named(sheet: EditionSheet, name: str) -> str | None:
    """The column of a name, however it is written; None where there is none."""
    return next((c for c in sheet.columns if label(c) in {label(n) for n in name.split("|")}), None)


def figures_of(sheet: EditionSheet, keys: Sequence[Cell], columns: Iterable[str]) -> dict[str, dict[Cell, float]]:
    """Column to its figures by authority, period and filter; of several rows for one, the first."""
    found: dict[str, dict[Cell, float]] = defaultdict(dict)
    wanted = list(dict.fromkeys(columns))
    for at, r in zip(keys, sheet.rows, strict=True):
        if at[0] in NO_CODE:
            continue
        for c in wanted:
            value = number(r.get(c) or "")
            if value is not None:
                found[c].setdefault(at, value)
    return found
