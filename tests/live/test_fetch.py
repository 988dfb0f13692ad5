"""Fetching from the publishers' servers, played on the loopback: what arrives, and what is not believed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flows.common.errors import CswError
from flows.common.settings import ROOT, Settings
from flows.landing.archive import Archive
from flows.landing.land import land_folders
from flows.publishers.fetch import fetch
from tests.live.fetching import B1, SOURCES, Start, arrived, cin, settings_for


def test_what_the_servers_hold_arrives_byte_for_byte(start: Start, tmp_path: Path, folder: Path) -> None:
    fake = start()
    settings = settings_for(fake, tmp_path)
    report = fetch(settings, sources=SOURCES)
    assert report.failed == {}
    here = arrived(settings)
    held = {p.name: p for p in folder.rglob("*") if p.is_file()}
    for name in (B1, "b1_children_in_need_2013_to_2022.csv", "csww_headline_measures_2017_to_2022.csv"):
        assert here[name] == held[name].read_bytes(), name
    assert {n for n in here if n.endswith(".ods")}
    # A report is called as the site's own collection calls it, its day in two digits.
    pdfs = [n for n in here if n.endswith(".pdf")]
    assert all(re.search(r"-\d\d-[a-z]+-\d{4}\.pdf$", n) for n in pdfs)
    assert set(pdfs) <= {n for n in held if n.endswith(".pdf")}
    assert report.next_release["dfe_cin"] == "2025-10"
    # What was published when is the server's to say.
    land = land_folders(settings, [settings.incoming], workers=1)
    report.note_landing(settings, land)
    assert land.refused == []
    # What the servers have besides is of no edition that is known.
    assert {r.file.split("/")[1] for r in land.not_described} >= {"2018", "2019"}
    b1 = next(x for x in land.landed if x.file == B1)
    assert (b1.published_on, b1.published_basis) == ("2024-10-31", "stated")
    assert "/ees-content/api/data-set-files/" in b1.url


def test_live_lands_what_a_folder_lands(start: Start, tmp_path: Path, folder: Path) -> None:
    fake = start()
    live = settings_for(fake, tmp_path / "live")
    fetch(live, sources=["dfe_cin", "dfe_workforce", "ofsted_la_outcomes"])
    land_folders(live, [live.incoming], workers=1)
    by_hand = Settings(data=tmp_path / "folder")
    land_folders(by_hand, [folder], workers=1)
    kept = {(p.source, p.edition, p.file): p.sha256 for _, p in Archive(live.archive).all()}
    assert kept
    also = {(p.source, p.edition, p.file): p.sha256 for _, p in Archive(by_hand.archive).all()}
    assert kept.items() <= also.items()
    for path in live.landing.rglob("*.csv"):
        if path.parent != live.landing and not path.name.startswith("_") and "ofsted_reports" not in path.parts:
            assert path.read_bytes() == (by_hand.landing / path.relative_to(live.landing)).read_bytes(), path.name


def test_asking_again_costs_next_to_nothing(start: Start, tmp_path: Path) -> None:
    fake = start()
    settings = settings_for(fake, tmp_path)
    first = fetch(settings, sources=SOURCES)
    fake.requests.clear()
    again = fetch(settings, sources=SOURCES)
    assert again.changed == []
    assert again.failed == {}
    assert again.unchanged >= len(first.changed)
    assert again.bytes < first.bytes / 5
    # A release that is complete and not the latest is not asked for again.
    assert not any("/files/" in r.path and "2022" in r.path for r in fake.requests)


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ("truncated-body", "without sending complete message body"),
        ("404", "not there (404)"),
        ("wrong-content-length", "not whole"),
        ("html-with-200", "web page instead"),
        ("foreign-redirect", "files.example.org, which is not a publisher's host"),
        ("410", "taken down"),
        ("429", "the server answers 429"),
        ("503", "the server answers 503"),
        ("504", "the server answers 504"),
        ("server-down", "503"),
        ("zip-traversal", "leads out of its folder"),
        ("zip-bomb", "Not unpacked"),
        ("stale-zip", "a stale copy"),
    ],
)
def test_what_cannot_be_believed_is_refused_and_what_is_held_stays(
    start: Start, tmp_path: Path, scenario: str, says: str
) -> None:
    fake = start(sources=["dfe_cin", "dfe_workforce"])
    settings = settings_for(fake, tmp_path, max_bytes=40_000_000, deadline=6.0)
    before: dict[str, bytes] = {}
    if "zip" not in scenario:
        fetch(settings, sources=["dfe_cin", "dfe_workforce"])
        before = arrived(settings)
        (settings.live / "state.json").unlink()
    fake.turn_to(scenario)
    report = fetch(settings, sources=["dfe_cin", "dfe_workforce"])
    assert says in report.failed["dfe_cin"], report.failed
    # The other publication came; nothing that was held is gone or changed.
    assert set(report.failed) == {"dfe_cin"} or scenario in {"server-down", *ZIPPED}
    assert all(arrived(settings)[n] == data for n, data in before.items())
    assert not (tmp_path / "outside.csv").exists()
    assert not list(tmp_path.rglob("bomb.csv"))


ZIPPED = {"zip-traversal", "zip-bomb", "stale-zip"}


@pytest.mark.parametrize(
    "scenario",
    ["once-truncated-body", "once-503", "once-504", "once-429", "429-retry-after", "503-retry-after"],
)
def test_what_passes_is_asked_again_and_arrives(start: Start, tmp_path: Path, folder: Path, scenario: str) -> None:
    settings, report = cin(start(scenario), tmp_path)
    assert report.failed == {}
    assert arrived(settings)[B1] == (folder / "dfe_cin" / "2024" / B1).read_bytes()


@pytest.mark.parametrize(
    "scenario", ["file-404", "only-public-api", "slug-moved", "zip-only", "zip-without-guidance", "content-api-gone"]
)
def test_another_way_is_found(start: Start, tmp_path: Path, folder: Path, scenario: str) -> None:
    """By the data catalogue, the public API (gzip), the redirects, the zip, or the page's own data."""
    settings, report = cin(start(scenario), tmp_path)
    assert arrived(settings).get(B1) == (folder / "dfe_cin" / "2024" / B1).read_bytes(), report.failed


