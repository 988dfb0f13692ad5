"""Fetch what the publishers' servers have: discovery by passport, download where something changed, books kept.

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CswError
from flows.common.files import sha256_of, write_atomically
from flows.common.settings import Settings
from flows.common.synthetic import MARKER
from flows.sources.passport import Passport, Remote, load_passports

if TYPE_CHECKING:
    from flows.publishers.ask import Asked, Discovery, Found, Held
    from flows.publishers.http import Answer, Http
    from flows.publishers.state import State

MANIFEST = "MANIFEST.csv"
MANIFEST_COLUMNS = ("file", "sha256", "copy_of", "published_on")
#: Sources asked at once; each host still gets its own polite rate.
AT_ONCE = 4


@dataclass
class FetchReport:
    """What a fetch did."""

    folder: Path
    """Where the files are."""
    changed: list[str] = field(default_factory=list)
    """Files that are new or have other bytes than at the last fetch, as paths in ``folder``."""
    unchanged: int = 0
    """Files that are as they were."""
    failed: dict[str, str] = field(default_factory=dict)
    """Source → why something of it could not be had; what is held of it stays."""
    next_release: dict[str, str] = field(default_factory=dict)
    """Source → day of the next release as the server says: ``2026``, ``2026-10`` or ``2026-10-29``."""
    notes: list[str] = field(default_factory=list)
    """What servers said that people should know: withdrawn pages, other ways taken, what new versions changed."""
    bytes: int = 0
    requests: int = 0
    seconds: float = 0.0

    def text(self) -> str:
        """In a few lines, for people."""
        size = f"{self.bytes / 1e6:.1f} MB" if self.bytes else "no file"
        lines = [
            f"Fetched {len(self.changed)} new or changed files, {self.unchanged} unchanged; "
            f"{size} in {self.requests} requests, {self.seconds:.1f} s."
        ]
        lines += [f"  note: {n}" for n in self.notes]
        return "\n".join(lines)


def fetch(
    settings: Settings, *, sources: Sequence[str] | None = None, say: Callable[[str], None] = lambda _: None
) -> FetchReport:
    """Ask the publishers' servers for what is new; see :class:`FetchReport`.

    A source that fails is listed and stops no other; what was fetched of it before stays where it is.

    Args:
        settings: where things are kept and where the servers are.
        sources: only these; all that have a server when absent.
        say: told which source is being asked.

    Raises:
        CswError: a source is not known or has no server, or the disk refuses.
    """
    from flows.publishers.http import Http
    from flows.publishers.state import State

    started = time.perf_counter()
    report = FetchReport(settings.incoming)
    passports = _chosen(settings, sources)
    state = State(settings.live / "state.json")
    with Http(settings.servers, state, settings.live) as http:

        def one(passport: Passport) -> tuple[Passport, _Source]:
            say(f"asking for {passport.source} …")
            source = _Source(settings, passport, http, state)
            source.fetch()
            return passport, source

        with ThreadPoolExecutor(AT_ONCE) as pool:
            for passport, source in pool.map(one, passports):
                report.changed += source.changed
                report.unchanged += source.unchanged
                report.notes += [f"{passport.source}: {n}" for n in source.notes]
                if source.problems:
                    report.failed[passport.source] = "\n  ".join(source.problems)
                if source.next_release:
                    report.next_release[passport.source] = source.next_release
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
    return report


def _chosen(settings: Settings, sources: Sequence[str] | None) -> list[Passport]:
    passports = load_passports(settings.passports)
    if sources is None:
        return [p for p in passports if p.remote]
    known = {p.source: p for p in passports}
    for name in sources:
        if name not in known:
            raise CswError(f"{name} is not a source. There are: {', '.join(known)}.")
        if not known[name].remote:
            raise CswError(f"{name} has no server to ask: {known[name].no_remote}")
    return [known[n] for n in sources]


class _Source:
    """One publication being fetched."""

    def __init__(self, settings: Settings, passport: Passport, http: Http, state: State) -> None:
        self.settings, self.passport, self.http, self.state = settings, passport, http, state
        self.home = settings.incoming / passport.source
        self.changed: list[str] = []
        self.unchanged = 0
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.next_release = ""

    def fetch(self) -> None:
        """Ask every place of the publication."""
        for remote in self.passport.remote:
            try:
                self._place(remote)
            except CswError as exc:
                self.problems.append(str(exc))
        self.state.asked(self.passport.source, self.next_release, "\n".join(self.problems))

    def _place(self, remote: Remote) -> None:
        from flows.publishers.ask import Asked

        told = self.state.data_sets.get(self.passport.source, {})
        asked = Asked(self.passport, remote, self.http, self.settings.servers, self._is_held, told)
        said = _client(remote.client)(asked)
        self.next_release = said.next_release or self.next_release
        self.problems += said.problems
        self.notes += said.notes
        for batch in said.complete:
            self.unchanged += len(self.state.of_batch(self._batch(batch)))
        held: list[Held] = []
        broken: set[str] = set()
        for found in said.found:
            try:
                held += self._take(asked, found)
            except CswError as exc:
                broken.add(found.batch)
                self.problems.append(str(exc))
        self._make(said, held)
        for batch in {f.batch for f in said.found} - broken - {""}:
            self.state.complete(self._batch(batch))
        if said.data_sets is not None:
            self.state.data_sets[self.passport.source] = said.data_sets
        self.state.save()

    def _batch(self, batch: str) -> str:
        return f"{self.passport.source} {batch}"

    def _is_held(self, batch: str) -> bool:
        name = self._batch(batch)
        files = self.state.of_batch(name)
        return self.state.is_complete(name) and all((self.settings.incoming / f).exists() for f in files)

    # --- one file --------------------------------------------------------------------------------------------------

    def _take(self, asked: Asked, found: Found) -> list[Held]:
        from flows.publishers.ask import Held

        entry = self.state.files.get(found.url, {})
        paths = [self.settings.incoming / f for f in entry.get("files", [])]
        have = bool(paths) and all(p.exists() for p in paths)
        if have and found.frozen:
            self.unchanged += len(paths)
            return [Held(found, p, entry["sha256"], p.stat().st_size) for p in paths]
        answer = self._asked(found, conditional=have)
        if answer.path is None:
            self.unchanged += len(paths)
            self.state.files[found.url] = {**entry, "asked": self.state.now(), "batch": self._name_of(found)}
            return [Held(found, p, entry["sha256"], p.stat().st_size) for p in paths]
        try:
            return self._keep(asked, found, answer)
        finally:
            answer.path.unlink(missing_ok=True)

    def _name_of(self, found: Found) -> str:
        return self._batch(found.batch) if found.batch else ""

    def _asked(self, found: Found, *, conditional: bool) -> Answer:
        """The file, from the first address that has it."""
        from flows.publishers.http import Absent

        answer = None
        for url in (found.url, *found.others):
            is_first = url == found.url
            try:
                answer = self.http.file(
                    url, name=found.name, conditional=conditional and is_first, md5_etag=found.md5_etag and is_first
                )
                break
            except Absent:
                if url == (found.url, *found.others)[-1]:
                    raise
        assert answer is not None
        return answer

    def _keep(self, asked: Asked, found: Found, answer: Answer) -> list[Held]:
        from flows.publishers.ask import Held
        from flows.publishers.http import Refused
        from flows.publishers.zips import unpacked

        assert answer.path is not None
        self._judge(found, answer)
        day, following = found.published_on, ""
        if found.dated:
            day, following = found.dated(answer.path)
        self.next_release = min(filter(None, (self.next_release, following)), default="")
        name = found.name or answer.name
        if found.unpack:
            limit = self.settings.servers.max_bytes, self.settings.servers.max_zip_ratio
            files = list(unpacked(answer.path, found.url, asked.wants, *limit))
        else:
            files = [(name, answer.path.read_bytes())]
        if not all(n for n, _ in files):
            raise Refused(f"{found.url}: the server gives no usable file name.")
        held = []
        for file, data in files:
            path = self._place_file(f"{found.folder}/{file}", data)
            held.append(Held(found, path, sha256_of(data), len(data)))
        self.state.files[found.url] = {
            "etag": answer.etag,
            "last_modified": answer.last_modified,
            "sha256": answer.sha256,
            "files": [h.path.relative_to(self.settings.incoming).as_posix() for h in held],
            "url": answer.url,
            "published_on": day,
            "asked": self.state.now(),
            "batch": self._name_of(found),
        }
        self.state.save_now_and_then()
        return held

    def _judge(self, found: Found, answer: Answer) -> None:
        from datetime import datetime
        from email.utils import parsedate_to_datetime

        from flows.publishers.http import Refused

        assert answer.path is not None
        if found.size and answer.path.stat().st_size != found.size:
            raise Refused(f"{found.url}: {answer.path.stat().st_size} bytes came, the page states {found.size}.")
        if found.not_before and answer.last_modified:
            made = parsedate_to_datetime(answer.last_modified)
            if made < datetime.fromisoformat(found.not_before).replace(microsecond=0):
                raise Refused(
                    f"{found.url}: a stale copy, made {made:%Y-%m-%d %H:%M} before the release was updated "
                    f"({found.not_before[:16].replace('T', ' ')}). It is asked for again next time."
                )
        problem = found.accept(answer.path) if found.accept else ""
        if problem:
            raise Refused(f"{found.url}: {problem}.")

    def _place_file(self, relative: str, data: bytes) -> Path:
        path = self.home / relative
        name = path.relative_to(self.settings.incoming).as_posix()
        if path.exists() and path.read_bytes() == data:
            self.unchanged += 1
        else:
            write_atomically(path, data)
            self.changed.append(name)
        return path

    def _make(self, said: Discovery, held: list[Held]) -> None:
        if said.make is None:
            return
        for made in said.make(held):
            path = self._place_file(made.path, made.data)
            self.state.files[f"{made.url}#{made.path}"] = {
                "sha256": sha256_of(made.data),
                "files": [path.relative_to(self.settings.incoming).as_posix()],
                "url": made.url,
                "published_on": made.published_on,
                "asked": self.state.now(),
                "batch": "",
            }


def _client(name: str) -> Callable[[Asked], Discovery]:
    from flows.publishers import ees, govuk, hmt, nomis, ofsted_reports, ons

    return {
        "ees": ees.discover,
        "govuk": govuk.discover,
        "hmt": hmt.discover,
        "nomis": nomis.discover,
        "ons": ons.discover,
        "ofsted_reports": ofsted_reports.discover,
    }[name]


def _write_manifest(settings: Settings, state: State) -> None:
    """The incoming folder's list of its files: address, hash, day."""
    if not settings.incoming.is_dir():
        return
    said = {f: entry for entry in state.files.values() for f in entry["files"]}
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(MANIFEST_COLUMNS)
    for file in sorted(said):
        path = settings.incoming / file
        if path.exists():
            rows.writerow([file, sha256_of(path.read_bytes()), said[file]["url"], said[file]["published_on"]])
    write_atomically(settings.incoming / MANIFEST, out.getvalue().encode())
