"""The warehouse as one Excel workbook: a page to begin with, a dictionary, and every table that fits a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    from openpyxl import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from flows.outputs.relations import Relation

#: Books are for people who look things up; what the checks keep is in the other formats.
SCHEMAS = ("marts", "studies", "results")
#: Excel's limit of text in a cell.
CELL = 32_767
#: A column is as wide as its first lines are, and not wider than one reads.
LOOKED_AT, WIDEST = 300, 60


def write_workbook(con: duckdb.DuckDBPyConnection, about: Sequence[Relation], path: Path, most_rows: int) -> list[str]:
    """Write the workbook.

    Args:
        con: the warehouse.
        about: its tables.
        path: the file to write.
        most_rows: tables with more rows are left out.

    Returns:
        the tables that were left out.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    shown = [r for r in about if r.schema in SCHEMAS]
    fit = [r for r in shown if r.rows <= most_rows]
    left_out = [f"{r.schema}.{r.name}" for r in shown if r.rows > most_rows]
    _first_page(con, book, fit, left_out, most_rows)
    lines = [
        [f"{r.schema}.{r.name}", c.name, c.type.lower(), c.description or (r.description if i == 0 else "")]
        for r in shown
        for i, c in enumerate(r.columns)
    ]
    _sheet(book, "dictionary", ["table", "column", "type", "what it is"], lines)
    for r in fit:
        found = con.execute(f"from {r.schema}.{r.name} order by {r.order}")
        # A sheet's name has 31 characters at most.
        _sheet(book, r.name.removeprefix("rpt_")[:31], [c.name for c in r.columns], found.fetchall())
    book.save(path)
    return left_out


def _first_page(
    con: duckdb.DuckDBPyConnection, book: Workbook, fit: Sequence[Relation], left_out: Sequence[str], most_rows: int
) -> None:
    newest = con.execute("select max(published_on), bool_or(is_synthetic) from marts.dim_edition").fetchone()
    published, synthetic = newest or (None, False)
    lines: list[list[Any]] = [["Children's services in England: returns and inspections"]]
    if synthetic:
        lines.append(["INVENTED FIGURES: made from the bundled synthetic sample. The places are real, no figure is."])
    lines += [
        [f"As published up to {published}. Public sector information under the Open Government Licence v3.0."],
        ["A figure is used only where its value_status is 'reported'; otherwise the status says why not."],
        [],
        ["sheet", "table", "rows", "one row per"],
        *[
            [
                r.name.removeprefix("rpt_")[:31],
                f"{r.schema}.{r.name}",
                r.rows,
                r.description.removeprefix("One row per "),
            ]
            for r in fit
        ],
        [],
        [f"Left to Parquet and CSV, with more than {most_rows:,} rows: {', '.join(left_out) or 'none'}."],
    ]
    sheet = book.create_sheet("read me")
    for column, width in (("A", 34), ("B", 44), ("C", 10), ("D", 100)):
        sheet.column_dimensions[column].width = width
    for line in lines:
        sheet.append([_cell(sheet, v) for v in line])


def _sheet(book: Workbook, name: str, header: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    # Before any row: this kind of sheet writes them as they come.
    for i, width in enumerate(_widths(header, lines), 1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    if lines:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{len(lines) + 1}"
    bold = Font(bold=True)
    top = []
    for label in header:
        cell = WriteOnlyCell(sheet, value=label)
        cell.font = bold
        top.append(cell)
    sheet.append(top)
    for line in lines:
        sheet.append([_cell(sheet, v) for v in line])


def _widths(header: Sequence[str], lines: Sequence[Sequence[Any]]) -> list[int]:
    """Widths of columns in letters, by their heads and the first lines."""
    seen = lines[:LOOKED_AT]
    return [
        min(max(len(head) + 4, *(len(_plainly(line[i])) + 2 for line in seen), 8), WIDEST)
        if seen
        else min(len(head) + 4, WIDEST)
        for i, head in enumerate(header)
    ]


def _plainly(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, datetime):
        return "2024-03-31 00:00:00"
    return "" if value is None else str(value)


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Any:
    """A value as Excel holds it; text stays text, whatever it begins with."""
    if isinstance(value, str):
        if value[:1] == "=":
            from openpyxl.cell import WriteOnlyCell

            cell = WriteOnlyCell(sheet, value=value[:CELL])
            cell.data_type = "s"
            return cell
        return value[:CELL]
    if isinstance(value, list):
        return "; ".join(str(v) for v in value)[:CELL]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.replace(tzinfo=None)
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    return value
