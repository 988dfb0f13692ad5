"""Landed tables as the gate sees them: where a file stands, its columns and their roles, and what its symbols mean."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from flows.common.settings import Settings
from flows.landing.catalogue import landed_path, read_catalogue, read_columns
from flows.landing.tables import META

#: A table of an edition: source, table and edition.
TableKey = tuple[str, str, str]


@dataclass(frozen=True)
class LandedFile:
    """One landed CSV: where it is, what the publisher's file was called, its columns, and its symbol set."""

    source: str
    table: str
    edition: str
    shape: str
    file: str
    path: Path
    row_count: int
    columns: tuple[str, ...]
    figures: tuple[str, ...]
    symbols: frozenset[str]
    not_applicable: frozenset[str]
    unavailable: frozenset[str]

    @property
    def key(self) -> TableKey:
        """Source, table and edition."""
        return (self.source, self.table, self.edition)

    @property
    def table_pair(self) -> tuple[str, str]:
        """Source and table: what its editions have in common."""
        return (self.source, self.table)

    @property
    def suite(self) -> str:
        """The suite that the table is checked by: its shape, save that spend lines have checks of their own."""
        return "spend_lines" if self.source == "dfe_s251_outturn" else self.shape

    def relation(self) -> str:
        """The file as a DuckDB table function: all text, read just as the models read it.

        The columns are given rather than sniffed, which is quicker and refuses a file whose columns have changed.
        """
        columns = ", ".join(f"{text(c)}: 'VARCHAR'" for c in (*META, *self.columns))
        return (
            f"read_csv({text(str(self.path))}, columns = {{{columns}}}, auto_detect = false, header = true, "
            "delim = ',', quote = '\"', escape = '\"', nullstr = ['\\N'], strict_mode = true)"
        )


def landed_files(settings: Settings, tables: Collection[TableKey] | None = None) -> list[LandedFile]:
    """Landed files, all or the given ones, in the catalogue's order."""
    wanted = None if tables is None else {tuple(t) for t in tables}
    columns = read_columns(settings)
    statuses = _read_symbols(settings.seeds / "value_symbol.csv")
    files = []
    for entry in read_catalogue(settings):
        key = (entry.source, entry.table_name, entry.edition)
        if wanted is not None and key not in wanted:
            continue
        roles = columns.get(key, [])
        known = statuses.get(entry.symbols, {})
        files.append(
            LandedFile(
                *key,
                shape=entry.shape,
                file=entry.file,
                path=landed_path(settings, *key),
                row_count=entry.row_count,
                columns=tuple(name for name, _ in roles),
                figures=tuple(name for name, role in roles if role == "figure"),
                symbols=frozenset(known),
                not_applicable=frozenset(s for s, status in known.items() if status == "not_applicable"),
                unavailable=frozenset(s for s, status in known.items() if status == "unavailable"),
            )
        )
    return files


def _read_symbols(path: Path) -> dict[str, dict[str, str]]:
    """Symbol set → symbol → status."""
    found: dict[str, dict[str, str]] = {}
    with path.open(newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f):
            found.setdefault(row["symbols"], {})[row["symbol"]] = row["value_status"]
    return found


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"
