"""What a run did, how long each stage of it took, and what it held back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.landing.quarantine import unseen

if TYPE_CHECKING:
    from flows.documents.archived import ReportsRead
    from flows.landing.under_way import LandingReport
    from flows.publishers.fetch import FetchReport
    from flows.warehouse.dbt import DbtResult

Say = Callable[[str], None]


@dataclass
class RunReport:
    """What a run did and how long each stage took (seconds)."""

    fetched: FetchReport | None = None
    landing: LandingReport | None = None
    reports: ReportsRead | None = None
    built: DbtResult | None = None
    published: Path | None = None
    nothing_new: bool = False
    stages: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)
    """What could not be written after the warehouse was published, and why."""
    site: Path | None = None
    """The first page of the report site."""
    withheld: str = ""
    """What is held back of what was landed: what failed, with the rows, and what mends it."""
    study_errors: dict[str, str] = field(default_factory=dict)
    """Studies that failed through a mistake of ours, and how; everything else is published."""

    @property
    def seconds(self) -> float:
        """All stages together."""
        return sum(self.stages.values())


class Stopwatch:
    """Seconds by stage."""

    def __init__(self, report: RunReport, say: Say) -> None:
        self.report, self.say = report, say

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        self.say(f"{name} …")
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.report.stages[name] = round(self.report.stages.get(name, 0.0) + took, 3)


def say_what_is_held(settings: Settings, report: RunReport, said: Sequence[str]) -> None:
    """What is held back, in words: the checks that failed in this run, and everything that is on the list."""
    held = unseen(settings)
    if not held:
        return
    shown = "\n\n".join(said)
    listed = [q.text() if not shown else f"{q.name}: {q.by}" for q in held]
    report.withheld = "\n".join(
        [*([shown, ""] if shown else []), *listed, "`csw quarantine` shows why, and what mends it."]
    )


def remember(settings: Settings, report: RunReport) -> None:
    nodes = report.built.nodes if report.built else []
    slowest = sorted(nodes, key=lambda n: -n.seconds)
    record = {
        "stages": report.stages,
        "seconds": round(report.seconds, 3),
        "slowest": [{"name": n.name, "type": n.type, "seconds": n.seconds} for n in slowest[:20]],
    }
    write_atomically(settings.data / "last_run.json", json.dumps(record, indent=1).encode())
