"""How far a run is and how long it still takes, by how long each stage took the last time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from flows.common.files import read_json

#: Seconds of each stage of a first run on real returns on two cores: what is expected where nothing ran here before.
#: Only their proportions count once a stage has ended.
USUAL = {
    "fetch": 60.0,
    "land": 100.0,
    "read reports": 60.0,
    "gate": 8.0,
    "build": 45.0,
    "check": 3.0,
    "analyse": 30.0,
    "publish": 1.0,
    "data docs": 1.0,
    "copy for dbt": 1.0,
    "export": 15.0,
    "report": 35.0,
}
#: What a run goes through, in order, and its parts that are commands of their own.
RUN = tuple(stage for stage in USUAL if stage != "fetch")


def last_stages(path: Path) -> dict[str, float]:
    """Seconds of each stage of the last run (``data/last_run.json``); the usual ones for what it does not know."""
    try:
        told = read_json(path)["stages"]
        known = {str(k): float(v) for k, v in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        known = {}
    return USUAL | known


class Pace:
    """A run of some stages, as it goes on.

    Args:
        stages: their names, in order.
        expected: seconds of each.
        clock: seconds, rising.
    """

    def __init__(
        self, stages: tuple[str, ...], expected: dict[str, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.expected = {s: max(expected.get(s, 1.0), 0.1) for s in stages}
        self.clock = clock
        self.began = self.stage_began = clock()
        self.stage = ""
        self.done: set[str] = set()

    @property
    def total(self) -> float:
        """Seconds that all stages are expected to take."""
        return sum(self.expected.values())

    def enter(self, stage: str) -> None:
        """A stage begins; those before it are over, also where they were left out."""
        if stage not in self.expected:
            return
        order = list(self.expected)
        self.done |= set(order[: order.index(stage)])
        self.stage, self.stage_began = stage, self.clock()

    @property
    def completed(self) -> float:
        """How much of :attr:`total` is done; a stage that takes longer than expected stays just short of its end."""
        within = 0.0
        if self.stage and self.stage not in self.done:
            within = min(self.clock() - self.stage_began, 0.95 * self.expected[self.stage])
        return sum(self.expected[s] for s in self.done) + within

    @property
    def left(self) -> float | None:
        """Seconds that are left; None before anything can be said."""
        if not self.stage:
            return None
        elapsed, done = self.clock() - self.began, self.completed
        # Slower or faster than the last time, as soon as there is enough to tell by.
        factor = elapsed / done if done > 5 else 1.0
        return max(self.total - done, 0.0) * factor


def in_words(seconds: float | None) -> str:
    """A time that is left, as one says it."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} seconds left"
    return f"about {seconds / 60:.0f} minutes left"
