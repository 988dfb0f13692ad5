"""The report site of the published warehouse: when it has to be written, and what it is told of returns due."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.output_folder import OutputFolder
from flows.common.processes import worker_pool
from flows.common.settings import Settings
from flows.outputs.lock import writing_outputs
from flows.warehouse.fingerprint import file_identity
from flows.warehouse.publish import check_warehouse, published_path

if TYPE_CHECKING:
    from analysis.report.site import Built

KIND = "the report site"
#: What a version that kept no list wrote: the mark of such a folder, and the endings of its files.
_EARLIER_MARK, _EARLIER_ENDINGS = ".made_from", {".html", ".js", ".css", ".csv", ".svg"}
#: What else is for people: where it is in the data folder, and what it is.
BESIDE = (
    ("export/datapackage.json", "Every table as Parquet and CSV, with a dictionary (Frictionless data package)"),
    ("report/data_docs/index.html", "What was checked, and how it came out (Great Expectations)"),
)


def write_site(
    settings: Settings,
    database: Path | None = None,
    out: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Built:
    """Write the site of the published warehouse, or of another file, e.g. one built as of a date.

    Args:
        settings: where things are kept.
        database: the warehouse; the published one where None.
        out: the site's folder, empty or with an earlier site in it; ``data/report`` where None.
        progress: told what is being written.

    Raises:
        CswError: nothing is published yet, the file is no warehouse, or the folder holds something that is no site.
        Busy: another run is writing.
    """
    from analysis.report.site import Built, build

    path = database or published_path(settings)
    check_warehouse(path)
    place = site_folder(settings, out)
    place.check()
    as_known = path.stem.removeprefix("as_of_") if "as_of_" in path.stem else ""
    with writing_outputs(settings, place.folder):
        stamp = _stamp(settings, path)
        several = worker_pool(1) if (os.cpu_count() or 1) > 1 else nullcontext()
        with place.replacing(stamp=stamp) as made, several as pool:
            built = build(path, made, due(settings), as_known, progress, _beside(settings, place.folder), pool)
    return Built(place.folder / "index.html", built.pages, built.bytes)


def site_folder(settings: Settings, out: Path | None = None) -> OutputFolder:
    """The folder of the site."""
    return OutputFolder(out or settings.report, KIND, _of_an_earlier_version)


def _of_an_earlier_version(folder: Path) -> dict[str, list[str]]:
    from analysis.report.site import PLACES

    if not (folder / _EARLIER_MARK).is_file() or not (folder / "index.html").is_file():
        return {}
    pages = [
        p.relative_to(folder).as_posix()
        for name in PLACES[1:]
        for p in (folder / name).glob("*")
        if p.is_file() and p.suffix in _EARLIER_ENDINGS
    ]
    return {"": [_EARLIER_MARK, "index.html", *pages]}


def is_current(settings: Settings) -> bool:
    """Whether the site in its place is of the published warehouse, made by these pages."""
    return (
        (settings.report / "index.html").exists()
        and settings.published.exists()
        and site_folder(settings).stamp() == _stamp(settings, settings.published)
    )


def _beside(settings: Settings, folder: Path) -> list[tuple[str, str]]:
    """What else there is for people, as the site's first page leads to it: only from the site's own place."""
    if folder != settings.report:
        return []
    found = [(os.path.relpath(settings.data / path, folder), label) for path, label in BESIDE]
    return [(Path(path).as_posix(), label) for path, label in found if (folder / path).exists()]


def due(settings: Settings) -> dict[str, dict[str, str]]:
    """Publication to its title and when its next edition is expected, in words; blank where none is."""
    from flows.outputs.status import status

    return {s.source: {"title": s.title, "due": str(s.next_expected or "")} for s in status(settings).sources}


def _stamp(settings: Settings, database: Path) -> str:
    made = hashlib.sha256(json.dumps(file_identity(database)).encode())
    for path in sorted((settings.root / "analysis" / "report").rglob("*")):
        if path.suffix in {".py", ".html", ".css", ".js", ".yml"}:
            made.update(path.read_bytes())
    made.update(json.dumps(due(settings), sort_keys=True).encode())
    return made.hexdigest()