def test_a_slow_drip_has_an_end(start: Start, tmp_path: Path) -> None:
    settings, report = cin(start("slow-drip"), tmp_path, deadline=1.5, tries=1)
    assert "not done within 1.5 s" in report.failed["dfe_cin"]
    assert B1 not in arrived(settings)


def test_more_than_the_limit_is_not_taken(start: Start, tmp_path: Path) -> None:
    settings, report = cin(start(), tmp_path, max_bytes=10_000)
    assert "more than" in report.failed["dfe_cin"]
    assert B1 not in arrived(settings)


@pytest.mark.parametrize("scenario", ["amended-in-place", "same-name-other-bytes"])
def test_an_amendment_is_seen_and_becomes_an_edition(start: Start, tmp_path: Path, scenario: str) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    land_folders(settings, [settings.incoming], workers=1)
    before = arrived(settings)[B1]
    fake.turn_to(scenario)
    report = fetch(settings, sources=["dfe_cin"])
    assert [Path(c).name for c in report.changed] == [B1]
    assert arrived(settings)[B1] != before
    landed = land_folders(settings, [settings.incoming], workers=1).landed
    assert [x.edition for x in landed] == ["2024-r2"]
    assert before in [path.read_bytes() for path, _ in Archive(settings.archive).all("dfe_cin")]


