"""What the services' own source says they may answer, held against the clients: each point with where it is written.

`[EES]` dfe-analytical-services/explore-education-statistics, `[AM]` alphagov/asset-manager, `[CS]` alphagov's
content-store and publishing-api. What other pages of these tests hold already (null left out, ids of versions, empty
bodies, weak ETags, 303, 308, 410, caps, official names …) is not here again.
"""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from flows.common.settings import Settings
from flows.landing.land import land_folders
from flows.publishers import download
from flows.publishers.canaries import vanished
from flows.publishers.fetch import FetchReport, fetch
from flows.publishers.http import Http, Refused
from flows.publishers.state import OfferEntry, State
from flows.publishers.zips import unpacked
from tests.fake_publishers import FakePublishers
from tests.fake_publishers.answers import Reply
from tests.live.fetching import B1, Start, arrived, cin, settings_for

CIN = ["dfe_cin", "dfe_workforce"]
OUTCOMES = "ofsted_la_outcomes"


def outcomes(fake: FakePublishers, tmp_path: Path, **changes: Any) -> tuple[Settings, FetchReport]:
    """A fetch of Ofsted's outcomes, which are one page of GOV.UK with one workbook."""
    settings = settings_for(fake, tmp_path, **changes)
    return settings, fetch(settings, sources=[OUTCOMES])


def workbook(fake: FakePublishers) -> str:
    return fake.world.page_of(OUTCOMES).attachments[0].name


# --- explore education statistics ------------------------------------------------------------------------------------


def test_a_publication_that_another_has_replaced_is_loud(start: Start, tmp_path: Path) -> None:
    """[EES] `PublicationDto.SupersededByPublication`: it goes on answering with its last release, for ever."""
    fake = start(sources=CIN, every_release=False)
    after = {"id": "11111111-2222-3333-4444-555555555555", "slug": "children-in-need-2", "title": "Children, in need"}
    fake.twist("ees-content", "/children-in-need?", lambda v: {**v, "supersededByPublication": after})
    settings, report = cin(fake, tmp_path)
    said = report.failed["dfe_cin"]
    assert "children-in-need is superseded by “Children, in need”, where new releases come" in said
    assert "put children-in-need-2 first in `slugs`" in said
    assert report.sources[0].advice == ("new releases come elsewhere: change `remote` in flows/sources/dfe_cin.yml")
    # What it has is taken all the same.
    assert B1 in arrived(settings)


@pytest.mark.parametrize("whole", [True, False])
def test_a_data_set_that_the_list_leaves_out_is_asked_for_by_itself(start: Start, tmp_path: Path, whole: bool) -> None:
    """[EES] The list shows what is ready (`HavingNoDataReplacementInProgress`, caches of half an hour), the release's
    content everything: its names are then had one by one."""
    fake = start(sources=CIN, every_release=False)

    def without_b1(said: Any) -> Any:
        return {**said, "results": [r for r in said["results"] if r["filename"] != B1]}

    gone = (lambda _: Reply(404, b"{}")) if whole else None
    if gone:
        fake.twist("ees-content", "/data-set-files?", gone, of="reply")
    else:
        fake.twist("ees-content", "/data-set-files?", without_b1)
    settings, report = cin(fake, tmp_path)
    assert report.failed == {}
    assert B1 in arrived(settings)


def test_a_data_set_without_a_name_is_said_and_asked_for_again(start: Start, tmp_path: Path) -> None:
    fake = start(sources=CIN, every_release=False)
    fake.twist("ees-content", "/data-set-files", lambda _: Reply(404, b"{}"), of="reply")
    settings, report = cin(fake, tmp_path, tries=1)
    assert "the server names no file of B1 children in need" in report.failed["dfe_cin"]
    assert B1 not in arrived(settings)
    fake.twists.clear()
    assert fetch(settings, sources=["dfe_cin"]).failed == {}
    assert B1 in arrived(settings)


def test_a_release_that_was_taken_back_is_told_for_a_week(start: Start, tmp_path: Path) -> None:
    """[EES] `LatestReleaseVersions(publishedOnly)`: what is unpublished is in no list, and its address is a 404."""
    fake = start(sources=CIN, every_release=False)
    settings, _ = cin(fake, tmp_path)
    before = arrived(settings)
    releases = fake.world.publications["dfe_cin"].releases
    releases.remove(fake.world.latest("dfe_cin"))
    assert releases
    for _ in range(2):
        report = fetch(settings, sources=["dfe_cin"])
        assert report.failed["dfe_cin"] == (
            "2024, which had 2 wanted files, is not listed any more; what is held of it stays"
        )
    assert arrived(settings) == before
    state = State(settings.live / "state.json")
    week = (datetime.now(UTC) - timedelta(days=8)).replace(microsecond=0).isoformat()
    state.offers["dfe_cin 2024"].fewer_since = week
    state.save()
    assert fetch(settings, sources=["dfe_cin"]).failed == {}
    assert "dfe_cin 2024" not in State(settings.live / "state.json").offers


