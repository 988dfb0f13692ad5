"""Everything that is done to a refresh, by name: on the publishers' servers, to files, to the machine, by people."""

from __future__ import annotations

import contextlib
import io
import json
import re
import resource
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from flows.common.settings import ROOT
from tests.drill.machine import OTHER, TARGET, Done, Held, Machine, Running
from tests.fake_publishers.scenarios import table, written

B1 = "b1_children_in_need_2013_to_2024.csv"
#: The stages of a refresh, and for how long they go on at most (seconds).
STAGES = {
    "fetch": 1.0,
    "land": 1.0,
    "gate": 6.0,
    "build": 15.0,
    "check": 0.5,
    "analyse": 6.0,
    "publish": 0.2,
    "data docs": 0.5,
    "export": 3.0,
    "report": 8.0,
}


@dataclass
class Seen:
    """What came of a fault."""

    said: str
    """What a person saw."""
    published: str
    """What became of the published warehouse, in words."""
    problems: list[str] = field(default_factory=list)
    """What should not be; none where the fault was survived."""
    counts: dict[str, int] = field(default_factory=dict)
    """How often what happened, where a scenario has several rounds; added up on the page."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong."""

    name: str
    what: str
    group: str
    do: Callable[[Machine, Random], Seen]
    weight: int = 1
    """How often it is among random faults."""
    is_quick: bool = False
    """Whether it takes a few seconds only."""
    rounds: int = 1
    """How often a whole drill does it, each time from another seed: parts of what would take too long at once."""
    goes_on: bool = False
    """Whether each round begins with what the one before left; one of a single round, with what the scenario before it
    left."""


STAYED, NEW = "stays as it was", "the new one, whole"


def judge(machine: Machine, before: Held, done: Done, *, code: int | None, says: str, publishes: bool = False) -> Seen:
    """What came of it, held against what should have."""
    problems = machine.lost(before, may_publish=publishes)
    if code is not None and done.code != code:
        problems.append(f"the exit code is {done.code}, not {code}")
    found = re.search(says, done.said)
    if not found:
        problems.append(f"nobody is told {says!r}")
    if "Traceback (most recent call last)" in done.said:
        problems.append("a traceback is shown")
    now = machine.held().published
    return Seen(line_of(done.said, found), STAYED if now == before.published else NEW, problems)


def line_of(said: str, found: re.Match[str] | None) -> str:
    """The line that matters, without what changes from machine to machine."""
    if not found:
        return said.strip().splitlines()[-1] if said.strip() else ""
    start = said.rfind("\n", 0, found.start()) + 1
    end = said.find("\n", found.end())
    line = said[start : end if end >= 0 else len(said)].strip()
    line = re.sub(r"http://127\.0\.0\.1:\d+/", "…/", line)
    line = re.sub(r"(?<=files/)[0-9a-f-]{36}|(?<=releases/)[0-9a-f-]{36}", "…", line)
    return re.sub(r"/(?:tmp|work|home|Users)/\S*/(?=\w)", "…/", line)


def passes(machine: Machine, seen: Seen, before: Held, *sources: str, publishes: bool = False) -> Seen:
    """Afterwards nothing is in the way any more: the next refresh completes."""
    machine.calm()
    done = machine.refresh(*sources)
    if done.code != 0:
        seen.problems.append(f"the next refresh ends with {done.code}: {done.said.strip()[-400:]}")
    seen.problems += [f"afterwards {p}" for p in machine.lost(before, may_publish=publishes) + machine.not_current()]
    return seen


# --- on the publishers' servers --------------------------------------------------------------------------------------


def asked_again(machine: Machine) -> None:
    """Forget what was fetched, so that everything is asked for in full."""
    path = machine.settings.live / "state.json"
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, "files": {}, "pages": {}, "batches": {}}))


#: What happens to every publication of the server; blank is a limit of ours.
EVERYWHERE = {"", "server-down", "content-api-gone", "stale-zip", "zip-traversal", "zip-bomb"}


