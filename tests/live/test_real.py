"""The real returns, served and fetched: what lands is what a folder of them lands, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.common.files import sha256_of
from flows.common.settings import Settings
from flows.landing.archive import Archive
from flows.landing.land import land_folders
from flows.publishers.fetch import fetch
from tests.fake_publishers import FakePublishers

pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_live_lands_what_the_folder_lands(real_settings: Settings, real_returns: Path, tmp_path: Path) -> None:
    """With every quirk of the servers on."""
    with FakePublishers(real_returns) as fake:
        live = Settings(data=tmp_path / "data", servers=fake.servers(deadline=120.0, timeout=60.0))
        report = fetch(live)
    # Four of the early reports are web pages in the collection itself, which are refused, and noted.
    assert report.failed == {}
    assert 1 <= sum("web page instead" in note for note in report.notes) <= 4
    land = land_folders(live, [live.incoming])
    report.note_landing(live, land)
    # Releases that nobody holds are offered too: they are listed, and nothing is refused.
    assert land.refused == []
    assert len(land.not_described) > 40
    known = {sha256_of(p.read_bytes()) for p in real_returns.rglob("*") if p.is_file()}
    kept = [p for _, p in Archive(live.archive).all()]
    # The list of reports is made of the site's pages; single years of age and the monthly RPI are the server's own.
    made = {"index.csv", "chaw.csv", "nm_2002_1_ages_0_to_17.csv", "nm_2002_1_ages_0_to_17_areas_2021.csv"}
    assert {p.file for p in kept if p.sha256 not in known and "synthetic" not in p.file} <= made
    assert len(kept) > 400
    compared = 0
    for path in sorted(live.landing.rglob("*.csv")):
        relative = path.relative_to(live.landing)
        by_hand = real_settings.landing / relative
        is_its_own = relative.parts[0] == "ofsted_reports" or relative.parts[:2] == ("ons_prices", "rpi")
        if is_its_own or len(relative.parts) != 3 or path.name.startswith("_"):
            continue
        assert by_hand.exists(), f"{relative} is not landed from the folder"
        assert path.read_bytes() == by_hand.read_bytes(), relative
        compared += 1
    assert compared > 280