def test_an_older_page_that_a_list_drops_is_noted(tmp_path: Path) -> None:
    """Some lists are kept short; what has no year is no older one."""
    state = State(tmp_path / "state.json")
    state.offers = {
        f"x {p}": OfferEntry(wanted=1) for p in ("/a-march-2020", "/a-june-2020", "/a-june-2021", "/b", "/c")
    }
    state.offers["y /a-june-2020"] = OfferEntry(wanted=1)
    problems, notes = vanished("x", {"/a-june-2021", "/b"}, state)
    assert [p.partition(",")[0] for p in problems] == ["/c"]
    assert [n.partition(",")[0] for n in notes] == ["/a-march-2020", "/a-june-2020"]
    problems, notes = vanished("x", {"/a-march-2020", "/b", "/c"}, state)
    assert [p.partition(",")[0] for p in problems] == ["/a-june-2020", "/a-june-2021"]


def test_a_release_under_another_slug_is_no_second_one(start: Start, tmp_path: Path) -> None:
    """[EES] `releaseRedirectsByPublicationSlug`: an amendment may give a release a label, and with it another slug."""
    fake = start(sources=CIN, every_release=False)
    settings, _ = cin(fake, tmp_path)
    land_folders(settings, [settings.incoming], workers=1)
    fake.turn_to("amended-in-place")
    renamed = {"ees-content": "children-in-need/releases"}
    for host, part in renamed.items():
        fake.twist(
            host,
            part,
            lambda r: replace(r, body=r.body.replace(b'"slug": "2024"', b'"slug": "2024-revised"')),
            of="reply",
        )
    usual = fake._answer

    def under_either(request: Any) -> Reply:
        return usual(replace(request, path=request.path.replace("/2024-revised/", "/2024/")))

    fake._answer = under_either  # type: ignore[method-assign]
    report = fetch(settings, sources=["dfe_cin"])
    assert "2024, which had" in report.failed["dfe_cin"]
    landed = land_folders(settings, [settings.incoming], workers=1)
    assert landed.refused == []
    editions = {p.stem for p in settings.landing.glob("dfe_cin/*/*.csv")}
    assert {"2024", "2024-r2"} <= editions


def test_the_zip_of_a_file_that_is_not_in_it_is_no_file(start: Start, tmp_path: Path) -> None:
    """[EES] `ZipFilesToStream`: ids are only filtered by, and a file that storage does not give is left out: 200."""
    fake = start(sources=CIN, every_release=False)
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    fake.twist("ees-content", "fileIds", lambda r: replace(r, body=empty.getvalue()), of="reply")
    for host, part in (("ees-content", "/download"), ("ees-site", "/csv"), ("ees-public", "/csv")):
        fake.twist(host, part, lambda _: Reply(404, b"{}"), of="reply")
    settings, report = cin(fake, tmp_path, tries=1)
    assert f"the zip has no {B1}" in report.failed["dfe_cin"]
    assert B1 not in arrived(settings)


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()


def test_two_unlike_files_of_one_name_in_a_zip_are_refused(tmp_path: Path) -> None:
    """[EES] `data/x.csv` and `supporting-files/x.csv`; a folder a year in zips of before 2018."""
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(("data/x.csv", b"a\n1\n"), ("supporting-files/x.csv", b"a\n2\n")))
    with pytest.raises(Refused, match=r"holds data/x\.csv and supporting-files/x\.csv, two unlike files"):
        list(unpacked(path, "http://x/x.zip", lambda _: True, 10_000, 100))
    path.write_bytes(zipped(("data/x.csv", b"a\n1\n"), ("again/x.csv", b"a\n1\n"), ("data/y.csv", b"b\n")))
    files = list(unpacked(path, "http://x/x.zip", lambda _: True, 10_000, 100))
    assert files == [("x.csv", b"a\n1\n"), ("y.csv", b"b\n")]


# --- GOV.UK ----------------------------------------------------------------------------------------------------------


