"""The warehouse: built beside the published file, published by one rename, never half.

Readers open ``warehouse.duckdb`` and nothing else. A run builds ``next.duckdb``; only :func:`publish` puts it in the
place of the published one. ``state.json`` says from which landed files and which models the published file was made.
Where ``next.duckdb`` stood a copy of what was published is left, so that dbt by hand has something to look at and to
build on (:func:`copy_for_dbt`).
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CswError
from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.warehouse.fingerprint import Fingerprint, file_identity

if TYPE_CHECKING:
    import duckdb

#: Models that list every edition: rebuilt whichever publication changed.
EVERY_EDITION = ["stg_landing__catalogue", "stg_landing__edition", "stg_landing__unit+", "tag:every_edition"]


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
    return [*EVERY_EDITION, *(f"source:landing.{s}+" for s in changed)]


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
    if not has_next(settings):
        raise CswError("there is no next warehouse to publish. Run `csw build` and `csw check` first.")
    import duckdb

    # A file that dbt built by hand says nothing of what it is made from: then the next run builds everything.
    said = settings.warehouse / "next.json"
    about = json.loads(said.read_text()) if said.exists() else {**asdict(Fingerprint({}, "")), "tables": []}
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


def has_next(settings: Settings) -> bool:
    """Whether there is something to publish: a next file that is not the untouched copy of the published one."""
    if not settings.next.exists():
        return False
    return not settings.published.exists() or file_identity(settings.next) != file_identity(settings.published)


def copy_for_dbt(settings: Settings) -> None:
    """Leave a copy of the published file where dbt builds by default, unless there is a file already.

    ``dbt show``, ``dbt test``, ``dbt run`` and ``dbt docs generate`` by hand work on it; the published file is out of
    their reach.

    Raises:
        OSError: the disk refuses; no half copy is left.
    """
    if settings.next.exists() or not settings.published.exists():
        return
    part = settings.next.with_name(f".{settings.next.name}")
    try:
        # With its time of writing, which tells that nothing has been built in it since.
        shutil.copy2(settings.published, part)
        part.replace(settings.next)
        # What is built in it by hand is not what the last run said it would build.
        (settings.warehouse / "next.json").unlink(missing_ok=True)
    finally:
        part.unlink(missing_ok=True)


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
