"""Which publication, table and edition a file is, told by its passport and never by where it lies."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from flows.common.errors import RefusedFile
from flows.landing.grids import Grid, decode, kind_of, label, read_csv_rows, read_grids
from flows.sources.passport import Passport, Table, TableEdition

#: title rows that may stand above a header
SEARCH_ROWS = 15
#: unknown columns beyond this are not worth listing in a message
FEW = 6
NO_EDITION = TableEdition()


@dataclass(frozen=True)
class Fit:
    """A table that a grid fits, in one edition or (``edition`` None) in one still to be read from its periods."""

    passport: Passport
    table: Table
    edition: str | None
    grid: Grid
    header_row: int
    """0-based index of the (last) header row."""

    @property
    def reading(self) -> TableEdition:
        """What reads differently in this edition."""
        return self.table.editions.get(self.edition or "", NO_EDITION)

    @property
    def keys(self) -> dict[str, str]:
        """Key columns in this edition."""
        return self.table.keys if self.reading.keys is None else self.reading.keys

    @property
    def weight(self) -> int:
        """How much of the header the passport asked for: the more, the surer."""
        return len(required_labels(self.table, self.reading))


@dataclass(frozen=True)
class Recognised:
    """What a file is: tables to land, or documentation to keep."""

    source: str
    fits: list[Fit] = field(default_factory=list)
    is_document: bool = False


#: Header labels of which one must be there: the names that a column has had.
Wanted = frozenset[str]


def required_labels(table: Table, reading: TableEdition) -> set[Wanted]:
    """Normalised header labels that must be there for a table to be read at all; one of each set."""
    keys = table.keys if reading.keys is None else reading.keys
    filters = table.filter_columns(reading).values()
    wanted = [v for v in keys.values() if not v.startswith("#")] + [*filters, *table.header, *reading.header]
    named = {label(v) for v in reading.columns_named.values()}
    labels = {frozenset(label(name) for name in w.split("|")) - {""} for w in wanted}
    return {w for w in labels if w and not w & named}


def missing_labels(required: set[Wanted], head: set[str]) -> list[Wanted]:
    """What of the required labels a header lacks, by name."""
    return sorted((w for w in required if not w & head), key=sorted)


def recognise(data: bytes, path: str, passports: Iterable[Passport]) -> Recognised | None:
    """What the file is; None when no passport knows it.

    Args:
        data: the bytes.
        path: where it lies; only its last part is used, as a hint.
        passports: all of them.

    Raises:
        RefusedFile: a passport knows it and it is not as it should be, or several passports fit equally.
    """
    name = PurePath(path).name
    passports = list(passports)
    document = _document(name, passports)
    if document is not None and next(p for p in passports if p.source == document.source).documents_are_read:
        return document
    kind = kind_of(data, path)
    if document is not None and (kind == "pdf" or not _named(name, passports)):
        return document
    if kind == "pdf":
        return None
    if kind == "sheet":
        return _recognise_workbook(data, path, name, passports)
    if kind == "parquet":
        grid = _parquet_header(data, path)
    else:
        try:
            text, failure = decode(data, path, "utf-8"), None
        except RefusedFile as exc:
            text, failure = data.decode("cp1252", errors="replace"), exc
        grid = Grid("", read_csv_rows(text, path))
        if failure is not None:
            fits = _choose(_fits(grid, passports, sheet=False), name, path, passports, grid)
            if fits is None:
                raise failure
            encoding = fits.reading.encoding or fits.table.encoding
            if encoding == "utf-8":
                raise failure
            decode(data, path, encoding)
            return Recognised(fits.passport.source, [fits])
    fit = _choose(_fits(grid, passports, sheet=False), name, path, passports, grid)
    return None if fit is None else Recognised(fit.passport.source, [fit])


def is_document_name(name: str, passports: Iterable[Passport]) -> bool:
    """Whether a file's name is one of documentation, which no figure depends on."""
    return _document(PurePath(name).name, list(passports)) is not None


def _document(name: str, passports: list[Passport]) -> Recognised | None:
    for p in passports:
        if any(re.search(d, name, re.IGNORECASE) for d in p.documents):
            return Recognised(p.source, is_document=True)
    return None


def _parquet_header(data: bytes, path: str) -> Grid:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(pa.BufferReader(data))
    except (pa.ArrowInvalid, OSError) as exc:
        raise RefusedFile(path, f"the parquet file is not whole ({exc}).", advice="Download it again.") from exc
    return Grid("parquet", [list(schema.names)])


