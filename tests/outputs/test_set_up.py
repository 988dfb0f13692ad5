"""`csw doctor` sees what does not fit, and says what to do."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from importlib import metadata

import pytest

from flows.common.findings import Finding, verdict
from flows.common.lock import LAYOUT_FILE
from flows.common.settings import Settings
from flows.outputs.set_up import set_up
from flows.schedule.doctor import examine
from flows.schedule.upcoming import Upcoming
from flows.warehouse.fingerprint import state_path
from flows.warehouse.publish import publish
from tests.warehouse.made import make_next


def look(settings: Settings) -> dict[str, Finding]:
    return {f.about: f for f in set_up(settings)}


def test_a_new_installation_is_fine(settings: Settings) -> None:
    found = look(settings)
    assert {f.about for f in found.values() if f.is_fine is False} == set()
    assert found["Python"].is_fine
    assert found["packages"].is_fine
    assert found["data folder"].what_to_do == "`csw run` makes it."
    assert verdict(list(found.values())).startswith(f"Nothing is wrong: {len(found)} things looked at, ")
    more = [
        *found.values(),
        Finding("ONS", False, "no series"),
        Finding("ONS", False, "no day"),
        Finding("x", None, "y"),
    ]
    assert verdict(more) == f"WRONG: 2 of {len(more)} things looked at: ONS."


def test_a_package_of_another_version_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def other(name: str) -> str:
        if name == "dbt-duckdb":
            raise metadata.PackageNotFoundError(name)
        return "2.1.9" if name == "sqlalchemy" else real(name)

    monkeypatch.setattr(metadata, "version", other)
    found = look(settings)["packages"]
    assert found.is_fine is False
    assert found.said == "dbt-duckdb is not installed; sqlalchemy 2.1.9 is not <2.1"


def test_a_setting_that_is_none_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSW_HTTP_RAET", "1")
    assert look(settings)["settings"].said == "no such settings: CSW_HTTP_RAET"


def test_the_published_warehouse_is_looked_at(settings: Settings) -> None:
    make_next(settings, "a")
    publish(settings)
    assert look(settings)["published warehouse"].is_fine
    make_next(settings, "b")
    publish(settings)
    found = look(settings)
    assert found["to go back to"].said == "1 earlier warehouse"
    with settings.published.open("r+b") as f:
        f.truncate(5000)
    assert look(settings)["published warehouse"].is_fine is False
    shutil.rmtree(settings.earlier)
    state_path(settings).unlink()


def test_both_kinds_a_later_version_and_little_space_are_wrong(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, url in enumerate(("synthetic:x", "https://www.gov.uk/x")):
        proof = settings.archive / "s" / "e" / str(n) / "provenance.json"
        proof.parent.mkdir(parents=True)
        proof.write_text(json.dumps({"url": url}))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 10_000_000))
    found = look(settings)
    assert (found["data folder"].is_fine, "real AND synthetic files" in found["data folder"].said) == (False, True)
    assert (found["space"].is_fine, "10" in found["space"].said or "0.0 GB" in found["space"].said) == (False, True)
    (settings.data / LAYOUT_FILE).write_text('{"layout": 9}')
    assert "later version" in look(settings)["data folder"].said


@pytest.mark.parametrize(
    ("seen", "is_fine", "says"),
    [
        (Upcoming(), None, "none run here"),
        (Upcoming("http://127.0.0.1:1/api", "no server answers there."), False, "no server answers"),
        (Upcoming("http://127.0.0.1:1/api"), False, "nothing is scheduled"),
    ],
)
def test_the_schedules_are_looked_at(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, seen: Upcoming, is_fine: bool | None, says: str
) -> None:
    monkeypatch.setattr("flows.schedule.doctor.upcoming", lambda _: seen)
    found = {f.about: f for f in examine(settings)}["schedules"]
    assert (found.is_fine, says in found.text()) == (is_fine, True)


def test_a_server_that_cannot_schedule_is_seen(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a database library that the server does not go with: it says so in its log only."""
    seen = Upcoming("http://127.0.0.1:1/api", log=["sqlalchemy.exc.InvalidRequestError: Can't evaluate"])
    monkeypatch.setattr("flows.schedule.doctor.upcoming", lambda _: seen)
    texts = [f.text() for f in examine(settings)]
    assert any("WRONG" in t and "nothing is scheduled" in t for t in texts)
    assert any("Can't evaluate" in t for t in texts)
