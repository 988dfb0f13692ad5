"""Runs that are ended from outside: killed sixty times at any moment, and by signals that ask."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from random import Random

from flows.warehouse.publish import has_next
from tests.drill.faults import Fault, Seen, completes, line_of, stages, wait
from tests.drill.machine import TARGET, Machine

#: Sixty in all.
KILLS, ROUNDS = 6, 10
#: A run that publishes takes about so long (seconds).
LONGEST = 60.0
#: Within so many seconds of a run's end everything that worked for it has ended.
PATIENCE = 5.0


def kills(machine: Machine, random: Random) -> Seen:
    """Killed at random moments, one run after the other, each on what the one before left; alone, or with all it
    started."""
    before = machine.held()
    problems: list[str] = []
    moments: dict[str, int] = {}
    published = before.published
    machine.servers.turn_to("amended-in-place")
    for n in range(KILLS):
        running = machine.start("run", "--live", "--source", TARGET)
        # Early moments more often than late ones: most of what a run writes, it writes early.
        wait(running, 0.1 * (LONGEST / 0.1) ** random.random())
        reached = stages(running)
        moments[reached] = moments.get(reached, 0) + 1
        if n % 2:
            running.kill()
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.process.pid, signal.SIGKILL)
            running.process.wait()
        left = still_working(machine)
        problems += [f"kill {n}, {reached}: still working after {PATIENCE:g} s: {p}" for p in left]
        running.kill()
        problems += [f"kill {n}, {reached}: {p}" for p in machine.lost(before, may_publish=True)]
        now = machine.held().published
        if now != published or running.process.returncode == 0:
            # It got as far as publishing: from the beginning again.
            machine.restore()
            machine.servers.turn_to("amended-in-place")
            published = machine.held().published
    seen = completes(machine, before, f"{KILLS} times killed")
    seen.problems = problems + seen.problems + leftovers(machine)
    seen.counts = moments
    return seen


def still_working(machine: Machine) -> list[str]:
    """Processes of this installation that go on (needs /proc; elsewhere none are seen)."""
    until = time.monotonic() + PATIENCE
    while (found := machine.processes()) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def leftovers(machine: Machine) -> list[str]:
    """Files under way that nobody is writing any more."""
    return [
        f"{p.relative_to(machine.data)} was left behind"
        for p in machine.data.rglob("*")
        if ".part-" in p.name
        or p.name.startswith((".incoming", "next.duckdb."))
        or (p == machine.settings.next and has_next(machine.settings))
    ]


def asked_to_end(name: str) -> object:
    """A signal to the run alone, in its build."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        machine.servers.turn_to("amended-in-place")
        running = machine.start("run", "--live", "--source", TARGET)
        until = time.monotonic() + 300
        while "build …" not in running.said() and running.process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        wait(running, random.uniform(0.5, 6))
        running.process.send_signal(getattr(signal, name))
        wait(running, 30)
        left = still_working(machine)
        code, said = running.process.poll(), running.said()
        running.kill()
        problems = [f"still working: {p}" for p in left]
        if code != 128 + getattr(signal, name):
            problems.append(f"the exit code is {code}")
        for words in (f"stopped ({name})", "No new warehouse was published"):
            if words not in said:
                problems.append(f"nobody is told {words!r}")
        if "Traceback" in said:
            problems.append("a traceback is shown")
        problems += machine.lost(before, may_publish=False) + leftovers(machine)
        seen = completes(machine, before, line_of(said, re.search(r"stopped \(", said)))
        seen.problems = problems + seen.problems
        return seen

    return do


STOPS = [
    Fault(
        f"{KILLS * ROUNDS} kills",
        "Killed again and again at any moment, half of them with everything that was started.",
        "machine",
        kills,
        0,
        rounds=ROUNDS,
    ),
    *(
        Fault(name, f"{what} ({name}).", "machine", asked_to_end(name), 0)  # type: ignore[arg-type]
        for name, what in (
            ("SIGTERM", "A service manager asks it to end"),
            ("SIGINT", "Ctrl-C"),
            ("SIGHUP", "The terminal is closed"),
        )
    ),
]
