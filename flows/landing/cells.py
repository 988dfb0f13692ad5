"""Whether two landed tables hold the same cells, whatever quoting, byte-order mark, line ends or program wrote them."""

from __future__ import annotations

import csv
import hashlib
import re
import sys
from pathlib import Path

from flows.landing.grids import label
from flows.landing.tables import META

#: What landing says of the file and not of its cells: source, table, edition, hash, row number.
_OF_THE_FILE = 5
_NUMBER = re.compile(r"-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?")


def cells_sha256(path: Path) -> str:
    """A digest of a landed table's cells: its columns and its rows, in whatever order.

    Programs that save a table again write numbers their own way (``250.50``, ``1,234``): equal numbers are equal.
    """
    csv.field_size_limit(sys.maxsize)
    total = 0
    with path.open(newline="", encoding="utf-8") as f:
        reader = csv.reader(f)
        header = next(reader, [])
        names = [*META[_OF_THE_FILE:], *(label(c) for c in header[len(META) :])]
        order = sorted(range(len(names)), key=names.__getitem__)
        for row in reader:
            cells = row[_OF_THE_FILE:]
            text = "\x1f".join(canonical(cells[i]) if i < len(cells) else "" for i in order)
            # A sum of hashes: the same rows in another order are the same table, a row that occurs twice is not one.
            total += int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    columns = "\x1f".join(names[i] for i in order)
    return hashlib.sha256(f"{columns}\x1e{total:x}".encode()).hexdigest()


def canonical(text: str) -> str:
    """A cell's text as compared: blanks as one, a number without separators and closing noughts."""
    text = " ".join(text.split())
    if not _NUMBER.fullmatch(text):
        return text
    text = text.replace(",", "")
    return text.rstrip("0").rstrip(".") if "." in text else text
