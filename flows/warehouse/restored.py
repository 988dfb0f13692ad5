"""Warehouse files that came back from a backup without their times: they are known again by their bytes.

A published file is known by its size and time of writing (:func:`flows.warehouse.fingerprint.file_identity`), which is
asked often and costs nothing; exports and site go by the same. A copy that another program made bears another time, and
nothing in it is new.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from flows.common.files import file_sha256, read_json, write_atomically
from flows.common.settings import Settings
from flows.warehouse.fingerprint import file_identity, published_state, state_path


def know_again(settings: Settings) -> None:
    """Give files whose bytes are those that were recorded the time that was recorded with them.

    Nothing is read where the times are right. For a caller that holds the writer's lock.
    """
    pairs = [(settings.published, state_path(settings)), (settings.next, state_path(settings))]
    pairs += [(path, path.with_suffix(".json")) for path in settings.earlier.glob("*.duckdb")]
    for path, about in pairs:
        _give_time_back(path, _recorded(about))
    _finish_going_back(settings)


def _finish_going_back(settings: Settings) -> None:
    """Write the state that a rollback was killed before it wrote: the file in its place is one of those that are kept.

    Without it a run would build again what was gone back from.
    """
    if not settings.published.exists() or published_state(settings) is not None:
        return
    found = [_recorded(path) for path in sorted(settings.earlier.glob("*.json"))]
    kept = [said for said in found if "sources" in said and "project" in said]
    mine = next((said for said in kept if said.get("file") == file_identity(settings.published)), None)
    if mine is None:
        return
    made_from = {"sources": mine["sources"], "project": mine["project"]}
    aside = [{"sources": s["sources"], "project": s["project"]} for s in kept if s.get("gone_back_from")]
    said = {k: v for k, v in mine.items() if k != "gone_back_from"} | {
        "set_aside": [a for a in aside if a != made_from]
    }
    write_atomically(state_path(settings), json.dumps(said, indent=1, sort_keys=True).encode())


def _recorded(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path))
    except (OSError, ValueError, TypeError):
        return {}


def _give_time_back(path: Path, recorded: dict[str, Any]) -> None:
    match recorded:
        case {"file": [int(size), int(written)], "sha256": str(sha)} if sha:
            pass
        case _:
            return
    try:
        there, written_now = file_identity(path)
        if there != size or written_now == written:
            return
        if file_sha256(path) == sha:
            os.utime(path, ns=(path.stat().st_atime_ns, written))
    except OSError:
        return  # it is not there, or not ours to change: then it is built again
