"""One edition beside another: what was renamed, gained and lost, and whose figures are of another size."""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.landing.catalogue import Landed, base_edition
from flows.landing.draft import Draft, Match, SeedRow
from flows.landing.edition_sheet import (
    Cell,
    EditionSheet,
    column_named,
    figures_of,
    filter_text_of,
    landed_sheet,
    year_of,
)
from flows.landing.figures import number
from flows.landing.grids import label
from flows.landing.levels import NATIONAL_NAMES, REGIONAL_NAMES
from flows.landing.passport_entries import add_passport_entries
from flows.landing.periods import last_year
from flows.landing.places import NO_CODE, plain_code
from flows.landing.seed_entries import add_seed_entries, read_seed_rows
from flows.sources.passport import Passport, Table

#: A lost and a new column are proposed as one where their figures agree, or else their names do.
SAME_FIGURES, SAME_NAME = 0.8, 0.6
#: A filter's column is another's successor where so many of their values are the same.
SAME_VALUES = 0.5
#: Figures of the same cells may be revised; beyond this their unit has changed.
MAGNITUDE = 3.0
#: So many figures in common say whether two columns are one.
ENOUGH = 10
GEOGRAPHY = re.compile(r"^(country|region)_|^geographic_level$|^time_identifier$")


@dataclass(frozen=True)
class Likest:
    """The table that a file is likest to, with its rows and where their header is."""

    table: Table
    other: Landed
    """The landed edition it is held against."""
    rows: list[list[str]]
    header: int


def compare(
    settings: Settings,
    passport: Passport,
    found: Likest,
    new: EditionSheet,
    landed: Sequence[Landed],
    columns: Mapping[tuple[str, str, str], list[tuple[str, str]]],
    edition: str,
    file: Path,
) -> Draft:
    """What a file changes beside the landed edition next to it, and the entries that would take it in.

    Raises:
        CswError: no column says of which period the file is, and no edition is given.
    """
    table = found.table
    keys = {k: column_named(new, v) for k, v in table.keys.items()}
    code, period = keys.get("la_code"), keys.get("period")
    last = _last_period(table, new, period)
    name = edition or _edition_by(file, passport, table, last)
    other = _next_to(name, [x for x in landed if x.table_name == table.table])
    old, roles = landed_sheet(settings, other), dict(columns[other.key])
    draft = Draft(passport.source, table.table, name, other.edition)
    here, there = {label(c): c for c in new.columns}, {label(c): c for c in old.columns}
    lost = [c for k, c in there.items() if k not in here and not GEOGRAPHY.search(c)]
    gained = [c for k, c in here.items() if k not in there and not GEOGRAPHY.search(c)]

    places = _filter_columns(table, new, old, lost, gained, draft)
    filters_new = [" ".join(filter_text_of(r, places).split()) if places else "" for r in new.rows]
    filters_old = [r["_filter"] for r in old.rows]
    relabelled = _case_of(set(filters_old), set(filters_new))
    key_old = [
        (r["_la_code"], year_of(r["_period"]), relabelled.get(f, f)) for r, f in zip(old.rows, filters_old, strict=True)
    ]
    key_new = [
        (plain_code(r.get(code or "", "")), year_of(r.get(period or "", "")), f)
        for r, f in zip(new.rows, filters_new, strict=True)
    ]
    common = [there[k] for k in here if k in there]
    before = figures_of(old, key_old, [*lost, *common])
    after = figures_of(new, key_new, new.columns)
    taken = {m.old for m in draft.renamed} | {m.new for m in draft.renamed}
    draft.renamed += _renamed([c for c in lost if c not in taken], [c for c in gained if c not in taken], before, after)
    draft.lost = [c for c in lost if c not in {m.old for m in draft.renamed}]
    draft.gained = [c for c in gained if c not in {m.new for m in draft.renamed}]
    pairs = [(there[k], here[k]) for k in here if k in there] + [(m.old, m.new) for m in draft.renamed]
    ratios = ((b, _ratio(before.get(a, {}), after.get(b, {}))) for a, b in pairs)
    draft.magnitudes += [(b, r) for b, r in ratios if r is not None and not 1 / MAGNITUDE < r < MAGNITUDE]
    figures = {label(b) for a, b in pairs if roles.get(a) == "figure"} | {label(c) for c in draft.gained}
    figures -= {label(c) for c in places.values()}
    draft.symbols = _unknown_symbols(settings, passport, other.symbols, new, figures)
    if code:
        draft.unknown_codes = _unknown_codes(settings, new, code, keys.get("la_name"))
    for column in (c for c, role in roles.items() if role == "filter" and label(c) in here):
        now, then = _words_of(new, here[label(column)]), _words_of(old, column)
        if now != then:
            draft.labels[column] = (sorted(now - then), sorted(then - now))
    seed = read_seed_rows(settings, draft.source, draft.table)
    labels = {**relabelled, **_relabelled(seed, relabelled, set(filters_new), before, after, draft)}
    draft.relabelled = [Match(a, b, why) for a, (b, why) in labels.items() if a != b]
    add_passport_entries(passport, draft, table, last, other, {a: b for a, (b, _) in labels.items()})
    add_seed_entries(passport, draft, seed, set(here), set(filters_new), {a: b for a, (b, _) in labels.items()})
    return draft


