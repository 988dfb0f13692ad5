"""Landing: archive what arrived, and write one clean UTF-8 CSV per table and edition.

``landing/<source>/<table>/<edition>.csv`` holds the publisher's rows and column names as text; in front stand the
columns of :data:`flows.landing.tables.META`. ``landing/catalogue.csv`` says what is landed; it is written last, so a
landing that was cut off is simply done again. Nothing here knows what a number means.

Everything in the landing folder can be made again from the archive, and is, where it is damaged, gone, or of other
passports, seeds or code.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from flows.common.settings import Settings
from flows.landing.catalogue import (
    HELD,
    Key,
    base_edition,
    held_path,
    landed_path,
    read_catalogue,
    read_held,
)
from flows.landing.delivery import File, Hashes, delivered
from flows.landing.mending import Mending
from flows.landing.quarantine import forget
from flows.landing.rivals import Rivals
from flows.landing.tables import META
from flows.landing.under_way import ASK_AGAIN, UNRECOGNISED, DocumentRecogniser, LandingReport
from flows.landing.workers import Read, read_files


def land_returns(settings: Settings, folder: Path, *, workers: int | None = None) -> LandingReport:
    """Land every file of a folder, in whatever arrangement; see :func:`land_folders`."""
    return land_folders(settings, [folder], workers=workers)


def land_folders(
    settings: Settings,
    folders: Sequence[Path],
    *,
    workers: int | None = None,
    documents: DocumentRecogniser | None = None,
    when_news: Callable[[], object] = lambda: None,
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
        when_news: called, once or more often, while it goes on, as soon as a table was read that is not landed yet.

    Raises:
        CswError: a folder is absent or holds no file, or the disk refuses.
    """
    landing = _Landing(settings, documents)
    hashes = Hashes(landing.ledger.delivered)
    delivery = delivered(folders, landing.incoming / "unpacked", hashes)
    landing.ledger.delivered = hashes.found
    landing.report.refused += delivery.refused
    landing.mend_archive(delivery.files)
    landing.take(landing.to_read_again(delivery.files), delivery.files, workers, when_news)
    landing.correct_days(delivery.files)
    return landing.finish()


def published_is_lost(published: Collection[Key], settings: Settings) -> list[Key]:
    """Tables of the published warehouse that are neither landed nor held back: they can no longer be read."""
    here = {e.key for e in (*read_catalogue(settings), *read_held(settings))}
    return sorted(k for k in published if k not in here)


class _Landing(Mending, Rivals):
    """One landing under way, step by step."""

    def take(self, again: list[File], files: list[File], workers: int | None, when_news: Callable[[], object]) -> None:
        """Read and put in its place what is known, in the order in which it came, and then what is new."""

        def note(read: Read) -> None:
            if read.tables:
                when_news()

        known = {f.sha256 for f in again}
        new = self._new([f for f in files if f.sha256 not in known])
        again = [f for f in again if not self._is_withdrawn_whole(f)]
        jobs = [self._job(f) for f in [*again, *new]]
        done = self._ask_documents([*again, *new], list(read_files(jobs, workers, note)))
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
                if source == ASK_AGAIN:
                    problem, advice = "its reader was ended, or could not open it.", "It is read again the next time."
                    done[i] = Read(refusal=(files[i].name, problem, None, None, advice))
                elif source:
                    done[i] = Read(source, "documents", is_document=True)
        return done

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

    def finish(self) -> LandingReport:
        """Write the lists; only now is anything landed."""
        self._write_headers()
        self.held.save(self.settings, held=True)
        self.catalogue.save(self.settings)
        if self.is_fresh:
            forget(self.settings, self.quarantined)
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
