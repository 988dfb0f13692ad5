"""The names of a table's columns, from one header row or several."""

from __future__ import annotations

from collections import Counter
from itertools import zip_longest

from flows.common.errors import RefusedFile
from flows.landing.fits import Fit
from flows.landing.grids import label
from flows.landing.workbooks import column_letters

#: How programs of statistics call the column in which they number a table's rows.
COUNTERS = frozenset({"column 1", "unnamed: 0", "...1", "x", "v1", "index"})


def columns_and_body(fit: Fit, path: str) -> tuple[list[str], list[list[str]], int]:
    """A table's columns, the rows under its header, and the number of the first of them (from 1).

    Raises:
        RefusedFile: two columns are called the same.
    """
    rows = fit.grid.rows
    header_rows = fit.reading.header_rows or fit.table.header_rows
    if header_rows:
        names = _joined_header([rows[r - 1] for r in header_rows], max(len(r) for r in rows))
        # A key's column is called what its own row says, whatever title reaches over it.
        own = {label(v) for v in (*fit.keys.values(), *fit.table.levels)}
        names = [c if label(c) in own else n for n, c in zip_longest(names, rows[header_rows[-1] - 1], fillvalue="")]
    else:
        names = [" ".join(c.replace("\ufeff", "").split()) for c in rows[fit.header_row]]
    while names and not names[-1]:
        names.pop()
    if not header_rows:
        _refuse_twins(fit, names, path)
    renames = {label(k): v for k, v in fit.reading.columns_named.items()}
    count: Counter[str] = Counter()
    columns = []
    for i, n in enumerate(names):
        n = n or f"column {i + 1}"
        n = renames.get(label(n), n)
        count[n.casefold()] += 1
        columns.append(n if count[n.casefold()] == 1 else f"{n} ({count[n.casefold()]})")
    return columns, rows[fit.header_row + 1 :], fit.header_row + 2


def _refuse_twins(fit: Fit, names: list[str], path: str) -> None:
    """Two columns of one name are two figures for one thing, unless the passport says that they stand for several.

    Raises:
        RefusedFile: names the column and both positions.
    """
    first: dict[str, int] = {}
    repeated = {label(c) for c in fit.table.repeated}
    for i, name in enumerate(names):
        key = label(name)
        if not key or key in repeated:
            continue
        if key in first:
            places = f"{column_letters(first[key] + 1)} and {column_letters(i + 1)}"
            raise RefusedFile(
                path,
                f"two columns are called this, the {first[key] + 1}th and the {i + 1}th ({places}); "
                "which is meant cannot be told.",
                row=fit.header_row + 1,
                column=name,
                advice="Download the file again; if the publisher prints it so, "
                f"say in flows/sources/{fit.passport.source}.yml that the column is repeated.",
            )
        first[key] = i


def _joined_header(rows: list[list[str]], width: int) -> list[str]:
    """Header rows of a presentation sheet as one: merged cells reach to the right, words are joined downwards."""
    filled = []
    for depth, row in enumerate(rows):
        current, out = "", []
        for i in range(width):
            cell = " ".join(row[i].split()) if i < len(row) else ""
            if depth == len(rows) - 1:
                out.append(cell)
                continue
            # A merged cell ends where a cell further down is alone under nothing of its own row.
            current = cell or current
            out.append(current)
        filled.append(out)
    return [" | ".join(p for p in parts if p) for parts in zip(*filled, strict=True)]


def _counts_rows(name: str, body: list[list[str]]) -> bool:
    """Whether a first column is the row's number, which programs put before a table that they save."""
    if label(name) not in COUNTERS:
        return False
    cells = [r[0].strip() for r in body if any(r)]
    return any(cells == [str(i) for i in range(first, first + len(cells))] for first in (0, 1))


def kept_columns(columns: list[str], body: list[list[str]], width: int) -> list[int]:
    """Columns that have a name or anything in them; spacer columns of sheets have neither.

    A first column that only numbers the rows is not the publisher's.
    """
    keep = []
    for j in range(width):
        if j == 0 and _counts_rows(columns[0], body):
            continue
        unnamed = columns[j].startswith("column ") or " | " in columns[j]
        if not unnamed or any(j < len(r) and r[j].strip() for r in body):
            keep.append(j)
    return keep
