"""The errors that people see. Each says what is wrong, where, and what to do."""

from __future__ import annotations

import errno


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
        place = file
        if row is not None:
            place += f", row {row}"
        if column is not None:
            place += f", column {column!r}"
        super().__init__(f"{place}: {problem}" + (f" {advice}" if advice else ""))


class CheckFailed(CswError):
    """A check of the data did not hold; the failing rows have been shown."""


class Busy(CswError):
    """Another run is writing; one writer at a time."""


#: What a disk says that is full, broken or may not be written.
DISK = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM})


def disk_refusal(exc: OSError) -> str:
    """What to tell people of a disk that refuses; blank where it is another kind of error."""
    if exc.errno not in DISK:
        return ""
    place = exc.filename2 or exc.filename or "a file of the data folder"
    return (
        f"{place}: could not be written ({exc.strerror}). What was published before is untouched; "
        "free some space (or give the right to write there) and run again."
    )
