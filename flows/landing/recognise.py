"""Which publication, table and edition a file is, told by its passport and never by where it lies."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import PurePath
from urllib.parse import unquote

from flows.common.errors import RefusedFile
from flows.landing.grids import ForeignFile, Grid, decode, kind_of, label, parquet_rows, read_csv_rows, read_grids
from flows.sources.passport import Passport, Table, TableEdition

#: title rows that may stand above a header
SEARCH_ROWS = 15
_LITTER = re.compile(
    r"^(~\$|\.~lock\.|\._|\.DS_Store)|^(Thumbs\.db|desktop\.ini|ehthumbs\.db)$|\.(tmp|part|crdownload|lnk|url)$", re.I
)
#: What a publisher puts behind a name when the same table comes again.
_MARKS = re.compile(r"([-_ ]+(revised|revision|amended|updated|final|v\d{1,2}))+(?=\.[a-z]+$|$)", re.IGNORECASE)
#: Kinds of file that hold a table, by their usual ending.
_TABLES = frozenset({"csv", "xls", "xlsx", "ods", "parquet"})
#: Endings that programs add behind a file's own.
_WRAPPERS = frozenset({"txt", "download", "bak"})
#: What programs add to a stem: a counter in brackets, a word for a copy.
_TAILS = re.compile(
    r"(\s*[\(\[]\d{1,3}[\)\]]|[ _-]+(copy|kopie|copie)( \d+| ?\(\d+\))?|^(copy of|fwd?[ _:]|re[ _:])\s*)$|^copy of\s+",
    re.I,
)
#: unknown columns beyond this are not worth listing in a message
FEW = 6
#: Columns of its own by which a table is known under any name
ENOUGH = 2
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
    """What a file is: tables to land (and such as are refused), documentation to keep, or neither, with the reason."""

    source: str
    fits: list[Fit] = field(default_factory=list)
    is_document: bool = False
    remark: str = ""
    """Why it is only listed: not a publisher's, or a publication's table that no passport describes."""
    refused: list[RefusedFile] = field(default_factory=list)
    """Tables of the file that are refused; the others land."""


#: Header labels of which one must be there: the names that a column has had.
Wanted = frozenset[str]


def required_labels(table: Table, reading: TableEdition) -> set[Wanted]:
    """Normalised header labels that must be there for a table to be read at all; one of each set."""
    # Every file is held against every table.
    known = table.required_labels.get(id(reading))
    if known is None:
        known = table.required_labels[id(reading)] = _required_labels(table, reading)
    return known


def _required_labels(table: Table, reading: TableEdition) -> set[Wanted]:
    keys = table.keys if reading.keys is None else reading.keys
    filters = table.filter_columns(reading).values()
    wanted = [v for v in keys.values() if not v.startswith("#")]
    wanted += [*filters, *table.levels, *table.header, *reading.header]
    named = {label(v) for v in reading.columns_named.values()}
    labels = {frozenset(label(name) for name in w.split("|")) - {""} for w in wanted}
    return {w for w in labels if w and not w & named}


def missing_labels(required: set[Wanted], head: set[str]) -> list[Wanted]:
    """What of the required labels a header lacks, by name."""
    return sorted((w for w in required if w.isdisjoint(head)), key=sorted)


def _has_all(required: set[Wanted], head: set[str]) -> bool:
    """Whether a header lacks none of the required labels."""
    return not any(map(head.isdisjoint, required))


def recognise(data: bytes, path: str, passports: Iterable[Passport]) -> Recognised | None:
    """What the file is; None when no passport knows it.

    A file's name is a hint. It decides where it is the publisher's (:func:`published_name` takes off what people's
    tools put on); under any other name a file is what its content says, where that is one thing only.

    Args:
        data: the bytes.
        path: where it lies; only its last part is used.
        passports: all of them.

    Raises:
        RefusedFile: a passport knows it and it is not as it should be, or several passports fit equally.
    """
    name = published_name(PurePath(path).name)
    passports = list(passports)
    if is_litter(PurePath(path).name):
        return Recognised("", remark="not a publisher's file: what a program leaves lying about")
    document = _document(name, passports)
    if document is not None and next(p for p in passports if p.source == document.source).documents_are_read:
        return document
    try:
        kind = kind_of(data, path)
    except ForeignFile as exc:
        if _named(name, passports) or document is not None:
            raise
        return Recognised("", remark=f"not a publisher's file: {exc.problem.rstrip('.')}")
    if document is not None and (kind == "pdf" or not _named(name, passports)):
        return document
    if kind == "pdf":
        return _described_nowhere(name, passports)
    if kind == "zip":
        return Recognised("", remark="not a publisher's file: a document, or a zip inside a zip (unpack it)")
    if kind == "sheet":
        return _recognise_workbook(data, path, name, passports)
    return _recognise_text(data, path, name, passports, kind)


def _recognise_text(data: bytes, path: str, name: str, passports: list[Passport], kind: str) -> Recognised | None:
    """A csv or parquet file: one table."""
    failure = None
    if kind == "parquet":
        grid = _parquet_header(data, path)
        fits = _fits(grid, passports, sheet=False)
        if not any("parquet" in (f.table.file or "") for f in fits):
            # A table that is published as text and was saved as parquet: it is small, and read like any other.
            grid = Grid("", parquet_rows(data, path))
    else:
        try:
            text = decode(data, path, "utf-8")
        except RefusedFile as exc:
            text, failure = data.decode("cp1252", errors="replace"), exc
        try:
            grid = Grid("", read_csv_rows(text, path))
        except RefusedFile:
            if _named(name, passports):
                raise
            return Recognised("", remark="not a publisher's file: text, and no table")
    fit = _choose(_fits(grid, passports, sheet=False), name, path, passports, grid)
    if failure is not None and (fit is None or isinstance(fit, Recognised)):
        # Text in another encoding that nothing knows: whether it is whole does not matter.
        return fit
    if isinstance(fit, Recognised) or fit is None:
        return fit
    said = {e for _, t, e in _named(name, passports) if t is fit.table and e is not None}
    if fit.edition is None and len(said) == 1:
        # Several editions that run to one year (a compilation every month) are told by the file's name.
        fit = replace(fit, edition=said.pop())
    if failure is not None:
        encoding = fit.reading.encoding or fit.table.encoding
        if encoding == "utf-8":
            raise failure
        fit = replace(fit, grid=Grid("", read_csv_rows(decode(data, path, encoding), path)))
    return Recognised(fit.passport.source, [fit])


def is_litter(name: str) -> bool:
    """Whether a name is one that programs give to files of their own: locks, thumbnails, folder settings."""
    return bool(_LITTER.search(name))


def published_name(name: str) -> str:
    """A file's name as the publisher gave it, as far as that can be told.

    Browsers, mail programs and scrapers put on ``(1)``, `` - Copy``, ``%20``, ``.txt`` or a folder's name.
    """
    name = unquote(name).replace("\\", "/").rsplit("/", 1)[-1].strip()
    stem, dot, extension = name.rpartition(".")
    if dot and extension.casefold() in _WRAPPERS and "." in stem:
        return published_name(stem)
    if not dot:
        stem, extension = name, ""
    before = None
    while before != stem:
        before, stem = stem, _TAILS.sub("", stem).strip()
    return stem + (f".{extension}" if dot else "")


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
    names = _spellings(name)
    found: list[tuple[Passport, Table, str | None]] = []
    for p in passports:
        for t in p.tables:
            hits = [e for e, r in t.editions.items() if r.file and _matches(r.file, names)]
            if hits:
                found += [(p, t, e) for e in hits]
            elif t.file and _matches(t.file, names):
                found.append((p, t, None))
    return found


def _spellings(name: str) -> list[str]:
    """A name, with underscores where programs put blanks, and under the endings of the other kinds of table.

    What a file is is told by its bytes; a table saved as another kind of file is still that table.
    """
    plain = re.sub(r"[ +]+", "_", name)
    stems = dict.fromkeys((name, plain, _MARKS.sub("", plain)))
    found = list(stems)
    for n in stems:
        stem, dot, extension = n.rpartition(".")
        if dot and extension.casefold() in _TABLES:
            found += [f"{stem}.{other}" for other in sorted(_TABLES) if other != extension.casefold()]
        elif not dot or not re.fullmatch(r"[a-z0-9]{2,5}", extension, re.IGNORECASE):
            found += [f"{n}.{other}" for other in sorted(_TABLES)]
    return found


def _matches(pattern: str, names: Iterable[str]) -> bool:
    return any(map(_finder(pattern), names))


@lru_cache(maxsize=4096)
def _finder(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """What looks for a passport's pattern; every file is held against all of them."""
    return re.compile(pattern, re.IGNORECASE).search


