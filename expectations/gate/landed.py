"""Landed tables as the gate sees them: where a file is, its columns and their roles, and what its symbols mean.

Read from the landing folder (``catalogue.csv``, ``columns.csv``) and from the seed of symbols (``value_symbol.csv``).
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from expectations.results import TableKey
from expectations.sql import text

#: Columns that landing puts in front of the publisher's own.
META = (
    "_source",
    "_table",
    "_edition",
    "_sha256",
    "_row",
    "_level",
    "_la_code",
    "_gss_code",
    "_la_name",
    "_period",
    "_filter",
)


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
    symbol_set: str
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
    def catalogued(self) -> list[str]:
        """Columns that the file should have by the catalogue, in order."""
        return [*META, *self.columns]

    def header(self) -> list[str] | None:
        """Columns that the file has, in order; None where there is no such file, or none that can be read."""
        try:
            with self.path.open(newline="", encoding="utf-8") as f:
                return next(csv.reader(f), [])
        except (OSError, ValueError, csv.Error):
            return None

    def relation(self) -> str:
        """The file as a DuckDB table function: all text, read just as the models read it."""
        columns = ", ".join(f"{text(c)}: 'VARCHAR'" for c in self.catalogued)
        return (
            f"read_csv({text(str(self.path))}, columns = {{{columns}}}, auto_detect = false, header = true, "
            "delim = ',', quote = '\"', escape = '\"', nullstr = ['\\N'], strict_mode = true)"
        )


def landed_files(landing: Path, seeds: Path, tables: Collection[TableKey] | None = None) -> list[LandedFile]:
    """Landed files, all or the given ones, in the catalogue's order.

    Args:
        landing: the landing folder; without a catalogue nothing is landed.
        seeds: the folder of seeds.
        tables: source, table and edition of those wanted; all when absent.
    """
    wanted = None if tables is None else {tuple(t) for t in tables}
    roles: dict[TableKey, list[tuple[str, str]]] = {}
    for row in _rows(landing / "columns.csv"):
        roles.setdefault(_key(row), []).append((row["column_name"], row["role"]))
    statuses: dict[str, dict[str, str]] = {}
    for row in _rows(seeds / "value_symbol.csv"):
        statuses.setdefault(row["symbols"], {})[row["symbol"]] = row["value_status"]
    files = []
    for entry in _rows(landing / "catalogue.csv"):
        key = _key(entry)
        if wanted is not None and key not in wanted:
            continue
        known = statuses.get(entry["symbols"], {})
        files.append(
            LandedFile(
                *key,
                shape=entry["shape"],
                file=entry["file"],
                path=landing / key[0] / key[1] / f"{key[2]}.csv",
                row_count=int(entry["row_count"]),
                columns=tuple(name for name, _ in roles.get(key, [])),
                figures=tuple(name for name, role in roles.get(key, []) if role == "figure"),
                symbol_set=entry["symbols"],
                not_applicable=frozenset(s for s, status in known.items() if status == "not_applicable"),
                unavailable=frozenset(s for s, status in known.items() if status == "unavailable"),
            )
        )
    return files


def known_symbols(seeds: Path) -> dict[str, list[str]]:
    """Symbol set → the symbols that it knows."""
    found: dict[str, list[str]] = {}
    for row in _rows(seeds / "value_symbol.csv"):
        found.setdefault(row["symbols"], []).append(row["symbol"])
    return found


def _key(row: dict[str, str]) -> TableKey:
    return (row["source"], row["table_name"], row["edition"])


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))