def refused(scenario: str, says: str, source: str = TARGET, **environment: str) -> Callable[[Machine, Random], Seen]:
    """A fault that keeps a file from arriving: it is named, what is held stays, the other publication goes on."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        asked_again(machine)
        machine.servers.turn_to(scenario)
        done = machine.refresh(source, OTHER, **environment)
        seen = judge(machine, before, done, code=1, says=says)
        if f"stays: {OTHER}" in done.said and scenario not in EVERYWHERE:
            seen.problems.append("the other publication was not fetched either")
        machine.servers.world = machine.first_world()
        return passes(machine, seen, before, source)

    return do


def another_way(scenario: str, says: str = "Nothing new", source: str = TARGET) -> Callable[[Machine, Random], Seen]:
    """A fault that is got around or passes: the same bytes arrive all the same."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        asked_again(machine)
        machine.servers.turn_to(scenario)
        return judge(machine, before, machine.refresh(source), code=0, says=says)

    return do


def taken_in(scenario: str, says: str) -> Callable[[Machine, Random], Seen]:
    """Something new that is right: it is published, and what was published before is among the editions."""

    def do(machine: Machine, random: Random) -> Seen:
        before, editions = machine.held(), machine.editions()
        machine.servers.turn_to(scenario)
        seen = judge(machine, before, machine.refresh(TARGET), code=0, says=says, publishes=True)
        if seen.published != NEW:
            seen.problems.append("it was not published")
        if not editions < machine.editions():
            seen.problems.append(f"the editions are {sorted(machine.editions())}")
        seen.problems += machine.not_current()
        return seen

    return do


