"""One writer at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.common.errors import Busy


@contextmanager
def writer(data: Path) -> Iterator[None]:
    """Hold the writer's lock of a data folder; a process that dies lets go of it.

    Raises:
        Busy: another process holds it.
    """
    data.mkdir(parents=True, exist_ok=True)
    path = data / ".writer.lock"
    handle = path.open("a+")
    try:
        _lock(handle.fileno())
    except OSError as exc:
        handle.seek(0)
        holder = handle.read().strip()
        handle.close()
        raise Busy(
            f"another run is writing to {data}" + (f" (process {holder})" if holder else "") + ". "
            "Wait for it to end and run again; what is published stays readable meanwhile."
        ) from exc
    try:
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield
    finally:
        handle.close()


def _lock(fd: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    import fcntl

    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
