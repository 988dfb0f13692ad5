"""Servers that say the same in other words: other order, other forms of the same value, other habits of HTTP.

What the publishers' servers answer is known from their source; how it is written on the wire is another's to decide.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.publishers.anchors import anchors
from flows.publishers.fetch import fetch
from flows.publishers.http import Http, Refused
from flows.publishers.state import State
from tests.fake_publishers import FakePublishers
from tests.fake_publishers.answers import JSON, PROBLEM, Reply
from tests.live.fetching import B1, SOURCES, Start, arrived, cin, settings_for

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)([+-]00:00|Z)?")


def rewritten(value: Any) -> Any:
    """The same JSON: members that nobody asked for, another order, ids in upper case, seven digits of a second."""
    if isinstance(value, dict):
        more = {"_links": {"self": {"href": "/x"}}, "warnings": []}
        return {**more, **{k: rewritten(v) for k, v in reversed(value.items())}}
    if isinstance(value, list):
        return [rewritten(v) for v in value]
    if isinstance(value, str) and GUID.fullmatch(value):
        return value.upper()
    if isinstance(value, str) and (found := MOMENT.fullmatch(value)):
        return f"{found[1]}.0000000Z"
    return value


def otherwise(reply: Reply) -> Reply:
    """The same answer: packed, in chunks, without a length; no ETag; types in other words."""
    headers = {k.lower(): v for k, v in reply.headers.items() if k.lower() not in {"etag", "cache-control"}}
    body, kind = reply.body, reply.content_type
    if kind in {JSON, PROBLEM}:
        body = json.dumps(rewritten(json.loads(body)), indent=2, ensure_ascii=False).encode()
        kind = "Text/HTML"
    elif "html" in kind:
        # Single quotes, attributes the other way round, tags in capitals.
        text = re.sub(r'<a class="(.*?)" (.*?)href="(.*?)">', r"<A HREF='\3' \2 CLASS='\1'>", body.decode())
        body = re.sub(r'href="(.*?)"', r"href='\1'", text).encode()
    if reply.status == 200 and body and "content-encoding" not in headers:
        body, headers["content-encoding"] = gzip.compress(body, mtime=0), "gzip"
    return replace(reply, body=body, content_type=kind, headers=headers, is_chunked=reply.status == 200)


def test_what_is_said_in_other_words_arrives_byte_for_byte(start: Start, tmp_path: Path, folder: Path) -> None:
    fake = start(every_release=False)
    for host in ("ees-content", "ees-public", "ees-site", "govuk", "govuk-assets", "ons", "ofsted-reports"):
        fake.twist(host, "", otherwise, of="reply")
    settings = settings_for(fake, tmp_path)
    report = fetch(settings, sources=SOURCES)
    assert report.failed == {}
    held = {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    here = {n: d for n, d in arrived(settings).items() if n in held and n != "index.csv"}
    assert {Path(n).suffix for n in here} >= {".csv", ".ods", ".pdf"}
    assert len(here) > 10
    assert here == {n: held[n] for n in here}
    # Nothing is said of changes here, so that everything is asked for, and nothing is new.
    again = fetch(settings, sources=SOURCES)
    assert (again.failed, again.changed) == ({}, [])


def only_last_modified(reply: Reply) -> Reply:
    headers = {k: v for k, v in reply.headers.items() if k != "ETag"}
    return replace(reply, headers=headers)


def test_pages_without_an_etag_are_known_by_their_day(start: Start, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    day = format_datetime(datetime(2025, 1, 2, tzinfo=UTC), usegmt=True)
    fake = start(sources=["ofsted_la_outcomes"])

    def dated(reply: Reply) -> Reply:
        return replace(only_last_modified(reply), headers={"Last-Modified": day})

    fake.twist("govuk", "/api/content", dated, of="reply")
    settings = settings_for(fake, tmp_path)
    assert fetch(settings, sources=["ofsted_la_outcomes"]).failed == {}
    fake.requests.clear()
    fetch(settings, sources=["ofsted_la_outcomes"])
    asked = [r for r in fake.requests if r.host == "govuk"]
    assert asked
    assert {r.headers.get("if-modified-since") for r in asked} == {day}


@pytest.mark.parametrize(("status", "part"), [(304, "/files/"), (206, "/data-content")])
def test_an_answer_to_another_question_is_refused(start: Start, tmp_path: Path, status: int, part: str) -> None:
    """Nothing is held, so that *not changed* says nothing; and nobody asked for a part."""
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    for host in ("ees-content", "ees-site", "ees-public"):
        for where in (part, "/download", "/csv", "fileIds"):
            fake.twist(host, where, lambda r: replace(r, status=status), of="reply")
    settings, report = cin(fake, tmp_path, tries=1)
    assert f"the server answers {status}" in report.failed["dfe_cin"]
    assert B1 not in arrived(settings)
    if part == "/files/":
        # And it is asked for again, as it never came.
        fake.twists.clear()
        assert fetch(settings, sources=["dfe_cin"]).failed == {}
        assert B1 in arrived(settings)


def test_pages_are_as_long_as_the_server_likes(start: Start, tmp_path: Path) -> None:
    """Its limits were lowered: what was asked for is too much."""
    fake = start(sources=["dfe_cin", "dfe_workforce"])

    def no_more_than_ten(reply: Reply) -> Reply:
        asked = int(fake.requests[-1].query.get("pageSize", "10"))
        return reply if asked <= 10 else Reply(400, b'{"errors": []}', PROBLEM)

    fake.twist("ees-content", "/data-set-files?", no_more_than_ten, of="reply")
    fake.twist("ees-public", "", no_more_than_ten, of="reply")
    settings, report = cin(fake, tmp_path)
    assert report.failed == {}
    assert B1 in arrived(settings)
    assert any("b1_children_in_need" in note and "version" in note for note in report.notes)


def test_an_etag_that_is_of_something_else_stands_in_nobodys_way(start: Start, tmp_path: Path, folder: Path) -> None:
    """Nothing in the body, and a hash that is not the content's: two addresses that agree are believed."""
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    wrong = {"ETag": f'W/"{"0" * 32}"'}
    one = f"/files/{fake.world.latest('dfe_cin').file_id(B1)}"
    fake.twist("ees-content", one, lambda r: replace(r, headers={**r.headers, **wrong}), of="reply")
    settings, report = cin(fake, tmp_path, tries=1)
    assert report.failed == {}
    assert arrived(settings)[B1] == (folder / "dfe_cin" / "2024" / B1).read_bytes()


