"""Disks that refuse, lose or change what is on them, and a machine with little memory."""

from __future__ import annotations

import errno
import json
import re
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.drill.faults import STAYED, Fault, Seen, completes, line_of
from tests.drill.machine import TARGET, Done, Machine, digest

SAID = re.compile(r"refuses|could not be written|could not be replaced|may not write|IO Error|Input/output|Read-only")


def shim(machine: Machine) -> str:
    """The library that refuses in the disk's place; needs a C compiler, as every Python that builds packages does."""
    made = machine.folder / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", str(made), str(source), "-ldl"], check=True)
    return str(made)


def disk_says(number: int, after: Callable[[Random], int]) -> Callable[[Machine, Random], Seen]:
    """Nothing can be written into the data folder, from some number of bytes on."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        machine.servers.turn_to("amended-in-place")
        limit = after(random)
        done = machine.refresh(
            TARGET,
            LD_PRELOAD=shim(machine),
            DRILL_DISK=str(machine.data),
            DRILL_DISK_SAYS=str(number),
            DRILL_DISK_AFTER=str(limit),
        )
        problems = [] if done.code in {0, 1} else [f"the exit code is {done.code}"]
        found = SAID.search(done.said)
        if done.code == 1 and not found:
            problems.append(f"nobody is told why: {done.said[-600:]}")
        problems += told_wrongly(machine, before.published, done)
        seen = completes(machine, before, line_of(done.said, found) if found else "it wrote less than that")
        seen.problems = problems + seen.problems
        return seen

    return do


def full_while_read_again(machine: Machine, random: Random) -> Seen:
    """As after an update all of the archive is read again, and the disk fills up: no landed table is the poorer for
    it, and with room again everything is there."""
    before = machine.held()
    path = machine.settings.landing / "ledger.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": "of another version"}))
    done = machine.csw(
        "land",
        "--archive",
        "--quiet",
        LD_PRELOAD=shim(machine),
        DRILL_DISK=str(machine.settings.landing / ".incoming"),
        DRILL_DISK_SAYS=str(errno.ENOSPC),
        DRILL_DISK_AFTER=str(int(10 ** random.uniform(2, 6.5))),
    )
    found = SAID.search(done.said)
    problems = [] if (done.code, bool(found)) == (1, True) else [f"it ends with {done.code}: {done.said[-400:]}"]
    problems += told_wrongly(machine, before.published, done) + machine.lost(before, may_publish=False)
    again = machine.csw("land", "--archive", "--quiet")
    problems += [] if again.code == 0 else [f"afterwards it ends with {again.code}: {again.said[-400:]}"]
    problems += [f"afterwards {p}" for p in machine.lost(before, may_publish=False)]
    verified = machine.csw("verify")
    problems += [] if verified.code == 0 else [f"`csw verify` at the end: {verified.said[-300:]}"]
    return Seen(line_of(done.said, found), STAYED, problems)


def told_wrongly(machine: Machine, before: str, done: Done) -> list[str]:
    """Whether a person is told rightly what was published."""
    problems = ["a traceback is shown"] if "Traceback (most recent call last)" in done.said else []
    was_published = digest(machine.settings.published) != before
    if done.code and was_published and "published" not in done.said:
        problems.append("nobody is told that it was published")
    if was_published and "No new warehouse was published" in done.said:
        problems.append("a person is told that nothing was published, and it was")
    if not was_published and ("had been published by then" in done.said or "\nPublished " in done.said):
        problems.append("a person is told that it was published, and it was not")
    return problems


def little_memory(machine: Machine, random: Random) -> Seen:
    """No process may take more than 1 GB: it is done with that, or it is said."""
    before = machine.held()
    machine.servers.turn_to("amended-in-place")

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (1_000_000_000, 1_000_000_000))

    done = machine.start("run", "--live", "--source", TARGET, preexec=little).end(900)
    problems = told_wrongly(machine, before.published, done)
    found = re.search(r"(?i)memory|Published ", done.said)
    if not found:
        problems.append(f"nobody is told why: {done.said[-600:]}")
    if done.code not in {0, 1}:
        problems.append(f"the exit code is {done.code}")
    seen = completes(machine, before, line_of(done.said, found))
    seen.problems = problems + seen.problems
    return seen


def flip(path: Path, random: Random) -> None:
    """Change one bit of a file, and nothing that a file system shows of it."""
    import os

    about = path.stat()
    path.chmod(0o644)
    at = random.randrange(about.st_size)
    with path.open("r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ (1 << random.randrange(8))]))
    path.chmod(about.st_mode & 0o777)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def bit_flipped(where: str) -> Callable[[Machine, Random], Seen]:
    """A bit turns over on the disk: `csw verify` names the file, and what is right comes back."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        folder = machine.settings.archive if where == "archive" else machine.settings.landing
        if where == "published":
            path = machine.settings.published
        else:
            held = [p for p in sorted(folder.rglob("*.csv")) if p.parent != folder and p.stat().st_size > 1000]
            path = random.choice(held)
        flip(path, random)
        done = machine.csw("verify")
        found = re.search(rf"(?m)^.*{re.escape(path.name)}.*$", done.said)
        problems = [] if done.code == 1 else [f"`csw verify` ends with {done.code}"]
        if not found:
            problems.append(f"`csw verify` does not name {path.name}: {done.said[-400:]}")
        if "Traceback (most recent call last)" in done.said:
            problems.append("a traceback is shown")
        # What is right comes back: landing from the archive, the archive from a delivery, the warehouse from both.
        if where == "archive":
            original = next(
                p for p in machine.returns.rglob(path.name) if digest(p) == before.archive[inside(path, folder)]
            )
            again = machine.deliver({original.name: original.read_bytes()})
        else:
            again = machine.csw("run", "--archive", *(["--full"] if where == "published" else []))
        if again.code != 0:
            problems.append(f"afterwards it ends with {again.code}: {again.said[-400:]}")
        last = machine.csw("verify")
        if last.code != 0:
            problems.append(f"`csw verify` still finds something: {last.said[-400:]}")
        problems += machine.lost(before, may_publish=where == "published")
        return Seen(line_of(done.said, found), "mended", problems)

    return do


def inside(path: Path, folder: Path) -> str:
    """A path as :class:`tests.drill.machine.Held` has it."""
    return path.relative_to(folder).as_posix()


DISKS = [
    Fault(
        "read-only folder",
        "The data folder is on a disk mounted for reading.",
        "machine",
        disk_says(errno.EROFS, lambda _: 0),
        0,
        True,
    ),
    Fault(
        "broken disk",
        "The disk answers with an input/output error, from some byte on.",
        "machine",
        disk_says(errno.EIO, lambda random: int(10 ** random.uniform(2, 8))),
        2,
    ),
    Fault(
        "disk full while all is read again",
        "The disk is full, at some byte, while the archive is read again after an update.",
        "machine",
        full_while_read_again,
        1,
        True,
    ),
    Fault("1 GB of memory", "No process gets more than 1 GB.", "machine", little_memory, 0),
    *(
        Fault(
            f"bit flipped in {where}", f"One bit of a file of the {where} turns over.", "machine", bit_flipped(where), 0
        )
        for where in ("archive", "landing", "published")
    ),
]
