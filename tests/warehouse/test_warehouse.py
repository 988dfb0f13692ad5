"""Building beside, publishing by one rename, one writer, and readers that are never disturbed."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import duckdb
import pytest

from flows.common.errors import Busy, CswError
from flows.common.lock import writer
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.landing.land import land_returns
from flows.warehouse import publish as publishing
from flows.warehouse.fingerprint import Fingerprint, fingerprint, published_fingerprint
from flows.warehouse.publish import copy_for_dbt, has_next, publish, start_next
from tests.made_up import B1_NAME, b1, put
from tests.warehouse.made import content, make_next


def test_publishing_replaces_the_file_and_remembers_what_it_was_made_from(settings: Settings) -> None:
    first = make_next(settings, "first")
    publish(settings)
    assert (content(settings.published), published_fingerprint(settings)) == ("first", first)
    assert not settings.next.exists()
    second = make_next(settings, "second")
    publish(settings)
    assert (content(settings.published), published_fingerprint(settings)) == ("second", second)


def test_a_reader_that_holds_the_published_file_keeps_what_it_has(settings: Settings) -> None:
    make_next(settings, "first")
    publish(settings)
    with duckdb.connect(str(settings.published), read_only=True) as reader:
        make_next(settings, "second")
        publish(settings)
        assert reader.execute("select content from t").fetchone() == ("first",)
    assert content(settings.published) == "second"


def test_a_copy_is_left_for_dbt_by_hand_and_is_nothing_to_publish(settings: Settings) -> None:
    copy_for_dbt(settings)
    assert not settings.next.exists()
    first = make_next(settings, "first")
    assert has_next(settings)
    publish(settings)
    copy_for_dbt(settings)
    assert content(settings.next) == "first"
    assert not has_next(settings)
    with pytest.raises(CswError, match="no next warehouse"):
        publish(settings)
    assert (content(settings.published), published_fingerprint(settings)) == ("first", first)


def test_what_is_built_by_hand_in_the_copy_leaves_the_published_file_alone(settings: Settings) -> None:
    make_next(settings, "first")
    publish(settings)
    copy_for_dbt(settings)
    with duckdb.connect(str(settings.next)) as con:
        con.execute("update marts.t set content = 'by hand'")
    copy_for_dbt(settings)
    assert content(settings.next) == "by hand"
    assert content(settings.published) == "first"
    assert has_next(settings)
    # Nobody knows from what: it is for looking, and a `dbt build` of everything is for publishing.
    with pytest.raises(CswError, match="not known from what"):
        publish(settings)
    assert content(settings.published) == "first"


def test_a_disk_that_is_full_leaves_no_half_copy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_next(settings, "first")
    publish(settings)

    def refuse(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", refuse)
    with pytest.raises(OSError, match="No space left"):
        copy_for_dbt(settings)
    assert sorted(p.name for p in settings.warehouse.iterdir()) == ["next.json", "state.json", "warehouse.duckdb"]


def test_there_is_nothing_to_publish_before_a_build(settings: Settings) -> None:
    with pytest.raises(CswError, match="no next warehouse"):
        publish(settings)


def test_a_disk_that_refuses_leaves_the_old_warehouse(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_next(settings, "first")
    publish(settings)
    make_next(settings, "second")

    def refuse(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing.os, "replace", refuse)
    with pytest.raises(CswError, match="No space left on device"):
        publish(settings)
    assert content(settings.published) == "first"


def test_only_what_changed_is_built_again(settings: Settings) -> None:
    before = Fingerprint({"dfe_cin": "1", "dfe_cla": "1"}, "p")
    assert Fingerprint({"dfe_cin": "1", "dfe_cla": "1"}, "p").changed_since(before) == []
    assert Fingerprint({"dfe_cin": "2", "dfe_cla": "1"}, "p").changed_since(before) == ["dfe_cin"]
    assert Fingerprint({"dfe_cin": "1"}, "p").changed_since(before) == ["dfe_cla"]
    assert Fingerprint({"dfe_cin": "1", "dfe_cla": "1"}, "q").changed_since(before) is None
    assert before.changed_since(None) is None
    make_next(settings, "first", before)
    publish(settings)
    refresh = start_next(settings, before, ["dfe_cin"])
    assert refresh is not None
    assert "source:landing.dfe_cin+" in refresh.select
    assert content(settings.next) == "first"


def test_the_fingerprint_follows_the_landed_bytes(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    first = fingerprint(settings)
    assert fingerprint(settings) == first
    put(tmp_path / "in", B1_NAME, b1(figure=lambda code, year, column: "7"))
    land_returns(settings, tmp_path / "in", workers=1)
    assert fingerprint(settings).changed_since(first) == ["dfe_cin"]


def test_a_crash_between_the_file_and_its_state_builds_again(settings: Settings) -> None:
    make_next(settings, "first")
    publish(settings)
    state = settings.warehouse / "state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "file": [1, 1]}))
    assert published_fingerprint(settings) is None


def test_a_change_of_passports_reads_the_archive_again(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    ledger = settings.landing / "ledger.json"
    ledger.write_text(json.dumps({**json.loads(ledger.read_text()), "digest": "another"}))
    put(tmp_path / "other", "b1_children_in_need_2013_to_2020.csv", b1(years=(2019, 2020)))
    report = land_returns(settings, tmp_path / "other", workers=1)
    assert sorted(x.edition for x in report.landed) == ["2020", "2022"]
    assert sorted(x.edition for x in read_catalogue(settings)) == ["2020", "2022"]


def _hold(data: str, ready: multiprocessing.synchronize.Event) -> None:  # type: ignore[name-defined]
    with writer(Path(data)):
        ready.set()
        time.sleep(60)


def test_two_runs_at_once_the_second_is_told_and_a_dead_one_lets_go(settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(str(settings.data), ready))
    process.start()
    assert ready.wait(30)
    with pytest.raises(Busy, match=rf"process {process.pid}"), writer(settings.data):
        pass
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with writer(settings.data):
        pass


def _publish_often(data: str) -> None:
    settings = Settings(data=Path(data))
    for i in range(10_000):
        make_next(settings, f"n{i}")
        publish(settings)


def test_killed_while_publishing_the_published_file_is_always_whole(settings: Settings) -> None:
    make_next(settings, "first")
    publish(settings)
    context = multiprocessing.get_context("spawn")
    for delay in (0.6, 0.8, 1.0):
        process = context.Process(target=_publish_often, args=(str(settings.data),))
        process.start()
        time.sleep(delay)
        process.kill()
        process.join()
        assert content(settings.published)
        before = published_fingerprint(settings)
        # Either the state belongs to the file, or it is known not to.
        assert before is None or before.sources["dfe_cin"] == content(settings.published)
    make_next(settings, "last")
    publish(settings)
    assert content(settings.published) == "last"


def test_a_look_at_what_the_gate_refuses_takes_nothing_out(settings: Settings, tmp_path: Path) -> None:
    from flows.common.errors import CheckFailed
    from flows.run import check_only

    whole = b1()
    put(tmp_path / "in", B1_NAME, whole + whole.splitlines(keepends=True)[-1])
    land_returns(settings, tmp_path / "in", workers=1)
    make_next(settings, "first")
    landed = read_catalogue(settings)
    with pytest.raises(CheckFailed, match="the gate refuses landed tables"):
        check_only(settings)
    assert read_catalogue(settings) == landed