def test_a_list_that_counts_twice_what_it_lists_twice_is_whole(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["ofsted_reports"])

    def counted_twice(reply: Reply) -> Reply:
        said = re.sub(rb"(\d+) results", lambda m: b"%d results" % (int(m[1]) + 1), reply.body)
        return replace(reply, body=said)

    fake.twist("ofsted-reports", "/search", counted_twice, of="reply")
    settings = settings_for(fake, tmp_path)
    assert fetch(settings, sources=["ofsted_reports"]).failed == {}


def test_nomis_ends_as_it_likes(tmp_path: Path, sample: Any) -> None:
    """Beyond its last row it says nothing at all, or (heeding no offset) all of it again."""
    whole: dict[str, bytes] = {}

    def all_of_it(reply: Reply) -> Reply:
        head = reply.body.split(b"\n")[0].decode()
        whole[head] = reply.body if reply.body.count(b"\n") > 1 else whole[head]
        return replace(reply, body=whole[head])

    with FakePublishers(sample.returns, "", ["ons_population"]) as fake:
        fake.twist("nomis", "TYPE423", lambda r: r if r.body.count(b"\n") > 1 else replace(r, body=b""), of="reply")
        fake.twist("nomis", "TYPE431", all_of_it, of="reply")
        settings = settings_for(fake, tmp_path)
        assert fetch(settings, sources=["ons_population"]).failed == {}
    for path in (settings.incoming / "ons_population" / "query").glob("*.csv"):
        lines = path.read_text().splitlines()
        assert len(lines) > 5_000
        assert len(set(lines)) == len(lines)


@contextmanager
def old_server(body: bytes) -> Iterator[str]:
    """HTTP/1.0: no length, the end is where the connection closes; a first answer that is a redirect to itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if "again" not in self.path:
                self.send_response(301)
                # The same place, its port written out.
                self.send_header("Location", f"//LOCALHOST:{server.server_address[1]}/again")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("content-type", "text/csv")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def test_http_of_last_century(start: Start, tmp_path: Path) -> None:
    with old_server(b"a,b\n1,2\n") as base:
        servers = start(sources=["dfe_cin"]).servers().model_copy(update={"ons": base})
        with Http(servers, State(tmp_path / "state.json"), tmp_path / "live") as http:
            answer = http.file(f"{base}/x.csv")
            assert answer.path is not None
            assert answer.path.read_bytes() == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("asked", "to", "followed"),
    [
        ("https://www.ons.gov.uk", "https://www.ons.gov.uk:443/x", True),
        ("https://www.ons.gov.uk", "https://WWW.ONS.GOV.UK/x", True),
        ("https://www.ons.gov.uk", "http://www.ons.gov.uk/x", False),
        ("https://www.ons.gov.uk", "https://www.ons.gov.uk:8443/x", False),
        ("https://www.ons.gov.uk", "https://www.ons.gov.uk.example.org/x", False),
        ("https://www.ons.gov.uk", "https://www.ons.gov.uk@example.org/x", False),
    ],
)
def test_which_addresses_are_a_publishers(start: Start, tmp_path: Path, asked: str, to: str, followed: bool) -> None:
    servers = start(sources=["dfe_cin"]).servers().model_copy(update={"ons": asked})
    with Http(servers, State(tmp_path / "state.json"), tmp_path / "live") as http:
        refused: Callable[[], None] = lambda: http._allowed(to, asked)  # noqa: E731
        if followed:
            refused()
        else:
            with pytest.raises(Refused, match="not a publisher's host"):
                refused()


def test_links_however_they_are_written() -> None:
    page = (
        "<a class='x publication-link' href='/a?b=1&amp;c=2'>T <span class='nonvisual'>Hid,<br> <b>pdf</b></span></a>"
        "<A data-x=1 HREF=/provider/44/80431><h3>City of\n London &amp; X</h3></A><a name=top>no</a>"
        "<a href='/open'>open <!-- <a href='/comment'>c</a> --><script>'<a href=\"/script\">s</a>'</script>"
    )
    found = anchors(page)
    assert [(a.href, a.hidden or a.text) for a in found] == [
        ("/a?b=1&c=2", "Hid, pdf"),
        ("/provider/44/80431", "City of London & X"),
        ("/open", "open"),
    ]
    assert found[0].classes == {"x", "publication-link"}
