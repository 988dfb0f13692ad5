"""The places of the synthetic England: real codes, names and dates from the project's seeds, and nothing else.

The model's unit is the *piece*: a part of the country that no change of boundaries divides. An authority of a year is a
set of pieces, so a split or a merge conserves every count.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

#: Reporting years that the world knows, all ending 31 March.
FIRST_YEAR, LAST_YEAR = 2007, 2025
YEARS = tuple(range(FIRST_YEAR, LAST_YEAR + 1))

ENGLAND = "England"
#: name → (ONS code, letter of the old releases)
REGIONS: dict[str, tuple[str, str]] = {
    "North East": ("E12000001", "A"),
    "North West": ("E12000002", "B"),
    "Yorkshire and The Humber": ("E12000003", "D"),
    "East Midlands": ("E12000004", "E"),
    "West Midlands": ("E12000005", "F"),
    "East of England": ("E12000006", "G"),
    "London": ("E12000007", "H"),
    "Inner London": ("E13000001", "H1"),
    "Outer London": ("E13000002", "H2"),
    "South East": ("E12000008", "J"),
    "South West": ("E12000009", "K"),
}
_INNER_LONDON = frozenset({*(str(c) for c in range(201, 214)), "309", "316"})

#: Authorities that are made of pieces with a code or a history of their own.
_PIECES_OF: dict[str, tuple[str, ...]] = {
    "820": ("822", "823"),
    "875": ("895", "896"),
    "835": ("christchurch", "838"),
    "839": ("836", "837", "christchurch"),
    "909": ("942", "943"),
    "928": ("940", "941"),
}
#: Too few children for any study; and for most figures.
TINY = frozenset({"201", "420"})


@dataclass(frozen=True)
class Authority:
    """One upper-tier authority and when it existed."""

    code: str
    name: str
    region: str
    valid_from: date | None
    valid_to: date | None

    @property
    def sub_region(self) -> str:
        """The region, London divided in two as the releases since 2019 have it."""
        if self.region != "London":
            return self.region
        return "Inner London" if self.code in _INNER_LONDON else "Outer London"

    @property
    def pieces(self) -> tuple[str, ...]:
        """What it is made of."""
        return _PIECES_OF.get(self.code, (self.code,))

    def existed_in(self, year: int) -> bool:
        """Whether a return of the year ending 31 March is its own."""
        end = date(year, 3, 31)
        return (self.valid_from is None or self.valid_from <= end) and (self.valid_to is None or self.valid_to >= end)

    def existed_on(self, day: date) -> bool:
        """Whether it was an authority that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or self.valid_to >= day)


@dataclass(frozen=True)
class Places:
    """All authorities since 2009 with their ONS codes."""

    authorities: tuple[Authority, ...]
    ons_codes: dict[str, tuple[tuple[str, date | None, date | None], ...]]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Authorities' codes, in order."""
        return tuple(a.code for a in self.authorities)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Code → its row in every array of the world."""
        return {c: i for i, c in enumerate(self.codes)}

    @cached_property
    def by_code(self) -> dict[str, Authority]:
        """Code → authority."""
        return {a.code: a for a in self.authorities}

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Every piece, in order."""
        return tuple(sorted({p for a in self.authorities for p in a.pieces}))

    def authorities_of(self, year: int) -> list[Authority]:
        """Those whose return of a year there is."""
        return [a for a in self.authorities if a.existed_in(year)]

    def ons_code(self, code: str, year: int, *, lag: int = 0) -> str:
        """An authority's ONS code as a publisher prints it for a year.

        Args:
            code: DfE's code.
            year: year ending 31 March.
            lag: years for which the publisher goes on printing a replaced code.
        """
        history = self.ons_codes[code]
        day = date(year - lag, 3, 31)
        for ons, start, end in history:
            if (start is None or start <= day) and (end is None or end >= day):
                return ons
        return history[0][0] if history[0][1] is None or day < history[0][1] else history[-1][0]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def load_places(seeds: Path) -> Places:
    """Places from ``local_authority.csv`` and ``local_authority_ons_code.csv``.

    Args:
        seeds: the folder of the dbt seeds.
    """
    with (seeds / "local_authority.csv").open(newline="", encoding="utf-8") as f:
        authorities = tuple(
            Authority(r["la_code"], r["la_name"], r["region_name"], _day(r["valid_from"]), _day(r["valid_to"]))
            for r in csv.DictReader(f)
        )
    codes: dict[str, list[tuple[str, date | None, date | None]]] = {}
    with (seeds / "local_authority_ons_code.csv").open(newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            codes.setdefault(r["la_code"], []).append((r["ons_code"], _day(r["valid_from"]), _day(r["valid_to"])))
    return Places(authorities, {k: tuple(v) for k, v in codes.items()})
