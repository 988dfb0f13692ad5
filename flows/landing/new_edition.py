"""What a new edition's files change, and the entries that would take them in: ``csw new-edition``.

A file is held against the landed edition next to it: filters, columns and their labels that were renamed (by their
figures for the same authorities and years, else by their names), what is new and lost, magnitudes, symbols and codes.
Which seed rows the edition needs is decided measure by measure: rows of another edition whose columns the file has are
widened, rows under new names are added, rows whose columns are gone end. Nothing lands.
"""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from flows.common.errors import CswError, RefusedFile, WrongArgument
from flows.common.settings import Settings
from flows.landing.catalogue import Landed, base_edition, landed_path, read_catalogue, read_columns
from flows.landing.figures import number
from flows.landing.grids import label, read_grids
from flows.landing.places import NO_CODE, plain_code
from flows.landing.recognise import SEARCH_ROWS, published_name
from flows.landing.tables import last_year
from flows.sources.passport import Passport, Table, load_passports

#: A lost and a new column are proposed as one where their figures agree, or else their names do.
SAME_FIGURES, SAME_NAME = 0.8, 0.6
#: A filter's column is another's successor where so many of their values are the same.
SAME_VALUES = 0.5
#: Figures of the same cells may be revised; beyond this their unit has changed.
MAGNITUDE = 3.0
#: So many figures in common say whether two columns are one.
ENOUGH = 10
GEOGRAPHY = re.compile(r"^(country|region)_|^geographic_level$|^time_identifier$")

Cell = tuple[str, ...]
"""Authority, period and, where rows are told by filters, filter."""
SeedRow = dict[str, str]


@dataclass(frozen=True)
class Match:
    """A lost column and the new one that is probably it."""

    old: str
    new: str
    why: str


@dataclass
class Draft:
    """What a file changes and the entries that would take it in."""

    source: str
    table: str
    edition: str
    compared_with: str
    renamed: list[Match] = field(default_factory=list)
    gained: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    relabelled: list[Match] = field(default_factory=list)
    """Values of filters that have another name: the mapped filter and the one that stands for it."""
    magnitudes: list[tuple[str, float]] = field(default_factory=list)
    symbols: dict[str, int] = field(default_factory=dict)
    unknown_codes: dict[str, str] = field(default_factory=dict)
    labels: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    """Filter column to values that are new and values that are gone."""
    is_known: bool = False
    """Whether the passport knows the edition already."""
    edition_line: str = ""
    names: dict[str, str] = field(default_factory=dict)
    """Entry of the table's header, filters or ``contains`` to what it should be; blank where it is gone."""
    last_period: str = ""
    """The period to put into the table's entry, where its editions are told by it."""
    edits: list[tuple[SeedRow, list[SeedRow]]] = field(default_factory=list)
    """Rows of measure_source.csv and what each becomes: ended, split, or widened to this edition."""
    new_rows: list[SeedRow] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    """Mapped columns that are gone and have no successor: their measures end, or are computed from others."""

    @property
    def closed_rows(self) -> list[SeedRow]:
        """Rows that no longer hold for this edition."""
        return [r for r, becomes in self.edits if not any(_covers(b, self.edition) for b in becomes)]

    @property
    def widened_rows(self) -> list[SeedRow]:
        """Rows that hold for this edition too."""
        return [b for _, becomes in self.edits for b in becomes if _covers(b, self.edition)]

    @property
    def changes_nothing(self) -> bool:
        """Whether the project reads the file as it stands."""
        return self.is_known and not (self.edits or self.new_rows or self.names or self.last_period)

    def text(self) -> str:
        """For people."""
        head = f"{self.source} {self.table}: edition {self.edition}, held against {self.compared_with}"
        lines = [head, "=" * len(head)]
        lines += _part("Renamed, probably", [f"{m.old} → {m.new}  ({m.why})" for m in self.renamed])
        lines += _part("Labels renamed, probably", [f"{m.old} → {m.new}  ({m.why})" for m in self.relabelled])
        lines += _part("New columns", self.gained)
        lines += _part("Lost columns", self.lost)
        lines += _part(
            "Another magnitude", [f"{c}: {r:.3g} times as large, authority by authority" for c, r in self.magnitudes]
        )
        lines += _part(
            "Symbols that the symbol set does not know", [f"{s!r} in {n} cells" for s, n in self.symbols.items()]
        )
        lines += _part("Authorities never seen before", [f"{c} {n}" for c, n in self.unknown_codes.items()])
        for column, (new, gone) in self.labels.items():
            lines += _part(f"Values of {column}", [f"new: {v}" for v in new] + [f"gone: {v}" for v in gone])
        lines += _part(
            f"For flows/sources/{self.source}.yml",
            [f"(edition {self.edition} is known already)" if self.is_known else self.edition_line]
            + (
                [f'table {self.table}, editions: "{self.edition}": {{last_period: "{self.last_period}"}}']
                if self.last_period
                else []
            )
            + [f"table {self.table}: {a} → {b or '(leave out: it is gone)'}" for a, b in self.names.items()],
        )
        if self.edits or self.new_rows:
            lines += ["", "For dbt_project/seeds/measure_source.csv"]
            for row, becomes in self.edits:
                ranges = " and ".join(f"{b['edition_from']} to {b['edition_to'] or 'now'}" for b in becomes)
                ended = len(becomes) == 1 and becomes[0]["edition_to"] < self.edition and becomes[0]["edition_to"]
                what = f"end with {ended}" if ended else f"for {ranges}" if becomes else "leave out"
                lines.append(f"  {what}: {row['column_name']} {row['filter']} ({row['measure_id']})")
            lines += ["  " + ",".join(r.values()) for r in self.new_rows]
        lines += _part("Mapped, gone, and nothing in its place", self.unmapped)
        return "\n".join(lines)


