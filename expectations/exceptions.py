"""Documented exceptions: what the real returns are known to do that a check would else stop, each with its reason.

An exception names a check and a place; it may give the range within which the figure is still accepted, or the most
rows that it accepts. What lies outside the range, or in another place, stops as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict

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
    max_rows: int | None = None

    def __hash__(self) -> int:
        return hash((self.check, tuple(self.where.items()), self.reason))

    def __str__(self) -> str:
        place = ", ".join(f"{k} {v}" for k, v in self.where.items())
        return f"{self.check} ({place}): {self.reason}"

    @property
    def is_exact(self) -> bool:
        """Whether it names one place; a pattern may hold for some tables of a run and not for others."""
        return not any(x in pattern for pattern in self.where.values() for x in "*?[")

    def covers(self, row: dict[str, Any]) -> bool:
        """Whether a row of a frame is the place."""
        return all(k in row and names(k, pattern, row[k]) for k, pattern in self.where.items())

    def accepts(self, value: float) -> bool:
        """Whether a figure there is within the accepted range."""
        return not (
            (self.min_value is not None and value < self.min_value)
            or (self.max_value is not None and value > self.max_value)
        )

    def rows(self, frame: pd.DataFrame, figure: str) -> pd.Series[bool]:
        """The rows of a frame that are the place and, where there is a range, have a figure within it.

        Args:
            frame: what a suite is about.
            figure: the column that the range is about.
        """
        import pandas as pd

        found = pd.Series(True, index=frame.index)
        for column, pattern in self.where.items():
            if column not in frame:
                return pd.Series(False, index=frame.index)
            found &= frame[column].isin([v for v in frame[column].unique() if names(column, pattern, v)])
            if not found.any():
                return found
        if self.min_value is not None:
            found &= ~(frame[figure] < self.min_value)
        if self.max_value is not None:
            found &= ~(frame[figure] > self.max_value)
        return found


def names(column: str, pattern: str, value: object) -> bool:
    """Whether a pattern names a value; what is known of an edition holds for its revisions (2016-r2), too."""
    text = str(value)
    return fnmatchcase(text, pattern) or (column == "edition" and fnmatchcase(re.sub(r"-r\d+$", "", text), pattern))


def of_check(exceptions: Iterable[DocumentedException], check: str) -> list[DocumentedException]:
    """Those of one check."""
    return [e for e in exceptions if e.check == check]


@lru_cache(maxsize=4)
def load_exceptions(path: Path = FILE) -> tuple[DocumentedException, ...]:
    """All documented exceptions.

    Raises:
        pydantic.ValidationError: an entry has a key that is not known, or lacks one.
    """
    return tuple(DocumentedException(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or [])
