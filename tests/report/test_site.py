"""The site of the bundled sample: whole, linked, small, the same twice, and with the right figures in it."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis.report import site as report
from analysis.report import words
from analysis.report.authority import COLUMNS
from analysis.report.packed import unpack
from analysis.report.published import key_measures
from analysis.report.site import build
from analysis.report.study import sentences
from flows.outputs.site import is_current
from tests.installation import Installation
from tests.report.pages import Page


@pytest.fixture(scope="module")
def site(published: Installation) -> Path:
    return published.settings.report


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    own = [
        *site.glob("*.html"),
        *(p for d in ("authorities", "measures", "studies") for p in (site / d).glob("*.html")),
    ]
    return {p.relative_to(site).as_posix(): Page(p) for p in sorted(own)}


def digests(folder: Path) -> dict[str, str]:
    own = (
        "index.html", "compare.html", "map.html",
        "authorities/", "measures/", "studies/", "trace/", "figures/", "static/", "data/",
    )  # fmt: skip
    return {
        name: hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file() and (name := f.relative_to(folder).as_posix()).startswith(own)
    }


@dataclass(frozen=True)
class Origins:
    """What the trace files say of an authority's figures."""

    shared: dict[str, Any]
    own: dict[str, Any]

    def of(self, columns: str, measure: str, year: int) -> list[dict[str, Any]]:
        """The rows of a measure and year: ``editions`` or ``cells``."""
        number = next(i for i, (m, *_) in enumerate(self.shared["measures"]) if m == measure)
        held = self.own[columns]
        at = [i for i, (m, y) in enumerate(zip(held["m"], held["y"], strict=True)) if (m, y) == (number, year)]
        return [{k: v[i] for k, v in held.items()} for i in at]

    def said(self, row: dict[str, Any], measure: str) -> str:
        """What an edition says, as the page shows it."""
        unit = next(u for m, _, u in self.shared["measures"] if m == measure)
        return words.number(row["v"], unit) if row["v"] is not None else words.STATUS[row["s"]]


def origins(site: Path, code: str) -> Origins:
    shared = (site / "trace" / "shared.js").read_text(encoding="utf-8")
    own = (site / "trace" / f"{code}.js").read_text(encoding="utf-8")
    return Origins(json.loads(shared.removeprefix("window.TRACE_SHARED=").rstrip(";\n")), unpack(own))


def all_years(page: str, measure: str) -> dict[int, list[str]]:
    """The rows behind "All years" of a measure: year to what the columns say."""
    card = re.search(rf'<article class="measure" data-m="{measure}">.*?data-rows="([^"]*)"', page, re.DOTALL)
    assert card, measure
    rows = [line.split("|") for line in unescape(card[1]).split(";")]
    assert all(len(r) == len(COLUMNS) for r in rows)
    return {int(r[0]): r[1:] for r in rows}


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
            if file.name in {"compare.html", "map.html"} and "=" in anchor:
                # What is chosen: an authority, a measure.
                what, _, which = anchor.partition("=")
                kind = {"la": "authorities", "m": "measures"}[what]
                assert (file.parent / kind / f"{which}.html").exists(), f"{name} chooses {anchor}"
                continue
            assert not anchor or anchor in ids[file], f"{name} points to {file}#{anchor}"


