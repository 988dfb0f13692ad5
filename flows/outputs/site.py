"""The report site of the published warehouse: when it has to be written, and what it is told of returns due."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.warehouse.fingerprint import file_identity
from flows.warehouse.publish import published_path

if TYPE_CHECKING:
    from analysis.report.site import Built

STAMP = ".made_from"


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
        out: the site's folder; ``data/report`` where None.
        progress: told what is being written.

    Raises:
        CswError: nothing is published yet.
    """
    from analysis.report.site import build

    path = database or published_path(settings)
    folder = out or settings.report
    stamp = _stamp(settings, path)
    built = build(
        path, folder, due(settings), path.stem.removeprefix("as_of_") if "as_of_" in path.stem else "", progress
    )
    write_atomically(folder / STAMP, stamp.encode())
    return built


def is_current(settings: Settings) -> bool:
    """Whether the site in its place is of the published warehouse, made by these pages."""
    stamp = settings.report / STAMP
    return (
        stamp.exists()
        and (settings.report / "index.html").exists()
        and settings.published.exists()
        and stamp.read_text() == _stamp(settings, settings.published)
    )


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
