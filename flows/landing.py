"""Landing: archive what arrived, and write one clean UTF-8 CSV per table and edition.

``landing/<source>/<table>/<edition>.csv`` holds the publisher's rows and column names as text; in front stand the
columns of :data:`flows.tables.META`. ``landing/catalogue.csv`` says what is landed; it is written last, so a landing
that was cut off is simply done again. Nothing here knows what a number means.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.archive import Archive, Provenance, content_sha256_of, sha256_of, write_atomically
from flows.errors import CswError, RefusedFile
from flows.passports import Passport, load_passports, passports_digest
from flows.readers import label
from flows.recognition import Fit, recognise
from flows.settings import Settings
from flows.tables import META, LandedTable, land

#: Changing how files are read lands everything again.
READER_VERSION = "1"

#: What ``units.csv`` says of a place: how the publisher codes and names it, and on how many rows.
UNIT_COLUMNS = ("level", "unit_code", "unit_ons_code", "unit_name", "row_count")


@dataclass(frozen=True)
class Landed:
    """One line of the catalogue: a table of an edition and where it came from."""

    source: str
    table_name: str
    edition: str
    shape: str
    symbols: str
    role: str
    file: str
    sha256: str
    content_sha256: str
    published_on: str
    published_basis: str
    maturity: str
    landed_at: str
    url: str
    row_count: int
    column_count: int
    first_period: str
    last_period: str


@dataclass
class LandingReport:
    """What a landing did, for people and for the next step."""

    landed: list[Landed] = field(default_factory=list)
    documents: int = 0
    unchanged: int = 0
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    unrecognised: list[str] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def changed_sources(self) -> list[str]:
        """Publications of which something new was landed."""
        return sorted({x.source for x in self.landed})


@dataclass(frozen=True)
class _Done:
    """A worker's answer for one file."""

    path: str
    source: str = ""
    edition: str = ""
    tables: tuple[dict[str, Any], ...] = ()
    is_document: bool = False
    refused: tuple[Any, ...] | None = None


def catalogue_path(settings: Settings) -> Path:
    """Where the catalogue stands."""
    return settings.landing / "catalogue.csv"


def read_catalogue(settings: Settings) -> list[Landed]:
    """Everything landed, or nothing when there is no landing yet."""
    path = catalogue_path(settings)
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as f:
        return [
            Landed(**{**row, "row_count": int(row["row_count"]), "column_count": int(row["column_count"])})  # type: ignore[arg-type]
            for row in csv.DictReader(f)
        ]


def read_columns(settings: Settings) -> dict[tuple[str, str, str], list[tuple[str, str]]]:
    """Columns of every landed table with their role (key, filter, text, figure), by source, table and edition."""
    path = settings.landing / "columns.csv"
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as f:
            for r in csv.DictReader(f):
                found.setdefault((r["source"], r["table_name"], r["edition"]), []).append((r["column_name"], r["role"]))
    return found


def read_units(settings: Settings) -> dict[tuple[str, str, str], list[tuple[str, ...]]]:
    """The places that every landed table names (level, code, ONS code, name, rows), by source, table and edition."""
    path = settings.landing / "units.csv"
    found: dict[tuple[str, str, str], list[tuple[str, ...]]] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as f:
            for source, table, edition, *unit in list(csv.reader(f))[1:]:
                found.setdefault((source, table, edition), []).append(tuple(unit))
    return found


def land_returns(settings: Settings, folder: Path, *, workers: int | None = None) -> LandingReport:
    """Land every file of a folder, in whatever arrangement.

    Files that no passport knows, and files that a passport knows and cannot take, are listed; they stop nothing else.

    Args:
        settings: where things are kept.
        folder: publishers' files; read, never changed.
        workers: processes; the number of cores when absent.

    Raises:
        CswError: the folder is absent or holds no file.
    """
    if not folder.is_dir():
        raise CswError(f"{folder} is not a folder. Give the folder that holds the publishers' files.")
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not paths:
        raise CswError(f"{folder} holds no files. Put the publishers' files there, in any arrangement.")
    return land_files(settings, paths, folder, workers=workers)


