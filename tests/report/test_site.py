"""The site of the bundled sample: whole, linked, small, the same twice, and with the right figures in it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis.report.published import key_measures
from analysis.report.site import build
from flows.common.settings import Settings
from flows.outputs.site import is_current, write_site
from tests.installation import Installation
from tests.report.pages import Page


@pytest.fixture(scope="module")
def site(published: Installation) -> Path:
    return published.settings.report


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    own = [site / "index.html", *(p for d in ("authorities", "measures", "studies") for p in (site / d).glob("*.html"))]
    return {p.relative_to(site).as_posix(): Page(p) for p in sorted(own)}


def digests(folder: Path) -> dict[str, str]:
    own = ("index.html", "authorities/", "measures/", "studies/", "trace/", "static/", "data/")
    return {
        name: hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file() and (name := f.relative_to(folder).as_posix()).startswith(own)
    }


def trace_of(site: Path, code: str) -> dict[str, Any]:
    text = (site / "trace" / f"{code}.js").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.removeprefix("window.TRACE=").rstrip(";\n"))
    return found


def test_there_is_a_page_for_everything(published: Installation, pages: dict[str, Page]) -> None:
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        authorities = {r[0] for r in con.execute("select la_code from marts.dim_local_authority").fetchall()}
        measures = {r[0] for r in con.execute("select measure_id from marts.dim_measure").fetchall()}
        studies = {r[0] for r in con.execute("select distinct study from results.estimate").fetchall()}
    assert {f"authorities/{c}.html" for c in authorities} <= set(pages)
    assert {f"measures/{m}.html" for m in measures} <= set(pages)
    assert {f"studies/{s}.html" for s in studies} <= set(pages)


def test_every_page_is_whole_and_every_link_leads_somewhere(pages: dict[str, Page]) -> None:
    ids = {page.path.resolve(): set(page.ids) for page in pages.values()}
    for name, page in pages.items():
        assert page.unbalanced == [], name
        assert page.images_without_words == 0, name
        assert len(set(page.ids)) == len(page.ids), name
        for file, anchor in page.targets():
            assert file.exists(), f"{name} points to {file}"
            assert not anchor or anchor in ids[file], f"{name} points to {file}#{anchor}"


def test_invented_figures_are_called_so_on_every_page(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert "Invented figures." in page.path.read_text(encoding="utf-8"), name


def test_pages_are_small(site: Path, pages: dict[str, Page]) -> None:
    first = [site / "index.html", *(site / "static").iterdir()]
    assert sum(f.stat().st_size for f in first) < 1_000_000
    assert max(p.path.stat().st_size for n, p in pages.items() if n.startswith("authorities/")) < 300_000


def test_the_same_warehouse_gives_the_same_bytes(published: Installation, site: Path, tmp_path: Path) -> None:
    write_site(published.settings, out=tmp_path / "again")
    again = digests(tmp_path / "again")
    here = digests(site)
    # The first page links what stands beside the site, which a site elsewhere has not.
    assert {n for n in here if here[n] != again.get(n)} <= {"index.html"}
    assert set(here) == set(again)


def test_a_site_is_written_once_for_a_warehouse(copied: Installation) -> None:
    assert is_current(copied.settings)
    (copied.settings.report / "index.html").unlink()
    assert not is_current(copied.settings)
    write_site(copied.settings)
    assert is_current(copied.settings)


def test_a_site_that_cannot_be_written_leaves_the_old_one(copied: Installation) -> None:
    before = digests(copied.settings.report)
    bare = copied.settings.data / "bare.duckdb"
    duckdb.connect(str(bare)).close()
    with pytest.raises(duckdb.Error):
        build(bare, copied.settings.report)
    assert digests(copied.settings.report) == before


def test_an_authoritys_page_shows_its_figures_and_its_gaps(published: Installation, site: Path) -> None:
    year, measure = 2019, "cin_at_31_march_count"
    true = published.truth.values[measure][str(year)]["886"]
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        rate = con.execute(
            "select value, numerator from marts.fct_la_year_measure "
            "where la_code = '886' and year = ? and measure_id = ?",
            [year, "cin_at_31_march_rate_per_10k"],
        ).fetchone()
    assert rate is not None
    assert rate[1] == true
    page = (site / "authorities" / "886.html").read_text(encoding="utf-8")
    found = re.search(rf'data-m="cin_at_31_march_rate_per_10k" data-y="{year}"[^>]*>([^<]+)<', page)
    assert found
    assert found.group(1) == f"{rate[0]:,.1f}"
    source, code, gap_year = next(u for u in published.truth.unavailable if u[0] == "dfe_cin")
    gaps = (site / "authorities" / f"{code}.html").read_text(encoding="utf-8")
    assert re.search(rf"not available: not submitted, or not collected: [^<]*{gap_year}", gaps), source


def test_predecessors_and_successors_are_linked(site: Path) -> None:
    page = (site / "authorities" / "839.html").read_text(encoding="utf-8")
    for code, kind in (("836", "before it"), ("837", "before it"), ("838", "beside it")):
        assert re.search(rf'href="../authorities/{code}.html">[^<]+</a> \({code}, {kind}\)', page), code
    assert "(839, after it)" in (site / "authorities" / "837.html").read_text(encoding="utf-8")


def test_every_figure_on_an_authoritys_page_can_be_followed(site: Path) -> None:
    page, trace = (site / "authorities" / "886.html").read_text(encoding="utf-8"), trace_of(site, "886")
    buttons = re.findall(r'data-m="([a-z0-9_]+)" data-y="(\d{4})" title="reported;[^>]*>([^<]+)<', page)
    assert len(buttons) > 200
    for measure, year, shown in buttons:
        about = trace["figures"].get(measure, {}).get(year)
        if about is None:
            # Computed from two figures, each of which can be followed.
            assert all(year in trace["figures"][side] for side in trace["sides"][measure]), (measure, year)
            continue
        assert shown in {said for _, said, _, stands, _ in about[0] if stands}, (measure, year)


def test_a_trace_is_that_of_the_command(published: Installation, site: Path) -> None:
    cell = published.truth.revised[0]
    measure = cell.measure_id.replace("_count", "_rate_per_10k")
    if measure not in key_measures().all:
        measure = "cin_at_31_march_rate_per_10k"
    told = published.csw("trace", "--la", cell.la_code, "--measure", measure, "--year", str(cell.year)).stdout
    trace = trace_of(site, cell.la_code)
    editions, cells = trace["figures"][measure][str(cell.year)]
    assert len(editions) > 1
    for place, *_ in editions:
        assert " ".join(trace["editions"][place][:2]) in told
    assert cells
    for place, row, column, _, text, *_ in cells:
        file = trace["files"][place]
        assert f"{file[0]} {file[1]} · {file[3]} · row {row} · column {trace['columns'][column]!r}" in told
        assert f"printed {text!r}" in told
        assert file[4] in told


def test_search_knows_authorities_measures_and_publishers_columns(site: Path) -> None:
    text = (site / "static" / "search.js").read_text(encoding="utf-8")
    entries = json.loads(text.removeprefix("window.SEARCH=").rstrip(";\n"))
    by_name = {name: (kind, page, other) for name, kind, page, other in entries}
    assert by_name["Kent"][1] == "authorities/886.html"
    assert "E10000016" in by_name["Kent"][2]
    assert any("CINAt310316RatePer10K" in other for _, _, other in by_name.values())
    assert by_name["What an inspection does"][1] == "studies/inspection_impact.html"
    assert all((site / page).exists() for _, page, _ in by_name.values())


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ("inspection_impact", ["Child protection plans", "not yet inspected", "Clustered by authority", "ILACS"]),
        ("performance_indicators", ["Range and mean by rating", "odds ratio", "adjusted"]),
        ("inspection_factors", ["Brant", "Tukey", "completed cycle"]),
        ("inadequate_prediction", ["Calibration", "calibration slope", "persistent", "area under ROC"]),
        ("report_themes", ["Third of deprivation", "Share of reports"]),
        (
            "spending_and_judgement",
            ["percentage points more chance", "Does it rest on a choice?", "within an authority", "ILACS to date"],
        ),
        ("value_added", ["no ranking", "reliability of a single judgement"]),
    ],
)
def test_a_studys_page_has_its_parts(site: Path, study: str, words: list[str]) -> None:
    page = (site / "studies" / f"{study}.html").read_text(encoding="utf-8")
    for expected in [*words, "Where these numbers come from", f"../data/{study}_estimates.csv"]:
        assert expected in page, expected
    if study != "value_added":
        assert "Printed and ours" in page


def test_report_of_another_file_goes_where_it_is_told(published: Installation, tmp_path: Path) -> None:
    done = published.csw(
        "report", "--database", str(published.settings.published), "--out", str(tmp_path / "site"), "-q"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").exists()
    assert Settings(data=tmp_path).report != tmp_path / "site"
