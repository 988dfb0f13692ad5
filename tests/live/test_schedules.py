"""The schedules on a real Prefect server of this machine: served by the command, and by a work pool."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from flows.common.settings import ROOT, Settings
from flows.schedule.serve import auth_path, server
from flows.warehouse.fingerprint import file_identity
from tests.fake_publishers import FakePublishers, Quirks
from tests.installation import Installation
from tests.receivers import Receiver, free_port

SOURCES = ["dfe_cin", "ons_prices"]
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def wait_for(what: Callable[[], Any], seconds: float, why: str) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.3)
    pytest.fail(f"{why}: not within {seconds} s")


class Api:
    """A Prefect server's API, as a person at a terminal would ask it."""

    def __init__(self, url: str, auth: str = "") -> None:
        self.url, self.auth = url, auth

    @property
    def who(self) -> tuple[str, str]:
        user, _, password = self.auth.partition(":")
        return user, password

    def ask(self, path: str, **body: Any) -> Any:
        for _ in range(10):
            answer = httpx.post(f"{self.url}/{path}", json=body, auth=self.who, timeout=30)
            # Its database is busy: the server asks to try again, as Prefect's own client does.
            if answer.status_code != 503:
                break
            time.sleep(2)
        answer.raise_for_status()
        return answer.json()

    def deployment(self, name: str) -> dict[str, Any] | None:
        found = self.ask("deployments/filter")
        return next((d for d in found if d["name"] == name and d["status"] == "READY"), None)

    def start(self, name: str, **parameters: Any) -> str:
        deployment = wait_for(lambda: self.deployment(name), 60, f"deployment {name} ready")
        made = self.ask(f"deployments/{deployment['id']}/create_flow_run", parameters=parameters)
        return str(made["id"])

    def scheduled(self, name: str, seconds: float) -> str:
        """Give a deployment one more schedule, whose time comes so soon; the run that the server makes of it."""
        deployment = wait_for(lambda: self.deployment(name), 60, f"deployment {name} ready")
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        every = [{"active": True, "schedule": {"interval": 86400, "anchor_date": at.isoformat()}}]
        url = f"{self.url}/deployments/{deployment['id']}/schedules"
        httpx.post(url, json=every, auth=self.who, timeout=30).raise_for_status()
        of_it = {"deployments": {"id": {"any_": [deployment["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}

        def made() -> str:
            planned = {
                r["expected_start_time"].replace("Z", "+00:00"): r for r in self.ask("flow_runs/filter", **of_it)
            }
            found = [r for day, r in planned.items() if abs(datetime.fromisoformat(day) - at) < timedelta(seconds=2)]
            return str(found[0]["id"]) if found else ""

        return str(wait_for(made, 90, f"the server schedules {name}"))

    def run(self, run: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/flow_runs/{run}", auth=self.who, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def ended(self, run: str, seconds: float = 600) -> tuple[str, str]:
        """The state in which a run ended, and what it says."""
        done = wait_for(
            lambda: r if (r := self.run(run))["state_type"] in ENDED else None, seconds, f"run {run} has ended"
        )
        return done["state_type"], done["state"]["message"] or ""

    def artifacts(self, run: str) -> dict[str, str]:
        found = self.ask("artifacts/filter", artifacts={"flow_run_id": {"any_": [run]}})
        return {a["key"]: str(a["data"]) for a in found}


@pytest.fixture
def told() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A webhook on the loopback, and what it was told."""
    with Receiver() as receiver:
        yield receiver.url.replace("http://", "json://"), receiver.heard


@contextmanager
def process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs beside the test, ended with everything that it started."""
    with log.open("wb") as out:
        started = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()


@pytest.fixture
def fake(copied: Installation) -> Iterator[FakePublishers]:
    """Servers that have what the installation was made from, and nothing besides."""
    with FakePublishers(copied.returns, sources=SOURCES, quirks=replace(Quirks(), own_series=False)) as servers:
        yield servers


def asked_long_ago(settings: Settings) -> None:
    """As if every server had been asked last a week ago."""
    path = settings.live / "state.json"
    said = json.loads(path.read_text())
    for entry in said["sources"].values():
        entry["asked"] = (datetime.now(UTC) - timedelta(days=8)).replace(microsecond=0).isoformat()
    path.write_text(json.dumps(said))


def environment_of(copied: Installation, fake: FakePublishers, **more: str) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    quick = {
        "CSW_HTTP_TRIES": "1",
        "PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS": "1",
        # The server looks every few seconds for what to schedule, not every minute.
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
    }
    return {**plain, **fake.environment(), **quick, "CSW_DATA": str(copied.settings.data), **more}


@pytest.mark.slow
def test_served_by_the_command(
    copied: Installation, fake: FakePublishers, told: tuple[str, list[dict[str, str]]], tmp_path: Path
) -> None:
    address, heard = told
    port = free_port()
    api = Api(f"http://127.0.0.1:{port}/api")
    environment = environment_of(copied, fake, CSW_NOTIFY=address)
    command = [sys.executable, "-m", "flows.cli", "serve", "--port", str(port)]
    before = file_identity(copied.settings.published)
    with process(command, environment, tmp_path / "serve.log") as serving:
        wait_for(lambda: (copied.settings.data / "prefect" / "serving.json").exists(), 180, "the server answers")
        api.auth = auth_path(copied.settings).read_text().strip()
        # Polled every day from 09:30 London time.
        poll = wait_for(lambda: api.deployment("poll"), 60, "poll is ready")
        assert [(s["schedule"]["cron"], s["schedule"]["timezone"], s["active"]) for s in poll["schedules"]] == [
            ("30 9-12 * * *", "Europe/London", True)
        ]
        # The servers have what is held: nothing is built, nobody is told of it (but of the servers that failed).
        ended = api.ended(api.start("poll"))
        assert ended[0] == "COMPLETED"
        assert "Nothing new" in ended[1]
        assert file_identity(copied.settings.published) == before
        assert [h["title"] for h in heard] == ["Refresh: not everything was taken"]
        # Those that answered are not asked again today; those that did not are. That none of them answers now is a
        # failure, of which people are told once.
        fake.requests.clear()
        for _ in range(2):
            ended = api.ended(api.start("poll"))
            assert ended[0] == "FAILED"
            assert "no publisher's server gave anything" in ended[1]
        assert not [r for r in fake.requests if r.path.startswith("/api/publications/children-in-need")]
        wait_for(lambda: len(heard) > 1, 30, "people are told")
        assert [h["title"].split(":")[0] for h in heard] == ["Refresh", "Refresh failed"]
        assert file_identity(copied.settings.published) == before

        # A release is amended, a week later. The poll that its schedule starts publishes it; what starts beside it is
        # cancelled and says why.
        fake.turn_to("amended-in-place")
        asked_long_ago(copied.settings)
        first = api.scheduled("poll", seconds=25)
        wait_for(lambda: api.run(first)["state_type"] == "RUNNING", 90, "the scheduled run runs")
        # Not the same deployment, so that the writer's lock decides, and then the same one, which the server decides.
        wait_for(lambda: "build …" in (tmp_path / "serve.log").read_text(), 300, "it builds")
        second = api.ended(api.start("refresh", live=True))
        assert second[0] == "CANCELLED"
        assert "another run is writing" in second[1]
        third = api.ended(api.start("poll"))
        assert third == ("CANCELLED", "Deployment concurrency limit reached.")
        ended = api.ended(first)
        assert api.run(first)["auto_scheduled"]
        assert ended[0] == "COMPLETED", ended
        assert "Published, with dfe_cin 2024-r2" in ended[1]
        assert {"fetched", "landed", "tests", "edition-changes"} <= set(api.artifacts(first))
        published = file_identity(copied.settings.published)
        assert published != before
        assert heard[-1]["title"] == "Refresh published"
        assert "dfe_cin 2024-r2" in heard[-1]["message"]

        # A release that cannot be right: the run fails with the rows, the old warehouse stays, people are told.
        fake.turn_to("unknown-authority")
        failed = api.start("refresh", live=True)
        ended = api.ended(failed)
        assert ended[0] == "FAILED"
        assert "Atlantis" in api.artifacts(failed)["refresh-failure"]
        assert file_identity(copied.settings.published) == published
        wait_for(lambda: heard[-1]["title"].startswith("Refresh failed"), 30, "people are told")
        assert "Atlantis" in heard[-1]["message"]
        assert serving.poll() is None
    # Ended with everything that it started: the port is free again.
    with socket.socket() as s:
        assert s.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.slow
def test_deployed_to_a_work_pool(copied: Installation, fake: FakePublishers, tmp_path: Path) -> None:
    """As docs/serving.md says: a server, `prefect deploy --all`, a process worker."""
    settings = Settings(data=tmp_path / "server")
    with server(settings, free_port(), lambda _: None) as found:
        api = Api(found.url, found.auth)
        environment = environment_of(copied, fake, **found.environment(), PREFECT_HOME=str(tmp_path / "home"))
        prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
        for command in (["work-pool", "create", "csw", "--type", "process"], ["deploy", "--all"]):
            done = subprocess.run(
                [*prefect, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
        said = {d["name"]: d for d in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}
        held = {d["name"]: d for d in api.ask("deployments/filter")}
        assert set(held) == set(said)
        for d in held.values():
            assert d["work_pool_name"] == "csw"
            assert d["global_concurrency_limit"]["limit"] == 1
            assert d["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        fake.turn_to("amended-in-place")
        worker = [*prefect, "worker", "start", "--pool", "csw"]
        with process(worker, environment, tmp_path / "worker.log"):
            ended = api.ended(api.start("poll"))
        assert ended[0] == "COMPLETED", (tmp_path / "worker.log").read_text()[-3000:]
        assert "Published, with dfe_cin 2024-r2" in ended[1]


def test_a_server_that_does_not_answer_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.common.errors import CswError

    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{free_port()}/api")
    with pytest.raises(CswError, match="where no server answers"), server(settings, 0, lambda _: None):
        pass
