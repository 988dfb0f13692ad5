"""Which tables of the passports a grid of text fits, and in which edition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from flows.landing.file_names import finder_of
from flows.landing.grids import Grid, label
from flows.sources.passport import Passport, Table, TableEdition

#: title rows that may stand above a header
SEARCH_ROWS = 15
#: Columns of its own by which a table is known under any name
ENOUGH = 2
NO_EDITION = TableEdition()


@dataclass(frozen=True)
class Fit:
    """A table that a grid fits, in one edition or (``edition`` None) in one still to be read from its periods."""

    passport: Passport
    table: Table
    edition: str | None
    grid: Grid
    header_row: int
    """0-based index of the (last) header row."""

    @property
    def reading(self) -> TableEdition:
        """What reads differently in this edition."""
        return self.table.editions.get(self.edition or "", NO_EDITION)

    @property
    def keys(self) -> dict[str, str]:
        """Key columns in this edition."""
        return self.table.keys if self.reading.keys is None else self.reading.keys

    @property
    def weight(self) -> int:
        """How much of the header the passport asked for: the more, the surer."""
        return len(required_labels(self.table, self.reading))


#: Header labels of which one must be there: the names that a column has had.
Wanted = frozenset[str]


def required_labels(table: Table, reading: TableEdition) -> set[Wanted]:
    """Normalised header labels that must be there for a table to be read at all; one of each set."""
    # Every file is held against every table.
    known = table.required_labels.get(id(reading))
    if known is None:
        known = table.required_labels[id(reading)] = _required_labels(table, reading)
    return known


def _required_labels(table: Table, reading: TableEdition) -> set[Wanted]:
    keys = table.keys if reading.keys is None else reading.keys
    filters = table.filter_columns(reading).values()
    wanted = [v for v in keys.values() if not v.startswith("#")]
    wanted += [*filters, *table.levels, *table.header, *reading.header]
    named = {label(v) for v in reading.columns_named.values()}
    labels = {frozenset(label(name) for name in w.split("|")) - {""} for w in wanted}
    return {w for w in labels if w and not w & named}


def missing_labels(required: set[Wanted], head: set[str]) -> list[Wanted]:
    """What of the required labels a header lacks, by name."""
    return sorted((w for w in required if w.isdisjoint(head)), key=sorted)


def _has_all(required: set[Wanted], head: set[str]) -> bool:
    """Whether a header lacks none of the required labels."""
    return not any(map(head.isdisjoint, required))


def fits_of(grid: Grid, passports: Iterable[Passport], *, sheet: bool) -> list[Fit]:
    """Every table and edition of the passports that a grid fits."""
    heads = [{label(c) for c in row} for row in grid.rows[:SEARCH_ROWS]]
    every = set().union(*heads)
    found: list[Fit] = []
    for p in passports:
        for t in p.tables:
            if is_sheet(t) != sheet:
                continue
            for edition, reading in readings_of(t):
                if sheet and not re.search(reading.sheet or t.sheet or "", grid.name, re.IGNORECASE):
                    continue
                if reading.title and not has_title(grid, reading.title):
                    continue
                row = _header_row(t, reading, heads, every, grid)
                if row is not None:
                    found.append(Fit(p, t, edition, grid, row))
            found += _of_its_own_day(p, t, heads, every, grid, found)
    return found


def _of_its_own_day(
    p: Passport, t: Table, heads: list[set[str]], every: set[str], grid: Grid, found: list[Fit]
) -> list[Fit]:
    """A file of a series that states the day of its release, which is none of the listed editions': named by it."""
    if t.released_on is None or any(f.table is t for f in found):
        return []
    row = _header_row(t, NO_EDITION, heads, every, grid)
    day = _day_stated(t.released_on, grid)
    return [Fit(p, t, day, grid, row)] if row is not None and day else []


def _day_stated(where: str, grid: Grid) -> str:
    """The day in the row of that label (ISO); blank where there is none."""
    for cells in grid.rows[:SEARCH_ROWS]:
        if len(cells) > 1 and label(cells[0]) == label(where):
            for form in ("%d-%m-%Y", "%d %B %Y", "%Y-%m-%d"):
                try:
                    return datetime.strptime(cells[1].strip(), form).date().isoformat()
                except ValueError:
                    continue
    return ""


