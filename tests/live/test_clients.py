"""What the clients make of servers as they are: other addresses, names, minor edits, fewer files."""

from __future__ import annotations

import csv
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.common.errors import CheckFailed
from flows.common.settings import Settings
from flows.landing.archive import Archive
from flows.landing.land import land_folders
from flows.publishers.authorities import Authorities
from flows.publishers.described import is_described, month_of, year_of
from flows.publishers.fetch import fetch
from flows.publishers.http import Http
from flows.publishers.ofsted_reports import reports_of
from flows.publishers.report import last_fetch
from flows.publishers.state import State
from flows.sources.passport import load_passports
from flows.stages.land import stop_without_primaries
from tests.fake_publishers import FakePublishers, Quirks
from tests.fake_publishers.answers import Reply
from tests.live.fetching import B1, Start, arrived, cin, settings_for

OFFICIAL = Path(__file__).parents[1] / "fake_publishers" / "official_names.csv"


def hosts(fake: FakePublishers) -> list[str]:
    """Host and path of everything that was asked."""
    return [f"{r.host}{r.path}" for r in fake.requests]


# --- the department's files ------------------------------------------------------------------------------------------


def test_an_empty_file_is_taken_from_the_address_that_the_site_uses(start: Start, tmp_path: Path, folder: Path) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"])
    settings, report = cin(fake, tmp_path)
    assert report.failed == {}
    release = fake.world.latest("dfe_cin")
    asked = hosts(fake)
    first = f"ees-content/api/releases/{release.version_id}/files/{release.file_id(B1)}"
    second = f"ees-content/api/data-set-files/{release.data_set_id(B1)}/download"
    assert asked.index(first) < asked.index(second)
    assert arrived(settings)[B1] == (folder / "dfe_cin" / "2024" / B1).read_bytes()
    # Its hash is remembered, so that it is not sent again.
    entry = State(settings.live / "state.json").file("dfe_cin", f"http://127.0.0.1:{fake.port}/{first}")
    assert entry is not None
    assert entry.etag.startswith('W/"')
    fake.requests.clear()
    again = fetch(settings, sources=["dfe_cin"])
    assert (again.failed, again.changed) == ({}, [])
    assert second not in hosts(fake)


def refuse(reply: Reply) -> Reply:
    return Reply(403, b"{}", reply.content_type)