def withheld(scenario: str, says: str) -> Callable[[Machine, Random], Seen]:
    """Something new that cannot be right: it is refused with its rows, the old warehouse stays."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        machine.servers.turn_to(scenario)
        return judge(machine, before, machine.refresh(TARGET), code=1, says=says)

    return do


SERVERS = [
    Fault("file 404", "A file is not there any more.", "servers", refused("404", r"b1\S*|not there \(404\)"), 2, True),
    Fault("410", "A file was taken down for good.", "servers", refused("410", r"taken down \(410\)"), 2, True),
    Fault(
        "429", "The server is asked too much, for ever.", "servers", refused("429", "the server answers 429"), 2, True
    ),
    Fault(
        "503", "The server is out of order for one file.", "servers", refused("503", "the server answers 503"), 2, True
    ),
    Fault("504", "The server does not answer in time.", "servers", refused("504", "the server answers 504"), 2, True),
    Fault("server down", "The whole server is out of order.", "servers", refused("server-down", "503"), 2, True),
    Fault(
        "truncated body",
        "A download is cut off.",
        "servers",
        refused("truncated-body", "without sending complete message body|not whole"),
        4,
        True,
    ),
    Fault(
        "wrong Content-Length",
        "More comes than was announced.",
        "servers",
        refused("wrong-content-length", "not whole"),
        2,
        True,
    ),
    Fault(
        "HTML with 200",
        "A web page says sorry in place of the file.",
        "servers",
        refused("html-with-200", "web page instead"),
        2,
        True,
    ),
    Fault(
        "slow drip",
        "The file comes a few bytes at a time, for ever.",
        "servers",
        refused("slow-drip", r"not done within 1\.5 s", CSW_HTTP_DEADLINE="1.5", CSW_HTTP_TRIES="1"),
        1,
        True,
    ),
    Fault(
        "foreign redirect",
        "The file's address leads to another host.",
        "servers",
        refused("foreign-redirect", r"files\.example\.org, which is not a publisher's host"),
        2,
        True,
    ),
    Fault("stale zip", "The zip is older than the release.", "servers", refused("stale-zip", "a stale copy"), 1, True),
    Fault(
        "zip traversal",
        "A zip wants to write outside its folder.",
        "servers",
        refused("zip-traversal", "leads out of its folder"),
        1,
        True,
    ),
    Fault(
        "zip bomb",
        "A zip unpacks to far more than it should.",
        "servers",
        refused("zip-bomb", "Not unpacked", CSW_HTTP_MAX_BYTES="40000000"),
        1,
        True,
    ),
    Fault(
        "page gone",
        "A page on GOV.UK is gone.",
        "servers",
        refused("gone-item", "taken down", "ofsted_la_outcomes"),
        1,
        True,
    ),
    Fault(
        "larger than the limit",
        "A file is larger than anything that was ever published.",
        "servers",
        refused("", "more than", CSW_HTTP_MAX_BYTES="10000"),
        1,
        True,
    ),
    *(
        Fault(f"once {n}", f"{what} The first time only.", "servers", another_way(f"once-{n}"), 2, True)
        for n, what in [
            ("404", "A file is not there."),
            ("503", "The server is out of order."),
            ("504", "The server does not answer in time."),
            ("429", "The server is asked too much."),
            ("truncated-body", "A download is cut off."),
        ]
    ),
    Fault(
        "429 with Retry-After", "The server says when to ask again.", "servers", another_way("429-retry-after"), 1, True
    ),
    Fault(
        "503 with Retry-After",
        "The server says when it will be back.",
        "servers",
        another_way("503-retry-after"),
        1,
        True,
    ),
    Fault(
        "file only in the catalogue", "The content API has lost a file.", "servers", another_way("file-404"), 1, True
    ),
    Fault(
        "file only in the public API",
        "Content API and catalogue have lost a file.",
        "servers",
        another_way("only-public-api"),
        1,
        True,
    ),
    Fault("no data content", "Only the zip of a release is to be had.", "servers", another_way("zip-only"), 1, True),
    Fault(
        "zip without data guidance",
        "And the zip lacks its guide.",
        "servers",
        another_way("zip-without-guidance"),
        1,
        True,
    ),
    Fault("publication moved", "The publication has another slug.", "servers", another_way("slug-moved"), 1, True),
    *(
        Fault(name, what, "servers", another_way(scenario, source="ofsted_la_outcomes"), 1, True)
        for name, scenario, what in [
            ("page withdrawn", "withdrawn", "A page on GOV.UK is withdrawn; its files stay."),
            ("page redirects", "redirect-item", "A page on GOV.UK says where it has gone."),
            ("page moved", "moved-301", "A page on GOV.UK answers 301."),
            ("old page", "old-page", "A page on GOV.UK lists its files in HTML only."),
        ]
    ),
    Fault(
        "amended in place",
        "A release is amended under the same name.",
        "servers",
        taken_in("amended-in-place", "models and seeds built"),
        2,
    ),
    Fault(
        "same name, other bytes",
        "A file is replaced and nothing says so.",
        "servers",
        taken_in("same-name-other-bytes", "models and seeds built"),
        1,
    ),
    Fault(
        "release with real renames",
        "The releases of 2025: no rates, other names.",
        "servers",
        taken_in("new-release-renamed", "models and seeds built"),
        1,
    ),
    Fault("BOM", "The same file begins with a byte-order mark: nothing new.", "servers", another_way("bom"), 1, True),
    Fault(
        "recode mid-series",
        "Two authorities have new codes from a year on.",
        "servers",
        taken_in("recode-mid-series", "models and seeds built"),
        1,
    ),
    Fault(
        "trailing commas",
        "Every row has two empty columns more.",
        "servers",
        taken_in("trailing-commas", "models and seeds built"),
        1,
    ),
    Fault(
        "cp1252",
        "A file is in another encoding than UTF-8.",
        "servers",
        withheld("cp1252", r"refused: \S*b1_children_in_need\S*, row"),
        2,
        True,
    ),
    Fault(
        "legacy symbols",
        "Figures withheld under the symbols of the first releases, which are known.",
        "servers",
        taken_in("legacy-symbols", "models and seeds built"),
        1,
    ),
    Fault(
        "joint codes",
        "Two authorities in one row, as other returns print them.",
        "servers",
        taken_in("joint-codes", "models and seeds built"),
        1,
    ),
    Fault(
        "duplicate rows",
        "A row occurs twice.",
        "servers",
        withheld("duplicate-rows", r"ERROR keys_unique: [^\n]*\n[^\n]*b1_children_in_need"),
        1,
    ),
    Fault(
        "unknown authority",
        "An authority that nobody knows.",
        "servers",
        withheld("unknown-authority", r"Atlantis[^\n]*\n[^\n]*What to do: A code or name that is not known\."),
        1,
    ),
]


# --- to files --------------------------------------------------------------------------------------------------------


def file_of(machine: Machine, random: Random, *suffixes: str) -> tuple[str, bytes]:
    """One of the files that are held, of a kind."""
    paths = sorted(
        p
        for p in machine.returns.rglob("*")
        if p.suffix in suffixes and p.stat().st_size > 4000 and "ofsted_reports" not in p.parts and "_" in p.stem
    )
    path = random.choice(paths)
    return path.name, path.read_bytes()


def delivered(damage: Callable[[Machine, Random], dict[str, bytes]], says: str) -> Callable[[Machine, Random], Seen]:
    """A damaged file in a folder of returns: it is refused by name, nothing else happens."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        files = damage(machine, random)
        done = machine.deliver(files)
        named = "|".join(re.escape(n) for n in files)
        seen = judge(machine, before, done, code=None, says=says.replace("FILE", f"({named})"))
        seen.problems += machine.not_current()
        return seen

    return do


