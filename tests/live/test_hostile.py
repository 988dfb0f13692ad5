"""Servers that answer oddly, slowly or hugely: the source is named, the rest goes on, and nothing odd is kept."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from flows.common.settings import Settings
from flows.outputs.status import status
from flows.publishers.fetch import FetchReport, fetch
from flows.publishers.state import State
from flows.schedule.polling import due_now
from tests.fake_publishers import FakePublishers
from tests.fake_publishers.answers import Reply
from tests.live.fetching import B1, Start, arrived, settings_for

Change = Callable[[Any], Any]
SOURCES = ["dfe_cin", "dfe_workforce", "ofsted_la_outcomes", "ons_prices"]


def with_(**members: Any) -> Change:
    """An object with other members."""
    return lambda value: {**value, **members}


def without(name: str) -> Change:
    return lambda value: {k: v for k, v in value.items() if k != name}


def in_each(name: str, **members: Any) -> Change:
    """Each item of a list with other members; of a member of the answer, or of the answer itself."""

    def change(value: Any) -> Any:
        listed = value[name] if name else value
        changed = [{**x, **members} for x in listed]
        return {**value, name: changed} if name else changed

    return change


def becomes(value: Any) -> Change:
    return lambda _: value


CIN = ("ees-content", "/publications/children-in-need")
RELEASES = ("ees-content", "/children-in-need/releases?")
CONTENT = ("ees-content", "/children-in-need/releases/2024/data-content")
CATALOGUE = ("ees-content", "/data-set-files?publicationId=89869bba")
PAGE = ("govuk", "local-authority-inspection-outcomes")
COLLECTION = ("govuk", "collections/childrens-social-care-statistics")

ODD: list[tuple[str, str, tuple[str, str], Change, str]] = [
    ("dfe_cin", "a list for an object", CIN, becomes([]), "a list of 0"),
    ("dfe_cin", "null for an object", CIN, becomes(None), "null"),
    ("dfe_cin", "a text for an object", CIN, becomes("gone fishing"), "gone fishing"),
    ("dfe_cin", "a number for an object", CIN, becomes(7), "there is 7"),
    ("dfe_cin", "an object for a list", RELEASES, becomes({"results": []}), "list"),
    ("dfe_cin", "null in a list", RELEASES, becomes([None]), "[0]"),
    ("dfe_cin", "a slug is missing", RELEASES, lambda v: [without("slug")(x) for x in v], "slug is missing"),
    ("dfe_cin", "a slug is a number", RELEASES, in_each("", slug=2024), "slug"),
    ("dfe_cin", "a slug leads out", RELEASES, in_each("", slug="../../etc"), "slug"),
    ("dfe_cin", "an id is none", RELEASES, in_each("", id="latest"), "id"),
    ("dfe_cin", "a day is a number", RELEASES, in_each("", published=20241031), "published"),
    ("dfe_cin", "a day is of the year 1", RELEASES, in_each("", published="0001-01-01T00:00:00Z"), "year 1"),
    ("dfe_cin", "a day is of the year 99999", RELEASES, in_each("", published="99999-01-01T00:00:00Z"), "published"),
    ("dfe_cin", "data sets are null", CONTENT, with_(dataSets=None), "dataSets"),
    ("dfe_cin", "data sets are missing", CONTENT, without("dataSets"), "dataSets is missing"),
    ("dfe_cin", "a title is null", CONTENT, in_each("dataSets", title=None), "title"),
    ("dfe_cin", "a file name is null", CATALOGUE, in_each("results", filename=None), "filename"),
    ("dfe_cin", "pages are a word", CATALOGUE, with_(paging={"page": 1, "totalPages": "many"}), "totalPages"),
    ("ofsted_la_outcomes", "a list for a page", PAGE, becomes([1, 2]), "a list of 2"),
    ("ofsted_la_outcomes", "null for a page", PAGE, becomes(None), "null"),
    ("ofsted_la_outcomes", "no details", PAGE, without("details"), "details is missing"),
    ("ofsted_la_outcomes", "details are a text", PAGE, with_(details="none"), "details"),
    (
        "ofsted_la_outcomes",
        "an attachment without address",
        PAGE,
        with_(details={"attachments": [{"id": 1}]}),
        "url is missing",
    ),
    (
        "ofsted_la_outcomes",
        "a size is a word",
        PAGE,
        with_(details={"attachments": [{"url": "/a.ods", "file_size": "big"}]}),
        "file_size",
    ),
    (
        "ofsted_la_outcomes",
        "a day of February",
        PAGE,
        with_(public_updated_at="2025-02-31T09:30:00Z"),
        "public_updated_at",
    ),
    ("ofsted_la_outcomes", "links are a list", COLLECTION, with_(links=[]), "links"),
    ("ofsted_la_outcomes", "pages are null", COLLECTION, with_(links={"documents": None}), "documents"),
    (
        "ofsted_la_outcomes",
        "a path is a number",
        COLLECTION,
        with_(links={"documents": [{"base_path": 5}]}),
        "base_path",
    ),
]


@pytest.mark.parametrize(("source", "what", "where", "change", "says"), ODD, ids=[f"{o[0]}: {o[1]}" for o in ODD])
def test_an_answer_of_another_shape_names_its_source_and_the_rest_goes_on(
    start: Start, tmp_path: Path, source: str, what: str, where: tuple[str, str], change: Change, says: str
) -> None:
    fake = start(sources=SOURCES, every_release=False)
    fake.twist(*where, change)
    settings, report = _fetched(fake, tmp_path)
    assert says in report.failed[source], report.failed
    assert "not of the known shape" in report.failed[source]
    assert set(report.failed) == {source}
    # The other sources are here, and everything that asks what was fetched works.
    assert "csww_headline_measures_2017_to_2022.csv" in arrived(settings)
    status(settings).text()
    due_now(settings)


@pytest.mark.parametrize(
    "said",
    [{"year": 2026, "month": 13}, {"year": 2026, "month": 2, "day": 31}, {"year": 99999}, {"year": 0}, {"year": -5}],
)
def test_a_next_release_that_cannot_be_is_not_remembered(start: Start, tmp_path: Path, said: dict[str, int]) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    fake.twist(*CIN, lambda v: {**v, "nextReleaseDate": said} if isinstance(v, dict) and "slug" in v else v)
    settings, report = _fetched(fake, tmp_path, ["dfe_cin"])
    assert report.failed == {}
    assert report.next_release == {}
    assert State(settings.live / "state.json").sources["dfe_cin"].next_release == ""
    status(settings).text()
    due_now(settings)


@pytest.mark.parametrize("etag", ['"é"', "é", '"' + "x" * 5000 + '"', "W/unquoted", '"a\tb"'])
def test_an_etag_that_is_none_is_not_remembered(start: Start, tmp_path: Path, etag: str) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    fake.twist(
        "ees-content", "/files/", lambda r: _with_headers(r, ETag=etag.encode("utf-8").decode("latin-1")), of="reply"
    )
    settings, _report = _fetched(fake, tmp_path, ["dfe_cin"])
    assert B1 in arrived(settings)
    state = State(settings.live / "state.json")
    from_api = [e for k, e in state.files.items() if "/ees-content/" in k]
    assert from_api
    assert {e.etag for e in from_api} == {""}
    # And it is asked for again.
    again = fetch(settings, sources=["dfe_cin"])
    assert (again.failed, again.changed) == ({}, [])


@pytest.mark.parametrize(
    "damage",
    [
        lambda s: {**s, "sources": {"dfe_cin": {"next_release": "2026-13"}}},
        lambda s: {**s, "sources": {"dfe_cin": {"asked": "yesterday"}}},
        lambda s: {**s, "files": {k: {**v, "etag": '"é"'} for k, v in s["files"].items()}},
        lambda s: {**s, "files": {k: {"files": 3} for k in s["files"]}},
        lambda s: {**s, "files": [1, 2, 3], "pages": None, "offers": "none", "batches": {"a": 1}},
        lambda s: [],
        lambda s: "nothing",
    ],
)
def test_bad_state_heals(start: Start, tmp_path: Path, damage: Callable[[Any], Any]) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    settings, _ = _fetched(fake, tmp_path, ["dfe_cin"])
    path = settings.live / "state.json"
    path.write_text(json.dumps(damage(json.loads(path.read_text()))))
    status(settings).text()
    due_now(settings)
    report = fetch(settings, sources=["dfe_cin"])
    assert (report.failed, report.changed) == ({}, [])
    assert B1 in arrived(settings)
    due_now(settings)


@pytest.mark.parametrize(
    "name", ["b" * 400 + ".csv", "é" * 200 + ".csv", "../../b1.csv", "b1\n\x1b[31m.csv", "b1\x00.csv", "con:.csv", ""]
)
def test_a_name_that_no_disk_takes(start: Start, tmp_path: Path, name: str) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    fake.twist(*CATALOGUE, in_each("results", filename=name))
    settings, _report = _fetched(fake, tmp_path, ["dfe_cin"])
    names = [p for p in settings.incoming.rglob("*") if p.is_file()]
    assert all(len(p.name.encode()) <= 255 and p.name.isprintable() for p in names)
    assert all(settings.incoming in p.resolve().parents for p in names)


@pytest.mark.parametrize(
    "location", ["http://[bad", "http://x:99999999/", "//[", "http://é.example/", "", "\\\\host\\x"]
)
def test_a_redirect_to_no_address(start: Start, tmp_path: Path, location: str) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    head = {"Location": location.encode("utf-8").decode("latin-1")}
    fake.twist("ees-content", "/files/", lambda _: Reply(302, b"", "text/html", dict(head)), of="reply")
    settings, report = _fetched(fake, tmp_path, ["dfe_cin", "dfe_workforce"])
    # The other addresses of the file have it.
    assert B1 in arrived(settings), report.failed


@pytest.mark.parametrize("wait", ["²", "-1", "1e400", "tomorrow", "Fri, 99 Foo 2026 99:99:99 GMT", "9" * 400])
def test_an_odd_retry_after(start: Start, tmp_path: Path, wait: str) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    told = {"Retry-After": wait.encode("utf-8").decode("latin-1")}
    fake.twist("ees-content", "/files/", lambda _: Reply(503, b"", "text/html", dict(told)), of="reply")
    settings, report = _fetched(fake, tmp_path, ["dfe_cin"], tries=2, deadline=3.0)
    assert B1 in arrived(settings), report.failed


# --- time and size ---------------------------------------------------------------------------------------------------


def _dripped_head(out: BinaryIO) -> None:
    out.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nX-Long: ")
    for _ in range(600):
        out.write(b"a")
        out.flush()
        time.sleep(0.05)


def _endless_103(out: BinaryIO) -> None:
    for _ in range(600):
        out.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        out.flush()
        time.sleep(0.05)


def _chunk_extensions(out: BinaryIO) -> None:
    out.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(600):
        out.write(b"1;a=" + b"b" * 50 + b"\r\na\r\n")
        out.flush()
        time.sleep(0.05)


def _empty_gzip_blocks(out: BinaryIO) -> None:
    out.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    block = packer.compress(b"") + packer.flush(zlib.Z_SYNC_FLUSH)
    for _ in range(600):
        out.write(b"%x\r\n%s\r\n" % (len(block), block))
        out.flush()
        time.sleep(0.05)
        block = packer.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff"


@pytest.mark.parametrize("drip", [_dripped_head, _endless_103, _chunk_extensions, _empty_gzip_blocks])
@pytest.mark.parametrize("part", ["/files/", "/data-content"])
def test_the_deadline_holds_however_an_answer_drips(
    start: Start, tmp_path: Path, drip: Callable[[BinaryIO], None], part: str
) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    one = {
        "/files/": fake.world.latest("dfe_cin").file_id(B1),
        "/data-content": "children-in-need/releases/2024/data-content",
    }
    fake.twist("ees-content", one[part], lambda _: Reply(200, on_the_wire=drip), of="reply")
    before = time.monotonic()
    settings, report = _fetched(fake, tmp_path, ["dfe_cin", "dfe_workforce"], deadline=1.5, tries=3)
    assert "not done within 1.5 s" in report.failed["dfe_cin"]
    assert set(report.failed) == {"dfe_cin"}
    assert time.monotonic() - before < 12
    assert not list(settings.live.glob("run-*"))


@cache
def _bomb() -> bytes:
    # Not where tests are collected, which every process does; as small as it gets is no part of what is tested.
    return gzip.compress(b"0" * 200_000_000, 1, mtime=0)


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


@pytest.mark.parametrize(
    ("packed", "announced"),
    [
        (_bomb, True),
        (lambda: _packed(_bomb()), True),
        (_bomb, False),
        (lambda: _packed(b"a,b\n1,2\n") * 3_000, True),
    ],
    ids=["bomb", "bomb in gzip", "bomb unannounced", "many members"],
)
@pytest.mark.parametrize("where", ["file", "page"])
def test_what_is_unpacked_is_bounded_while_it_is_unpacked(
    start: Start, tmp_path: Path, packed: Callable[[], bytes], announced: bool, where: str
) -> None:
    import tracemalloc

    body = packed()
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    release = fake.world.latest("dfe_cin")
    parts = (
        [release.file_id(B1), release.data_set_id(B1), release.api_id(B1)] if where == "file" else ["2024/data-content"]
    )

    def bomb(_: Reply) -> Reply:
        return Reply(200, body, "text/csv", {"Content-Encoding": "gzip"} if announced else {})

    for host in ("ees-content", "ees-public", "ees-site"):
        for part in parts:
            fake.twist(host, part, bomb, of="reply")
    settings = settings_for(fake, tmp_path, max_bytes=5_000_000, max_page_bytes=2_000_000, tries=1)
    tracemalloc.start()
    report = fetch(settings, sources=["dfe_cin", "dfe_workforce"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(report.failed) == {"dfe_cin"}, report.failed
    assert B1 not in arrived(settings)
    assert peak < 120_000_000


def _fetched(
    fake: FakePublishers, tmp_path: Path, sources: list[str] | None = None, **changes: Any
) -> tuple[Settings, FetchReport]:
    settings = settings_for(fake, tmp_path, **{"tries": 1, **changes})
    return settings, fetch(settings, sources=sources or SOURCES)


def _with_headers(reply: Reply, **headers: str) -> Reply:
    return replace(reply, headers={**reply.headers, **headers})
