"""The errors that people see. Each says what is wrong, where, and what to do."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path, PurePath
from traceback import walk_tb

from flows.common.text import printable


class CswError(Exception):
    """Any expected failure: shown as a message, never as a traceback."""


class RefusedFile(CswError):
    """A publisher's file that cannot be taken as it is.

    The message names the file, and the row and column where they are known, and says what to do.
    """

    def __init__(
        self, file: str, problem: str, *, row: int | None = None, column: str | None = None, advice: str = ""
    ) -> None:
        self.file, self.problem, self.row, self.column, self.advice = file, problem, row, column, advice
        place = printable(file)
        if row is not None:
            place += f", row {row}"
        if column is not None:
            place += f", column {column!r}"
        super().__init__(f"{place}: {problem}" + (f" {advice}" if advice else ""))


class NotDescribed(RefusedFile):
    """A file that is well, of an edition that no passport describes yet: nothing is wrong, and nothing is landed."""


class CheckFailed(CswError):
    """A check of the data did not hold; the failing rows have been shown."""


class Busy(CswError):
    """Another run is writing; one writer at a time."""


class WrongArgument(CswError):
    """What was asked for is no choice: the message says which there are. The command ends with exit code 2."""


class Stopped(BaseException):
    """A signal asked the process to end. No Exception, so that nothing on the way takes it for a failure of its own.

    Args:
        name: of the signal, e.g. ``SIGTERM``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


#: What a disk says that may not be written.
MAY_NOT = frozenset({errno.EACCES, errno.EPERM})
#: What it says that is full, broken or may not be written.
DISK = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO}) | MAY_NOT
#: What a disk of another machine says that went away, by the names that this system has for it.
AWAY = frozenset(
    number
    for name in ("ESTALE", "ENOTCONN", "ENODEV", "ENXIO", "EREMOTEIO", "EHOSTDOWN", "EHOSTUNREACH", "ETIMEDOUT")
    if (number := getattr(errno, name, None)) is not None
)
#: What a machine says that has given out all that it may.
SPENT = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM})
#: What is said to whoever writes or opens, and is the fault of no file that is read.
OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
)
#: What it says where a file is in a folder's place, or a folder in a file's.
MISPLACED = frozenset({errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ELOOP})


#: What to do where a disk refuses.
SEE_TO_THE_DISK = "Free some space, or see to the disk"
#: What the system or the database says where the machine gives out, and what people can do.
_MACHINE = (
    (
        re.compile(r"out of memory|cannot allocate memory|bad allocation|memoryerror", re.IGNORECASE),
        "memory ran out. Give the machine more, end what else runs on it, or let a build take less (CSW_BUILD_MEMORY)",
    ),
    (
        re.compile("|".join(re.escape(os.strerror(n)) for n in sorted(DISK - MAY_NOT)), re.IGNORECASE),
        f"the disk refuses. {SEE_TO_THE_DISK}",
    ),
    (re.compile(r"too many open files|conflicting lock", re.IGNORECASE), "end what else works on the data folder"),
)


def machine_refusal(text: str) -> str:
    """What to do where a message says that memory, disk or files gave out; blank where it says something else."""
    return next((advice for pattern, advice in _MACHINE if pattern.search(text)), "")


def is_of_the_machine(exc: BaseException, ours: Path) -> bool:
    """Whether an error that came while a file was read is of the machine, and says nothing of that file.

    Args:
        exc: what was raised, by the system or by a database.
        ours: a folder of ours: what cannot be written there is no fault of what is read.
    """
    if isinstance(exc, OSError):
        places = [Path(os.fsdecode(p)) for p in (exc.filename, exc.filename2) if isinstance(p, str | bytes | PurePath)]
        return exc.errno in OF_THE_MACHINE or any(p.is_relative_to(ours) for p in places)
    is_database = type(exc).__module__.split(".")[0] in {"duckdb", "_duckdb"}
    return is_database and any(os.strerror(n) in str(exc) for n in OF_THE_MACHINE)


def _file_at_hand(exc: OSError) -> PurePath | None:
    """The file that was read or written when an error came that names none, as one that comes after opening does."""
    for frame, _ in reversed(list(walk_tb(exc.__traceback__))):
        for name in ("self", "path"):
            if isinstance(found := frame.f_locals.get(name), PurePath):
                return found
    return None


def disk_refusal(exc: OSError) -> str:
    """What to tell people of a disk that refuses; blank where it is another kind of error."""
    place = exc.filename2 or exc.filename or _file_at_hand(exc)
    named = printable(os.fsdecode(place)) if place else "a file that was being written"
    if exc.errno == errno.EISDIR:
        return f"{named}: a folder is where a file should be. Move it away and run again."
    if exc.errno == errno.ELOOP:
        return f"{named}: a link is where a file should be, or links lead round in a ring. Remove it and run again."
    if exc.errno == errno.ENAMETOOLONG:
        return f"{named}: the name is too long for this disk. Give a shorter one, or set CSW_DATA to another folder."
    if exc.errno in AWAY:
        return f"{named}: the disk went away ({exc.strerror}). See to it, and run again."
    if exc.errno in SPENT:
        return f"{named}: the machine gives no more ({exc.strerror}). End what else runs on it, and run again."
    if exc.errno in MISPLACED:
        return f"{named}: a file is where a folder should be. Move it away, or give another folder."
    if exc.errno not in DISK:
        return ""
    if exc.errno in MAY_NOT:
        if place and os.path.exists(place) and not os.access(place, os.R_OK):
            return f"{named}: this user may not read it. Give the right to, or ask the user who runs csw here."
        return f"{named}: this user may not write there. Give the right to, or set CSW_DATA to another folder."
    return f"{named}: the disk refuses ({exc.strerror}). {SEE_TO_THE_DISK}, and run again."


def database_says(exc: BaseException) -> str:
    """What a database says went wrong, on one line: where it wraps its message for programs, the message alone."""
    said = str(exc).split("\n\n")[0].replace("\n", " ")
    inner = re.search(r'"exception_message":\s*("(?:[^"\\]|\\.)*")', said)
    return str(json.loads(inner[1])) if inner else said