def cut(*suffixes: str) -> Callable[[Machine, Random], dict[str, bytes]]:
    """A file cut off somewhere."""

    def damage(machine: Machine, random: Random) -> dict[str, bytes]:
        name, data = file_of(machine, random, *suffixes)
        at = random.randrange(len(data) // 20, len(data) - 2)
        if data[at - 1 : at] == b"\n":
            at += 1
        return {name: data[:at]}

    return damage


def b1_of(machine: Machine) -> list[list[str]]:
    return table(next(machine.returns.rglob(B1)).read_bytes())


def figures(rows: list[list[str]], la: bool = True) -> list[tuple[int, int]]:
    """Cells of figures."""
    first = rows[0].index("category") + 1
    code = rows[0].index("old_la_code")
    return [
        (i, j)
        for i, r in enumerate(rows)
        if i and bool(r[code]) is la
        for j, c in enumerate(r)
        if j >= first and c.replace(".", "").isdigit()
    ]


def as_html(machine: Machine, random: Random) -> dict[str, bytes]:
    name, _ = file_of(machine, random, ".csv", ".xlsx", ".ods")
    return {name: b"<!DOCTYPE html><html><body>Sign in to continue</body></html>"}


def empty(machine: Machine, random: Random) -> dict[str, bytes]:
    return {file_of(machine, random, ".csv", ".xlsx", ".ods")[0]: b""}


def noise(machine: Machine, random: Random) -> dict[str, bytes]:
    return {file_of(machine, random, ".csv", ".xlsx", ".ods")[0]: random.randbytes(5000)}


def utf_16(machine: Machine, random: Random) -> dict[str, bytes]:
    name, data = file_of(machine, random, ".csv")
    return {name: data.decode("utf-8-sig", errors="replace").encode("utf-16")}


def renamed_column(machine: Machine, random: Random) -> dict[str, bytes]:
    rows = b1_of(machine)
    at = random.choice([i for i, c in enumerate(rows[0]) if c.startswith(("At31", "Started", "Ended"))])
    rows[0][at] += "_new"
    return {B1: written(rows)}


def without_column(machine: Machine, random: Random) -> dict[str, bytes]:
    rows = b1_of(machine)
    at = random.choice([rows[0].index(c) for c in ("old_la_code", "time_period", "geographic_level", "At31_episodes")])
    return {B1: written([[c for i, c in enumerate(r) if i != at] for r in rows])}


def bomb(machine: Machine, random: Random) -> dict[str, bytes]:
    """A workbook with hundreds of megabytes more in one of its sheets."""
    name, data = file_of(machine, random, ".xlsx", ".ods")
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            is_sheet = part == "content.xml" or part.startswith("xl/worksheets/sheet1.")
            with new.open(part, "w") as f:
                f.write(old.read(part))
                for _ in range(random.randrange(650, 900) if is_sheet else 0):
                    f.write(b" " * 1_000_000)
    return {name: out.getvalue()}


def with_cell(change: Callable[[str, Random], str]) -> Callable[[Machine, Random], dict[str, bytes]]:
    def damage(machine: Machine, random: Random) -> dict[str, bytes]:
        rows = b1_of(machine)
        i, j = random.choice(figures(rows))
        rows[i][j] = change(rows[i][j], random)
        return {B1: written(rows)}

    return damage


def columns_moved(machine: Machine, random: Random) -> dict[str, bytes]:
    """The figures one column further than their names."""
    rows = b1_of(machine)
    first = rows[0].index("category") + 1
    return {B1: written([rows[0], *([*r[:first], r[-1], *r[first:-1]] for r in rows[1:])])}


def hundredfold(machine: Machine, random: Random) -> dict[str, bytes]:
    """Figures in another unit: a hundred or a thousand times what they are."""
    factor = random.choice([100, 1000])
    rows = b1_of(machine)
    for i, j in [*figures(rows), *figures(rows, la=False)]:
        rows[i][j] = str(float(rows[i][j]) * factor).removesuffix(".0")
    return {B1: written(rows)}


def twice(machine: Machine, random: Random) -> dict[str, bytes]:
    rows = b1_of(machine)
    return {B1: written([*rows, random.choice(rows[1:])])}


#: What the gate says: which check, in words, and the file.
GATE = r"ERROR \w+: [^\n]*\n[^\n]*FILE"
FILES = [
    Fault("truncated CSV", "A CSV cut off somewhere.", "files", delivered(cut(".csv"), "FILE"), 8, True),
    Fault(
        "truncated workbook",
        "A workbook cut off somewhere.",
        "files",
        delivered(cut(".xlsx", ".ods", ".xls"), "FILE"),
        6,
        True,
    ),
    Fault(
        "HTML in a file",
        "A page to sign in, saved under the file's name.",
        "files",
        delivered(as_html, "FILE"),
        3,
        True,
    ),
    Fault("empty file", "A file of no bytes.", "files", delivered(empty, "FILE"), 2, True),
    Fault("noise", "Random bytes under the file's name.", "files", delivered(noise, "FILE"), 3, True),
    Fault("UTF-16", "A CSV saved in UTF-16.", "files", delivered(utf_16, "FILE"), 2, True),
    Fault("renamed column", "A mapped column has another name.", "files", delivered(renamed_column, "FILE"), 4, True),
    Fault("column gone", "A key or mapped column is not there.", "files", delivered(without_column, "FILE"), 4, True),
    Fault(
        "workbook bomb",
        "A workbook that unpacks to hundreds of megabytes.",
        "files",
        delivered(bomb, r"FILE: the workbook unpacks to"),
        2,
        True,
    ),
    Fault(
        "unknown symbol",
        "A cell that is neither a figure nor a known symbol.",
        "files",
        delivered(with_cell(lambda _, r: r.choice(["?", "n/k", "-", "***"])), r"refused: FILE, row \d+, column"),
        3,
    ),
    Fault(
        "other unit",
        "Every figure a hundred or a thousand times what it is.",
        "files",
        delivered(hundredfold, GATE),
        2,
    ),
    Fault(
        "columns moved",
        "The figures stand one column beside their names.",
        "files",
        delivered(columns_moved, GATE),
        1,
    ),
    Fault("row twice", "A row occurs twice.", "files", delivered(twice, GATE), 2),
]


# --- to the machine --------------------------------------------------------------------------------------------------


def killed_in(stage: str, most: float) -> Callable[[Machine, Random], Seen]:
    """Killed with everything it started, some time after a stage began; the refresh that comes next completes."""

    def do(machine: Machine, random: Random) -> Seen:
        before = machine.held()
        machine.servers.turn_to("amended-in-place")
        running = machine.start("run", "--live", "--source", TARGET)
        until = time.monotonic() + 300
        while f"{stage} …" not in running.said() and running.process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        wait(running, random.uniform(0.0, most))
        reached = stages(running)
        running.kill()
        return completes(machine, before, f"killed {reached}")

    return do


def killed_anywhere(machine: Machine, random: Random) -> Seen:
    """Killed at any moment of a refresh."""
    return killed_in(*random.choice(list(STAGES.items())))(machine, random)


def wait(running: Running, seconds: float) -> None:
    """Wait, or until it ends."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.process.wait(seconds)


def stages(running: Running) -> str:
    """Where a refresh is."""
    found = re.findall(r"^(\w[\w ]*) …$", running.said(), re.MULTILINE)
    if running.process.poll() is not None:
        return "after it had ended"
    return f"in stage “{found[-1]}”" if found else "before its first stage"


def completes(machine: Machine, before: Held, said: str, *, must_publish: bool = True) -> Seen:
    """Nothing is lost, and the refresh that comes next publishes what the broken one would have."""
    problems = machine.lost(before, may_publish=True)
    published = STAYED if machine.held().published == before.published else NEW
    seen = Seen(said, f"{published}; the next refresh completes", problems)
    passes(machine, seen, before, TARGET, publishes=True)
    if must_publish and "2024-r2" not in machine.editions():
        seen.problems.append(f"the next refresh does not publish the amendment: {sorted(machine.editions())}")
    return seen


def disk_full(machine: Machine, random: Random) -> Seen:
    """No file may become larger than so many bytes: as on a disk that is full, at some point of a refresh."""
    before = machine.held()
    machine.servers.turn_to("amended-in-place")
    limit = int(10 ** random.uniform(3.5, 8.0))

    def full() -> None:
        # Without the signal a write fails as it does on a full disk; it is handed down to every process.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    done = machine.start("run", "--live", "--source", TARGET, preexec=full).end()
    problems = [] if done.code in {0, 1} else [f"the exit code is {done.code}"]
    found = re.search(r"File too large|could not be written|IO Error|No space", done.said)
    if done.code == 1 and not found:
        problems.append(f"nobody is told why: {done.said[-600:]}")
    if "Traceback (most recent call last)" in done.said:
        problems.append("a traceback is shown")
    seen = completes(machine, before, line_of(done.said, found) if found else "the files were small enough")
    seen.problems = problems + seen.problems
    return seen


def clock_wrong(machine: Machine, random: Random) -> Seen:
    """The clock is years or hours off during a refresh that publishes, and right again at the next."""
    before = machine.held()
    machine.servers.turn_to("amended-in-place")
    days = random.choice([-3650.0, -400.0, -0.2, 0.2, 400.0, 3650.0])
    # Needs a C compiler, as every Python that builds packages does.
    wrong = machine.folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(wrong), str(source), "-ldl"], check=True)
    done = machine.refresh(TARGET, LD_PRELOAD=str(wrong), DRILL_CLOCK_DAYS=str(days))
    problems = [] if done.code == 0 else [f"the exit code is {done.code}: {done.said[-600:]}"]
    seen = completes(machine, before, f"nothing; the clock was {days:+g} days off")
    from flows.schedule.polling import polls

    # What was asked by a wrong clock does not keep it from being asked.
    waits = [p.why for p in polls(machine.settings) if p.source == TARGET and not p.is_due and "to come" in p.why]
    seen.problems = problems + seen.problems + waits
    return seen


def two_at_once(machine: Machine, random: Random) -> Seen:
    """Two refreshes at once: one works, the other says so and ends."""
    before = machine.held()
    machine.servers.turn_to("amended-in-place")
    first = machine.start("run", "--live", "--source", TARGET)
    wait(first, random.uniform(0.5, 6.0))
    second = machine.csw("run", "--live", "--source", TARGET)
    done = first.end()
    seen = judge(machine, before, second, code=1, says="another run is writing", publishes=True)
    if done.code != 0:
        seen.problems.append(f"the first ends with {done.code}: {done.said[-400:]}")
    if "2024-r2" not in machine.editions():
        seen.problems.append("the first did not publish")
    seen.published = NEW
    return seen


FLOW = """
import sys
from flows.schedule.refresh import refresh
refresh(live=True)
"""


def server_lost(machine: Machine, random: Random) -> Seen:
    """The Prefect server dies while a flow runs."""
    from flows.schedule.serve import server
    from tests.receivers import free_port

    before = machine.held()
    machine.servers.turn_to("amended-in-place")
    log = machine.folder / "flow.log"
    with server(machine.settings, free_port(), lambda _: None) as api, log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(FLOW)],
            cwd=ROOT,
            env=machine.environment(**api.environment(), PREFECT_CLIENT_MAX_RETRIES="1"),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running = Running(process, log)
        until = time.monotonic() + 120
        while "build …" not in running.said() and process.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
    # The server has ended here.
    try:
        done = running.end(400)
    except subprocess.TimeoutExpired:
        running.kill()
        done = Done(-1, running.said())
    last = [line for line in done.said.splitlines() if line.strip() and not line.startswith(" ")][-1:]
    seen = completes(machine, before, f"exit code {done.code}; the log ends: {''.join(last)}")
    if "build …" not in done.said:
        seen.problems.append(f"the flow did not get as far as building: {done.said[-600:]}")
    if done.code == -1:
        seen.problems.append("the flow did not end by itself")
    return seen


def half_written_state(machine: Machine, random: Random) -> Seen:
    """What is remembered of the servers is half a file: everything is asked for again."""
    before = machine.held()
    state = machine.settings.live / "state.json"
    text = state.read_bytes()
    state.write_bytes(text[: random.randrange(len(text))])
    return judge(machine, before, machine.refresh(TARGET), code=0, says="Nothing new")


def incoming_gone(machine: Machine, random: Random) -> Seen:
    """Somebody has cleared the fetched files away: they are fetched again."""
    before = machine.held()
    files = sorted(p for p in machine.settings.incoming.rglob("*") if p.suffix in {".csv", ".ods", ".xlsx"})
    for path in random.sample(files, random.randrange(1, len(files))):
        path.unlink()
    return judge(machine, before, machine.refresh(TARGET), code=0, says="Nothing new")


def killed_landing(machine: Machine, random: Random) -> Seen:
    """Killed while fetching and landing; the next one completes."""
    before = machine.held()
    asked_again(machine)
    running = machine.start("land", "--live", "--source", TARGET)
    wait(running, random.uniform(0.0, 2.0))
    stage = stages(running)
    running.kill()
    seen = Seen(f"killed {stage}", STAYED, machine.lost(before, may_publish=False))
    return passes(machine, seen, before, TARGET)


MACHINE = [
    *(
        Fault(f"kill −9 in “{stage}”", "Killed with everything it started.", "machine", killed_in(stage, most), 0)
        for stage, most in STAGES.items()
    ),
    Fault("kill −9", "Killed with everything it started, at any moment.", "machine", killed_anywhere, 5),
    Fault("kill −9 while landing", "Killed while files arrive.", "machine", killed_landing, 6, True),
    Fault("disk full", "No file can grow any more, at some point.", "machine", disk_full, 2),
    Fault("clock wrong", "The clock is hours or years off.", "machine", clock_wrong, 1),
    Fault("two refreshes at once", "A second one starts while one runs.", "people", two_at_once, 1),
    Fault("Prefect server lost", "The server dies while a flow builds.", "machine", server_lost, 0),
    Fault(
        "memory cut off", "What is remembered of the servers is half a file.", "machine", half_written_state, 3, True
    ),
    Fault("fetched files cleared away", "Somebody tidied data/incoming.", "people", incoming_gone, 3, True),
]

FAULTS = [*SERVERS, *FILES, *MACHINE]
