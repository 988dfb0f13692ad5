"""Which files the publishers' folders hold: ``layouts.csv``, one row per table of an edition.

The file names, sheets, line ends, periods and a few columns that no measure uses are facts of the publications; the
columns that mean something come from ``measure_source.csv``, and keys, filters and header rows from the passports.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.landing.fits import NO_EDITION
from flows.sources.passport import Passport, Table, TableEdition


@dataclass(frozen=True)
class Layout:
    """One table of one edition: where it is and what is particular to its file."""

    passport: Passport
    table: Table
    edition: str
    file: str
    sheet: str
    title: str
    marks: str
    periods: tuple[str, ...]
    extra_columns: tuple[str, ...]
    extra_filters: tuple[str, ...]

    @property
    def reading(self) -> TableEdition:
        """What the passport says of this edition."""
        return self.table.editions.get(self.edition, NO_EDITION)

    @property
    def keys(self) -> dict[str, str]:
        """Key columns of this edition."""
        return self.table.keys if self.reading.keys is None else self.reading.keys

    @property
    def symbols(self) -> str:
        """The edition's symbol set."""
        return self.passport.editions[self.edition].symbols


def load_layouts(passports: list[Passport]) -> list[Layout]:
    """Every layout, in the order of ``layouts.csv``."""
    by_source = {p.source: p for p in passports}
    out = []
    with (Path(__file__).parent / "layouts.csv").open(newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            passport = by_source[r["source"]]
            out.append(
                Layout(
                    passport,
                    passport.table(r["table_name"]),
                    r["edition"],
                    r["file"],
                    r["sheet"],
                    r["title"],
                    r["marks"],
                    tuple(_periods(r["first_period"], r["last_period"])),
                    tuple(x for x in r["extra_columns"].split(";;") if x),
                    tuple(x for x in r["extra_filters"].split(";;") if x),
                )
            )
    return out


def _periods(first: str, last: str) -> Iterator[str]:
    """Periods from first to last in the publisher's writing: 2018, 201718 or 2017/18."""
    if not first or first == last or not first[:4].isdigit() or not last[:4].isdigit():
        yield last
        return
    for year in range(int(first[:4]), int(last[:4]) + 1):
        yield str(year) + first[4 : len(first) - 2] + (f"{(year + 1) % 100:02d}" if len(first) > 4 else "")