def _last_period(table: Table, new: EditionSheet, period: str | None) -> str:
    """The last period of a release; where it is told by some rows, the others may run further."""
    telling = {column_named(new, c): v for c, v in table.last_period_where.items()}
    of_release = [r for r in new.rows if all((r.get(c or "") or "").strip() == v for c, v in telling.items())]
    return max((r.get(period, "") for r in of_release), key=lambda p: last_year(p) or 0, default="") if period else ""


def _edition_by(file: Path, passport: Passport, table: Table, last: str) -> str:
    """The edition that a file's last period, or of a compilation of every month its name, says.

    Raises:
        CswError: it says none.
    """
    name = _month_of(file) if is_monthly(passport) else _edition_of(table, last)
    if not name:
        raise CswError(
            f"{file.name}: of a compilation that comes every month, its month. Give --edition YYYY-MM."
            if is_monthly(passport)
            else f"{file.name}: no column says of which period it is. Give --edition NAME."
        )
    return name


def _words_of(sheet: EditionSheet, column: str) -> set[str]:
    """What a column says, blanks apart."""
    return {r.get(column, "").strip() for r in sheet.rows} - {""}


def _next_to(edition: str, landed: Sequence[Landed]) -> Landed:
    """The landed edition before this one; failing that, the one after; the edition itself only where it is alone."""
    order = sorted(landed, key=lambda x: (base_edition(x.edition), x.published_on, x.edition))
    below = [x for x in order if base_edition(x.edition) < edition]
    above = [x for x in order if base_edition(x.edition) > edition]
    return below[-1] if below else above[0] if above else order[-1]


def _filter_columns(
    table: Table, new: EditionSheet, old: EditionSheet, lost: Sequence[str], gained: Sequence[str], draft: Draft
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


def is_monthly(passport: Passport) -> bool:
    """Whether a publication comes so often that its editions are months."""
    return passport.cadence is not None and passport.cadence.per_year >= 12


def _month_of(file: Path) -> str:
    """The month (YYYY-MM) that a file's name, or else its folder's, says; blank where neither does."""
    found = (re.search(r"(?<!\d)(20\d\d)[-_](0[1-9]|1[0-2])(?!\d)", n) for n in (file.name, file.parent.name))
    return next((f"{m[1]}-{m[2]}" for m in found if m), "")


def _edition_of(table: Table, last: str) -> str:
    """The edition that a file of this table would be, by its last period."""
    year = last_year(last)
    if table.edition_from != "last_period" or year is None:
        return ""
    told = {int(e): int(r.last_period) for e, r in table.editions.items() if r.last_period and e.isdigit()}
    return str(year + (max(told) - told[max(told)] if told else 0))


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
    settings: Settings, passport: Passport, symbols: str, sheet: EditionSheet, columns: set[str]
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


def _unknown_codes(settings: Settings, sheet: EditionSheet, code: str, name: str | None) -> dict[str, str]:
    known: set[str] = set()
    for seed, column in (("local_authority", "la_code"), ("reporting_unit", "unit_code")):
        with (settings.seeds / f"{seed}.csv").open(newline="", encoding="utf-8") as f:
            known |= {r[column] for r in csv.DictReader(f)}
    # One publisher numbers England and the regions, too.
    wider = NATIONAL_NAMES | REGIONAL_NAMES
    return {
        c: (r.get(name, "") if name else "")
        for r in sheet.rows
        if (c := plain_code(r.get(code, "")))
        and c not in known
        and c.casefold() not in NO_CODE
        and label(r.get(name or "", "")) not in wider
    }