def _covers(row: SeedRow, edition: str) -> bool:
    return row["edition_from"] <= edition and (not row["edition_to"] or edition <= row["edition_to"])


def _part(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", title, *(f"  {x}" for x in found)] if found else []


@dataclass(frozen=True)
class _Sheet:
    """A table as text: its columns, and rows as mappings."""

    columns: list[str]
    rows: list[dict[str, str]]


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
    landed = [x for x in read_catalogue(settings) if x.source == source]
    if not landed:
        raise CswError(f"nothing of {source} is landed to hold the file against. Run `csw land` first.")
    columns = read_columns(settings)
    grids = read_grids(file.read_bytes(), file.name)
    found = _likest(passport, landed, columns, [g.rows for g in grids], file, table)
    sheet = _sheet(found.rows, found.header)
    return _compare(settings, passport, found, sheet, landed, columns, edition, file)


def source_of(settings: Settings, file: Path) -> str:
    """The publication of a file, by its name, else by the columns it shares with what is landed; blank for none.

    Args:
        settings: where things are kept.
        file: a csv, workbook or parquet file.

    Raises:
        RefusedFile: the file cannot be read.
    """
    name = published_name(file.name)
    named = {
        p.source
        for p in load_passports(settings.passports)
        for pattern in [*(t.file for t in p.tables if t.file), *p.other_files]
        if re.search(pattern, name, re.IGNORECASE)
    }
    columns = read_columns(settings)
    heads = [
        {label(c) for c in row if c} for g in read_grids(file.read_bytes(), file.name) for row in g.rows[:SEARCH_ROWS]
    ]
    shares: dict[str, float] = defaultdict(float)
    for (source, _, _), held in columns.items():
        have = {label(c) for c, _ in held}
        share = max((len(have & head) / max(1, len(have | head)) for head in heads), default=0.0)
        shares[source] = max(shares[source], share)
    if len(named) == 1:
        return next(iter(named))
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
    drafts: list[tuple[Path, Draft]] = []
    for file in files:
        try:
            found = source or source_of(settings, file)
            if not found:
                say(f"{file.name}: of no publication that is landed; left out.")
                continue
            drafts.append((file, new_edition(settings, found, file, edition=edition)))
        except (CswError, RefusedFile) as exc:
            say(f"{file.name}: left out. {exc}")
    counts = Counter((d.source, d.edition) for _, d in drafts)
    most = {s: max((n, e) for (x, e), n in counts.items() if x == s)[1] for s, _ in counts}
    done = []
    for file, d in drafts:
        is_behind = d.edition != most[d.source] and d.last_period
        done.append(new_edition(settings, d.source, file, d.table, most[d.source]) if is_behind else d)
    return done


@dataclass(frozen=True)
class _Likest:
    table: Table
    other: Landed
    """The landed edition it is held against."""
    rows: list[list[str]]
    header: int


def _likest(
    passport: Passport,
    landed: Sequence[Landed],
    columns: Mapping[tuple[str, str, str], list[tuple[str, str]]],
    grids: Sequence[list[list[str]]],
    file: Path,
    asked: str,
) -> _Likest:
    """The table that the file is, by its name or by the columns it shares with what is landed."""
    newest: dict[str, Landed] = {}
    for x in sorted(landed, key=lambda x: (x.published_on, x.edition)):
        newest[x.table_name] = x
    if asked and asked not in newest:
        raise WrongArgument(f"{passport.source} has no landed table {asked}; it has {', '.join(sorted(newest))}.")
    best: tuple[float, _Likest] | None = None
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
                    best = (share, _Likest(table, newest[name], rows, i))
    if best is None or best[0] < 0.3:
        raise CswError(
            f"{file.name} is not like any landed table of {passport.source}. "
            "Give --table NAME if it is one all the same, or the publication it belongs to."
        )
    return best[1]


def _sheet(rows: list[list[str]], header: int) -> _Sheet:
    names = [c.strip().lstrip("\ufeff") for c in rows[header]]
    kept = [c for c in names if c]
    body = [dict(zip(names, r, strict=False)) for r in rows[header + 1 :] if any(c.strip() for c in r)]
    return _Sheet(kept, body)


def _landed_sheet(settings: Settings, newest: Landed) -> _Sheet:
    with landed_path(settings, *newest.key).open(newline="", encoding="utf-8") as f:
        reader = csv.DictReader(f)
        return _Sheet([c for c in reader.fieldnames or [] if not c.startswith("_")], list(reader))


def _compare(
    settings: Settings,
    passport: Passport,
    found: _Likest,
    new: _Sheet,
    landed: Sequence[Landed],
    columns: Mapping[tuple[str, str, str], list[tuple[str, str]]],
    edition: str,
    file: Path,
) -> Draft:
    table = found.table
    keys = {k: _column(new, v) for k, v in table.keys.items()}
    code, period = keys.get("la_code"), keys.get("period")
    last = max((r.get(period, "") for r in new.rows), key=lambda p: last_year(p) or 0, default="") if period else ""
    name = edition or _edition_of(table, last)
    if not name:
        raise CswError(f"{file.name}: no column says of which period it is. Give --edition NAME.")
    other = _next_to(name, [x for x in landed if x.table_name == table.table])
    old, roles = _landed_sheet(settings, other), dict(columns[other.key])
    draft = Draft(passport.source, table.table, name, other.edition)
    here, there = {label(c): c for c in new.columns}, {label(c): c for c in old.columns}
    lost = [c for k, c in there.items() if k not in here and not GEOGRAPHY.search(c)]
    gained = [c for k, c in here.items() if k not in there and not GEOGRAPHY.search(c)]

    places = _filter_columns(table, new, old, lost, gained, draft)
    filters_new = [" ".join(_filter_text(r, places).split()) if places else "" for r in new.rows]
    filters_old = [r["_filter"] for r in old.rows]
    relabelled = _case_of(set(filters_old), set(filters_new))
    key_old = [
        (r["_la_code"], _year(r["_period"]), relabelled.get(f, f)) for r, f in zip(old.rows, filters_old, strict=True)
    ]
    key_new = [
        (plain_code(r.get(code or "", "")), _year(r.get(period or "", "")), f)
        for r, f in zip(new.rows, filters_new, strict=True)
    ]
    common = [there[k] for k in here if k in there]
    before = _figures(old, key_old, [*lost, *common])
    after = _figures(new, key_new, new.columns)
    taken = {m.old for m in draft.renamed} | {m.new for m in draft.renamed}
    draft.renamed += _renamed([c for c in lost if c not in taken], [c for c in gained if c not in taken], before, after)
    draft.lost = [c for c in lost if c not in {m.old for m in draft.renamed}]
    draft.gained = [c for c in gained if c not in {m.new for m in draft.renamed}]
    pairs = [(there[k], here[k]) for k in here if k in there] + [(m.old, m.new) for m in draft.renamed]
    for a, b in pairs:
        ratio = _ratio(before.get(a, {}), after.get(b, {}))
        if ratio is not None and not 1 / MAGNITUDE < ratio < MAGNITUDE:
            draft.magnitudes.append((b, ratio))
    figures = {label(b) for a, b in pairs if roles.get(a) == "figure"} | {label(c) for c in draft.gained}
    figures -= {label(c) for c in places.values()}
    draft.symbols = _unknown_symbols(settings, passport, other.symbols, new, figures)
    if code:
        draft.unknown_codes = _unknown_codes(settings, new, code, keys.get("la_name"))
    for column in (c for c, role in roles.items() if role == "filter" and label(c) in here):
        values = [{r.get(x, "").strip() for r in s.rows} - {""} for s, x in ((new, here[label(column)]), (old, column))]
        if values[0] != values[1]:
            draft.labels[column] = (sorted(values[0] - values[1]), sorted(values[1] - values[0]))
    seed = _seed_rows(settings, draft.source, draft.table)
    labels = {**relabelled, **_relabelled(seed, relabelled, set(filters_new), before, after, draft)}
    draft.relabelled = [Match(a, b, why) for a, (b, why) in labels.items() if a != b]
    _passport_entries(passport, draft, table, last, other, {a: b for a, (b, _) in labels.items()})
    _seed_entries(passport, draft, seed, set(here), set(filters_new), {a: b for a, (b, _) in labels.items()})
    return draft


def _next_to(edition: str, landed: Sequence[Landed]) -> Landed:
    """The landed edition before this one; failing that, the one after; the edition itself only where it is alone."""
    order = sorted(landed, key=lambda x: (base_edition(x.edition), x.published_on, x.edition))
    below = [x for x in order if base_edition(x.edition) < edition]
    above = [x for x in order if base_edition(x.edition) > edition]
    return below[-1] if below else above[0] if above else order[-1]


def _year(period: str) -> str:
    year = last_year(period)
    return str(year) if year is not None else period.strip()


def _filter_columns(
    table: Table, new: _Sheet, old: _Sheet, lost: Sequence[str], gained: Sequence[str], draft: Draft
) -> dict[str, str]:
    """Each filter's column in the new file; one that was renamed is found by its values, else by its name."""
    places: dict[str, str] = {}
    columns = table.filters if isinstance(table.filters, dict) else {f.split("|")[0]: f for f in table.filters}
    for name, names in columns.items():
        free = [c for c in new.columns if c not in places.values()]
        column = next((c for n in names.split("|") for c in free if label(c) == label(n)), None)
        if column is None:
            before = next(
                (c for c in old.columns if label(c) in {label(n) for n in names.split("|")} and c in lost), ""
            )
            values = {label(r.get(before, "")) for r in old.rows}
            shares = {}
            for c in gained:
                here = {label(r.get(c, "")) for r in new.rows}
                alike = difflib.SequenceMatcher(None, label(before), label(c)).ratio()
                share = len(values & here) / max(1, len(values | here))
                if c in free and (share >= SAME_VALUES or alike >= SAME_NAME):
                    shares[c] = (share + alike / 10, share)
            if not before or not shares:
                continue
            column = max(shares, key=lambda c: shares[c])
            draft.renamed.append(Match(before, column, f"{shares[column][1]:.0%} of its values are the same"))
            draft.names[names] = f"{names}|{column}"
        places[name] = column
    return places


def _filter_text(row: Mapping[str, str], places: Mapping[str, str]) -> str:
    return "|".join(f"{name}={' '.join((row.get(column) or '').split())}" for name, column in places.items())


def _case_of(old: set[str], new: set[str]) -> dict[str, str]:
    """Filters that are written in other capitals and are the same otherwise."""
    by_label = {label(f): f for f in sorted(new)}
    return {f: by_label[label(f)] for f in old if f not in new and label(f) in by_label}


def _relabelled(
    seed: Sequence[SeedRow],
    known: Mapping[str, str],
    filters: set[str],
    before: Mapping[str, Mapping[Cell, float]],
    after: Mapping[str, Mapping[Cell, float]],
    draft: Draft,
) -> dict[str, tuple[str, str]]:
    """Mapped filters that the file does not have, and which of its filters has their figures."""
    found: dict[str, tuple[str, str]] = {a: (b, "other capitals") for a, b in known.items()}
    now = {m.old: m.new for m in draft.renamed}
    old_by, new_by = _by_filter(before), _by_filter(after)
    for mapped in sorted({r["filter"] for r in seed if r["filter"]} - filters - set(known)):
        best: tuple[float, str, str] | None = None
        for column in sorted({r["column_name"] for r in seed if r["filter"] == mapped}):
            column_old = next((c for c in before if label(c) == label(column)), None)
            if column_old is None:
                continue
            column_new = now.get(column_old) or next((c for c in after if label(c) == label(column)), None)
            one = old_by.get((column_old, mapped), {})
            for candidate in sorted(filters):
                two = new_by.get((column_new or "", candidate), {})
                common = one.keys() & two.keys()
                if len(common) < ENOUGH:
                    continue
                equal = sum(math.isclose(one[k], two[k], rel_tol=1e-6) for k in common) / len(common)
                alike = difflib.SequenceMatcher(None, label(mapped), label(candidate)).ratio()
                if equal >= SAME_FIGURES and (best is None or equal + alike > best[0]):
                    best = (equal + alike, candidate, f"{equal:.0%} of {len(common)} figures are the same")
        if best is not None:
            found[mapped] = best[1:]
    return found


def _by_filter(figures: Mapping[str, Mapping[Cell, float]]) -> dict[tuple[str, str], dict[Cell, float]]:
    found: dict[tuple[str, str], dict[Cell, float]] = defaultdict(dict)
    for column, cells in figures.items():
        for (la, year, filter_text), value in cells.items():
            found[column, filter_text][la, year] = value
    return found


def _column(sheet: _Sheet, name: str) -> str | None:
    return next((c for c in sheet.columns if label(c) in {label(n) for n in name.split("|")}), None)


def _edition_of(table: Table, last: str) -> str:
    """The edition that a file of this table would be, by its last period."""
    year = last_year(last)
    if table.edition_from != "last_period" or year is None:
        return ""
    told = {int(e): int(r.last_period) for e, r in table.editions.items() if r.last_period and e.isdigit()}
    return str(year + (max(told) - told[max(told)] if told else 0))


def _figures(sheet: _Sheet, keys: Sequence[Cell], columns: Iterable[str]) -> dict[str, dict[Cell, float]]:
    """Column to its figures by authority, period and filter; of several rows for one, the first."""
    found: dict[str, dict[Cell, float]] = defaultdict(dict)
    wanted = list(dict.fromkeys(columns))
    for at, r in zip(keys, sheet.rows, strict=True):
        if at[0] in NO_CODE:
            continue
        for c in wanted:
            value = number(r.get(c) or "")
            if value is not None:
                found[c].setdefault(at, value)
    return found


def _renamed(
    lost: Sequence[str],
    gained: Sequence[str],
    before: Mapping[str, Mapping[Cell, float]],
    after: Mapping[str, Mapping[Cell, float]],
) -> list[Match]:
    """Pairs of a lost and a new column, surest first, each in one pair."""
    scored = []
    for a in lost:
        for b in gained:
            one, two = before.get(a, {}), after.get(b, {})
            common = one.keys() & two.keys()
            alike = difflib.SequenceMatcher(None, label(a), label(b)).ratio()
            if len(common) >= ENOUGH:
                equal = sum(math.isclose(one[k], two[k], rel_tol=1e-6) for k in common) / len(common)
                if equal >= SAME_FIGURES:
                    scored.append((1 + equal + alike / 10, a, b, f"{equal:.0%} of {len(common)} figures are the same"))
                    continue
                # Other figures for the same cells: another quantity, however like its name.
                if equal < 0.2:
                    continue
            if alike >= SAME_NAME:
                scored.append((alike, a, b, f"names are {alike:.0%} alike"))
    matches: list[Match] = []
    for _, a, b, why in sorted(scored, key=lambda s: -s[0]):
        if not any(a == m.old or b == m.new for m in matches):
            matches.append(Match(a, b, why))
    return matches


def _ratio(before: Mapping[Cell, float], after: Mapping[Cell, float]) -> float | None:
    ratios = [after[k] / before[k] for k in before.keys() & after.keys() if before[k] > 0 and after[k] > 0]
    return median(ratios) if len(ratios) >= ENOUGH else None


def _unknown_symbols(
    settings: Settings, passport: Passport, symbols: str, sheet: _Sheet, columns: set[str]
) -> dict[str, int]:
    with (settings.seeds / "value_symbol.csv").open(newline="", encoding="utf-8") as f:
        known = {r["symbol"].strip() for r in csv.DictReader(f) if r["symbols"] == symbols}
    counts: dict[str, int] = defaultdict(int)
    for r in sheet.rows:
        for c in sheet.columns:
            text = (r.get(c) or "").strip()
            # Words are a column of words, not symbols.
            if label(c) in columns and text and len(text) <= 8 and number(text) is None and text not in known:
                counts[text] += 1
    return dict(sorted(counts.items()))


def _unknown_codes(settings: Settings, sheet: _Sheet, code: str, name: str | None) -> dict[str, str]:
    known: set[str] = set()
    for seed, column in (("local_authority", "la_code"), ("reporting_unit", "unit_code")):
        with (settings.seeds / f"{seed}.csv").open(newline="", encoding="utf-8") as f:
            known |= {r[column] for r in csv.DictReader(f)}
    return {
        c: (r.get(name, "") if name else "")
        for r in sheet.rows
        if (c := plain_code(r.get(code, ""))) and c not in known and c.casefold() not in NO_CODE
    }


def _passport_entries(
    passport: Passport, draft: Draft, table: Table, last: str, other: Landed, labels: Mapping[str, str]
) -> None:
    """The lines of the passport: the edition, and the names that its columns and labels have now."""
    meta = passport.editions[base_edition(other.edition)]
    shift = meta.published_on.year - int(base_edition(other.edition)[:4])
    published_on = _same_weekday(meta.published_on, int(draft.edition[:4]) + shift)
    draft.is_known = draft.edition in passport.editions
    draft.edition_line = f'"{draft.edition}": {{published_on: {published_on}, symbols: {meta.symbols}}}'
    if draft.is_known:
        # The set under which the edition's other tables are read.
        draft.edition_line = ""
    if any(r.last_period for r in table.editions.values()) and draft.edition not in table.editions:
        draft.last_period = str(last_year(last) or last)
    now = {label(m.old): m.new for m in draft.renamed}
    gone = {label(c) for c in draft.lost}
    for wanted in table.header:
        names = {label(n) for n in wanted.split("|")}
        if (hits := names & now.keys()) and not names & {label(now[h]) for h in hits}:
            draft.names[wanted] = f"{wanted}|{now[min(hits)]}"
        elif names & gone and not names & {label(c) for c in draft.gained}:
            draft.names[wanted] = ""
    for column, values in table.contains.items():
        names = {label(n) for n in column.split("|")}
        if (hits := names & now.keys()) and not names & {label(now[h]) for h in hits}:
            draft.names[column] = f"{column}|{now[min(hits)]}"
        for value in values:
            renamed = next((_part_of(b, a, value) for a, b in labels.items() if _part_of(b, a, value)), "")
            if renamed and label(renamed) not in {label(v) for v in value.split("|")}:
                draft.names[value] = f"{value}|{renamed}"


def _same_weekday(day: date, year: int) -> date:
    """The day of another year that publishers mean by "the last Thursday of October", or the third of November."""
    nth, is_last = (day.day - 1) // 7, (day + timedelta(7)).month != day.month
    first = date(year, day.month, 1)
    days = [first + timedelta((day.weekday() - first.weekday()) % 7 + 7 * i) for i in range(5)]
    days = [d for d in days if d.month == day.month]
    return days[-1] if is_last else days[min(nth, len(days) - 1)]


def _part_of(new: str, old: str, value: str) -> str:
    """Of a filter that was renamed, the part that was a value: its name now."""
    for a, b in zip(old.split("|"), new.split("|"), strict=False):
        if label(a.partition("=")[2]) in {label(v) for v in value.split("|")} and a != b:
            return b.partition("=")[2]
    return ""


def _seed_rows(settings: Settings, source: str, table: str) -> list[SeedRow]:
    with (settings.seeds / "measure_source.csv").open(newline="", encoding="utf-8") as f:
        return [r for r in csv.DictReader(f) if (r["source"], r["table_name"]) == (source, table)]


def _seed_entries(
    passport: Passport,
    draft: Draft,
    seed: Sequence[SeedRow],
    columns: set[str],
    filters: set[str],
    labels: Mapping[str, str],
) -> None:
    """Which rows of the seed the edition needs, measure by measure; see the module's first lines."""
    edition = draft.edition
    order = sorted({*map(base_edition, passport.editions), edition})
    at = order.index(edition)
    before = order[at - 1] if at else ""
    after = order[at + 1] if at + 1 < len(order) else ""
    now = {label(m.old): m.new for m in draft.renamed}

    def is_here(r: SeedRow) -> bool:
        return label(r["column_name"]) in columns and (not r["filter"] or r["filter"] in filters)

    def renamed(r: SeedRow) -> SeedRow:
        column = r["column_name"] if label(r["column_name"]) in columns else now.get(label(r["column_name"]), "")
        text = r["filter"] if r["filter"] in filters else labels.get(r["filter"], r["filter"])
        return {**r, "column_name": column, "filter": text}

    parts: dict[tuple[str, str], list[SeedRow]] = defaultdict(list)
    for r in seed:
        if not r["period"]:
            parts[r["measure_id"], r["component"]].append(r)
    nearest = sorted((e for e in order if e != edition), key=lambda e: (abs(order.index(e) - at), -order.index(e)))
    changes: dict[int, list[SeedRow]] = {}
    for (measure, component), rows in parts.items():
        covering = [r for r in rows if _covers(r, edition)]
        neighbours = [e for e in (before, after) if e]
        if not covering and not any(_covers(r, e) for r in rows for e in neighbours):
            continue
        if covering and all(map(is_here, covering)):
            continue
        others = ([r for r in rows if _covers(r, e)] for e in nearest)
        wanted = next((w for w in others if w and all(map(is_here, w))), None)
        if wanted is None:
            bases = [covering] * bool(covering) + [w for e in nearest if (w := [r for r in rows if _covers(r, e)])]
            wanted = next((w for b in bases if all(map(is_here, w := [renamed(r) for r in b]))), [])
            if not wanted:
                draft.unmapped += [f"{r['column_name']} ({measure}, {component})" for r in bases[0] if not is_here(r)]
        for r in covering:
            if not any(_same(r, w) for w in wanted):
                changes[id(r)] = _without(r, edition, before, after)
        for one in wanted:
            if any(_same(r, one) for r in covering):
                continue
            row = next((r for r in rows if _same(r, one) and _touches(r, before, after)), None)
            if row is not None and id(row) not in changes:
                changes[id(row)] = [_widened(row, edition, before)]
            else:
                draft.new_rows.append({**one, "edition_from": edition, "edition_to": edition if after else ""})
    draft.edits = [(r, changes[id(r)]) for r in seed if id(r) in changes]


def _same(a: SeedRow, b: SeedRow) -> bool:
    what = ("column_name", "filter", "period", "measure_id", "component", "unit_factor", "year", "year_shift")
    return all(a[k] == b[k] for k in what)


def _touches(row: SeedRow, before: str, after: str) -> bool:
    return bool((before and row["edition_to"] == before) or (after and row["edition_from"] == after))


def _widened(row: SeedRow, edition: str, before: str) -> SeedRow:
    side = "edition_to" if before and row["edition_to"] == before else "edition_from"
    return {**row, side: edition}


def _without(row: SeedRow, edition: str, before: str, after: str) -> list[SeedRow]:
    """A row's range with one edition taken out of it."""
    left = [{**row, "edition_to": before}] if before and row["edition_from"] <= before else []
    right = [{**row, "edition_from": after}] if after and (not row["edition_to"] or after <= row["edition_to"]) else []
    return left + right
