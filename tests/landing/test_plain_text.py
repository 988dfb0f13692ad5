"""The short ways of reading and writing csv are those of the csv module, and a known file is not read for its hash."""

from __future__ import annotations

import csv
import io
import os
from itertools import product
from pathlib import Path
from random import Random

import pytest

from flows.landing import delivery
from flows.landing.delivery import Hashes
from flows.landing.grids import read_csv_rows
from flows.landing.workers import _csv_lines

PIECES = ["a", "1.5", "", ",", '"', "\n", "\r\n", "\r", " ", "é", '""', "\x0c", "\u2028", "Bristol, City of"]


def _by_the_csv_module(text: str) -> list[list[str]] | None:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None


def _read(text: str) -> list[list[str]] | None:
    try:
        return read_csv_rows(text, "a.csv")
    except Exception:
        return None


def test_any_text_is_read_as_the_csv_module_reads_it() -> None:
    random = Random(1)
    texts = ["".join(p) for n in range(4) for p in product(PIECES, repeat=n)]
    texts += ["".join(random.choices(PIECES, k=random.randint(4, 30))) for _ in range(4000)]
    assert sum(_by_the_csv_module(t) is not None for t in texts) > 3000
    for text in texts:
        assert _read(text) == _by_the_csv_module(text), repr(text)


def test_any_cells_are_written_as_the_csv_module_writes_them() -> None:
    random = Random(2)
    rows = [[random.choice(PIECES) * random.randint(0, 2) for _ in range(random.randint(1, 4))] for _ in range(3000)]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    assert "".join(_csv_lines(rows)) == out.getvalue()


def test_a_file_is_read_for_its_hash_again_once_anybody_wrote_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n")
    about = path.stat()
    first = Hashes()
    first.of(path)
    # Written to a moment ago: it may be written to again within the same tick of the clock.
    assert first.found == {}
    monkeypatch.setattr(delivery, "SETTLED_NS", 0)
    was = first.of(path)
    with monkeypatch.context() as unreadable:
        unreadable.setattr(Path, "read_bytes", None)
        assert Hashes(first.found).of_all([path]) == [was]
    path.write_bytes(b"b\n")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert Hashes(first.found).of(path) == Hashes().of(path) != was
