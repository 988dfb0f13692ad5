"""One writer at a time."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flows.common.errors import Busy, CswError
from flows.common.files import read_json, sweep, write_atomically

#: What a disk without locks says.
NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})
LOCK, HOLDER = ".writer.lock", ".writer.json"
#: How a data folder is arranged; it changes only when what an earlier version wrote has to be taken over.
LAYOUT, LAYOUT_FILE = 2, ".layout.json"


@contextmanager
def writer(data: Path) -> Iterator[None]:
    """Hold the writer's lock of a data folder; a process that dies lets go of it.

    Within the process that holds it, it may be taken again. Whoever takes it first also clears away what killed
    processes left half-written, and takes over a folder that an earlier version made.

    Raises:
        Busy: another process holds it.
        CswError: a later version made the folder.
        OSError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    try:
        data.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError as exc:  # where no folder can be made (/proc and its like)
        raise CswError(f"{data}: no folder can be made there. Set CSW_DATA to another one.") from exc
    # One object per path and process, so that a function that writes can be called by one that holds the lock.
    lock = FileLock(data / LOCK, timeout=0, thread_local=False, is_singleton=True)
    try:
        lock.acquire()
    except Timeout as exc:
        raise Busy(
            f"another run is writing to {data}{_holder(data)}. "
            "Wait for it to end and run again; what is published stays readable meanwhile."
        ) from exc
    except (OSError, NotImplementedError) as exc:
        see_that_it_locks(exc, data)
        raise
    try:
        if lock.lock_counter == 1:
            _take_over(data)
            sweep(data)
            _say_who(data)
        yield
    finally:
        lock.release()


def see_that_it_locks(exc: Exception, place: Path) -> None:
    """See that an error of locking is not that of a disk without locks.

    Shares of other machines often have none (NFS without its lock service, some FUSE and cluster file systems).

    Raises:
        CswError: it is.
    """
    if isinstance(exc, NotImplementedError) or getattr(exc, "errno", 0) in NO_LOCKS:
        raise CswError(
            f"{place} is on a disk that cannot lock files. Set CSW_DATA to a folder on another one."
        ) from exc


def may_write(data: Path) -> bool:
    """Whether this user may hold the lock of a data folder."""
    return os.access(data, os.W_OK) and os.access(data / LOCK, os.W_OK) if (data / LOCK).exists() else True


def layout_of(data: Path) -> int:
    """How a data folder is arranged: 1 where an earlier version made it, :data:`LAYOUT` where it is new."""
    try:
        return int(read_json(data / LAYOUT_FILE)["layout"])
    except FileNotFoundError:
        made = any((data / name).exists() for name in ("archive", "landing", "warehouse"))
        return 1 if made else LAYOUT
    except (ValueError, KeyError, TypeError):
        return 1


def _take_over(data: Path) -> None:
    known = layout_of(data)
    if known > LAYOUT:
        raise CswError(
            f"{data} was made by a later version of csw (arrangement {known}, this one knows up to {LAYOUT}). "
            "Use that version, or set CSW_DATA to another folder."
        )
    if known < LAYOUT:
        _readable(data)
    if known < LAYOUT or not (data / LAYOUT_FILE).exists():
        write_atomically(data / LAYOUT_FILE, json.dumps({"layout": LAYOUT}).encode())


def _readable(data: Path) -> None:
    """Earlier versions wrote some files for their owner alone; now the user's umask decides."""
    mask = os.umask(0)
    os.umask(mask)
    for name in ("archive", "landing", "warehouse", "report", "sample"):
        for path in (data / name).rglob("*"):
            if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o777 == 0o600:
                path.chmod(0o666 & ~mask)


def _say_who(data: Path) -> None:
    verb = " ".join(["csw", *sys.argv[1:2]]) if Path(sys.argv[0]).name in {"csw", "__main__.py"} else "a program"
    now = datetime.now(UTC).astimezone().strftime("%H:%M")
    write_atomically(data / HOLDER, json.dumps({"pid": os.getpid(), "verb": verb, "since": now}).encode())


def _holder(data: Path) -> str:
    """Who holds the lock, for people; blank where it is not known."""
    try:
        said = read_json(data / HOLDER)
        return f" (process {said['pid']}, {said['verb']}, since {said['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