def test_a_page_that_a_collection_drops_is_told(start: Start, tmp_path: Path) -> None:
    """[CS] Collections are edited by hand: a page is dropped from one while it stands, its successor not there."""
    fake = start(sources=[OUTCOMES], every_release=False)
    settings, _ = outcomes(fake, tmp_path)
    before = arrived(settings)
    dropped = fake.world.page_of(OUTCOMES).path
    other = re.sub(r"\d{4}$", "2020", dropped)
    fake.world.pages[other] = replace(fake.world.pages[dropped], path=other)
    fake.world.collections = {c: [other if p == dropped else p for p in ps] for c, ps in fake.world.collections.items()}
    said = fetch(settings, sources=[OUTCOMES]).failed[OUTCOMES]
    assert said == f"{dropped}, which had 1 wanted file, is not listed any more; what is held of it stays"
    assert arrived(settings).keys() >= before.keys()


@pytest.mark.parametrize(
    ("destination", "says"),
    [
        ("https://explore-education-statistics.service.gov.uk/find-statistics/x", "which is no page of GOV.UK"),
        ("https://www.gov.uk{path}-moved?x=1#y", ""),
        ("{path}-moved", ""),
    ],
)
def test_where_a_page_has_moved_to(start: Start, tmp_path: Path, destination: str, says: str) -> None:
    """[CS] `redirects[].destination`: a path, or an address elsewhere."""
    fake = start(sources=[OUTCOMES], every_release=False)
    page = fake.world.page_of(OUTCOMES)
    page.notes["redirect"] = "yes"
    to = destination.format(path=page.path)

    def elsewhere(reply: Reply) -> Reply:
        said = json.loads(reply.body)
        if "redirects" not in said:
            return reply
        said["redirects"] = [{"path": page.path, "type": "exact", "destination": to}]
        return replace(reply, body=json.dumps(said).encode(), headers={})

    fake.twist("govuk", page.path, elsewhere, of="reply")
    settings, report = outcomes(fake, tmp_path)
    if says:
        assert says in report.failed[OUTCOMES]
        assert "find-statistics/x" in report.failed[OUTCOMES]
    else:
        assert report.failed == {}
        assert workbook(fake) in arrived(settings)


def in_text_only(page: Any) -> Any:
    """[CS] `statistical_data_set` examples: attachments embedded in the text, none listed."""
    if "attachments" not in page["details"]:
        return page
    files = [a for a in page["details"]["attachments"] if a["attachment_type"] == "file"]
    links = "".join(f'<section class="attachment embedded"><a href="{a["url"]}">Outcomes</a></section>' for a in files)
    return {**page, "details": {"body": f'<div class="govspeak"><p>See.</p>{links}</div>'}}


def with_the_least(page: Any) -> Any:
    """[CS] asset_links.jsonnet: of a file only these three are sure, and the days may be null."""
    if "attachments" not in page["details"]:
        return page
    kept = ("attachment_type", "id", "url")
    files = [{k: a[k] for k in kept} for a in page["details"]["attachments"]]
    return {**page, "public_updated_at": None, "title": None, "details": {**page["details"], "attachments": files}}


def with_body_of_kinds(page: Any) -> Any:
    """[CS] `multiple_content_types`: a text may be a list of its forms."""
    details = {**page["details"], "body": [{"content_type": "text/html", "content": "<p>x</p>"}]}
    return {**page, "details": details}


@pytest.mark.parametrize("how", [in_text_only, with_the_least, with_body_of_kinds])
def test_a_page_however_it_tells_of_its_files(start: Start, tmp_path: Path, how: Callable[[Any], Any]) -> None:
    fake = start(sources=[OUTCOMES], every_release=False)
    fake.twist("govuk", "/api/content/government/statistics", how)
    settings, report = outcomes(fake, tmp_path)
    assert report.failed == {}
    assert workbook(fake) in arrived(settings)


def test_an_ending_in_capitals_is_one_like_others(start: Start, tmp_path: Path) -> None:
    """Whitehall keeps a file's name as it was uploaded; it lands as the others do."""
    fake = start(sources=[OUTCOMES], every_release=False)
    attachment = fake.world.page_of(OUTCOMES).attachments[0]
    attachment.name = attachment.name.upper()
    settings, report = outcomes(fake, tmp_path)
    assert report.failed == {}
    assert attachment.name in arrived(settings)
    landed = land_folders(settings, [settings.incoming], workers=1)
    assert (landed.refused, landed.unrecognised) == ([], [])
    assert list(settings.landing.glob(f"{OUTCOMES}/*/*.csv"))


