"""The seed ``measure_source.csv`` read backwards: from a measure to the columns that carry it in an edition.

Where several columns make one figure together (bands, reasons), those with a meaning of their own are filled from it
and the others share what is left, so that the parts add up to the whole.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from flows.sample.quantities import MEASURES

#: A column of a table, and the filter of the rows in which it means something.
Cell = tuple[str, str]


@dataclass(frozen=True)
class Meaning:
    """A measure's component. ``year`` is fixed, or the row's own plus ``year_shift``; ``unit`` is how many of the
    measure's units one printed unit is (1000 where thousands are printed)."""

    measure_id: str
    component: str
    year: int | None
    year_shift: int
    unit: int = 1


@dataclass(frozen=True)
class Share:
    """One of several columns that make up a figure: ``whole`` less the ``known`` columns, cut in ``of`` shares."""

    whole: Meaning
    known: tuple[tuple[Meaning, int], ...]
    sign: int
    index: int
    of: int


@dataclass(frozen=True)
class _Row:
    edition_from: str
    edition_to: str
    cell: Cell
    meaning: Meaning
    factor: int

    def covers(self, edition: str) -> bool:
        return self.edition_from <= edition and (not self.edition_to or edition <= self.edition_to)


class Meanings:
    """What each cell of each table means, by edition."""

    def __init__(self, seeds: Path) -> None:
        """Args:
        seeds: the folder of the dbt seeds.
        """
        self._rows: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        with (seeds / "measure_source.csv").open(newline="", encoding="utf-8") as f:
            for r in csv.DictReader(f):
                if r["period"] and r["year"]:
                    continue  # the same cell used for another year as well
                self._rows[(r["source"], r["table_name"])].append(
                    _Row(
                        r["edition_from"],
                        r["edition_to"],
                        (r["filter"], r["column_name"]),
                        Meaning(
                            r["measure_id"],
                            r["component"],
                            int(r["year"]) if r["year"] else None,
                            int(r["year_shift"] or 0),
                            max(1, int(float(r["unit_factor"] or 1))),
                        ),
                        int(float(r["unit_factor"] or 1)),
                    )
                )

    def of(self, source: str, table: str, edition: str) -> dict[Cell, Meaning | Share | None]:
        """Filter and column → what is there, in the seed's order; None: a measure that the world does not know."""
        rows = [r for r in self._rows[(source, table)] if r.covers(edition)]
        known_rows = [r for r in rows if r.meaning.measure_id in MEASURES]
        groups: dict[Meaning, list[_Row]] = defaultdict(list)
        for r in known_rows:
            groups[r.meaning].append(r)
        exact: dict[Cell, Meaning] = {}
        for component in ("value", "denominator", "numerator"):
            for meaning, parts in groups.items():
                if meaning.component == component and len(parts) == 1:
                    exact.setdefault(parts[0].cell, meaning)
        shares: dict[Cell, Share] = {}
        for meaning, parts in groups.items():
            if len(parts) == 1:
                continue
            rest = [p for p in parts if p.cell not in exact and p.cell not in shares]
            known = tuple((exact[p.cell], p.factor) for p in parts if p.cell in exact)
            if meaning.component == "value":
                continue  # printed percentages summed; each has its own meaning
            for i, p in enumerate(rest):
                shares[p.cell] = Share(meaning, known, p.factor, i, len(rest))
        return {r.cell: exact.get(r.cell) or shares.get(r.cell) for r in rows}
