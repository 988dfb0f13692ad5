"""Many at once, and many times over: readers through refreshes, schedules beside a run, editions to and fro."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from random import Random

import httpx

from tests.drill.faults import B1, NEW, Fault, Seen, b1_of, figures
from tests.drill.machine import TARGET, Done, Machine
from tests.fake_publishers.scenarios import written

READERS = 50
#: Refreshes that they read through, and refreshes to and fro: in each round, and rounds.
REFRESHES, READ_ROUNDS = 2, 5
ALTERNATIONS, TO_AND_FRO_ROUNDS = 2, 10

READER = """
import sys, time, duckdb
from pathlib import Path
path, stop, pause = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
read, seen = 0, set()
while not stop.exists():
    with duckdb.connect(path, read_only=True) as con:
        n, = con.execute("select count(*) from marts.fct_la_year_measure").fetchone()
        v, = con.execute("select count(*) from results.scoreboard").fetchone()
        built, = con.execute("select string_agg(sha256, '' order by sha256) from marts.dim_edition").fetchone()
    assert n > 100000 and v > 100, (n, v)
    read += 1
    seen.add(built)
    time.sleep(pause)
print(read, len(seen))
"""


def changed(machine: Machine, random: Random) -> dict[str, bytes]:
    """The newest children-in-need file with one figure a little other than it was."""
    rows = b1_of(machine)
    i, j = random.choice([(i, j) for i, j in figures(rows) if rows[i][j].isdigit() and int(rows[i][j]) > 50])
    rows[i][j] = str(int(rows[i][j]) + random.randrange(1, 4))
    return {B1: written(rows)}


def fifty_readers(machine: Machine, random: Random) -> Seen:
    """Readers open, ask and close all through refreshes that publish; each sees whole warehouses only."""
    before = machine.held()
    stop = machine.folder / "stop-reading"
    stop.unlink(missing_ok=True)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(machine.settings.published), str(stop), f"{random.uniform(2, 8):.1f}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    problems, published, reads, saw = [], {before.published}, 0, []
    try:
        for n in range(REFRESHES):
            done = machine.deliver(changed(machine, random))
            if done.code != 0:
                problems.append(f"refresh {n} ends with {done.code}: {done.said[-400:]}")
            published.add(machine.held().published)
        # Each reads what was published last at least once.
        time.sleep(9)
        stop.touch()
        for reader in readers:
            out, err = reader.communicate(timeout=60)
            if reader.returncode != 0:
                problems.append(f"a reader ended: {err[-300:]}")
            else:
                reads += int(out.split()[0])
                saw.append(int(out.split()[1]))
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()
    if len(published) != REFRESHES + 1:
        problems.append(f"{len(published) - 1} of {REFRESHES} refreshes published")
    if min(saw, default=0) < 2 or max(saw, default=0) > REFRESHES + 1:
        problems.append(f"readers saw {sorted(set(saw))} warehouses of {REFRESHES + 1}")
    problems += machine.not_whole() + machine.not_current()
    kept = sorted(machine.settings.earlier.glob("*.duckdb"))
    if not 1 <= len(kept) <= 3:
        problems.append(f"{len(kept)} earlier warehouses are kept")
    counts = {"reads": reads, "refreshes read through": REFRESHES}
    return Seen(f"nothing: {READERS} readers, none disturbed", NEW, problems, counts)


def to_and_fro(machine: Machine, random: Random) -> Seen:
    """The publisher shows one version, the other, the first again: each is archived once, and nothing grows."""
    problems = []
    memory = machine.folder / "to-and-fro.json"
    known = json.loads(memory.read_text()) if memory.exists() and "2024-r2" in machine.editions() else {}
    one = {B1: written(b1_of(machine))}
    other = {B1: known["other"].encode()} if known else changed(machine, random)
    sizes: list[list[int]] = known.get("sizes", [])
    for n in range(ALTERNATIONS):
        before = machine.held()
        done = machine.deliver(other if n % 2 == 0 else one)
        if done.code != 0:
            problems.append(f"refresh {n} ends with {done.code}: {done.said[-400:]}")
        problems += machine.lost(before, may_publish=True)
        sizes.append(list(grown(machine)))
    memory.write_text(json.dumps({"other": other[B1].decode(), "sizes": sizes}))
    # From the fourth on as many earlier warehouses are kept as ever will be.
    first, last = sizes[min(3, len(sizes) - 1)], sizes[-1]
    if last[:2] != first[:2]:
        problems.append(f"the archive grew from {first[:2]} to {last[:2]} (files, bytes)")
    if last[2] > first[2] * 1.1:
        problems.append(f"the data folder grew from {first[2] / 1e6:.0f} to {last[2] / 1e6:.0f} MB")
    problems += machine.not_whole() + machine.not_current()
    said = (
        f"nothing; after {len(sizes)} refreshes the archive keeps {last[0]} files, the folder {last[2] / 1e6:.0f} MB "
        f"(after {min(4, len(sizes))}: {first[2] / 1e6:.0f} MB)"
    )
    return Seen(said, NEW, problems)


def grown(machine: Machine) -> tuple[int, int, int]:
    """Files and bytes of the archive, bytes of the data folder (what has two names counted once)."""
    archived = [p.stat().st_size for p in machine.settings.archive.rglob("*") if p.is_file()]
    places = {(s.st_ino, s.st_dev): s.st_blocks * 512 for p in machine.data.rglob("*") if (s := p.lstat())}
    return len(archived), sum(archived), sum(places.values())


def serve_beside_run(machine: Machine, random: Random) -> Seen:
    """The schedules start a refresh while a person runs one: one works, the other says so."""
    from tests.receivers import free_port

    before = machine.held()
    machine.servers.turn_to("amended-in-place")
    port = free_port()
    serving = machine.start("serve", "--port", str(port), PYTHONUNBUFFERED="1")
    problems, said = [], ""
    try:
        home = machine.data / "prefect"
        until = time.monotonic() + 180
        while not (home / "serving.json").exists() and time.monotonic() < until:
            time.sleep(0.5)
        user, _, password = (home / "auth").read_text().strip().partition(":")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/", auth=(user, password), timeout=30) as api:
            deployment = _ready(api)
            run = machine.start("run", "--live", "--source", TARGET)
            while "build …" not in run.said() and run.process.poll() is None:
                time.sleep(0.2)
            made = api.post(f"deployments/{deployment}/create_flow_run", json={"parameters": {"live": True}}).json()
            state: dict[str, str] = {}
            until = time.monotonic() + 180
            while state.get("type") not in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} and time.monotonic() < until:
                time.sleep(0.5)
                state = api.get(f"flow_runs/{made['id']}").json()["state"]
            done: Done = run.end()
            said = str(state.get("message"))
            if state.get("type") != "CANCELLED" or "another run is writing" not in said:
                problems.append(f"the scheduled run: {state}")
            if done.code != 0:
                problems.append(f"the run of a person ends with {done.code}: {done.said[-400:]}")
    finally:
        serving.process.terminate()
        serving.process.wait(60)
        left = machine.processes()
        serving.kill()
    problems += [f"left behind by `csw serve`: {p}" for p in left]
    problems += machine.lost(before, may_publish=True) + machine.not_current()
    return Seen(re.sub(r"/\S*/(?=\w)", "…/", said), NEW, problems)


def _ready(api: httpx.Client) -> str:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        found = api.post("deployments/filter", json={}).json()
        ready = [d["id"] for d in found if d["name"] == "refresh" and d["status"] == "READY"]
        if ready:
            return str(ready[0])
        time.sleep(0.5)
    raise TimeoutError("the deployment is not ready")


CROWDS = [
    Fault(
        f"{READERS} readers",
        f"Through {REFRESHES * READ_ROUNDS} refreshes that each publish, others read all the time.",
        "people",
        fifty_readers,
        0,
        rounds=READ_ROUNDS,
    ),
    Fault(
        f"{ALTERNATIONS * TO_AND_FRO_ROUNDS} refreshes to and fro",
        "A file is replaced by another and comes back, again and again.",
        "files",
        to_and_fro,
        0,
        rounds=TO_AND_FRO_ROUNDS,
        goes_on=True,
    ),
    Fault("serve and run at once", "The schedules and a person refresh together.", "people", serve_beside_run, 0),
]
