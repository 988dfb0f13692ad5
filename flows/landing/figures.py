"""What is a number in a publisher's cell, and what is a symbol.

A number is written with a point and, if at all, with commas between groups of three digits. A decimal comma,
``12,34``, ``1_000``, ``inf`` and ``NaN`` are not numbers, whatever a program would make of them; nor is ``3.99E+05``,
as a spreadsheet shows a large count whose last digits it has lost. ``1e+05`` is one: so R writes a round number, whole.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

#: A number as publishers print it; white space around it has been taken off.
NUMBER = r"[-+]?(\d+(\.\d*)?|\.\d+|\d{1,3}(,\d{3})+(\.\d+)?)([eE]-\d+|e\+?\d+)?"

_NUMBER = re.compile(NUMBER)


def is_number(text: str) -> bool:
    """Whether a cell's text is a number (white space around it does not matter)."""
    return text.isdecimal() or _NUMBER.fullmatch(text.strip()) is not None


def number(text: str) -> float | None:
    """A cell's number; None where it is none."""
    return float(text.replace(",", "")) if is_number(text) else None


def known_symbols(root: Path, symbols: str) -> frozenset[str]:
    """The symbols of a set, as the seed ``value_symbol`` has it.

    Args:
        root: the project's root folder.
        symbols: the set that an edition's passport names.
    """
    path = root / "dbt_project" / "seeds" / "value_symbol.csv"
    if not path.exists():
        return frozenset()
    about = path.stat()
    return _load(path, (about.st_size, about.st_mtime_ns)).get(symbols, frozenset())


@lru_cache(maxsize=4)
def _load(path: Path, state: tuple[int, int]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    with path.open(newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            found.setdefault(r["symbols"], set()).add(r["symbol"].strip())
    return {k: frozenset(v) for k, v in found.items()}
