"""Processes that work for another end with it, whatever ends it; their logs stay small."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flows.common.processes import is_alive
from flows.common.settings import ROOT, Settings
from flows.schedule import serve
from flows.warehouse.dbt import Dbt

CHILD = """
import os, subprocess, sys, time
sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), sleeper.pid, flush=True)
time.sleep(600)
"""
STARTER = f"""
import sys, time
from flows.schedule.serve import _start
process = _start([sys.executable, "-c", {CHILD!r}], {{}})
time.sleep(600)
"""
WORKER = """
import os, sys, time
from flows.common.processes import Requests
requests = Requests(sys.stdin)
requests.idle()
print(os.getpid(), flush=True)
for line in requests:
    time.sleep(600)
"""
POOL = """
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from flows.common.processes import work_for_parent
def work(_):
    open(sys.argv[1] + str(os.getpid()), "w").close()
    time.sleep(600)
if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(2, mp_context=context, initializer=work_for_parent) as pool:
        list(pool.map(work, range(2)))
"""


def within(seconds: float, what: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
    return what()


def test_a_command_ends_with_its_starter_and_so_does_what_it_started(tmp_path: Path) -> None:
    script = tmp_path / "starter.py"
    script.write_text(STARTER)
    starter = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    pids = [int(x) for x in starter.stdout.readline().split()]
    assert len(pids) == 2
    assert all(map(is_alive, pids))
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    assert within(15, lambda: not any(map(is_alive, pids)))


def test_a_worker_that_does_not_end_is_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is gone it holds the database: whoever opens that next meets its lock."""
    monkeypatch.setattr("flows.warehouse.dbt.PATIENCE", 0.05)
    real, started = subprocess.Popen, list[Any]()

    def start(_: object, **how: Any) -> Any:
        started.append(real(["sleep", "60"], **how))
        return started[0]

    monkeypatch.setattr("flows.warehouse.dbt.subprocess.Popen", start)
    Dbt(settings, settings.next).close()
    # Not asked for: it was known when `close` came back.
    assert started[0].returncode == -signal.SIGKILL


def test_what_somebody_told_dbt_for_work_of_their_own_changes_no_build(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``DBT_RESOURCE_TYPES=model`` would leave out every test, ``DBT_TARGET`` build elsewhere."""
    given: list[dict[str, str]] = []
    real = subprocess.Popen

    def start(_: object, *, env: dict[str, str], **how: Any) -> Any:
        given.append(env)
        return real(["true"], **how)

    monkeypatch.setattr("flows.warehouse.dbt.subprocess.Popen", start)
    for name in ("DBT_RESOURCE_TYPES", "DBT_TARGET", "DBT_EMPTY", "DBT_PROFILES_DIR"):
        monkeypatch.setenv(name, "theirs")
    Dbt(settings, settings.next).close()
    assert "theirs" not in given[0].values()
    assert given[0]["DBT_PROFILES_DIR"] == str(settings.root)


@pytest.mark.parametrize("busy", [False, True])
def test_a_worker_ends_when_nobody_asks_any_more(tmp_path: Path, busy: bool) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdout.readline()
    if busy:
        worker.stdin.write("work\n")
        worker.stdin.flush()
        time.sleep(0.5)
    # As the system does when the asking process is killed.
    worker.stdin.close()
    assert within(5, lambda: worker.poll() is not None)
    assert worker.returncode == (1 if busy else 0)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the system tells workers of their parent's end on Linux"
)
def test_the_workers_of_a_pool_end_with_who_made_it(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    owner = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "worker-")], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert within(60, lambda: len(list(tmp_path.glob("worker-*"))) == 2)
    pids = [int(p.name.removeprefix("worker-")) for p in tmp_path.glob("worker-*")]
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert within(5, lambda: not any(map(is_alive, pids)))


def test_a_log_begins_anew_when_it_is_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "LOG_BYTES", 2000)
    command = [sys.executable, "-c", "for n in range(1000): print('line', n)"]
    process = serve._start(command, {}, tmp_path / "server.log")
    process.wait(60)
    assert within(10, lambda: "line 999" in (tmp_path / "server.log").read_text())
    logs = sorted(p.name for p in tmp_path.iterdir())
    assert logs == ["server.log", *(f"server.log.{n}" for n in range(1, serve.LOGS + 1))]
    assert max(p.stat().st_size for p in tmp_path.iterdir()) <= 2000
