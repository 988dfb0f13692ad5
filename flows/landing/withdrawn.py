"""What people took out of use: tables and documents, each with its reason. The bytes stay in the archive.

``archive/withdrawn.csv`` is only ever added to; the last line about a file's table says how it is. It lies with the
archive because it can be made again from nothing else.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from flows.common.errors import CswError
from flows.common.files import write_atomically
from flows.common.settings import Settings

#: What stands for the table of a document.
DOCUMENTS = "documents"


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
    return [w for w in last.values() if w.action == "withdraw"]


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
    try:
        with path.open(newline="", encoding="utf-8") as f:
            return [Withdrawn(**{k: v or "" for k, v in row.items()}) for row in csv.DictReader(f, strict=True)]
    except (OSError, ValueError, TypeError, csv.Error) as exc:
        raise CswError(
            f"{path} cannot be read ({exc}), and it alone says what people took out of use. Mend it (a line has the "
            f"columns {', '.join(f.name for f in fields(Withdrawn))}), or remove it to take everything into use again."
        ) from exc
