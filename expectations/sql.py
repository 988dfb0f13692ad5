"""Pieces of DuckDB SQL that the gate and the release checks have in common."""

from __future__ import annotations

from collections.abc import Iterable

#: The two authorities whose numbers are too small to say anything about a column: City of London and Isles of Scilly.
TINY = ("201", "420")


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def listed(numbers: Iterable[int]) -> str:
    """Numbers as an SQL list."""
    return ", ".join(str(n) for n in numbers)


def number(column: str) -> str:
    """A printed figure as a number, as the models read it: thousands separators stand in some years' files."""
    return f"try_cast(replace(trim({column}), ',', '') as double)"
