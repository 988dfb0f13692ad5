"""Whether the archive and the landing are what they say: every hash, every list."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.landing.archive import Archive, Kept
from flows.landing.catalogue import held_path, landed_path, read_catalogue, read_held
from flows.landing.ledger import Ledger, reading_digest
from flows.landing.withdrawn import read_withdrawn


@dataclass
class Verified:
    """What was looked at, and what is not as it was: ``deliver`` names files whose bytes nobody here has any more."""

    checked: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    deliver: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all is as it was."""
        return not self.damaged

    def text(self) -> str:
        """For people."""
        lines = [*self.checked, *(f"damaged: {d}" for d in self.damaged)]
        if self.deliver:
            lines += ["", "Deliver again (the good bytes take the place of the damaged ones):"]
            lines += [f"  {d}" for d in self.deliver]
        if self.ok:
            lines.append("Everything is as it was written.")
        return "\n".join(lines)


def verify_files(settings: Settings) -> Verified:
    """Read every file of the archive and the landing, and compare its hash with the one that was recorded."""
    found = Verified()
    _verify_archive(settings, found)
    _verify_landing(settings, found)
    return found


def _verify_archive(settings: Settings, found: Verified) -> None:
    survey = Archive(settings.archive).survey()
    kept = survey.kept
    with ThreadPoolExecutor(4) as pool:
        whole = list(pool.map(lambda x: Kept(*x).is_whole(), kept))
    for (path, p), is_whole in zip(kept, whole, strict=True):
        if not is_whole:
            found.damaged.append(f"{path.relative_to(settings.data)}: not the bytes that came")
            found.deliver.append(f"{p.file} ({p.source} {p.edition}, sha256 {p.sha256}, {p.url})")
    for path, p in survey.without_bytes:
        found.damaged.append(f"{path.relative_to(settings.data)}: gone")
        found.deliver.append(f"{p.file} ({p.source} {p.edition}, sha256 {p.sha256}, {p.url})")
    for path in survey.without_proof:
        found.damaged.append(
            f"{path.relative_to(settings.data)}: its provenance.json is gone or not whole (the next landing writes it)"
        )
    for path in survey.strange:
        found.checked.append(
            f"{path.relative_to(settings.data)}: not of the archive, and read by nobody. A copy that another program "
            "made, or an archive put back one folder too deep? Remove it, or put it where it belongs."
        )
    try:
        read_withdrawn(settings)
    except CswError as exc:
        found.damaged.append(str(exc))
    found.checked.append(f"archive: {len(kept)} files, {sum(p.bytes for _, p in kept) / 1e6:,.0f} MB")


def _verify_landing(settings: Settings, found: Verified) -> None:
    ledger, trouble = Ledger.read(settings)
    again = "(the next landing makes it anew from the archive)"
    if trouble:
        found.damaged.append(f"landing: {trouble} {again}")
    try:
        tables = [(e, landed_path(settings, *e.key)) for e in read_catalogue(settings)]
        tables += [(e, held_path(settings, *e.key)) for e in read_held(settings)]
    except CswError as exc:
        found.damaged.append(str(exc))
        return
    fresh = Ledger()
    with ThreadPoolExecutor(4) as pool:
        whole = list(pool.map(lambda x: fresh.is_whole(settings, x[1], x[0].landed_sha256), tables))
    for (_, path), is_whole in zip(tables, whole, strict=True):
        if not is_whole:
            what = "not as it was landed" if path.exists() else "gone"
            found.damaged.append(f"{path.relative_to(settings.data)}: {what} {again}")
    found.checked.append(f"landing: {len(tables)} tables")
    if tables and not trouble and ledger.digest != reading_digest(settings):
        found.checked.append("landing: passports, seeds or code changed since; the next landing reads all again")
