"""The refresh as a Prefect flow, once, on a temporary server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.common.settings import ROOT, Settings
from tests.end_to_end.test_refresh import amended, digest, value
from tests.installation import Installation
from tests.receivers import Receiver


def test_killed_while_building_what_is_published_stays_and_the_flow_takes_the_next_in(
    copied: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(copied.settings.published)
    old = value(copied, "886", 2024, "cin_at_31_march_count")
    assert isinstance(old, float)
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / ".synthetic").write_bytes(b"")
    amended(copied, folder, {("886", "2024", "At31_episodes"): str(int(old) + 5)})
    killed_while_building(copied, folder)
    assert digest(copied.settings.published) == before
    assert value(copied, "886", 2024, "cin_at_31_march_count") == old

    # What the killed run landed is landed; the next one has another amendment.
    amended(copied, folder, {("886", "2024", "At31_episodes"): str(int(old) + 6)})
    artifacts, told = refreshed(copied, folder, monkeypatch)
    # Word goes to the block that there is; the one that there is not stops nothing.
    assert [h["title"] for h in told] == ["Refresh published"]
    assert "dfe_cin 2024-r3" in told[0]["message"]
    assert {"landed", "tests", "edition-changes"} <= set(artifacts)
    assert "b1_children_in_need" in str(artifacts["landed"].data)
    assert "0 failed" in str(artifacts["tests"].data)

    # Each amendment is an edition of its own.
    assert value(copied, "886", 2024, "cin_at_31_march_count") == old + 6
    with duckdb.connect(str(copied.settings.published), read_only=True) as con:
        assert con.execute("select count(*) from marts.fct_inspection").fetchone()
        assert con.execute(
            "select previous_edition, previous_value, edition, value from audit.rpt_edition_changes "
            "where area_code = '886' and year = 2024 and measure_id = 'cin_at_31_march_count' "
            "and edition like '2024-r%' order by edition"
        ).fetchall() == [("2024", old, "2024-r2", old + 5), ("2024-r2", old + 5, "2024-r3", old + 6)]
    # What depends on it was built anew, and nothing else.
    results = json.loads((copied.settings.data / "dbt" / "target" / "run_results.json").read_text())["results"]
    built = {r["unique_id"].rsplit(".", 1)[-1] for r in results if r["unique_id"].startswith("model.")}
    assert {"stg_dfe_cin__cells", "fct_inspection_year"} <= built
    assert not {"stg_dfe_cla__cells", "stg_dfe_lait__cells", "stg_dfe_s251_outturn__cells"} & built


def killed_while_building(installation: Installation, folder: Path) -> None:
    """Begin a run on a folder and kill it once it builds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "run", "--returns", str(folder)],
        env={**os.environ, "CSW_DATA": str(installation.settings.data)},
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not installation.settings.next.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    assert installation.settings.next.exists()
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def refreshed(
    installation: Installation, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str | None, Any], list[dict[str, Any]]]:
    """The flow, run on a folder: its artifacts by key, and what was sent to whom it may concern."""
    from prefect.blocks.webhook import Webhook
    from prefect.client.orchestration import get_client
    from prefect.testing.utilities import prefect_test_harness

    from flows.schedule.refresh import refresh

    with Receiver() as told, prefect_test_harness(server_startup_timeout=120):
        Webhook(url=told.url, allow_private_urls=True).save("notices")
        monkeypatch.setenv("CSW_NOTIFY", "block:webhook/notices, block:webhook/nobody")
        published = refresh(str(folder), data=str(installation.settings.data))
        with get_client(sync_client=True) as client:
            artifacts = {a.key: a for a in client.read_artifacts()}
    assert published == str(installation.settings.published)
    return artifacts, told.heard


def test_the_deployments_name_the_flow_and_one_writer() -> None:
    import yaml

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert [d["name"] for d in deployments] == ["poll", "refresh"]
    for deployment in deployments:
        module, flow = deployment["entrypoint"].split(":")
        assert (ROOT / module).exists()
        assert f"def {flow}(" in (ROOT / module).read_text()
        assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert deployments[0]["schedules"] == [{"cron": "30 9-12 * * *", "timezone": "Europe/London"}]
    assert deployments[0]["parameters"] == {"live": True, "due_only": True}


def test_an_inbox_that_was_cleared_is_no_folder_to_land(settings: Settings) -> None:
    from flows.schedule.refresh import _filled_inbox

    assert _filled_inbox(settings) is None
    settings.inbox.mkdir(parents=True)
    (settings.inbox / ".synthetic").touch()
    assert _filled_inbox(settings) is None
    (settings.inbox / "b1.csv").touch()
    assert _filled_inbox(settings) == settings.inbox
