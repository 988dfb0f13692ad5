"""The catalogue: what is landed, table by table, with its columns and the places it names.

Three files in the landing folder, the catalogue written last: ``columns.csv`` (every column and its role),
``units.csv`` (every place as the publisher codes and names it) and ``catalogue.csv`` (every landed table). What the
catalogue does not list is not landed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from flows.common.files import write_atomically
from flows.common.settings import Settings

#: source, table, edition
Key = tuple[str, str, str]
#: What ``units.csv`` says of a place: how the publisher codes and names it, and on how many rows.
UNIT_COLUMNS = ("level", "unit_code", "unit_ons_code", "unit_name", "row_count")


@dataclass(frozen=True)
class Landed:
    """One line of the catalogue: a table of an edition and where it came from."""

    source: str
    table_name: str
    edition: str
    shape: str
    symbols: str
    role: str
    file: str
    sha256: str
    content_sha256: str
    published_on: str
    published_basis: str
    maturity: str
    landed_at: str
    url: str
    row_count: int
    column_count: int
    first_period: str
    last_period: str

    @property
    def key(self) -> Key:
        """Source, table and edition."""
        return self.source, self.table_name, self.edition


def base_edition(edition: str) -> str:
    """The edition that a revision revises: 2022-r2 → 2022."""
    return edition.split("-r")[0]


def landed_path(settings: Settings, source: str, table: str, edition: str) -> Path:
    """Where a landed table stands."""
    return settings.landing / source / table / f"{edition}.csv"


def catalogue_path(settings: Settings) -> Path:
    """Where the catalogue stands."""
    return settings.landing / "catalogue.csv"


def read_catalogue(settings: Settings) -> list[Landed]:
    """Everything landed, or nothing when there is no landing yet."""
    return [
        Landed(**{**row, "row_count": int(row["row_count"]), "column_count": int(row["column_count"])})  # type: ignore[arg-type]
        for row in _rows(catalogue_path(settings))
    ]


def read_columns(settings: Settings) -> dict[Key, list[tuple[str, str]]]:
    """Columns of every landed table with their role (key, filter, text, figure)."""
    found: dict[Key, list[tuple[str, str]]] = {}
    for r in _rows(settings.landing / "columns.csv"):
        found.setdefault((r["source"], r["table_name"], r["edition"]), []).append((r["column_name"], r["role"]))
    return found


def read_units(settings: Settings) -> dict[Key, list[tuple[str, ...]]]:
    """The places that every landed table names; see :data:`UNIT_COLUMNS`."""
    found: dict[Key, list[tuple[str, ...]]] = {}
    for r in _rows(settings.landing / "units.csv"):
        found.setdefault((r["source"], r["table_name"], r["edition"]), []).append(tuple(r[c] for c in UNIT_COLUMNS))
    return found


@dataclass
class Catalogue:
    """Everything landed, in hand."""

    tables: dict[Key, Landed] = field(default_factory=dict)
    columns: dict[Key, list[tuple[str, str]]] = field(default_factory=dict)
    units: dict[Key, list[tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings) -> Catalogue:
        """What is landed and whole; a line whose file is gone is left out."""
        tables = {x.key: x for x in read_catalogue(settings) if landed_path(settings, *x.key).exists()}
        columns = {k: v for k, v in read_columns(settings).items() if k in tables}
        units = {k: v for k, v in read_units(settings).items() if k in tables}
        return cls(tables, columns, units)

    def add(self, entry: Landed, columns: list[tuple[str, str]], units: list[tuple[str, ...]]) -> None:
        """Take in a landed table."""
        self.tables[entry.key] = entry
        self.columns[entry.key] = columns
        self.units[entry.key] = units

    def remove(self, key: Key) -> None:
        """Take out a landed table."""
        for part in (self.tables, self.columns, self.units):
            part.pop(key, None)

    def save(self, settings: Settings) -> None:
        """Write the three files, the catalogue last.

        Raises:
            CswError: the disk refuses.
        """
        _write(
            settings.landing / "columns.csv",
            ("source", "table_name", "edition", "position", "column_name", "role"),
            ((*k, i, name, role) for k in sorted(self.columns) for i, (name, role) in enumerate(self.columns[k], 1)),
        )
        _write(
            settings.landing / "units.csv",
            ("source", "table_name", "edition", *UNIT_COLUMNS),
            ((*k, *unit) for k in sorted(self.units) for unit in self.units[k]),
        )
        _write(
            catalogue_path(settings),
            [f.name for f in fields(Landed)],
            (tuple(asdict(self.tables[k]).values()) for k in sorted(self.tables)),
        )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, buffer.getvalue().encode())