def _described_nowhere(name: str, passports: Iterable[Passport]) -> Recognised | None:
    """A file that is a known publication's by its name, and that no passport describes."""
    names = _spellings(name)
    for p in passports:
        if any(_matches(pattern, names) for pattern in p.other_files):
            return Recognised(p.source, remark=f"known publication ({p.source}), table not described")
    return None


def _fits(grid: Grid, passports: Iterable[Passport], *, sheet: bool) -> list[Fit]:
    heads = [{label(c) for c in row} for row in grid.rows[:SEARCH_ROWS]]
    every = set().union(*heads)
    found: list[Fit] = []
    for p in passports:
        for t in p.tables:
            if _is_sheet(t) != sheet:
                continue
            for edition, reading in _readings(t):
                if sheet and not re.search(reading.sheet or t.sheet or "", grid.name, re.IGNORECASE):
                    continue
                if reading.title and not _has_title(grid, reading.title):
                    continue
                row = _header_row(t, reading, heads, every, grid)
                if row is not None:
                    found.append(Fit(p, t, edition, grid, row))
            found += _of_its_own_day(p, t, heads, every, grid, found)
    return found


def _of_its_own_day(
    p: Passport, t: Table, heads: list[set[str]], every: set[str], grid: Grid, found: list[Fit]
) -> list[Fit]:
    """A file of a series that states the day of its release, which is none of the listed editions': named by it."""
    if t.released_on is None or any(f.table is t for f in found):
        return []
    row = _header_row(t, NO_EDITION, heads, every, grid)
    day = _day_stated(t.released_on, grid)
    return [Fit(p, t, day, grid, row)] if row is not None and day else []


