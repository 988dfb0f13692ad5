"""``csw doctor --live`` asks every server and names, in words, each thing that is not as the clients need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.common.findings import Finding, verdict
from flows.common.settings import Settings
from flows.publishers.probe import probe
from tests.fake_publishers import FakePublishers, Quirks
from tests.fake_publishers.answers import Reply

Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def fake(sample: Any) -> Iterator[FakePublishers]:
    """All servers with all of the sample."""
    with FakePublishers(sample.returns) as one:
        yield one


@pytest.fixture
def look(fake: FakePublishers, tmp_path: Path) -> Iterator[Callable[..., list[Finding]]]:
    """Looks at the servers with something changed on them."""

    def one(*twists: tuple[str, str, Change, str]) -> list[Finding]:
        for host, part, change, of in twists:
            fake.twist(host, part, change, of=of)
        found = probe(Settings(data=tmp_path / "data", servers=fake.servers(tries=1, timeout=20.0)))
        assert not (tmp_path / "data").exists()
        return found

    yield one
    fake.twists.clear()


def wrong(found: list[Finding]) -> list[Finding]:
    return [f for f in found if f.is_fine is False]


def test_servers_as_they_are_have_nothing_wrong(look: Callable[..., list[Finding]], fake: FakePublishers) -> None:
    before = len(fake.requests)
    found = look()
    assert [f.text() for f in wrong(found)] == []
    assert verdict(found).startswith("Nothing is wrong: ")
    about = {f.about.partition(" (")[0] for f in found}
    assert about >= {
        "EES content API, publication",
        "EES content API, redirects",
        "EES content API, releases",
        "EES content API, version summary",
        "EES content API, data content",
        "EES content API, data-set files",
        "EES content API, file of a release",
        "EES content API, download of a data set",
        "EES site, data catalogue's CSV",
        "EES content API, zip of one file",
        "EES site, page of a publication",
        "EES public API, data sets",
        "EES public API, versions",
        "EES public API, changes",
        "EES public API, CSV",
        "GOV.UK, collection",
        "GOV.UK, newest page",
        "GOV.UK, attachment",
        "Ofsted, list of authorities",
        "Ofsted, names",
        "Ofsted, an authority's page",
        "Ofsted, a report",
        "Nomis, TYPE423",
        "ONS, series l522",
        "ONS, series chaw",
    }
    # Cheap: a few questions a call, and none twice for the same.
    assert len(fake.requests) - before < 120


def member(name: str, to: str | None) -> Change:
    """A member called otherwise, at any depth; None takes it away."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(v) for v in value]
        if not isinstance(value, dict):
            return value
        return {(to if k == name else k): change(v) for k, v in value.items() if not (k == name and to is None)}

    return change


def status(code: int) -> Change:
    return lambda _: Reply(code, b"{}", "application/json")


def body(old: str, new: str) -> Change:
    """An answer with other words in it."""
    return lambda r: replace(r, body=r.body.replace(old.encode(), new.encode()))


def in_each_file(**members: Change) -> Change:
    """Each file that the catalogue lists with other members."""
    return lambda v: {**v, "results": [{**r, **{k: f(r) for k, f in members.items()}} for r in v["results"]]}


def in_each_page(base_path: Change) -> Change:
    """Each page that a collection lists under another path."""
    return lambda v: {
        **v,
        "links": {"documents": [{**d, "base_path": base_path(d["base_path"])} for d in v["links"]["documents"]]},
    }


def without_counties(reply: Reply) -> Reply:
    lines = [x for x in reply.body.split(b"\n") if b'"E10' not in x and b'"E06' not in x]
    return replace(reply, body=b"\n".join(lines))


def a_page(_: Reply) -> Reply:
    return Reply(200, b"<html></html>", "text/html")


CIN, RELEASES = "/children-in-need?", "children-in-need/releases?"
SUMMARY, CONTENT = "children-in-need/releases/2024/version-summary", "children-in-need/releases/2024/data-content"
CARE, OFSTED = "collections/statistics-looked-after", "collections/childrens-social-care"
OUTCOMES, PROVIDER = "statistics/local-authority-inspection", "/provider/44/"
API, PUBLIC, SITE, REPORTS = "ees-content", "ees-public", "ees-site", "ofsted-reports"

