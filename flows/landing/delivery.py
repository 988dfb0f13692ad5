"""What is delivered: the files of folders of returns, those in zips among them, their hashes, and what a folder's own
list says of them."""

from __future__ import annotations

import csv
import io
import os
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flows.common.errors import CswError, RefusedFile
from flows.common.files import content_sha256_of, sha256_of
from flows.common.synthetic import MARKER, is_of_synthetic
from flows.common.text import printable
from flows.landing.arrivals import is_packed, refused_name, unpack_all

#: What stands for an address where a file is of the bundled sample.
SYNTHETIC = "synthetic:"
#: What is said of a zip of the sample that came among real files.
OF_SAMPLE = "it holds the synthetic sample, in which no figure is real."
#: A folder's own list of its files (file, sha256, copy_of, published_on): proof against a damaged copy.
MANIFEST = "MANIFEST.csv"
#: How programs name a further copy of a file.
_COPY = re.compile(r" - copy\b|\(\d+\)|^copy of ", re.IGNORECASE)
#: A file that was written to this long ago has another time once it is written to again (ns).
SETTLED_NS = 2_000_000_000
#: No return is older.
EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True)
class File:
    """A file that may be new: where it is, what to call it, and the two hashes that tell it."""

    path: Path
    name: str
    sha256: str
    content_sha256: str
    url: str = ""
    published_on: str = ""
    """The day that the publisher states (ISO), by its server or the folder's list."""


@dataclass
class Delivery:
    """The files of some folders, and those that cannot be taken."""

    files: list[File] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)


class Hashes:
    """The two hashes of delivered files. A file that nobody wrote to since they were made is not read for them again.

    Args:
        known: path → device, inode, size, times of writing and of change (ns) and the two hashes, as found before.
    """

    def __init__(self, known: Mapping[str, Sequence[int | str]] | None = None) -> None:
        self._known = known or {}
        self.found: dict[str, list[int | str]] = {}
        """As ``known``, of the files asked about."""

    def of(self, path: Path) -> tuple[str, str]:
        """Hash of the bytes, and of the content, of a file.

        Raises:
            OSError: it cannot be read.
        """
        if known := self._as_known(path):
            return known
        name, state = _as_it_stands(path)
        data = path.read_bytes()
        sha, content = sha256_of(data), content_sha256_of(data)
        # Written to this very moment it may be written to again without its times telling; and not every system says
        # when a file was last changed.
        if os.name == "posix" and time.time_ns() - max(state[-2:]) > SETTLED_NS:
            self.found[name] = [*state, sha, content]
        return sha, content

    def of_all(self, paths: Sequence[Path]) -> list[tuple[str, str] | OSError]:
        """As :meth:`of`, of several files; the error in place of what cannot be read."""
        found: dict[Path, tuple[str, str] | OSError] = {p: known for p in paths if (known := self._as_known(p))}
        rest = [p for p in paths if p not in found]
        with ThreadPoolExecutor(4) as pool:
            found |= zip(rest, pool.map(self._of_if_readable, rest), strict=True)
        return [found[p] for p in paths]

    def _of_if_readable(self, path: Path) -> tuple[str, str] | OSError:
        try:
            return self.of(path)
        except OSError as exc:
            return exc

    def _as_known(self, path: Path) -> tuple[str, str] | None:
        """The hashes that were made before of a file that is as it was; of one that is not, or not there, None."""
        with suppress(OSError):
            name, state = _as_it_stands(path)
            match self._known.get(name):
                case [*before, str(sha), str(content)] if before == state:
                    self.found[name] = [*state, sha, content]
                    return sha, content
        return None


