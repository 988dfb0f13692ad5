"""What lies in a delivered folder: its files, those inside zips among them, each with a name that can be shown.

A zip is read as a folder. What it says of itself is not believed: names may not lead out of it, and it unpacks to no
more than a return can hold, whatever sizes it states.
"""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flows.common.errors import RefusedFile, WrongArgument
from flows.common.text import printable
from flows.landing.file_names import is_litter
from flows.landing.grids import MAX_UNPACKED_BYTES, ForeignFile, kind_of

#: A release has a hundred files.
MAX_FILES = 5_000
#: A mail holds the zips of a few releases; each may unpack to as much as a return can hold.
MAX_ZIPS = 20
#: Text packs to a hundredth; more than this is a bomb.
MAX_RATIO = 1_000
#: Endings of what other programs keep in a zip of their own.
_DOCUMENTS = frozenset({".docx", ".docm", ".pptx", ".odt", ".odp", ".epub", ".jar", ".pbix", ".kmz"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Arrived:
    """A file: where it can be read, what it is called, and the zip that it came in (blank for none)."""

    path: Path
    name: str
    zip_name: str = ""


def refused_name(name: str) -> str:
    """Why a file cannot be kept under its name; blank where it can."""
    if any("\ud800" <= c <= "\udfff" for c in name):
        return "its name is not UTF-8."
    if _CONTROL.search(name):
        return "its name holds a line break or another control character."
    if any(len(part.encode()) > 200 for part in name.split("/")):
        return "its name is longer than 200 bytes."
    return ""


def is_packed(path: Path) -> bool:
    """Whether a file is a zip of files (and no workbook), or one gzipped file.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as f:
        head = f.read(4)
    if head.startswith(b"\x1f\x8b"):
        return True
    if not head.startswith(b"PK\x03\x04") or path.suffix.casefold() in _DOCUMENTS:
        return False
    try:
        return kind_of(path.read_bytes(), path.name) == "zip"
    except ForeignFile:
        return False


def unpack(path: Path, name: str, into: Path) -> Iterator[Arrived]:
    """The files of a zip, written below a folder; a gzipped file likewise.

    Args:
        path: the zip.
        name: what it is called in messages.
        into: an empty folder of ours.

    Raises:
        RefusedFile: it is damaged, names a place outside itself, or unpacks to more than a return can hold.
    """
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        target = into / (PurePosixPath(name).stem or "file")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with gzip.open(io.BytesIO(data)) as f:
                text = f.read(MAX_UNPACKED_BYTES + 1)
        except (OSError, EOFError, zlib.error) as exc:
            raise RefusedFile(name, f"the gzip file cannot be read ({exc}).", advice="Download it again.") from exc
        _judge_size(len(text), len(data), name)
        target.write_bytes(text)
        yield Arrived(target, f"{name}/{target.name}", name)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            members = [m for m in z.infolist() if not m.is_dir()]
            if len(members) > MAX_FILES:
                raise RefusedFile(name, f"the zip holds {len(members):,} files.", advice="This is no release.")
            for m in members:
                _judge_name(m, name)
            _judge_size(sum(m.file_size for m in members), len(data), name)
            left = MAX_UNPACKED_BYTES
            for i, m in enumerate(members):
                inner = m.filename.replace("\\", "/")
                with z.open(m) as f:
                    content = f.read(min(left, m.file_size) + 1)
                left -= len(content)
                if left < 0 or len(content) > m.file_size:
                    raise RefusedFile(name, f"{printable(inner)} unpacks to more than the zip says.")
                target = into / str(i) / PurePosixPath(inner).name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                yield Arrived(target, f"{name}/{inner}", name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as exc:
        if isinstance(exc, RuntimeError) and "encrypted" in str(exc):
            problem = "the zip is protected by a password."
            raise RefusedFile(name, problem, advice="Unpack it with the password, and give the folder.") from exc
        raise RefusedFile(name, f"the zip cannot be read ({exc}).", advice="Download it again.") from exc


def unpack_all(path: Path, name: str, into: Path) -> Iterator[Arrived]:
    """As :func:`unpack`, and the files of the first few zips in the zip; those in these stay as they are.

    Raises:
        RefusedFile: one of them is damaged, names a place outside itself, or unpacks to more than a return can hold.
    """
    opened = 0
    for found in list(unpack(path, name, into)):
        if opened < MAX_ZIPS and is_packed(found.path):
            opened += 1
            yield from unpack(found.path, found.name, into / f"zip {opened}")
        else:
            yield found


def _judge_name(member: zipfile.ZipInfo, name: str) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or is_link:
        raise RefusedFile(name, f"the zip holds a path that leaves it ({printable(member.filename)!r}).")
    if wrong := refused_name(member.filename):
        raise RefusedFile(name, f"the zip holds {printable(member.filename)!r}: {wrong}", advice="Unpack it by hand.")


def _judge_size(size: int, packed: int, name: str) -> None:
    if size > MAX_UNPACKED_BYTES or size > MAX_RATIO * max(packed, 1):
        raise RefusedFile(name, f"the zip unpacks to {size / 1e6:,.0f} MB.", advice="This is not a return.")


def files_of(path: Path, into: Path) -> list[Arrived]:
    """The files that a path means: itself, those of a folder, those of a zip; what programs leave lying about is not.

    Args:
        path: a file, a folder or a zip.
        into: an empty folder of ours, for what zips hold.

    Raises:
        CswError: there is nothing of that name.
        RefusedFile: a zip cannot be read.
    """
    if not path.exists():
        raise WrongArgument(f"{path} is neither a file nor a folder.")
    paths = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    found: list[Arrived] = []
    for p in paths:
        if p.name.startswith(".") or p.name == "MANIFEST.csv" or is_litter(p.name):
            continue
        if is_packed(p):
            found += unpack_all(p, p.name, into / str(len(found)))
        else:
            found.append(Arrived(p, p.name))
    return [f for f in found if f.path.suffix.casefold() in {".csv", ".xls", ".xlsx", ".ods", ".parquet"}]
