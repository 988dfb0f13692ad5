"""Verdicts on printed figures, and the row of the scoreboard that carries one; the rules are in ``scoreboard``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: What names an estimate: study, place, statistic, subject.
Key = tuple[str, str, str, str]

Verdict = Literal["reproduced", "close", "differs", "not reproducible from public data"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "close", "differs", "not reproducible from public data")
NOT_PUBLIC: Verdict = "not reproducible from public data"


@dataclass(frozen=True)
class ScoreRow:
    """One printed figure, ours, and the verdict. ``difference`` is ours less the printed one."""

    study: str
    row: int
    place: str
    statistic: str
    subject: str
    published: str
    ours: float | None
    n_published: str
    n_ours: int | None
    difference: float | None
    verdict: Verdict
    reason: str
    ours_key: Key | None = field(default=None, compare=False)
