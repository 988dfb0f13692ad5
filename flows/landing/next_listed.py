"""The next edition of a table whose passport lists its editions one by one: the entry of another one, some years on.

Names of files, sheets and titles carry their year; what else a passport says of an edition (rows of the header, names
of columns) holds until a file shows that it does not. Where none reads it as it stands, the header is looked for some
rows higher or lower, on a sheet of any name and under any title.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.common.errors import RefusedFile
from flows.common.settings import Settings
from flows.landing.draft import Draft
from flows.landing.entries import span_of_table
from flows.landing.file_names import matches_any, published_name, spellings_of
from flows.landing.fits import Fit, fits_of, has_title, is_sheet
from flows.landing.grids import Grid, kind_of, label, read_grids
from flows.landing.misfits import missing_column
from flows.landing.passport_entries import add_edition_line
from flows.landing.recognise import recognise
from flows.landing.seed_entries import add_seed_entries, read_seed_rows
from flows.landing.tables import land
from flows.sources.passport import Passport, Table, TableEdition

#: ``2018-2025``, ``202425``, ``2024-25`` and ``2025``: of a span of years the last is the edition's.
_YEARS = re.compile(r"(?<!\d)(20\d\d *- *)?(20\d\d)(?:([-_/]?)(\d\d))?(?!\d)")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'[^']*'""")
#: Editions that are named by a year, and by a word behind it (``2024-first``).
_OF_A_YEAR = re.compile(r"(20\d\d)(-[a-z]+)?")
#: How far apart two editions of a publication may be, in years.
FURTHEST = 8
#: How many rows a header may have moved.
MOVED = 8


def a_year_on(text: str, years: int) -> str:
    """A text with its years so many later: ``RO3.*2024-25`` → ``RO3.*2025-26``."""

    def later(m: re.Match[str]) -> str:
        first, year, between, end = m.groups()
        if end is None:
            return f"{first or ''}{int(year) + years}"
        if (int(year) + 1) % 100 != int(end):
            return m[0]
        return f"{first or ''}{int(year) + years}{between}{(int(end) + years) % 100:02}"

    return _YEARS.sub(later, text)


@dataclass
class _File:
    """A file, and what was read of it: the grids by encoding, those of a workbook once."""

    path: Path
    data: bytes
    names: list[str]
    _grids: dict[str, list[Grid]] = field(default_factory=dict)

    def encoding_like(self, other: str) -> str:
        """The encoding of a text file: UTF-8 where it is that, else that of another edition, else Windows' own."""
        if kind_of(self.data, self.path.name) != "csv":
            return other
        try:
            self.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return other if other != "utf-8" else "cp1252"
        return "utf-8"

    def grids(self, encoding: str) -> list[Grid]:
        if kind_of(self.data, self.path.name) != "csv":
            encoding = ""
        if encoding not in self._grids:
            self._grids[encoding] = read_grids(self.data, self.path.name, encoding=encoding or "utf-8")
        return self._grids[encoding]


@dataclass(frozen=True)
class _Found:
    """A table as another edition is read, years on, and what had to be changed for it."""

    fit: Fit
    like: str
    is_changed: bool


def drafts_of_listed(settings: Settings, passport: Passport, file: Path, edition: str = "") -> list[Draft]:
    """Drafts for the tables of a file that read as another listed edition does, so many years on.

    Args:
        settings: where the passport is.
        passport: the publication's.
        file: the workbook or text file.
        edition: what to call it, where its name and title do not tell.

    Raises:
        RefusedFile: the file cannot be read, or its name is that of an edition to come and no sheet reads as it.
    """
    tables = [t for t in passport.tables if t.edition_from == "listed" and t.editions]
    if not tables:
        return []
    there = _File(file, file.read_bytes(), spellings_of(published_name(file.name)))
    if known := _as_it_stands(passport, there):
        return known
    told = _edition_told(tables, there, edition)
    if told is None:
        return []
    name, pattern = told
    lines = (settings.passports / f"{passport.source}.yml").read_text(encoding="utf-8").splitlines()
    drafts = []
    for table, found in _all_found(passport, tables, name, there):
        draft = Draft(passport.source, table.table, name, found.like)
        add_edition_line(passport, draft, found.like)
        draft.entry = _entry_later(lines, passport.source, table.table, found, name, pattern, there.names)
        if not draft.entry:
            continue
        read = land(found.fit, file.name)
        seed = read_seed_rows(settings, passport.source, table.table)
        add_seed_entries(passport, draft, seed, {label(c) for c in read.columns}, set(read.filters), {})
        drafts.append(draft)
    if not drafts and pattern:
        raise _unread(passport, tables, name, there)
    return drafts