def land_files(settings: Settings, paths: list[Path], folder: Path, *, workers: int | None = None) -> LandingReport:
    """Land the given files; see :func:`land_returns`."""
    passports = load_passports(settings.passports)
    digest = READER_VERSION + passports_digest(settings.passports)
    ledger = _read_ledger(settings, digest)
    report = LandingReport()
    incoming = settings.landing / ".incoming"
    if incoming.exists():
        shutil.rmtree(incoming)
    catalogue = {(x.source, x.table_name, x.edition): x for x in read_catalogue(settings) if _is_whole(settings, x)}
    if not ledger:
        catalogue = {}
    known_content = {x.content_sha256: x for x in catalogue.values()}

    columns = {k: v for k, v in read_columns(settings).items() if k in catalogue}
    units = {k: v for k, v in read_units(settings).items() if k in catalogue}
    inventory = _inventory(folder)
    with ThreadPoolExecutor(4) as pool:
        hashes = list(pool.map(lambda p: _hash(p), paths))
    todo: list[tuple[Path, str, str]] = []
    first: dict[str, str] = {}
    for path, (sha, content) in zip(paths, hashes, strict=True):
        rel = path.relative_to(folder).as_posix()
        if path.name == "MANIFEST.csv":
            continue
        said = inventory.get(rel, {}).get("sha256")
        if said and said != sha:
            report.refused.append(
                RefusedFile(rel, "its bytes are not those that MANIFEST.csv records.", advice="Download it again.")
            )
            continue
        state = ledger.get(sha)
        if state == "document" or (state == "landed" and content in known_content):
            report.unchanged += 1
        elif state == "unrecognised":
            report.unrecognised.append(rel)
        elif content in first:
            report.duplicates.append((rel, first[content]))
        elif content in known_content:
            report.unchanged += 1
            ledger[sha] = "landed"
        else:
            first[content] = rel
            todo.append((path, sha, content))

    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    archive = Archive(settings.archive)
    by_source = {p.source: p for p in passports}
    for done, (path, sha, content) in zip(_work(settings, todo, folder, incoming, workers), todo, strict=True):
        rel = path.relative_to(folder).as_posix()
        if done.refused is not None:
            file, problem, row, column, advice = done.refused
            report.refused.append(RefusedFile(file, problem, row=row, column=column, advice=advice))
            continue
        if not done.source:
            ledger[sha] = "unrecognised"
            report.unrecognised.append(rel)
            continue
        passport = by_source[done.source]
        edition = done.edition
        if not done.is_document:
            edition, taken = _free_edition(catalogue, done, content)
            if taken and edition != done.edition:
                done = next(_work(settings, [(path, sha, content)], folder, incoming, 1, {sha: edition}))
        provenance = _provenance(
            passport, edition, path, sha, content, inventory.get(rel, {}), now, is_revision=edition != done.edition
        )
        kept = archive.add(path.read_bytes(), provenance)
        landed_at = json.loads((kept.parent / "provenance.json").read_text())["landed_at"]
        if done.is_document:
            ledger[sha] = "document"
            report.documents += 1
            continue
        for t in done.tables:
            meta = passport.editions[_base(t["edition"])]
            entry = Landed(
                source=done.source,
                table_name=t["table"],
                edition=t["edition"],
                shape=t["shape"],
                symbols=meta.symbols,
                role=passport.role,
                file=path.name,
                sha256=sha,
                content_sha256=content,
                published_on=provenance.published_on,
                published_basis=provenance.published_basis,
                maturity=meta.maturity,
                landed_at=landed_at,
                url=provenance.url,
                row_count=t["rows"],
                column_count=t["columns"],
                first_period=t["first_period"],
                last_period=t["last_period"],
            )
            target = landed_path(settings, entry.source, entry.table_name, entry.edition)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(t["path"], target)
            catalogue[(entry.source, entry.table_name, entry.edition)] = entry
            columns[(entry.source, entry.table_name, entry.edition)] = t["roles"]
            units[(entry.source, entry.table_name, entry.edition)] = t["units"]
            report.landed.append(entry)
        ledger[sha] = "landed"

    _write_headers(settings, passports)
    _write_columns(settings, columns)
    _write_units(settings, units)
    _write_catalogue(settings, catalogue.values())
    write_atomically(
        settings.landing / "ledger.json", json.dumps({"digest": digest, "files": ledger}, indent=0).encode()
    )
    if incoming.exists():
        shutil.rmtree(incoming)
    have = {(x.source, x.table_name, _base(x.edition)) for x in catalogue.values()}
    for p in passports:
        for t in p.tables:
            for e in t.editions or ([t.edition] if t.edition else []):
                if (p.source, t.table, e) not in have and t.shape != "documents":
                    report.missing.append(f"{p.source} {t.table} {e}")
    return report


