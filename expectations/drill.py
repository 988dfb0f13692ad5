"""From a failing row of a frame back to the rows of the publisher's file."""

from __future__ import annotations

from typing import Any

import duckdb

from expectations.landed import LandedFile, quoted, text
from expectations.profile import LEVELS, TINY, is_unknown, number
from expectations.suites import Failure

#: So many rows are shown as they stand, and so many row numbers are listed.
SHOWN, LISTED = 5, 50

Rows = tuple[int, ...]
Examples = tuple[dict[str, str], ...]


def drill(failure: Failure, file: LandedFile) -> tuple[Rows, Examples]:
    """Row numbers and a few rows of the file behind a failing row of a frame; none where there is nothing to show."""
    row = failure.row
    column = row.get("column_name")
    here = f"_period = {text(str(row['period']))}" if row.get("period") is not None else "true"
    if "filter" in row:
        here += f" and _filter = {text(str(row['filter']))}"
    figure = quoted(column) if column else ""
    large = f"_level = 'la' and _la_code not in {TINY}"
    match failure.check.check:
        case "keys_unique":
            return _rows(
                file,
                where=f"_level in {LEVELS} and {here}",
                qualify="count(*) over (partition by _level, _la_code, _gss_code, _la_name, _period, _filter) > 1",
                order="_level, _la_code, _la_name, _filter",
            )
        case "symbols_known":
            return _rows(file, where=f"_level in {LEVELS} and {is_unknown(figure, file)}", column=column)
        case "not_below_lowest":
            return _rows(file, where=f"{large} and {here}", column=column, order=f"{number(figure)} nulls last")
        case "not_above_highest":
            return _rows(file, where=f"{large} and {here}", column=column, order=f"{number(figure)} desc nulls last")
        case "percent_of_a_hundred" | "usual_magnitude":
            return _rows(file, where=f"{large} and {here} and {number(figure)} is not null", column=column)
        case "spend_per_authority":
            return _rows(file, where=f"_row = '{row['row_number']}'", column=column)
        case "authorities_complete":
            return _missing_or_extra(file, here)
    return (), ()


def _missing_or_extra(file: LandedFile, here: str) -> tuple[Rows, Examples]:
    """Names of authorities that stand on fewer rows than most: where a list of them is short or long."""
    return _rows(file, where=f"_level = 'la' and {here}", qualify="row_number() over (partition by _la_name) = 1")


def _rows(
    file: LandedFile, *, where: str, column: str | None = None, qualify: str = "", order: str = "cast(_row as integer)"
) -> tuple[Rows, Examples]:
    shown = f", {quoted(column)} as value" if column else ""
    with duckdb.connect() as c:
        found: list[tuple[Any, ...]] = c.execute(
            f"""
            select cast(_row as integer) as row_number, _level, _la_code, _la_name, _period, _filter{shown}
            from {file.relation()}
            where {where}
            {f"qualify {qualify}" if qualify else ""}
            order by {order}
            limit {LISTED}
            """
        ).fetchall()
    names = ("row", "level", "la_code", "name", "period", "filter", "value")
    examples = tuple({n: str(v) for n, v in zip(names, r, strict=False) if v not in (None, "")} for r in found[:SHOWN])
    return tuple(r[0] for r in found), examples
