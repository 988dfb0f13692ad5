"""Landing: archive what arrived, and write one clean UTF-8 CSV per table and edition.

``landing/<source>/<table>/<edition>.csv`` holds the publisher's rows and column names as text; in front stand the
columns of :data:`flows.landing.tables.META`. ``landing/catalogue.csv`` says what is landed; it is written last, so a
landing that was cut off is simply done again. Nothing here knows what a number means.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from flows.common.errors import CswError, RefusedFile
from flows.common.files import content_sha256_of, sha256_of, write_atomically
from flows.common.settings import Settings
from flows.common.synthetic import is_synthetic
from flows.landing.archive import Archive, Provenance
from flows.landing.catalogue import Catalogue, Key, Landed, base_edition, landed_path
from flows.landing.tables import META
from flows.landing.workers import Job, Read, read_files
from flows.sources.passport import Passport, load_passports, passports_digest

#: What stands for an address where a file is of the bundled sample.
SYNTHETIC = "synthetic:"
#: Changing how files are read lands everything again.
READER_VERSION = "1"
#: A folder's own list of its files (file, sha256, copy_of): proof against a damaged copy.
MANIFEST = "MANIFEST.csv"


class DocumentRecogniser(Protocol):
    """Tells which PDFs are documents of a publication, by what stands in them."""

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
    unrecognised: list[str] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    not_described: list[RefusedFile] = field(default_factory=list)
    """Files of editions that no passport describes yet."""
    flagged: list[RefusedFile] = field(default_factory=list)
    """Documents that are not what they are called; no figure depends on them."""
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _File:
    """A file that may be new: where it is, what to call it, and the two hashes that tell it."""

    path: Path
    name: str
    sha256: str
    content_sha256: str
    url: str = ""
    published_on: str = ""
    """The day that the publisher's server states."""


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
    Where passports changed since, everything in the archive is read again as well.

    Args:
        settings: where things are kept.
        folders: publishers' files; read, never changed.
        workers: processes; the number of cores when absent.
        documents: asked of PDFs that no name makes known; without it they are not recognised.

    Raises:
        CswError: a folder is absent or holds no file, or the disk refuses.
    """
    landing = _Landing(settings, documents)
    arrived = [f for folder in folders for f in _arrived(folder, landing.report)]
    landing.take(landing.archived(arrived) + arrived, workers)
    return landing.finish()


def _arrived(folder: Path, report: LandingReport) -> list[_File]:
    """The files of a folder with their hashes; those that are not as the folder's own list says are refused."""
    if not folder.is_dir():
        raise CswError(f"{folder} is not a folder. Give the folder that holds the publishers' files.")
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not paths:
        raise CswError(f"{folder} holds no files. Put the publishers' files there, in any arrangement.")
    inventory = _inventory(folder)
    with ThreadPoolExecutor(4) as pool:
        hashes = list(pool.map(_hashes, paths))
    arrived = []
    for path, (sha, content) in zip(paths, hashes, strict=True):
        name = path.relative_to(folder).as_posix()
        if path.name == MANIFEST:
            continue
        said = inventory.get(name, {})
        if said.get("sha256", sha) != sha:
            problem = f"its bytes are not those that {MANIFEST} records."
            report.refused.append(RefusedFile(name, problem, advice="Download it again."))
            continue
        url = f"{SYNTHETIC}{path.name}" if is_synthetic(folder) else said.get("copy_of", "")
        arrived.append(_File(path, name, sha, content, url, said.get("published_on", "")))
    return arrived


def withdraw(settings: Settings, keys: list[Key]) -> None:
    """Take landed tables out again, because the gate refuses them.

    Their bytes stay in the archive; their files are read again when they come again, mended or not.
    """
    catalogue = Catalogue.read(settings)
    shas = {catalogue.tables[k].sha256 for k in keys if k in catalogue.tables}
    for key in keys:
        catalogue.remove(key)
        landed_path(settings, *key).unlink(missing_ok=True)
    catalogue.save(settings)
    digest, ledger = _read_ledger(settings)
    _write_ledger(settings, digest, {sha: state for sha, state in ledger.items() if sha not in shas})


