"""How long things take, in ratios to their targets and to plain DuckDB; `make bench`. Never a timed test.

It runs in a data folder of its own: a cold run, one with nothing new, one with one changed publication, `csw --help`,
and the same compiled SQL executed by DuckDB alone, so that what dbt adds is visible. Reading the reports, running the
studies and writing the site have budgets of their own and are not counted into a run's. Then the estimators on
simulated panels.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from flows.common.settings import ROOT

TARGETS = {
    "cold run": 60.0,
    "nothing new": 5.0,
    "one publication changed": 30.0,
    "csw --help": 0.5,
    "read reports": 60.0,
    "analyse": 45.0,
    "report": 60.0,
}
#: Stages with a budget of their own.
APART = ("read reports", "analyse", "report")
TARGET_MEMORY_MB = 2000
#: the publication that is amended for the third run: the one with the most landed bytes among the small ones
CHANGED = "dfe_workforce/2022/csww_headline_measures_2017_to_2022.csv"


def main() -> None:
    """Run the benchmark and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--returns", type=Path, default=ROOT.parent / "shared" / "returns")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="csw-bench-") as folder:
        figures = measure(arguments.returns.resolve(), Path(folder))
    show(figures)
    figures["estimators"] = show_estimators()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def measure(returns: Path, folder: Path) -> dict[str, object]:
    """All figures, in seconds and megabytes."""
    data = folder / "data"
    seconds: dict[str, float] = {}
    seconds["csw --help"] = min(_time(["--help"], data)[0] for _ in range(3))
    wall, memory = _time(["run", "--returns", str(returns)], data)
    cold = json.loads((data / "last_run.json").read_text())
    seconds |= {stage: cold["stages"][stage] for stage in APART}
    seconds["cold run"] = wall - _apart(cold)
    seconds["nothing new"], _ = _time(["run", "--returns", str(returns)], data)
    plain = plain_duckdb(data, folder)
    changed = folder / "changed"
    amend(returns / CHANGED, changed)
    wall, _ = _time(["run", "--returns", str(changed)], data)
    refresh = json.loads((data / "last_run.json").read_text())
    seconds["one publication changed"] = wall - _apart(refresh)
    return {"seconds": seconds, "memory_mb": memory, "cold": cold, "refresh": refresh, "plain_duckdb": plain}


def _apart(record: dict[str, dict[str, float]]) -> float:
    return sum(record["stages"].get(stage, 0.0) for stage in APART)


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
    # Compiled SQL names the database it was compiled for.
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
    """Print the figures with their ratios to the targets."""
    seconds: dict[str, float] = figures["seconds"]  # type: ignore[assignment]
    cold: dict[str, dict[str, float]] = figures["cold"]  # type: ignore[assignment]
    refresh: dict[str, dict[str, float]] = figures["refresh"]  # type: ignore[assignment]
    print(f"{'':28} {'seconds':>8} {'target':>7} {'ratio':>6}")
    for name, target in TARGETS.items():
        print(f"{name:28} {seconds[name]:8.2f} {target:7.1f} {seconds[name] / target:6.2f}")
    memory = float(figures["memory_mb"])  # type: ignore[arg-type]
    print(f"{'peak memory, MB':28} {memory:8.0f} {TARGET_MEMORY_MB:7d} {memory / TARGET_MEMORY_MB:6.2f}")
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


if __name__ == "__main__":
    main()
