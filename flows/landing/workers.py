"""Reading files in worker processes: each is recognised, read, checked against what is mapped, and written clean."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.common.errors import CswError, NotDescribed, RefusedFile
from flows.common.processes import work_for_parent
from flows.landing.grids import label
from flows.landing.mapping import mapped_columns
from flows.landing.recognise import Fit, is_document_name, recognise
from flows.landing.tables import META, LandedTable, land
from flows.sources.passport import load_passports

#: Fewer files than this are not worth starting processes for.
WORTH_WORKERS = 4


@dataclass(frozen=True)
class Job:
    """A file to read: where it is, what to call it in messages, and where the clean tables go.

    ``edition`` is given where the file turned out to be a revision of one that is landed already.
    """

    passports: Path
    path: Path
    name: str
    sha256: str
    incoming: Path
    edition: str | None = None


@dataclass(frozen=True)
class ReadTable:
    """One clean table, written to ``path`` and not yet in its place."""

    table: str
    shape: str
    path: Path
    rows: int
    columns: list[tuple[str, str]]
    units: list[tuple[str, ...]]
    first_period: str
    last_period: str


@dataclass(frozen=True)
class Read:
    """What became of a file: tables, a document, nothing known (no source), or a refusal."""

    source: str = ""
    edition: str = ""
    tables: tuple[ReadTable, ...] = ()
    is_document: bool = False
    refusal: tuple[Any, ...] | None = None
    is_not_described: bool = False
    """Whether the refusal only says that no passport describes the edition yet."""


def read_files(jobs: list[Job], workers: int | None = None) -> Iterator[Read]:
    """Read files, in the order given.

    Args:
        jobs: what to read.
        workers: processes; the number of cores when absent.
    """
    workers = workers or os.cpu_count() or 1
    if len(jobs) < WORTH_WORKERS or workers == 1:
        yield from map(read_file, jobs)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    # The longest first, so that no core is left with one large file at the end.
    order = sorted(range(len(jobs)), key=lambda i: -jobs[i].path.stat().st_size)
    results: dict[int, Read] = {}
    try:
        with ProcessPoolExecutor(workers, mp_context=context, initializer=work_for_parent) as pool:
            for i, done in zip(order, pool.map(read_file, [jobs[i] for i in order], chunksize=4), strict=True):
                results[i] = done
    except BrokenProcessPool as exc:
        raise CswError(
            "a process that reads files was ended from outside, as happens where memory runs out. Nothing was landed; "
            "what is published stays. Make room and run again."
        ) from exc
    yield from (results[i] for i in range(len(jobs)))


def read_file(job: Job) -> Read:
    """Recognise, read and write one file; a refusal is an answer, not an exception."""
    passports = load_passports(job.passports)
    try:
        found = recognise(job.path.read_bytes(), job.name, passports)
        if found is None:
            return Read()
        if found.is_document:
            return Read(found.source, "documents", is_document=True)
        done = [_read_table(job, fit) for fit in found.fits]
        return Read(found.source, done[0][0], tuple(t for _, t in done))
    except RefusedFile as exc:
        refusal = (exc.file, exc.problem, exc.row, exc.column, exc.advice)
        is_document = is_document_name(job.name, passports)
        return Read(refusal=refusal, is_document=is_document, is_not_described=isinstance(exc, NotDescribed))


def _read_table(job: Job, fit: Fit) -> tuple[str, ReadTable]:
    out = job.incoming / f"{job.sha256[:16]}-{fit.table.table}.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    root = job.passports.parents[1]
    if fit.grid.name == "parquet":
        from flows.landing.parquet import land_parquet

        table, rows, units = land_parquet(job.path, job.name, fit, job.sha256, out, job.edition)
    else:
        table = land(fit, job.name)
        rows = len(table.rows)
        units = [(*unit, str(n)) for unit, n in sorted(Counter(tuple(r[1:5]) for r in table.rows).items())]
        _write(table, job.edition or table.edition, job.sha256, out)
    mapped_columns(root).check(fit.passport.source, table, job.name)
    periods = sorted(table.periods)
    return job.edition or table.edition, ReadTable(
        table=fit.table.table,
        shape=fit.table.shape,
        path=out,
        rows=rows,
        columns=_roles(fit, table.columns),
        units=units,
        first_period=periods[0] if periods else "",
        last_period=periods[-1] if periods else "",
    )


def _write(table: LandedTable, edition: str, sha: str, out: Path) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*META, *table.columns])
    front = [table.source, table.table, edition, sha]
    writer.writerows([*front, *row] for row in table.rows)
    out.write_text(buffer.getvalue(), encoding="utf-8")


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
