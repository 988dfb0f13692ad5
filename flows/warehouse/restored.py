"""Warehouse files that came back from a backup without their times: they are known again by their bytes.

A published file is known by its size and time of writing (:func:`flows.warehouse.fingerprint.file_identity`), which is
asked often and costs nothing; exports and site go by the same. A copy that another program made bears another time, and
nothing in it is new.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from flows.common.files import read_json
from flows.common.settings import Settings
from flows.warehouse.fingerprint import file_identity, state_path


def know_again(settings: Settings) -> None:
    """Give files whose bytes are those that were recorded the time that was recorded with them.

    Nothing is read where the times are right. For a caller that holds the writer's lock.
    """
    pairs = [(settings.published, state_path(settings)), (settings.next, state_path(settings))]
    pairs += [(path, path.with_suffix(".json")) for path in settings.earlier.glob("*.duckdb")]
    for path, about in pairs:
        _give_time_back(path, _recorded(about))


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
        with path.open("rb") as f:
            if hashlib.file_digest(f, "sha256").hexdigest() == sha:
                os.utime(path, ns=(path.stat().st_atime_ns, written))
    except OSError:
        return  # it is not there, or not ours to change: then it is built again
