"""An installation under drill: published, fetched, and put back to that after every fault."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from flows.common.settings import ROOT, Settings
from flows.outputs.status import status
from tests.fake_publishers import FakePublishers
from tests.fake_publishers.world import World

#: The publication that faults are about, and one that shall go on all the same.
TARGET, OTHER = "dfe_cin", "dfe_workforce"
SOURCES = [TARGET, OTHER, "ofsted_la_outcomes"]
#: Quick and impatient, as nobody is there to be polite to.
QUICK = {"CSW_HTTP_TRIES": "2", "CSW_HTTP_BACKOFF": "0.02", "CSW_HTTP_TIMEOUT": "5", "CSW_HTTP_DEADLINE": "6"}


@dataclass(frozen=True)
class Done:
    """A command that ended: its code and everything that a person saw."""

    code: int
    said: str


@dataclass(frozen=True)
class Held:
    """Everything that must not be lost or changed: hashes by path, and what the published file is."""

    published: str
    archive: dict[str, str]
    landed: dict[str, str]


@dataclass
class Machine:
    """The installation.

    Args:
        base: its data folder as it is put back to; read only.
        folder: where it works.
        returns: what the servers hold.
        port: where the servers listen; 0 for any free port.
    """

    base: Path
    folder: Path
    returns: Path
    port: int = 0
    servers: FakePublishers = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.folder / "data"
        self.settings = Settings(data=self.data)
        self.servers = FakePublishers(self.returns, sources=SOURCES, port=self.port)
        self._world = copy.deepcopy(self.servers.world)

    def __enter__(self) -> Machine:
        self.servers.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.servers.__exit__()

    def prepare(self) -> None:
        """Let the base have fetched from these servers what it holds, so that asking again is cheap."""
        self.restore()
        done = self.refresh()
        assert done.code == 0, done.said
        mirror(self.data, self.base)

    def restore(self) -> None:
        """Installation and servers as at the beginning."""
        mirror(self.base, self.data)
        self.calm()
        self.servers.world = self.first_world()

    def first_world(self) -> World:
        """What the servers hold at the beginning."""
        return copy.deepcopy(self._world)

    def calm(self) -> None:
        """The servers let every request through; what they hold stays as it has become."""
        self.servers.turn_to("")

    # --- commands --------------------------------------------------------------------------------------------------

    def environment(self, **more: str) -> dict[str, str]:
        """Of a command on this installation."""
        return {**os.environ, **self.servers.environment(), **QUICK, "CSW_DATA": str(self.data), **more}

    def command(self, *arguments: str) -> list[str]:
        """A command."""
        return [sys.executable, "-m", "flows.cli", *arguments]

    def csw(self, *arguments: str, **environment: str) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def refresh(self, *sources: str, **environment: str) -> Done:
        """The main job from the servers."""
        asked = [a for s in sources or SOURCES for a in ("--source", s)]
        return self.csw("run", "--live", *asked, **environment)

    def deliver(self, files: dict[str, bytes], **environment: str) -> Done:
        """The main job on a folder of files."""
        folder = self.folder / "delivery"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / ".synthetic").touch()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return self.csw("run", "--returns", str(folder), **environment)

    def start(self, *arguments: str, preexec: Callable[[], None] | None = None, **environment: str) -> Running:
        """Run a command beside this process."""
        log = self.folder / f"command-{time.monotonic_ns()}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self.command(*arguments),
                cwd=ROOT,
                env=self.environment(**environment),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=preexec,
            )
        return Running(process, log)

    def processes(self) -> list[str]:
        """Commands that run for this installation, where the system lists them."""
        found = []
        for place in Path("/proc").glob("[0-9]*") if Path("/proc").exists() else []:
            with contextlib.suppress(OSError):
                if f"CSW_DATA={self.data}\0".encode() in (place / "environ").read_bytes():
                    found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
        return [f for f in found if f]

    # --- what must hold --------------------------------------------------------------------------------------------

    def held(self) -> Held:
        """What there is now."""
        return Held(digest(self.settings.published), digests(self.settings.archive), digests(self.settings.landing))

    def lost(self, before: Held, *, may_publish: bool) -> list[str]:
        """What is not as it should be: something is gone or changed, or the published file is not whole."""
        now = self.held()
        problems = [
            f"{p} is gone from the archive or changed" for p, d in before.archive.items() if now.archive.get(p) != d
        ]
        problems += [
            f"{p} is gone from landing or changed"
            for p, d in before.landed.items()
            if now.landed.get(p) != d and p.count("/") == 2
        ]
        if now.published != before.published:
            if not may_publish:
                problems.append("the published warehouse was changed")
            problems += self.not_whole()
        return problems

    def not_whole(self) -> list[str]:
        """What is wrong with the published file by itself."""
        try:
            with duckdb.connect(str(self.settings.published), read_only=True) as con:
                counted = con.execute(
                    "select (select count(*) from marts.fct_la_year_measure), (select count(*) from results.scoreboard)"
                ).fetchone()
        except duckdb.Error as exc:
            return [f"the published warehouse cannot be read: {exc}"]
        return (
            []
            if counted and counted[0] > 100_000 and counted[1] > 100
            else [f"the published marts have {counted} rows"]
        )

    def not_current(self) -> list[str]:
        """What the published state lacks of everything that is landed."""
        problems = [] if status(self.settings).up_to_date else ["what is landed is not published"]
        for path in (self.settings.report / "index.html", self.data / "export" / "datapackage.json"):
            if not path.exists():
                problems.append(f"{path.relative_to(self.data)} is not there")
        return problems

    def editions(self) -> set[str]:
        """Editions of the target in the published warehouse."""
        with duckdb.connect(str(self.settings.published), read_only=True) as con:
            rows = con.execute("select distinct edition from marts.dim_edition where source = ?", [TARGET]).fetchall()
        return {str(r[0]) for r in rows}


@dataclass
class Running:
    """A command beside this process."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """End it with everything that it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self, seconds: float = 300) -> Done:
        """Wait for it."""
        self.process.wait(seconds)
        return Done(self.process.returncode, self.said())

    def said(self) -> str:
        """What a person has seen so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def mirror(source: Path, target: Path) -> None:
    """Make a folder equal to another, touching only files that differ in size or time."""
    there = {p.relative_to(source): p.stat() for p in source.rglob("*") if p.is_file() and not p.is_symlink()}
    if target.exists():
        for path in [p for p in target.rglob("*") if p.is_file() and p.relative_to(target) not in there]:
            path.unlink()
    for relative, about in there.items():
        path = target / relative
        here = path.stat() if path.exists() else None
        if here is None or (here.st_size, here.st_mtime_ns) != (about.st_size, about.st_mtime_ns):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            shutil.copy2(source / relative, path)


def digest(path: Path) -> str:
    """Of a file's bytes."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Of every file that counts: what begins with a dot is under way."""
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(p.startswith(".") for p in parts):
            found["/".join(parts)] = digest(path)
    return found