def _day_stated(where: str, grid: Grid) -> str:
    """The day in the row of that label (ISO); blank where there is none."""
    for cells in grid.rows[:SEARCH_ROWS]:
        if len(cells) > 1 and label(cells[0]) == label(where):
            for form in ("%d-%m-%Y", "%d %B %Y", "%Y-%m-%d"):
                try:
                    return datetime.strptime(cells[1].strip(), form).date().isoformat()
                except ValueError:
                    continue
    return ""


def _readings(table: Table) -> Iterator[tuple[str | None, TableEdition]]:
    if table.edition_from == "fixed":
        yield table.edition, table.editions.get(table.edition or "", NO_EDITION)
    elif table.edition_from == "last_period":
        yield None, NO_EDITION
    else:
        yield from table.editions.items()


def _has_title(grid: Grid, pattern: str) -> bool:
    find = _finder(pattern)
    return any(find(c) for row in grid.rows[:SEARCH_ROWS] for c in row if c)


def _header_row(table: Table, reading: TableEdition, heads: list[set[str]], every: set[str], grid: Grid) -> int | None:
    """Where the header of a table is, by the labels of each of the first rows and of all of them; None if nowhere."""
    rows = reading.header_rows or table.header_rows
    if rows:
        if len(grid.rows) <= rows[-1]:
            return None
        words = {label(c) for r in rows for c in grid.rows[r - 1]}
        return rows[-1] - 1 if _has_all(required_labels(table, reading), words) else None
    required = required_labels(table, reading)
    if not required:
        return None  # what asks for nothing would fit everything
    if table.header_occurrence > 1:
        hits = [i for i, row in enumerate(grid.rows) if _has_all(required, {label(c) for c in row})]
        return hits[table.header_occurrence - 1] if len(hits) >= table.header_occurrence else None
    if table.search_rows:
        heads = [{label(c) for c in row} for row in grid.rows[: table.search_rows]]
    elif not _has_all(required, every):
        return None
    return next((i for i, head in enumerate(heads) if _has_all(required, head)), None)