def landed_path(settings: Settings, source: str, table: str, edition: str) -> Path:
    """Where a landed table stands."""
    return settings.landing / source / table / f"{edition}.csv"


def _base(edition: str) -> str:
    return edition.split("-r")[0]


def _is_whole(settings: Settings, entry: Landed) -> bool:
    return landed_path(settings, entry.source, entry.table_name, entry.edition).exists()


def _hash(path: Path) -> tuple[str, str]:
    data = path.read_bytes()
    return sha256_of(data), content_sha256_of(data)


def _inventory(folder: Path) -> dict[str, dict[str, str]]:
    """The folder's own MANIFEST.csv (file, sha256, copy_of), where there is one: proof against a damaged copy."""
    path = folder / "MANIFEST.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as f:
        return {row["file"]: row for row in csv.DictReader(f) if row.get("file")}


def _read_ledger(settings: Settings, digest: str) -> dict[str, str]:
    path = settings.landing / "ledger.json"
    if not path.exists():
        return {}
    state = json.loads(path.read_text())
    return dict(state["files"]) if state.get("digest") == digest else {}


def _free_edition(catalogue: dict[tuple[str, str, str], Landed], done: _Done, content: str) -> tuple[str, bool]:
    """The edition under which a file is kept: other bytes at a known place become a revision of it."""
    edition, n = done.edition, 1
    while any(
        (e := catalogue.get((done.source, t["table"], edition))) is not None and e.content_sha256 != content
        for t in done.tables
    ):
        n += 1
        edition = f"{done.edition}-r{n}"
    return edition, n > 1


def _provenance(
    passport: Passport,
    edition: str,
    path: Path,
    sha: str,
    content: str,
    known: dict[str, str],
    now: str,
    *,
    is_revision: bool,
) -> Provenance:
    meta = passport.editions.get(_base(edition))
    published_on = meta.published_on.isoformat() if meta else ""
    basis = meta.published_basis if meta else "usual"
    if is_revision:
        # An amendment's own date is not in the file: it was published by the day it was first seen.
        published_on = max(published_on, now[:10])
    return Provenance(
        source=passport.source,
        edition=edition,
        file=path.name,
        sha256=sha,
        content_sha256=content,
        bytes=path.stat().st_size,
        landed_at=now,
        published_on=published_on,
        published_basis=basis,
        url=(meta.url if meta and meta.url else known.get("copy_of", "")) or passport.homepage,
    )


def _work(
    settings: Settings,
    todo: list[tuple[Path, str, str]],
    folder: Path,
    incoming: Path,
    workers: int | None,
    editions: dict[str, str] | None = None,
) -> Iterable[_Done]:
    jobs = [
        (
            str(settings.passports),
            str(p),
            p.relative_to(folder).as_posix(),
            sha,
            str(incoming),
            (editions or {}).get(sha),
        )
        for p, sha, _ in todo
    ]
    workers = workers or os.cpu_count() or 1
    if len(jobs) < 4 or workers == 1:
        yield from map(_process, jobs)
        return
    import multiprocessing

    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    # The longest first, so that no core is left with one large file at the end.
    order = sorted(range(len(jobs)), key=lambda i: -todo[i][0].stat().st_size)
    results: dict[int, _Done] = {}
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for i, done in zip(order, pool.map(_process, [jobs[i] for i in order], chunksize=4), strict=True):
            results[i] = done
    yield from (results[i] for i in range(len(jobs)))


