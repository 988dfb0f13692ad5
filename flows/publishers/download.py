"""One source being fetched: its places asked, what is offered judged, what is new downloaded and put in its place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CswError
from flows.common.files import sha256_of, write_atomically
from flows.publishers.canaries import PATIENCE, oddities, vanished
from flows.publishers.http import Absent, Empty, Forbidden, Gone, Http, Refused, WrongKind, md5_of_etag, md5_problem
from flows.publishers.query import Composed, Discovery, Download, Query, RemoteFile
from flows.publishers.report import SourceReport
from flows.publishers.state import FileEntry, State, validators
from flows.publishers.zips import unpacked

if TYPE_CHECKING:
    from flows.common.settings import Settings
    from flows.publishers.http import Answer
    from flows.publishers.progress import Progress
    from flows.sources.passport import Passport, Remote

Client = Callable[[Query], Discovery]

#: So many documents, or so large a share of those that are offered, may be missing on a publisher's own site before
#: it is a problem: of 205 reports on Ofsted's, four of 2012 have only ever been answered with a web page.
FEW_DOCUMENTS, FEW_OF_ALL = 5, 0.02


def clients() -> dict[str, Client]:
    """How each kind of server is asked."""
    from flows.publishers import ees, govuk, hmt, nomis, ofsted_reports, ons

    return {
        "ees": ees.discover,
        "govuk": govuk.discover,
        "hmt": hmt.discover,
        "nomis": nomis.discover,
        "ons": ons.discover,
        "ofsted_reports": ofsted_reports.discover,
    }


@dataclass(frozen=True)
class Obtained:
    """A file as it came: what the server said, and the bytes by name."""

    etag: str
    last_modified: str
    url: str
    sha256: str
    size: int
    files: list[tuple[str, bytes]]
    path: Path


class SourceFetch:
    """One publication being fetched.

    Args:
        settings: where things are kept.
        passport: the publication.
        http: the fetcher.
        state: what is remembered.
        progress: told what comes.
    """

    def __init__(self, settings: Settings, passport: Passport, http: Http, state: State, progress: Progress) -> None:
        self.settings, self.passport, self.http, self.state, self.progress = settings, passport, http, state, progress
        self.home = settings.incoming / passport.source
        self.changed: list[str] = []
        self.report = SourceReport(passport.source, passport.role)
        self._listed: set[str] | None = set()
        """Releases and pages that the servers list; None where one of them gave no list."""
        self._kept: dict[str, tuple[str, str]] = {}
        """Place in the source's folder → address and hash of what was put there in this fetch."""

    def fetch(self) -> None:
        """Ask every place of the publication."""
        source = self.passport.source
        for remote in self.passport.remote:
            self.report.asked.append(place_of(remote))
            try:
                self._place(remote)
            except CswError as exc:
                self._listed = None
                self.report.problems.append(str(exc))
        if self._listed is not None:
            problems, notes = vanished(source, self._listed, self.state)
            self.report.problems += problems
            self.report.notes += notes
        if not self.report.problems and not self.state.of_source(source):
            self.report.problems.append("asked, and nothing was ever had from it")
        self.report.arrived = len(self.changed)
        self.state.asked(source, self.report.next_release, "\n".join(self.report.problems))
        self.progress.source_is_done()

    def _place(self, remote: Remote) -> None:
        report = self.report
        told = self.state.data_sets.get(self.passport.source, {})
        query = Query(self.passport, remote, self.http, self.settings, self._is_complete, told)
        found = clients()[remote.client](query)
        report.next_release = min(filter(None, (report.next_release, found.next_release)), default="")
        report.offered += sum(len(o.names) for o in found.offers)
        report.wanted += sum(o.wanted for o in found.offers)
        problems, notes = oddities(query, found, self.state)
        self._listed = None if found.listed is None or self._listed is None else self._listed | found.listed
        report.problems += [*found.problems, *problems]
        report.notes += [*found.notes, *notes]
        for batch in found.complete:
            held = len(self.state.of_batch(self._batch(batch)))
            report.unchanged += held
            report.offered += held
            report.wanted += held
        self.progress.found(len(found.files))
        held_now: list[Download] = []
        broken: set[str] = set()
        lacking: list[tuple[str, bool]] = []
        for remote_file in found.files:
            try:
                downloads = self._take(query, remote_file)
                held_now += downloads
                self.progress.came(sum(d.bytes for d in downloads))
            except CswError as exc:
                broken.add(remote_file.batch)
                self.progress.came(0)
                if self._is_one_of_many(remote_file, exc):
                    since = self.state.missing_since(self.passport.source, remote_file.url)
                    lacking.append((str(exc), datetime.now(UTC) - since > PATIENCE))
                else:
                    (report.notes if self._may_be_absent(remote_file, exc) else report.problems).append(str(exc))
        are_few = len(lacking) <= max(FEW_DOCUMENTS, FEW_OF_ALL * len(found.files))
        for said, is_old in lacking:
            (report.notes if are_few or is_old else report.problems).append(said)
        self._compose(found, held_now)
        for batch in {f.batch for f in found.files} - broken - found.unfinished - {""}:
            self.state.complete(self._batch(batch))
        if found.data_sets is not None:
            self.state.data_sets[self.passport.source] = found.data_sets
        self.state.save()

    def _may_be_absent(self, remote: RemoteFile, exc: CswError) -> bool:
        """Whether it is no failure that a file is not there: it need not be, and never was."""
        never_had = self.state.file(self.passport.source, remote.url) is None
        return never_had and isinstance(exc, Absent) and remote.may_be_absent

    def _is_one_of_many(self, remote: RemoteFile, exc: CswError) -> bool:
        """Whether it is a document that the site leads to, that was never had, and that there is not."""
        never_had = self.state.file(self.passport.source, remote.url) is None
        return never_had and remote.one_of_many and isinstance(exc, (Absent, Gone, WrongKind))

    def _batch(self, batch: str) -> str:
        return f"{self.passport.source} {batch}"

    def _is_complete(self, batch: str) -> bool:
        name = self._batch(batch)
        files = self.state.of_batch(name)
        return self.state.is_complete(name) and all((self.settings.incoming / f).exists() for f in files)

    # --- one file --------------------------------------------------------------------------------------------------

    def _take(self, query: Query, remote: RemoteFile) -> list[Download]:
        source = self.passport.source
        entry = self.state.file(source, remote.url) or FileEntry(files=[])
        paths = [self.settings.incoming / f for f in entry.files]
        have = bool(paths) and all(p.exists() for p in paths)
        if have and remote.frozen and remote.size in {0, entry.bytes}:
            return self._unchanged(remote, paths)
        obtained = self._obtain(query, remote, entry if have else FileEntry(files=[]))
        if obtained is None:
            entry = entry.model_copy(update={"asked": self.state.now(), "batch": self._batch_of(remote)})
            self.state.hold(source, remote.url, entry)
            return self._unchanged(remote, paths)
        return self._keep(remote, obtained)

    def _unchanged(self, remote: RemoteFile, paths: list[Path]) -> list[Download]:
        self.report.unchanged += len(paths)
        found = [Download(remote, p, sha256_of(p.read_bytes()), p.stat().st_size) for p in paths]
        for f in found:
            self._kept.setdefault(f.path.relative_to(self.home).as_posix(), (remote.url, f.sha256))
        return found

    def _batch_of(self, remote: RemoteFile) -> str:
        return self._batch(remote.batch) if remote.batch else ""

    def _obtain(self, query: Query, remote: RemoteFile, entry: FileEntry) -> Obtained | None:
        """The file, from the first address that has it whole; None where it is what is held.

        Raises:
            Refused: no address has it; all of their reasons.
        """
        until = time.monotonic() + self.settings.servers.deadline
        etag = ""
        others: set[str] = set()
        reasons: list[Refused] = []
        for i, url in enumerate((remote.url, *remote.others, remote.zipped)):
            if not url:
                continue
            is_first = i == 0
            unpack = remote.unpack or url == remote.zipped
            try:
                answer = self.http.file(
                    url,
                    name="zipped.zip" if unpack else remote.name,
                    validators=validators(entry.etag, entry.last_modified) if is_first and entry.files else None,
                    md5_etag=remote.md5_etag and is_first,
                    until=until,
                )
                if answer.path is None:
                    return None
                obtained = self._judged(query, remote, answer, unpack=unpack)
                problem = md5_problem(obtained.files[0][1], md5_of_etag(etag)) if etag and not remote.unpack else ""
                if problem:
                    came = sha256_of(obtained.files[0][1])
                    if url != remote.zipped or came not in others:
                        others.add(came)
                        raise Refused(f"{url}: {problem}.")
                    # The zip has sums of its own, and the same bytes as another address: the ETag is of something else.
                    etag = ""
            except Empty as exc:
                etag = exc.etag
                if etag and etag == entry.etag:
                    # Nothing came, and it is nothing new: its hash is that of what is held.
                    return None
                reasons.append(exc)
            except Refused as exc:
                reasons.append(exc)
            else:
                return Obtained(
                    etag if etag else obtained.etag if is_first else "",
                    obtained.last_modified if is_first else "",
                    obtained.url,
                    obtained.sha256,
                    obtained.size,
                    obtained.files,
                    obtained.path,
                )
        raise _of_all(reasons)

    def _judged(self, query: Query, remote: RemoteFile, answer: Answer, *, unpack: bool) -> Obtained:
        """What came, if it is what was asked for."""
        assert answer.path is not None
        if not unpack or remote.unpack:
            self._judge(remote, answer)
        name = remote.name or answer.name
        if unpack:
            limit = self.settings.servers.max_bytes, self.settings.servers.max_zip_ratio

            def is_it(inside: str) -> bool:
                return inside == name if name else inside.lower().endswith(".csv")

            files = list(unpacked(answer.path, remote.url, query.wants if remote.unpack else is_it, *limit))
            if not files and not remote.unpack:
                raise Refused(f"{answer.url}: the zip has no {name}.")
        else:
            files = [(name, answer.path.read_bytes())]
        if not all(n for n, _ in files):
            raise Refused(f"{remote.url}: the server gives no usable file name.")
        size = answer.path.stat().st_size
        return Obtained(answer.etag, answer.last_modified, answer.url, answer.sha256, size, files, answer.path)

    def _keep(self, remote: RemoteFile, obtained: Obtained) -> list[Download]:
        day, following = remote.published_on, ""
        if remote.dated:
            day, following = remote.dated(obtained.path)
        self.report.next_release = min(filter(None, (self.report.next_release, following)), default="")
        held = []
        for file, data in obtained.files:
            self._see_that_it_is_free(f"{remote.folder}/{file}", remote.url, sha256_of(data))
        for file, data in obtained.files:
            path = self._put(f"{remote.folder}/{file}", data)
            held.append(Download(remote, path, sha256_of(data), len(data)))
        entry = FileEntry(
            files=[h.path.relative_to(self.settings.incoming).as_posix() for h in held],
            sha256=obtained.sha256,
            bytes=obtained.size,
            etag=obtained.etag,
            last_modified=obtained.last_modified,
            url=obtained.url,
            published_on=day,
            asked=self.state.now(),
            batch=self._batch_of(remote),
        )
        self.state.hold(self.passport.source, remote.url, entry)
        self.state.save_now_and_then()
        return held

    def _judge(self, remote: RemoteFile, answer: Answer) -> None:
        from email.utils import parsedate_to_datetime

        assert answer.path is not None
        if remote.size and answer.path.stat().st_size != remote.size:
            raise Refused(f"{remote.url}: {answer.path.stat().st_size} bytes came, the page states {remote.size}.")
        if remote.not_before and answer.last_modified:
            made = parsedate_to_datetime(answer.last_modified)
            if made < datetime.fromisoformat(remote.not_before).replace(microsecond=0):
                raise Refused(
                    f"{remote.url}: a stale copy, made {made:%Y-%m-%d %H:%M} before the release was updated "
                    f"({remote.not_before[:16].replace('T', ' ')}). It is asked for again next time."
                )
        problem = remote.accept(answer.path) if remote.accept else ""
        if problem:
            raise Refused(f"{remote.url}: {problem}.")

    def _see_that_it_is_free(self, place: str, url: str, digest: str) -> None:
        """See that no other file of this fetch lies where this one would.

        Raises:
            Refused: one does, and it is unlike.
        """
        other, known = self._kept.setdefault(place, (url, digest))
        if known != digest and other != url:
            raise Refused(f"{url}: would be kept as {place}, where {other} is: two unlike files of one name.")

    def _put(self, relative: str, data: bytes) -> Path:
        path = self.home / relative
        name = path.relative_to(self.settings.incoming).as_posix()
        if path.exists() and path.read_bytes() == data:
            self.report.unchanged += 1
        else:
            write_atomically(path, data)
            self.changed.append(name)
        return path

    # --- what is made of several answers ---------------------------------------------------------------------------

    def _compose(self, found: Discovery, held: list[Download]) -> None:
        if found.compose is None:
            return
        for made in found.compose(held):
            try:
                self._put_composed(made)
            except CswError as exc:
                self.report.problems.append(str(exc))

    def _put_composed(self, made: Composed) -> None:
        """Put a list in its place, unless it has become shorter than the one that is held.

        Raises:
            Refused: it has.
        """
        source, key = self.passport.source, f"{made.url}#{made.path}"
        path = self.home / made.path
        rows, before = made.data.count(b"\n"), path.read_bytes().count(b"\n") if path.exists() else 0
        entry = self.state.file(source, key)
        since = entry.fewer_since if entry else ""
        if rows < before:
            now = datetime.now(UTC)
            since = since or now.replace(microsecond=0).isoformat()
            if now - datetime.fromisoformat(since) <= PATIENCE:
                if entry is not None:
                    self.state.hold(source, key, entry.model_copy(update={"fewer_since": since}))
                raise Refused(
                    f"{made.url}: would make {made.path} of {rows - 1} rows, the one held has {before - 1}. It stays."
                )
        self._put(made.path, made.data)
        self.state.hold(
            source,
            key,
            FileEntry(
                files=[path.relative_to(self.settings.incoming).as_posix()],
                sha256=sha256_of(made.data),
                bytes=len(made.data),
                url=made.url,
                published_on=made.published_on,
                asked=self.state.now(),
            ),
        )


def place_of(remote: Remote) -> str:
    """Where a publication is, in a few words."""
    words = {
        "ees": ", ".join(remote.slugs[:1]),
        "govuk": remote.collection or ", ".join(remote.page_globs),
        "hmt": remote.collection or "",
        "ons": f"{len(remote.series)} series",
        "nomis": f"{len(remote.queries)} queries",
        "ofsted_reports": "the list of authorities",
    }
    return f"{remote.client}: {words[remote.client]}"


def _of_all(reasons: list[Refused]) -> Refused:
    """One refusal for all addresses of a file: that of the first, and what was tried besides."""
    first, *others = reasons
    kind = type(first) if isinstance(first, (Absent, Gone, Forbidden, WrongKind)) else Refused
    if not others:
        return kind(str(first))
    tried = "; ".join(dict.fromkeys(str(o).rstrip(".") for o in others))
    return kind(f"{str(first).rstrip('.')}; also tried: {tried}.")
