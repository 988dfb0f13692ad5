"""``csw serve`` on a real Prefect server of this machine: it schedules, runs, says what came of it, and lets nobody in.

Quick enough for every change: the runs find nothing to do or fail at once. What a scheduled run publishes is tested in
tests/live/test_schedules.py.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.common.errors import CswError
from flows.common.settings import ROOT, Settings
from flows.schedule import serve
from flows.schedule.polling import polls
from flows.schedule.serve import auth_path
from flows.schedule.upcoming import Upcoming, errors_of, upcoming
from tests.receivers import Receiver, free_port

QUICK = {
    # The server looks for what to schedule, and the runner for what to run, every second instead of every minute.
    "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1",
    "PREFECT_RUNNER_POLL_FREQUENCY": "1",
    "PREFECT_SERVER_SERVICES_SCHEDULER_INSERT_BATCH_SIZE": "50",
}


def wait_for(what: Callable[[], Any], seconds: float, why: str) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.2)
    pytest.fail(f"{why}: not within {seconds} s")


@dataclass
class Served:
    """``csw serve``, running."""

    settings: Settings
    url: str
    process: subprocess.Popen[bytes]
    log: Path
    heard: list[dict[str, str]]

    def client(self, **options: Any) -> httpx.Client:
        user, _, password = auth_path(self.settings).read_text().strip().partition(":")
        # Not encrypted, and asked every fifth of a second: no certificates are read.
        return httpx.Client(base_url=self.url, auth=(user, password), timeout=20, verify=False, **options)

    def ask(self, path: str, /, **body: Any) -> Any:
        with self.client() as client:
            for _ in range(10):
                answer = client.post(path, json=body)
                # Its database is busy: the server asks to try again, as Prefect's own client does.
                if answer.status_code != 503:
                    break
                time.sleep(1)
            answer.raise_for_status()
            return answer.json()

    def deployment(self, name: str) -> dict[str, Any]:
        def ready() -> dict[str, Any] | None:
            found: list[dict[str, Any]] = self.ask("deployments/filter")
            return next((d for d in found if d["name"] == name and d["status"] == "READY"), None)

        return dict(wait_for(ready, 60, f"deployment {name} is ready"))

    def ended(self, run: str) -> tuple[str, str]:
        def state() -> dict[str, Any] | None:
            with self.client() as client:
                said = client.get(f"flow_runs/{run}").json()["state"]
            return said if said["type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None

        found = wait_for(state, 60, f"run {run} has ended")
        return found["type"], found["message"] or ""

    def shown(self) -> Upcoming:
        return upcoming(self.settings)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    settings = Settings(data=folder / "data")
    # Every publication was asked just now, so that a poll finds none due.
    settings.live.mkdir(parents=True)
    now = datetime.now(UTC).isoformat()
    asked = {p.source: {"asked": now, "next_release": "", "failed": ""} for p in polls(settings)}
    (settings.live / "state.json").write_text(json.dumps({"sources": asked}))
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    port = free_port()
    with Receiver() as receiver, (folder / "serve.log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "serve", "--port", str(port)],
            cwd=ROOT,
            env={
                **plain,
                **QUICK,
                "CSW_DATA": str(settings.data),
                "CSW_NOTIFY": receiver.url.replace("http://", "json://"),
                "PYTHONUNBUFFERED": "1",
            },
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        made = Served(settings, f"http://127.0.0.1:{port}/api/", process, folder / "serve.log", receiver.heard)
        wait_for(lambda: (settings.data / "prefect" / "serving.json").exists(), 120, "the server answers")
        try:
            yield made
        finally:
            process.terminate()
            process.wait(60)


def test_it_schedules_runs_in_time_and_says_what_came_of_it(served: Served) -> None:
    poll = served.deployment("poll")
    # Scheduled by the server's own service, days ahead.
    wait_for(lambda: served.shown().next, 30, "scheduled runs appear")
    first = served.shown().next[0]
    assert first.name == "poll"
    assert first.at.astimezone(UTC) > datetime.now(UTC)
    assert first.at.minute == 30
    # One of another schedule, whose time comes now.
    before = {r.at for r in served.shown().last}
    with served.client() as client:
        soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
        every = [{"active": True, "schedule": {"interval": 86400, "anchor_date": soon}}]
        client.post(f"deployments/{poll['id']}/schedules", json=every).raise_for_status()
    wait_for(lambda: [r for r in served.shown().last if r.at not in before], 60, "a scheduled run ends")
    ran = served.shown().last[0]
    assert (ran.name, ran.state) == ("poll", "Completed")
    assert ran.said == "No publication is due to be asked for today."
    assert "poll completed: No publication is due" in served.shown().text()


def test_a_failure_is_reported(served: Served) -> None:
    refresh = served.deployment("refresh")
    run = served.ask(f"deployments/{refresh['id']}/create_flow_run", parameters={})["id"]
    state, said = served.ended(run)
    assert state == "FAILED"
    assert "nothing to land" in said
    wait_for(lambda: any(h["title"].startswith("Refresh failed") for h in served.heard), 20, "people are told")
    assert any("nothing to land" in r.said for r in served.shown().failures)
    assert "failed" in served.shown().text()


@pytest.mark.parametrize("where", [{"data": "/"}, {"returns": "/"}])
def test_a_run_stays_within_its_installation(served: Served, where: dict[str, str], tmp_path: Path) -> None:
    refresh = served.deployment("refresh")
    asked = {name: str(tmp_path / name) for name in where}
    (tmp_path / "returns").mkdir(exist_ok=True)
    (tmp_path / "returns" / "b1.csv").write_text("x")
    run = served.ask(f"deployments/{refresh['id']}/create_flow_run", parameters=asked)["id"]
    state, said = served.ended(run)
    assert state == "FAILED"
    assert "no other" in said or "nowhere else" in said
    assert not (tmp_path / "data").exists()


def test_a_deployment_that_was_changed_runs_nothing_else(served: Served, tmp_path: Path) -> None:
    refresh = served.deployment("refresh")
    trace = tmp_path / "ran"
    with served.client() as client:
        full = client.get(f"deployments/{refresh['id']}").json()
    kept = ("name", "flow_id", "entrypoint", "path", "parameters", "parameter_openapi_schema", "version")
    step = {"prefect.deployments.steps.run_shell_script": {"script": f"touch {trace}"}}
    posted = served.ask("deployments/", **{k: full[k] for k in kept}, pull_steps=[step])
    assert posted["id"] == refresh["id"]
    run = served.ask(f"deployments/{refresh['id']}/create_flow_run", parameters={})["id"]
    assert served.ended(run)[0] == "FAILED"  # nothing to land, as before
    assert not trace.exists()


def test_nobody_is_let_in(served: Served) -> None:
    base = served.url.removesuffix("/")
    # Without the password, or with another.
    assert httpx.post(f"{base}/deployments/filter", json={}).status_code == 401
    assert httpx.post(f"{base}/deployments/filter", json={}, auth=("csw", "guess")).status_code == 401
    # Under another name, as a page does that gives its name this machine's address.
    assert httpx.get(f"{base}/health", headers={"Host": "evil.example"}).status_code == 400
    # From another page: the browser is told nothing that would let it read or send.
    asks = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{base}/deployments/", headers=asks)
    assert "access-control-allow-origin" not in answer.headers
    own = httpx.get(f"{base}/health", headers={"Origin": base.removesuffix("/api")})
    assert own.headers.get("access-control-allow-origin") in {base.removesuffix("/api"), None}
    assert own.headers.get("access-control-allow-origin") != "*"
    # Only this user can read the password, and only this machine can ask.
    path = auth_path(served.settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text()) > 30
    listening = Path("/proc/net/tcp")
    if listening.exists():
        port = f":{int(base.split(':')[2].split('/')[0]):04X} "
        lines = [x.split()[1] for x in listening.read_text().splitlines() if port in x and " 0A " in x]
        assert [x.split(":")[0] for x in lines] == ["0100007F"]


def test_status_shows_it(served: Served) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "status"],
        cwd=ROOT,
        env={**os.environ, "CSW_DATA": str(served.settings.data)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "  next  " in done.stdout
    assert "poll scheduled" in done.stdout


def test_killed_it_leaves_nothing_running(served: Served) -> None:
    """The last of these tests: it ends what they share."""
    served.process.send_signal(signal.SIGKILL)
    served.process.wait()
    wait_for(lambda: _refuses(served.url), 30, "the server has ended")
    wait_for(lambda: not _of(served.settings), 30, "every process has ended")


def _refuses(url: str) -> bool:
    try:
        httpx.get(f"{url}health", timeout=1)
    except httpx.HTTPError:
        return True
    return False


def _of(settings: Settings) -> list[str]:
    """Processes of this installation, where the system lists them."""
    found = []
    for place in Path("/proc").glob("[0-9]*") if Path("/proc").exists() else []:
        try:
            if str(settings.data).encode() in (place / "environ").read_bytes() and int(place.name) != os.getpid():
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [c for c in found if c.strip()]


def test_the_servers_own_errors_are_found_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(
        "12:00:00.000 | INFO    | prefect - fine\n"
        "12:00:01.000 | ERROR   | prefect.server.services.scheduler - Unexpected error\n"
        "sqlalchemy.exc.InvalidRequestError: Can't evaluate bulk DML statement\n" * 3
    )
    assert errors_of(log) == [
        "12:00:01.000 | ERROR   | prefect.server.services.scheduler - Unexpected error",
        "sqlalchemy.exc.InvalidRequestError: Can't evaluate bulk DML statement",
    ]
    assert errors_of(tmp_path / "none") == []


def test_a_data_folder_is_served_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def second(*_: object) -> None:
        serve.serve(settings, 4299, lambda _: None)

    monkeypatch.setattr(serve, "_serve", second)
    with pytest.raises(CswError, match="`csw serve` runs already for"):
        serve.serve(settings, 4200, lambda _: None)
    monkeypatch.setattr(serve, "_serve", lambda *_: None)
    serve.serve(settings, 4299, lambda _: None)  # the first has ended


@pytest.mark.parametrize("odd", [b"", b"nobody", b"csw:\xe9\xff"])
def test_a_password_that_is_none_is_made_again(settings: Settings, odd: bytes) -> None:
    serve.home_of(settings)
    serve.auth_path(settings).write_bytes(odd)
    user, _, password = serve._password(settings).partition(":")
    assert (user, len(password) > 20) == ("csw", True)
    assert serve._password(settings) == f"{user}:{password}"
