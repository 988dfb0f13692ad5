"""What a landed table must hold to be believed: figures that are figures, authorities that are who they say."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path

from flows.common.errors import RefusedFile
from flows.landing.figures import is_number, known_symbols
from flows.landing.places import known_places
from flows.landing.tables import LandedTable

#: Where the columns of a row stand that landing puts in front (flows.landing.tables.META after ``_sha256``).
ROW, LEVEL, CODE, ONS_CODE, NAME, PERIOD, FILTER, FIRST = range(8)


def check_figures(table: LandedTable, figures: Iterable[str], symbols: str, root: Path, path: str) -> None:
    """Refuse a table with a cell that is neither a number nor a symbol of its edition's symbol set.

    Args:
        table: the landed table.
        figures: its columns that hold figures.
        symbols: the name of the symbol set.
        root: the project's root folder, for the seeds.
        path: the file, for the message.

    Raises:
        RefusedFile: names row, column and text.
    """
    known = known_symbols(root, symbols)
    wanted = set(figures)
    columns = [(FIRST + i, c) for i, c in enumerate(table.columns) if c in wanted]
    if not columns:
        return
    # The last one twice: of one position alone, no tuple would be taken.
    cells = itemgetter(*(at for at, _ in columns), columns[-1][0])
    if all(is_number(text) or text.strip() in known for text in set().union(*map(cells, table.rows))):
        return
    seen: set[str] = set()
    for row in table.rows:
        if row[LEVEL] == "none" or seen.issuperset(cells(row)):
            continue
        for at, column in columns:
            text = row[at]
            if text in seen:
                continue
            if not is_number(text) and text.strip() not in known:
                raise unknown_symbol(path, int(row[ROW]), column, text, symbols)
            seen.add(text)


def unknown_symbol(path: str, row: int, column: str, text: str, symbols: str) -> RefusedFile:
    """The refusal of a cell that is neither a number nor a symbol of its edition's set."""
    return RefusedFile(
        path,
        f"{text.strip()!r} is neither a number nor a symbol of the set {symbols!r}.",
        row=row,
        column=column,
        advice="If the publisher uses a new symbol, say in value_symbol.csv what it means; "
        "a number is written 1234.5 or 1,234.5.",
    )


def check_places(units: Iterable[tuple[str, ...]], rows: Iterable[list[str]], root: Path, path: str) -> None:
    """Refuse a table in which a code is that of another authority than the name and the ONS code say.

    Args:
        units: level, code, ONS code and name of each place that the table names.
        rows: the landed rows, to say where it is.
        root: the project's root folder, for the seeds.
        path: the file, for the message.

    Raises:
        RefusedFile: names the row and what contradicts what.
    """
    places = known_places(root)
    for level, code, ons_code, name, *_ in units:
        if level != "la":
            continue
        wrong = places.contradiction(code, ons_code, name)
        if wrong:
            row = next((r[ROW] for r in rows if r[LEVEL : NAME + 1] == [level, code, ons_code, name]), None)
            raise RefusedFile(
                path,
                f"code, name and ONS code disagree: {wrong}.",
                row=int(row) if row else None,
                advice="Two of the three must be of one authority. If the publisher has renamed or recoded one, "
                "add it to la_alias.csv or local_authority_ons_code.csv; otherwise download the file again.",
            )
