"""``csw verify``: a bit flipped anywhere is found, named, and mended by what mends it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import duckdb
import pytest

from flows.common.settings import Settings
from flows.landing.archive import Archive
from flows.landing.catalogue import landed_path
from flows.landing.land import land_folders, land_returns
from flows.warehouse.fingerprint import file_identity
from flows.warehouse.verify import forget_what_was_whole, verify
from tests.made_up import B1_NAME, b1, put


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> Settings:
    """A landed table, a published file and an export, all whole."""
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    with duckdb.connect(str(settings.published)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.fct_la_year_measure as select i as value from range(100000) as t (i)")
    state = {
        "file": file_identity(settings.published),
        "sha256": hashlib.sha256(settings.published.read_bytes()).hexdigest(),
        "sources": {},
        "project": "p",
    }
    (settings.warehouse / "state.json").write_text(json.dumps(state))
    put(settings.earlier, "20260101T000000000000.duckdb", settings.published.read_bytes())
    put(settings.earlier, "20260101T000000000000.json", json.dumps(state).encode())
    export = settings.data / "export"
    content = b"a\n1\n"
    put(export, "csv/a.csv", content)
    resource = {"path": "csv/a.csv", "hash": f"sha256:{hashlib.sha256(content).hexdigest()}"}
    put(export, "datapackage.json", json.dumps({"resources": [resource]}).encode())
    return settings


def flip(path: Path) -> None:
    """Change one bit and leave the times as they are, as a disk does."""
    about = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


def test_all_is_whole(kept: Settings) -> None:
    found = verify(kept)
    assert found.ok, found.text()
    assert "every byte" in found.text()


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("archive", "not the bytes that came"),
        ("landing", "not as it was landed (the next landing makes it anew"),
        ("published", "not the bytes that were published"),
        ("earlier", "nobody can go back to it"),
        ("export", "not as it was written (`csw export`"),
    ],
)
def test_a_flipped_bit_is_found_wherever_it_is(kept: Settings, tmp_path: Path, place: str, says: str) -> None:
    path = {
        "archive": Archive(kept.archive).all()[0][0],
        "landing": landed_path(kept, "dfe_cin", "b1_children_in_need", "2022"),
        "published": kept.published,
        "earlier": kept.earlier / "20260101T000000000000.duckdb",
        "export": kept.data / "export" / "csv" / "a.csv",
    }[place]
    good = path.read_bytes()
    flip(path)
    found = verify(kept)
    assert not found.ok
    assert [says in d and path.name in d for d in found.damaged] == [True]
    if place == "archive":
        assert found.deliver == [d for d in found.deliver if d.startswith(B1_NAME)] != []
        forget_what_was_whole(kept)
        land_returns(kept, tmp_path / "in", workers=1)
    elif place == "landing":
        forget_what_was_whole(kept)
        land_folders(kept, [])
    else:
        return
    assert path.read_bytes() == good
    assert verify(kept).ok


def test_what_is_gone_is_found(kept: Settings) -> None:
    Archive(kept.archive).all()[0][0].unlink()
    landed_path(kept, "dfe_cin", "b1_children_in_need", "2022").unlink()
    (kept.data / "export" / "csv" / "a.csv").unlink()
    kept.published.unlink()
    found = verify(kept)
    assert [("gone" in d) for d in found.damaged] == [True] * 4


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"resources": 3}'])
def test_an_odd_package_of_the_export_is_found(kept: Settings, said: bytes) -> None:
    (kept.data / "export" / "datapackage.json").write_bytes(said)
    assert "datapackage.json" in verify(kept).damaged[0]