def _named(name: str, passports: Iterable[Passport]) -> list[tuple[Passport, Table, str | None]]:
    """Tables (and editions, where the name tells) that a file's name speaks of."""
    found: list[tuple[Passport, Table, str | None]] = []
    for p in passports:
        for t in p.tables:
            hits = [e for e, r in t.editions.items() if r.file and re.search(r.file, name, re.IGNORECASE)]
            if hits:
                found += [(p, t, e) for e in hits]
            elif t.file and re.search(t.file, name, re.IGNORECASE):
                found.append((p, t, None))
    return found


def _fits(grid: Grid, passports: Iterable[Passport], *, sheet: bool) -> list[Fit]:
    heads = [{label(c) for c in row} for row in grid.rows[:SEARCH_ROWS]]
    found = []
    for p in passports:
        for t in p.tables:
            if (t.sheet is not None or any(r.sheet for r in t.editions.values())) != sheet:
                continue
            for edition, reading in _readings(t):
                if sheet and not re.search(reading.sheet or t.sheet or "", grid.name, re.IGNORECASE):
                    continue
                if reading.title and not _has_title(grid, reading.title):
                    continue
                row = _header_row(t, reading, heads, grid)
                if row is not None:
                    found.append(Fit(p, t, edition, grid, row))
    return found


def _readings(table: Table) -> Iterator[tuple[str | None, TableEdition]]:
    if table.edition_from == "fixed":
        yield table.edition, table.editions.get(table.edition or "", NO_EDITION)
    elif table.edition_from == "last_period":
        yield None, NO_EDITION
    else:
        yield from table.editions.items()


def _has_title(grid: Grid, pattern: str) -> bool:
    return any(re.search(pattern, c, re.IGNORECASE) for row in grid.rows[:SEARCH_ROWS] for c in row if c)


def _header_row(table: Table, reading: TableEdition, heads: list[set[str]], grid: Grid) -> int | None:
    rows = reading.header_rows or table.header_rows
    if rows:
        if len(grid.rows) <= rows[-1]:
            return None
        words = {label(c) for r in rows for c in grid.rows[r - 1]}
        return rows[-1] - 1 if not missing_labels(required_labels(table, reading), words) else None
    required = required_labels(table, reading)
    if not required:
        return None  # what asks for nothing would fit everything
    if table.header_occurrence > 1:
        hits = [i for i, row in enumerate(grid.rows) if not missing_labels(required, {label(c) for c in row})]
        return hits[table.header_occurrence - 1] if len(hits) >= table.header_occurrence else None
    if table.search_rows:
        heads = [{label(c) for c in row} for row in grid.rows[: table.search_rows]]
    return next((i for i, head in enumerate(heads) if not missing_labels(required, head)), None)


def _choose(fits: list[Fit], name: str, path: str, passports: list[Passport], grid: Grid) -> Fit | None:
    """The one fit, or None when nothing knows the file.

    Raises:
        RefusedFile: known by name and not as it should be; a year under another year's name; or ambiguous.
    """
    named = _named(name, passports)
    if not fits:
        if named:
            raise _missing_column(named, grid, path)
        return None
    fits = [f for f in fits if _contains(f)] or fits
    by_name = [f for f in fits if _is_named(f, named)]
    if not by_name:
        for f in fits:
            other = [e for _, t, e in named if t is f.table and e is not None and e != f.edition]
            if other and f.edition is not None:
                raise RefusedFile(
                    path,
                    f"its name says {f.passport.source} {f.table.table} edition {other[0]}, "
                    f"but its header is that of edition {f.edition}.",
                    column=next(iter(f.reading.header), None),
                    advice="Put the right file under this name, or the right name on this file.",
                )
    fits = by_name or fits
    heaviest = max(f.weight for f in fits)
    fits = [f for f in fits if f.weight == heaviest]
    if len(fits) > 1:
        places = ", ".join(sorted({f"{f.passport.source} {f.table.table} {f.edition or ''}".strip() for f in fits}))
        raise RefusedFile(
            path, f"ambiguous: it fits {places}.", advice="Give it the publisher's file name, which tells them apart."
        )
    return fits[0]


def _is_named(fit: Fit, named: list[tuple[Passport, Table, str | None]]) -> bool:
    return any(t is fit.table and (e is None or fit.edition is None or e == fit.edition) for _, t, e in named)


def _contains(fit: Fit) -> bool:
    if not fit.table.contains:
        return True
    header = [label(c) for c in fit.grid.rows[fit.header_row]]
    for column, values in fit.table.contains.items():
        at = next((header.index(label(c)) for c in column.split("|") if label(c) in header), -1)
        seen = {label(r[at]) for r in fit.grid.rows[fit.header_row + 1 :] if 0 <= at < len(r)}
        if not {label(v) for v in values} <= seen:
            return False
    return True


