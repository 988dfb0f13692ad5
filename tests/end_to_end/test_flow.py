"""The refresh as a Prefect flow, once, on a temporary server."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows.common.settings import Settings
from tests.end_to_end.test_refresh import amended, value
from tests.installation import Installation
from tests.receivers import Receiver


def test_the_flow_refreshes_and_leaves_artifacts(
    copied: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.blocks.webhook import Webhook
    from prefect.client.orchestration import get_client
    from prefect.testing.utilities import prefect_test_harness

    from flows.schedule.refresh import refresh

    old = value(copied, "886", 2024, "cin_at_31_march_count")
    assert isinstance(old, float)
    folder = tmp_path / "delivery"
    folder.mkdir()
    (folder / ".synthetic").write_bytes(b"")
    amended(copied, folder, {("886", "2024", "At31_episodes"): str(int(old) + 4)})
    with Receiver() as told, prefect_test_harness(server_startup_timeout=120):
        Webhook(url=told.url, allow_private_urls=True).save("desk")
        monkeypatch.setenv("CSW_NOTIFY", "block:webhook/desk, block:webhook/nobody")
        published = refresh(str(folder), data=str(copied.settings.data))
        with get_client(sync_client=True) as client:
            artifacts = {a.key: a for a in client.read_artifacts()}
    assert published == str(copied.settings.published)
    # Word goes to the block that there is; the one that there is not stops nothing.
    assert [h["title"] for h in told.heard] == ["Refresh published"]
    assert "dfe_cin 2024-r2" in told.heard[0]["message"]
    assert value(copied, "886", 2024, "cin_at_31_march_count") == old + 4
    assert {"landed", "tests", "edition-changes"} <= set(artifacts)
    assert "b1_children_in_need" in str(artifacts["landed"].data)
    assert "0 failed" in str(artifacts["tests"].data)
    with duckdb.connect(published, read_only=True) as con:
        assert con.execute("select count(*) from marts.fct_inspection").fetchone()


def test_the_deployments_name_the_flow_and_one_writer() -> None:
    import yaml

    from flows.common.settings import ROOT

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
