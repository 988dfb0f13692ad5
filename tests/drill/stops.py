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
    _amend(machine)
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
            _amend(machine)
            published = machine.held().published
    return Seen(f"{KILLS} times killed", "that of the beginning, or a new one", problems + machine.not_whole(), moments)


def after_the_kills(machine: Machine, random: Random) -> Seen:
    """The refresh that comes after them is let be: it completes, and clears away what they left."""
    before = machine.held()
    _amend(machine)
    seen = completes(machine, before, "nothing")
    seen.problems += leftovers(machine)
    return seen


#: Commands that write, beside the main job, in an order in which each has something to do.
CHANGES: tuple[tuple[str, ...], ...] = (
    ("withdraw", TARGET, "2022", "--reason", "drill"),
    ("withdraw", TARGET, "2022", "--undo"),
    ("land", "--archive", "--quiet"),
    ("verify",),
)
OUTPUTS: tuple[tuple[str, ...], ...] = (("export", "--format", "csv", "--quiet"), ("report", "--quiet"))


def other_commands(*commands: tuple[str, ...]) -> object:
    """Commands killed at a random moment and asked again: the second time each completes what the first left."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        killed: dict[str, int] = {}
        problems: list[str] = []
        for command in commands:
            problems += _killed_and_asked_again(machine, random, command, killed)
        problems += [p for p in machine.lost(before, may_publish=False) if "withdrawn.csv" not in p]
        problems += leftovers(machine)
        verified = machine.csw("verify")
        if verified.code != 0:
            problems.append(f"`csw verify` at the end: {verified.said[-300:]}")
        return Seen("killed, and asked again", "stays as it was", problems, killed)

    return do


def going_back(machine: Machine, random: Random) -> Seen:
    """``csw rollback`` killed: one of the two is published, whole, and asked again it goes back."""
    first = machine.held().published
    _amend(machine)
    done = machine.refresh(TARGET)
    problems = [] if done.code == 0 else [f"the refresh ends with {done.code}: {done.said[-300:]}"]
    second = machine.held()
    killed: dict[str, int] = {}
    problems += _killed_and_asked_again(machine, random, ("rollback", "--quiet"), killed)
    if machine.held().published != first:
        problems.append("what is published is not the warehouse before")
    problems += machine.lost(second, may_publish=True) + leftovers(machine)
    return Seen("killed, and asked again", "the one before, whole", problems, killed)


def _killed_and_asked_again(
    machine: Machine, random: Random, command: tuple[str, ...], killed: dict[str, int]
) -> list[str]:
    name = " ".join([command[0], *(a for a in command if a == "--undo")])
    running = machine.start(*command)
    # Seconds that most of it takes where nothing else runs, of which it takes half a second to begin.
    wait(running, random.uniform(0.3, {"withdraw": 1.2, "rollback": 2, "verify": 1.5, "land": 4}.get(command[0], 8)))
    if running.process.poll() is None:
        killed[f"killed in {name}"] = 1
    running.kill()
    problems = [f"{name}: still working: {p}" for p in still_working(machine)]
    problems += [f"{name}: {p}" for p in machine.not_whole()]
    again = machine.csw(*command)
    # What had been done before the kill is not done twice.
    if again.code != 0 and not re.search(r"already|not withdrawn|no earlier warehouse", again.said):
        problems.append(f"{name}, asked again, ends with {again.code}: {again.said[-300:]}")
    return problems


def _amend(machine: Machine) -> None:
    """The servers have something new, once: an earlier round may have let them."""
    machine.servers.world = machine.first_world()
    machine.servers.turn_to("amended-in-place")


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
        goes_on=True,
    ),
    Fault(
        "the refresh after the kills",
        "What comes after them completes.",
        "machine",
        after_the_kills,
        0,
        goes_on=True,
    ),
    Fault(
        "kill −9 in withdraw, land, verify",
        "Killed, and asked again.",
        "machine",
        other_commands(*CHANGES),  # type: ignore[arg-type]
        0,
    ),
    Fault(
        "kill −9 in export, report",
        "Killed, and asked again.",
        "machine",
        other_commands(*OUTPUTS),  # type: ignore[arg-type]
        0,
    ),
    Fault("kill −9 in rollback", "Killed, and asked again.", "machine", going_back, 0),
    *(
        Fault(name, f"{what} ({name}).", "machine", asked_to_end(name), 0)  # type: ignore[arg-type]
        for name, what in (
            ("SIGTERM", "A service manager asks it to end"),
            ("SIGINT", "Ctrl-C"),
            ("SIGHUP", "The terminal is closed"),
        )
    ),
]
