"""Verdicts on printed figures, and the row of the scoreboard that carries one; the rules are in ``scoreboard``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: What names an estimate: study, place, statistic, subject.
Key = tuple[str, str, str, str]

Verdict = Literal["reproduced", "close", "differs", "not testable", "not reproducible", "error"]
#: In the order of a tally. *not testable*: an input is not held, or other authorities or coders stand behind ours; *not
#: reproducible*: never published; *error*: our own study stopped, which says nothing about the paper.
VERDICTS: tuple[Verdict, ...] = ("reproduced", "close", "differs", "not testable", "not reproducible", "error")


@dataclass(frozen=True)
class ScoreRow:
    """One printed figure, ours by the editions of the paper's day, and the verdict; the same by the newest beside it.

    ``difference`` is ours less the printed one. Of what no edition touches both columns are the same.
    """

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
    ours_newest: float | None = None
    verdict_newest: Verdict | None = None
    ours_key: Key | None = field(default=None, compare=False)
    newest_key: Key | None = field(default=None, compare=False)
