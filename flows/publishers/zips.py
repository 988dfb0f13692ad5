"""Files out of a zip that a stranger made: nothing outside its folder, nothing larger than allowed."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from flows.publishers.http import Refused
from flows.publishers.wire import safe_name

MAX_FILES = 2_000


def unpacked(
    path: Path, url: str, wants: Callable[[str], bool], limit: int, ratio: float
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each wanted file of a zip, folders dropped.

    Raises:
        Refused: a name leads out of the folder, or it unpacks to more than ``limit`` bytes or ``ratio`` times its size.
    """
    try:
        with zipfile.ZipFile(path) as z:
            members = [m for m in z.infolist() if not m.is_dir()]
            _judge(members, url, limit, ratio, path.stat().st_size)
            left = limit
            taken: dict[str, tuple[str, bytes]] = {}
            for m in members:
                name = safe_name(m.filename)
                if not name or not wants(name):
                    continue
                with z.open(m) as f:
                    # What a zip says of its sizes may be untrue.
                    data = f.read(min(left, m.file_size) + 1)
                left -= len(data)
                if left < 0 or len(data) > m.file_size:
                    raise Refused(f"{url}: {m.filename} unpacks to more than the zip says or the limit allows.")
                where, before = taken.setdefault(name, (m.filename, data))
                if before is not data and before != data:
                    raise Refused(f"{url}: the zip holds {where} and {m.filename}, two unlike files of one name.")
                if before is data:
                    yield name, data
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as exc:
        raise Refused(f"{url}: the zip cannot be read ({exc}).") from exc


def _judge(members: list[zipfile.ZipInfo], url: str, limit: int, ratio: float, packed: int) -> None:
    for m in members:
        path = PurePosixPath(m.filename.replace("\\", "/"))
        is_link = (m.external_attr >> 16) & 0o170000 == 0o120000
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or is_link:
            raise Refused(f"{url}: the zip holds {m.filename!r}, which leads out of its folder. Nothing was unpacked.")
    size = sum(m.file_size for m in members)
    if len(members) > MAX_FILES or size > limit or size > ratio * max(packed, 1):
        raise Refused(
            f"{url}: the zip of {packed} bytes would unpack to {size} bytes in {len(members)} files. Not unpacked."
        )
