"""What the compare page and the map draw: the figures of the marts, and nothing where there is none."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis.report import words
from analysis.report.figures import LETTERS
from analysis.report.packed import unpack
from analysis.report.site import STATIC
from flows.common.settings import ROOT
from tests.installation import Installation

SEEDS = ROOT / "dbt_project" / "seeds"


@pytest.fixture(scope="module")
def index(published: Installation) -> dict[str, Any]:
    text = (published.settings.report / "static" / "index.js").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.removeprefix("window.CSW=").rstrip(";\n"))
    return found


def figures(published: Installation, measure: str) -> dict[str, Any]:
    script = (published.settings.report / "figures" / f"{measure}.js").read_text(encoding="utf-8")
    assert script.startswith(f"CSW.add('{measure}',\"")
    found: dict[str, Any] = unpack(script)
    return found


@pytest.mark.parametrize("measure", ["cla_at_31_march_rate_per_10k", "rereferrals_pct", "cla_at_31_march_count"])
def test_figures_are_those_of_the_mart(published: Installation, measure: str) -> None:
    held = figures(published, measure)
    asked = """
        select la_code, year, value, value_status, rank_in_england, quartile_in_england, neighbour_median, england_value
        from marts.fct_la_year_benchmark where measure_id = ?
    """
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        rows = con.execute(asked, [measure]).fetchall()
    assert len(rows) > 1000
    assert sum(c != "-" for la in held["la"].values() for c in la["s"]) == len(rows)
    for la, year, value, status, rank, quartile, neighbours, england in rows:
        at, own = held["years"].index(year), held["la"][la]
        assert own["v"][at] == pytest.approx(value, abs=6e-5) if value is not None else own["v"][at] is None
        assert own["s"][at] == LETTERS[status]
        assert own["r"][at] == rank
        assert own["q"][at] == str(quartile or "-")
        assert own["n"][at] == (None if neighbours is None else pytest.approx(neighbours, abs=6e-5))
        assert held["england"][at] == (None if england is None else pytest.approx(england, abs=6e-5))


def test_a_gap_has_a_status_and_no_number(published: Installation, index: dict[str, Any]) -> None:
    gaps: Counter[str] = Counter()
    for measure in index["measures"]:
        for own in figures(published, measure)["la"].values():
            for value, status in zip(own["v"], own["s"], strict=True):
                assert (value is not None) == (status == "r"), measure
                gaps[status] += value is None
    assert gaps["s"]


def test_every_status_has_a_letter_and_words(index: dict[str, Any]) -> None:
    assert set(LETTERS) == set(words.STATUS)
    assert len({*LETTERS.values()}) == len(LETTERS)
    assert set(index["statuses"]) == {*LETTERS.values()}


def test_the_index_leads_to_every_measure_with_figures(published: Installation, index: dict[str, Any]) -> None:
    assert {p.stem for p in (published.settings.report / "figures").iterdir()} == set(index["measures"])
    for about in index["measures"].values():
        assert about["periods"][str(about["newest"])]


def test_every_authority_of_today_has_a_square_of_its_own() -> None:
    authorities = list(csv.DictReader((SEEDS / "local_authority.csv").open(encoding="utf-8")))
    tiles = list(csv.DictReader((SEEDS / "tile_map.csv").open(encoding="utf-8")))
    assert {t["la_code"] for t in tiles} == {a["la_code"] for a in authorities if not a["valid_to"]}
    assert len({(t["tile_column"], t["tile_row"]) for t in tiles}) == len(tiles)
    assert len({t["label"] for t in tiles}) == len(tiles)
    assert max(len(t["label"]) for t in tiles) <= 5


def test_a_region_is_one_piece_of_the_map() -> None:
    """Save that Cumberland and Westmorland and Furness lie north of a gap, and Scilly is an island."""
    regions = {a["la_code"]: a["region_name"] for a in csv.DictReader((SEEDS / "local_authority.csv").open())}
    tiles = [
        (regions[t["la_code"]], int(t["tile_column"]), int(t["tile_row"]), t["la_code"])
        for t in csv.DictReader((SEEDS / "tile_map.csv").open(encoding="utf-8"))
        if t["la_code"] not in {"942", "943", "420", "921"}
    ]
    for region in {t[0] for t in tiles}:
        left = {(x, y) for r, x, y, _ in tiles if r == region}
        ahead = [left.pop()]
        while ahead:
            x, y = ahead.pop()
            near = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            ahead += near
        assert not left, f"{region}: {left}"


def test_what_is_vendored_is_named_with_its_version_and_licence() -> None:
    folder = STATIC / "vendor"
    said = (folder / "LICENSES.txt").read_text(encoding="utf-8")
    for path in folder.glob("*.js"):
        line = re.search(rf"^{re.escape(path.name)}: (.+) ([0-9.]+) \((.+)\)$", said, re.MULTILINE)
        assert line, path.name
        assert f"v{line[2]} Copyright" in path.read_text(encoding="utf-8")[:200]
        assert f" {line[2]} ---" in said
    assert len(re.findall("Permission to use, copy, modify", said)) >= len([*folder.glob("*.js")])


def test_the_pages_ask_no_server(published: Installation) -> None:
    pages: list[Path] = [published.settings.report / f"{name}.html" for name in ("index", "compare", "map")]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r'(?:src|<link[^>]*href)="https?:[^"]*', text)