class _Landing:
    """One landing under way."""

    def __init__(self, settings: Settings, documents: DocumentRecogniser | None = None) -> None:
        self.settings = settings
        self.documents = documents
        self.passports = {p.source: p for p in load_passports(settings.passports)}
        self.digest = READER_VERSION + passports_digest(settings.passports)
        self.archive = Archive(settings.archive)
        self.report = LandingReport()
        self.incoming = settings.landing / ".incoming"
        self.now = datetime.now(UTC).replace(microsecond=0).isoformat()
        shutil.rmtree(self.incoming, ignore_errors=True)
        digest, self.ledger = _read_ledger(settings)
        self.is_fresh = digest != self.digest
        if self.is_fresh:
            self.ledger = {}
        self.catalogue = Catalogue() if self.is_fresh else Catalogue.read(settings)

    def archived(self, arrived: list[_File]) -> list[_File]:
        """Files of earlier landings, where passports have changed and they have to be read again, oldest first."""
        if not self.is_fresh:
            return []
        here = {f.sha256 for f in arrived}
        kept = [(p, path) for path, p in self.archive.all() if p.sha256 not in here]
        return [
            _File(path, p.delivered_as or p.file, p.sha256, p.content_sha256, p.url)
            for p, path in sorted(kept, key=lambda x: (x[0].landed_at, x[0].source, x[0].edition, x[0].file))
        ]

    def take(self, files: list[_File], workers: int | None) -> None:
        """Read what is new and put it in its place."""
        new = self._new(files)
        documents: list[_File] = []
        for file, done in zip(new, read_files([self._job(f) for f in new], workers), strict=True):
            if not done.source and done.refusal is None and self.documents and _is_pdf(file.path):
                documents.append(file)
            else:
                self._place(file, done)
        if documents and self.documents:
            for file, source in zip(documents, self.documents([f.path for f in documents]), strict=True):
                self._place(file, Read(source, "documents", is_document=True) if source else Read())

    def finish(self) -> LandingReport:
        """Write the books; only now is anything landed."""
        self._write_headers()
        self.catalogue.save(self.settings)
        _write_ledger(self.settings, self.digest, self.ledger)
        shutil.rmtree(self.incoming, ignore_errors=True)
        have = {(s, t, base_edition(e)) for s, t, e in self.catalogue.tables}
        self.report.missing = [
            f"{p.source} {t.table} {e}"
            for p in self.passports.values()
            for t in p.tables
            for e in (t.editions or ([t.edition] if t.edition else []))
            if (p.source, t.table, e) not in have and t.shape != "documents"
        ]
        return self.report

    def _new(self, files: list[_File]) -> list[_File]:
        landed = {x.content_sha256 for x in self.catalogue.tables.values()}
        first: dict[str, str] = {}
        new = []
        for f in files:
            state = self.ledger.get(f.sha256)
            if state == self._unrecognised(f):
                self.report.unrecognised.append(f.name)
            elif state == "document" or f.content_sha256 in landed:
                self.report.unchanged += 1
            elif f.content_sha256 in first:
                self.report.duplicates.append((f.name, first[f.content_sha256]))
            else:
                first[f.content_sha256] = f.name
                new.append(f)
        return new

    def _unrecognised(self, f: _File) -> str:
        """State of a file that nothing knows, under this name and these rules: another of either may make it known."""
        rules = self.documents.digest if self.documents else ""
        return f"unrecognised {sha256_of(f'{f.name} {rules}'.encode())[:12]}"

    def _job(self, f: _File, edition: str | None = None) -> Job:
        return Job(self.settings.passports, f.path, f.name, f.sha256, self.incoming, edition)

    def _place(self, f: _File, done: Read) -> None:
        if done.refusal is not None:
            file, problem, row, column, advice = done.refusal
            refusal = RefusedFile(file, problem, row=row, column=column, advice=advice)
            if done.is_not_described:
                self.report.not_described.append(refusal)
            else:
                (self.report.flagged if done.is_document else self.report.refused).append(refusal)
            return
        if not done.source:
            self.ledger[f.sha256] = self._unrecognised(f)
            self.report.unrecognised.append(f.name)
            return
        passport = self.passports[done.source]
        edition = self._free_edition(done, f)
        if edition != done.edition:
            done = next(read_files([self._job(f, edition)], 1))
        provenance = self._provenance(passport, edition, f)
        kept = self.archive.add(f.path.read_bytes(), provenance)
        if done.is_document:
            self.ledger[f.sha256] = "document"
            self.report.documents += 1
            return
        first_seen = json.loads((kept.parent / "provenance.json").read_text())
        meta = passport.editions[base_edition(edition)]
        for t in done.tables:
            entry = Landed(
                source=done.source,
                table_name=t.table,
                edition=edition,
                shape=t.shape,
                symbols=meta.symbols,
                role=passport.role,
                file=f.path.name,
                sha256=f.sha256,
                content_sha256=f.content_sha256,
                # An amendment keeps the day on which it was first seen, however often it is read again.
                published_on=min(provenance.published_on, first_seen["published_on"])
                if edition != base_edition(edition)
                else provenance.published_on,
                published_basis=provenance.published_basis,
                maturity=meta.maturity,
                landed_at=first_seen["landed_at"],
                url=provenance.url,
                row_count=t.rows,
                column_count=len(t.columns),
                first_period=t.first_period,
                last_period=t.last_period,
            )
            target = landed_path(self.settings, *entry.key)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(t.path, target)
            self.catalogue.add(entry, t.columns, t.units)
            self.report.landed.append(entry)
        self.ledger[f.sha256] = "landed"

    def _free_edition(self, done: Read, f: _File) -> str:
        """The edition under which a file is kept: other bytes at a known place become a revision of it."""
        edition, n = done.edition, 1
        while any(
            (e := self.catalogue.tables.get((done.source, t.table, edition))) is not None
            and e.content_sha256 != f.content_sha256
            for t in done.tables
        ):
            n += 1
            edition = f"{done.edition}-r{n}"
        return edition

    def _provenance(self, passport: Passport, edition: str, f: _File) -> Provenance:
        meta = passport.editions.get(base_edition(edition))
        published_on = f.published_on or (meta.published_on.isoformat() if meta else "")
        if edition != base_edition(edition) and not f.published_on:
            # An amendment's own date is not in the file: it was published by the day it was first seen.
            published_on = max(published_on, self.now[:10])
        return Provenance(
            source=passport.source,
            edition=edition,
            file=f.path.name,
            sha256=f.sha256,
            content_sha256=f.content_sha256,
            bytes=f.path.stat().st_size,
            landed_at=self.now,
            published_on=published_on,
            published_basis="stated" if f.published_on else meta.published_basis if meta else "usual",
            url=f.url or (meta.url if meta else None) or passport.homepage,
            delivered_as=f.name,
        )

    def _write_headers(self) -> None:
        """A header-only file per table, so that a model can read a table of which nothing has arrived yet."""
        line = (",".join(META) + "\n").encode()
        for p in self.passports.values():
            for t in p.tables:
                path = self.settings.landing / p.source / t.table / "_header.csv"
                if t.shape != "documents" and not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(line)
        # dbt opens its database here and does not make the folder.
        self.settings.warehouse.mkdir(parents=True, exist_ok=True)


def _is_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return b"%PDF-" in file.read(1024)


def _hashes(path: Path) -> tuple[str, str]:
    data = path.read_bytes()
    return sha256_of(data), content_sha256_of(data)


def _inventory(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / MANIFEST
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as f:
        return {row["file"]: row for row in csv.DictReader(f) if row.get("file")}


def _read_ledger(settings: Settings) -> tuple[str, dict[str, str]]:
    """What became of every file seen, by hash, under which passports."""
    path = settings.landing / "ledger.json"
    if not path.exists():
        return "", {}
    state = json.loads(path.read_text())
    return state["digest"], dict(state["files"])


def _write_ledger(settings: Settings, digest: str, ledger: dict[str, str]) -> None:
    state = json.dumps({"digest": digest, "files": ledger}, indent=0)
    write_atomically(settings.landing / "ledger.json", state.encode())
