"""What a new edition would need in the seed ``measure_source.csv``, decided measure by measure."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence

from flows.common.settings import Settings
from flows.landing.catalogue import base_edition
from flows.landing.draft import Draft, SeedRow, covers
from flows.landing.grids import label
from flows.sources.passport import Passport


def read_seed_rows(settings: Settings, source: str, table: str) -> list[SeedRow]:
    """The rows of the seed that are of a table."""
    with (settings.seeds / "measure_source.csv").open(newline="", encoding="utf-8") as f:
        return [r for r in csv.DictReader(f) if (r["source"], r["table_name"]) == (source, table)]


def add_seed_entries(
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
    # Landing misses what any edition maps and this one has, save in tables that are others in every year.
    is_by_year = passport.table(draft.table).is_by_year
    held = {(label(r["column_name"]), r["filter"]) for r in seed if covers(r, edition)}
    for (measure, component), rows in parts.items():
        covering = [r for r in rows if covers(r, edition)]
        neighbours = [e for e in (before, after) if e]
        is_near = bool(covering) or any(covers(r, e) for r in rows for e in neighbours)
        if not is_near and (is_by_year or not {(label(r["column_name"]), r["filter"]) for r in rows} - held):
            continue
        if covering and all(map(is_here, covering)):
            continue
        others = ([r for r in rows if covers(r, e)] for e in nearest)
        wanted = next((w for w in others if w and all(map(is_here, w))), None)
        if wanted is None and not is_near:
            continue
        if wanted is None:
            bases = [covering] * bool(covering) + [w for e in nearest if (w := [r for r in rows if covers(r, e)])]
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