def _as_it_stands(passport: Passport, file: _File) -> list[Draft]:
    """The tables of a file that the passport reads already."""
    try:
        found = recognise(file.data, file.path.name, [passport])
    except RefusedFile:
        return []
    if found is None or found.refused or not all(f.table.edition_from == "listed" for f in found.fits):
        return []
    made = []
    for f in found.fits:
        draft = Draft(passport.source, f.table.table, f.edition or "", f.edition or "")
        draft.is_known = True
        made.append(draft)
    return made


def _edition_told(tables: Sequence[Table], file: _File, edition: str) -> tuple[str, str] | None:
    """What a file's edition is to be called, by its name or else by a title, and the pattern of its name."""
    listed = [(e, r, m) for t in tables for e, r in t.editions.items() if (m := _OF_A_YEAR.fullmatch(e))]
    known = {e for e, _, _ in listed}
    steps = sorted((n for n in range(-FURTHEST, FURTHEST + 1) if n), key=lambda n: (abs(n), n < 0))
    by_title = [(e, r, m) for e, r, m in listed if r.title and not r.file]
    grids = file.grids("utf-8") if by_title and kind_of(file.data, file.path.name) == "sheet" else []
    for years in steps:
        for e, reading, m in sorted(listed, key=lambda x: x[0], reverse=True):
            name = f"{int(m[1]) + years}{m[2] or ''}"
            if name in known or edition not in ("", name):
                continue
            pattern = a_year_on(reading.file or "", years)
            if pattern != (reading.file or "") and matches_any(pattern, file.names):
                return name, pattern
            title = a_year_on(reading.title or "", years) if (e, reading, m) in by_title else reading.title or ""
            if title != (reading.title or "") and any(has_title(g, title) for g in grids):
                return name, ""
    return (edition, "") if edition and edition not in known and _OF_A_YEAR.fullmatch(edition) else None


def _all_found(passport: Passport, tables: Sequence[Table], name: str, file: _File) -> list[tuple[Table, _Found]]:
    """The tables that read as another edition does, and besides those that do so with something changed."""
    found = [(t, f) for t in tables if (f := _found(passport, t, name, file))]
    taken = {f.fit.grid.name for _, f in found}
    missing = [t for t in tables if all(t is not known for known, _ in found)]
    changed = [(t, f) for t in missing if (f := _found(passport, t, name, file, is_changed=True, taken=taken))]
    # One sheet is one table: that whose edition is nearest.
    for t, f in sorted(changed, key=lambda x: abs(int(name[:4]) - int(x[1].like[:4]))):
        if f.fit.grid.name not in taken:
            taken.add(f.fit.grid.name)
            found.append((t, f))
    return found


def _found(
    passport: Passport,
    table: Table,
    name: str,
    file: _File,
    *,
    is_changed: bool = False,
    taken: Collection[str] = (),
) -> _Found | None:
    """A table as it is read in the edition next to the file's that reads it.

    With something changed only where the file has the table's own name.
    """
    year = int(name[:4])
    mine = {e: year - int(m[1]) for e in table.editions if (m := _OF_A_YEAR.fullmatch(e))}
    order = sorted(mine, key=lambda e: (abs(mine[e]), mine[e] < 0))
    patterns = (a_year_on(table.editions[e].file or "(?!)", mine[e]) for e in order)
    if is_changed and not any(matches_any(p, file.names) for p in patterns):
        return None
    for like in order:
        reading = _later(table.editions[like], mine[like])
        encoding = file.encoding_like(reading.encoding or table.encoding)
        grids = [g for g in file.grids(encoding) if g.name not in taken]
        # The text may have come in another encoding, and is then to be read in that.
        reading = reading.model_copy(update={"encoding": None if encoding == table.encoding else encoding})
        for variant in _changed(reading, table) if is_changed else [reading]:
            alone = _only(passport, table, name, variant)
            fits = [f for g in grids for f in fits_of(g, [alone], sheet=is_sheet(table))]
            if len(fits) == 1 and (not is_changed or land(fits[0], file.path.name).rows):
                return _Found(fits[0], like, is_changed)
    return None


def _later(reading: TableEdition, years: int) -> TableEdition:
    words = {k: a_year_on(v, years) for k in ("file", "sheet", "title", "period") if (v := getattr(reading, k))}
    return TableEdition(**{**reading.model_dump(), **words})


