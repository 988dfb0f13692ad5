"""A file says how it was built, and only what is built whole, as now known, is published."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.common.errors import CswError
from flows.common.settings import ROOT, Settings
from flows.landing.land import land_returns
from flows.outputs.status import status
from flows.warehouse import publish as publishing
from flows.warehouse.built import Build, from_state, landed_digest, read_build, to_state, why_not_default
from flows.warehouse.fingerprint import file_identity, fingerprint, published_fingerprint, published_state, state_path
from flows.warehouse.publish import (
    building,
    check_warehouse,
    copy_for_dbt,
    damage,
    has_next,
    needed,
    open_published,
    publish,
    saying_what_stands,
    start_next,
)
from flows.warehouse.restored import know_again
from tests.made_up import B1_NAME, b1, put
from tests.warehouse.made import by_hand, content, make_next, record


@pytest.mark.parametrize(
    ("build", "says"),
    [
        ({"as_of": "2019-12-31", "variables": '{"as_of": "2019-12-31"}'}, "as of 2019-12-31"),
        ({"variables": '{"first_year": 2015}'}, "other variables: first_year=2015"),
        ({"failed": 2}, "2 of its models or tests failed"),
        ({"command": "run"}, "`dbt run`, which runs no tests"),
        ({"chosen": "select fct_inspection"}, r"only a part of it was built \(select fct_inspection\)"),
        ({"chosen": "empty"}, "only a part"),
        ({"landed_digest": "another"}, "what is landed has changed"),
    ],
)
def test_only_a_default_build_is_published(settings: Settings, build: dict[str, Any], says: str) -> None:
    make_next(settings, "first")
    publish(settings)
    by_hand(settings, "second", **build)
    with pytest.raises(CswError, match=says):
        publish(settings)
    assert content(settings.published) == "first"


def test_what_does_not_say_how_it_was_built_is_not_published(settings: Settings) -> None:
    make_next(settings, "first")
    publish(settings)
    start_next(settings, fingerprint(settings), None)
    with duckdb.connect(str(settings.next)) as con:
        con.execute("create table t as select 'half' as content")
    with pytest.raises(CswError, match="does not say how it was built"):
        publish(settings)
    assert content(settings.published) == "first"


def test_a_build_by_hand_of_everything_is_published_and_known(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    by_hand(settings, "by hand")
    publish(settings)
    assert published_fingerprint(settings) == fingerprint(settings)
    assert needed(settings, fingerprint(settings)) == []
    assert "by dbt, by hand" in status(settings).text()


def test_a_model_changed_after_a_build_by_hand(settings: Settings, tmp_path: Path, monkeypatch: Any) -> None:
    by_hand(settings, "by hand")
    model = next((ROOT / "dbt_project" / "models").rglob("*.sql"))
    later = time.time() + 100
    real = Path.stat

    def stat(path: Path, **more: Any) -> os.stat_result:
        found = real(path, **more)
        if path != model:
            return found
        fields = list(found)
        fields[8] = int(later)
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(CswError, match=rf"{model.name} has changed since"):
        publish(settings)


def test_what_was_published_otherwise_is_shown_and_built_again(settings: Settings) -> None:
    """As by an earlier version, which published what it was given."""
    make_next(settings, "as of", as_of="2019-12-31")
    made_from = fingerprint(settings)
    about = json.loads((settings.warehouse / "next.json").read_text())
    settings.next.rename(settings.published)
    identity = [settings.published.stat().st_size, settings.published.stat().st_mtime_ns]
    said = {**about, "sources": made_from.sources, "project": made_from.project, "file": identity}
    state_path(settings).write_text(json.dumps(said))
    assert published_fingerprint(settings) == made_from
    assert needed(settings, made_from) is None
    found = status(settings)
    assert not found.up_to_date
    assert "as of 2019-12-31" in found.text()
    assert "The next `csw run` builds it again" in found.text()


@pytest.mark.parametrize(
    "damaged", ["", "{", '{"file": 1}', "[]", '{"sources": 1, "project": "p", "file": [1, 2]}', "[" * 200_000]
)
def test_a_state_that_cannot_be_read_is_no_traceback_and_builds_again(settings: Settings, damaged: str) -> None:
    make_next(settings, "first")
    publish(settings)
    state_path(settings).write_text(damaged)
    assert published_state(settings) is None
    assert needed(settings, fingerprint(settings)) is None
    assert "not known any more" in status(settings).text()
    (settings.warehouse / "next.json").write_text(damaged)
    record(settings.published)
    settings.published.rename(settings.next)
    with pytest.raises(CswError, match="not known from what"):
        publish(settings)


def test_a_build_that_does_not_end_leaves_nothing(settings: Settings) -> None:
    def fail(error: BaseException) -> None:
        with building(settings.next):
            make_next(settings, "half")
            settings.next.with_name("next.duckdb.tmp").mkdir()
            settings.next.with_name("next.duckdb.wal").touch()
            raise error

    for error in (CswError("no"), KeyboardInterrupt(), OSError(28, "No space left on device")):
        with pytest.raises(type(error)):
            fail(error)
        assert [p.name for p in settings.warehouse.iterdir() if p.name.startswith("next.duckdb")] == []


def test_what_was_published_when_the_disk_filled_up_is_told_rightly(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_next(settings, "first")
    publish(settings)

    def full(path: Path, data: bytes, mode: int = 0) -> None:
        if path == state_path(settings):
            raise CswError(f"{path}: could not be written (No space left on device).")
        path.write_bytes(data)

    def go() -> list[str]:
        with pytest.raises(CswError) as told, saying_what_stands(settings):
            publish(settings)
        return list(told.value.__notes__)

    make_next(settings, "second")
    monkeypatch.setattr(publishing, "write_atomically", full)
    assert ["had been published by then" in n for n in go()] == [True]
    assert content(settings.published) == "second"
    # Nothing next: nothing is published.
    assert ["stays as it was" in n for n in go()] == [True]


def test_a_backup_put_back_without_its_times_is_known_again(settings: Settings, tmp_path: Path) -> None:
    make_next(settings, "first")
    publish(settings)
    made_from = make_next(settings, "second")
    publish(settings)
    copy_for_dbt(settings)
    back = Settings(data=tmp_path / "back")
    shutil.copytree(settings.data, back.data, copy_function=shutil.copyfile)
    assert needed(back, made_from) is None
    know_again(back)
    assert needed(back, made_from) == []
    assert not has_next(back)
    for path in (back.published, next(back.earlier.glob("*.duckdb"))):
        assert file_identity(path) == file_identity(settings.data / path.relative_to(back.data))
    # Of the same size, and another file.
    with back.published.open("r+b") as f:
        f.write(bytes(8))
    os.utime(back.published)
    know_again(back)
    assert needed(back, made_from) is None


def test_damage_to_the_published_file_is_seen_and_not_built_upon(settings: Settings) -> None:
    made_from = make_next(settings, "first")
    publish(settings)
    assert damage(settings) == ""
    times = settings.published.stat()
    with settings.published.open("r+b") as f:
        f.seek(settings.published.stat().st_size // 2)
        byte = f.read(1)
        f.seek(-1, 1)
        f.write(bytes([byte[0] ^ 1]))
    os.utime(settings.published, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "not those that were published" in damage(settings)
    assert start_next(settings, made_from, ["dfe_cin"]) is None


@pytest.mark.parametrize("make", ["nothing", "folder", "text", "other"])
def test_a_file_that_is_no_warehouse_is_refused_in_words(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x.duckdb"
    if make == "folder":
        path.mkdir()
    if make == "text":
        path.write_text("hello" * 1000)
    if make == "other":
        duckdb.connect(str(path)).close()
    with pytest.raises(CswError, match=r"x\.duckdb is"):
        check_warehouse(path)


DBT = [
    sys.executable,
    "-c",
    "import sys; from dbt.cli.main import dbtRunner as R; sys.exit(not R().invoke(sys.argv[1:]).success)",
]


def dbt(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """dbt, by hand."""
    return subprocess.run(
        [*DBT, "--quiet", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "CSW_LANDING": str(settings.landing),
            "CSW_NEXT": str(settings.next),
            "DBT_TARGET_PATH": str(settings.data / "target"),
            "DBT_LOG_PATH": str(settings.data / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_dbt_by_hand_writes_how_it_was_built(settings: Settings, tmp_path: Path) -> None:
    """With variables, a selection, and a path that has an apostrophe in it."""
    settings = Settings(data=tmp_path / "it's here" / "data")
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    chosen = ["build", "--select", "stg_landing__catalogue", "--indirect-selection", "cautious"]
    # A day by which what is landed was published.
    done = dbt(settings, *chosen, "--vars", "{as_of: '2023-06-30'}")
    assert done.returncode == 0, done.stdout + done.stderr
    build = read_build(settings.next)
    assert build is not None
    assert (build.command, build.as_of, build.variables) == ("build", "2023-06-30", {"as_of": "2023-06-30"})
    assert build.chosen == "select stg_landing__catalogue"
    assert (build.landed_tables, build.by_hand) == (1, True)
    assert build.landed_digest == landed_digest(settings)
    assert "as of 2023-06-30" in why_not_default(build, settings)
    assert "only a part" in why_not_default(replace(build, as_of="", variables={}), settings)


def test_a_warehouse_that_was_opened_takes_any_question(settings: Settings) -> None:
    make_next(settings, "first")
    publish(settings)
    with open_published(settings) as con:
        relation = con.sql("select content from t")
        assert (relation.columns, relation.fetchall()) == (["content"], [("first",)])


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        "x",
        {},
        {"built_at": "yesterday"},
        {"built_at": 7},
        {"variables": []},
        {"nodes": "many"},
        {"as_of": {}},
    ],
)
def test_a_note_of_a_build_that_is_none_is_not_believed(odd: Any) -> None:
    """Whoever reads it goes by what it says: a day, variables, numbers."""
    good = to_state(Build("2026-01-01T00:00:00+00:00", "build", "", "2009", {}, "", 9, 0, "1.11", 3, "d", "p"))
    assert from_state(good) is not None
    said = from_state({**good, **odd} if isinstance(odd, dict) and odd else odd)
    assert said is None
    assert "earlier version" in why_not_default(said, Settings())
