"""What a new edition's file changes, and the entries that would take it in: ``csw new-edition``.

The file is held against the newest edition of its table that is landed: columns renamed, new and lost (by their names
and by their figures for the same authorities and years), magnitudes, symbols, codes and filter values. Nothing lands.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median

from flows.common.errors import CswError
from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.landing.catalogue import Landed, base_edition, landed_path, read_catalogue, read_columns
from flows.landing.grids import label, read_grids
from flows.landing.recognise import SEARCH_ROWS
from flows.sources.passport import Passport, Table, load_passports

#: A lost and a new column are proposed as one where their figures agree, or else their names do.
SAME_FIGURES, SAME_NAME = 0.8, 0.6
#: Figures of the same cells may be revised; beyond this their unit has changed.
MAGNITUDE = 3.0
GEOGRAPHY = re.compile(r"^(country|region)_|^geographic_level$|^time_identifier$")

Cell = tuple[str, str]
"""Authority and period."""


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
    magnitudes: list[tuple[str, float]] = field(default_factory=list)
    symbols: dict[str, int] = field(default_factory=dict)
    unknown_codes: dict[str, str] = field(default_factory=dict)
    labels: dict[str, tuple[list[str], list[str]]] = field(default_factory=dict)
    """Filter column to values that are new and values that are gone."""
    is_known: bool = False
    """Whether the passport knows the edition already."""
    edition_line: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Entry of the table's header to what it should be: another name, or blank where the column is gone."""
    last_period: str = ""
    """The period to put into the table's entry, where its editions are told by it."""
    closed_rows: list[dict[str, str]] = field(default_factory=list)
    """Rows of measure_source.csv that end before this edition."""
    new_rows: list[dict[str, str]] = field(default_factory=list)
    unmapped: list[str] = field(default_factory=list)
    """Mapped columns that are gone and have no successor: their measures end, or are computed from others."""

    def text(self) -> str:
        """For people."""
        head = f"{self.source} {self.table}: edition {self.edition}, held against {self.compared_with}"
        lines = [head, "=" * len(head)]
        lines += _part("Renamed, probably", [f"{m.old} → {m.new}  ({m.why})" for m in self.renamed])
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
            + [f"table {self.table}, header: {a} → {b or '(leave out: it is gone)'}" for a, b in self.headers.items()],
        )
        if self.closed_rows or self.new_rows:
            lines += ["", "For dbt_project/seeds/measure_source.csv"]
            lines += [f"  end with {r['edition_to']}: {r['column_name']} ({r['measure_id']})" for r in self.closed_rows]
            lines += ["  " + ",".join(r.values()) for r in self.new_rows]
        lines += _part("Mapped, gone, and nothing in its place", self.unmapped)
        return "\n".join(lines)


