"""What is asked of a client and what it finds on a server: shared by all clients."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.common.settings import Servers, Settings
    from flows.publishers.http import Http
    from flows.sources.passport import Passport, Remote


@dataclass(frozen=True)
class RemoteFile:
    """One file on a server.

    ``name`` is blank where only the answer's Content-Disposition tells it. ``published_on`` is the day on which the
    publisher says that this state of the file came out (ISO), blank where it does not say.
    """

    url: str
    folder: str
    name: str = ""
    published_on: str = ""
    others: tuple[str, ...] = ()
    """Addresses of the same file, asked in turn where the one before has it not, or not whole."""
    zipped: str = ""
    """Address of a zip with this file in it, asked last of all."""
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
    """One state of a release: once all of it is held, it is not asked for again when it is no longer the latest."""
    data_set: str = ""
    """Its data set in the public API of EES, where it has one."""
    one_of_many: bool = False
    """Whether it is a document that is done without: a few that cannot be had are noted, many are said for a week."""
    may_be_absent: bool = False
    """Whether it is no failure that it is not there, as long as it never was."""


@dataclass(frozen=True)
class Download:
    """A file that is here now."""

    remote: RemoteFile
    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Composed:
    """A file put together from several answers; path within the source's folder."""

    path: str
    data: bytes
    url: str
    published_on: str = ""


@dataclass(frozen=True)
class Offer:
    """What one release or page has on offer, and how many of its files are taken."""

    place: str
    """The release's slug or the page's path: the same whenever it is asked."""
    names: tuple[str, ...]
    """Names (or titles, where names are not told) of all of its files."""
    wanted: int
    is_latest: bool = False
    label: str = ""
    """What people call the place, where its own name tells them nothing."""
    must_have: bool = True
    """Whether a release of this place without a wanted file is a change of names and no other kind of page."""
    is_packed: bool = False
    """Whether all of it comes in one file, of which nobody knows yet what is in it."""


@dataclass
class Discovery:
    """All that one place of a publication has to offer."""

    files: list[RemoteFile] = field(default_factory=list)
    compose: Callable[[list[Download]], list[Composed]] | None = None
    """Puts files together from several answers, once all that was found is here."""
    offers: list[Offer] = field(default_factory=list)
    complete: list[str] = field(default_factory=list)
    """Batches that are held and have not changed."""
    next_release: str = ""
    """As the server says: ``2026``, ``2026-10`` or ``2026-10-29``; blank where it does not."""
    problems: list[str] = field(default_factory=list)
    """What could not be had, where the rest could."""
    notes: list[str] = field(default_factory=list)
    """What people should know."""
    listed: set[str] | None = None
    """Every release or page that the server lists, asked or not; None where it gave no list."""
    unfinished: set[str] = field(default_factory=set)
    """Batches of which not everything could be asked for."""
    data_sets: dict[str, dict[str, str]] | None = None
    """Data set of the public API of EES → file and version of which was told; None where it was not asked."""


@dataclass(frozen=True)
class Query:
    """One question: which publication, which of its places, and with what to ask."""

    passport: Passport
    remote: Remote
    http: Http
    settings: Settings
    is_complete: Callable[[str], bool]
    """Whether all of a batch is here."""
    data_sets: Mapping[str, Mapping[str, str]]
    """Data set of the public API of EES → file and version of which was told before."""

    @property
    def servers(self) -> Servers:
        """Where the servers are."""
        return self.settings.servers

    @property
    def patterns(self) -> Sequence[str]:
        """Regexes of the names or titles of the files taken."""
        return self.remote.files or self.passport.file_patterns

    def wants(self, name: str, title: str = "") -> bool:
        """Whether a file is taken, by its name or its title."""
        words = [w for w in (name, title) if w]
        if any(re.search(s, w, re.IGNORECASE) for s in self.remote.skip for w in words):
            return False
        return any(re.search(p, w, re.IGNORECASE) for p in self.patterns for w in words)
