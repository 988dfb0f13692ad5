"""The next edition of a workbook whose passport lists its editions one by one: the entries of the last, a year on.

Sheets, titles and names of files carry their year; what else a passport says of an edition (rows of the header, names
of columns) holds until a sheet shows that it does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from flows.common.settings import Settings
from flows.landing.draft import Draft
from flows.landing.entries import span_of_table
from flows.landing.file_names import matches_any, published_name, spellings_of
from flows.landing.fits import fits_of, is_sheet
from flows.landing.grids import label, read_grids
from flows.landing.passport_entries import add_edition_line
from flows.landing.seed_entries import add_seed_entries, read_seed_rows
from flows.landing.tables import land
from flows.sources.passport import Passport, Table, TableEdition

#: ``2018-2025``, ``202425``, ``2024-25`` and ``2025``: of a span of years the last is the edition's.
_YEARS = re.compile(r"(?<!\d)(20\d\d *- *)?(20\d\d)(?:([-_/]?)(\d\d))?(?!\d)")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'[^']*'""")
#: How far apart two editions of a publication may be.
FURTHEST = 5


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


def drafts_of_workbook(settings: Settings, passport: Passport, file: Path, edition: str = "") -> list[Draft]:
    """Drafts for the tables of a workbook that read as the edition next to it does, so many years on.

    Args:
        settings: where the passport is.
        passport: the publication's.
        file: the workbook.
        edition: what to call it, where its name does not tell.

    Raises:
        RefusedFile: the file cannot be read.
    """
    found = _last_before(passport, file, edition)
    if found is None:
        return []
    last, name = found
    lines = (settings.passports / f"{passport.source}.yml").read_text(encoding="utf-8").splitlines()
    years = int(name) - int(last)
    tables = [t for t in passport.tables if last in t.editions and is_sheet(t) and t.edition_from == "listed"]
    later = {t.table: _read_later(t, last, name, years) for t in tables}
    patterns = [s for t in later.values() if (s := t.editions[name].sheet or t.sheet)]
    grids = read_grids(
        file.read_bytes(), file.name, wanted=lambda s: any(re.search(p, s, re.IGNORECASE) for p in patterns)
    )
    drafts = []
    for table in tables:
        alone = passport.model_copy(update={"tables": [later[table.table]]})
        fits = [f for g in grids for f in fits_of(g, [alone], sheet=True)]
        if len(fits) != 1:
            continue
        draft = Draft(passport.source, table.table, name, last)
        add_edition_line(passport, draft, last)
        draft.entry = _entry_later(lines, table.table, last, name, years, passport.source)
        if not draft.entry:
            continue
        read = land(fits[0], file.name)
        seed = read_seed_rows(settings, passport.source, table.table)
        add_seed_entries(passport, draft, seed, {label(c) for c in read.columns}, set(read.filters), {})
        drafts.append(draft)
    return drafts


def _last_before(passport: Passport, file: Path, edition: str) -> tuple[str, str] | None:
    """The listed edition next to a file's, by the years in the names of both, and what the file's is to be called."""
    names = spellings_of(published_name(file.name))
    steps = sorted((n for n in range(-FURTHEST, FURTHEST + 1) if n), key=lambda n: (abs(n), n < 0))
    for years in steps:
        for table in passport.tables:
            for e, reading in sorted(table.editions.items(), reverse=True):
                if not (e.isdigit() and reading.file) or str(int(e) + years) in table.editions:
                    continue
                pattern = a_year_on(reading.file, years)
                if pattern != reading.file and matches_any(pattern, names):
                    name = str(int(e) + years)
                    return (e, name) if edition in ("", name) else None
    return None


def _read_later(table: Table, last: str, name: str, years: int) -> Table:
    reading = table.editions[last]
    words = {k: a_year_on(v, years) for k in ("file", "sheet", "title") if (v := getattr(reading, k))}
    made = TableEdition(**{**reading.model_dump(), **words})
    return Table(**{**table.model_dump(), "editions": {name: made.model_dump()}})


def _entry_later(lines: Sequence[str], table: str, last: str, name: str, years: int, source: str) -> str:
    """The lines of an edition in the passport, a year on; blank where they are not found."""
    start, end = span_of_table(lines, table, f"{source}.yml")
    at = next((i for i in range(start, end) if re.match(rf'      "?{re.escape(last)}"?:', lines[i])), None)
    if at is None:
        return ""
    after = at + 1
    while after < end and re.match(r"       +\S", lines[after]):
        after += 1
    text = "\n".join(lines[at:after]).strip()
    # An anchor is another line's already, and what an alias is called no year of a file.
    head, _, rest = re.sub(r"(?<=[ {])&\w+ ", "", text).partition(":")
    return f"{head.replace(last, name)}:{_QUOTED.sub(lambda m: a_year_on(m[0], years), rest)}"