def test_two_unlike_files_of_one_name_on_a_page_are_told(start: Start, tmp_path: Path) -> None:
    """Neither is put in the place of the other without a word."""
    fake = start(sources=[OUTCOMES], every_release=False)
    page = fake.world.page_of(OUTCOMES)
    first = page.attachments[0]
    changed = fake.world.pages[page.path].attachments[0].data.replace(b"mimetype", b"mimetypf", 1)
    page.attachments.append(replace(first, data=changed, uploads=2))
    settings, report = outcomes(fake, tmp_path)
    for _ in range(2):
        assert "two unlike files of one name" in report.failed[OUTCOMES]
        assert arrived(settings)[first.name] == first.data
        report = fetch(settings, sources=[OUTCOMES])


def test_an_asset_leads_on_without_a_scheme(start: Start, tmp_path: Path) -> None:
    """[AM] `redirect_to_replacement_for`: 301 to `//assets.publishing.service.gov.uk/…`; 302 to the present name."""
    fake = start(sources=[OUTCOMES], every_release=False)
    name = workbook(fake)

    def elsewhere(reply: Reply) -> Reply:
        asked = fake.requests[-1]
        if "again" in asked.query:
            return reply
        return Reply(301, b"", "text/html", {"Location": f"//127.0.0.1:{fake.port}/govuk-assets{asked.path}?again=1"})

    fake.twist("govuk-assets", "/media/", elsewhere, of="reply")
    settings, report = outcomes(fake, tmp_path)
    assert report.failed == {}
    assert name in arrived(settings)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        # Not yet scanned for viruses: 302 to a page that says so, with 200.
        (Reply(200, b"<!DOCTYPE html><html><h1>Being checked</h1></html>", "text/html"), "web page instead"),
        (Reply(410, b"", "text/html"), "taken down (410)"),
        (
            Reply(302, b"", "text/html", {"Location": "https://draft-assets.publishing.service.gov.uk/x"}),
            "draft-assets",
        ),
        (Reply(403, b"", "text/html"), "403"),
    ],
)
def test_an_asset_that_is_not_there_yet_or_no_more(start: Start, tmp_path: Path, answer: Reply, says: str) -> None:
    """[AM] `MediaController#download`: each is said, and the file is asked for again."""
    fake = start(sources=[OUTCOMES], every_release=False)
    name = workbook(fake)
    fake.twist("govuk-assets", "/media/", lambda _: replace(answer), of="reply")
    settings, report = outcomes(fake, tmp_path, tries=1)
    assert says in report.failed[OUTCOMES]
    assert name not in arrived(settings)
    fake.twists.clear()
    assert fetch(settings, sources=[OUTCOMES]).failed == {}
    assert name in arrived(settings)


# --- Ofsted, ONS, Nomis ----------------------------------------------------------------------------------------------


def test_a_page_that_is_no_list_leaves_the_index(start: Start, tmp_path: Path) -> None:
    """Out of order, or with a wall of cookies before it: a page all the same, 200."""
    page = b"<!DOCTYPE html><html><form action='/cookies'><button>Accept cookies</button></form></html>"
    fake = start(sources=["ofsted_reports"])
    settings = settings_for(fake, tmp_path)
    assert fetch(settings, sources=["ofsted_reports"]).failed == {}
    before = arrived(settings)
    fake.twist("ofsted-reports", "/search", lambda r: replace(r, body=page), of="reply")
    report = fetch(settings, sources=["ofsted_reports"])
    assert "lists 0 authorities, and there are 150 at least" in report.failed["ofsted_reports"]
    assert arrived(settings) == before