def test_invented_figures_are_called_so_on_every_page(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert "Invented figures." in page.path.read_text(encoding="utf-8"), name


def test_pages_are_small(site: Path, pages: dict[str, Page]) -> None:
    first = [site / "index.html", *(site / "static").iterdir()]
    assert sum(f.stat().st_size for f in first) < 1_000_000
    assert max(p.path.stat().st_size for n, p in pages.items() if n.startswith("authorities/")) < 300_000


def test_the_same_warehouse_gives_the_same_bytes_wherever_it_is_told(
    published: Installation, site: Path, tmp_path: Path
) -> None:
    done = published.csw(
        "report", "--database", str(published.settings.published), "--out", str(tmp_path / "again"), "-q"
    )
    assert done.returncode == 0, done.stderr
    again = digests(tmp_path / "again")
    here = digests(site)
    # The first page links what is beside the site, which a site elsewhere has not.
    assert {n for n in here if here[n] != again.get(n)} <= {"index.html"}
    assert set(here) == set(again)


def test_a_site_without_its_first_page_is_not_current(copied: Installation) -> None:
    assert is_current(copied.settings)
    (copied.settings.report / "index.html").unlink()
    assert not is_current(copied.settings)


def test_a_site_that_cannot_be_written_leaves_the_old_one(copied: Installation) -> None:
    before = digests(copied.settings.report)
    bare = copied.settings.data / "bare.duckdb"
    duckdb.connect(str(bare)).close()
    with pytest.raises(duckdb.Error):
        build(bare, copied.settings.report)
    assert digests(copied.settings.report) == before


def test_what_an_ended_process_left_is_written_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Ended(Executor):
        def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            given: Future[Any] = Future()
            given.set_exception(BrokenExecutor("killed"))
            return given

    def write_loaded(database: Path, folder: Path, progress: Any = None) -> None:
        (folder / "trace" / "shared.js").write_text("whole")

    database = tmp_path / "empty.duckdb"
    duckdb.connect(str(database)).close()
    monkeypatch.setattr(report, "write_loaded", write_loaded)
    monkeypatch.setattr(report, "_write_pages", lambda *_: 3)
    assert build(database, tmp_path / "site", pool=Ended()).pages == 3
    assert (tmp_path / "site" / "trace" / "shared.js").read_text() == "whole"
    assert "was ended" in caplog.text


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
    assert all_years(page, "cin_at_31_march_rate_per_10k")[year][0] == f"{rate[0]:,.1f}"
    source, code, gap_year = next(u for u in published.truth.unavailable if u[0] == "dfe_cin")
    gaps = (site / "authorities" / f"{code}.html").read_text(encoding="utf-8")
    assert re.search(rf"not available: not submitted, or not collected: [^<]*{gap_year}", gaps), source


def test_predecessors_and_successors_are_linked(site: Path) -> None:
    page = (site / "authorities" / "839.html").read_text(encoding="utf-8")
    for code, kind in (("836", "before it"), ("837", "before it"), ("838", "beside it")):
        assert re.search(rf'href="../authorities/{code}.html">[^<]+</a> \({code}, {kind}\)', page), code
    assert "(839, after it)" in (site / "authorities" / "837.html").read_text(encoding="utf-8")


def test_every_figure_on_an_authoritys_page_can_be_followed(site: Path) -> None:
    page, trace = (site / "authorities" / "886.html").read_text(encoding="utf-8"), origins(site, "886")
    followed = 0
    for measure in key_measures().all[:-1]:
        for year, (shown, *_) in all_years(page, measure).items():
            if shown in words.SHORT.values():
                continue
            followed += 1
            editions = trace.of("editions", measure, year)
            if not editions:
                # Computed from two figures, each of which can be followed.
                assert all(trace.of("editions", side, year) for side in trace.shared["sides"][measure]), (measure, year)
                continue
            if shown not in {trace.said(e, measure) for e in editions if e["a"]}:
                # A rate over another population than was printed: its count can be followed.
                count, population = trace.shared["sides"][measure]
                assert population == "population_0_17", (measure, year)
                assert trace.of("editions", count, year), (measure, year)
    assert followed > 200


def test_the_newest_year_leads_and_an_older_figure_says_so(published: Installation, site: Path) -> None:
    """What a page says first is of the measure's newest year, a figure or the reason why there is none."""
    asked = """
        select f.la_code, f.measure_id, f.year, f.value, f.value_status
        from marts.fct_la_year_measure as f
        inner join marts.dim_local_authority as a using (la_code)
        where a.is_current and f.value is null and list_contains(?, f.measure_id) and f.value_status <> 'not_published'
        and f.year = (
            select max(year) from marts.fct_la_year_measure as g
            where g.measure_id = f.measure_id and g.value is not null
        ) order by all limit 20
    """
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        gaps = con.execute(asked, [key_measures().all]).fetchall()
    assert gaps
    for code, measure, year, _, status in gaps:
        page = (site / "authorities" / f"{code}.html").read_text(encoding="utf-8")
        card = re.search(rf'<article class="measure" data-m="{measure}">.*?</article>', page, re.DOTALL)
        assert card
        assert f'data-y="{year}"><span class="gap" title="{words.STATUS[status]}">' in card[0]
        older = re.search(r'<p class="older" data-y="(\d{4})"', card[0])
        assert older is None or int(older[1]) < year


def test_a_trace_is_that_of_the_command(published: Installation, site: Path) -> None:
    cell = published.truth.revised[0]
    measure = cell.measure_id.replace("_count", "_rate_per_10k")
    if measure not in key_measures().all:
        measure = "cin_at_31_march_rate_per_10k"
    told = published.csw("trace", "--la", cell.la_code, "--measure", measure, "--year", str(cell.year)).stdout
    trace = origins(site, cell.la_code)
    editions, cells = trace.of("editions", measure, cell.year), trace.of("cells", measure, cell.year)
    assert len(editions) > 1
    for row in editions:
        assert " ".join(trace.shared["editions"][row["e"]][:2]) in told
    assert cells
    for row in cells:
        file, column = trace.shared["files"][row["f"]], trace.shared["columns"][row["c"]]
        assert f"{file[0]} {file[1]} · {file[3]} · row {row['r']} · column {column!r}" in told
        assert f"printed {row['t']!r}" in told
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
    # What people call it, and who had the ground before.
    united = by_name["Bournemouth, Christchurch and Poole"][2]
    assert {"BCP", "Bournemouth", "Poole"} <= set(united.split("; "))


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


def test_what_was_found_stands_first_where_the_results_carry_it() -> None:
    def row(subject: str, value: float | None, method: str | None, place: str = "believed") -> dict[str, Any]:
        return {"place": place, "statistic": "sentence", "subject": subject, "value": value, "method": method}

    held = [row("2", 1.0, "Second."), row("1", 0.5, "First."), row("3", None, None), row("1", 1.0, "Else.", "table 1")]
    assert sentences(held) == ["First.", "Second."]