def test_the_release_of_2025_is_absorbed(start: Start, tmp_path: Path, folder: Path) -> None:
    settings = settings_for(start("new-release-renamed", ["dfe_cin", "dfe_cla"]), tmp_path)
    report = fetch(settings, sources=["dfe_cin", "dfe_cla"])
    assert report.failed == {}
    landed = land_folders(settings, [settings.incoming], workers=1)
    report.note_landing(settings, landed)
    assert (landed.refused, landed.unrecognised) == ([], [])
    assert ("b1_children_in_need", "2025") in {(x.table_name, x.edition) for x in landed.landed}
    care = [x for x in landed.landed if x.source == "dfe_cla"]
    assert {x.published_on for x in care if x.edition == "2025"} == {"2025-11-26"}
    tables = {e: {x.table_name for x in care if x.edition == e} for e in ("2024", "2025")}
    assert tables["2025"] == tables["2024"]
    assert len(tables["2025"]) == len(list((folder / "dfe_cla" / "2024").glob("*.csv")))


@pytest.mark.parametrize(
    ("scenario", "arrives"),
    [("withdrawn", True), ("redirect-item", True), ("moved-301", True), ("old-page", True), ("gone-item", False)],
)
def test_pages_of_govuk_move_and_end(start: Start, tmp_path: Path, scenario: str, arrives: bool) -> None:
    settings = settings_for(start(scenario, ["ofsted_la_outcomes"]), tmp_path)
    report = fetch(settings, sources=["ofsted_la_outcomes"])
    assert any(n.endswith(".ods") for n in arrived(settings)) is arrives
    assert ("taken down" in report.failed.get("ofsted_la_outcomes", "")) is not arrives
    assert any("withdrawn" in n for n in report.notes) is (scenario == "withdrawn")


def test_ons_refuses_a_bare_agent(start: Start, tmp_path: Path) -> None:
    settings = settings_for(start(), tmp_path, user_agent="python-httpx/0.28")
    assert "403" in fetch(settings, sources=["ons_prices"]).failed["ons_prices"]


def test_an_unknown_source_and_one_without_a_server(start: Start, tmp_path: Path) -> None:
    settings = settings_for(start(), tmp_path)
    with pytest.raises(CswError, match="dfe_nothing is not a source"):
        fetch(settings, sources=["dfe_nothing"])
    with pytest.raises(CswError, match="has no server to ask"):
        fetch(settings, sources=["dfe_lait"])


def test_only_the_publishers_hosts_are_asked(start: Start, tmp_path: Path) -> None:
    fake = start()
    servers = fake.servers().model_copy(update={"ees_site": "http://127.0.0.1:9/ees-site"})
    settings = Settings(data=tmp_path / "data", servers=servers)
    report = fetch(settings, sources=["dfe_cin"])
    assert report.failed == {}


def test_the_command_lists_what_fails_and_takes_the_rest(start: Start, tmp_path: Path, sample: Any) -> None:
    """Only some publications have a server here: they land, the others are named, and the exit code says so."""
    fake = start(sources=["dfe_workforce"])
    environment = {**os.environ, **fake.environment(), "CSW_DATA": str(tmp_path / "data"), "CSW_HTTP_TRIES": "1"}
    command = [sys.executable, "-m", "flows.cli", "land", "--live"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "not fetched, what is held stays: dfe_cin" in done.stderr
    assert "not fetched, what is held stays: dfe_workforce" not in done.stderr
    assert "Landed 3 tables of 3 editions" in done.stdout
    assert re.search(r"Fetched \d+ new or changed files, 0 unchanged", done.stdout)


def test_the_books_are_whole_after_every_fetch(start: Start, tmp_path: Path) -> None:
    settings, _ = cin(start(), tmp_path)
    state = json.loads((settings.live / "state.json").read_text())
    assert state
    lines = (settings.incoming / "MANIFEST.csv").read_text().splitlines()
    assert lines[0] == "file,sha256,copy_of,published_on"
    assert any(B1 in x for x in lines)
    assert not list(settings.live.rglob("*.part"))
