"""Fetch what the publishers' servers have: discovery by passport, download where something changed.

Files come to lie in ``data/incoming/<source>/<release or page>/<the publisher's name>`` with a ``MANIFEST.csv`` of
their addresses, hashes and days; from there they are landed like any folder of returns. ``data/live/state.json``
remembers what each server said, so that asking again is cheap and a fetch that was cut off goes on.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from flows.common.errors import CswError, WrongArgument
from flows.common.files import sha256_of, write_atomically
from flows.common.settings import Settings
from flows.common.synthetic import MARKER
from flows.publishers.report import FetchReport, SourceReport
from flows.sources.passport import Passport, load_passports

if TYPE_CHECKING:
    from flows.publishers.download import SourceFetch
    from flows.publishers.state import State

__all__ = ["FetchReport", "SourceReport", "fetch"]

MANIFEST = "MANIFEST.csv"
MANIFEST_COLUMNS = ("file", "sha256", "copy_of", "published_on")
#: Sources asked at once; each host still gets its own polite rate.
AT_ONCE = 4


def fetch(
    settings: Settings, *, sources: Sequence[str] | None = None, say: Callable[[str], None] = lambda _: None
) -> FetchReport:
    """Ask the publishers' servers for what is new; see :class:`FetchReport`.

    A source that fails is listed and stops no other; what was fetched of it before stays where it is.

    Args:
        settings: where things are kept and where the servers are.
        sources: only these; all that have a server when absent.
        say: told which source is being asked, and how far it is.

    Raises:
        WrongArgument: a source is not known or has no server.
        CswError: the disk refuses.
    """
    from flows.publishers.download import SourceFetch
    from flows.publishers.http import Http
    from flows.publishers.progress import Progress
    from flows.publishers.state import State

    started = time.perf_counter()
    report = FetchReport(settings.incoming)
    passports = _chosen(settings, sources)
    state = State(settings.live / "state.json")
    progress = Progress(say, len(passports))
    with Http(settings.servers, state, settings.live) as http:

        def one(passport: Passport) -> SourceFetch:
            say(f"asking for {passport.source} …")
            source = SourceFetch(settings, passport, http, state, progress)
            source.fetch()
            return source

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for source in pool.map(one, passports):
                report.changed += source.changed
                report.sources.append(source.report)
        report.bytes, report.requests = http.bytes, http.requests
    state.save()
    if state.synthetic:
        write_atomically(settings.incoming / MARKER, b"Fetched from servers that are played: no figure here is real.\n")
    elif (settings.incoming / MARKER).exists():
        raise CswError(
            f"{settings.incoming} holds synthetic files, and what came now is real: remove it and run again."
        )
    _write_manifest(settings, state)
    report.changed.sort()
    report.seconds = round(time.perf_counter() - started, 3)
    report.at = state.now()
    report.save(settings)
    return report


def _chosen(settings: Settings, sources: Sequence[str] | None) -> list[Passport]:
    passports = load_passports(settings.passports)
    if sources is None:
        return [p for p in passports if p.remote]
    known = {p.source: p for p in passports}
    for name in sources:
        if name not in known:
            raise WrongArgument(f"{name} is not a source. There are: {', '.join(known)}.")
        if not known[name].remote:
            raise WrongArgument(f"{name} has no server to ask: {known[name].no_remote}")
    return [known[n] for n in sources]


def _write_manifest(settings: Settings, state: State) -> None:
    """The incoming folder's list of its files: address, hash, day."""
    if not settings.incoming.is_dir():
        return
    said = {f: entry for entry in state.files.values() for f in entry.files}
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(MANIFEST_COLUMNS)
    for file in sorted(said):
        path = settings.incoming / file
        if path.exists():
            rows.writerow([file, sha256_of(path.read_bytes()), said[file].url, said[file].published_on])
    write_atomically(settings.incoming / MANIFEST, out.getvalue().encode())