def _only(passport: Passport, table: Table, name: str, reading: TableEdition) -> Passport:
    made = Table(**{**table.model_dump(), "editions": {name: reading.model_dump()}})
    return passport.model_copy(update={"tables": [made]})


def _changed(reading: TableEdition, table: Table) -> Iterator[TableEdition]:
    """The reading with its header some rows away, on any sheet, without its title."""
    rows = reading.header_rows
    moves = sorted(range(-MOVED, MOVED + 1), key=abs) if rows else [0]
    for sheet in dict.fromkeys((reading.sheet, "." if is_sheet(table) else None)):
        for by in moves:
            if not rows or min(rows) + by >= 1:
                moved = [r + by for r in rows] if rows else None
                yield reading.model_copy(update={"header_rows": moved, "sheet": sheet, "title": None})


def _entry_later(
    lines: Sequence[str], source: str, table: str, found: _Found, name: str, pattern: str, names: Sequence[str]
) -> str:
    """The lines of an edition in the passport, years on; blank where they are not found."""
    start, end = span_of_table(lines, table, f"{source}.yml")
    last = found.like
    at = next((i for i in range(start, end) if re.match(rf'      "?{re.escape(last)}"?:', lines[i])), None)
    if at is None:
        return ""
    after = at + 1
    while after < end and re.match(r"       +\S", lines[after]):
        after += 1
    text = "\n".join(lines[at:after]).strip()
    # An anchor is another line's already, and what an alias is called no year of a file.
    head, _, rest = re.sub(r"(?<=[ {])&\w+ ", "", text).partition(":")
    years = int(name[:4]) - int(last[:4])
    rest = _QUOTED.sub(lambda m: a_year_on(m[0], years), rest)
    reading = found.fit.reading
    if reading.file and pattern and not matches_any(reading.file, names):
        # Under the name of the table beside it.
        rest = re.sub(rf"\bfile: (?:{_QUOTED.pattern})", lambda _: f"file: {_in_quotes(pattern)}", rest)
    rest = re.sub(r"(,|\n) *encoding: [\w-]+", "", rest)
    if reading.encoding:
        said = f"encoding: {reading.encoding}"
        rest = f"{rest}\n        {said}" if rest.startswith("\n") else f"{rest[:-1]}, {said}}}"
    if found.is_changed:
        title = _title_of(found.fit, name)
        rest = re.sub(
            rf"(,|\n)( *)title: (?:{_QUOTED.pattern})", lambda m: title and f"{m[1]}{m[2]}title: {title}", rest
        )
        rest = re.sub(r"header_rows: \[[\d, ]+\]", f"header_rows: {reading.header_rows}", rest)
        if is_sheet(found.fit.table):
            sheet = _in_quotes(f"^{_as_it_is(found.fit.grid.name)}$")
            rest = re.sub(rf"\bsheet: (?:{_QUOTED.pattern})", lambda _: f"sheet: {sheet}", rest)
    return f"{head.replace(last, name)}:{rest}"


def _title_of(fit: Fit, name: str) -> str:
    """The first words above a header that say the edition's year, as a pattern in quotes; blank where none do."""
    year = int(name[:4])
    said = re.compile(rf"(?<!\d)({year}|{year - 1}[-/]?{year % 100:02})(?!\d)")
    above = (c.strip() for row in fit.grid.rows[: fit.header_row] for c in row)
    return next((_in_quotes(f"^{_as_it_is(c[:80])}") for c in above if said.search(c[:80])), "")


def _as_it_is(text: str) -> str:
    """A text as a pattern that people can read."""
    return re.sub(r"\\([ -])", r"\1", re.escape(text))


def _in_quotes(pattern: str) -> str:
    return '"' + pattern.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unread(passport: Passport, tables: Sequence[Table], name: str, file: _File) -> RefusedFile:
    """Why a file that has the name of an edition to come is not read: what the likest of its sheets lacks."""
    named: list[tuple[Passport, Table, str | None]] = []
    for table in tables:
        for e, reading in table.editions.items():
            m = _OF_A_YEAR.fullmatch(e)
            if m and matches_any(a_year_on(reading.file or "(?!)", int(name[:4]) - int(m[1])), file.names):
                made = _only(passport, table, name, _later(reading, int(name[:4]) - int(m[1])))
                named.append((passport, made.tables[0], name))
    best = max(file.grids(file.encoding_like("utf-8")), key=lambda g: len(g.rows), default=Grid("", []))
    return missing_column(named, best, file.path.name)