#: What is planted, where (host, part of the address, change, of its JSON or the whole of it), and what must be said.
PLANTED: list[tuple[str, tuple[str, str, Change, str], str, str]] = [
    (
        "a member renamed",
        (API, CIN, member("latestRelease", "newest"), "json"),
        "publication (dfe_cin)",
        "latestRelease",
    ),
    (
        "another's place",
        (API, CIN, lambda v: {**v, "supersededByPublication": {"id": v["id"], "slug": "cin", "title": "New"}}, "json"),
        "publication (dfe_cin)",
        "superseded by “New”",
    ),
    ("another's", (API, CIN, lambda v: {**v, "id": "0" * 8 + v["id"][8:]}, "json"), "publication", "not 89869bba"),
    ("releases in pages", (API, RELEASES, lambda v: {"results": v}, "json"), "releases (dfe_cin)", "list"),
    (
        "no release is the latest",
        (API, RELEASES, lambda v: [{**r, "latestRelease": False} for r in v], "json"),
        "releases (dfe_cin)",
        "none of 5 is marked",
    ),
    (
        "no day of update",
        (API, SUMMARY, member("lastUpdated", None), "json"),
        "version summary",
        "lastUpdated is missing",
    ),
    ("data sets renamed", (API, CONTENT, member("dataSetFileId", "id"), "json"), "data content", "dataSetFileId is"),
    ("no file names", (API, "data-set-files?", member("filename", "name"), "json"), "data-set files", "filename is"),
    ("shorter pages", (API, "data-set-files?", status(400), "reply"), "data-set files (dfe_cin)", "400"),
    (
        "every file renamed",
        (API, "data-set-files?", in_each_file(filename=lambda r: f"x{r['filename']}.txt", title=lambda _: "x"), "json"),
        "wanted files",
        "it offers xcsww",
    ),
    ("no download", (API, "/download", status(404), "reply"), "download of a data set", "404"),
    ("an empty download", (API, "/download", lambda r: replace(r, body=b""), "reply"), "download", "nothing in it"),
    ("a page for a zip", (API, "fileIds=", a_page, "reply"), "zip of one file", "web page"),
    ("no data in the page", (SITE, "/find-statistics/", a_page, "reply"), "page of a publication", "known shape"),
    ("an older public API", (PUBLIC, "/versions?", member("version", "number"), "json"), "API, versions", "version is"),
    ("a flat list of changes", (PUBLIC, "/changes", lambda v: [], "json"), "public API, changes", "a list of 0"),
    ("no CSV", (PUBLIC, "/csv", status(500), "reply"), "public API, CSV", "500"),
    ("no links", ("govuk", CARE, member("documents", "pages"), "json"), "collection (dfe_cla)", "none of its 0 pages"),
    ("other pages", ("govuk", OFSTED, in_each_page(lambda p: p + "-v2/x"), "json"), "(ofsted_la_outcomes)", "-v2/x"),
    ("no address", ("govuk", OUTCOMES, member("url", "href"), "json"), "page (ofsted_la_outcomes)", "url is missing"),
    (
        "files under other names",
        ("govuk", OUTCOMES, lambda v: {**v, "details": {"attachments": [{"url": "/media/a/Councils.ods"}]}}, "json"),
        "newest page (ofsted_la_outcomes)",
        "Councils.ods",
    ),
    ("not whole", ("govuk-assets", "/media/", lambda r: replace(r, body=r.body[:-7]), "reply"), "attachment", "states"),
    ("a list of a few", (REPORTS, "/search", body("/provider/44/8", "/other/44/8"), "reply"), "list of", "lists"),
    ("no numbers", (REPORTS, "/search", body("/provider/44/", "/provider/44/x"), "reply"), "list of", "no provider's"),
    ("other texts", (REPORTS, PROVIDER, body("pdf - ", "published on "), "reply"), "authority's page", "unknown text"),
    (
        "links of another class",
        (REPORTS, PROVIDER, body("publication-link", "report-link"), "reply"),
        "authority's page",
        "no report that is wanted",
    ),
    ("a page for a report", ("ofsted-files", "/v1/file/", a_page, "reply"), "a report", "web page"),
    ("other areas", ("nomis", "TYPE423", without_counties, "reply"), "TYPE423", "areas of England"),
    ("other columns", ("nomis", "TYPE423", body("OBS_VALUE", "VALUE"), "reply"), "TYPE423", "the columns are"),
    ("no day", ("ons", "l522", body("Release date,16-07-2025", "Release date,soon"), "reply"), "l522", "is no day"),
    ("a page for a series", ("ons", "l522", a_page, "reply"), "series l522", "web page"),
    ("not let in", ("ons", "generator", status(403), "reply"), "series l522", "403"),
]


@pytest.mark.parametrize(("what", "twist", "about", "says"), PLANTED, ids=[p[0] for p in PLANTED])
def test_each_deviation_is_named_in_words_with_what_follows(
    look: Callable[..., list[Finding]], what: str, twist: tuple[str, str, Change, str], about: str, says: str
) -> None:
    found = wrong(look(twist))
    named = [f for f in found if about in f.about]
    assert named, [f.text() for f in found]
    assert any(says in f.said for f in named), [f.text() for f in named]
    assert all(f.what_to_do for f in found)


def test_a_parameter_that_means_something_else_is_found_out(sample: Any, tmp_path: Path) -> None:
    """The department's service took a release's id in an earlier life: the answer is well formed, and empty."""
    with FakePublishers(
        sample.returns, "", ["dfe_cin"], quirks=replace(Quirks(), release_id_is_a_version=False)
    ) as fake:
        found = wrong(probe(Settings(data=tmp_path / "data", servers=fake.servers(tries=1))))
    said = next(f for f in found if f.about == "EES content API, data-set files (dfe_cin)")
    assert "`releaseId` has changed its meaning" in said.said


def test_servers_that_are_down_are_said_to_be(tmp_path: Path, fake: FakePublishers) -> None:
    servers = fake.servers(tries=1, timeout=2.0).model_copy(update={"ees_content": "http://127.0.0.1:9/api"})
    found = wrong(probe(Settings(data=tmp_path / "data", servers=servers)))
    assert any("EES content API, publication" in f.about for f in found)
    assert not any(f.about.startswith(("ONS", "Nomis")) for f in found)
