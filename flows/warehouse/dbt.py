"""Running dbt: one warm worker process per run, and its results as plain data."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.common.errors import CswError
from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.common.text import printable
from flows.warehouse.refresh import VARIABLE, Refresh

#: What a build may take on a machine of which this is more than a third.
LEAST_MEMORY_MB = 1200
#: Megabytes that a build may take for each that is landed, and where little is. Beyond this DuckDB only keeps more than
#: it needs; with three quarters of it, England's largest models no longer fit side by side and are spilled.
MEMORY_PER_LANDED, MEMORY_FOR_LITTLE_MB = 1.75, 600
#: The setting that takes the place of both.
MEMORY = "CSW_BUILD_MEMORY"
#: What dbt keeps of a parsed project; it reads again only what has changed since.
PARSED = "partial_parse.msgpack"
#: Seconds that a worker has to end by itself once nobody asks any more.
PATIENCE = 10.0


@dataclass(frozen=True)
class Node:
    """What became of one model, seed or test."""

    id: str
    name: str
    type: str
    status: str
    message: str
    failures: int
    seconds: float
    sql: str
    path: str
    advice: str = ""
    """What to do where it fails; of a test, as its ``meta`` says."""

    @property
    def failed(self) -> bool:
        """Whether it stops publishing."""
        return self.status in {"error", "fail", "runtime error"}

    @property
    def warned(self) -> bool:
        """Whether it is to be looked at and stops nothing."""
        return self.status == "warn"


@dataclass(frozen=True)
class DbtResult:
    """What became of one dbt command."""

    success: bool
    error: str
    nodes: list[Node]

    @property
    def failed(self) -> list[Node]:
        """Nodes that stop publishing."""
        return [n for n in self.nodes if n.failed]

    @property
    def warned(self) -> list[Node]:
        """Tests whose rows are to be looked at."""
        return [n for n in self.nodes if n.warned]


def build_memory_mb(landed_bytes: int) -> int:
    """Megabytes that DuckDB may take for a build: by what is landed, and at most a third of the machine's.

    Args:
        landed_bytes: size of all landed files.
    """
    wanted = max(MEMORY_FOR_LITTLE_MB, int(MEMORY_PER_LANDED * landed_bytes / 1_000_000))
    return min(wanted, max(LEAST_MEMORY_MB, _machine_mb() // 3))


def _machine_mb() -> int:
    """Megabytes of memory of the machine; 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_000_000
    except (AttributeError, OSError, ValueError):
        return 0


def landed_bytes(landing: Path) -> int:
    """Size of all landed files; what goes meanwhile counts nothing."""
    total = 0
    for path in landing.rglob("*.csv"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def _borrow(held: Path, wanted: Path) -> None:
    """Give another folder what dbt has parsed, where it has none as new: the project is parsed once, not once per data
    folder. dbt itself sees what of it still holds. Where it cannot be kept, nothing is lost but time."""
    with contextlib.suppress(OSError, CswError):
        kept = held.stat().st_mtime_ns
        if wanted.exists() and wanted.stat().st_mtime_ns >= kept:
            return
        wanted.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(wanted, held.read_bytes())
        os.utime(wanted, ns=(kept, kept))  # as old as it is: what is newer goes before it


def memory_given() -> str:
    """What the environment lets a build take (``CSW_BUILD_MEMORY``); blank where it does not say.

    Raises:
        CswError: it is no amount of memory.
    """
    said = os.environ.get(MEMORY, "").strip()
    if said and not re.fullmatch(r"[0-9]+(\.[0-9]+)?\s*[KMGT]i?B", said, re.IGNORECASE):
        raise CswError(f"{MEMORY}={printable(said)}: give an amount with its unit, e.g. 4GB.")
    return said


class Dbt:
    """A warm dbt, working on one database file.

    Args:
        settings: where the project and its data are.
        database: the file to build.
        as_of: a date (ISO) that the models are built as of; blank for the newest.
    """

    def __init__(self, settings: Settings, database: Path, as_of: str = "") -> None:
        self.database, self.as_of = database, as_of
        self._landing, self._memory_given = settings.landing, memory_given()
        target = settings.data / "dbt"
        (target / "logs").mkdir(parents=True, exist_ok=True)
        database.parent.mkdir(parents=True, exist_ok=True)
        self._log = (target / "logs" / "worker.log").open("w")
        self._parsed = target / "target" / PARSED
        self._parsed_before = settings.root / "target" / f"csw_{PARSED}"
        # What a build as of a date has parsed is of that date's file.
        self._shares = database == settings.next
        if self._shares:
            _borrow(self._parsed_before, self._parsed)
        env = {
            # Flags that somebody gave dbt for work of their own (DBT_RESOURCE_TYPES, DBT_EMPTY, DBT_TARGET …) would
            # leave out tests or rows of what is published.
            **{n: v for n, v in os.environ.items() if n != MEMORY and not n.upper().startswith("DBT_")},
            # Seen from the folder of the database: dbt parses a project again when its environment is another, and so
            # one data folder looks like the next.
            "CSW_LANDING": os.path.relpath(settings.landing, database.parent),
            "CSW_NEXT": database.name,
            "DBT_TARGET_PATH": str(target / "target"),
            "DBT_PROJECT_DIR": str(settings.root),
            "DBT_PROFILES_DIR": str(settings.root),
            "DBT_LOG_PATH": str(target / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "PYTHONPATH": os.pathsep.join([str(settings.root), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flows.warehouse.dbt_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=env,
            cwd=database.parent,
        )
        self._ready = False

    def __enter__(self) -> Dbt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            # Only when it is gone has it let go of the database.
            self._process.wait()
        self._log.close()

    def build(self, refresh: Refresh | None = None, progress: Callable[[str], None] | None = None) -> DbtResult:
        """Build models and test what they hold.

        Unit tests are of the SQL, on rows made up for it, and the same for any data: they belong to whoever changes a
        model (``dbt build`` by hand, the test suite), not to a refresh.

        Args:
            refresh: what to build; everything when absent.
            progress: called with the name of each finished node.

        Raises:
            CswError: dbt itself could not run.
        """
        if not self._ready:
            ready = self._answer(None)
            if not ready["success"]:
                raise CswError(f"the dbt project could not be parsed: {ready['error']}")
            if self._shares:
                _borrow(self._parsed, self._parsed_before)
            self._ready = True
        arguments = ["build", "--exclude-resource-type", "unit_test"]
        variables: dict[str, Any] = {"as_of": self.as_of} if self.as_of else {}
        if refresh:
            arguments += ["--select", *refresh.select]
            if refresh.changed_publications:
                variables[VARIABLE] = list(refresh.changed_publications)
        if variables:
            arguments += ["--vars", json.dumps(variables)]
        assert self._process.stdin is not None
        try:
            # Told now, and not when the process began: what is landed is known by now.
            memory = self._memory_given or f"{build_memory_mb(landed_bytes(self._landing))}MB"
            self._process.stdin.write(json.dumps({"arguments": arguments, "memory": memory}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise CswError(f"the dbt process ended without an answer; see {self._log.name}.") from None
        done = self._answer(progress)
        if not done["success"] and not done["nodes"]:
            raise CswError(f"dbt could not run: {done['error'] or 'see the log ' + self._log.name}")
        return DbtResult(done["success"], done["error"], [Node(**n) for n in done["nodes"]])

    def _answer(self, progress: Callable[[str], None] | None) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if answer["kind"] != "progress":
                return answer
            if progress:
                progress(answer["node"])
        raise CswError(f"the dbt process ended without an answer; see {self._log.name}.")
