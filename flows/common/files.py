"""Files written whole or not at all, and the hashes that prove what they are."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from flows.common.errors import CswError


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
