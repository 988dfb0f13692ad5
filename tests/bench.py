"""How long things take, beside their budgets; `make bench`. Never a timed test, and only on a machine that is idle.

In a data folder of its own, medians of three: a cold run with its stages, one with nothing new, one with one changed
publication, `csw --help`. Then once: the same compiled SQL executed by DuckDB alone, so that what dbt adds is visible,
and the estimators on simulated panels, with the elastic net beside ``cv.glmnet`` where R has it. Where Rscript is and a
peer's script is given (``--peer``, or ``CSW_PEER``), it is timed between the runs, and what a run takes for the same
part of the work is said as a multiple of it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from flows.common.settings import ROOT

RETURNS_ONLY = "land, gate, build, check, export"
TARGETS = {
    RETURNS_ONLY: 24.0,
    "cold run": 50.0,
    "nothing new": 0.8,
    "one publication changed": 12.0,
    "csw --help": 0.1,
}
#: What of a run a peer's script does as well: files are read, joined and written.
PEER_STAGES = ("land", "gate", "build", "check", "export")
#: Stages of which a changed publication of returns asks nothing: what reads reports, and what is for people.
APART = ("read reports", "analyse", "report")
TARGET_MEMORY_MB = 1300
#: Predictors of the elastic net that is timed, and the most it may take as a multiple of ``cv.glmnet``'s time.
PREDICTORS, TARGET_OF_GLMNET = (30, 45), 1.0
TIMES = 3
#: the publication that is amended for the third run: the one with the most landed bytes among the small ones
CHANGED = "dfe_workforce/2022/csww_headline_measures_2017_to_2022.csv"


def main() -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--returns", type=Path, default=ROOT.parent / "shared" / "returns")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument(
        "--peer", type=Path, default=os.environ.get("CSW_PEER"), help="an R script that does a part of a run's work"
    )
    arguments = parser.parse_args()
    figures = measure(arguments.returns.resolve(), Path(arguments.peer).resolve() if arguments.peer else None)
    show(figures)
    figures["estimators"] = show_estimators()
    figures["elastic_net"] = show_elastic_net()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def measure(returns: Path, peer: Path | None) -> dict[str, object]:
    """All figures, in seconds and megabytes: medians of :data:`TIMES`."""
    said = no_peer(peer)
    taken: list[dict[str, float]] = []
    for i in range(TIMES):
        with tempfile.TemporaryDirectory(prefix="csw-bench-") as folder:
            found, cold, refresh, plain = once(returns, Path(folder), last=i == TIMES - 1)
        if not said and peer is not None:
            found["peer"] = time_peer(peer)
        taken.append(found)
    seconds = {name: statistics.median(t[name] for t in taken) for name in taken[0]}
    memory = seconds.pop("memory")
    return {
        "seconds": seconds,
        "memory_mb": memory,
        "cold": cold,
        "refresh": refresh,
        "plain_duckdb": plain,
        "no_peer": said,
    }


def once(
    returns: Path, folder: Path, *, last: bool
) -> tuple[dict[str, float], dict[str, dict[str, float]], dict[str, dict[str, float]], float]:
    """One round: seconds and memory; the records of the cold and of the third run; DuckDB alone, in the last round."""
    data = folder / "data"
    found = {"csw --help": min(_time(["--help"], data)[0] for _ in range(3))}
    found["cold run"], found["memory"] = _time(["run", "--returns", str(returns)], data)
    cold = json.loads((data / "last_run.json").read_text())
    found[RETURNS_ONLY] = sum(cold["stages"].get(stage, 0.0) for stage in PEER_STAGES)
    found["nothing new"], _ = _time(["run", "--returns", str(returns)], data)
    plain = plain_duckdb(data, folder) if last else 0.0
    changed = folder / "changed"
    amend(returns / CHANGED, changed)
    wall, _ = _time(["run", "--returns", str(changed)], data)
    refresh = json.loads((data / "last_run.json").read_text())
    found["one publication changed"] = wall - sum(refresh["stages"].get(stage, 0.0) for stage in APART)
    return found, cold, refresh, plain


def no_peer(peer: Path | None) -> str:
    """Why no peer is timed; blank where one is."""
    if peer is None:
        return "no peer's script was given (--peer SCRIPT.R)"
    if not peer.is_file():
        return f"{peer} is not there"
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    return ""


def time_peer(script: Path) -> float:
    """Seconds that a peer's script takes, run in its own folder as its authors do.

    Raises:
        SystemExit: it fails.
    """
    started = time.perf_counter()
    done = subprocess.run(["Rscript", script.name], cwd=script.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - started


def amend(published: Path, folder: Path) -> None:
    """An amended copy of one file: its last digit changed, as a correction would."""
    folder.mkdir(parents=True)
    data = published.read_bytes()
    at = max(data.rfind(str(d).encode()) for d in range(10))
    (folder / published.name).write_bytes(data[:at] + str((int(data[at : at + 1]) + 1) % 10).encode() + data[at + 1 :])


def plain_duckdb(data: Path, folder: Path) -> float:
    """Seconds that DuckDB alone takes for the SQL that dbt compiled: no seeds, no tests, no models in Python."""
    import duckdb

    run_results = json.loads((data / "dbt" / "target" / "run_results.json").read_text())
    manifest = json.loads((data / "dbt" / "target" / "manifest.json").read_text())["nodes"]
    models = [
        r
        for r in run_results["results"]
        if r["unique_id"].startswith("model.") and manifest[r["unique_id"]]["language"] == "sql"
    ]
    # Compiled SQL names the database it was compiled for, and the landing as seen from its folder.
    os.chdir(data / "warehouse")
    database = folder / "next.duckdb"
    shutil.copyfile(data / "warehouse" / "warehouse.duckdb", database)
    started = time.perf_counter()
    with duckdb.connect(str(database), config={"threads": os.cpu_count() or 1}) as con:
        con.execute("create schema alone")
        for r in models:
            name = r["unique_id"].rsplit(".", 1)[-1]
            con.execute(f'create or replace table alone."{name}" as {r["compiled_code"]}')
    return time.perf_counter() - started


def _time(arguments: list[str], data: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of a command with all its processes."""
    env = {**os.environ, "CSW_DATA": str(data)}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *arguments],
        env=env,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak), daemon=True)
    watcher.start()
    out, err = process.communicate()
    took = time.perf_counter() - started
    if process.returncode not in {0, 1}:
        raise SystemExit(f"csw {' '.join(arguments)} failed:\n{out.decode()}\n{err.decode()}")
    return took, peak[0]


