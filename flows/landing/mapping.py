"""What the seed ``measure_source.csv`` expects of a landed table, so that a rename is met at the door."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from flows.common.errors import RefusedFile
from flows.landing.catalogue import base_edition
from flows.landing.checks import FILTER, FIRST, LEVEL, PERIOD
from flows.landing.figures import is_number
from flows.landing.grids import label
from flows.landing.periods import last_year
from flows.landing.tables import LandedTable

#: More rows than this of what is missing are not worth listing in one message.
FEW = 12


@dataclass(frozen=True)
class Mapped:
    """One mapped column (and filter, and period) of a table in a range of editions."""

    edition_from: str
    edition_to: str
    column: str
    filter: str
    period: str = ""
    measure: tuple[str, str] = ("", "")
    """Measure and component."""
    row: tuple[str, ...] = ()
    """The seed's row as it stands, for the message that proposes another."""
    may_be_empty: bool = False
    """The publisher prints the column and no figure in it."""

    def covers(self, edition: str) -> bool:
        """Whether an edition lies in the range; an open end reaches to every later one."""
        base = base_edition(edition)
        return self.edition_from <= base and (not self.edition_to or base <= self.edition_to)

    @property
    def place(self) -> tuple[str, str]:
        """Column and filter, as they are compared."""
        return label(self.column), self.filter


@dataclass(frozen=True)
class MappedColumns:
    """The seed, by (source, table)."""

    rows: dict[tuple[str, str], list[Mapped]] = field(default_factory=dict)

    def is_another(self, source: str, landed: LandedTable) -> bool:
        """Whether a table has rows of none of the filters that any edition of it is read by: it is its sister.

        Args:
            source: the publication.
            landed: the table, told by its columns alone.
        """
        filters = {label(m.filter) for m in self.rows.get((source, landed.table), []) if m.filter}
        return bool(filters) and filters.isdisjoint(map(label, landed.filters))

    def check(self, source: str, landed: LandedTable, path: str, *, by_year: bool = False) -> None:
        """Refuse a table of which a mapped column or filter is absent or empty, or is mapped in other editions only.

        Args:
            source: the publication.
            landed: the table.
            path: the file, for the message.
            by_year: the table is another in every year (wide files, presentation sheets): what its columns are summed
                from differs, so only a measure of which nothing is mapped is a hole.

        Raises:
            RefusedFile: names file, column and the nearest candidates.
        """
        every = self.rows.get((source, landed.table), [])
        covering = [m for m in every if m.covers(landed.edition)]
        have = {label(c) for c in landed.columns}
        for m in covering:
            advice = (
                "If the publisher renamed it, add a row to measure_source.csv for this edition "
                f"and end the old row before it (source {source}, table {landed.table}); "
                "`csw new-edition` drafts the rows."
            )
            if label(m.column) not in have:
                near = difflib.get_close_matches(label(m.column), sorted(have), n=3, cutoff=0.5)
                raise RefusedFile(
                    path,
                    "this mapped column is missing." + (f" Nearest: {', '.join(near)}." if near else ""),
                    column=m.column,
                    advice=advice,
                )
            if m.filter and m.filter not in landed.filters:
                near = difflib.get_close_matches(m.filter, sorted(landed.filters), n=3, cutoff=0.5)
                raise RefusedFile(
                    path,
                    f"no row has the mapped filter {m.filter!r}." + (f" Nearest: {'; '.join(near)}." if near else ""),
                    column=m.column,
                    advice=advice,
                )
        measured = {
            m.measure[0]
            for (publication, _), rows in self.rows.items()
            for m in rows
            if by_year and publication == source and m.covers(landed.edition)
        }
        # Of a table of its own, a total that nothing is divided by is no loss.
        wanted = [m for m in every if not by_year or m.measure[1] != "denominator"]
        _refuse_holes(source, landed, wanted, covering, path, measured)
        if landed.rows:
            _refuse_empty(landed, covering, path)
            if not by_year:
                _refuse_empty_year(landed, covering, path)


