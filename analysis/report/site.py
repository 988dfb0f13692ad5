"""The whole site, written into an empty folder; whoever asks puts it in its place."""

from __future__ import annotations

import json
import logging
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from pathlib import Path

from analysis.report import authority, figures, measure, overview, study, words
from analysis.report.pages import authority_page, measure_page, render, study_page
from analysis.report.published import Published
from analysis.report.traces import traces
from analysis.spreadsheet import harmless_query

log = logging.getLogger(__name__)

STATIC = Path(__file__).resolve().parent / "static"


@dataclass(frozen=True)
class Built:
    """What was written."""

    index: Path
    pages: int
    bytes: int


#: The first page, and the folders of the rest.
PLACES = ("index.html", "authorities", "measures", "studies", "trace", "figures", "static", "data")
#: Pages that draw with a script, and their titles.
DRAWN = {"compare": "Compare authorities", "map": "Map of authorities"}


def build(
    database: Path,
    folder: Path,
    due: Mapping[str, Mapping[str, str]] | None = None,
    as_known: str = "",
    progress: Callable[[str], None] = lambda _: None,
    beside: Sequence[tuple[str, str]] = (),
    pool: Executor | None = None,
) -> Built:
    """Write the site of a published warehouse.

    Args:
        database: the warehouse; read only.
        folder: an empty one.
        due: publication to its ``title`` and when its next edition is expected (``due``), in words.
        as_known: the date of an as-of warehouse, or blank.
        progress: told what is being written.
        beside: what else the first page leads to: address and label.
        pool: a further process, for what pages load when they are asked; the files are the same with and without.

    Raises:
        duckdb.Error: the warehouse lacks what a page needs.
    """
    import duckdb

    for name in PLACES[1:]:
        (folder / name).mkdir(parents=True, exist_ok=True)
    elsewhere = pool.submit(write_loaded, database, folder) if pool else None
    if elsewhere is None:
        # First, while nothing else is held.
        write_loaded(database, folder, progress)
    with duckdb.connect(str(database), read_only=True) as con:
        pages = _write_pages(Published(con), folder, due or {}, as_known, progress, beside)
    if elsewhere is not None:
        try:
            elsewhere.result()
        except BrokenExecutor:
            log.warning("the process that wrote the site's data was ended; it is written in this one")
            write_loaded(database, folder, progress)
    return Built(folder / PLACES[0], pages, sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()))


def write_loaded(database: Path, folder: Path, progress: Callable[[str], None] = lambda _: None) -> None:
    """Write what pages load when they are asked: origins of figures, data of maps and comparisons, studies' files."""
    import duckdb

    from analysis.studies.spec import load_spec, slugs

    with duckdb.connect(str(database), read_only=True) as con:
        published = Published(con)
        shown = [*published.key.all, *published.key.spend.values()]
        shown += [m for s in slugs() for m in study.measures_of(published, load_spec(s))]
        progress("origins")
        for code, script in traces(published, shown):
            (folder / "trace" / f"{code}.js").write_text(script, encoding="utf-8")
        progress("figures")
        for measure_id, script in figures.measures(published):
            (folder / "figures" / f"{measure_id}.js").write_text(script, encoding="utf-8")
        for name in slugs():
            _study_files(published, name, folder / "data")


def _write_pages(
    published: Published,
    folder: Path,
    due: Mapping[str, Mapping[str, str]],
    as_known: str,
    progress: Callable[[str], None],
    beside: Sequence[tuple[str, str]],
) -> int:
    """Write every page, and what all of them load; how many pages there are."""
    from analysis.studies.spec import load_spec, slugs

    newest = max((e["published_on"] for e in published.editions), default=None)
    site = {
        "synthetic": published.is_synthetic,
        "as_of": words.day(newest),
        "as_known": as_known,
        "titles": {source: about["title"] for source, about in due.items() if about.get("title")},
    }
    specs = [load_spec(s) for s in slugs()]
    written = 0

    def write(name: str, text: str) -> None:
        nonlocal written
        (folder / name).write_text(text, encoding="utf-8")
        written += 1

    progress("studies")
    for spec in specs:
        write(study_page(spec.study), study.page(published, spec, site))
    progress("measures")
    for measure_id in published.measures:
        write(measure_page(measure_id), measure.page(published, measure_id, site))
    for name, title in DRAWN.items():
        write(f"{name}.html", render(f"{name}.html", "", title, site))
    progress("authorities")
    for code in published.authorities:
        write(authority_page(code), authority.page(published, code, site, published.theme_labels))
    questions = [{"study": s.study, "question": s.question} for s in specs]
    write("index.html", overview.page(published, site, questions, due, list(beside)))
    shutil.copytree(STATIC, folder / "static", dirs_exist_ok=True)
    (folder / "static" / "index.js").write_text(figures.index(published), encoding="utf-8")
    (folder / "static" / "search.js").write_text(_search(published), encoding="utf-8")
    return written


def _study_files(published: Published, name: str, folder: Path) -> None:
    """A study's estimates and sample for download: CSV, zipped, the same bytes for the same rows."""
    quoted = name.replace("'", "''")
    for what, sql in (
        ("estimates", f"from results.estimate where study = '{quoted}'"),
        ("sample", f"from studies.rpt_{name}__sample order by all"),
    ):
        table = "estimate" if what == "estimates" else f"rpt_{name}__sample"
        known = published.con.execute("select count(*) from duckdb_tables() where table_name = ?", [table]).fetchone()
        if known and known[0]:
            plain = folder / f"{name}_{what}.csv"
            path = plain.as_posix().replace("'", "''")
            query = harmless_query(published.con, sql)
            published.con.execute(f"copy ({query}) to '{path}' (format csv, header true)")
            with zipfile.ZipFile(folder / f"{plain.name}.zip", "w") as packed:
                about = zipfile.ZipInfo(plain.name)
                about.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(about, plain.read_bytes())
            plain.unlink()


def _search(published: Published) -> str:
    """The index that the search box reads: name, kind, address, what else it is called."""
    names = published.other_names
    entries = []
    for code, la in published.authorities.items():
        # Who looks for an authority that is no more may mean the one that has its ground.
        before = [
            published.authorities[c]["la_name"]
            for c in published.relatives.get(code, [])
            if la["is_current"] and not published.authorities[c]["is_current"]
        ]
        other = dict.fromkeys([code, la["ons_code"] or "", *names.get(code, []), *before])
        ended = "" if la["is_current"] else f" · to {la['valid_to'].year}"
        entries.append(
            [la["la_name"], f"authority · {la['region_name'] or ''}{ended}", authority_page(code), "; ".join(other)]
        )
    entries += [
        [m["label"], "measure", measure_page(i), f"{i}; {m['publisher_columns'] or ''}"]
        for i, m in published.measures.items()
    ]
    entries += [[title, "study", study_page(s), s] for s, title in study.TITLES.items() if s in published.estimates]
    entries += [[title, "page", f"{name}.html", name] for name, title in DRAWN.items()]
    return f"window.SEARCH={json.dumps(entries, ensure_ascii=False, separators=(',', ':'))};\n"