def _missing_column(named: list[tuple[Passport, Table, str | None]], grid: Grid, path: str) -> RefusedFile:
    """The message for a renamed or missing column: which, and what stands there that is like it."""
    best: tuple[int, RefusedFile] | None = None
    for p, t, e in named:
        for edition, reading in _readings(t):
            if e is not None and edition != e:
                continue
            required = required_labels(t, reading)
            rows = reading.header_rows or t.header_rows
            candidates = (
                [[c for r in rows for c in grid.rows[r - 1]]]
                if rows and len(grid.rows) >= rows[-1]
                else [*grid.rows[:SEARCH_ROWS]]
            )
            for i, row in enumerate(candidates):
                missing = missing_labels(required, {label(c) for c in row})
                if best is not None and len(missing) >= best[0]:
                    continue
                where = edition or "any edition"
                if not missing:
                    problem = f"the title of {p.source} {t.table} {where} is not in the file."
                    best = (0, RefusedFile(path, problem, advice="Is this another year's file?"))
                    continue
                also = ", ".join(" or ".join(sorted(w)) for w in missing[1:])
                best = (
                    len(missing),
                    RefusedFile(
                        path,
                        f"{p.source} {t.table} ({where}) needs this column and it is not there."
                        + _instead(missing[0], [label(c) for c in row], t, required)
                        + (f" Missing too: {also}." if also else ""),
                        row=i + 1,
                        column=" or ".join(sorted(missing[0])),
                        advice=f"If the publisher renamed it, say so in flows/sources/{p.source}.yml "
                        "and measure_source.csv.",
                    ),
                )
    assert best is not None
    return best[1]


def _instead(wanted: Wanted, have: list[str], table: Table, required: set[Wanted]) -> str:
    """What may be the missing column: labels like it; else, where they are few, those that the passport has not."""
    if near := _nearest(wanted, have):
        return f" Nearest: {', '.join(near)}."
    known = frozenset().union(*required)
    words = table.text_pattern
    new = [c for c in have if c and c not in known and not (words and words.search(c))]
    return f" Not known here: {', '.join(new)}." if 0 < len(new) <= FEW else ""


def _nearest(wanted: Wanted, have: list[str]) -> list[str]:
    """Labels that are like one of the names asked for, the likest first."""
    near = {n: None for w in sorted(wanted) for n in difflib.get_close_matches(w, have, n=3, cutoff=0.5)}
    return sorted(near, key=lambda n: -max(difflib.SequenceMatcher(None, w, n).ratio() for w in wanted))[:3]


def _recognise_workbook(data: bytes, path: str, name: str, passports: list[Passport]) -> Recognised | None:
    patterns = [s for p in passports for t in p.tables for s in (t.sheet, *(r.sheet for r in t.editions.values())) if s]
    grids = read_grids(data, path, wanted=lambda s: any(re.search(x, s, re.IGNORECASE) for x in patterns))
    fits = [f for g in grids for f in _fits(g, passports, sheet=True)]
    named = _named(name, passports)
    if not fits:
        if named:
            p, t, e = named[0]
            raise RefusedFile(
                path,
                f"named like {p.source} {t.table} {e or ''} but no sheet reads as it "
                f"(sheets: {', '.join(g.name for g in grids) or 'none of the expected names'}).",
                advice=f"Compare the sheet's name and header with flows/sources/{p.source}.yml.",
            )
        return None
    by_name = [f for f in fits if _is_named(f, named)]
    if named and not by_name:
        says = ", ".join(sorted({f"{f.passport.source} {f.table.table} {f.edition}" for f in fits}))
        p, t, e = named[0]
        raise RefusedFile(
            path,
            f"its name says {p.source} {t.table} edition {e}, but its sheets are those of {says}.",
            advice="Put the right file under this name, or the right name on this file.",
        )
    fits = by_name or fits
    editions = {(f.passport.source, f.edition) for f in fits}
    if len(editions) > 1:
        # The edition that explains most of the workbook; ties are not guessed.
        score = {k: sum(f.weight for f in fits if (f.passport.source, f.edition) == k) for k in editions}
        top = max(score.values())
        winners = [k for k, v in score.items() if v == top]
        if len(winners) > 1:
            places = ", ".join(sorted(f"{s} {e}" for s, e in winners))
            raise RefusedFile(
                path,
                f"ambiguous: it fits {places}.",
                advice="Give it the publisher's file name, which tells them apart.",
            )
        fits = [f for f in fits if (f.passport.source, f.edition) == winners[0]]
    return Recognised(fits[0].passport.source, fits)
