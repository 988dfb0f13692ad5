"""What the seed ``measure_source.csv`` expects of a landed table, so that a rename is met at the door."""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from flows.common.errors import RefusedFile
from flows.landing.catalogue import base_edition
from flows.landing.grids import label
from flows.landing.tables import LandedTable


@dataclass(frozen=True)
class Mapped:
    """One mapped column (and filter) of a table in a range of editions."""

    edition_from: str
    edition_to: str
    column: str
    filter: str

    def covers(self, edition: str) -> bool:
        """Whether an edition lies in the range; an open end reaches to every later one."""
        base = base_edition(edition)
        return self.edition_from <= base and (not self.edition_to or base <= self.edition_to)


@dataclass(frozen=True)
class MappedColumns:
    """The seed, by (source, table)."""

    rows: dict[tuple[str, str], list[Mapped]] = field(default_factory=dict)

    def check(self, source: str, landed: LandedTable, path: str) -> None:
        """Refuse a table in which a mapped column or filter is absent.

        Raises:
            RefusedFile: names file, column and the nearest candidates.
        """
        have = {label(c) for c in landed.columns}
        for m in self.rows.get((source, landed.table), []):
            if not m.covers(landed.edition):
                continue
            advice = (
                "If the publisher renamed it, add a row to measure_source.csv for this edition "
                f"and end the old row before it (source {source}, table {landed.table})."
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
                Mapped(r["edition_from"], r["edition_to"], r["column_name"], r["filter"])
            )
    return MappedColumns(rows)
