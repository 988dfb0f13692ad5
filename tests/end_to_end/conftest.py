"""A refresh of the sample, made once for all tests: killed while it builds, and then run by Prefect to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from analysis.marts import Marts
from flows.common.settings import ROOT, Settings
from flows.outputs.site import is_current
from tests.end_to_end.test_refresh import amended, digest, value
from tests.installation import Installation, made_once
from tests.later_releases import cin_of_2025, others_of_2025
from tests.made_up import put
from tests.receivers import Receiver

#: The figure that is amended: its authority and year, and its column and measure. No later release prints that year.
AMENDED = ("886", "2013", "At31_episodes")
MEASURE = "cin_at_31_march_count"

#: Studies that run again on the refreshed warehouse. The others keep the results that they have: they run on the sample
#: and on the real returns, and no test reads them here.
RUN_AGAIN = ("report_themes", "value_added")


@dataclass(frozen=True)
class Refreshed:
    """What a killed refresh left, and what the next one made. Read only."""

    installation: Installation
    #: What the second was given: the amendment, and the releases of 2025.
    delivery: Path
    #: The site as it was before.
    site_before: Path
    facts: dict[str, Any]


@pytest.fixture(scope="session")
def refreshed(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """The sample, given an amendment by a run that is killed, and another with the releases of 2025 by the flow."""

    def make(folder: Path) -> None:
        delivery = folder / "delivery"
        installation = published.copied_to(folder / "data")
        la, year, _ = AMENDED
        before, old = digest(installation.settings.published), value(installation, la, int(year), MEASURE)
        assert isinstance(old, float)
        delivery.mkdir()
        (delivery / ".synthetic").write_bytes(b"")
        amended(installation, delivery, {AMENDED: str(int(old) + 5)})
        killed_while_building(installation, delivery)
        facts: dict[str, Any] = {
            "old": old,
            "stayed": digest(installation.settings.published) == before,
            "then": value(installation, la, int(year), MEASURE),
            "site was current": is_current(installation.settings),
        }
        # What the killed run landed is landed; the next one has another amendment.
        amended(installation, delivery, {AMENDED: str(int(old) + 6)})
        for name, content in {**cin_of_2025(published.returns), **others_of_2025(published.returns)}.items():
            put(delivery, name, content)
        facts |= run_by_prefect(installation, delivery)
        (folder / "facts.json").write_text(json.dumps(facts, default=str), encoding="utf-8")

    folder = made_once(tmp_path_factory, "refreshed", make)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    installation = Installation(Settings(data=folder / "data"), published.returns, published.truth)
    return Refreshed(installation, folder / "delivery", published.settings.report, facts)


def killed_while_building(installation: Installation, folder: Path) -> None:
    """Land a folder, begin to build, and kill that once dbt writes into the next warehouse."""
    installation.must("land", "--returns", str(folder))
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "build"],
        env={**os.environ, "CSW_DATA": str(installation.settings.data)},
        cwd=ROOT,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    written = installation.settings.next.with_name(installation.settings.next.name + ".wal")
    deadline = time.monotonic() + 120
    while not written.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    assert written.exists()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_by_prefect(installation: Installation, folder: Path) -> dict[str, Any]:
    """The flow, run on a folder on a temporary server: what it returned, its artifacts, and who was told what."""
    from prefect.blocks.webhook import Webhook
    from prefect.client.orchestration import get_client
    from prefect.testing.utilities import prefect_test_harness

    from flows.schedule.refresh import refresh

    with (
        pytest.MonkeyPatch.context() as patched,
        Receiver() as told,
        prefect_test_harness(server_startup_timeout=120),
    ):
        Webhook(url=told.url, allow_private_urls=True).save("notices")
        patched.setenv("CSW_NOTIFY", "block:webhook/notices, block:webhook/nobody")
        without_what_nobody_reads(patched)
        published = refresh(str(folder), data=str(installation.settings.data))
        with get_client(sync_client=True) as client:
            artifacts = {a.key: a.data for a in client.read_artifacts()}
    return {"returned": str(published), "artifacts": artifacts, "told": told.heard}


def without_what_nobody_reads(patched: pytest.MonkeyPatch) -> None:
    """Leave out of a refresh what no test of it looks at: the exports, most studies, and models side by side."""
    from analysis.results import Inputs, kept_inputs
    from analysis.studies.spec import slugs
    from flows.warehouse.dbt import Dbt, DbtResult
    from flows.warehouse.refresh import Refresh

    kept = [study for study in slugs() if study not in RUN_AGAIN]

    def inputs(marts: Marts) -> Inputs:
        # Nothing was asked, so nothing is answered otherwise than before.
        return {**kept_inputs(marts), **{study: {} for study in kept}}

    whole = Dbt.build

    def one_at_a_time(self: Dbt, wanted: Refresh | None, progress: Callable[[str], None] | None) -> DbtResult:
        return whole(self, wanted and replace(wanted, select=(*wanted.select, "--threads", "1")), progress)

    patched.setattr(Dbt, "build", one_at_a_time)
    patched.setattr("analysis.studies.run.kept_inputs", inputs)
    patched.setattr("flows.stages.outputs.exports_are_current", lambda _: True)
