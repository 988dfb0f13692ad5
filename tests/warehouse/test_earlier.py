"""The last published warehouses are kept, and one can be gone back to."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.outputs.status import status
from flows.warehouse import earlier as module
from flows.warehouse.earlier import KEPT, earlier, roll_back
from flows.warehouse.fingerprint import Fingerprint, published_fingerprint, published_state, state_path
from flows.warehouse.publish import needed, publish
from flows.warehouse.restored import know_again
from tests.warehouse.made import content, make_next


def publish_each(settings: Settings, *contents: str) -> None:
    for text in contents:
        make_next(settings, text)
        publish(settings)


def held(settings: Settings) -> list[str]:
    return [content(e.path) for e in earlier(settings)]


def test_the_last_three_are_kept(settings: Settings) -> None:
    publish_each(settings, "a", "b", "c", "d", "e", "f")
    assert content(settings.published) == "f"
    assert held(settings) == ["e", "d", "c"]
    assert len(held(settings)) == KEPT
    # What is kept beside the published one costs no copy while it is published, and nothing else stays.
    assert sorted(p.suffix for p in settings.earlier.iterdir()) == [".duckdb"] * 3 + [".json"] * 3


def publish_at(settings: Settings, text: str, year: int) -> None:
    """Publish by a clock that says another year."""
    make_next(settings, text)
    os.utime(settings.next, (0, datetime(year, 1, 1, tzinfo=UTC).timestamp()))
    publish(settings)


def test_a_clock_that_was_wrong_changes_nothing_of_their_order(settings: Settings) -> None:
    for text, year in zip("abcdef", (2026, 2099, 2027, 1999, 2031, 1970), strict=True):
        publish_at(settings, text, year)
    assert held(settings) == ["e", "d", "c"]
    # Newest first; the one that leaves a place free is the one that is published, not one that could be gone back to.
    roll_back(settings)
    assert (content(settings.published), held(settings)) == ("e", ["f", "d", "c"])
    # Killed before it had written which publication it was, it is still the newest.
    publish_at(settings, "g", 1980)
    state_path(settings).unlink()
    publish_at(settings, "h", 1975)
    assert held(settings) == ["g", "f", "e"]
    roll_back(settings)
    assert content(settings.published) == "g"


def test_what_others_put_beside_them_stays(settings: Settings) -> None:
    settings.earlier.mkdir(parents=True)
    theirs = [settings.earlier / name for name in ("2019.duckdb", "of the thesis.duckdb", "notes.txt")]
    for path in theirs:
        path.write_bytes(b"mine")
    publish_each(settings, "a", "b", "c", "d", "e", "f")
    assert held(settings) == ["e", "d", "c"]
    assert [p.read_bytes() for p in theirs] == [b"mine"] * 3


def test_nobody_goes_back_to_a_damaged_one(settings: Settings) -> None:
    publish_each(settings, "a", "b", "c", "d")
    newest, *_, oldest = earlier(settings)
    newest.path.write_bytes(b"hello")
    with pytest.raises(CswError, match=f"{newest.name}: damaged"):
        roll_back(settings, newest.name)
    assert content(settings.published) == "d"
    roll_back(settings)
    assert content(settings.published) == "b"
    # One of which an earlier version kept no hash, too.
    oldest.path.with_suffix(".json").write_text("{}")
    oldest.path.write_bytes(b"hello")
    with pytest.raises(CswError, match="damaged"):
        roll_back(settings)
    assert content(settings.published) == "b"


def test_where_nothing_is_published_one_may_be_named(settings: Settings) -> None:
    publish_each(settings, "a", "b")
    roll_back(settings)
    settings.published.unlink()
    with pytest.raises(CswError, match="`--to` takes one of them"):
        roll_back(settings)
    roll_back(settings, earlier(settings)[0].name)
    assert content(settings.published) == "b"


def test_back_and_forth(settings: Settings) -> None:
    publish_each(settings, "a", "b", "c")
    roll_back(settings)
    assert (content(settings.published), held(settings)) == ("b", ["c", "a"])
    assert published_fingerprint(settings) == Fingerprint({"dfe_cin": "b"}, "p")
    roll_back(settings)
    assert (content(settings.published), held(settings)) == ("a", ["c", "b"])
    with pytest.raises(CswError, match="no earlier warehouse to go back to"):
        roll_back(settings)
    newest = earlier(settings)[0].name
    roll_back(settings, newest)
    assert (content(settings.published), held(settings)) == ("c", ["b", "a"])
    with pytest.raises(CswError, match=r"no earlier warehouse 1999 to go back to. There are: 20"):
        roll_back(settings, "1999")


def test_a_run_does_not_undo_it_until_something_has_changed(settings: Settings) -> None:
    publish_each(settings, "a", "b")
    roll_back(settings)
    assert needed(settings, Fingerprint({"dfe_cin": "b"}, "p")) == []
    assert needed(settings, Fingerprint({"dfe_cin": "c"}, "p")) == ["dfe_cin"]
    assert needed(settings, Fingerprint({"dfe_cin": "b"}, "q")) is None
    assert "Gone back to on" in status(settings).text()
    # And when both have been gone back from, neither is built again.
    publish_each(settings, "c")
    roll_back(settings)
    assert content(settings.published) == "a"
    for text in "c":
        assert needed(settings, Fingerprint({"dfe_cin": text}, "p")) == []
    roll_back(settings, earlier(settings)[0].name)
    assert "Gone back to on" in status(settings).text()


def test_killed_while_going_back_it_has_gone_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_each(settings, "a", "b")
    real = module.write_atomically

    def killed(path: Path, data: bytes) -> None:
        if path == state_path(settings):
            raise KeyboardInterrupt
        real(path, data)

    monkeypatch.setattr(module, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        roll_back(settings)
    monkeypatch.undo()
    assert (content(settings.published), published_state(settings)) == ("a", None)
    know_again(settings)
    assert published_fingerprint(settings) == Fingerprint({"dfe_cin": "a"}, "p")
    # And a run does not undo it.
    assert needed(settings, Fingerprint({"dfe_cin": "b"}, "p")) == []


def test_a_reader_goes_on_reading(settings: Settings) -> None:
    publish_each(settings, "a", "b")
    with duckdb.connect(str(settings.published), read_only=True) as con:
        roll_back(settings)
        assert con.execute("select content from t").fetchone() == ("b",)


def test_a_disk_without_hard_links(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(module.os, "link", refuse)
    publish_each(settings, "a", "b")
    assert held(settings) == ["a"]
    roll_back(settings)
    assert (content(settings.published), held(settings)) == ("a", ["b"])
    assert published_fingerprint(settings) == Fingerprint({"dfe_cin": "a"}, "p")


def test_a_disk_that_refuses_leaves_what_is_published(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_each(settings, "a", "b")
    real = os.replace

    def refuse(source: object, target: object) -> None:
        if Path(str(target)) == settings.published:
            raise OSError(28, "No space left on device")
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr(module.os, "replace", refuse)
    with pytest.raises(CswError, match="No space left"):
        roll_back(settings)
    assert content(settings.published) == "b"
