"""The whole site, written beside the old one and put in its place when it is complete."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.report import authority, measure, overview, study, words
from analysis.report.pages import authority_page, measure_page, study_page
from analysis.report.published import Published
from analysis.report.traces import traces

STATIC = Path(__file__).resolve().parent / "static"


@dataclass(frozen=True)
class Built:
    """What was written."""

    index: Path
    pages: int
    bytes: int


def build(
    database: Path,
    folder: Path,
    due: Mapping[str, Mapping[str, str]] | None = None,
    as_known: str = "",
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Write the site of a published warehouse.

    Args:
        database: the warehouse; read only.
        folder: where the site goes; whole folders in it that are not the site's (Data Docs, exports) stay.
        due: publication to its ``title`` and when its next edition is expected (``due``), in words.
        as_known: the date of an as-of warehouse, or blank.
        progress: told what is being written.

    Raises:
        duckdb.Error: the warehouse lacks what a page needs.
    """
    import duckdb

    part = folder.parent / f".{folder.name}-next"
    shutil.rmtree(part, ignore_errors=True)
    with duckdb.connect(str(database), read_only=True) as con:
        pages = _write(Published(con), part, folder, due or {}, as_known, progress)
    return Built(folder / "index.html", pages, _swap(part, folder))


#: Everything in the folder that is the site's own.
OWN = ("index.html", "authorities", "measures", "studies", "trace", "static", "data")


def _swap(part: Path, folder: Path) -> int:
    """Put the finished site in its place; what else is in the folder stays."""
    size = sum(f.stat().st_size for f in part.rglob("*") if f.is_file())
    folder.mkdir(parents=True, exist_ok=True)
    old = folder.parent / f".{folder.name}-old"
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir()
    for name in OWN[1:]:
        if (folder / name).exists():
            (folder / name).rename(old / name)
        (part / name).rename(folder / name)
    # The first page goes last, for it leads to the rest, and there is one at any moment.
    (part / OWN[0]).replace(folder / OWN[0])
    shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(part, ignore_errors=True)
    return size


def _write(
    published: Published,
    part: Path,
    folder: Path,
    due: Mapping[str, Mapping[str, str]],
    as_known: str,
    progress: Callable[[str], None],
) -> int:
    from analysis.studies.spec import load_spec, slugs

    newest = max((e["published_on"] for e in published.editions), default=None)
    site = {
        "synthetic": published.is_synthetic,
        "as_of": words.day(newest),
        "as_known": as_known,
    }
    themes = published.theme_labels
    specs = [load_spec(s) for s in slugs()]
    for name in OWN[1:]:
        (part / name).mkdir(parents=True, exist_ok=True)
    pages: dict[str, str] = {}
    # First, while nothing else is held.
    progress("origins")
    shown = [
        *published.key.all,
        *published.key.spend.values(),
        *(m for s in specs for m in study.measures_of(published, s)),
    ]
    for code, script in traces(published, shown):
        (part / "trace" / f"{code}.js").write_text(script, encoding="utf-8")
    progress("studies")
    for spec in specs:
        pages[study_page(spec.study)] = study.page(published, spec, site)
        _study_files(published, spec.study, part / "data")
    progress("measures")
    for measure_id in published.measures:
        pages[measure_page(measure_id)] = measure.page(published, measure_id, site)
    progress("authorities")
    for code in published.authorities:
        pages[authority_page(code)] = authority.page(published, code, site, themes)
    pages["index.html"] = overview.page(
        published, site, [{"study": s.study, "question": s.question} for s in specs], due, _beside(folder)
    )
    for name, text in pages.items():
        (part / name).write_text(text, encoding="utf-8")
    for file in sorted(STATIC.iterdir()):
        shutil.copyfile(file, part / "static" / file.name)
    (part / "static" / "search.js").write_text(_search(published), encoding="utf-8")
    return len(pages)


def _study_files(published: Published, name: str, folder: Path) -> None:
    """A study's estimates and sample for download."""
    quoted = name.replace("'", "''")
    for what, sql in (
        ("estimates", f"from results.estimate where study = '{quoted}'"),
        ("sample", f"from studies.rpt_{name}__sample"),
    ):
        table = "estimate" if what == "estimates" else f"rpt_{name}__sample"
        known = published.con.execute("select count(*) from duckdb_tables() where table_name = ?", [table]).fetchone()
        if known and known[0]:
            path = (folder / f"{name}_{what}.csv").as_posix().replace("'", "''")
            published.con.execute(f"copy ({sql}) to '{path}' (format csv, header true)")


def _beside(folder: Path) -> list[tuple[str, str]]:
    """What else stands in the folder for people."""
    known = (
        ("../export/datapackage.json", "Every table as Parquet and CSV, with a dictionary (Frictionless data package)"),
        ("data_docs/index.html", "What was checked, and how it came out (Great Expectations)"),
    )
    return [(href, label) for href, label in known if (folder / href).exists()]


def _search(published: Published) -> str:
    """The index that the search box reads: name, kind, address, what else it is called."""
    entries = [
        [
            la["la_name"],
            f"authority · {la['region_name'] or ''}",
            authority_page(code),
            f"{code}; {la['ons_code'] or ''}",
        ]
        for code, la in published.authorities.items()
    ]
    entries += [
        [m["label"], "measure", measure_page(i), f"{i}; {m['publisher_columns'] or ''}"]
        for i, m in published.measures.items()
    ]
    entries += [[title, "study", study_page(s), s] for s, title in study.TITLES.items() if s in published.estimates]
    return f"window.SEARCH={json.dumps(entries, ensure_ascii=False, separators=(',', ':'))};\n"
