"""What people took out of use: tables and documents, each with its reason. The bytes stay in the archive.

``archive/withdrawn.csv`` is only ever added to; the last line about a file's table says how it is. It lies with the
archive because it can be made again from nothing else.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from flows.common.errors import CswError
from flows.common.files import read_rows, write_atomically
from flows.common.settings import Settings

#: What stands for the table of a document.
DOCUMENTS = "documents"
#: What a line may say; another word would silently mean that the file is in use.
ACTIONS = WITHDRAW, RESTORE = "withdraw", "restore"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Withdrawn:
    """One line: a table of one file (or a document) was withdrawn, or taken into use again, when and why."""

    action: str
    at: str
    source: str
    edition: str
    table_name: str
    file: str
    sha256: str
    reason: str

    @property
    def is_document(self) -> bool:
        """Whether it is a document and no table."""
        return self.table_name == DOCUMENTS


def withdrawn_path(settings: Settings) -> Path:
    """Where the list is."""
    return settings.archive / "withdrawn.csv"


def read_withdrawn(settings: Settings) -> list[Withdrawn]:
    """What is withdrawn now.

    Raises:
        CswError: the list cannot be read.
    """
    last = {(w.sha256, w.table_name): w for w in _lines(settings)}
    return [w for w in last.values() if w.action == WITHDRAW]


def is_withdrawn(lines: Iterable[Withdrawn], sha256: str, table: str) -> bool:
    """Whether a table of a file is among what people withdrew: by itself, or with the whole file."""
    return any(w.sha256 == sha256 and w.table_name in (table, "") for w in lines)


def record(settings: Settings, lines: list[Withdrawn]) -> None:
    """Add lines to the list.

    Raises:
        CswError: the list cannot be read, or the disk refuses.
    """
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, [f.name for f in fields(Withdrawn)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(w) for w in [*_lines(settings), *lines])
    write_atomically(withdrawn_path(settings), buffer.getvalue().encode())


def now() -> str:
    """This moment, as the list writes it."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def _lines(settings: Settings) -> list[Withdrawn]:
    path = withdrawn_path(settings)
    if not path.exists():
        return []
    names = [f.name for f in fields(Withdrawn)]
    advice = (
        "It alone says what people took out of use: mend it, or put back the one of your backup. (A line has the "
        f"columns {', '.join(names)}; without the file everything is in use again.)"
    )
    try:
        found = [(line, Withdrawn(**{n: row[n] for n in names})) for line, row in read_rows(path, names)]
    except CswError as exc:
        raise CswError(f"{exc} {advice}") from exc
    for line, w in found:
        if w.action not in ACTIONS:
            raise CswError(
                f"{path}, line {line}: the action is {w.action!r}, not one of {', '.join(ACTIONS)}. {advice}"
            )
        if not _SHA256.fullmatch(w.sha256):
            raise CswError(f"{path}, line {line}: {w.sha256!r} is no sha256. {advice}")
    return [w for _, w in found]
