"""How far a fetch is: files and bytes so far, and the time that is left, said now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Seconds between two lines.
EVERY = 10.0
#: Files that must be here before the time of the rest can be told from theirs.
ENOUGH = 10


class Progress:
    """Counts what comes and says so.

    Args:
        say: told a line now and then.
        sources: how many sources are asked.
    """

    def __init__(self, say: Callable[[str], None], sources: int) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._asked, self._sources = 0, sources
        self._done, self._files = 0, 0
        self._bytes = 0
        self._started = self._last = time.monotonic()

    def found(self, files: int) -> None:
        """A place was asked: so many files are to come."""
        with self._lock:
            self._files += files

    def came(self, size: int) -> None:
        """A file is here."""
        with self._lock:
            self._done += 1
            self._bytes += size
            line = self._line()
        if line:
            self._say(line)

    def source_is_done(self) -> None:
        """Nothing more of one source is to come."""
        with self._lock:
            self._asked += 1

    def _line(self) -> str:
        now = time.monotonic()
        if now - self._last < EVERY or self._done < ENOUGH:
            return ""
        self._last = now
        more = "at least " if self._asked < self._sources and self._done >= self._files else ""
        left = (now - self._started) / self._done * max(self._files - self._done, 0)
        return (
            f"fetched {self._done} of {more}{self._files} files, {self._bytes / 1e6:.0f} MB; "
            f"{self._asked} of {self._sources} sources done; about {in_words(left)} left"
        )


def in_words(seconds: float) -> str:
    """A length of time, roughly."""
    if seconds < 90:
        return f"{max(round(seconds / 10) * 10, 10)} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
