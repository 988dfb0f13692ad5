"""Warehouses that were published before: the last few are kept with their results, and one can be gone back to."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.common.errors import CswError, WrongArgument
from flows.common.files import file_sha256, part_of, read_json, write_atomically
from flows.common.settings import Settings
from flows.warehouse.built import Build, from_state
from flows.warehouse.fingerprint import file_identity, published_state, state_path

#: How many are kept beside the published one.
KEPT = 3
#: What they are called; whatever else lies there is somebody's, and stays.
_NAME = re.compile(r"\d{8}T\d{12}")


@dataclass(frozen=True)
class Earlier:
    """A warehouse that was published before."""

    name: str
    """When it was built, in UTC, as it can be asked for."""
    path: Path
    build: Build | None
    bytes: int
    number: int
    """Which publication it was, counted; 0 where an earlier version published it."""

    @property
    def rank(self) -> tuple[int, str]:
        """Its place in the order of publishing: a clock that was wrong changes nothing of it."""
        return self.number, self.name


def keep_published(settings: Settings, *, gone_back_from: bool = False) -> None:
    """Keep the published file, before another takes its place: a second name for the same bytes, no copy.

    Raises:
        OSError: the disk refuses.
    """
    if not settings.published.exists():
        return
    name = _name(settings.published)
    settings.earlier.mkdir(parents=True, exist_ok=True)
    state = {**(published_state(settings) or {"number": next_number(settings)}), "gone_back_from": gone_back_from}
    write_atomically(settings.earlier / f"{name}.json", json.dumps(state).encode())
    path = settings.earlier / f"{name}.duckdb"
    if not path.exists():
        _second_name(settings.published, path)


def prune(settings: Settings) -> None:
    """Let go of all but the newest :data:`KEPT`, and of the published one, which is in its place."""
    held = earlier(settings)
    published = [e for e in held if _is_published(settings, e.path)]
    for old in [*published, *[e for e in held if e not in published][KEPT:]]:
        old.path.unlink(missing_ok=True)
        old.path.with_suffix(".json").unlink(missing_ok=True)


def earlier(settings: Settings) -> list[Earlier]:
    """What can be gone back to, the newest first."""
    found = []
    ours = (p for p in settings.earlier.glob("*.duckdb") if _NAME.fullmatch(p.stem))
    for path in ours:
        state = _state(path)
        found.append(Earlier(path.stem, path, from_state(state.get("build")), path.stat().st_size, number_of(state)))
    return sorted(found, key=lambda e: e.rank, reverse=True)


def number_of(state: dict[str, Any]) -> int:
    """Which publication a warehouse was, as its state says; 0 where it does not."""
    number = state.get("number")
    return number if isinstance(number, int) else 0


def next_number(settings: Settings) -> int:
    """The number of the publication to come."""
    return 1 + max([number_of(published_state(settings) or {}), *(e.number for e in earlier(settings))])


def roll_back(settings: Settings, name: str = "") -> Earlier:
    """Publish an earlier warehouse again; for a caller that holds the writer's lock.

    What is published now is kept. A run does not build again what was gone back from until something has changed
    (other files landed, other models), or with ``--full``.

    Args:
        settings: where things are kept.
        name: which one (:attr:`Earlier.name`, or its beginning); where blank the newest older than the published
            one that was not itself gone back from.

    Raises:
        CswError: there is none, or none of this name, or none that is whole, or the disk refuses.
    """
    now = _name(settings.published) if settings.published.exists() else "~"
    before = published_state(settings)
    number = number_of(before) if before else next_number(settings)
    held = [e for e in earlier(settings) if e.name != now]
    if name:
        found = [e for e in held if e.name.startswith(name)]
    else:
        found = [e for e in held if e.rank < (number, now) and not _state(e.path).get("gone_back_from")]
    if not found:
        known = ", ".join(e.name for e in held) or "none"
        problem = f"there is no earlier warehouse{f' {name}' if name else ''} to go back to. There are: {known}."
        if held and not name:
            problem += " (Newer ones, or gone back from before: `--to` takes one of them.)"
        raise WrongArgument(problem) if name else CswError(problem)
    chosen = next((e for e in found if is_whole(e.path)), None)
    if chosen is None:
        damaged = ", ".join(e.name for e in found)
        raise CswError(f"{damaged}: damaged, not the bytes that were published. What is published stays.")
    state = _state(chosen.path)
    # What was set aside before stays so, unless it is what is published again now.
    aside = [{"sources": s["sources"], "project": s["project"]} for s in [before] if s]
    aside += [a for a in (before or {}).get("set_aside", []) if a not in aside]
    mine = {"sources": state.get("sources"), "project": state.get("project")}
    try:
        keep_published(settings, gone_back_from=True)
        part = part_of(settings.published, ".duckdb")
        _second_name(chosen.path, part)
        os.replace(part, settings.published)
    except OSError as exc:
        raise CswError(f"{settings.published}: could not be replaced ({exc.strerror}). It stays as it was.") from exc
    said = {
        **state,
        "file": file_identity(settings.published),
        "set_aside": [a for a in aside if a != mine],
        "rolled_back_at": datetime.now(UTC).replace(microsecond=0).isoformat(),
    }
    write_atomically(state_path(settings), json.dumps(said, indent=1, sort_keys=True).encode())
    prune(settings)
    return chosen


def is_whole(path: Path) -> bool:
    """Whether an earlier warehouse has the bytes that were published; of which no hash was kept, whether it opens."""
    recorded = _state(path).get("sha256")
    try:
        if recorded:
            return bool(file_sha256(path) == recorded)
        import duckdb

        with duckdb.connect(str(path), read_only=True) as con:
            return bool(con.execute("select 1 from duckdb_tables() where schema_name = 'marts'").fetchall())
    except Exception:
        # Whatever it is that cannot be read, nobody should go back to it.
        return False


def _is_published(settings: Settings, path: Path) -> bool:
    # By size and time of writing: also where the second name is a copy.
    return settings.published.exists() and file_identity(path) == file_identity(settings.published)


def _name(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%S%f")


def _second_name(path: Path, other: Path) -> None:
    try:
        os.link(path, other)
    except OSError:
        # A disk without hard links; the times of the copy are those of the file, by which it is known.
        part = part_of(other)
        shutil.copy2(path, part)
        os.replace(part, other)


def _state(path: Path) -> dict[str, Any]:
    try:
        said = read_json(path.with_suffix(".json"))
        return dict(said)
    except (OSError, ValueError, TypeError):
        return {}
