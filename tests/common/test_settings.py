"""Settings come from the environment under the names they always had; what is none of them is refused in words."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from flows.common.errors import CswError
from flows.common.settings import Servers, Settings, unknown_settings
from flows.warehouse import dbt
from flows.warehouse.dbt import build_memory_mb, memory_given


def test_names_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in {
        "CSW_DATA": str(tmp_path / "it's mine"),
        "CSW_EES_CONTENT": "http://127.0.0.1:1/api/",
        "CSW_HTTP_RATE": "0",
        "CSW_HTTP_TRIES": "2",
        "CSW_HTTP_DEADLINE": "1.5",
        "CSW_NOMIS_ROWS": "10",
        "CSW_NOTIFY": "json://host/a, mailto://b",
        "CSW_ROOT": "/elsewhere",
        "CSW_SERVERS": "{",
    }.items():
        monkeypatch.setenv(name, text)
    settings = Settings()
    assert settings.data == tmp_path / "it's mine"
    servers = settings.servers
    assert (servers.ees_content, servers.per_second, servers.tries) == ("http://127.0.0.1:1/api", 0.0, 2)
    assert (servers.deadline, servers.nomis_rows) == (1.5, 10)
    assert settings.notify == ("json://host/a", "mailto://b")
    assert "mailto" not in repr(settings)
    assert settings.root != Path("/elsewhere")
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert Settings(data=tmp_path).data == tmp_path


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("CSW_HTTP_RATE", "fast", "CSW_HTTP_RATE=fast: give a number"),
        ("CSW_HTTP_TRIES", "1.5", "CSW_HTTP_TRIES=1.5: give a whole number"),
        ("CSW_HTTP_TIMEOUT", "-1", "CSW_HTTP_TIMEOUT=-1: input should be greater than 0"),
        ("CSW_GOVUK", "gov.uk", "CSW_GOVUK=gov.uk: give an address"),
        ("CSW_DATA", "/x/a\nb", r"CSW_DATA=/x/a\\nb: .* line break"),
        ("CSW_DATA", os.fsdecode(b"/x/\xe9"), r"CSW_DATA=/x/\\xe9: .* not UTF-8"),
        ("CSW_DATA", "/x/[1]", "CSW_DATA=/x/.*databases take"),
        ("CSW_DATA", "/x/env=prod", "has .=., which databases take"),
        ("CSW_DATA", "~nobody-at-all/x", "no home folder is known"),
        ("CSW_DATA", "/dev/null", "CSW_DATA=/dev/null: a file is there"),
    ],
)
def test_a_wrong_one_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str, says: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(CswError, match=says):
        Settings()


def test_blank_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Settings()
    for name in ("CSW_DATA", "CSW_HTTP_RATE", "CSW_NOTIFY"):
        monkeypatch.setenv(name, "")
    assert Settings() == usual


def test_a_slip_of_the_pen_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSW_HTTP_RAET", "1")
    monkeypatch.setenv("CSW_HTTP_RATE", "1")
    monkeypatch.setenv("CSW_BUILD_MEMROY", "1GB")
    monkeypatch.setenv("CSW_BUILD_MEMORY", "1GB")
    assert unknown_settings() == ["CSW_BUILD_MEMROY", "CSW_HTTP_RAET"]
    assert Servers().per_second == 1


@pytest.mark.parametrize(
    ("said", "is_taken"), [("4GB", True), ("1.5 GiB", True), ("", True), ("lots", False), ("4", False)]
)
def test_the_memory_of_a_build_is_an_amount(monkeypatch: pytest.MonkeyPatch, said: str, is_taken: bool) -> None:
    monkeypatch.setenv("CSW_BUILD_MEMORY", said)
    if is_taken:
        assert memory_given() == said
        return
    with pytest.raises(CswError, match=f"CSW_BUILD_MEMORY={said}: give an amount with its unit"):
        memory_given()


@pytest.mark.parametrize(
    ("landed_mb", "machine_mb", "given"),
    [(0, 25_000, 600), (465, 25_000, 813), (700, 3_000, 1_200), (4_650, 25_000, 8_137), (4_650, 12_000, 4_000),
     (4_650, 2_000, 1_200), (4_650, 0, 1_200)],
)  # fmt: skip
def test_a_build_takes_by_what_is_landed_and_at_most_a_third(
    monkeypatch: pytest.MonkeyPatch, landed_mb: int, machine_mb: int, given: int
) -> None:
    monkeypatch.setattr(dbt, "_machine_mb", lambda: machine_mb)
    assert build_memory_mb(landed_mb * 1_000_000) == given
