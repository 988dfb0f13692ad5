"""Landing: archive what arrived, and write one clean UTF-8 CSV per table and edition.

``landing/<source>/<table>/<edition>.csv`` holds the publisher's rows and column names as text; in front stand the
columns of :data:`flows.landing.tables.META`. ``landing/catalogue.csv`` says what is landed; it is written last, so a
landing that was cut off is simply done again. Nothing here knows what a number means.

Everything in the landing folder can be made again from the archive, and is, where it is damaged, gone, or of other
passports, seeds or code.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from flows.common.errors import NotDescribed, RefusedFile
from flows.common.files import content_sha256_of, sha256_of
from flows.common.settings import Settings
from flows.landing.archive import Archive, Provenance
from flows.landing.catalogue import (
    HELD,
    Catalogue,
    Key,
    Landed,
    base_edition,
    held_path,
    landed_path,
    read_catalogue,
    read_held,
    revision_number,
)
from flows.landing.cells import cells_sha256
from flows.landing.delivery import File, Hashes, as_day, delivered, same_bytes
from flows.landing.ledger import Ledger, reading_digest
from flows.landing.quarantine import is_withdrawn, next_state, quarantine_path, read_quarantine, reconcile
from flows.landing.states import in_order, mark_of
from flows.landing.tables import META
from flows.landing.withdrawn import read_withdrawn
from flows.landing.workers import Job, Read, ReadTable, read_files
from flows.sources.passport import Passport, load_passports

#: What became of a file that is listed and nothing more; a reason may follow.
UNRECOGNISED = "unrecognised"


class DocumentRecogniser(Protocol):
    """Tells which PDFs are documents of a publication, by what is in them."""

    @property
    def digest(self) -> str:
        """Changes with its rules."""

    def __call__(self, paths: Sequence[Path]) -> list[str | None]:
        """The publication of each file, or None."""


@dataclass
class LandingReport:
    """What a landing did, for people and for the next step."""

    landed: list[Landed] = field(default_factory=list)
    documents: int = 0
    unchanged: int = 0
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    """Files that hold the same cells as another one, and which."""
    unrecognised: list[str] = field(default_factory=list)
    """Files that are listed and nothing more, each with the reason behind its name where one is known."""
    refused: list[RefusedFile] = field(default_factory=list)
    not_described: list[RefusedFile] = field(default_factory=list)
    """Files of editions that no passport describes yet."""
    flagged: list[RefusedFile] = field(default_factory=list)
    """Documents that are not what they are called; no figure depends on them."""
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was repaired, corrected or made anew."""


def land_returns(settings: Settings, folder: Path, *, workers: int | None = None) -> LandingReport:
    """Land every file of a folder, in whatever arrangement; see :func:`land_folders`."""
    return land_folders(settings, [folder], workers=workers)


def land_folders(
    settings: Settings,
    folders: Sequence[Path],
    *,
    workers: int | None = None,
    documents: DocumentRecogniser | None = None,
) -> LandingReport:
    """Land every file of some folders, in whatever arrangement.

    Files that no passport knows, and files that a passport knows and cannot take, are listed; they stop nothing else.
    Where passports, seeds or code changed since, everything in the archive is read again as well; where a landed file
    is damaged or gone, that one.

    Args:
        settings: where things are kept.
        folders: publishers' files; read, never changed.
        workers: processes; the number of cores when absent.
        documents: asked of PDFs that no name makes known; without it they are not recognised.

    Raises:
        CswError: a folder is absent or holds no file, or the disk refuses.
    """
    landing = _Landing(settings, documents)
    hashes = Hashes(landing.ledger.delivered)
    delivery = delivered(folders, landing.incoming / "unpacked", hashes)
    landing.ledger.delivered = hashes.found
    landing.report.refused += delivery.refused
    landing.mend_archive(delivery.files)
    landing.take(landing.to_read_again(delivery.files), delivery.files, workers)
    landing.correct_days(delivery.files)
    return landing.finish()