def test_few_reports_that_the_site_no_longer_has_are_noted_and_many_told_for_a_week(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four reports of 2012: their addresses answer with a page, 200."""
    fake = start(sources=["ofsted_reports"])
    reports = [r for p in fake.world.providers.values() for r in p.reports]
    # Wanted ones are numbered otherwise than the other kinds of reports.
    lost = min((r for r in reports if not r.id.startswith("5099")), key=lambda r: r.day).id
    page = Reply(200, b"<!DOCTYPE html><html>Find an inspection report</html>", "text/html")
    fake.twist("ofsted-files", lost, lambda _: replace(page), of="reply")
    settings = settings_for(fake, tmp_path, tries=1)
    said = f"/v1/file/{lost}: the server sends a web page instead"
    report = fetch(settings, sources=["ofsted_reports"])
    assert report.failed == {}
    assert [said in n for n in report.notes].count(True) == 1
    monkeypatch.setattr(download, "FEW_DOCUMENTS", 0)
    monkeypatch.setattr(download, "FEW_OF_ALL", 0.0)
    report = fetch(settings, sources=["ofsted_reports"])
    assert said in report.failed["ofsted_reports"]
    assert report.failed["ofsted_reports"].count("\n") == 0
    state = State(settings.live / "state.json")
    (key,) = state.missing
    state.missing[key] = (datetime.now(UTC) - timedelta(days=8)).replace(microsecond=0).isoformat()
    state.save()
    report = fetch(settings, sources=["ofsted_reports"])
    assert report.failed == {}
    assert any(said in n for n in report.notes)
    # What comes after all is had.
    fake.twists.clear()
    assert fetch(settings, sources=["ofsted_reports"]).changed
    assert State(settings.live / "state.json").missing == {}


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"<html><body>The request could not be processed</body></html>", "text/html", "web page"),
        (b'"DATE_NAME","GEOGRAPHY_NAME","GEOGRAPHY_CODE","C_AGE_NAME","OBS_VALUE"\n', "text/csv", "no rows"),
        (b'{"error":"Query exceeded limit"}', "application/json", "Query exceeded limit"),
    ],
)
def test_what_nomis_says_in_place_of_rows(tmp_path: Path, sample: Any, body: bytes, kind: str, says: str) -> None:
    """Errors come with 200, as a page, as JSON, or as a header alone."""
    with FakePublishers(sample.returns, "", ["ons_population"]) as fake:
        fake.twist("nomis", "", lambda _: Reply(200, body, kind), of="reply")
        settings = settings_for(fake, tmp_path, tries=1)
        report = fetch(settings, sources=["ons_population"])
    assert says in report.failed["ons_population"]
    assert not list(settings.incoming.glob("ons_population/**/*.csv"))


def test_a_series_with_a_mark_and_other_line_ends(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["ons_prices"])
    uri, data = next(iter(sorted(fake.world.series.items())))
    said = b"\xef\xbb\xbf" + data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    fake.world.series[uri] = said
    settings = settings_for(fake, tmp_path)
    assert fetch(settings, sources=["ons_prices"]).failed == {}
    assert said in arrived(settings).values()
    landed = land_folders(settings, [settings.incoming], workers=1)
    assert landed.refused == []


# --- everywhere ------------------------------------------------------------------------------------------------------


def test_a_wall_of_cookies_that_lets_through_who_comes_back_with_one(start: Start, tmp_path: Path) -> None:
    """A redirect to the same address with a cookie, which some proxies put before a site."""
    fake = start(sources=[OUTCOMES], every_release=False)

    def wall(reply: Reply) -> Reply:
        asked = fake.requests[-1]
        if "seen=1" in asked.headers.get("cookie", ""):
            return reply
        return Reply(302, b"", "text/html", {"Location": f"/govuk{asked.path}", "Set-Cookie": "seen=1; Path=/"})

    fake.twist("govuk", "", wall, of="reply")
    settings, report = outcomes(fake, tmp_path)
    assert report.failed == {}
    assert workbook(fake) in arrived(settings)


def test_a_wait_that_is_asked_for_as_a_day_and_time(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    until = datetime.now(UTC) + timedelta(seconds=2)
    asked: list[float] = []

    def busy(reply: Reply) -> Reply:
        asked.append(time.time())
        if len(asked) > 1:
            return reply
        return Reply(429, b"", "text/html", {"Retry-After": format_datetime(until, usegmt=True)})

    fake.twist("ees-content", "/redirects", busy, of="reply")
    servers = fake.servers()
    with Http(servers, State(tmp_path / "state.json"), tmp_path / "live") as http:
        assert http.json(f"{servers.ees_content}/redirects")
    assert len(asked) == 2
    # To the second, as a header says it.
    assert asked[1] >= until.timestamp() - 1


def test_a_wait_that_is_too_long_is_said(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    fake.twist("ees-content", "/redirects", lambda _: Reply(429, b"", "text/html", {"Retry-After": "7200"}), of="reply")
    servers = fake.servers()
    said = pytest.raises(Refused, match=r"answers 429; it asks to wait 7200 s \(asked 1 time\)")
    with Http(servers, State(tmp_path / "state.json"), tmp_path / "live") as http, said:
        http.json(f"{servers.ees_content}/redirects")
