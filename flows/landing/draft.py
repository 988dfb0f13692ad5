"""What a file of a new edition changes, and the entries that would take it in, as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

SeedRow = dict[str, str]


@dataclass(frozen=True)
class Match:
    """A lost column and the new one that is probably it."""

    old: str
    new: str
    why: str


@dataclass
class Draft:
    """What a file changes and the entries that would take it in."""

    source: str
    table: str
    edition: str
    compared_with: str
    renamed: list[Match] = field(default_factory=list)
    gained: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    relabelled: list[Match] = field(default_factory=list)
    """Values of filters that have another name: the mapped filter and the one that stands for it."""
    magnitudes: list[tuple[str, float]] = field(default_factory=list)
    symbols: dict[str, int] = field(default_factory=dict)
    unknown_codes: dict[str, str] = field(default_factory=dict)
    labels: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    """Filter column to values that are new and values that are gone."""
    is_known: bool = False
    """Whether the passport knows the edition already."""
    edition_line: str = ""
    names: dict[str, str] = field(default_factory=dict)
    """Entry of the table's header, filters or ``contains`` to what it should be; blank where it is gone."""
    last_period: str = ""
    """The period to put into the table's entry, where its editions are told by it."""
    entry: str = ""
    """The table's lines for the edition, where a passport lists its editions one by one."""
    file_pattern: str = ""
    """The name that tells the edition from another that runs to ``last_period``; it then stands in its place."""
    edits: list[tuple[SeedRow, list[SeedRow]]] = field(default_factory=list)
    """Rows of measure_source.csv and what each becomes: ended, split, or widened to this edition."""
    new_rows: list[SeedRow] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    """Mapped columns that are gone and have no successor: their measures end, or are computed from others."""

    @property
    def reading(self) -> str:
        """The table's entry for the edition, as it stands in the passport; blank where it needs none."""
        if self.entry:
            return self.entry
        if self.file_pattern:
            return f"\"{self.edition}\": {{file: '{self.file_pattern}'}}"
        return f'"{self.edition}": {{last_period: "{self.last_period}"}}' if self.last_period else ""

    @property
    def closed_rows(self) -> list[SeedRow]:
        """Rows that no longer hold for this edition."""
        return [r for r, becomes in self.edits if not any(covers(b, self.edition) for b in becomes)]

    @property
    def widened_rows(self) -> list[SeedRow]:
        """Rows that hold for this edition too."""
        return [b for _, becomes in self.edits for b in becomes if covers(b, self.edition)]

    @property
    def changes_nothing(self) -> bool:
        """Whether the project reads the file as it stands."""
        return self.is_known and not (self.edits or self.new_rows or self.names or self.reading)

    def text(self) -> str:
        """For people."""
        head = f"{self.source} {self.table}: edition {self.edition}, held against {self.compared_with}"
        lines = [head, "=" * len(head)]
        lines += _part("Renamed, probably", [f"{m.old} → {m.new}  ({m.why})" for m in self.renamed])
        lines += _part("Labels renamed, probably", [f"{m.old} → {m.new}  ({m.why})" for m in self.relabelled])
        lines += _part("New columns", self.gained)
        lines += _part("Lost columns", self.lost)
        lines += _part(
            "Another magnitude", [f"{c}: {r:.3g} times as large, authority by authority" for c, r in self.magnitudes]
        )
        lines += _part(
            "Symbols that the symbol set does not know", [f"{s!r} in {n} cells" for s, n in self.symbols.items()]
        )
        lines += _part("Authorities never seen before", [f"{c} {n}" for c, n in self.unknown_codes.items()])
        for column, (new, gone) in self.labels.items():
            lines += _part(f"Values of {column}", [f"new: {v}" for v in new] + [f"gone: {v}" for v in gone])
        lines += _part(
            f"For flows/sources/{self.source}.yml",
            [f"(edition {self.edition} is known already)" if self.is_known else self.edition_line]
            + ([f"table {self.table}, editions: {self.reading}"] if self.reading else [])
            + (
                ["(the file's name has to say the month: another edition runs to the same year)"]
                * bool(self.file_pattern)
            )
            + [f"table {self.table}: {a} → {b or '(leave out: it is gone)'}" for a, b in self.names.items()],
        )
        if self.edits or self.new_rows:
            lines += ["", "For dbt_project/seeds/measure_source.csv"]
            for row, becomes in self.edits:
                ranges = " and ".join(f"{b['edition_from']} to {b['edition_to'] or 'now'}" for b in becomes)
                ended = len(becomes) == 1 and becomes[0]["edition_to"] < self.edition and becomes[0]["edition_to"]
                what = f"end with {ended}" if ended else f"for {ranges}" if becomes else "leave out"
                lines.append(f"  {what}: {row['column_name']} {row['filter']} ({row['measure_id']})")
            lines += ["  " + ",".join(r.values()) for r in self.new_rows]
        lines += _part("Mapped, gone, and nothing in its place", self.unmapped)
        return "\n".join(lines)


def covers(row: SeedRow, edition: str) -> bool:
    """Whether a row of the seed is of an edition."""
    return row["edition_from"] <= edition and (not row["edition_to"] or edition <= row["edition_to"])


def _part(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", title, *(f"  {x}" for x in found)] if found else []
