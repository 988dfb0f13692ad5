"""The archive and the landed tables as they stand: what of them is damaged or gone is mended, or read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from flows.common.errors import RefusedFile
from flows.common.files import content_sha256_of, sha256_of
from flows.landing.archive import Provenance
from flows.landing.catalogue import (
    held_path,
    landed_path,
    revision_number,
)
from flows.landing.delivery import File, as_day, same_bytes
from flows.landing.under_way import UnderWay


class Mending(UnderWay):
    """The steps before anything new is read."""

    def mend_archive(self, files: list[File]) -> None:
        """See that the archive is whole: good bytes that came replace damaged ones, lost proof is written again."""
        here = {f.sha256: f for f in files}
        found = self.archive.survey()
        for path in found.strange:
            name = path.relative_to(self.settings.data).as_posix()
            self.report.notes.append(f"{name} is not of the archive and is not read (`csw verify`).")
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

        All of them where passports, seeds or code changed; else those whose landed table is damaged or gone, and those
        that could not be read the last time.
        """
        if self.is_fresh:
            again = set(self.kept)
        else:
            again = self._broken() | (self.kept.keys() - self.ledger.files.keys())
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


def _came(p: Provenance) -> tuple[str, ...]:
    """When a file came, and of what came together what is read first: an edition before its revisions."""
    return p.landed_at, p.source, f"{revision_number(p.edition):03d}", p.edition, p.file