def _watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    """Memory of a process and its descendants, sampled (Linux): pages that several share count once between them."""
    while process.poll() is None:
        parents: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        todo, total = [process.pid], 0
        while todo:
            pid = todo.pop()
            todo += parents.get(pid, [])
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:
                continue
            total += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
        peak[0] = max(peak[0], total * 1024 / 1e6)
        time.sleep(0.2)


def show(figures: dict[str, object]) -> None:
    """Print the figures with their ratios to the budgets."""
    seconds: dict[str, float] = figures["seconds"]  # type: ignore[assignment]
    cold: dict[str, dict[str, float]] = figures["cold"]  # type: ignore[assignment]
    refresh: dict[str, dict[str, float]] = figures["refresh"]  # type: ignore[assignment]
    print(f"{'medians of ' + str(TIMES):32} {'seconds':>8} {'budget':>7} {'ratio':>6}")
    for name, target in TARGETS.items():
        print(f"{name:32} {seconds[name]:8.2f} {target:7.1f} {seconds[name] / target:6.2f}")
    if peer := seconds.get("peer"):
        print(f"a peer's script {peer:.2f} s; {RETURNS_ONLY} {seconds[RETURNS_ONLY] / peer:.1f} times as long")
    else:
        print(f"no peer was timed: {figures['no_peer']}")
    memory = float(figures["memory_mb"])  # type: ignore[arg-type]
    print(f"{'peak memory, MB':32} {memory:8.0f} {TARGET_MEMORY_MB:7d} {memory / TARGET_MEMORY_MB:6.2f}")
    for title, run in (("cold run", cold), ("one publication changed", refresh)):
        print(f"\n{title}, by stage")
        for stage, took in run["stages"].items():
            print(f"  {stage:26} {took:8.2f}")
    plain = float(figures["plain_duckdb"])  # type: ignore[arg-type]
    build = cold["stages"]["build"]
    print(f"\nthe build's models by DuckDB alone {plain:.2f} s; the build {build:.2f} s, {build / plain:.1f}×")
    print("\nslowest nodes of the build")
    for node in list(cold["slowest"])[:8]:
        print(f"  {node['name']:44} {node['type']:8} {node['seconds']:6.2f}")  # type: ignore[index]


def show_estimators() -> list[dict[str, object]]:
    """Run and print the benchmark of the estimators."""
    from analysis.estimators.benchmark import run

    rows = run()
    print(f"\n{'estimators':50} {'seconds':>8} {'target':>7} {'ratio':>6}")
    for r in rows:
        print(f"{r['name']:50} {r['seconds']:8.3f} {r['target']:7.2f} {r['seconds'] / r['target']:6.2f}  {r['detail']}")
    return rows


def show_elastic_net() -> list[dict[str, object]]:
    """Time and print a cross-validated elastic net beside ``cv.glmnet``, or say why not."""
    from tests.estimators.r.installed import missing_from_r
    from tests.estimators.r.time_glmnet import seconds_beside_glmnet

    if reason := missing_from_r(("glmnet",)):
        print(f"\nthe elastic net was not timed beside cv.glmnet: {reason}")
        return []
    rows: list[dict[str, object]] = []
    print(f"\n{'cross-validated elastic net':32} {'ours':>8} {'glmnet':>7} {'ratio':>6} {'budget':>7}")
    for predictors in PREDICTORS:
        ours, theirs = seconds_beside_glmnet(predictors)
        rows.append({"predictors": predictors, "seconds": ours, "cv.glmnet": theirs})
        name = f"{predictors} predictors"
        print(f"{name:32} {ours:8.3f} {theirs:7.3f} {ours / theirs:6.2f} {TARGET_OF_GLMNET:7.1f}")
    return rows


if __name__ == "__main__":
    main()
