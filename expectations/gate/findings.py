"""From failing rows of a frame to findings: one per landed table and place, with the rows of the publisher's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.gate.frames import KEY
from expectations.gate.landed import LandedFile
from expectations.gate.reading import LEVELS
from expectations.gx import Failure
from expectations.results import Finding, TableKey
from expectations.sql import TINY, quoted, text

if TYPE_CHECKING:
    import pandas as pd

#: So many rows are shown as they stand, and so many row numbers are listed.
SHOWN, LISTED = 5, 50
#: So many findings of a table's check are followed to its file; of the rest, the rows are listed and not shown.
FOLLOWED = 10
#: What a finding's place is made of, where a frame has it; the rows that share one are one finding.
PLACE = (
    *("period", "column_name", "filter", "measure_id", "component", "authority", "other_edition", "other_period"),
    *("level", "la_code", "ons_code"),
)
#: What else tells findings of a check apart; by default the rows of a table are one finding.
GROUPED: dict[str, tuple[str, ...]] = {
    "level_known": ("level",),
    "period_form": ("period",),
    "authorities_complete": ("period",),
    "keys_unique": ("period",),
    "symbols_known": ("column_name",),
    "not_below_lowest": ("period", "column_name", "filter", "measure_id", "component"),
    "not_above_highest": ("period", "column_name", "filter", "measure_id", "component"),
    "spend_per_authority": ("period", "column_name", "filter", "measure_id", "component", "authority"),
    "percent_of_a_hundred": ("period", "column_name", "filter", "measure_id", "component"),
    "usual_magnitude": ("period", "column_name", "filter", "measure_id", "component"),
    "own_year": ("period", "other_edition", "other_period"),
}
Rows = tuple[int, ...]
Examples = tuple[dict[str, str], ...]


def findings(failure: Failure, files: list[LandedFile]) -> list[Finding]:
    """The findings of one failed expectation, in the order of the tables and their rows."""
    check = failure.check
    by_key = {f.key: f for f in files}
    found: list[Finding] = []
    by_table: dict[TableKey, int] = {}
    grouped = [*KEY, *GROUPED.get(check.check, ())]
    order = [*KEY, *(c for c in ("file_row", "position", "period") if c in failure.rows)]
    rows = failure.rows.sort_values(order, kind="stable")
    for _, group in rows.groupby(grouped, observed=True, sort=False, dropna=False):
        first = {str(k): v for k, v in group.iloc[0].items()}
        key: TableKey = (str(first["source"]), str(first["table_name"]), str(first["edition"]))
        by_table[key] = by_table.get(key, 0) + 1
        numbers, examples = _rows_behind(check.check, group, by_key[key], follow=by_table[key] <= FOLLOWED)
        place = {"source": key[0], "table_name": key[1], "edition": key[2], "file": by_key[key].file}
        place |= {c: str(first[c]) for c in PLACE if c in grouped and not _is_blank(first[c])}
        found.append(
            Finding(
                check=check.check,
                severity=check.severity,
                kind=check.kind,
                where=place,
                found=_found(check.check, first, group),
                says=check.says,
                advice=check.advice,
                rows=numbers,
                examples=examples,
                tables=(key,),
            )
        )
    return found


def _is_blank(value: Any) -> bool:
    return value is None or value == "" or value != value


def _found(check: str, row: dict[str, Any], group: pd.DataFrame) -> str:
    """What is in the failing rows, in words."""
    say = _SAY.get(check)
    return say(row, group) if say else _rows(len(group))


def _usual(row: dict[str, Any], _: pd.DataFrame) -> str:
    usual = float(f"{row['median'] / row['times_usual']:.2g}")
    return f"the median of {int(row['figures'])} authorities is {row['median']:,.6g} where about {usual:,.6g} is usual"


def _columns(row: dict[str, Any], group: pd.DataFrame) -> str:
    there = "nothing" if _is_blank(row["column_in_file"]) else repr(row["column_in_file"])
    expected = "nothing" if _is_blank(row["column_in_catalogue"]) else repr(row["column_in_catalogue"])
    more = f", and {len(group) - 1} more columns" if len(group) > 1 else ""
    return f"column {int(row['position'])} is {there}, where the catalogue has {expected}{more}"


def _complete(row: dict[str, Any], _: pd.DataFrame) -> str:
    missing = int(row["rows_in_catalogue"]) - int(row["rows"])
    return f"{_rows(abs(missing))} {'fewer' if missing > 0 else 'more'} than the catalogue says"


_SAY: dict[str, Callable[[dict[str, Any], pd.DataFrame], str]] = {
    "file_readable": lambda row, _: f"the landed file {row['problem']}",
    "rows_present": lambda row, _: "no rows",
    "rows_complete": _complete,
    "columns_as_catalogued": _columns,
    "level_known": lambda row, group: f"{_rows(group['rows'].sum())} of the level {row['level']!r}",
    "authority_named": lambda row, group: f"{_rows(group['rows'].sum())} about an authority without code or name",
    "la_code_form": lambda row, group: f"{_some(group['la_code'])} for a code",
    "ons_code_form": lambda row, group: f"{_some(group['ons_code'])} for an ONS code",
    "period_form": lambda row, group: f"{_rows(row['rows'])} of the period {row['period']!r}",
    "authorities_complete": lambda row, _: f"{int(row['authorities'])} authorities",
    "keys_unique": lambda row, group: (
        f"{_rows(len(group))} about a place, period and filters that another is about too"
    ),
    "symbols_known": lambda row, group: (
        f"{int(group['cells'].sum())} figures that are neither a number nor a known symbol ({_some(group['printed'])})"
    ),
    "not_below_lowest": lambda row, group: f"{len(group)} figures too low; the lowest is {group['amount'].min():g}",
    "not_above_highest": lambda row, group: f"{len(group)} figures too high; the highest is {group['amount'].max():g}",
    "spend_per_authority": lambda row, _: f"£{row['cla_gbp']:,.0f}",
    "percent_of_a_hundred": lambda row, _: (
        f"{int(row['figures'])} percentages, none above {row['largest_percentage']:g}"
    ),
    "usual_magnitude": _usual,
    "own_year": lambda row, _: (
        f"{row['identical_pct']:g}% of {int(row['compared'])} figures are those of {row['other_edition']} "
        f"({row['other_period']})"
    ),
}


def _rows(n: float) -> str:
    return f"{int(n)} row{'' if n == 1 else 's'}"


def _some(values: pd.Series[Any]) -> str:
    """A few of several texts."""
    texts = [repr(str(v)) for v in dict.fromkeys(values)]
    return ", ".join(texts[:SHOWN]) + (", …" if len(texts) > SHOWN else "")


def _rows_behind(check: str, group: pd.DataFrame, file: LandedFile, *, follow: bool) -> tuple[Rows, Examples]:
    """Row numbers and a few rows of the publisher's file behind a finding; none where there is nothing to show.

    Args:
        check: the check's name.
        group: the finding's rows of the frame.
        file: the landed file.
        follow: whether to read the file again; else there are only the row numbers that the frame has.
    """
    if check in ("file_readable", "rows_present", "rows_complete", "columns_as_catalogued", "own_year"):
        return (), ()
    numbers = [int(n) for n in _worst_first(check, group)["file_row"]] if "file_row" in group else []
    if not follow:
        return tuple(numbers[:LISTED]), ()
    row = {str(k): v for k, v in group.iloc[0].items()}
    column = row.get("column_name")
    figure = quoted(str(column)) if not _is_blank(column) else ""
    here = f"_period = {text(str(row['period']))}" if not _is_blank(row.get("period")) else "true"
    if "filter" in row:
        here += f" and _filter = {text(str(row['filter']))}"
    match check:
        case "symbols_known":
            wanted = ", ".join(text(str(p)) for p in group["printed"])
            return _look_up(file, f"_level in {LEVELS} and trim({figure}) in ({wanted})", column)
        case "percent_of_a_hundred" | "usual_magnitude":
            return _look_up(file, f"_level = 'la' and _la_code not in {TINY} and {here} and {figure} <> ''", column)
        case "period_form":
            return _look_up(file, f"coalesce(_period, '') = {text(str(row['period']))}")
        case "authorities_complete":
            # Where a list of them is short or long: every name once.
            return _look_up(file, f"_level = 'la' and {here}", qualify="row_number() over (partition by _la_name) = 1")
    return _look_up(file, f"_row in ({', '.join(text(str(n)) for n in numbers[:LISTED])})", column, order=numbers)


def _worst_first(check: str, group: pd.DataFrame) -> pd.DataFrame:
    """A finding's rows in the order in which they are shown: figures out of bounds by how far, others as they stand."""
    if check not in ("not_below_lowest", "not_above_highest"):
        return group
    return group.sort_values("amount", ascending=check == "not_below_lowest", kind="stable")


def _look_up(
    file: LandedFile, where: str, column: Any = None, *, qualify: str = "", order: list[int] | None = None
) -> tuple[Rows, Examples]:
    """Rows of a landed file as they stand: all their numbers up to a limit, and the first few in full."""
    shown = f", {quoted(str(column))} as value" if column else ""
    with duckdb.connect() as c:
        found: list[tuple[Any, ...]] = c.execute(
            f"""
            select cast(_row as integer) as file_row, _level, _la_code, _la_name, _period, _filter{shown}
            from {file.relation()}
            where {where}
            {f"qualify {qualify}" if qualify else ""}
            order by file_row
            limit {LISTED}
            """
        ).fetchall()
    if order:
        found.sort(key=lambda r: order.index(r[0]))
    names = ("row", "level", "la_code", "name", "period", "filter", "value")
    examples = tuple({n: str(v) for n, v in zip(names, r, strict=False) if v not in (None, "")} for r in found[:SHOWN])
    return tuple(r[0] for r in found), examples
