"""The archive: every published file as it came, for ever, with proof of what it is.

``archive/<source>/<edition>/<first 12 of sha256>/<file>`` with ``provenance.json`` beside it. Bytes here are never
changed or removed; damaged ones are replaced by the good ones when these come again. A file is in the archive once its
provenance is: that is written last.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from flows.common.files import read_json, sha256_of, write_atomically

PROOF = "provenance.json"
#: The first digits of a sha256, by which the folder of a file is named.
_SHORT = re.compile(r"[0-9a-f]{12}")
#: What is left beside a file while it is being written.
_PART = ".part-"


@dataclass(frozen=True)
class Provenance:
    """Proof of what arrived. ``content_sha256`` is of the text with line ends normalised (DEFINITIONS: editions)."""

    source: str
    edition: str
    file: str
    sha256: str
    content_sha256: str
    bytes: int
    landed_at: str
    published_on: str
    published_basis: str
    url: str
    delivered_as: str = ""
    """Where the file lay in the folder or zip it came in."""


@dataclass(frozen=True)
class Kept:
    """A file of the archive and its proof."""

    path: Path
    provenance: Provenance

    def is_whole(self) -> bool:
        """Whether the bytes are those that came."""
        try:
            return sha256_of(self.path.read_bytes()) == self.provenance.sha256
        except OSError:
            return False


@dataclass(frozen=True)
class Survey:
    """What is in the archive: files with their proof, those of which only the proof is left, those without any, and
    folders that are none of ours."""

    kept: list[tuple[Path, Provenance]]
    without_bytes: list[tuple[Path, Provenance]]
    without_proof: list[Path]
    strange: list[Path]
    """Where no folder of a file can be: copies that another program made (``0293eb48328c (1)``), an archive that was
    put back one folder too deep. Nothing reads them."""


class Archive:
    """The folder of published files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, source: str, edition: str, sha256: str, file: str) -> Path:
        """Where a file is."""
        return self.root / source / edition / sha256[:12] / file

    def add(self, data: bytes, provenance: Provenance) -> Path:
        """Keep a file; the same bytes again change nothing, and replace what is there where that is damaged.

        Raises:
            CswError: the disk refuses.
        """
        path = self.place(provenance.source, provenance.edition, provenance.sha256, provenance.file)
        if not Kept(path, provenance).is_whole():
            write_atomically(path, data)
            path.chmod(0o444)
        if _read(path.parent / PROOF) is None:
            self.attest(path, provenance)
        return path

    def attest(self, path: Path, provenance: Provenance) -> None:
        """Write what a file is: for the first time, or where its publisher's date was corrected.

        Raises:
            CswError: the disk refuses.
        """
        write_atomically(path.parent / PROOF, json.dumps(asdict(provenance), indent=1, sort_keys=True).encode())

    def all(self, source: str = "*") -> list[tuple[Path, Provenance]]:
        """Every file kept, of one source or of all, oldest edition first within a source.

        What lacks its bytes or a readable provenance is not among them: see :meth:`survey`.
        """
        return self.survey(source).kept

    def survey(self, source: str = "*") -> Survey:
        """What is in the archive, and what of it is not whole."""
        found = Survey([], [], [], [])
        for folder in sorted(p for p in self.root.glob(f"{source}/*/*") if p.is_dir()):
            if not _SHORT.fullmatch(folder.name):
                found.strange.append(folder)
                continue
            p = _read(folder / PROOF)
            if p is None:
                files = sorted(f for f in folder.iterdir() if f.name != PROOF and not f.name.startswith(_PART))
                found.without_proof.extend(f for f in files if f.is_file())
            else:
                path = folder / p.file
                (found.kept if path.exists() else found.without_bytes).append((path, p))
        return found


def _read(proof: Path) -> Provenance | None:
    """A provenance, or None where it is not there, not whole, or not of the file it is beside."""
    try:
        said = read_json(proof)
    except (OSError, ValueError):
        return None
    if not isinstance(said, dict):
        return None
    known = {f.name: f.type for f in fields(Provenance)}
    said = {k: v for k, v in said.items() if k in known}
    if any(not isinstance(v, int if k == "bytes" else str) for k, v in said.items()):
        return None
    try:
        found = Provenance(**said)
    except TypeError:
        return None
    is_here = found.sha256[:12] == proof.parent.name and os.path.basename(found.file) == found.file
    return found if is_here else None