def readings_of(table: Table) -> Iterator[tuple[str | None, TableEdition]]:
    """The ways in which a table may be read, each with its edition; None where the periods tell it."""
    if table.edition_from == "fixed":
        yield table.edition, table.editions.get(table.edition or "", NO_EDITION)
    elif table.edition_from == "last_period":
        yield None, NO_EDITION
    else:
        yield from table.editions.items()


def has_title(grid: Grid, pattern: str) -> bool:
    """Whether one of the first rows has a title."""
    find = finder_of(pattern)
    return any(find(c) for row in grid.rows[:SEARCH_ROWS] for c in row if c)


def _header_row(table: Table, reading: TableEdition, heads: list[set[str]], every: set[str], grid: Grid) -> int | None:
    """Where the header of a table is, by the labels of each of the first rows and of all of them; None if nowhere."""
    rows = reading.header_rows or table.header_rows
    if rows:
        if len(grid.rows) <= rows[-1]:
            return None
        words = {label(c) for r in rows for c in grid.rows[r - 1]}
        return rows[-1] - 1 if _has_all(required_labels(table, reading), words) else None
    required = required_labels(table, reading)
    if not required:
        return None  # what asks for nothing would fit everything
    if table.header_occurrence > 1:
        hits = [i for i, row in enumerate(grid.rows) if _has_all(required, {label(c) for c in row})]
        return hits[table.header_occurrence - 1] if len(hits) >= table.header_occurrence else None
    if table.search_rows:
        heads = [{label(c) for c in row} for row in grid.rows[: table.search_rows]]
    elif not _has_all(required, every):
        return None
    return next((i for i, head in enumerate(heads) if _has_all(required, head)), None)


def is_named(fit: Fit, named: list[tuple[Passport, Table, str | None]]) -> bool:
    """Whether a fit is one of the tables and editions that the name of a file speaks of."""
    return any(t is fit.table and (e is None or fit.edition is None or e == fit.edition) for _, t, e in named)


def is_certain(fit: Fit) -> bool:
    """Whether content alone says what a file of another name is: its table, and of which edition.

    An edition is told by its periods, or by a title or column that only it has; not by standing alone in the passport.
    A table is told by values of its own or by two columns beside those that every table has.
    """
    if fit.table.released_on is not None:
        # The title of a series is its column's name, and its own day is its edition.
        return True
    if fit.edition is not None and not (fit.reading.title or fit.reading.sheet or _has_year(fit)):
        return False
    own = required_labels(fit.table, fit.reading) - _of_any_table(fit)
    return bool(fit.table.contains or fit.reading.title or fit.reading.sheet or len(own) >= ENOUGH)


def _has_year(fit: Fit) -> bool:
    """Whether a column that the edition asks for has the edition's year in its name."""
    year = (fit.edition or "")[2:4]
    return any(year in wanted for wanted in fit.reading.header)


def _of_any_table(fit: Fit) -> set[Wanted]:
    """Labels asked for that are keys: they tell nothing of which table it is."""
    return {frozenset(label(n) for n in v.split("|")) for v in fit.keys.values()}


def lacking_value(fit: Fit) -> tuple[str, str, list[str]] | None:
    """A value that the table's ``contains`` asks for and no row has: column, value, and what the column holds."""
    if not fit.table.contains or len(fit.grid.rows) <= fit.header_row + 1:
        return None
    header = [label(c) for c in fit.grid.rows[fit.header_row]]
    for column, values in fit.table.contains.items():
        at = next((header.index(label(c)) for c in column.split("|") if label(c) in header), -1)
        seen = {label(c) for c in {r[at] for r in fit.grid.rows[fit.header_row + 1 :] if 0 <= at < len(r)}}
        for v in values:
            if not {label(n) for n in v.split("|")} & seen:
                return column, v, sorted(seen)
    return None


def is_sheet(table: Table) -> bool:
    """Whether a table is in a workbook, on a sheet that its passport names."""
    return table.sheet is not None or any(r.sheet for r in table.editions.values())
