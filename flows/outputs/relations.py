"""Tables that are exported, with what each column means and what it may hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Column:
    """A column: name, type of the warehouse, what it means, and whether it may be absent."""

    name: str
    type: str
    description: str
    is_required: bool
    values: tuple[str, ...] = ()
    """What it may hold, where that is a short list."""


@dataclass(frozen=True)
class Relation:
    """A table that is exported."""

    schema: str
    name: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: int
    refers: tuple[tuple[str, str, str], ...] = ()
    """Columns that are a key of another table: column, table (schema_name), column there."""
    gaps: tuple[str, ...] = ()
    """Columns of the grain that may be null."""

    @property
    def order(self) -> str:
        """Columns that put its rows into one order."""
        return ", ".join(f'"{c}"' for c in self.grain) or "all"


def accepted_values(root: Path) -> dict[str, tuple[str, ...]]:
    """What columns may hold, by name, for those with a short list (``dbt_project/columns.yml``)."""
    import yaml

    said = yaml.safe_load((root / "dbt_project" / "columns.yml").read_text(encoding="utf-8"))
    return {name: tuple(values) for name, values in said["values"].items()}