def _refuse_holes(
    source: str,
    landed: LandedTable,
    every: Sequence[Mapped],
    covering: Sequence[Mapped],
    path: str,
    measured: set[str],
) -> None:
    """Columns that mean something in other editions and, for want of a row, nothing in this one.

    Args:
        source: the publication.
        landed: the table.
        every: what is mapped of it in any edition.
        covering: what is mapped of it in this one.
        path: the file, for the message.
        measured: measures that the edition has from elsewhere, of which no further column is missed.

    Raises:
        RefusedFile: with the rows to add.
    """
    have = {label(c) for c in landed.columns}
    held = {m.place for m in covering}
    holes: dict[tuple[str, str], Mapped] = {}
    for m in every:
        is_here = label(m.column) in have and (not m.filter or m.filter in landed.filters)
        if is_here and m.place not in held and m.measure[0] not in measured and not m.period:
            holes.setdefault(m.place, m)
    if not holes:
        return
    edition = base_edition(landed.edition)
    rows = [_csv_row((*m.row[:2], edition, edition, *m.row[4:])) for m in list(holes.values())[:FEW]]
    more = f" (and {len(holes) - FEW} more)" if len(holes) > FEW else ""
    raise RefusedFile(
        path,
        f"edition {edition} has {len(holes)} columns that measure_source.csv maps in other editions of {source} "
        f"{landed.table} and not in this one: their figures would be left out.",
        column=next(iter(holes.values())).column,
        advice="`csw new-edition` drafts the rows, or widen the editions of those there are; to add:\n  "
        + "\n  ".join(rows)
        + more,
    )


def _refuse_empty(landed: LandedTable, covering: Sequence[Mapped], path: str) -> None:
    """A mapped column in which no authority has a figure is another column under its name, or a damaged one.

    Raises:
        RefusedFile: names the column and its filter.
    """
    at = {label(c): FIRST + i for i, c in enumerate(landed.columns)}
    by_filter: dict[str, list[list[str]]] = {m.filter: [] for m in covering}
    is_of_any = any(r[LEVEL] == "la" for r in landed.rows)
    for r in landed.rows:
        if r[FILTER] in by_filter and (r[LEVEL] == "la" if is_of_any else r[LEVEL] != "none"):
            by_filter[r[FILTER]].append(r)
    for m in covering:
        where = [r for r in by_filter.get(m.filter, []) if not m.period or r[PERIOD] == m.period]
        if m.may_be_empty or not where or any(is_number(r[at[label(m.column)]]) for r in where):
            continue
        raise RefusedFile(
            path,
            "this mapped column has no figure at all: it is blank, or all symbols, in "
            f"{len(where):,} rows" + (f" of {m.filter!r}" if m.filter else "") + ".",
            column=m.column,
            advice="Download the file again; if the publisher prints it so, end the column's row in measure_source.csv "
            "before this edition.",
        )


def _refuse_empty_year(landed: LandedTable, covering: Sequence[Mapped], path: str) -> None:
    """A table whose newest period has no figure of an authority at all is damaged, or not filled yet.

    Raises:
        RefusedFile: names the period.
    """
    rows = [r for r in landed.rows if r[LEVEL] == "la"]
    years = {p: year for p in dict.fromkeys(r[PERIOD] for r in rows) if (year := last_year(p)) is not None}
    places = [(FIRST + i, label(c)) for i, c in enumerate(landed.columns)]
    mapped: dict[str, list[int]] = {}
    for m in covering:
        mapped.setdefault(m.filter, []).extend(i for i, name in places if name == label(m.column))
    if len(years) < 2 or not mapped:
        return
    newest = max(years, key=lambda p: years[p])
    of_it = [r for r in rows if r[PERIOD] == newest and r[FILTER] in mapped]
    if of_it and not any(is_number(r[i]) for r in of_it for i in mapped[r[FILTER]]):
        raise RefusedFile(
            path,
            f"no authority has a figure of {newest}, its newest period, in any mapped column: blank, or all symbols.",
            column=covering[0].column,
            advice="Download the file again, or wait until the publisher has filled it.",
        )


def _csv_row(values: Sequence[str]) -> str:
    return ",".join(f'"{v}"' if "," in v or '"' in v else v for v in values)


def mapped_columns(root: Path) -> MappedColumns:
    """The seed of a project, as it stands now.

    Args:
        root: the project's root folder.
    """
    path = root / "dbt_project" / "seeds" / "measure_source.csv"
    if not path.exists():
        return MappedColumns()
    about = path.stat()
    return _load(path, (about.st_size, about.st_mtime_ns))


@lru_cache(maxsize=4)
def _load(path: Path, state: tuple[int, int]) -> MappedColumns:
    rows: dict[tuple[str, str], list[Mapped]] = {}
    with path.open(newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            rows.setdefault((r["source"], r["table_name"]), []).append(
                Mapped(
                    r["edition_from"],
                    r["edition_to"],
                    r["column_name"],
                    r["filter"],
                    r["period"],
                    (r["measure_id"], r["component"]),
                    tuple(r.values()),
                    "no figure" in (r["note"] or ""),
                )
            )
    return MappedColumns(rows)
