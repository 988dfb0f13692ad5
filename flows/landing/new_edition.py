"""What a new edition's files change, and the entries that would take them in: ``csw new-edition``.

A file is held against the landed edition next to it: filters, columns and their labels that were renamed (by their
figures for the same authorities and years, else by their names), what is new and lost, magnitudes, symbols and codes.
Which seed rows the edition needs is decided measure by measure: rows of another edition whose columns the file has are
widened, rows under new names are added, rows whose columns are gone end. Nothing lands.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from flows.common.errors import CswError, RefusedFile, WrongArgument
from flows.common.settings import Settings
from flows.landing.catalogue import Landed, base_edition, read_catalogue, read_columns
from flows.landing.comparison import SAME_VALUES, Likest, compare, is_monthly
from flows.landing.draft import Draft
from flows.landing.edition_sheet import sheet_of
from flows.landing.file_names import matches_any, patterns_of_any_year, published_name, spellings_of
from flows.landing.fits import SEARCH_ROWS
from flows.landing.grids import kind_of, label, read_grids
from flows.landing.next_listed import drafts_of_listed
from flows.sources.passport import Passport, load_passports


def new_edition(settings: Settings, source: str, file: Path, table: str = "", edition: str = "") -> Draft:
    """Hold a file against the landed edition of its table next to it and draft the entries for it.

    Args:
        settings: where things are kept; another edition must be landed.
        source: the publication, as its passport is called.
        file: the new edition's file.
        table: the table it is, where its name does not tell.
        edition: what to call the edition, where its periods do not tell.

    Raises:
        CswError: the publication or table is not known, nothing of it is landed, or the file is not like it.
        RefusedFile: the file cannot be read.
    """
    passports = {p.source: p for p in load_passports(settings.passports)}
    if source not in passports:
        near = difflib.get_close_matches(source, passports, n=3, cutoff=0.3)
        raise WrongArgument(f"no publication is called {source}." + (f" Nearest: {', '.join(near)}." if near else ""))
    if not file.is_file():
        raise WrongArgument(f"{file} is not a file.")
    passport = passports[source]
    mine = [x for x in read_catalogue(settings) if x.source == source]
    # An edition that the passport has no longer is of no help.
    landed = [x for x in mine if passport.edition(base_edition(x.edition)) is not None]
    if not landed:
        raise CswError(f"nothing of {source} is landed to hold the file against. Run `csw land` first.")
    columns = read_columns(settings)
    grids = read_grids(file.read_bytes(), file.name)
    found = _likest(passport, landed, columns, [g.rows for g in grids], file, table)
    if found.table.edition_from == "listed":
        raise CswError(
            f"{file.name} is like {source} {found.table.table}, whose editions are listed one by one in "
            f"flows/sources/{source}.yml, and none of them reads it a few years on. Its name has to say its year as "
            "theirs do; else add the edition there by hand."
        )
    sheet = sheet_of(found.rows, found.header)
    return compare(settings, passport, found, sheet, landed, columns, edition, file)


def source_of(settings: Settings, file: Path) -> str:
    """The publication of a file, by its name, else by the columns it shares with what is landed; blank for none.

    Args:
        settings: where things are kept.
        file: a csv, workbook or parquet file.

    Raises:
        RefusedFile: the file cannot be read.
    """
    names = spellings_of(published_name(file.name))
    named = {
        p.source
        for p in load_passports(settings.passports)
        for pattern in [*(t.file for t in p.tables if t.file), *p.other_files, *patterns_of_any_year(p)]
        if matches_any(pattern, names)
    }
    if len(named) == 1:
        return next(iter(named))
    columns = read_columns(settings)
    data = file.read_bytes()
    try:
        grids = read_grids(data, file.name)
    except RefusedFile:
        if kind_of(data, file.name) != "csv":
            raise
        # The columns' names can be told in any encoding.
        grids = read_grids(data, file.name, encoding="latin-1")
    heads = [{label(c) for c in row if c} for g in grids for row in g.rows[:SEARCH_ROWS]]
    shares: dict[str, float] = defaultdict(float)
    for (source, _, _), held in columns.items():
        have = {label(c) for c, _ in held}
        share = max((len(have & head) / max(1, len(have | head)) for head in heads), default=0.0)
        shares[source] = max(shares[source], share)
    best = max(shares, key=lambda s: shares[s], default="")
    return best if shares[best] >= SAME_VALUES else ""


def new_editions(
    settings: Settings, files: Sequence[Path], *, source: str = "", edition: str = "", say: Callable[[str], None]
) -> list[Draft]:
    """Drafts for every file of a release; one whose table is not known is said and left out.

    Of a release's tables some run a year behind: the edition is that of most.

    Args:
        settings: where things are kept.
        files: the release's files.
        source: the publication, where the files do not tell.
        edition: what to call the edition, where the files do not tell.
        say: told of files that are left out, and why.
    """
    passports = {p.source: p for p in load_passports(settings.passports)}
    drafts: list[tuple[Path, Draft]] = []
    of_lists: list[Draft] = []
    for file in files:
        try:
            found = source or source_of(settings, file)
            if not found:
                say(f"{file.name}: of no publication that is landed; left out.")
                continue
            listed = drafts_of_listed(settings, passports[found], file, edition) if found in passports else []
            if listed:
                of_lists += listed
                continue
            drafts.append((file, new_edition(settings, found, file, edition=edition)))
        except (CswError, RefusedFile) as exc:
            say(f"{file.name}: left out. {exc}")
    counts = Counter((d.source, d.edition) for _, d in drafts if not is_monthly(passports[d.source]))
    most = {s: max((n, e) for (x, e), n in counts.items() if x == s)[1] for s, _ in counts}
    done = []
    for file, d in drafts:
        is_behind = d.edition != most.get(d.source, d.edition) and d.last_period
        done.append(new_edition(settings, d.source, file, d.table, most[d.source]) if is_behind else d)
    return done + of_lists


def _likest(
    passport: Passport,
    landed: Sequence[Landed],
    columns: Mapping[tuple[str, str, str], list[tuple[str, str]]],
    grids: Sequence[list[list[str]]],
    file: Path,
    asked: str,
) -> Likest:
    """The table that the file is, by its name or by the columns it shares with what is landed."""
    newest: dict[str, Landed] = {}
    for x in sorted(landed, key=lambda x: (x.published_on, x.edition)):
        newest[x.table_name] = x
    if asked and asked not in newest:
        raise WrongArgument(f"{passport.source} has no landed table {asked}; it has {', '.join(sorted(newest))}.")
    best: tuple[float, Likest] | None = None
    name_of_file = published_name(file.name)
    for x in sorted(landed, key=lambda x: (x.published_on, x.edition)):
        name = x.table_name
        if asked and name != asked:
            continue
        table = passport.table(name)
        named = bool(table.file and re.search(table.file, name_of_file, re.IGNORECASE))
        have = {label(c) for c, _ in columns.get(x.key, [])}
        for rows in grids:
            for i, row in enumerate(rows[:SEARCH_ROWS]):
                head = {label(c) for c in row if c}
                share = len(have & head) / max(1, len(have | head)) + named
                if best is None or share >= best[0]:
                    best = (share, Likest(table, newest[name], rows, i))
    if best is None or best[0] < 0.3:
        raise CswError(
            f"{file.name} is not like any landed table of {passport.source}. "
            "Give --table NAME if it is one all the same, or the publication it belongs to."
        )
    return best[1]
