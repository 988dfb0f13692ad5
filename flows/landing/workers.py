"""Reading files in worker processes: each is recognised, read, checked, and written clean.

A file that ends its process (it asks for more memory than there is, or meets a fault in a reader of workbooks) is
refused alone: what was under way in other processes is read again.
"""

from __future__ import annotations

import csv
import gc
import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from flows.common.errors import OF_THE_MACHINE, NotDescribed, RefusedFile, is_of_the_machine
from flows.common.files import sha256_of
from flows.common.processes import work_for_parent, worker_context
from flows.landing.catalogue import base_edition
from flows.landing.checks import check_figures, check_places
from flows.landing.delivery import same_bytes
from flows.landing.figures import known_symbols
from flows.landing.fits import Fit
from flows.landing.grids import label
from flows.landing.mapping import mapped_columns
from flows.landing.recognise import Recognised, is_document_name, recognise
from flows.landing.tables import META, LandedTable, land
from flows.sources.passport import load_passports

#: Fewer files than this are not worth starting processes for, where all are text of a common size.
WORTH_WORKERS = 4
COMMON_BYTES = 20_000_000
#: What reading one file may ask for; the largest publication (a workbook of 40 MB) needs less than half.
MAX_MEMORY_BYTES = 6_000_000_000

#: File, problem, row, column and advice of a refusal, as they go from process to process.
Refusal = tuple[Any, ...]


class AnotherTable(Exception):
    """A table whose columns are those of a described one, and whose rows are of something else."""


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
    sha256: str = ""
    """Hash of what is at ``path``."""


@dataclass(frozen=True)
class Read:
    """What became of a file: tables, a document, nothing known (no source), a remark, or a refusal.

    ``refusals`` are of tables of the file that do not hold, beside ``tables``, which do; ``refusal`` is of all of it.
    ``not_described`` are of editions that no passport describes yet: nothing is wrong with them. ``remark`` says why a
    file is listed and nothing more.
    """

    source: str = ""
    edition: str = ""
    tables: tuple[ReadTable, ...] = ()
    is_document: bool = False
    refusal: Refusal | None = None
    refusals: tuple[Refusal, ...] = ()
    not_described: tuple[Refusal, ...] = ()
    remark: str = ""


def read_files(
    jobs: list[Job], workers: int | None = None, when_read: Callable[[Read], object] = lambda _: None
) -> Iterator[Read]:
    """Read files, in the order given.

    Args:
        jobs: what to read.
        workers: processes; the number of cores when absent.
        when_read: told of files as soon as they are read, in any order; not of those whose process was lost.
    """
    workers = workers or os.cpu_count() or 1
    if workers == 1 or (len(jobs) < WORTH_WORKERS and all(map(_is_plain, jobs))):
        for read in map(read_file, jobs):
            when_read(read)
            yield read
        return
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # The longest first, so that no core is left with one large file at the end.
    order = sorted(range(len(jobs)), key=lambda i: -_size(jobs[i].path))
    results: dict[int, Read] = {}
    with ProcessPoolExecutor(workers, mp_context=_context(), initializer=_begin) as pool:
        futures: dict[int, Future[Read]] = {i: pool.submit(read_file, jobs[i]) for i in order}
        for i, future in futures.items():
            try:
                results[i] = future.result()
                when_read(results[i])
            except BrokenProcessPool:
                break
    for i in range(len(jobs)):
        yield results[i] if i in results else _read_alone(jobs[i])


def _read_alone(job: Job) -> Read:
    """Read one file in a process of its own, whose end refuses that file."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    try:
        with ProcessPoolExecutor(1, mp_context=_context(), initializer=_begin) as pool:
            return pool.submit(read_file, job).result()
    except BrokenProcessPool:
        return Read(
            refusal=(
                job.name,
                "the process that read it was ended: it asks for more memory than there is, or breaks its reader.",
                None,
                None,
                "The other files went on. If it is as the publisher has it, make room and run again.",
            )
        )


def _context() -> Any:
    return worker_context()


def _begin() -> None:
    """A process that reads ends with the one that asks, and no file in it may take the machine's memory."""
    work_for_parent()
    # Rows are made by the million and hold no circles: looking for some took a fifth of the reading.
    gc.freeze()
    gc.set_threshold(500_000)
    if os.name == "posix":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = MAX_MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MAX_MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _is_plain(job: Job) -> bool:
    """Whether a file is text of a common size, which is read without a process of its own."""
    try:
        with job.path.open("rb") as f:
            head = f.read(4)
    except OSError:
        return True  # it is refused when it is read
    return not head.startswith((b"PK", b"\xd0\xcf", b"PAR1")) and _size(job.path) < COMMON_BYTES