def published_is_lost(published: Collection[Key], settings: Settings) -> list[Key]:
    """Tables of the published warehouse that are neither landed nor held back: they can no longer be read."""
    here = {e.key for e in (*read_catalogue(settings), *read_held(settings))}
    return sorted(k for k in published if k not in here)


class _Landing:
    """One landing under way."""

    def __init__(self, settings: Settings, documents: DocumentRecogniser | None = None) -> None:
        self.settings = settings
        self.documents = documents
        self.passports = {p.source: p for p in load_passports(settings.passports)}
        self.digest = reading_digest(settings)
        self.archive = Archive(settings.archive)
        self.report = LandingReport()
        self.incoming = settings.landing / ".incoming"
        self.now = datetime.now(UTC).replace(microsecond=0).isoformat()
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.withdrawn = read_withdrawn(settings)
        self.ledger, trouble = Ledger.read(settings)
        self.is_fresh = bool(trouble) or self.ledger.digest != self.digest
        if trouble:
            self.report.notes.append(f"landing: {trouble}; it is made anew from the archive.")
        if self.is_fresh:
            self.ledger = Ledger(self.digest)
            self.catalogue, self.held = Catalogue(), Catalogue()
        else:
            if reconcile(settings):
                self.ledger, _ = Ledger.read(settings)
            self.catalogue, self.held = Catalogue.read(settings), Catalogue.read(settings, held=True)
        # What was checked under other passports, seeds or code is tried again; and what is listed nowhere else.
        self.quarantined = set() if self.is_fresh else {q.key for q in read_quarantine(settings)}
        self.kept: dict[str, tuple[Path, Provenance]] = {}
        """The archive's files by sha256."""
        self.cells: dict[Path, str] = {}
        self.restored: set[Key] = set()
        self.moved: list[tuple[Path, Path]] = []

    # --- the archive -------------------------------------------------------------------------------------------------

    def mend_archive(self, files: list[File]) -> None:
        """See that the archive is whole: good bytes that came replace damaged ones, lost proof is written again."""
        here = {f.sha256: f for f in files}
        found = self.archive.survey()
        for path in found.without_proof:
            self._attest(path)
        for path, p in found.without_bytes:
            self._put_back(path, p, here.get(p.sha256), "is gone")
        if found.without_proof or found.without_bytes:
            found = self.archive.survey()
        for path, p in found.kept:
            if not self.ledger.is_whole(self.settings, path, p.sha256) and not self._put_back(
                path, p, here.get(p.sha256), "is damaged"
            ):
                continue
            known = self.kept.get(p.sha256)
            if known is None or p.landed_at < known[1].landed_at:
                self.kept[p.sha256] = (path, p)

    def _put_back(self, path: Path, p: Provenance, good: File | None, what: str) -> bool:
        name = path.relative_to(self.settings.data).as_posix()
        if good is None:
            advice = f"Deliver {p.file} again ({p.url}): the good bytes take its place."
            problem = f"the archived file {what}: it is not what came (sha256 {p.sha256[:12]}…)."
            self.report.refused.append(RefusedFile(name, problem, advice=advice))
            return False
        try:
            self.archive.add(same_bytes(good.path, good.name, good.sha256), p)
        except RefusedFile as exc:
            self.report.refused.append(exc)
            return False
        self.report.notes.append(f"{name} {what[3:]}: replaced by {good.name}.")
        return self.ledger.is_whole(self.settings, path, p.sha256)

    def _attest(self, path: Path) -> None:
        """Write the proof of an archived file again: what is lost with it is its address and its stated day."""
        name = path.relative_to(self.settings.data).as_posix()
        source, edition, short, file = path.relative_to(self.archive.root).parts
        data = path.read_bytes()
        sha = sha256_of(data)
        if sha[:12] != short:
            problem = "the archived file is damaged and its provenance is lost."
            advice = f"Deliver {file} again ({source} {edition})."
            self.report.refused.append(RefusedFile(name, problem, advice=advice))
            return
        came = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0).isoformat()
        f = File(path, file, sha, content_sha256_of(data))
        passport = self.passports.get(source)
        if passport is None:
            problem = "its provenance is lost, and no passport is of that publication."
            self.report.refused.append(RefusedFile(name, problem, advice="Deliver it again."))
            return
        self.archive.attest(path, replace(self._provenance(passport, edition, f, len(data)), landed_at=came))
        self.report.notes.append(
            f"{name}: its provenance was lost and is written again, without address and stated day."
        )

    def to_read_again(self, files: list[File]) -> list[File]:
        """Archived files that have to be read again, in the order in which they came.

        All of them where passports, seeds or code changed; else those whose landed table is damaged or gone.
        """
        if self.is_fresh:
            again = set(self.kept)
        else:
            again = self._broken()
        delivered = {f.sha256: f for f in files}
        found = []
        order = sorted(again, key=lambda sha: _came(self.kept[sha][1]) if sha in self.kept else ("",))
        for sha in order:
            f = delivered.get(sha)
            if sha in self.kept:
                path, p = self.kept[sha]
                day = p.published_on if p.published_basis == "stated" and as_day(p.published_on) else ""
                known = File(path, p.delivered_as or p.file, sha, p.content_sha256, p.url, day)
                found.append(replace(known, published_on=f.published_on or day) if f else known)
            elif f is not None:
                found.append(f)
        return found

    def _broken(self) -> set[str]:
        """Hashes of files of which a landed table is not as it was written; such a table is landed no more."""
        again = set()
        for catalogue, place in ((self.catalogue, landed_path), (self.held, held_path)):
            for key, entry in list(catalogue.tables.items()):
                path = place(self.settings, *key)
                if self.ledger.is_whole(self.settings, path, entry.landed_sha256):
                    continue
                again.add(entry.sha256)
                self.restored.add(key)
                catalogue.remove(key)
                name = path.relative_to(self.settings.data).as_posix()
                if entry.sha256 in self.kept:
                    what = "was damaged" if path.exists() else "was gone"
                    self.report.notes.append(f"{name} {what}: landed again from the archive.")
                else:
                    problem = "the landed table is damaged or gone, and so is the file it came from."
                    self.report.refused.append(RefusedFile(name, problem, advice=f"Deliver {entry.file} again."))
        return again

    # --- reading -----------------------------------------------------------------------------------------------------

    def take(self, again: list[File], files: list[File], workers: int | None) -> None:
        """Read and put in its place what is known, in the order in which it came, and then what is new."""
        known = {f.sha256 for f in again}
        new = self._new([f for f in files if f.sha256 not in known])
        again = [f for f in again if not self._is_withdrawn_whole(f)]
        done = self._ask_documents([*again, *new], list(read_files([self._job(f) for f in [*again, *new]], workers)))
        for f, read in zip(again, done, strict=False):
            self._place(f, read)
        self._place_new(list(zip(new, done[len(again) :], strict=True)))

    def _ask_documents(self, files: list[File], done: list[Read]) -> list[Read]:
        """What is a PDF of no known name may be a document by what is in it."""
        if self.documents is None:
            return done
        unknown = [
            i
            for i, (f, read) in enumerate(zip(files, done, strict=True))
            if not read.source and read.refusal is None and not read.not_described and _is_pdf(f.path)
        ]
        if unknown:
            for i, source in zip(unknown, self.documents([files[i].path for i in unknown]), strict=True):
                if source:
                    done[i] = Read(source, "documents", is_document=True)
        return done

    def _is_withdrawn_whole(self, f: File) -> bool:
        return any(w.sha256 == f.sha256 and w.table_name == "" for w in self.withdrawn)

    def _new(self, files: list[File]) -> list[File]:
        landed = {x.content_sha256 for c in (self.catalogue, self.held) for x in c.tables.values()}
        first: dict[str, str] = {}
        new = []
        for f in files:
            state = self.ledger.files.get(f.sha256, "")
            if state.startswith(UNRECOGNISED) and state.endswith(self._looked_at(f)):
                why = state.removeprefix(UNRECOGNISED).removesuffix(self._looked_at(f))
                self.report.unrecognised.append(f.name + why)
            elif (
                state == "same"
                or (state == "document" and f.sha256 in self.kept)
                or (f.content_sha256 in landed and state != "in part")
                or self._is_withdrawn_whole(f)
            ):
                self.report.unchanged += 1
            elif f.content_sha256 in first:
                self.report.duplicates.append((f.name, first[f.content_sha256]))
            else:
                first[f.content_sha256] = f.name
                new.append(f)
        return new

    def _looked_at(self, f: File) -> str:
        """Under which name and rules a file was not recognised: another of either may make it known."""
        rules = self.documents.digest if self.documents else ""
        return " " + sha256_of(f"{f.name} {rules}".encode())[:12]

    def _job(self, f: File, edition: str | None = None) -> Job:
        return Job(self.settings.passports, f.path, f.name, f.sha256, self.incoming, edition)

    def _place_new(self, files: list[tuple[File, Read]]) -> None:
        """Place new files. Unlike files for one place are put in the publisher's order, or refused by name."""
        rivals: dict[tuple[str, str, str], list[int]] = {}
        for i, (_, done) in enumerate(files):
            for t in done.tables:
                rivals.setdefault((done.source, t.table, done.edition), []).append(i)
        placed: set[int] = set()
        for i, (f, done) in enumerate(files):
            if i in placed:
                continue
            group = self._unlike(i, files, rivals)
            placed |= set(group)
            if len(group) == 1:
                self._place(f, done)
                continue
            # Files of one content are one: what is said of any of them is said of all.
            alike: dict[tuple[tuple[str, str], ...], list[int]] = {}
            for j in group:
                content = tuple(sorted((t.table, self._cells(t.path)) for t in files[j][1].tables))
                alike.setdefault(content, []).append(j)
            kinds = list(alike.values())
            said = [[(files[j][0].name, files[j][0].published_on) for j in kind] for kind in kinds]
            order = in_order([(max((n for n, _ in k), key=mark_of), max(day for _, day in k)) for k in said])
            if order is None:
                for j in group:
                    mine = next(kind for kind in kinds if j in kind)
                    self._refuse_rival(files[j], [files[k] for k in group if k not in mine])
                continue
            for at in order:
                for j in kinds[at]:
                    self._place(*files[j])

    def _unlike(
        self, i: int, files: list[tuple[File, Read]], rivals: dict[tuple[str, str, str], list[int]]
    ) -> list[int]:
        """A file and those that claim one of its places with other cells, save what is there already."""
        if not files[i][1].tables or self._is_known(files[i][1]):
            return [i]
        group = [i]
        for j in group:
            for t in files[j][1].tables:
                for k in rivals[files[j][1].source, t.table, files[j][1].edition]:
                    if k in group or self._is_known(files[k][1]):
                        continue
                    other = next(x for x in files[k][1].tables if x.table == t.table)
                    if self._cells(other.path) != self._cells(t.path):
                        group.append(k)
        return sorted(group)

    def _refuse_rival(self, mine: tuple[File, Read], others: list[tuple[File, Read]]) -> None:
        f, done = mine
        names = ", ".join(o.name for o, _ in others)
        tables = {t.table for t in done.tables} & {t.table for _, d in others for t in d.tables}
        self.report.refused.append(
            RefusedFile(
                f.name,
                f"this and {names} are unlike files for one place, {done.source} {', '.join(sorted(tables))} edition "
                f"{done.edition}, and neither says which of them revises the other.",
                advice="Leave the one that holds, or say in MANIFEST.csv when each was published (published_on).",
            )
        )

    # --- placing -----------------------------------------------------------------------------------------------------

    def _place(self, f: File, done: Read) -> None:
        """Put a file that was read in its place: the archive, the landing, the lists."""
        self._say_what_is_refused(done)
        if done.refusal is not None or (done.not_described and not done.tables):
            return
        if not done.source or done.remark:
            why = f" ({done.remark})" if done.remark else ""
            self.ledger.files[f.sha256] = UNRECOGNISED + why + self._looked_at(f)
            self.report.unrecognised.append(f.name + why)
            return
        if done.is_document:
            if self._keep(f, done.source, done.edition) is None:
                return
            self.ledger.files[f.sha256] = "document"
            self.report.documents += 1
            return
        new = [t for t in done.tables if self._same_cells(done, t.table, t.path) is None]
        if not new:
            first = self._same_cells(done, done.tables[0].table, done.tables[0].path) if done.tables else None
            self.ledger.files[f.sha256] = "in part" if done.refusals else "same"
            if first is not None and first.sha256 != f.sha256:
                self.report.duplicates.append((f.name, f"{first.file} ({first.source} {first.edition})"))
            else:
                self.report.unchanged += 1
            return
        edition = self._edition_of(f, done, [t.table for t in new])
        if edition is None:
            return
        if edition != done.edition:
            done = next(iter(read_files([self._job(f, edition)], 1)))
            wanted = {t.table for t in new}
            new = [t for t in done.tables if t.table in wanted]
        provenance = self._keep(f, done.source, edition)
        if provenance is None:
            return
        for t in new:
            self._put(f, t, done.source, provenance)
        self.ledger.files[f.sha256] = "in part" if done.refusals else "landed"

    def _say_what_is_refused(self, done: Read) -> None:
        """List what of a file that was read does not hold, or is of no edition that is described."""
        for file, problem, row, column, advice in (*([done.refusal] if done.refusal else []), *done.refusals):
            refusal = RefusedFile(file, problem, row=row, column=column, advice=advice)
            (self.report.flagged if done.is_document else self.report.refused).append(refusal)
        self.report.not_described += [
            NotDescribed(file, problem, row=row, column=column, advice=advice)
            for file, problem, row, column, advice in done.not_described
        ]

    def _put(self, f: File, t: ReadTable, source: str, provenance: Provenance) -> None:
        """Put a table that was read among those in use, or among those that are held back."""
        passport, edition = self.passports[source], provenance.edition
        meta = passport.edition(base_edition(edition))
        assert meta is not None
        entry = Landed(
            source=source,
            table_name=t.table,
            edition=edition,
            shape=t.shape,
            symbols=meta.symbols,
            role=passport.role,
            file=f.path.name,
            sha256=f.sha256,
            content_sha256=f.content_sha256,
            published_on=provenance.published_on,
            published_basis=provenance.published_basis,
            maturity=meta.maturity,
            landed_at=provenance.landed_at,
            url=provenance.url,
            row_count=t.rows,
            column_count=len(t.columns),
            first_period=t.first_period,
            last_period=t.last_period,
            edition_published_on=meta.published_on.isoformat(),
            landed_sha256=t.sha256,
        )
        is_held = entry.key in self.quarantined or is_withdrawn(self.withdrawn, f.sha256, t.table)
        target = (held_path if is_held else landed_path)(self.settings, *entry.key)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(t.path, target)
        self.ledger.saw(self.settings, target)
        self.cells.pop(target, None)
        (self.held if is_held else self.catalogue).add(entry, t.columns, t.units)
        if not is_held and entry.key not in self.restored:
            self.report.landed.append(entry)

    def _places(self, source: str, table: str, edition: str) -> list[tuple[Landed, Path]]:
        """The states of an edition of a table that are landed or held back, the first one first."""
        base = base_edition(edition)
        found = [
            (e, place(self.settings, *e.key))
            for c, place in ((self.catalogue, landed_path), (self.held, held_path))
            for e in c.tables.values()
            if (e.source, e.table_name, base_edition(e.edition)) == (source, table, base)
        ]
        return sorted(found, key=lambda x: revision_number(x[0].edition))

    def _same_cells(self, done: Read, table: str, path: Path) -> Landed | None:
        """The landed state of an edition that holds the cells of a table just read, if one does."""
        for entry, there in self._places(done.source, table, done.edition):
            if there.exists() and self._cells(there) == self._cells(path):
                return entry
        return None

    def _is_known(self, done: Read) -> bool:
        return all(self._same_cells(done, t.table, t.path) is not None for t in done.tables)

    def _cells(self, path: Path) -> str:
        if path not in self.cells:
            self.cells[path] = cells_sha256(path)
        return self.cells[path]

    def _edition_of(self, f: File, done: Read, tables: Iterable[str]) -> str | None:
        """The edition under which a file is kept; other cells at a known place are another state of that edition.

        A state that came before goes by the publisher's word, else by the order in which they came. None, and a
        refusal, where it would stand between two that are landed.
        """
        if done.edition != base_edition(done.edition):
            return done.edition
        there = {e.sha256: e for t in tables for e, _ in self._places(done.source, t, done.edition)}
        known = self.kept.get(f.sha256)
        if known is not None and base_edition(known[1].edition) == done.edition:
            # What it was when it came it stays, whatever is read first; a revision of nothing that is known is none.
            mine = known[1].edition
            is_free = all(e.edition != mine for e in there.values())
            if is_free and (there or mine == done.edition or self._has_original(known[1])):
                return mine
        if not there:
            return done.edition
        states = sorted(there.values(), key=lambda e: revision_number(e.edition))
        taken = [e.edition for e in states]
        stated = [e.published_on if e.published_basis == "stated" else "" for e in states]
        order = in_order([*((e.file, day) for e, day in zip(states, stated, strict=True)), (f.name, f.published_on)])
        at = len(states)
        if order is None or order[-1] == at:
            return next_state(done.edition, taken)
        if order[0] == at:
            return next_state(done.edition, taken, earlier=True)
        before, after = (states[order[order.index(at) + step]] for step in (-1, 1))
        self.report.refused.append(
            RefusedFile(
                f.name,
                f"by the publisher's word it is between {before.file} ({before.edition}) and {after.file} "
                f"({after.edition}), which are landed.",
                advice=f"It changes no figure while {after.edition} holds (`csw withdraw` takes that out of use).",
            )
        )
        return None

    def _has_original(self, revision: Provenance) -> bool:
        """Whether an earlier state of the same file name or table is in the archive."""
        return any(
            p.source == revision.source
            and base_edition(p.edition) == base_edition(revision.edition)
            and revision_number(p.edition) < revision_number(revision.edition)
            and p.file == revision.file
            for _, p in self.kept.values()
        )

    def _keep(self, f: File, source: str, edition: str) -> Provenance | None:
        """Archive a file; what is known of it already stays known. None, and a refusal, where it is gone again."""
        passport = self.passports[source]
        known = self.kept.get(f.sha256)
        if known is None:
            try:
                data = same_bytes(f.path, f.name, f.sha256)
            except RefusedFile as exc:
                self.report.refused.append(exc)
                return None
            made = self._provenance(passport, edition, f, len(data))
        else:
            p = known[1]
            made = self._provenance(passport, edition, f, p.bytes)
            same_place = (p.source, p.edition) == (source, edition)
            is_stated = p.published_basis == "stated" and as_day(p.published_on) is not None and not f.published_on
            made = replace(
                made,
                landed_at=p.landed_at,
                url=f.url or p.url or made.url,
                delivered_as=p.delivered_as,
                published_on=p.published_on if is_stated else made.published_on,
                published_basis="stated" if is_stated else made.published_basis,
            )
            if revision_number(edition) > 1 and made.published_basis != "stated" and as_day(p.published_on):
                # A revision without a day of its own was published by the day on which it was first seen.
                made = replace(made, published_on=p.published_on)
            if same_place:
                if made != p:
                    self.archive.attest(known[0], made)
                    self.kept[f.sha256] = (known[0], made)
                return made
            data = known[0].read_bytes()
        path = self.archive.add(data, made)
        self.kept[f.sha256] = (path, made)
        self.ledger.saw(self.settings, path)
        return made

    def _provenance(self, passport: Passport, edition: str, f: File, size: int) -> Provenance:
        meta = passport.edition(base_edition(edition))
        published_on = f.published_on or (meta.published_on.isoformat() if meta else "")
        if revision_number(edition) > 1 and not f.published_on:
            # A revision's own date is not in the file: it was published by the day it was first seen.
            published_on = max(published_on, self.now[:10])
        return Provenance(
            source=passport.source,
            edition=edition,
            file=f.path.name,
            sha256=f.sha256,
            content_sha256=f.content_sha256,
            bytes=size,
            landed_at=self.now,
            published_on=published_on,
            published_basis="stated" if f.published_on else meta.published_basis if meta else "usual",
            url=f.url or (meta.url if meta else None) or passport.homepage,
            delivered_as=f.name,
        )

    # --- what is said of files that are there ------------------------------------------------------------------------

    def correct_days(self, files: list[File]) -> None:
        """Take over the days that a folder's list states now for files that are landed already.

        A server's day of a file moves with every amendment of its release: the first one said of these bytes holds.
        """
        fetched = self.settings.incoming
        stated = {f.sha256: f.published_on for f in files if f.published_on and fetched not in f.path.parents}
        for catalogue in (self.catalogue, self.held):
            for key, e in list(catalogue.tables.items()):
                day = stated.get(e.sha256, "")
                if not day or (e.published_on, e.published_basis) == (day, "stated"):
                    continue
                new = replace(e, published_on=day, published_basis="stated")
                catalogue.tables[key] = new
                self.report.notes.append(
                    f"{e.source} {e.table_name} {e.edition}: published on {day}, not {e.published_on or 'nothing'}."
                )
        for sha, day in stated.items():
            path, p = self.kept.get(sha, (None, None))
            if path is not None and p is not None and (p.published_on, p.published_basis) != (day, "stated"):
                self.archive.attest(path, replace(p, published_on=day, published_basis="stated"))

    # --- the end -----------------------------------------------------------------------------------------------------

    def finish(self) -> LandingReport:
        """Write the lists; only now is anything landed."""
        self._write_headers()
        self.held.save(self.settings, held=True)
        self.catalogue.save(self.settings)
        if self.is_fresh:
            quarantine_path(self.settings).unlink(missing_ok=True)
        self._clear_strays()
        for key in self.catalogue.tables:
            self.ledger.is_whole(
                self.settings, landed_path(self.settings, *key), self.catalogue.tables[key].landed_sha256
            )
        for key in self.held.tables:
            self.ledger.is_whole(self.settings, held_path(self.settings, *key), self.held.tables[key].landed_sha256)
        self.ledger.write(self.settings)
        shutil.rmtree(self.incoming, ignore_errors=True)
        have = {(s, t, base_edition(e)) for c in (self.catalogue, self.held) for s, t, e in c.tables}
        self.report.missing = [
            f"{p.source} {t.table} {e}"
            for p in self.passports.values()
            for t in p.tables
            for e in (t.editions or ([t.edition] if t.edition else []))
            if (p.source, t.table, e) not in have and t.shape != "documents"
        ]
        return self.report

    def _clear_strays(self) -> None:
        """Remove tables that no list names: a model that reads the folder would read them, too."""
        for p in self.passports.values():
            for t in p.tables:
                if t.shape == "documents":
                    continue
                for catalogue, root in ((self.catalogue, ""), (self.held, HELD)):
                    folder = self.settings.landing / root / p.source / t.table
                    for path in folder.glob("*.csv"):
                        if path.name != "_header.csv" and (p.source, t.table, path.stem) not in catalogue.tables:
                            path.unlink()

    def _write_headers(self) -> None:
        """A header-only file per table, so that a model can read a table of which nothing has arrived yet."""
        line = (",".join(META) + "\n").encode()
        for p in self.passports.values():
            for t in p.tables:
                path = self.settings.landing / p.source / t.table / "_header.csv"
                if t.shape != "documents" and (not path.exists() or path.read_bytes() != line):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(line)
        # dbt opens its database here and does not make the folder.
        self.settings.warehouse.mkdir(parents=True, exist_ok=True)


def _is_pdf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return b"%PDF-" in file.read(1024)
    except OSError:
        return False


def _came(p: Provenance) -> tuple[str, ...]:
    """When a file came, and of what came together what is read first: an edition before its revisions."""
    return p.landed_at, p.source, f"{revision_number(p.edition):03d}", p.edition, p.file