def _part(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", title, *(f"  {x}" for x in found)] if found else []


@dataclass(frozen=True)
class _Sheet:
    """A table as text: its columns, and rows as mappings."""

    columns: list[str]
    rows: list[dict[str, str]]


def new_edition(settings: Settings, source: str, file: Path, table: str = "", edition: str = "") -> Draft:
    """Hold a file against the newest landed edition of its table and draft the entries for it.

    Args:
        settings: where things are kept; the newest edition must be landed.
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
        raise CswError(f"no publication is called {source}." + (f" Nearest: {', '.join(near)}." if near else ""))
    if not file.is_file():
        raise CswError(f"{file} is not a file.")
    passport = passports[source]
    landed = [x for x in read_catalogue(settings) if x.source == source]
    if not landed:
        raise CswError(f"nothing of {source} is landed to hold the file against. Run `csw land` first.")
    columns = read_columns(settings)
    grids = read_grids(file.read_bytes(), file.name)
    found = _likest(passport, landed, columns, [g.rows for g in grids], file, table)
    sheet = _sheet(found.rows, found.header)
    old = _landed_sheet(settings, found.newest)
    return _compare(settings, passport, found, sheet, old, dict(columns[found.newest.key]), edition, file)


@dataclass(frozen=True)
class _Likest:
    table: Table
    newest: Landed
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
        raise CswError(f"{passport.source} has no landed table {asked}; it has {', '.join(sorted(newest))}.")
    best: tuple[float, _Likest] | None = None
    for name, x in newest.items():
        if asked and name != asked:
            continue
        table = passport.table(name)
        named = bool(table.file and re.search(table.file, file.name, re.IGNORECASE))
        have = {label(c) for c, _ in columns.get(x.key, [])}
        for rows in grids:
            for i, row in enumerate(rows[:SEARCH_ROWS]):
                head = {label(c) for c in row if c}
                share = len(have & head) / max(1, len(have | head)) + named
                if best is None or share > best[0]:
                    best = (share, _Likest(table, x, rows, i))
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
    old: _Sheet,
    roles: Mapping[str, str],
    edition: str,
    file: Path,
) -> Draft:
    table, newest = found.table, found.newest
    keys = {k: _column(new, v) for k, v in table.keys.items()}
    code, period = keys.get("la_code"), keys.get("period")
    last = max((r.get(period, "") for r in new.rows), default="") if period else ""
    name = edition or _edition_of(table, last)
    if not name:
        raise CswError(f"{file.name}: no column says of which period it is. Give --edition NAME.")
    draft = Draft(passport.source, table.table, name, newest.edition)
    here, there = {label(c): c for c in new.columns}, {label(c): c for c in old.columns}
    lost = [c for k, c in there.items() if k not in here and not GEOGRAPHY.search(c)]
    gained = [c for k, c in here.items() if k not in there and not GEOGRAPHY.search(c)]
    before = _figures(old, "_la_code", "_period", [*lost, *(there[k] for k in here if k in there)])
    after = _figures(new, code, period, new.columns)
    draft.renamed = _renamed(lost, gained, before, after)
    draft.lost = [c for c in lost if c not in {m.old for m in draft.renamed}]
    draft.gained = [c for c in gained if c not in {m.new for m in draft.renamed}]
    pairs = [(there[k], here[k]) for k in here if k in there] + [(m.old, m.new) for m in draft.renamed]
    for a, b in pairs:
        ratio = _ratio(before.get(a, {}), after.get(b, {}))
        if ratio is not None and not 1 / MAGNITUDE < ratio < MAGNITUDE:
            draft.magnitudes.append((b, ratio))
    figures = {label(b) for a, b in pairs if roles.get(a) == "figure"} | {label(c) for c in draft.gained}
    draft.symbols = _unknown_symbols(settings, passport, newest.symbols, new, figures)
    if code:
        draft.unknown_codes = _unknown_codes(settings, new, code, keys.get("la_name"))
    for column in (c for c, role in roles.items() if role == "filter" and label(c) in here):
        values = [{r.get(x, "").strip() for r in s.rows} - {""} for s, x in ((new, here[label(column)]), (old, column))]
        if values[0] != values[1]:
            draft.labels[column] = (sorted(values[0] - values[1]), sorted(values[1] - values[0]))
    _entries(settings, passport, draft, table, last, newest)
    return draft


def _column(sheet: _Sheet, name: str) -> str | None:
    return next((c for c in sheet.columns if label(c) in {label(n) for n in name.split("|")}), None)


def _edition_of(table: Table, last: str) -> str:
    """The edition that a file of this table would be, by its last period."""
    told = {int(e): int(r.last_period) for e, r in table.editions.items() if r.last_period and e.isdigit()}
    shift = max(told) - told[max(told)] if told else 0
    if table.edition_from == "last_period" and last[:4].isdigit():
        return str(int(last[:4]) + 1) if len(last) >= 6 else str(int(last) + shift)
    return ""


def _number(text: str) -> float | None:
    try:
        value = float(text.replace(",", "").strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _figures(
    sheet: _Sheet, code: str | None, period: str | None, columns: Iterable[str]
) -> dict[str, dict[Cell, float]]:
    """Column to its figures by authority and period; of several rows for one, the first."""
    found: dict[str, dict[Cell, float]] = defaultdict(dict)
    wanted = list(dict.fromkeys(columns))
    for r in sheet.rows:
        la = (r.get(code, "") if code else "").strip()
        if not la:
            continue
        at = (la, (r.get(period, "") if period else "").strip())
        for c in wanted:
            value = _number(r.get(c) or "")
            if value is not None:
                found[c].setdefault(at, value)
    return found


def _renamed(
    lost: Sequence[str],
    gained: Sequence[str],
    before: Mapping[str, dict[Cell, float]],
    after: Mapping[str, dict[Cell, float]],
) -> list[Match]:
    """Pairs of a lost and a new column, surest first, each in one pair."""
    scored = []
    for a in lost:
        for b in gained:
            one, two = before.get(a, {}), after.get(b, {})
            common = one.keys() & two.keys()
            alike = difflib.SequenceMatcher(None, label(a), label(b)).ratio()
            if len(common) >= 10:
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
    return median(ratios) if len(ratios) >= 10 else None


def _unknown_symbols(
    settings: Settings, passport: Passport, symbols: str, sheet: _Sheet, columns: set[str]
) -> dict[str, int]:
    with (settings.seeds / "value_symbol.csv").open(newline="", encoding="utf-8") as f:
        known = {r["symbol"].strip().casefold() for r in csv.DictReader(f) if r["symbols"] == symbols}
    counts: dict[str, int] = defaultdict(int)
    for r in sheet.rows:
        for c in sheet.columns:
            text = (r.get(c) or "").strip()
            # Words are a column of words, not symbols.
            if (
                label(c) in columns
                and text
                and len(text) <= 4
                and _number(text) is None
                and text.casefold() not in known
            ):
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
        if (c := r.get(code, "").strip()) and c not in known and c.casefold() not in {"z", "x"}
    }


def _entries(settings: Settings, passport: Passport, draft: Draft, table: Table, last: str, newest: Landed) -> None:
    """The lines of the passport and the rows of the seed."""
    meta = passport.editions[base_edition(newest.edition)]
    month = passport.cadence.months[0] if passport.cadence and passport.cadence.months else 1
    year = int(draft.edition[:4]) + (1 if meta.published_on.year > int(base_edition(newest.edition)[:4]) else 0)
    draft.is_known = draft.edition in passport.editions
    draft.edition_line = f'"{draft.edition}": {{published_on: {date(year, month, 1)}, symbols: {meta.symbols}}}'
    if any(r.last_period for r in table.editions.values()) and draft.edition not in table.editions:
        draft.last_period = last
    now = {label(m.old): m.new for m in draft.renamed}
    gone = {label(c) for c in draft.lost}
    for wanted in table.header:
        names = {label(n) for n in wanted.split("|")}
        if (hits := names & now.keys()) and label(now[min(hits)]) not in names:
            draft.headers[wanted] = f"{wanted}|{now[min(hits)]}"
        elif names & gone:
            draft.headers[wanted] = ""
    with (settings.seeds / "measure_source.csv").open(newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    for r in rows:
        column = label(r["column_name"])
        is_open = r["source"] == draft.source and r["table_name"] == draft.table and not r["edition_to"]
        if not is_open or column not in now.keys() | gone:
            continue
        draft.closed_rows.append({**r, "edition_to": base_edition(newest.edition)})
        if column in now:
            draft.new_rows.append({**r, "edition_from": draft.edition, "edition_to": "", "column_name": now[column]})
        else:
            draft.unmapped.append(f"{r['column_name']} ({r['measure_id']}, {r['component']})")


def write_entries(settings: Settings, draft: Draft) -> list[Path]:
    """Put the edition and the columns' names into the passport and the rows into the seed; all else stays as it is.

    Raises:
        CswError: the passport has no list of editions, or no line of the table's header, to put them into.
    """
    passport = settings.passports / f"{draft.source}.yml"
    lines = passport.read_text(encoding="utf-8").splitlines(keepends=True)
    if not draft.is_known:
        lines.insert(_end_of_editions(lines, passport.name), f"  {draft.edition_line}\n")
    if draft.headers:
        at = _line_of_header(lines, draft.table, passport.name)
        for wanted, other in draft.headers.items():
            quoted = rf'(?P<q>"?){re.escape(wanted)}(?P=q)(?=[,\]])'
            lines[at] = (
                re.sub(quoted, f'"{other}"', lines[at]) if other else re.sub(rf",\s*{quoted}|{quoted}", "", lines[at])
            )
    seed = settings.seeds / "measure_source.csv"
    with seed.open(newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    ended = [{**r, "edition_to": ""} for r in draft.closed_rows]
    out: list[dict[str, str]] = []
    for r in rows:
        out.append(draft.closed_rows[ended.index(r)] if r in ended else r)
    last = max(
        (i for i, r in enumerate(out) if (r["source"], r["table_name"]) == (draft.source, draft.table)), default=-1
    )
    out[last + 1 : last + 1] = draft.new_rows
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(out)
    write_atomically(passport, "".join(lines).encode())
    write_atomically(seed, buffer.getvalue().encode())
    return [passport, seed]


def _end_of_editions(lines: Sequence[str], name: str) -> int:
    """Where the next line of a passport's list of editions belongs."""
    start = next((i for i, x in enumerate(lines) if re.match(r"editions:\s*$", x)), None)
    if start is None:
        raise CswError(f"{name} has no list of editions to add to.")
    end = next((i for i in range(start + 1, len(lines)) if re.match(r"[^\s#]", lines[i])), len(lines))
    return 1 + max(i for i in range(start, end) if i == start or lines[i].startswith("  "))


def _line_of_header(lines: Sequence[str], table: str, name: str) -> int:
    """The line of a table's header in a passport."""
    start = next((i for i, x in enumerate(lines) if re.match(rf"\s*- table: {re.escape(table)}\s*$", x)), len(lines))
    for i in range(start + 1, len(lines)):
        if re.match(r"\s*- table: ", lines[i]):
            break
        if re.match(r"\s*header: \[", lines[i]):
            return i
    raise CswError(f"{name}: the header of table {table} is not on one line; put the names in by hand.")