def short(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


@pytest.mark.parametrize("spoil", [refuse, short, lambda r: replace(r, body=b"")], ids=["refused", "short", "empty"])
def test_the_zip_is_the_last_resort(
    start: Start, tmp_path: Path, folder: Path, spoil: Callable[[Reply], Reply]
) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    for host, part in (("ees-content", "/download"), ("ees-site", "/csv"), ("ees-public", "/csv")):
        fake.twist(host, part, spoil, of="reply")
    settings, report = cin(fake, tmp_path, tries=1)
    assert report.failed == {}
    assert arrived(settings)[B1] == (folder / "dfe_cin" / "2024" / B1).read_bytes()
    assert any("fileIds" in r.query for r in fake.requests)


def test_where_no_address_has_it_all_reasons_are_said(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    for host, part in (
        ("ees-content", "/download"),
        ("ees-site", "/csv"),
        ("ees-public", "/csv"),
        ("ees-content", "fileIds"),
    ):
        fake.twist(host, part, refuse, of="reply")
    settings, report = cin(fake, tmp_path, tries=1)
    assert B1 not in arrived(settings)
    assert "200, and nothing in it" in report.failed["dfe_cin"]
    assert report.failed["dfe_cin"].count("the server answers 403") >= 4


@pytest.mark.parametrize(
    "quirks", [{}, {"empty_release_file": False}, {"weak_etags": False}, {"official_names": False}]
)
def test_whatever_the_servers_do_the_same_arrives(start: Start, tmp_path: Path, quirks: dict[str, Any]) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False, **quirks)
    settings, report = cin(fake, tmp_path)
    assert report.failed == {}
    release = fake.world.latest("dfe_cin")
    assert {n: d for n, d in arrived(settings).items() if n in release.files} == release.files


def test_more_than_a_page_of_files_is_read_to_its_end(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    release = fake.world.latest("dfe_cin")
    for n in range(60):
        release.files[f"z{n:02d}_more_of_the_same_2013_to_2024.csv"] = release.files[B1]
    settings, report = cin(fake, tmp_path)
    assert report.failed == {}
    assert len([n for n in arrived(settings) if n.startswith("z")]) == 60


# --- GOV.UK ----------------------------------------------------------------------------------------------------------


def test_a_minor_edit_is_found_and_becomes_an_edition(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["ofsted_la_outcomes"])
    settings = settings_for(fake, tmp_path)
    assert fetch(settings, sources=["ofsted_la_outcomes"]).failed == {}
    land_folders(settings, [settings.incoming], workers=1)
    fake.turn_to("minor-edit")
    report = fetch(settings, sources=["ofsted_la_outcomes"])
    assert [Path(c).suffix for c in report.changed] == [".ods"]
    landed = land_folders(settings, [settings.incoming], workers=1).landed
    assert {x.edition for x in landed} == {"2024-r2"}


def test_pages_are_known_by_any_of_their_names(start: Start, tmp_path: Path, sample: Any) -> None:
    """Pages of 2010 to 2019 as they are called, old ones with their files in HTML alone, some in a zip."""
    with FakePublishers(sample.returns, "", ["dfe_cin", "dfe_cla", "dfe_cla_outcomes", "dfe_s251_outturn"]) as fake:
        settings = settings_for(fake, tmp_path, deadline=60.0)
        report = fetch(settings, sources=["dfe_cin", "dfe_cla", "dfe_cla_outcomes", "dfe_s251_outturn"])
        assert report.failed == {}
        here = arrived(settings)
        for source in ("dfe_cin", "dfe_cla", "dfe_cla_outcomes"):
            held = {p.name for p in (sample.returns / source).rglob("*.*") if p.is_file()}
            assert held - set(here) == set(), source
        # Section 251's names are not the publisher's; each is kept under one that says its year.
        assert {n for n in here if n.startswith("s251ye")} == {
            *(f"s251ye{y}.xls" for y in (2009, 2010, 2011)),
            *(f"s251ye{y}.xlsx" for y in (2012, 2013, 2015, 2016, 2017, 2018, 2019)),
            "s251ye2014.ods",
        }
        # Two of them want what is in one zip: it is downloaded once.
        zips = Counter(r.path for r in fake.requests if r.path.endswith(".zip"))
        assert zips
        assert set(zips.values()) == {1}


# --- Ofsted ----------------------------------------------------------------------------------------------------------


def test_every_official_name_is_known_without_its_number() -> None:
    authorities = Authorities(Settings().seeds)
    with OFFICIAL.open(newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == 153
    assert {r["official_name"]: authorities.code_of_name(r["official_name"]) for r in rows} == {
        r["official_name"]: r["la_code"] for r in rows
    }
    by_number = {r["urn"]: authorities.of_provider(r["urn"], "Nobody's Council") for r in rows}
    assert {u: a and a.la_code for u, a in by_number.items()} == {r["urn"]: r["la_code"] for r in rows}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Leicester City Council", "856"),
        ("Leicestershire County Council", "855"),
        ("City of Nottingham", "892"),
        ("The London Borough of Hackney", "204"),
        ("City & County of Bristol", "801"),
        ("Durham County Council", "840"),
        ("County Durham", "840"),
        ("Dorset Council", "838"),
        ("Dorset County Council", "835"),
        ("CITY OF YORK COUNCIL", "816"),
        ("St. Helens Metropolitan Borough Council", "342"),
        ("Atlantis Council", None),
        ("Council", None),
        ("", None),
    ],
)
def test_names_are_normalised_and_never_guessed(name: str, code: str | None) -> None:
    assert Authorities(Settings().seeds).code_of_name(name) == code


@pytest.mark.parametrize(
    ("text", "title", "day"),
    [
        ("Children's services inspection, pdf - 27 October 2023", "Children's services inspection", "2023-10-27"),
        ("Children's services inspection,  pdf - 16 August 2013", "Children's services inspection", "2013-08-16"),
        ("Children's services inspection - 05 May 2015", "Children's services inspection", "2015-05-05"),
        (
            "Single inspection of LA children's services as pdf - 1 July 2016",
            "Single inspection of LA children's services",
            "2016-07-01",
        ),
        ("Children&#039;s services inspection, pdf – 7 Jan 2019", "Children's services inspection", "2019-01-07"),
        ("Focused visit, pdf - 31 February 2020", None, None),
        ("Children's services inspection", None, None),
        (", pdf - 14 July 2017", None, None),
    ],
)
def test_texts_of_links_to_reports(text: str, title: str | None, day: str | None) -> None:
    page = f'<a class="publication-link" href="/v1/file/5"><span class="nonvisual">{text}</span></a>'
    found, unread = reports_of(page, "https://files.example/")
    assert [(r.title, r.day.date().isoformat()) for r in found] == ([(title, day)] if title else [])
    assert len(unread) == (title is None)


def reports(start: Start, tmp_path: Path, **quirks: Any) -> tuple[FakePublishers, Settings, Any]:
    fake = start(sources=["ofsted_reports"], **quirks)
    settings = settings_for(fake, tmp_path, timeout=20.0)
    return fake, settings, fetch(settings, sources=["ofsted_reports"])


@pytest.mark.parametrize("rows", [100, 30, 7])
def test_the_list_is_read_to_its_end_however_short_its_pages(start: Start, tmp_path: Path, rows: int) -> None:
    _, settings, report = reports(start, tmp_path, rows_capped=rows)
    assert report.failed == {}
    with (settings.incoming / "ofsted_reports" / "index.csv").open() as f:
        index = list(csv.DictReader(f))
    assert len(index) == len([n for n in arrived(settings) if n.endswith(".pdf")]) == 14
    seeds = {r["la_name"] for r in csv.DictReader((Settings().seeds / "local_authority.csv").open())}
    assert {r["local_authority"] for r in index} <= seeds
    # Only inspections are taken of all kinds of reports.
    (source,) = report.sources
    assert source.offered > source.wanted == 14


def test_a_list_of_too_few_leaves_the_index_as_it_was(start: Start, tmp_path: Path) -> None:
    fake, settings, _ = reports(start, tmp_path)
    held = (settings.incoming / "ofsted_reports" / "index.csv").read_bytes()
    for urn in list(fake.world.providers)[:100]:
        del fake.world.providers[urn]
    report = fetch(settings, sources=["ofsted_reports"])
    assert "lists 53 authorities, and there are 150 at least" in report.failed["ofsted_reports"]
    assert (settings.incoming / "ofsted_reports" / "index.csv").read_bytes() == held


def test_an_index_that_shrank_is_not_put_in_the_place_of_the_one_held(start: Start, tmp_path: Path) -> None:
    fake, settings, _ = reports(start, tmp_path)
    held = (settings.incoming / "ofsted_reports" / "index.csv").read_bytes()
    one = next(p for p in fake.world.providers.values() if len([r for r in p.reports if "visit" not in r.title]) > 1)
    one.reports.clear()
    report = fetch(settings, sources=["ofsted_reports"])
    assert "where it had" in report.failed["ofsted_reports"]
    assert "It stays" in report.failed["ofsted_reports"]
    assert (settings.incoming / "ofsted_reports" / "index.csv").read_bytes() == held


def test_a_page_that_fails_keeps_its_rows_in_the_index(start: Start, tmp_path: Path) -> None:
    fake, settings, _ = reports(start, tmp_path)
    index = settings.incoming / "ofsted_reports" / "index.csv"
    held = index.read_text()
    urn = next(csv.DictReader(held.splitlines()))["urn"]
    fake.twist("ofsted-reports", f"/provider/44/{urn}", lambda _: Reply(500, b"", "text/html"), of="reply")
    report = fetch(settings, sources=["ofsted_reports"])
    assert "500" in report.failed["ofsted_reports"]
    assert sorted(index.read_text().splitlines()) == sorted(held.splitlines())


def test_an_authority_that_nobody_knows_is_named_and_left_out(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["ofsted_reports"])
    one = next(p for p in fake.world.providers.values() if p.reports)
    stranger = replace(one, urn="9999999", official_name="Atlantis Council")
    fake.world.providers["9999999"] = stranger
    settings = settings_for(fake, tmp_path)
    report = fetch(settings, sources=["ofsted_reports"])
    assert "Atlantis Council (9999999" in report.failed["ofsted_reports"]
    index = (settings.incoming / "ofsted_reports" / "index.csv").read_text()
    assert "9999999" not in index
    assert index.count("\n") > 10


# --- ONS and Nomis ---------------------------------------------------------------------------------------------------


def test_nomis_is_read_to_its_end_whatever_its_limit(tmp_path: Path, sample: Any) -> None:
    with FakePublishers(sample.returns, "", ["ons_population"]) as fake:
        fake.nomis_cap = 700
        settings = settings_for(fake, tmp_path)
        assert fetch(settings, sources=["ons_population"]).failed == {}
        text = (settings.incoming / "ons_population" / "query" / "nm_2002_1_ages_0_to_17.csv").read_text()
        assert text.count("\n") > 5_000
        assert len(set(text.splitlines())) == len(text.splitlines())


def test_nomis_of_another_kind_of_area_is_refused(tmp_path: Path, sample: Any) -> None:
    with FakePublishers(sample.returns, "", ["ons_population"]) as fake:
        settings = settings_for(fake, tmp_path)
        fake.world.nomis = [r for r in fake.world.nomis if not r[2].startswith("E10")]
        report = fetch(settings, sources=["ons_population"])
        assert re.search("should|no county", report.failed["ons_population"])


# --- canaries --------------------------------------------------------------------------------------------------------


def test_a_release_without_a_wanted_file_is_loud_and_says_what_is_there(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_workforce"], every_release=False)
    release = fake.world.latest("dfe_workforce")
    release.files = {"social_workers_and_more.csv": next(iter(release.files.values()))}
    settings = settings_for(fake, tmp_path)
    report = fetch(settings, sources=["dfe_workforce"])
    said = report.failed["dfe_workforce"]
    assert "the latest release (2022) has none of the wanted files" in said
    assert "social_workers_and_more.csv" in said
    (source,) = report.sources
    assert "remote` in flows/sources/dfe_workforce.yml" in source.advice


def test_a_page_without_a_wanted_file_is_loud_and_says_what_is_there(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["ofsted_la_outcomes"])
    fake.world.page_of("ofsted_la_outcomes").attachments[0].name = "Outcomes_of_councils.ods"
    settings = settings_for(fake, tmp_path)
    said = fetch(settings, sources=["ofsted_la_outcomes"]).failed["ofsted_la_outcomes"]
    assert "none of the wanted files" in said
    assert "Outcomes_of_councils.ods" in said


def test_a_page_among_others_may_have_no_wanted_file(start: Start, tmp_path: Path) -> None:
    """Where the passport says so (`some_pages_have_none`): additional tables stand between the releases."""
    fake = start(sources=["dfe_cla"])
    page = fake.world.page_of("dfe_cla")
    cover = replace(page.attachments[0], name="Cover.xls", title="Cover")
    later = replace(page, path=f"{page.path}-2", published=page.published + timedelta(days=99), attachments=[cover])
    fake.world.pages[later.path] = later
    (pages,) = (ps for ps in fake.world.collections.values() if page.path in ps)
    pages.append(later.path)
    settings = settings_for(fake, tmp_path)
    assert fetch(settings, sources=["dfe_cla"]).failed == {}


def test_a_release_of_which_only_the_zip_is_to_be_had_has_no_fewer_files(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    settings, _ = cin(fake, tmp_path)
    before = arrived(settings)
    fake.turn_to("zip-only")
    assert fetch(settings, sources=["dfe_cin"]).failed == {}
    # And what there was before is remembered.
    fake.turn_to("")
    del fake.world.latest("dfe_cin").files[B1]
    assert "where it had 2 before" in fetch(settings, sources=["dfe_cin"]).failed["dfe_cin"]
    assert arrived(settings) == before


def test_fewer_files_than_last_time_are_told_for_a_week(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    settings, _ = cin(fake, tmp_path)
    before = arrived(settings)
    del fake.world.latest("dfe_cin").files[B1]
    report = fetch(settings, sources=["dfe_cin"])
    assert f"2024 has 1 wanted file, where it had 2 before (gone: {B1}); it offers c1_" in report.failed["dfe_cin"]
    # What is held stays, and it is told again the next day.
    assert arrived(settings) == before
    assert "where it had 2 before" in fetch(settings, sources=["dfe_cin"]).failed["dfe_cin"]
    state = State(settings.live / "state.json")
    entry = state.offers["dfe_cin 2024"]
    entry.fewer_since = (datetime.now(UTC) - timedelta(days=8)).replace(microsecond=0).isoformat()
    state.save()
    assert fetch(settings, sources=["dfe_cin"]).failed == {}


def test_a_source_that_never_gave_anything_is_no_success(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"])
    fake.twist("ees-content", "/releases?", lambda _: [], of="json")
    fake.twist("govuk", "collections/", lambda v: {**v, "links": {"documents": []}})
    settings = settings_for(fake, tmp_path)
    report = fetch(settings, sources=["dfe_workforce"])
    assert "lists no page like" in report.failed["dfe_workforce"]


@pytest.mark.parametrize("empty", [True, False])
def test_nothing_is_published_without_a_primary_return_that_was_asked_for(
    start: Start, tmp_path: Path, empty: bool
) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    if empty:
        fake.twist("ees-content", "/children-in-need/releases/", with_no_files)
        fake.twist("govuk", "statistics-children-in-need", lambda v: {**v, "links": {"documents": []}})
    settings = settings_for(fake, tmp_path)
    report = fetch(settings, sources=["dfe_cin", "dfe_workforce"])
    land_folders(settings, [settings.incoming], workers=1)
    if not empty:
        stop_without_primaries(settings, report)
        return
    with pytest.raises(
        CheckFailed, match=r"(?s)nothing is published: primary returns.*dfe_cin: .*none of the wanted"
    ) as exc:
        stop_without_primaries(settings, report)
    assert "dfe_workforce" not in str(exc.value)


def with_no_files(value: Any) -> Any:
    return {**value, "dataSets": [], "supportingFiles": []} if "dataSets" in value else value


# --- editions that nobody has described ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "year", "month"),
    [
        ("characteristics-of-children-in-need-2017-to-2018", "2018", ""),
        ("2023-24", "2024", ""),
        ("2015-cla", "2015", ""),
        ("2020-03", "2020", "03"),
        ("gdp-deflators-at-market-prices-and-money-gdp-march-2020-budget", "2020", "03"),
        ("fostering-in-england-1-april-2019-to-31-march-2020", "2020", "04"),
        ("children-looked-after-in-england-including-adoption--2", "", ""),
    ],
)
def test_the_year_of_a_release_by_its_name(words: str, year: str, month: str) -> None:
    assert (year_of(words), month_of(words)) == (year, month)


def test_which_releases_are_described() -> None:
    known = {p.source: p for p in load_passports(Settings().passports)}
    assert is_described(known["dfe_cin"], "2024") is True
    assert is_described(known["dfe_cin"], "characteristics-of-children-in-need-2016-to-2017") is True
    assert is_described(known["dfe_cin"], "2031") is False
    assert is_described(known["dfe_s251_outturn"], "section-251-outturn-2014-to-2015-data") is True
    assert is_described(known["dfe_s251_outturn"], "2030-31") is False
    assert is_described(known["hmt_gdp_deflator"], "gdp-deflators-march-2020-budget") is True
    assert is_described(known["hmt_gdp_deflator"], "gdp-deflators-june-2020-quarterly-national-accounts") is False
    assert is_described(known["dfe_cla"], "children-looked-after-in-england-including-adoption") is None


# --- one download for whoever asks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("again", range(6))
def test_who_asks_for_the_same_address_waits_for_it(start: Start, tmp_path: Path, again: int) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"], every_release=False)
    release = fake.world.latest("dfe_cin")
    url = f"{fake.servers().ees_content}/releases/{release.version_id}/files"
    came: list[bytes] = []
    with Http(fake.servers(), State(tmp_path / "state.json"), tmp_path / "work") as http:

        def ask() -> None:
            path = http.file(url, name="all.zip").path
            assert path is not None
            came.append(path.read_bytes())

        together = [threading.Thread(target=ask) for _ in range(12)]
        for t in together:
            t.start()
        for t in together:
            t.join()
    assert len(came) == 12
    assert len(set(came)) == 1
    assert len([r for r in fake.requests if r.path.endswith("/files")]) == 1
    assert not list((tmp_path / "work").glob("run-*"))


# --- what is said ----------------------------------------------------------------------------------------------------


def test_one_screen_says_what_came_of_each_source(start: Start, tmp_path: Path) -> None:
    fake = start()
    settings = settings_for(fake, tmp_path, timeout=20.0)
    fake.world.page_of("ofsted_la_outcomes").attachments[0].name = "Outcomes_of_councils.ods"
    lines: list[str] = []
    report = fetch(settings, sources=["dfe_cin", "ofsted_la_outcomes", "ons_prices"], say=lines.append)
    report.note_landing(settings, land_folders(settings, [settings.incoming], workers=1))
    rows: dict[Any, dict[str, Any]] = {r["source"]: r for r in report.table()}
    cin_row, ofsted, ons = (rows[s] for s in ("dfe_cin", "ofsted_la_outcomes", "ons_prices"))
    assert (ons["offered"], ons["wanted"], ons["arrived"], ons["failed"], ons["what to do"]) == (3, 3, 3, 0, "")
    assert cin_row["arrived"] == cin_row["wanted"] >= 10
    assert cin_row["not described"] >= 5
    assert (ofsted["wanted"], ofsted["arrived"]) == (0, 0)
    assert "remote" in str(ofsted["what to do"])
    text = report.text()
    assert text.startswith("Fetched ")
    assert all(s in text for s in rows)
    assert "Not yet described: " in text
    assert len(text.splitlines()) < 30
    # It is kept for whoever asks later.
    kept = last_fetch(settings)
    assert kept is not None
    assert kept.table() == report.table()
    assert kept.failed == report.failed
    (settings.live / "last_fetch.json").write_text('{"sources": 7}')
    assert last_fetch(settings) is None
    assert [x for x in lines if x.startswith("asking for")]


def test_every_publication_has_a_server_or_says_why_not() -> None:
    for p in load_passports(Settings().passports):
        assert p.remote or len(p.no_remote or "") > 30, p.source


def test_the_archive_of_a_live_run_is_that_of_the_folder(tmp_path: Path, sample: Any, landed: Settings) -> None:
    """Every quirk on: what is landed of the servers is, byte for byte, what is landed of a folder of the same files.

    The folder's is the one that all tests share.
    """
    with FakePublishers(sample.returns, quirks=Quirks()) as fake:
        live = settings_for(fake, tmp_path / "live", deadline=60.0, timeout=30.0)
        report = fetch(live)
    assert report.failed == {}
    land = land_folders(live, [live.incoming])
    report.note_landing(live, land)
    assert land.not_described
    assert (land.unrecognised, land.refused) == ([], [])
    here, there = tables_of(live), tables_of(landed)
    # Of a series that no folder has the figures are the servers' own.
    assert set(here) - set(there) == {"ons_prices/rpi/2026-07.csv"}
    here.pop("ons_prices/rpi/2026-07.csv")
    # The index is made of the site's own pages; the rest is the same to the byte.
    assert [k for k in here if here[k] != there[k] and not k.startswith("ofsted_reports")] == []
    no_server = {p.source for p in load_passports(live.passports) if not p.remote}
    # By hand come, besides: what has no server, an earlier state of a series, what was drawn from Nomis by hand.
    missing = {k for k in set(there) - set(here) if k.split("/")[0] not in no_server}
    # What was read in the reports is made by the stage after landing.
    missing -= {k for k in missing if k.startswith("ofsted_reports/") and k.endswith("/read.csv")}
    assert {k.split("/")[0] for k in missing} <= {"ons_prices", "ons_population", "hmt_gdp_deflator"}
    assert len(here) > 280
    assert {p.source for _, p in Archive(live.archive).all()} >= {"dfe_cin", "dfe_cla", "dfe_s251_outturn", "mhclg_imd"}


def tables_of(settings: Settings) -> dict[str, bytes]:
    """Landed tables by source, table and edition."""
    found = (p for p in settings.landing.rglob("*.csv") if not p.name.startswith("_"))
    tables = {p.relative_to(settings.landing).as_posix(): p for p in found}
    return {k: p.read_bytes() for k, p in tables.items() if k.count("/") == 2}
