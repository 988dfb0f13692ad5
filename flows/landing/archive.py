"""The archive: every published file as it came, for ever, with proof of what it is.

``archive/<source>/<edition>/<first 12 of sha256>/<file>`` with ``provenance.json`` beside it. Nothing here is ever
changed or removed. A file is in the archive once its provenance is: that is written last.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from flows.common.files import write_atomically


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
    """Where it lay in what was delivered: folders tell reports of one name apart."""


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
