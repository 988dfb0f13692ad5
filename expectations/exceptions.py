"""Documented exceptions: what the real returns are known to do that a check would else stop, each with its reason.

An exception names a check and a place; it may give the range within which the figure is still accepted. What lies
outside the range, or in another place, stops as before.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict

from flows.landing.catalogue import base_edition

if TYPE_CHECKING:
    import pandas as pd

FILE = Path(__file__).parent / "exceptions.yml"


class DocumentedException(BaseModel):
    """One documented exception. ``where`` holds a pattern (``*`` allowed) for each column of the frame it narrows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    where: dict[str, str]
    reason: str
    min_value: float | None = None
    max_value: float | None = None

    def __hash__(self) -> int:
        return hash((self.check, tuple(self.where.items()), self.reason))

    def __str__(self) -> str:
        place = ", ".join(f"{k} {v}" for k, v in self.where.items())
        return f"{self.check} ({place}): {self.reason}"

    def covers(self, row: dict[str, Any]) -> bool:
        """Whether a row of a frame is the place."""
        return all(k in row and names(k, pattern, row[k]) for k, pattern in self.where.items())

    def accepts(self, value: float) -> bool:
        """Whether a figure there is within the accepted range."""
        return not (
            (self.min_value is not None and value < self.min_value)
            or (self.max_value is not None and value > self.max_value)
        )


def names(column: str, pattern: str, value: object) -> bool:
    """Whether a pattern names a value; what is known of an edition holds for its revisions (2016-r2), too."""
    text = str(value)
    return fnmatchcase(text, pattern) or (column == "edition" and fnmatchcase(base_edition(text), pattern))


@lru_cache(maxsize=4)
def load_exceptions(path: Path = FILE) -> tuple[DocumentedException, ...]:
    """All documented exceptions.

    Raises:
        pydantic.ValidationError: an entry has a key that is not known, or lacks one.
    """
    return tuple(DocumentedException(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or [])


def accepted_rows(
    frame: pd.DataFrame, check: str, column: str, failing: Iterable[int], exceptions: Iterable[DocumentedException]
) -> dict[int, DocumentedException]:
    """Failing rows of a frame (by position) that a documented exception accepts."""
    mine = [e for e in exceptions if e.check == check]
    found: dict[int, DocumentedException] = {}
    if not mine:
        return found
    for position in failing:
        row = {str(k): v for k, v in frame.iloc[position].items()}
        for exception in mine:
            if exception.covers(row) and exception.accepts(float(row[column])):
                found[position] = exception
                break
    return found
