"""The catalogue: what is landed, table by table, with its columns and the places it names.

Three files in the landing folder, the catalogue written last: ``columns.csv`` (every column and its role),
``units.csv`` (every place as the publisher codes and names it) and ``catalogue.csv`` (every landed table). What the
catalogue does not list is not landed. Tables that are held back (quarantined, or withdrawn by people) stand in
``.held/`` in the same arrangement, where no model reads them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from flows.common.errors import CswError
from flows.common.files import write_atomically
from flows.common.settings import Settings

#: source, table, edition
Key = tuple[str, str, str]
#: What ``units.csv`` says of a place: how the publisher codes and names it, and on how many rows.
UNIT_COLUMNS = ("level", "unit_code", "unit_ons_code", "unit_name", "row_count")
#: The three files, the catalogue last.
FILES = ("columns.csv", "units.csv", "catalogue.csv")
#: Where tables stand that are held back.
HELD = ".held"
_REVISION = re.compile(r"-r(\d+)$")


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
    edition_published_on: str = ""
    """The day of the edition itself, also for a revision of it: what the order of editions goes by."""
    landed_sha256: str = ""
    """Hash of the landed csv."""

    @property
    def key(self) -> Key:
        """Source, table and edition."""
        return self.source, self.table_name, self.edition

    @property
    def rank(self) -> tuple[str, int, str]:
        """Orders editions, the newest highest: a revision directly after the edition it revises, whenever it came."""
        return self.edition_published_on or self.published_on, revision_number(self.edition), self.edition


def base_edition(edition: str) -> str:
    """The edition that a revision revises: 2022-r2 → 2022."""
    return _REVISION.sub("", edition)


def revision_number(edition: str) -> int:
    """Which state of an edition it is: 2022 is the first, 2022-r2 the second, 2022-r0 one found to be before."""
    found = _REVISION.search(edition)
    return int(found[1]) if found else 1


def next_state(edition: str, taken: Collection[str], *, earlier: bool = False) -> str:
    """What a further state of an edition is called: the next revision, or one found to be before the first."""
    base = base_edition(edition)
    numbers = [revision_number(e) for e in taken if base_edition(e) == base]
    if not numbers:
        return base
    return f"{base}-r{min(numbers) - 1 if earlier else max(numbers) + 1}"


def landed_path(settings: Settings, source: str, table: str, edition: str) -> Path:
    """Where a landed table is."""
    return settings.landing / source / table / f"{edition}.csv"


def held_path(settings: Settings, source: str, table: str, edition: str) -> Path:
    """Where a table is that is held back."""
    return settings.landing / HELD / source / table / f"{edition}.csv"


def catalogue_path(settings: Settings) -> Path:
    """Where the catalogue is."""
    return settings.landing / "catalogue.csv"


def read_catalogue(settings: Settings) -> list[Landed]:
    """Everything landed, or nothing when there is no landing yet.

    Raises:
        CswError: the catalogue is not whole; a run makes it anew.
    """
    return _landed(settings.landing)


def read_held(settings: Settings) -> list[Landed]:
    """Everything that is held back.

    Raises:
        CswError: the list is not whole; a run makes it anew.
    """
    return _landed(settings.landing / HELD)


def _landed(folder: Path) -> list[Landed]:
    path = folder / "catalogue.csv"
    try:
        return [
            Landed(**{**row, "row_count": int(row["row_count"]), "column_count": int(row["column_count"])})  # type: ignore[arg-type]
            for row in _rows(path)
        ]
    except (KeyError, TypeError, ValueError, csv.Error) as exc:
        raise _broken(path) from exc


def read_columns(settings: Settings) -> dict[Key, list[tuple[str, str]]]:
    """Columns of every landed table with their role (key, filter, text, figure).

    Raises:
        CswError: the list is not whole; a run makes it anew.
    """
    return _read_columns(settings.landing)


def _read_columns(folder: Path) -> dict[Key, list[tuple[str, str]]]:
    path = folder / "columns.csv"
    found: dict[Key, list[tuple[str, str]]] = {}
    try:
        for r in _rows(path):
            found.setdefault((r["source"], r["table_name"], r["edition"]), []).append((r["column_name"], r["role"]))
    except (KeyError, ValueError, csv.Error) as exc:
        raise _broken(path) from exc
    return found


def _read_units(folder: Path) -> dict[Key, list[tuple[str, ...]]]:
    path = folder / "units.csv"
    found: dict[Key, list[tuple[str, ...]]] = {}
    try:
        for r in _rows(path):
            found.setdefault((r["source"], r["table_name"], r["edition"]), []).append(tuple(r[c] for c in UNIT_COLUMNS))
    except (KeyError, ValueError, csv.Error) as exc:
        raise _broken(path) from exc
    return found


def _broken(path: Path) -> CswError:
    return CswError(f"{path} is not whole. The next run (`csw run`, `csw land`) makes it anew from the archive.")


@dataclass
class Catalogue:
    """Landed tables in hand: those in use, or those held back.

    The columns and places of the tables are read when they are first asked for: where nothing is new, nobody asks.
    """

    tables: dict[Key, Landed] = field(default_factory=dict)
    folder: Path | None = None
    """Where the lists are that it was read from; None where nothing was landed before."""

    @cached_property
    def columns(self) -> dict[Key, list[tuple[str, str]]]:
        """Columns of every table with their role (key, filter, text, figure)."""
        return {k: v for k, v in _read_columns(self.folder).items() if k in self.tables} if self.folder else {}

    @cached_property
    def units(self) -> dict[Key, list[tuple[str, ...]]]:
        """The places that every table names; see :data:`UNIT_COLUMNS`."""
        return {k: v for k, v in _read_units(self.folder).items() if k in self.tables} if self.folder else {}

    @classmethod
    def read(cls, settings: Settings, *, held: bool = False) -> Catalogue:
        """What the folder lists; whether the files stand there is another question.

        Raises:
            CswError: a list is not whole.
        """
        folder = settings.landing / HELD if held else settings.landing
        return cls({x.key: x for x in _landed(folder)}, folder)

    def add(self, entry: Landed, columns: list[tuple[str, str]], units: list[tuple[str, ...]]) -> None:
        """Take in a landed table."""
        self.tables[entry.key] = entry
        self.columns[entry.key] = columns
        self.units[entry.key] = units

    def remove(self, key: Key) -> None:
        """Take out a landed table."""
        for part in (self.tables, self.columns, self.units):
            part.pop(key, None)

    def give(self, key: Key, other: Catalogue) -> None:
        """Hand a landed table over to another catalogue."""
        other.add(self.tables[key], self.columns.get(key, []), self.units.get(key, []))
        self.remove(key)

    def save(self, settings: Settings, *, held: bool = False) -> None:
        """Write the three files, the catalogue last; those of which nothing changed stay as they are.

        Raises:
            CswError: the disk refuses.
        """
        folder = settings.landing / HELD if held else settings.landing
        if self.folder != folder or "columns" in self.__dict__:
            _write(
                folder / "columns.csv",
                ("source", "table_name", "edition", "position", "column_name", "role"),
                ((*k, i, *column) for k in sorted(self.columns) for i, column in enumerate(self.columns[k], 1)),
            )
        if self.folder != folder or "units" in self.__dict__:
            _write(
                folder / "units.csv",
                ("source", "table_name", "edition", *UNIT_COLUMNS),
                ((*k, *unit) for k in sorted(self.units) for unit in self.units[k]),
            )
        names = [f.name for f in fields(Landed)]
        _write(
            folder / "catalogue.csv",
            names,
            map(attrgetter(*names), (self.tables[k] for k in sorted(self.tables))),
        )


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a list; of one that is not there, none.

    Raises:
        ValueError: a row has more or fewer fields than the header, as where a file was cut off.
    """
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f, strict=True))
    if any(None in r or None in r.values() for r in rows):
        raise ValueError(f"{path}: a row is not whole")
    return rows


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    data = buffer.getvalue().encode()
    if not path.exists() or path.read_bytes() != data:
        write_atomically(path, data)
