"""The drill: ``python -m tests.drill [--only REGEX] [--round N] [--random N [--drawn]] [--seed S] [--home DIR]``.

By part, where there is no hour at once: what came of each fault is kept, and the page is written from all that is kept.
"""

from __future__ import annotations

import argparse
import queue
import random
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.common.settings import Settings
from flows.documents.archived import reader_version
from flows.landing.ledger import reading_digest
from flows.sample.sample import write_sample
from flows.warehouse.attempts import code_digest
from tests.drill.faults import Fault, Seen
from tests.drill.machine import Machine, mirror
from tests.drill.results import PAGE, Result, merged, page, read_results, write_results
from tests.drill.scenarios import ALL
from tests.installation import Installation
from tests.receivers import free_port
from tests.sample_truth import truth_of

#: In a machine's base: it has fetched what its servers hold, and by which code.
PREPARED = ".prepared"


@dataclass(frozen=True)
class Job:
    """A fault to be done once."""

    fault: Fault
    seed: int
    kind: str = "scenario"
    is_first: bool = True
    """Whether the installation is put back to its beginning before it."""

    def result(self, seen: Seen) -> Result:
        """What came of it, to be kept."""
        today = datetime.now(UTC).date().isoformat()
        return Result(
            self.fault.name, self.kind, self.seed, today, seen.said, seen.published, seen.problems, seen.counts
        )


def main() -> int:
    """Run the drill; the exit code says whether everything was survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=200, help="how many random faults after the scenarios")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="regex of the scenarios' names; random faults are of these, too")
    parser.add_argument("--round", type=int, action="append", help="only these rounds of faults that have several")
    parser.add_argument("--machines", type=int, default=2, help="how many installations at once")
    parser.add_argument("--home", type=Path, help="keep the installations here, for the next part")
    parser.add_argument("--drawn", action="store_true", help="the random faults alone, a further part of them")
    parser.add_argument("--try", dest="is_try", action="store_true", help="keep no results and write no page")
    asked = parser.parse_args()
    chosen = [f for f in ALL if re.search(asked.only, f.name)]
    jobs = [] if asked.drawn else [j for f in chosen for j in rounds(f, asked.seed, asked.round)]
    jobs += [Job(f, asked.seed * 100_000 + n, "random") for n, f in enumerate(drawn(chosen, asked.random, asked.seed))]
    started = time.monotonic()
    kept = nullcontext(str(asked.home)) if asked.home else tempfile.TemporaryDirectory(prefix="csw-drill-")
    with kept as folder:
        seen = run(jobs, Path(folder), asked.machines, keeps=not asked.is_try)
    bad = [(j, x) for j, x in zip(jobs, seen, strict=True) if x.problems]
    for job, x in bad:
        print(f"NOT SURVIVED {job.fault.name} (seed {job.seed}): {'; '.join(x.problems)}\n  seen: {x.said}")
    print(f"{len(jobs) - len(bad)} of {len(jobs)} survived, {time.monotonic() - started:.0f} s")
    if not asked.is_try:
        PAGE.write_text(page(ALL, read_results()), encoding="utf-8")
        print(f"Wrote {PAGE}")
    return 1 if bad else 0


def rounds(fault: Fault, seed: int, only: Sequence[int] | None = None) -> list[Job]:
    """A scenario's rounds, each with a seed of its own."""
    return [
        Job(fault, seed + n, is_first=not fault.goes_on or (n == 0 and fault.rounds > 1))
        for n in range(fault.rounds)
        if not only or fault.rounds == 1 or n in only
    ]


def drawn(faults: list[Fault], count: int, seed: int) -> list[Fault]:
    """Random faults, each kind as often as its weight says; quick ones twice as often, to stay below an hour."""
    weights = [f.weight * (2 if f.is_quick else 1) for f in faults]
    return random.Random(seed).choices(faults, weights, k=count) if any(weights) else []


def run(jobs: list[Job], folder: Path, machines: int, *, keeps: bool) -> list[Seen]:
    """Every fault on an installation that is put back before it; what came of each is kept at once."""
    made(folder)
    keeping = threading.Lock()
    free: queue.SimpleQueue[Machine] = queue.SimpleQueue()
    with ExitStack() as stack:
        for n in range(machines):
            machine = Machine(folder / f"base-{n}", folder / f"machine-{n}", folder / "returns", _port(folder, n))
            free.put(stack.enter_context(machine))
            prepared, code = machine.base / PREPARED, code_that_reads()
            if not prepared.exists():
                mirror(folder / "made", machine.base)
            if not prepared.exists() or prepared.read_text() != code:
                machine.prepare()
                prepared.write_text(code)

        def one(job: Job) -> Seen:
            machine = free.get()
            began = time.monotonic()
            try:
                seen = tried(machine, job.fault, job.seed, restores=job.is_first)
            finally:
                free.put(machine)
            mark = "ok " if not seen.problems else "BAD"
            took = time.monotonic() - began
            print(f"{mark} {took:5.1f} s  {job.fault.name} ({job.seed}): {seen.said[:120]}", flush=True)
            if keeps:
                with keeping:
                    write_results(merged(read_results(), [job.result(seen)]))
            return seen

        with ThreadPoolExecutor(machines) as pool:
            return list(pool.map(one, jobs))


def code_that_reads() -> str:
    """Changes with whatever makes an installation read all of its archive again: a fault would be taken for that."""
    return f"{reading_digest(Settings())} {reader_version()}"


def made(folder: Path) -> None:
    """A published installation in the folder, made again where models or checks have changed since."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "made-by"
    digest = code_digest(Settings())
    if stamp.exists() and stamp.read_text() == digest:
        return
    for path in [p for p in folder.iterdir() if re.fullmatch(r"made|returns|base-\d+|machine-\d+", p.name)]:
        shutil.rmtree(path)
    truth = truth_of(write_sample(folder / "returns"))
    done = Installation(Settings(data=folder / "made"), folder / "returns", truth).csw(
        "run", "--returns", str(folder / "returns")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    stamp.write_text(digest)


def _port(folder: Path, number: int) -> int:
    """The port of a machine's servers: what is remembered of them is known by their address."""
    path = folder / f"port-{number}"
    if not path.exists():
        path.write_text(str(free_port()))
    return int(path.read_text())


def tried(machine: Machine, fault: Fault, seed: int, *, restores: bool = True) -> Seen:
    """One fault on an installation put back to its beginning (or, in a later round, as the one before left it)."""
    if restores:
        machine.restore()
    try:
        return fault.do(machine, random.Random(seed))
    except Exception as exc:
        return Seen("", "unknown", [f"the drill itself broke: {type(exc).__name__}: {exc}"])


if __name__ == "__main__":
    sys.exit(main())
