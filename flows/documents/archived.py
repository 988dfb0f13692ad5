"""Reading the archived inspection reports, and landing what they say as tables of their own.

``landing/ofsted_reports/<table>/read.csv`` holds the rows of every report in the archive, all text, beside a
``_header.csv`` that stands there when no report has arrived. The columns of :data:`TABLES` are the layout. What a
report says is kept under its hash in ``landing/ofsted_reports/.read/<reader version>/``, so that no report is read
twice by the same reader; the words of the recommendations are coded again where the codebook has changed.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.documents.report import READER_VERSION
from flows.documents.rows import COLUMNS, Row, tables
from flows.landing.archive import Archive, Kept
from flows.landing.quarantine import held_documents

#: The publication whose documents are read.
SOURCE = "ofsted_reports"
#: Landed table -> name of the same rows in :mod:`flows.documents.rows`.
_READ = {
    "report": "reports",
    "judgement": "judgements",
    "previous_judgement": "previous_judgements",
    "recommendation": "recommendations",
}
#: Landed table -> its columns.
TABLES: dict[str, tuple[str, ...]] = {
    **{table: COLUMNS[rows] for table, rows in _READ.items()},
    "recommendation_theme": ("file", "sha256", "item", "theme", "category", "code", "coder", "words"),
    "coding": ("report_id", "item", "text_key", "theme", "coder", "version", "note"),
}
#: What a table reads as null where a cell is blank; see the `landed` macro.
_NULL = "\\N"
#: Fewer reports than this are read one after another: processes cost more than they save.
_WORTH_WORKERS = 4


@dataclass(frozen=True)
class ReportsRead:
    """What a reading did: reports in the archive, those read now, those refused, and the recommendations of all."""

    reports: int = 0
    read_now: int = 0
    refused: int = 0
    recommendations: int = 0

    def text(self) -> str:
        """One line for people."""
        return (
            f"{self.reports} reports: {self.read_now} read now, {self.reports - self.read_now} known; "
            f"{self.refused} refused, with the reason in marts.fct_report; {self.recommendations} recommendations."
        )


def write_headers(settings: Settings) -> None:
    """A header-only file per table, so that a warehouse without any report is built all the same."""
    for table, columns in TABLES.items():
        path = settings.landing / SOURCE / table / "_header.csv"
        line = (",".join(columns) + "\n").encode()
        if not path.exists() or path.read_bytes() != line:
            write_atomically(path, line)


def read_archived(settings: Settings, workers: int | None = None) -> ReportsRead:
    """Read every archived report that this reader has not read, and land the rows of all.

    Args:
        settings: where things are kept.
        workers: processes; see :func:`flows.documents.batch.read_reports`.

    Raises:
        CswError: the disk refuses.
    """
    write_headers(settings)
    reports = sorted({sha: path for path, sha in _archived(settings)}.items(), key=lambda x: (x[1].name, x[0]))
    new = [(sha, path) for sha, path in reports if not _kept(settings, sha).exists()]
    _read(settings, new, workers)
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for sha, path in reports:
        said = json.loads(_kept(settings, sha).read_text(encoding="utf-8"))
        for table in _READ:
            # The same bytes may have come under another name since.
            rows[table] += [{**row, "file": path.name} for row in said[table]]
    rows["recommendation_theme"] = list(_coded(settings, rows["recommendation"]))
    rows["coding"] = list(_codings(settings))
    for table, columns in TABLES.items():
        _write(settings.landing / SOURCE / table / "read.csv", columns, rows[table])
    return ReportsRead(
        reports=len(reports),
        read_now=len(new),
        refused=sum(row["status"] == "refused" for row in rows["report"]),
        recommendations=len(rows["recommendation"]),
    )


def read_tables(settings: Settings) -> list[Path]:
    """The landed files of the reports as they stand, in a fixed order; some may be absent."""
    return [settings.landing / SOURCE / table / "read.csv" for table in TABLES]


def _archived(settings: Settings) -> Iterator[tuple[Path, str]]:
    held = held_documents(settings)
    for path, provenance in Archive(settings.archive).all(SOURCE):
        if provenance.edition != "documents" or provenance.sha256 in held:
            continue
        # What was read once stays read; bytes that are read again have to be those that came.
        if _kept(settings, provenance.sha256).exists() or Kept(path, provenance).is_whole():
            yield path, provenance.sha256


def _kept(settings: Settings, sha: str) -> Path:
    return settings.landing / SOURCE / ".read" / READER_VERSION / f"{sha}.json"


def _read(settings: Settings, new: list[tuple[str, Path]], workers: int | None) -> None:
    if not new:
        return
    from flows.documents.batch import read_reports

    few = len(new) < _WORTH_WORKERS
    for (sha, _), result in zip(
        new, read_reports([path for _, path in new], 1 if few and workers is None else workers), strict=True
    ):
        found = tables([result])
        said = {table: getattr(found, rows) for table, rows in _READ.items()}
        for row in (row for rows in said.values() for row in rows):
            row["sha256"] = sha
        write_atomically(_kept(settings, sha), json.dumps(said, default=str, ensure_ascii=False).encode())


def _coded(settings: Settings, recommendations: list[Row]) -> Iterator[Row]:
    """The rules' coding of every recommendation; kept under the hash of the words and the codebook."""
    from flows.documents.themes.coder import CODEBOOK, CODER

    rules = hashlib.sha256(CODEBOOK.read_bytes() + Path(CODEBOOK).with_name("coder.py").read_bytes()).hexdigest()
    path = settings.landing / SOURCE / ".read" / "themes.json"
    known: dict[str, Any] = {}
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        known = kept["items"] if kept["rules"] == rules else {}
    coded: dict[str, Any] = {}
    for row in recommendations:
        key = hashlib.sha256(row["text"].encode()).hexdigest()
        coded[key] = known[key] if key in known else _matches(row["text"])
        for theme, category, code, words in coded[key]:
            yield {
                **{name: row[name] for name in ("file", "sha256", "item")},
                "theme": theme,
                "category": category,
                "code": code,
                "coder": CODER,
                "words": words,
            }
    if coded != known:
        write_atomically(path, json.dumps({"rules": rules, "items": coded}, ensure_ascii=False).encode())


def _matches(text: str) -> list[list[str]]:
    from flows.documents.themes.coder import code_text

    return [[m.theme, m.category, m.code, " | ".join(m.words)] for m in code_text(text)]


def _codings(settings: Settings) -> Iterator[Row]:
    """What people have coded: the newest coding of each item by each coder."""
    from flows.documents.themes.codings import Codings

    for coding in Codings(settings.coding).newest():
        for theme in coding.themes or ("",):
            yield {
                "report_id": coding.report_id,
                "item": coding.item,
                "text_key": coding.text_key,
                "theme": theme,
                "coder": coding.coder,
                "version": coding.version,
                "note": coding.note,
            }


def _write(path: Path, columns: tuple[str, ...], rows: list[Row]) -> None:
    """Write a table, unless these bytes stand there already."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_NULL if row[c] is None else row[c] for c in columns] for row in rows)
    data = buffer.getvalue().encode()
    if not path.exists() or path.read_bytes() != data:
        write_atomically(path, data)
