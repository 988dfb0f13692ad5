"""The archive: every published file as it came, for ever, with proof of what it is.

``archive/<source>/<edition>/<first 12 of sha256>/<file>`` with ``provenance.json`` beside it. Nothing here is ever
changed or removed. A file is in the archive once its provenance is: that is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.errors import CswError


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


def sha256_of(data: bytes) -> str:
    """Hash of the bytes as they are: the identity of a file in the archive."""
    return hashlib.sha256(data).hexdigest()


def content_sha256_of(data: bytes) -> str:
    """Hash after normalising line ends: the same table saved with CRLF and with LF is one content."""
    if data[:2] in (b"PK", b"\xd0\xcf") or data[:4] in (b"PAR1", b"%PDF"):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256(data.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write so that a reader sees the old file or the new one, never a part.

    Raises:
        CswError: the disk refuses (full, read-only); nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, tmp = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.replace(tmp, path)
    except OSError as exc:
        Path(tmp).unlink(missing_ok=True)
        raise CswError(
            f"{path}: could not be written ({exc.strerror}). What was published before is untouched; "
            "free some space and run again."
        ) from exc


class Archive:
    """The folder of published files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, source: str, edition: str, sha256: str, file: str) -> Path:
        """Where a file stands."""
        return self.root / source / edition / sha256[:12] / file

    def add(self, data: bytes, provenance: Provenance) -> Path:
        """Keep a file; the same bytes again change nothing.

        Raises:
            CswError: the disk refuses.
        """
        path = self.place(provenance.source, provenance.edition, provenance.sha256, provenance.file)
        proof = path.parent / "provenance.json"
        if proof.exists() and path.exists() and path.stat().st_size == len(data):
            return path
        write_atomically(path, data)
        path.chmod(0o444)
        write_atomically(proof, json.dumps(asdict(provenance), indent=1, sort_keys=True).encode())
        return path

    def all(self, source: str = "*") -> list[tuple[Path, Provenance]]:
        """Every file kept, of one source or of all, oldest edition first within a source."""
        found = []
        for proof in sorted(self.root.glob(f"{source}/*/*/provenance.json")):
            p = Provenance(**json.loads(proof.read_text()))
            found.append((proof.parent / p.file, p))
        return found