def _choose(fits: list[Fit], name: str, path: str, passports: list[Passport], grid: Grid) -> Fit | Recognised | None:
    """The one fit; that a table is not described; or None when nothing knows the file.

    Raises:
        RefusedFile: known by name and not as it should be; a year under another year's name; or ambiguous.
    """
    named = _named(name, passports)
    if not fits:
        if named:
            raise _missing_column(named, grid, path)
        return _described_nowhere(name, passports)
    by_name = [f for f in fits if _is_named(f, named)]
    if by_name:
        whole = [f for f in by_name if _lacks(f) is None]
        if not whole:
            raise _missing_value(by_name[0], path)
        return _heaviest(whole, path, "its name")
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
    if named:
        raise _missing_column(named, grid, path)
    certain = [f for f in fits if _lacks(f) is None and _is_certain(f)]
    if certain:
        return _heaviest(certain, path, "its content")
    like = sorted({f.passport.source for f in fits})
    if len(like) > 1:
        return _described_nowhere(name, passports)
    return Recognised(like[0], remark=f"known publication ({like[0]}), table not described")


def _heaviest(fits: list[Fit], path: str, by: str) -> Fit:
    """The fit of which the passport asked for most.

    Raises:
        RefusedFile: several fit equally.
    """
    heaviest = max(f.weight for f in fits)
    fits = [f for f in fits if f.weight == heaviest]
    if len(fits) > 1:
        places = ", ".join(sorted({f"{f.passport.source} {f.table.table} {f.edition or ''}".strip() for f in fits}))
        raise RefusedFile(
            path,
            f"ambiguous: by {by} it fits {places}.",
            advice="Their passports must say what tells them apart (header, contains, title).",
        )
    return fits[0]


def _is_named(fit: Fit, named: list[tuple[Passport, Table, str | None]]) -> bool:
    return any(t is fit.table and (e is None or fit.edition is None or e == fit.edition) for _, t, e in named)


def _is_certain(fit: Fit) -> bool:
    """Whether content alone says what a file of another name is: its table, and of which edition.

    An edition is told by its periods, or by a title or column that only it has; not by standing alone in the passport.
    A table is told by values of its own or by two columns beside those that every table has.
    """
    if fit.table.released_on is not None:
        # The title of a series is its column's name, and its own day is its edition.
        return True
    if fit.edition is not None and not (fit.reading.title or fit.reading.sheet or _has_year(fit)):
        return False
    own = required_labels(fit.table, fit.reading) - _of_any_table(fit)
    return bool(fit.table.contains or fit.reading.title or fit.reading.sheet or len(own) >= ENOUGH)


def _has_year(fit: Fit) -> bool:
    """Whether a column that the edition asks for has the edition's year in its name."""
    year = (fit.edition or "")[2:4]
    return any(year in wanted for wanted in fit.reading.header)


def _of_any_table(fit: Fit) -> set[Wanted]:
    """Labels asked for that are keys: they tell nothing of which table it is."""
    return {frozenset(label(n) for n in v.split("|")) for v in fit.keys.values()}


def _lacks(fit: Fit) -> tuple[str, str, list[str]] | None:
    """A value that the table's ``contains`` asks for and no row has: column, value, and what the column holds."""
    if not fit.table.contains or len(fit.grid.rows) <= fit.header_row + 1:
        return None
    header = [label(c) for c in fit.grid.rows[fit.header_row]]
    for column, values in fit.table.contains.items():
        at = next((header.index(label(c)) for c in column.split("|") if label(c) in header), -1)
        seen = {label(c) for c in {r[at] for r in fit.grid.rows[fit.header_row + 1 :] if 0 <= at < len(r)}}
        for v in values:
            if not {label(n) for n in v.split("|")} & seen:
                return column, v, sorted(seen)
    return None