def _process(job: tuple[str, str, str, str, str, str | None]) -> _Done:
    """Recognise, read and write one file; runs in a worker process."""
    passport_folder, path, rel, sha, incoming, forced_edition = job
    passports = load_passports(Path(passport_folder))
    try:
        data = Path(path).read_bytes()
        found = recognise(data, rel, passports)
        if found is None:
            return _Done(rel)
        if found.is_document:
            return _Done(rel, found.source, "documents", is_document=True)
        tables = []
        edition = ""
        for fit in found.fits:
            out = Path(incoming) / f"{sha[:16]}-{fit.table.table}.csv"
            out.parent.mkdir(parents=True, exist_ok=True)
            if fit.grid.name == "parquet":
                from flows.parquet import land_parquet

                info = land_parquet(Path(path), rel, fit, sha, out, forced_edition)
            else:
                landed = land(fit, rel)
                _check_mapped(fit.passport.source, landed, rel, Path(passport_folder).parents[1])
                info = _write_table(landed, forced_edition or landed.edition, sha, out)
            edition = info["edition"]
            info["roles"] = _roles(fit, info.pop("names"))
            tables.append({"table": fit.table.table, "shape": fit.table.shape, "path": str(out), **info})
        return _Done(rel, found.source, edition, tuple(tables))
    except RefusedFile as exc:
        return _Done(rel, refused=(exc.file, exc.problem, exc.row, exc.column, exc.advice))


def _check_mapped(source: str, landed: LandedTable, path: str, root: Path) -> None:
    """Every column and filter that ``measure_source.csv`` maps must be there.

    Raises:
        RefusedFile: one is not; the message names it and what is nearest.
    """
    from flows.mapping import mapped_columns

    mapped_columns(root).check(source, landed, path)


def _write_table(landed: LandedTable, edition: str, sha: str, out: Path) -> dict[str, Any]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*META, *landed.columns])
    front = [landed.source, landed.table, edition, sha]
    writer.writerows([*front, *row] for row in landed.rows)
    out.write_text(buffer.getvalue(), encoding="utf-8")
    periods = sorted(landed.periods)
    return {
        "edition": edition,
        "rows": len(landed.rows),
        "columns": len(landed.columns),
        "names": landed.columns,
        "units": [(*unit, str(n)) for unit, n in sorted(Counter(tuple(r[1:5]) for r in landed.rows).items())],
        "first_period": periods[0] if periods else "",
        "last_period": periods[-1] if periods else "",
    }


def _roles(fit: Fit, columns: list[str]) -> list[tuple[str, str]]:
    """Which columns are keys, filters, words and figures, as the passport has it."""
    keys = {label(v) for v in fit.keys.values()}
    filters = {label(n) for v in fit.table.filter_columns(fit.reading).values() for n in v.split("|")}
    words = fit.table.text_pattern
    roles = []
    for c in columns:
        name = label(c)
        if name in keys:
            roles.append((c, "key"))
        elif name in filters:
            roles.append((c, "filter"))
        elif fit.table.shape == "attributes" or (words and words.search(c)):
            roles.append((c, "text"))
        else:
            roles.append((c, "figure"))
    return roles


def _write_headers(settings: Settings, passports: list[Passport]) -> None:
    """A header-only file per table, so that a model can read a table of which nothing has arrived yet."""
    line = (",".join(META) + "\n").encode()
    for p in passports:
        for t in p.tables:
            path = settings.landing / p.source / t.table / "_header.csv"
            if t.shape != "documents" and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(line)


def _write_columns(settings: Settings, columns: dict[tuple[str, str, str], list[tuple[str, str]]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["source", "table_name", "edition", "position", "column_name", "role"])
    for key in sorted(columns):
        writer.writerows([*key, i, name, role] for i, (name, role) in enumerate(columns[key], 1))
    write_atomically(settings.landing / "columns.csv", buffer.getvalue().encode())


def _write_units(settings: Settings, units: dict[tuple[str, str, str], list[tuple[str, ...]]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["source", "table_name", "edition", *UNIT_COLUMNS])
    for key in sorted(units):
        writer.writerows([*key, *unit] for unit in units[key])
    write_atomically(settings.landing / "units.csv", buffer.getvalue().encode())


def _write_catalogue(settings: Settings, entries: Iterable[Landed]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, [f.name for f in fields(Landed)], lineterminator="\n")
    writer.writeheader()
    for e in sorted(entries, key=lambda e: (e.source, e.table_name, e.edition)):
        writer.writerow(asdict(e))
    write_atomically(catalogue_path(settings), buffer.getvalue().encode())
