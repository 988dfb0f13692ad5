"""Files written whole or not at all, and the hashes that prove what they are."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flows.common.errors import MISPLACED, CswError, disk_refusal
from flows.common.processes import is_alive

#: Characters in a field of a csv; more is a quote that is never closed.
LONGEST_FIELD = 131_072
#: A file under way: ``.part-<process>-<random>``, with a suffix where what writes it wants one. Earlier versions wrote
#: ``.part-<8 characters>``.
_PART = re.compile(r"\.part-(?:(\d+)-[0-9a-f]{8}|[a-z0-9_]{8})(?:\.\w+)?")


def sha256_of(data: bytes) -> str:
    """Hash of the bytes as they are: the identity of a file in the archive."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """Hash of a file's bytes, read piece by piece: a warehouse need not fit into memory.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_sha256_of(data: bytes) -> str:
    """Hash after normalising line ends: the same table saved with CRLF and with LF is one content."""
    if data[:2] in (b"PK", b"\xd0\xcf") or data[:4] in (b"PAR1", b"%PDF"):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256(data.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()


def read_json(path: Path) -> Any:
    """What a JSON file says.

    Raises:
        OSError: it is not there, or may not be read.
        ValueError: it is no JSON, or none that a program of ours wrote: cut off, nested without end, with figures
            beyond all measure.
    """
    try:
        return json.loads(path.read_bytes(), parse_float=_finite, parse_constant=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")) or number != number:
        raise ValueError(f"{text} is no number")
    return number


def read_yaml(path: Path) -> Any:
    """What a YAML file holds, by libyaml where it is at hand: a tenth of the time of the parser in Python.

    Raises:
        yaml.YAMLError: it is none.
        OSError: it cannot be read.
    """
    import yaml

    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def read_rows(path: Path, columns: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV that people keep, which nothing else can make again: each with its line in the file.

    Args:
        path: UTF-8, with a header.
        columns: that it has to have; further ones are let be.

    Raises:
        CswError: it is no such table; the message names file, line and column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        raise CswError(
            f"{path}, line {line}: byte 0x{exc.object[exc.start]:02X} is not UTF-8. Save it as such."
        ) from None
    # One limit for the whole process: what else reads in it may have raised it.
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        missing = [c for c in columns if c not in (reader.fieldnames or ())]
        if missing:
            raise CswError(f"{path}: the column {missing[0]!r} is missing.")
        for row in reader:
            short = [c for c in columns if row[c] is None]
            if short:
                raise CswError(f"{path}, line {reader.line_num}: the row ends before column {short[0]!r}.")
            rows.append((reader.line_num, row))
    except csv.Error as exc:
        raise CswError(f"{path}, line {reader.line_num}: this is not a whole csv ({exc}).") from exc
    return rows


def part_of(path: Path, suffix: str = "") -> Path:
    """A name beside a file under which it is written before it is put in its place; :func:`sweep` knows it."""
    return path.parent / f".part-{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write so that a reader sees the old file or the new one, never a part.

    Args:
        path: the file.
        data: its bytes.
        mode: of a new file, less the user's umask.

    Raises:
        CswError: the disk refuses (full, read-only); nothing is left behind.
    """
    tmp = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            with os.fdopen(fd, "wb") as f:
                f.write(data)
                f.flush()
                os.fsync(f.fileno())
            os.replace(tmp, path)
        except BaseException:
            tmp.unlink(missing_ok=True)
            raise
    except OSError as exc:
        if exc.errno in MISPLACED:
            raise CswError(disk_refusal(exc)) from exc
        raise CswError(
            f"{path}: could not be written ({exc.strerror}). Free some space there, or give the right to write, "
            "and run again."
        ) from exc


def write_new(path: Path, data: bytes) -> None:
    """Write a file that nobody has written yet, whole or not at all.

    Raises:
        FileExistsError: it is there.
        CswError: the disk refuses.
    """
    part = part_of(path)
    try:
        write_atomically(part, data)
        try:
            os.link(part, path)
        except FileExistsError:
            raise
        except OSError:  # a disk without hard links
            if path.exists():
                raise FileExistsError(str(path)) from None
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def is_part(name: str) -> bool:
    """Whether a file or folder of this name is under way, or was when what wrote it ended."""
    return _PART.fullmatch(name) is not None


def sweep(folder: Path, *, deep: bool = True) -> int:
    """Remove what processes that are no more were writing when they ended; how many files and folders that were.

    Args:
        folder: where to look.
        deep: in its folders, too.
    """
    found = 0
    for place, folders, names in os.walk(folder):
        for name in [*names, *folders]:
            part = _PART.fullmatch(name)
            if part and not (part[1] and is_alive(int(part[1]))):
                path = Path(place, name)
                shutil.rmtree(path, ignore_errors=True) if name in folders else path.unlink(missing_ok=True)
                found += 1
        folders[:] = [f for f in folders if deep and not is_part(f)]
    return found