def _missing_value(fit: Fit, path: str) -> RefusedFile:
    """The message for a file that is named as a table whose own values it does not hold."""
    lack = _lacks(fit)
    assert lack is not None
    column, value, seen = lack
    near = difflib.get_close_matches(label(value), seen, n=3, cutoff=0.5)
    return RefusedFile(
        path,
        f"it is named as {fit.passport.source} {fit.table.table}, and no row has {value!r} there."
        + (f" Nearest: {'; '.join(near)}." if near else ""),
        column=column,
        advice=f"If the publisher renamed it, say so in flows/sources/{fit.passport.source}.yml (contains).",
    )


def _missing_column(named: list[tuple[Passport, Table, str | None]], grid: Grid, path: str) -> RefusedFile:
    """The message for a renamed or missing column: which, and what is there that is like it."""
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
    named = _named(name, passports)
    # A table that is published as a csv may have been saved as a workbook: then its sheet is called anything.
    plain = [(p, t, e) for p, t, e in named if not _is_sheet(t)]
    grids = read_grids(
        data, path, wanted=lambda s: bool(plain) or any(re.search(x, s, re.IGNORECASE) for x in patterns)
    )
    fits = [f for g in grids for f in _fits(g, passports, sheet=True)]
    if not fits and plain:
        for g in grids:
            fit = _choose(_fits(g, passports, sheet=False), name, path, passports, g)
            if isinstance(fit, Fit):
                return Recognised(fit.passport.source, [fit])
    if not fits:
        if named:
            p, t, e = named[0]
            raise RefusedFile(
                path,
                f"named like {p.source} {t.table} {e or ''} but no sheet reads as it "
                f"(sheets: {', '.join(g.name for g in grids) or 'none of the expected names'}).",
                advice=f"Compare the sheet's name and header with flows/sources/{p.source}.yml.",
            )
        return _described_nowhere(name, passports)
    by_name = [f for f in fits if _is_named(f, named)]
    if named and not by_name:
        says = ", ".join(sorted({f"{f.passport.source} {f.table.table} {f.edition}" for f in fits}))
        p, t, e = named[0]
        raise RefusedFile(
            path,
            f"its name says {p.source} {t.table} edition {e}, but its sheets are those of {says}.",
            advice="Put the right file under this name, or the right name on this file.",
        )
    if not by_name:
        certain = [f for f in fits if _is_certain(f)]
        if not certain:
            sources = sorted({f.passport.source for f in fits})
            if len(sources) > 1:
                return _described_nowhere(name, passports)
            return Recognised(
                sources[0],
                remark=f"known publication ({sources[0]}), edition not described: its name and title tell none",
            )
        fits = certain
    fits = by_name or fits
    editions = {(f.passport.source, f.edition) for f in fits}
    if len(editions) > 1:
        # The edition that explains most of the workbook; ties are not guessed.
        score = {k: sum(f.weight for f in fits if (f.passport.source, f.edition) == k) for k in editions}
        top = max(score.values())
        winners = [k for k, v in score.items() if v == top]
        if len(winners) > 1:
            places = ", ".join(sorted(f"{s} {e or ''}".strip() for s, e in winners))
            raise RefusedFile(
                path,
                f"ambiguous: its sheets fit {places}.",
                advice="Their passports must say what tells them apart (header, title).",
            )
        fits = [f for f in fits if (f.passport.source, f.edition) == winners[0]]
    return _one_sheet_a_table(fits, path)


def _one_sheet_a_table(fits: list[Fit], path: str) -> Recognised:
    """Each table with its one sheet; a table that two sheets fit is refused, and the others land."""
    sheets: dict[str, list[Fit]] = {}
    for f in fits:
        sheets.setdefault(f.table.table, []).append(f)
    kept = [fs[0] for fs in sheets.values() if len(fs) == 1]
    refused = [
        RefusedFile(
            path,
            f"{len(fs)} sheets read as {fs[0].passport.source} {table}: {', '.join(repr(f.grid.name) for f in fs)} "
            "(one may be hidden).",
            advice="Only one can be the publication: delete the other, or download the file again.",
        )
        for table, fs in sheets.items()
        if len(fs) > 1
    ]
    return Recognised(fits[0].passport.source, kept, refused=refused)


def _is_sheet(table: Table) -> bool:
    """Whether a table is in a workbook, on a sheet that its passport names."""
    return table.sheet is not None or any(r.sheet for r in table.editions.values())
