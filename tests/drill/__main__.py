"""The drill: ``python -m tests.drill [--random N] [--seed S] [--only REGEX] [--out FILE]``; see docs/reliability.md."""

from __future__ import annotations

import argparse
import queue
import random
import re
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from flows.common.settings import Settings
from flows.sample import write_sample
from tests.drill.faults import Fault, Seen
from tests.drill.machine import Machine, mirror
from tests.drill.scenarios import ALL
from tests.installation import Installation
from tests.sample_truth import truth_of

GROUPS = {
    "servers": "On the publishers' servers",
    "files": "To the files of a folder",
    "machine": "To the machine",
    "people": "By people",
}


INTRODUCTION = """\
# What happens when something goes wrong

Written by `make drill` (`tests/drill`), which does all of this to a refresh of the bundled synthetic sample, with the
publishers' servers played on the loopback. After each fault it looks whether the published warehouse is the one that
stood before, byte for byte, or a new one that is whole; whether every file of the archive and every landed table is
still there, byte for byte; whether a person is told what is wrong, by name; and, where the fault passes, whether the
refresh that comes next completes by itself.
"""


def main() -> int:
    """Run the drill; the exit code says whether everything was survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, default=200, help="how many random faults after the scenarios")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="regex of the scenarios' names; random faults are of these, too")
    parser.add_argument("--machines", type=int, default=2, help="how many installations at once")
    parser.add_argument("--out", type=Path, help="write the page here")
    asked = parser.parse_args()
    chosen = [f for f in ALL if re.search(asked.only, f.name)]
    jobs = [(f, asked.seed) for f in chosen]
    jobs += [(f, asked.seed * 100_000 + n) for n, f in enumerate(drawn(chosen, asked.random, asked.seed))]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="csw-drill-") as folder:
        seen = run(jobs, Path(folder), asked.machines)
    bad = [(f, s, x) for (f, s), x in zip(jobs, seen, strict=True) if x.problems]
    for fault, seed, x in bad:
        print(f"NOT SURVIVED {fault.name} (seed {seed}): {'; '.join(x.problems)}\n  seen: {x.said}")
    print(f"{len(jobs) - len(bad)} of {len(jobs)} survived, {time.monotonic() - started:.0f} s")
    if asked.out:
        asked.out.write_text(page(chosen, seen[: len(chosen)], jobs[len(chosen) :], seen[len(chosen) :], asked.seed))
        print(f"Wrote {asked.out}")
    return 1 if bad else 0


def drawn(faults: list[Fault], count: int, seed: int) -> list[Fault]:
    """Random faults, each kind as often as its weight says; quick ones twice as often, to stay below an hour."""
    weights = [f.weight * (2 if f.is_quick else 1) for f in faults]
    return random.Random(seed).choices(faults, weights, k=count) if any(weights) else []


def run(jobs: list[tuple[Fault, int]], folder: Path, machines: int) -> list[Seen]:
    """Every fault on an installation that is put back before it."""
    returns = folder / "returns"
    truth = truth_of(write_sample(returns))
    made = Installation(Settings(data=folder / "made"), returns, truth)
    done = made.csw("run", "--returns", str(returns))
    assert done.returncode == 0, done.stdout + done.stderr
    free: queue.SimpleQueue[Machine] = queue.SimpleQueue()
    with ExitStack() as stack:
        for n in range(machines):
            base = folder / f"base-{n}"
            mirror(folder / "made", base)
            machine = stack.enter_context(Machine(base, folder / f"machine-{n}", returns))
            machine.prepare()
            free.put(machine)
        shutil.rmtree(folder / "made")

        def one(job: tuple[Fault, int]) -> Seen:
            fault, seed = job
            machine = free.get()
            began = time.monotonic()
            try:
                seen = tried(machine, fault, seed)
            finally:
                free.put(machine)
            mark = "ok " if not seen.problems else "BAD"
            print(f"{mark} {time.monotonic() - began:5.1f} s  {fault.name} ({seed}): {seen.said[:120]}", flush=True)
            return seen

        with ThreadPoolExecutor(machines) as pool:
            return list(pool.map(one, jobs))


def tried(machine: Machine, fault: Fault, seed: int) -> Seen:
    """One fault on an installation put back to its beginning."""
    machine.restore()
    try:
        return fault.do(machine, random.Random(seed))
    except Exception as exc:
        return Seen("", "unknown", [f"the drill itself broke: {type(exc).__name__}: {exc}"])


def page(
    faults: list[Fault], seen: list[Seen], jobs: list[tuple[Fault, int]], drawn_seen: list[Seen], seed: int
) -> str:
    """``docs/reliability.md``."""
    survived = sum(not x.problems for x in seen)
    lines = [INTRODUCTION, f"**{survived} of {len(seen)} scenarios survived.**"]
    for group, title in GROUPS.items():
        mine = [(f, x) for f, x in zip(faults, seen, strict=True) if f.group == group]
        if not mine:
            continue
        lines += ["", f"## {title}", "", "| what | | a person sees | what is published | survived |"]
        lines += ["|---|---|---|---|---|"]
        for f, x in mine:
            verdict = "yes" if not x.problems else "NO: " + _cell("; ".join(x.problems))
            lines.append(f"| {f.name} | {f.what} | {_cell(x.said)} | {x.published} | {verdict} |")
    if jobs:
        by_name: dict[str, list[bool]] = defaultdict(list)
        for (f, _), x in zip(jobs, drawn_seen, strict=True):
            by_name[f.name].append(not x.problems)
        good = sum(sum(v) for v in by_name.values())
        said = f"{len(jobs)} faults drawn at random (seed {seed}), each with a random file, cell, cut or moment"
        lines += ["", "## Random faults", "", f"{said}: **{good} survived.**", ""]
        lines += ["| what | drawn | survived |", "|---|--:|--:|"]
        lines += [f"| {name} | {len(v)} | {sum(v)} |" for name, v in sorted(by_name.items())]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    text = " ".join(text.replace("|", "\\|").split())
    return text if len(text) <= 220 else text[:217] + "…"


if __name__ == "__main__":
    sys.exit(main())
