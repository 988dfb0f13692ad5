"""Reading the archived inspection reports, and landing what they say as tables of their own.

``landing/ofsted_reports/<table>/read.csv`` holds the rows of every report in the archive, all text, beside a
``_header.csv`` that is there when no report has arrived. The columns of :data:`TABLES` are the layout. What a
report says is kept under its hash in ``landing/ofsted_reports/.read/<reader version>/``, so that no report is read
twice by the same rules; what its file's name and people add is put beside it each time (`naming`), and the words of the
recommendations are coded again where the codebook has changed. Where none of that has changed, the tables stay.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.common.files import read_json, sha256_of, write_atomically
from flows.common.settings import Settings
from flows.documents.columns import COLUMNS, NAMED
from flows.landing.archive import Archive, Kept, Provenance
from flows.landing.quarantine import held_documents
from flows.landing.under_way import ASK_AGAIN

if TYPE_CHECKING:
    from flows.documents.rows import Row

#: Landed table (of those that a report fills) -> its rows, as JSON keeps them.
Reading = dict[str, list[dict[str, Any]]]
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
    "report": (*NAMED, *COLUMNS["reports"]),
    "recommendation_theme": ("file", "sha256", "item", "theme", "category", "code", "coder", "words"),
    "coding": ("report_id", "item", "text_key", "theme", "coder", "version", "note"),
}
#: What a table reads as null where a cell is blank; see the `landed` macro.
_NULL = "\\N"
#: A report of the archive: its hash, its file and its provenance.
Archived = tuple[str, tuple[Path, Provenance]]
#: Fewer reports than this are read one after another: processes cost more than they save.
_WORTH_WORKERS = 4


@dataclass(frozen=True)
class ReportsRead:
    """What a reading did: reports in the archive, those read now, refused and not placed, and the recommendations."""

    reports: int = 0
    read_now: int = 0
    refused: int = 0
    not_placed: int = 0
    recommendations: int = 0

    def text(self) -> str:
        """One line for people."""
        unplaced = (
            f"{self.not_placed} of no known authority (`csw report-quality --exceptions`); " if self.not_placed else ""
        )
        return (
            f"{self.reports} reports: {self.read_now} read now, {self.reports - self.read_now} known; "
            f"{self.refused} refused, with the reason in marts.fct_report; {unplaced}"
            f"{self.recommendations} recommendations."
        )


def write_headers(settings: Settings) -> None:
    """A header-only file per table, so that a warehouse without any report is built all the same."""
    for table, columns in TABLES.items():
        path = settings.landing / SOURCE / table / "_header.csv"
        line = (",".join(columns) + "\n").encode()
        if not path.exists() or path.read_bytes() != line:
            write_atomically(path, line)


def read_archived(settings: Settings, workers: int | None = None) -> ReportsRead:
    """Read every archived report that these rules have not read, and land the rows of all.

    Args:
        settings: where things are kept.
        workers: processes; see :func:`flows.documents.batch.read_reports`.

    Raises:
        CswError: the disk refuses, or the file of people's placements is not as it should be.
    """
    write_headers(settings)
    held = {provenance.sha256: (path, provenance) for path, provenance in _archived(settings)}
    reports = sorted(held.items(), key=lambda x: (x[1][0].name, x[0]))
    made_from = _made_from(settings, reports)
    landed = _landed_before(settings, made_from, reports)
    if landed is None:
        landed = _land(settings, reports, workers)
        _remember(settings, made_from, reports, landed)
    return landed


def _land(settings: Settings, reports: list[Archived], workers: int | None) -> ReportsRead:
    """Read what was not read yet, and write the tables."""
    from flows.documents.authority import load_authorities
    from flows.documents.naming import named
    from flows.documents.placements import read_placements

    readings = {sha: _reading(settings, sha) for sha, _ in reports}
    new = [(sha, path) for sha, (path, _) in reports if readings[sha] is None]
    readings |= _read(settings, new, workers)
    authorities, placements = load_authorities(settings.seeds), read_placements(settings)
    # Landing reads a PDF that no name makes known; it is new to the tables all the same.
    read_now = {sha for sha, _ in new} | ({sha for sha, _ in reports} - _in_the_table(settings))
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for sha, (path, provenance) in reports:
        said = readings[sha] or {}
        for table in _READ:
            # The same bytes may have come under another name since.
            rows[table] += [{**row, "file": path.name} for row in said[table]]
        delivered_as = provenance.delivered_as or path.name
        row = {**rows["report"][-1], "reader_version": reader_version()}
        rows["report"][-1] = named(row, delivered_as, authorities, placements.get(sha))
    rows["recommendation_theme"] = list(_coded(settings, rows["recommendation"]))
    rows["coding"] = list(_codings(settings))
    for table, columns in TABLES.items():
        _write(settings.landing / SOURCE / table / "read.csv", columns, rows[table])
    _forget_older_readings(settings)
    read = [row for row in rows["report"] if row["status"] == "read"]
    return ReportsRead(
        reports=len(reports),
        read_now=len(read_now),
        refused=len(rows["report"]) - len(read),
        not_placed=sum(row["la_code"] is None for row in read),
        recommendations=len(rows["recommendation"]),
    )


def _in_the_table(settings: Settings) -> set[str]:
    """Hashes of the reports that the landed table has by the rules of today; none where it cannot be read."""
    try:
        with (settings.landing / SOURCE / "report" / "read.csv").open(newline="", encoding="utf-8") as file:
            return {row["sha256"] for row in csv.DictReader(file) if row["reader_version"] == reader_version()}
    except (OSError, ValueError, KeyError, csv.Error):
        return set()


def _made_from(settings: Settings, reports: list[Archived]) -> str:
    """A hash of everything that the tables of reports are made from."""
    said = [(sha, path.name, provenance.delivered_as) for sha, (path, provenance) in reports]
    digest = hashlib.sha256(json.dumps([reader_version(), said]).encode())
    for root in (Path(__file__).parent / "themes", settings.seeds, settings.coding):
        for path in sorted(p for p in root.rglob("*") if p.suffix in {".csv", ".py", ".yml"}):
            digest.update(f"\n{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _landed_before(settings: Settings, made_from: str, reports: list[Archived]) -> ReportsRead | None:
    """What a reading landed that was made from the same, where its tables stand as it wrote them."""
    try:
        said = json.loads(_memory(settings).read_bytes())
        if said["made_from"] == made_from and said["files"] == _as_they_stand(settings, reports):
            return replace(ReportsRead(**said["landed"]), read_now=0)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _remember(settings: Settings, made_from: str, reports: list[Archived], landed: ReportsRead) -> None:
    try:
        there = _as_they_stand(settings, reports)
    except FileNotFoundError:
        return  # one of them is to be read again
    state = {"made_from": made_from, "files": there, "landed": asdict(landed)}
    write_atomically(_memory(settings), json.dumps(state).encode())


def _memory(settings: Settings) -> Path:
    return settings.landing / SOURCE / ".read" / "landed.json"


def _as_they_stand(settings: Settings, reports: list[Archived]) -> list[list[int]]:
    """Size and times of the tables and of what was read, which tell whether anybody wrote to them."""
    found = [path.stat() for path in (*read_tables(settings), *(_kept(settings, sha) for sha, _ in reports))]
    return [[about.st_size, about.st_mtime_ns, about.st_ctime_ns] for about in found]


def read_tables(settings: Settings) -> list[Path]:
    """The landed files of the reports as they stand, in a fixed order; some may be absent."""
    return [settings.landing / SOURCE / table / "read.csv" for table in TABLES]


def open_reports(settings: Settings) -> list[tuple[str, str, str]]:
    """Landed reports that people may have to look at: file, hash, and why; none before anything was read.

    Those of no known authority, those without a day of publication in their text, their file's name, an index or by
    hand, and those that were refused.
    """
    path = settings.landing / SOURCE / "report" / "read.csv"
    if not path.exists():
        return []
    listed = _listed_files(settings)
    found = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            value = {name: None if cell == _NULL else cell for name, cell in row.items()}
            whys = []
            if value["status"] != "read":
                whys.append(f"refused, {value['refusal_reason']}: {value['refusal_detail']}")
            elif value["la_code"] is None:
                whys.append(f"of no known authority: {value['la_reason']}")
            days = (value["publication_date"], value["file_name_date"], value["placed_publication_date"])
            if value["status"] == "read" and not any(days) and row["file"] not in listed:
                whys.append("no day of publication in its text, in the name of its file or in an index")
            if whys:
                found.append((row["delivered_as"], row["sha256"], "; ".join(whys)))
    return found


def _listed_files(settings: Settings) -> set[str]:
    """Names of the files in the landed indexes of reports."""
    names: set[str] = set()
    for path in (settings.landing / SOURCE / "report_index").glob("[!_]*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            names |= {row["file"] for row in csv.DictReader(file)}
    return names


class ReportRecogniser:
    """Tells landing which PDFs of any name are inspection reports: by reading them, once.

    What is a report of Ofsted, of whatever kind, or a report of somebody else that is refused by name, belongs to this
    publication. What cannot be opened, or is about something else, does not: its name alone would make it one.

    Attributes:
        digest: changes with the rules, so that a file that was not recognised is looked at again.
    """

    def __init__(self, settings: Settings, workers: int | None = None) -> None:
        self.settings, self.workers = settings, workers
        self.digest = reader_version()

    def __call__(self, paths: Sequence[Path]) -> list[str | None]:
        """The publication that each file belongs to, or None; :data:`ASK_AGAIN` where it could not be read now."""
        hashes = [sha256_of(path.read_bytes()) for path in paths]
        known = dict(zip(hashes, paths, strict=True))
        readings = {sha: _reading(self.settings, sha) for sha in known}
        new = [(sha, path) for sha, path in known.items() if readings[sha] is None]
        readings |= _read(self.settings, new, self.workers)
        return [self._publication(readings[sha] or {}) for sha in hashes]

    def _publication(self, reading: Reading) -> str | None:
        if not _is_to_be_kept(reading):
            return ASK_AGAIN
        return SOURCE if self._is_report(reading) else None

    def _is_report(self, reading: Reading) -> bool:
        (row,) = reading["report"]
        return bool(row["report_kind"]) or row["refusal_reason"] in (
            "other_inspectorate",
            "other_provider",
            "two_reports",
        )


@cache
def reader_version() -> str:
    """Digest of the rules: of the source of this package, and of the version of the library that opens a PDF."""
    from importlib.metadata import version

    digest = hashlib.sha256(version("pypdfium2").encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _archived(settings: Settings) -> Iterator[tuple[Path, Provenance]]:
    held = held_documents(settings)
    for path, provenance in Archive(settings.archive).all(SOURCE):
        if provenance.edition != "documents" or provenance.sha256 in held:
            continue
        # What was read once stays read; bytes that are read again have to be those that came.
        if _reading(settings, provenance.sha256) is not None or Kept(path, provenance).is_whole():
            yield path, provenance


def _kept(settings: Settings, sha: str) -> Path:
    return settings.landing / SOURCE / ".read" / reader_version() / f"{sha}.json"


def _reading(settings: Settings, sha: str) -> Reading | None:
    """What was read of a report before; None where it was not, or what is kept of it is not as it was written."""
    try:
        said = read_json(_kept(settings, sha))
        return dict(said["read"]) if said["digest"] == _digest(said["read"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(read: Any) -> str:
    return sha256_of(json.dumps(read, default=str, ensure_ascii=False).encode())


def _forget_older_readings(settings: Settings) -> None:
    """Remove what older rules read: nobody asks for it again."""
    for folder in (settings.landing / SOURCE / ".read").glob("*"):
        if folder.is_dir() and folder.name != reader_version():
            shutil.rmtree(folder, ignore_errors=True)


def _read(settings: Settings, new: list[tuple[str, Path]], workers: int | None) -> dict[str, Reading]:
    """Read reports and keep what they say."""
    if not new:
        return {}
    from flows.documents.batch import read_reports
    from flows.documents.rows import tables

    few = len(new) < _WORTH_WORKERS
    readings = {}
    for (sha, _), result in zip(
        new, read_reports([path for _, path in new], 1 if few and workers is None else workers), strict=True
    ):
        found = tables([result])
        said = {table: getattr(found, rows) for table, rows in _READ.items()}
        for row in (row for rows in said.values() for row in rows):
            row["sha256"] = sha
        # As it will be read again: dates are text.
        plain = readings[sha] = json.loads(json.dumps(said, default=str))
        if _is_to_be_kept(plain):
            kept = json.dumps({"digest": _digest(plain), "read": plain}, ensure_ascii=False)
            write_atomically(_kept(settings, sha), kept.encode())
    return readings


def _is_to_be_kept(reading: Reading) -> bool:
    """Whether the next reading would say the same: a reader that was ended, or could open nothing, says nothing of the
    document."""
    (row,) = reading["report"]
    return row["refusal_reason"] not in ("reader_died", "unreadable_file")


def _coded(settings: Settings, recommendations: list[Row]) -> Iterator[Row]:
    """The rules' coding of every recommendation; kept under the hash of the words and the codebook."""
    from flows.documents.themes.coder import CODEBOOK, CODER

    rules = hashlib.sha256(CODEBOOK.read_bytes() + Path(CODEBOOK).with_name("coder.py").read_bytes()).hexdigest()
    path = settings.landing / SOURCE / ".read" / "themes.json"
    known = _coded_before(path, rules)
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
        write_atomically(
            path, json.dumps({"rules": rules, "digest": _digest(coded), "items": coded}, ensure_ascii=False).encode()
        )


def _coded_before(path: Path, rules: str) -> dict[str, Any]:
    """The codings that are kept; none where they are of other rules, or not as they were written."""
    try:
        kept = read_json(path)
        return dict(kept["items"]) if kept["rules"] == rules and kept["digest"] == _digest(kept["items"]) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


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
