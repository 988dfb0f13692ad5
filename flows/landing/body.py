"""The rows of a table under its header: what is a row, what a note, and what is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows.common.errors import RefusedFile
from flows.landing.figures import is_number
from flows.landing.fits import Fit
from flows.landing.grids import label
from flows.landing.workbooks import column_letters


def rows_of_data(
    fit: Fit, columns: list[str], body: list[list[str]], first_row: int, path: str
) -> Iterator[tuple[int, list[str], str]]:
    """The rows of a table as wide as its header, each with its number in the file and the title of its block.

    What is no row of it is passed over: blank rows, titles and headers of further blocks; it may end before the sheet.

    Raises:
        RefusedFile: a row has more or fewer fields than the header.
    """
    table, width = fit.table, len(columns)
    stop = re.compile(table.stop_at).search if table.stop_at else None
    block = re.compile(table.block_title, re.IGNORECASE) if table.block_title else None
    block_name = ""
    if block:
        above = [m for row in fit.grid.rows[: fit.header_row] for c in row if (m := block.search(c))]
        block_name = above[-1].group(1) if above else ""
    header_labels = [label(c) for c in fit.grid.rows[fit.header_row]]
    last = next((i for i in reversed(range(len(body))) if _has_text(body[i])), -1)
    first_cells: list[str] = []
    some = False
    for i, row in enumerate(body[: last + 1]):
        if not _has_text(row):
            if table.stop_at_blank_row and some:
                return
            continue
        if stop and any(map(stop, row)):
            return
        if block:
            if m := next((m for c in row if (m := block.search(c))), None):
                block_name = m.group(1)
                continue
            if [label(c) for c in row][: len(header_labels)] == header_labels:
                continue
            if len(row) <= 2 < width and i != last:
                continue  # what is above the next block: its source, "Gender: Total"
        if len(row) != width:
            row = _fitted(row, width, path, first_row + i, columns, first_cells, is_last=i == last)
            if not row:
                continue
        first_cells.append(row[0])
        some = True
        yield first_row + i, row, block_name


def _has_text(row: list[str]) -> bool:
    return bool(row) and bool(row[0].strip() or "".join(row).strip())


def refuse_faults(fit: Fit, number: int, kept: list[int], columns: list[str], row: list[str], path: str) -> None:
    """A cell in which a spreadsheet shows an error, or would show nothing, is no figure and no blank.

    Raises:
        RefusedFile: names sheet, cell and column.
    """
    for j in kept:
        if (number, j + 1) in fit.grid.faults:
            text = row[j].strip()
            what = f"holds the spreadsheet's error {text}" if text.startswith("#") else f"is a {text}"
            raise RefusedFile(
                path,
                f"cell {column_letters(j + 1)}{number} of sheet {fit.grid.name!r} {what}: no figure, and no blank.",
                row=number,
                column=columns[j],
                advice="Download the file again, or ask the publisher; saving it may have lost its figures.",
            )


def _fitted(
    row: list[str],
    width: int,
    path: str,
    number: int,
    columns: list[str],
    first_cells: list[str],
    *,
    is_last: bool,
) -> list[str]:
    """A row of another width than the header's, made as wide; a note under the table is kept in its first cell.

    Raises:
        RefusedFile: a row of the table has more fields than the header, or ends too early.
    """
    if len(row) > width and not any(c.strip() for c in row[width:]):
        return row[:width]
    if _is_note(row, first_cells):
        return [",".join(row).rstrip(","), *[""] * (width - 1)]
    if len(row) > width:
        raise RefusedFile(
            path,
            f"{len(row)} fields where the header has {width}.",
            row=number,
            advice="A thousands separator or a comma may stand outside quotes.",
        )
    if is_last or len(row) > 1:
        raise RefusedFile(
            path,
            f"the row ends after {len(row)} of {width} fields.",
            row=number,
            column=columns[len(row)],
            advice="The file is truncated: download it again.",
        )
    return row + [""] * (width - len(row))


def _is_note(row: list[str], first_cells: list[str]) -> bool:
    """Whether a row of another width is a note: words that no row of the table begins with, nor is cut off from."""
    start = row[0].strip()
    if not re.search(r"[^\W\d_]{2}", start) or any(cell.strip().startswith(start) for cell in first_cells):
        return False
    rest = [c for c in row[1:] if c.strip()]
    is_data = bool(rest) and all(is_number(c) and not c.startswith(" ") for c in rest)
    return not is_data and (" " in ",".join(row).strip() or len(row) == 1)
