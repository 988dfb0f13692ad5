"""A price series is an edition whatever the day of its release."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.common.settings import Settings
from flows.landing.catalogue import base_edition
from flows.landing.land import land_returns

CPIH = """"Title","CPIH INDEX 00: ALL ITEMS {base}=100"
"CDID","L522"
"Source dataset ID","MM23"
"PreUnit",""
"Unit","Index, base year = 100"
"Release date","{day}"
"Next release","{following}"
"Important notes",
"2024","131.5"
"2024 Q1","130.2"
"2024 JAN","129.9"
"""


@pytest.mark.parametrize(
    ("day", "edition"), [("16-07-2025", "2025-07"), ("22-03-2023", "2023-03"), ("19-08-2026", "2026-08-19")]
)
@pytest.mark.parametrize("base", ["2015", "2023"])
@pytest.mark.parametrize("name", ["cpih.csv", "series-190826.csv"])
def test_any_day_is_an_edition(
    settings: Settings, tmp_path: Path, day: str, edition: str, base: str, name: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).write_text(CPIH.format(day=day, base=base, following="16 September 2026"))
    report = land_returns(settings, folder, workers=1)
    assert (report.refused, report.not_described, report.unrecognised) == ([], [], [])
    (landed,) = report.landed
    assert (landed.table_name, landed.edition) == ("cpih", edition)
    d, m, y = day.split("-")
    assert (landed.published_on, landed.published_basis) == (f"{y}-{m}-{d}", "stated")


def test_other_figures_of_the_same_day_are_a_revision(settings: Settings, tmp_path: Path) -> None:
    for n, figure in enumerate(("131.5", "131.6")):
        folder = tmp_path / f"in{n}"
        folder.mkdir()
        text = CPIH.format(day="19-08-2026", base="2015", following="To be announced").replace("131.5", figure)
        (folder / "cpih.csv").write_text(text)
        (landed,) = land_returns(settings, folder, workers=1).landed
        assert base_edition(landed.edition) == "2026-08-19"
    assert landed.edition == "2026-08-19-r2"


def test_a_series_without_its_day_is_no_edition(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "cpih.csv").write_text(CPIH.format(day="soon", base="2015", following=""))
    report = land_returns(settings, folder, workers=1)
    assert not report.landed
    assert report.refused or report.not_described
