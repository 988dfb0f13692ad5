"""The warehouse: built beside the published file, published by one rename, never half.

Readers open ``warehouse.duckdb`` and nothing else. A run builds ``next.duckdb``; only :func:`publish` puts it in the
place of the published one. ``state.json`` says from which landed files and which models the published file was made.
In place of ``next.duckdb`` a copy of what was published is left, so that dbt by hand has something to look at and to
build on (:func:`copy_for_dbt`).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.common.errors import Busy, CheckFailed, CswError
from flows.common.files import file_sha256, part_of, read_json, write_atomically
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.warehouse.built import Build, check_build, from_state, to_state, why_not_default
from flows.warehouse.earlier import keep_published, next_number, prune
from flows.warehouse.fingerprint import (
    Fingerprint,
    file_identity,
    fingerprint,
    is_set_aside,
    published_fingerprint,
    published_state,
    state_path,
)
from flows.warehouse.refresh import Refresh, refresh_of

if TYPE_CHECKING:
    import duckdb


def needed(settings: Settings, now: Fingerprint) -> list[str] | None:
    """Publications to build again, for a warehouse made from this; none where it is what is published, or what was
    gone back from; None where everything has to be built."""
    if is_set_aside(settings, now):
        return []
    state = published_state(settings)
    if state is None or why_not_default(from_state(state.get("build")), settings):
        # Also where something else than a default build came to be published.
        return None
    return now.changed_since(published_fingerprint(settings))


def start_next(settings: Settings, made_from: Fingerprint, changed: list[str] | None) -> Refresh | None:
    """Make ready the file to build, and say what to build in it.

    When only some publications changed, it starts as a copy of the published file and only what depends on them is
    built again.

    Returns:
        What to build; None for everything.
    """
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    remove_database(settings.next)
    about = {**asdict(made_from), "tables": sorted(e.key for e in read_catalogue(settings))}
    write_atomically(settings.warehouse / "next.json", json.dumps(about).encode())
    if changed is None or damage(settings):
        return None
    shutil.copyfile(settings.published, settings.next)
    return refresh_of(settings, changed)


def remove_database(path: Path) -> None:
    """Remove a database file and what a killed process may have left beside it."""
    for p in (path, path.with_name(path.name + ".wal")):
        p.unlink(missing_ok=True)
    shutil.rmtree(path.with_name(path.name + ".tmp"), ignore_errors=True)


@contextmanager
def building(path: Path) -> Iterator[None]:
    """A database file that is being built: where that does not come to its end, nothing is left of it."""
    try:
        yield
    except BaseException:
        remove_database(path)
        raise


@contextmanager
def saying_what_stands(settings: Settings) -> Iterator[None]:
    """Whatever ends the block early says, in a note, whether anything was published in it."""
    before = _identity(settings.published)
    try:
        yield
    except BaseException as exc:
        after = _identity(settings.published)
        if after != before and after is not None:
            exc.add_note(
                f"The new warehouse had been published by then: {settings.published}. Exports and site may still be of "
                "the one before; the next run makes up for it."
            )
        elif not isinstance(exc, Busy | CheckFailed):
            stays = f"{settings.published} stays as it was" if after else "there is none yet"
            exc.add_note(f"No new warehouse was published; {stays}.")
        raise


def _identity(path: Path) -> list[int] | None:
    try:
        return file_identity(path)
    except OSError:
        return None


def publish(settings: Settings) -> None:
    """Put the next warehouse in the place of the published one, by one rename, and keep the one before.

    A reader that holds the old file open keeps reading the old one.

    Raises:
        CswError: there is nothing to publish, it is no default build, or the disk refuses; the old file stays.
    """
    if not has_next(settings):
        raise CswError("there is no next warehouse to publish. Run `csw build` and `csw check` first.")
    import duckdb

    build = check_build(settings, settings.next)
    about = _made_from(settings, build)
    # Whatever a writer left in the log belongs in the file before it is moved.
    with duckdb.connect(str(settings.next)) as con:
        con.execute("checkpoint")
    try:
        with settings.next.open("rb+") as f:
            os.fsync(f.fileno())
            digest = hashlib.file_digest(f, "sha256").hexdigest()
        keep_published(settings)
        state = {**about, "build": to_state(build), "sha256": digest, "file": file_identity(settings.next)}
        state["number"] = next_number(settings)
        os.replace(settings.next, settings.published)
    except OSError as exc:
        raise CswError(f"{settings.published}: could not be replaced ({exc.strerror}). The old one stays.") from exc
    write_atomically(state_path(settings), json.dumps(state, indent=1, sort_keys=True).encode())
    prune(settings)


def _made_from(settings: Settings, build: Build) -> dict[str, Any]:
    """From what the next file was made: as the run that built it noted, or, built by hand, what there is now."""
    if not build.by_hand:
        try:
            about = read_json(settings.warehouse / "next.json")
            if about["project"] == build.project_digest and isinstance(about["sources"], dict):
                return dict(about)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        raise CswError("it is not known from what next.duckdb was made. Run `csw build` again.")
    return {**asdict(fingerprint(settings)), "tables": sorted(e.key for e in read_catalogue(settings))}


def damage(settings: Settings) -> str:
    """What is wrong with the bytes of the published file, in words; blank where they are those that were published."""
    state = published_state(settings) or {}
    if not settings.published.exists() or not state.get("sha256"):
        return ""
    if file_sha256(settings.published) == state["sha256"]:
        return ""
    return (
        f"{settings.published}: its bytes are not those that were published. `csw run --full` builds it again; "
        "`csw rollback` goes back to the one before."
    )


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
    part = part_of(settings.next, ".duckdb")
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
        CswError: nothing is published yet, or the file cannot be read.
    """
    return open_warehouse(published_path(settings))


def open_warehouse(path: Path) -> duckdb.DuckDBPyConnection:
    """A warehouse file, read-only.

    Raises:
        CswError: there is no such file, or it is no warehouse.
    """
    import duckdb

    if not path.is_file():
        raise CswError(f"{path} is no file. Give a warehouse, e.g. one that `csw run --as-of DATE` built.")
    with path.open("rb"):
        pass  # who may not read it is told so
    try:
        con = duckdb.connect(str(path), read_only=True)
    except duckdb.Error as exc:
        first = str(exc).splitlines()[0]
        raise CswError(f"{path} is no warehouse, or a damaged one: {first}") from exc
    # All of the answer: a connection with one under way takes no other question.
    if con.execute("select count(*) from information_schema.tables where table_schema = 'marts'").fetchall() == [(0,)]:
        con.close()
        raise CswError(f"{path} is a database without marts: no warehouse of csw.")
    return con


def check_warehouse(path: Path) -> None:
    """See that a file is a warehouse.

    Raises:
        CswError: it is none.
    """
    open_warehouse(path).close()
