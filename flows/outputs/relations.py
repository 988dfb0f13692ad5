"""Tables that are exported, with what each column means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column: name, type of the warehouse, what it means, and whether it may be absent."""

    name: str
    type: str
    description: str
    is_required: bool


@dataclass(frozen=True)
class Relation:
    """A table that is exported."""

    schema: str
    name: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: int

    @property
    def order(self) -> str:
        """Columns that put its rows into one order."""
        return ", ".join(f'"{c}"' for c in self.grain) or "all"
