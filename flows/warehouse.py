"""The warehouse: built beside the published file, published by one rename, never half.

Readers open ``warehouse.duckdb`` and nothing else. A run builds ``next.duckdb``; only :func:`publish` puts it in the
place of the published one. ``state.json`` says from which landed files and which models the published file was made.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.archive import write_atomically
from flows.catalogue import Key, read_catalogue
from flows.errors import CswError
from flows.reports import SOURCE, read_tables
from flows.settings import Settings

if TYPE_CHECKING:
    import duckdb

#: Models that list every edition: rebuilt whichever publication changed.
BOOKS = ["stg_landing__catalogue", "stg_landing__edition", "stg_landing__unit+", "tag:books"]
#: What models written in Python are made with.
BEHIND_MODELS = (
    "analysis/studies/report_themes/sampling.py",
    "analysis/studies/report_themes/matrices.py",
    "flows/documents/quality.py",
)


@dataclass(frozen=True)
class Fingerprint:
    """From what a warehouse is made: a hash per publication's landed files, and one of everything that models them."""

    sources: dict[str, str]
    project: str

    def changed_since(self, other: Fingerprint | None) -> list[str] | None:
        """Publications that differ; None when everything has to be built."""
        if other is None or other.project != self.project:
            return None
        return sorted(s for s in {*self.sources, *other.sources} if self.sources.get(s) != other.sources.get(s))


def fingerprint(settings: Settings) -> Fingerprint:
    """What a warehouse built now would be made from."""
    sources: dict[str, Any] = {}
    for e in read_catalogue(settings):
        sources.setdefault(e.source, hashlib.sha256()).update(
            f"{e.table_name} {e.edition} {e.sha256} {e.published_on} {e.symbols} {e.row_count}\n".encode()
        )
    for path in read_tables(settings):
        if path.exists() and SOURCE in sources:
            sources[SOURCE].update(hashlib.sha256(path.read_bytes()).digest())
    project = hashlib.sha256((settings.root / "dbt_project.yml").read_bytes())
    for name in BEHIND_MODELS:
        project.update((settings.root / name).read_bytes())
    # Results are published with the marts: a changed study makes another warehouse, too; its pages do not.
    paths = [*(settings.root / "dbt_project").rglob("*"), *(settings.root / "analysis").rglob("*")]
    pages = settings.root / "analysis" / "report"
    for path in sorted(paths):
        if path.suffix in {".sql", ".yml", ".csv", ".py"} and pages not in path.parents:
            project.update(path.relative_to(settings.root).as_posix().encode())
            project.update(path.read_bytes())
    return Fingerprint({k: v.hexdigest() for k, v in sources.items()}, project.hexdigest())


def published_fingerprint(settings: Settings) -> Fingerprint | None:
    """What the published warehouse was made from, or None when nothing is published."""
    state = _published_state(settings)
    return Fingerprint(state["sources"], state["project"]) if state else None


def published_tables(settings: Settings) -> set[Key]:
    """The landed tables (source, table, edition) that the published warehouse was made from."""
    state = _published_state(settings) or {}
    return {(source, table, edition) for source, table, edition in state.get("tables", [])}


def _published_state(settings: Settings) -> dict[str, Any] | None:
    path = settings.warehouse / "state.json"
    if not path.exists() or not settings.published.exists():
        return None
    state = json.loads(path.read_text())
    # A crash between the two renames of a publish leaves a state that is not of this file: then build again.
    if state.get("file") != file_identity(settings.published):
        return None
    return dict(state)


def start_next(settings: Settings, made_from: Fingerprint, changed: list[str] | None) -> list[str] | None:
    """Make ready the file to build, and say what to build in it.

    When only some publications changed, it starts as a copy of the published file and only what depends on them is
    built again.

    Returns:
        dbt selectors, or None for everything.
    """
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    remove_database(settings.next)
    about = {**asdict(made_from), "tables": sorted(e.key for e in read_catalogue(settings))}
    write_atomically(settings.warehouse / "next.json", json.dumps(about).encode())
    if changed is None:
        return None
    shutil.copyfile(settings.published, settings.next)
    return [*BOOKS, *(f"source:landing.{s}+" for s in changed)]


def remove_database(path: Path) -> None:
    """Remove a database file and what a killed process may have left beside it."""
    for p in (path, path.with_name(path.name + ".wal")):
        p.unlink(missing_ok=True)


def publish(settings: Settings) -> None:
    """Put the next warehouse in the place of the published one, by one rename.

    A reader that holds the old file open keeps reading the old one.

    Raises:
        CswError: there is nothing to publish, or the disk refuses; the old file stays.
    """
    if not settings.next.exists():
        raise CswError("there is no next warehouse to publish. Run `csw build` and `csw check` first.")
    import duckdb

    about = json.loads((settings.warehouse / "next.json").read_text())
    # Whatever a writer left in the log belongs in the file before it is moved.
    with duckdb.connect(str(settings.next)) as con:
        con.execute("checkpoint")
    try:
        with settings.next.open("rb+") as f:
            os.fsync(f.fileno())
        state = {**about, "file": file_identity(settings.next)}
        os.replace(settings.next, settings.published)
    except OSError as exc:
        raise CswError(f"{settings.published}: could not be replaced ({exc.strerror}). The old one stays.") from exc
    write_atomically(settings.warehouse / "state.json", json.dumps(state, indent=1, sort_keys=True).encode())


def file_identity(path: Path) -> list[int]:
    """What tells one written file from another and survives a renaming: its size and when it was last written (ns)."""
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]


def published_path(settings: Settings) -> Path:
    """The published file.

    Raises:
        CswError: nothing is published yet.
    """
    if not settings.published.exists():
        raise CswError("nothing is published yet. Run `csw run` (the bundled sample) or `csw run --returns DIR`.")
    return settings.published


def open_published(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The published warehouse, read-only.

    Raises:
        CswError: nothing is published yet.
    """
    import duckdb

    return duckdb.connect(str(published_path(settings)), read_only=True)