def _as_it_stands(path: Path) -> tuple[str, list[int]]:
    """A file's whole name; and its device, inode, size, and times of writing and of change (ns)."""
    about = os.stat(path)
    return os.path.abspath(path), [about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def delivered(folders: Sequence[Path], unpacked: Path, hashes: Hashes | None = None) -> Delivery:
    """The files of folders, and of the zips in them, with their hashes; those not as a folder's list says are refused.

    Args:
        folders: read, never changed.
        unpacked: an empty folder of ours, for what is in zips.
        hashes: what is known of them already.

    Raises:
        CswError: a folder is absent or holds no file.
    """
    found = Delivery()
    for folder in folders:
        _look_into(folder, unpacked, hashes or Hashes(), found)
    return found


def _look_into(folder: Path, unpacked: Path, hashes: Hashes, found: Delivery) -> None:
    if not folder.is_dir():
        raise CswError(f"{folder} is not a folder. Give the folder that holds the publishers' files.")
    there = [p for p in folder.rglob("*") if not p.name.startswith(".")]
    paths = [p for p in there if p.is_file()]
    found.refused += [_not_followed(p, folder) for p in sorted(there) if p.is_symlink() and not p.is_file()]
    if not paths:
        raise CswError(f"{folder} holds no files. Put the publishers' files there, in any arrangement.")
    # Of two files with one content the first is kept: the one with the publisher's name.
    paths = sorted((p for p in paths if p.name != MANIFEST), key=lambda p: (bool(_COPY.search(p.name)), p))
    said = Manifests(folder, found.refused)
    synthetic = is_of_synthetic(folder)
    for path, known in zip(paths, hashes.of_all(paths), strict=True):
        name = path.relative_to(folder).as_posix()
        row = said.rows.get(name, {})
        if isinstance(known, OSError):
            found.refused.append(unreadable(printable(name), known))
            continue
        sha, content = known
        if wrong := refused_name(name):
            found.refused.append(RefusedFile(printable(name), wrong, advice="Give it the publisher's name."))
        elif row.get("sha256", sha).lower() != sha:
            problem = f"its bytes are not those that {MANIFEST} records."
            found.refused.append(RefusedFile(name, problem, advice="Download it again."))
        elif name not in said.refused:
            url = f"{SYNTHETIC}{path.name}" if synthetic else row.get("copy_of", "")
            file = File(path, name, sha, content, url, row.get("published_on", ""))
            if is_packed(path):
                _look_into_zip(file, unpacked / sha[:12], found)
            else:
                found.files.append(file)


def _not_followed(link: Path, folder: Path) -> RefusedFile:
    """Nothing that lies in a folder of returns is passed over in silence: links to folders may lead round in a ring."""
    name = printable(link.relative_to(folder).as_posix())
    if link.is_dir():
        return RefusedFile(name, "a link to a folder is not followed.", advice="Give --returns the folder itself.")
    return RefusedFile(name, "a link that leads to no file.", advice="Remove it, or put there what it should lead to.")


def _look_into_zip(packed: File, into: Path, found: Delivery) -> None:
    try:
        unpacked = list(unpack_all(packed.path, packed.name, into))
        if not packed.url.startswith(SYNTHETIC) and any(inner.path.name == MARKER for inner in unpacked):
            raise RefusedFile(packed.name, OF_SAMPLE, advice="Take it out of the folder.")
        for inner in unpacked:
            within = inner.name.removeprefix(f"{packed.name}/")
            if inner.path.name.startswith(".") or within.startswith("__MACOSX/") or inner.path.name == MANIFEST:
                continue
            url = f"{packed.url or packed.path.name}#{within}"
            found.files.append(File(inner.path, inner.name, *Hashes().of(inner.path), url, packed.published_on))
    except RefusedFile as exc:
        found.refused.append(exc)


class Manifests:
    """What the lists of a folder, and of the folders in it, say of its files.

    Args:
        folder: with lists of the name :data:`MANIFEST` in it, in any of its folders.
        refused: what cannot be read of them is added here.
    """

    def __init__(self, folder: Path, refused: list[RefusedFile]) -> None:
        self.rows: dict[str, dict[str, str]] = {}
        self.refused: set[str] = set()
        """Files of which a row says what cannot be: they are not taken until it is corrected."""
        for path in sorted(folder.rglob(MANIFEST)):
            name = path.relative_to(folder).as_posix()
            try:
                self._read(path, name, path.parent.relative_to(folder), refused)
            except RefusedFile as exc:
                refused.append(exc)

    def _read(self, path: Path, name: str, within: Path, refused: list[RefusedFile]) -> None:
        if not path.is_file():
            raise RefusedFile(name, "this is a folder; the list of files is a csv.", advice="Give it another name.")
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            line = data.count(b"\n", 0, exc.start) + 1
            problem = (
                f"byte 0x{data[exc.start]:02X} is not UTF-8: the list is not read, its files are taken as they are."
            )
            raise RefusedFile(name, problem, row=line, advice="Save it as UTF-8.") from exc
        try:
            reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
            rows = list(reader)
        except csv.Error as exc:
            raise RefusedFile(name, f"this is not a whole csv ({exc}).", row=reader.line_num) from exc
        if "file" not in (reader.fieldnames or ()):
            raise RefusedFile(
                name,
                "the list has no column 'file', so it is not read.",
                advice="Its columns: file, sha256, published_on.",
            )
        for number, row in enumerate(rows, 2):
            if not row.get("file"):
                continue
            file = (within / row["file"]).as_posix()
            said = {k: v.strip() for k, v in row.items() if isinstance(k, str) and isinstance(v, str) and v.strip()}
            problem = _not_a_day(said.get("published_on", ""))
            if problem:
                self.refused.add(file)
                advice = f"Write the day as YYYY-MM-DD, or leave it blank. {file} is not taken until then."
                refused.append(RefusedFile(name, problem, row=number, column="published_on", advice=advice))
                continue
            self.rows[file] = said


def _not_a_day(text: str) -> str:
    """Why a text is no day on which something was published; blank where it is one, or says nothing."""
    if not text:
        return ""
    day = as_day(text)
    if day is None:
        return f"{text!r} is not a day."
    if day > datetime.now(UTC).date() + timedelta(days=1):
        return f"{text} is still to come."
    return f"{text} is before {EARLIEST.year}." if day < EARLIEST else ""


def as_day(text: str) -> date | None:
    """A day written YYYY-MM-DD, or None."""
    if len(text) != 10:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def unreadable(name: str, exc: OSError) -> RefusedFile:
    """The refusal of a file that was listed and cannot be read: it is gone again, or not ours to read."""
    advice = "Was it still being copied or moved? Run again when it is there, and readable for this user."
    return RefusedFile(name, f"it cannot be read: {exc.strerror or exc}.", advice=advice)


def same_bytes(path: Path, name: str, sha256: str) -> bytes:
    """The bytes of a delivered file, which have to be those that were hashed when it was found.

    Raises:
        RefusedFile: the file is gone, cannot be read, or was written to in the meantime.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise unreadable(name, exc) from exc
    if sha256_of(data) != sha256:
        problem = "it changed while it was being landed."
        raise RefusedFile(name, problem, advice="Is it still being copied or downloaded? Run again when it is whole.")
    return data
