"""A landing under way: what is known when it begins, and what comes of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from flows.common.errors import CswError, RefusedFile
from flows.common.files import sha256_of
from flows.common.settings import Settings
from flows.landing.archive import Archive, Provenance
from flows.landing.catalogue import (
    Catalogue,
    Key,
    Landed,
    base_edition,
    revision_number,
)
from flows.landing.cells import cells_sha256
from flows.landing.delivery import File
from flows.landing.ledger import Ledger, reading_digest
from flows.landing.quarantine import read_quarantine, reconcile, superseded
from flows.landing.withdrawn import read_withdrawn
from flows.landing.workers import Job
from flows.sources.passport import Passport, load_passports

#: What became of a file that is listed and nothing more; a reason may follow.
UNRECOGNISED = "unrecognised"
#: What is said of a document that could not be read this time, and may be anything: it is asked about again.
ASK_AGAIN = ""


class DocumentRecogniser(Protocol):
    """Tells which PDFs are documents of a publication, by what is in them."""

    @property
    def digest(self) -> str:
        """Changes with its rules."""

    def __call__(self, paths: Sequence[Path]) -> list[str | None]:
        """The publication of each file, None, or :data:`ASK_AGAIN`."""


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


class UnderWay:
    """What a landing knows and changes; its steps are classes that have this one as their base."""

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
        # What was checked under other passports, seeds or code is tried again; and what is listed nowhere else. Not so
        # what a later state of its edition has taken the place of.
        self.quarantined = _superseded(settings) if self.is_fresh else {q.key for q in read_quarantine(settings)}
        self.kept: dict[str, tuple[Path, Provenance]] = {}
        """The archive's files by sha256."""
        self.cells: dict[Path, str] = {}
        self.restored: set[Key] = set()
        self.moved: list[tuple[Path, Path]] = []

    def _job(self, f: File, edition: str | None = None) -> Job:
        return Job(self.settings.passports, f.path, f.name, f.sha256, self.incoming, edition)

    def _is_withdrawn_whole(self, f: File) -> bool:
        return any(w.sha256 == f.sha256 and w.table_name == "" for w in self.withdrawn)

    def _looked_at(self, f: File) -> str:
        """Under which name and rules a file was not recognised: another of either may make it known."""
        rules = self.documents.digest if self.documents else ""
        return " " + sha256_of(f"{f.name} {rules}".encode())[:12]

    def _cells(self, path: Path) -> str:
        if path not in self.cells:
            self.cells[path] = cells_sha256(path)
        return self.cells[path]

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


def _superseded(settings: Settings) -> set[Key]:
    """As :func:`superseded`; nothing where the lists cannot be read: then everything is tried again."""
    try:
        return set(superseded(settings))
    except CswError:
        return set()
