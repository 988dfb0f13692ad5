"""What to say of a file that is named as a table and does not fit it."""

from __future__ import annotations

import difflib

from flows.common.errors import RefusedFile
from flows.landing.fits import SEARCH_ROWS, Fit, Wanted, lacking_value, missing_labels, readings_of, required_labels
from flows.landing.grids import Grid, label
from flows.sources.passport import Passport, Table

#: unknown columns beyond this are not worth listing in a message
FEW = 6


def missing_value(fit: Fit, path: str) -> RefusedFile:
    """The message for a file that is named as a table whose own values it does not hold."""
    lack = lacking_value(fit)
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


def missing_column(named: list[tuple[Passport, Table, str | None]], grid: Grid, path: str) -> RefusedFile:
    """The message for a renamed or missing column: which, and what is there that is like it."""
    best: tuple[int, RefusedFile] | None = None
    for p, t, e in named:
        for edition, reading in readings_of(t):
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