def _size(path: Path) -> int:
    """Bytes of a file; none where it is gone again."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_file(job: Job) -> Read:
    """Recognise, read and write one file; a refusal is an answer, not an exception.

    Raises:
        OSError: the disk is full or may not be written, or no more files can be opened.
    """
    passports = load_passports(job.passports)
    try:
        found = recognise(same_bytes(job.path, job.name, job.sha256), job.name, passports)
        if found is None:
            return Read()
        if found.is_document:
            return Read(found.source, "documents", is_document=True)
        if found.remark:
            return Read(found.source, remark=found.remark)
        return _read_tables(job, found)
    except RefusedFile as exc:
        if exc.__cause__ is not None and is_of_the_machine(exc.__cause__, job.incoming):
            raise _as_system_error(exc.__cause__, job) from exc
        if isinstance(exc, NotDescribed):
            return Read(not_described=(_refusal(exc),))
        return Read(refusal=_refusal(exc), is_document=is_document_name(job.name, passports))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as exc:
        if is_of_the_machine(exc, job.incoming):
            # Whatever is read next would meet the same, and be landed no more for want of space.
            raise _as_system_error(exc, job) from exc
        # Nobody has seen every file: what breaks a reader (a panic of one is no Exception) is refused alone, and the
        # message says where to look.
        if isinstance(exc, MemoryError):
            problem = "reading it asks for more memory than one file may have."
        else:
            frame = traceback.extract_tb(exc.__traceback__)[-1]
            where = f"{Path(frame.filename).name}, line {frame.lineno}"
            problem = f"it could not be read ({type(exc).__name__}: {exc}; {where})."
        return Read(
            refusal=(job.name, problem, None, None, "Is it the publisher's file? If so, this is a fault of ours.")
        )


def _as_system_error(exc: BaseException, job: Job) -> OSError:
    """The system's error, with the place it is about; a database's message says what it was in words."""
    if isinstance(exc, OSError):
        return OSError(exc.errno, exc.strerror, str(exc.filename or job.incoming))
    number = next(n for n in OF_THE_MACHINE if os.strerror(n) in str(exc))
    return OSError(number, os.strerror(number), str(job.incoming))


def _read_tables(job: Job, found: Recognised) -> Read:
    """Each table of a file by itself: one that does not hold is refused, and the others land."""
    source, refused, done = found.source, list(found.refused), []
    for fit in found.fits:
        try:
            done.append(_read_table(job, fit, is_by_content=found.is_by_content))
        except RefusedFile as exc:
            refused.append(exc)
        except AnotherTable as exc:
            return Read(source, remark=str(exc))
    editions = sorted({edition for edition, _ in done})
    if len(editions) > 1:
        problem = f"its sheets are of several editions of {source} ({', '.join(editions)})."
        refused = [RefusedFile(job.name, problem, advice="Give the publisher's files, or a workbook for each edition.")]
        done = []
    strange = tuple(_refusal(exc) for exc in refused if isinstance(exc, NotDescribed))
    refusals = tuple(_refusal(exc) for exc in refused if not isinstance(exc, NotDescribed))
    if not done:
        return Read(refusal=refusals[0] if refusals else None, refusals=refusals[1:], not_described=strange)
    return Read(source, done[0][0], tuple(t for _, t in done), refusals=refusals, not_described=strange)


def _refusal(exc: RefusedFile) -> Refusal:
    return exc.file, exc.problem, exc.row, exc.column, exc.advice


def _read_table(job: Job, fit: Fit, *, is_by_content: bool) -> tuple[str, ReadTable]:
    out = job.incoming / f"{job.sha256[:16]}-{fit.table.table}.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    root = job.passports.parents[1]
    if fit.grid.name == "parquet":
        from flows.landing.parquet import land_parquet

        table, rows, units = land_parquet(job.path, job.name, fit, job.sha256, out, job.edition)
    else:
        table = land(fit, job.name)
        rows = len(table.rows)
        units = [(*unit, str(n)) for unit, n in sorted(Counter(map(itemgetter(1, 2, 3, 4), table.rows)).items())]
    columns = _roles(fit, table.columns)
    if is_by_content and mapped_columns(root).is_another(fit.passport.source, table):
        raise AnotherTable(
            f"known publication ({fit.passport.source}), table not described: its columns are those of "
            f"{table.table}, and none of its rows is of what is read there"
        )
    mapped_columns(root).check(fit.passport.source, table, job.name, by_year=fit.table.is_by_year)
    check_places(units, table.rows, root, job.name)
    meta = fit.passport.edition(base_edition(table.edition))
    assert meta is not None
    symbols = meta.symbols
    figures = [c for c, role in columns if role == "figure"]
    if fit.grid.name == "parquet":
        from flows.landing.parquet import refuse_unknown_symbols

        refuse_unknown_symbols(job.path, out, job.name, figures, symbols, known_symbols(root, symbols))
        sha = sha256_of(out.read_bytes())
    else:
        check_figures(table, figures, symbols, root, job.name)
        sha = _write(table, job.edition or table.edition, job.sha256, out)
    periods = sorted(table.periods)
    return job.edition or table.edition, ReadTable(
        table=fit.table.table,
        shape=fit.table.shape,
        path=out,
        rows=rows,
        columns=columns,
        units=units,
        first_period=periods[0] if periods else "",
        last_period=periods[-1] if periods else "",
        sha256=sha,
    )


def _write(table: LandedTable, edition: str, sha: str, out: Path) -> str:
    """Write a landed table; the hash of what was written."""
    header, front = _csv_lines([[*META, *table.columns], [table.source, table.table, edition, sha, ""]])
    # What is in front of every row is written out once.
    data = (header + front[:-1].join(["", *_csv_lines(table.rows)])).encode()
    try:
        out.write_bytes(data)
    except OSError as exc:
        exc.filename = str(out)  # an error of writing names no file, and none that is read is to blame
        raise
    return sha256_of(data)


def _csv_lines(rows: list[list[str]]) -> list[str]:
    """Rows as the lines of a csv, as :func:`csv.writer` writes them: few have a cell that has to be quoted."""
    lines: list[str] = []
    writer = csv.writer(_Lines(lines), lineterminator="\n")
    for row in rows:
        line = ",".join(row)
        if line.count(",") == len(row) - 1 and '"' not in line and "\n" not in line and "\r" not in line and line:
            lines.append(line + "\n")
        else:
            writer.writerow(row)
    return lines


class _Lines:
    """A file of which each line is kept by itself."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


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
