"""What a client finds on a server, and what it can say about it: shared by all clients."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from flows.common.settings import Servers
    from flows.publishers.http import Http
    from flows.sources.passport import Passport, Remote

LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True)
class Found:
    """One file on a server.

    ``name`` is blank where only the answer's Content-Disposition tells it. ``published_on`` is the day on which the
    publisher says that this state of the file came out (ISO), blank where it does not say.
    """

    url: str
    folder: str
    name: str = ""
    published_on: str = ""
    others: tuple[str, ...] = ()
    """Addresses of the same file, asked in turn where the first one does not have it."""
    size: int = 0
    """Bytes, where the server states them beforehand; 0 where not."""
    md5_etag: bool = False
    """Whether the server's ETag is the md5 of the content."""
    unpack: bool = False
    """Whether it is a zip of the files wanted."""
    not_before: str = ""
    """Time that the answer's Last-Modified must have reached (ISO); an older one is a stale copy."""
    accept: Callable[[Path], str] | None = None
    """Looks into the file and gives the reason for which it is not what was asked for, or blank."""
    dated: Callable[[Path], tuple[str, str]] | None = None
    """Reads the day of publication and of the next release from the file itself."""
    frozen: bool = False
    """Whether the address never gets other content: what is held is not asked for again."""
    batch: str = ""
    """One state of a release or page: once all of it is held, older ones are not asked for again."""
    data_set: str = ""
    """Its data set in the public API of EES, where it has one."""


@dataclass(frozen=True)
class Held:
    """A file that is here now."""

    found: Found
    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Made:
    """A file put together from several answers; path within the source's folder."""

    path: str
    data: bytes
    url: str
    published_on: str = ""


@dataclass
class Discovery:
    """All that one place of a publication has to offer."""

    found: list[Found] = field(default_factory=list)
    make: Callable[[list[Held]], list[Made]] | None = None
    """Puts files together from several answers, once all that was found is here."""
    complete: list[str] = field(default_factory=list)
    """Batches that are held and have not changed."""
    next_release: str = ""
    """As the server says: ``2026``, ``2026-10`` or ``2026-10-29``; blank where it does not."""
    problems: list[str] = field(default_factory=list)
    """What could not be had, where the rest could."""
    notes: list[str] = field(default_factory=list)
    """What people should know."""
    data_sets: dict[str, dict[str, str]] | None = None
    """Data set of the public API of EES → file and version of which was told; None where it was not asked."""


@dataclass(frozen=True)
class Asked:
    """One question: which publication, which of its places, and with what to ask."""

    passport: Passport
    remote: Remote
    http: Http
    servers: Servers
    is_held: Callable[[str], bool]
    """Whether all of a batch is here."""
    data_sets: Mapping[str, Mapping[str, str]]
    """Data set of the public API of EES → file and version of which was told before."""

    def wants(self, name: str, title: str = "") -> bool:
        """Whether a file is taken, by its name or its title."""
        words = [w for w in (name, title) if w]
        if any(re.search(s, w, re.IGNORECASE) for s in self.remote.skip for w in words):
            return False
        patterns = self.remote.files or self.passport.file_patterns
        return any(re.search(p, w, re.IGNORECASE) for p in patterns for w in words)


def safe_name(name: str) -> str:
    """The last part of a name that a server gave, or blank where nothing safe is left of it."""
    last = PurePosixPath(name.replace("\\", "/")).name.strip().strip(".")
    return "".join(c for c in last if c.isprintable() and c not in ':*?"<>|')[:200]


def london_day(moment: str) -> str:
    """The day in London of a server's time (ISO); blank where there is none."""
    if not moment:
        return ""
    try:
        when = datetime.fromisoformat(moment)
    except ValueError:
        return moment[:10]
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(LONDON).date().isoformat()
