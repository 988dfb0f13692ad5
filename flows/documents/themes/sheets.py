"""Sheets for coding: what a coder gets to fill in, and what is taken back from it.

One row an item: its key, its words, what the rules suggest with what the codebook says of it, and cells for themes. In
the workbook these have drop-downs, and what the codebook says of a chosen theme appears at the end of the row. A blank
row is not coded yet; ``none`` in the first cell says that no theme fits. Words that a spreadsheet would take for a
formula are kept from being one.
"""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.documents.themes.codings import AGREED, CodingError, ItemCoding, coder_name
from flows.documents.themes.codings import text_key as key_of

#: What a coder writes where no theme fits.
NONE = "none"
_THEMES = tuple(f"theme_{n}" for n in range(1, 13))
COLUMNS = ("coder", "sample", "report_id", "item", "text_key", "text", "suggested", "codebook", *_THEMES, "note")
#: Behind the columns in a workbook: what the codebook says of the themes that were chosen.
_CHOSEN = "codebook_on_chosen"
_NEEDED = ("coder", "report_id", "item", "text_key", *_THEMES)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDTHS = {"text": 60, "suggested": 24, "codebook": 60, "item": 6, "note": 30, _CHOSEN: 70}
# What a coder need not see: words and themes are to fit on one screen.
_HIDDEN = frozenset({"coder", "sample", "text_key"})
_MOST_PROBLEMS = 30


@dataclass(frozen=True, slots=True)
class SheetItem:
    """An item on a sheet: its key and words, what is suggested, and themes filled in beforehand.

    `about` are the themes that the codebook explains beside it.
    """

    report_id: str
    item: int
    text: str
    suggested: str = ""
    themes: tuple[str, ...] = ()
    note: str = ""
    about: tuple[str, ...] = ()


def write_sheets(folder: Path, coder: str, sample: str, items: Sequence[SheetItem], themes: Mapping[str, str]) -> Path:
    """Write a sheet as ``<coder>_<sample>.xlsx`` and the same as ``.csv``.

    Args:
        folder: where to.
        coder: who will fill it in.
        sample: name of the sample.
        items: in the order in which they are to be coded.
        themes: theme -> what the codebook says of it; the choices of the drop-downs, shown on a sheet of their own.

    Returns:
        The workbook.

    Raises:
        CodingError: the coder's name is none, or there are no items.
    """
    coder = coder_name(coder)
    if not items:
        raise CodingError(f"sample {sample} has no items: there is nothing to code.")
    rows = [
        (
            coder,
            sample,
            i.report_id,
            i.item,
            key_of(i.text),
            i.text,
            i.suggested,
            "\n\n".join(themes[t] for t in i.about if t in themes),
            *(i.themes + ("",) * len(_THEMES))[: len(_THEMES)],
            i.note,
        )
        for i in items
    ]
    folder.mkdir(parents=True, exist_ok=True)
    book = folder / f"{coder}_{sample}.xlsx"
    _write_workbook(book, rows, themes)
    with book.with_suffix(".csv").open("w", newline="", encoding="utf-8-sig") as f:
        writer = csv.writer(f)
        writer.writerow(COLUMNS)
        writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return book


def read_sheet(
    path: Path, coder: str | None, known: Mapping[tuple[str, int], str], themes: Iterable[str]
) -> tuple[list[ItemCoding], int]:
    """Read a filled-in sheet.

    Args:
        path: .xlsx, .ods or .csv, as any spreadsheet saved it.
        coder: whose coding it is; the sheet must say the same. None: whom the sheet names.
        known: report and item -> text key, as the warehouse has them now.
        themes: themes of the codebook.

    Returns:
        The coded items, and how many were left blank.

    Raises:
        CodingError: with every problem, each with its row and column; nothing is taken.
    """
    header, rows = _cells(path)
    _check_header(path, header)
    coder = coder_name(coder) if coder is not None else _only_coder(path, header, rows)
    choices = sorted(themes)
    problems: list[str] = []
    found: dict[tuple[str, int], ItemCoding] = {}
    blank = 0
    for number, cells in rows:
        row = dict(zip(header, cells, strict=False))

        def wrong(column: str, problem: str, at: int = number) -> None:
            problems.append(f"{path.name}: row {at}, column {column}: {problem}")

        if row.get("coder", "").strip().lower() != coder:
            wrong("coder", f"says {row.get('coder', '')!r}, and this is the coding of {coder!r}")
        report, item = row["report_id"], row["item"].removesuffix(".0")
        if not item.isdigit() or (report, int(item)) not in known:
            wrong("item" if item.isdigit() else "report_id", f"no recommendation {item!r} of report {report!r}")
            continue
        key = (report, int(item))
        if key in found:
            wrong("item", f"recommendation {item} of report {report} comes twice")
        if row["text_key"] != known[key]:
            wrong("text_key", "the words have been read anew since; export the sheet again")
        chosen = [(c, row.get(c, "").strip().lower()) for c in _THEMES]
        filled = [(c, value) for c, value in chosen if value]
        if not filled:
            blank += 1
            continue
        for column, value in filled:
            if value not in choices and value != NONE:
                near = difflib.get_close_matches(value, choices, 1)
                wrong(column, f"{value!r} is no theme" + (f"; did you mean {near[0]!r}?" if near else ""))
        values = [value for _, value in filled]
        if NONE in values and len(values) > 1:
            wrong(filled[0][0], f"{NONE!r} beside a theme")
        if len(set(values)) < len(values):
            wrong(filled[-1][0], "a theme comes twice")
        given = tuple(v for v in dict.fromkeys(values) if v != NONE)
        found[key] = ItemCoding(*key, known[key], given, coder, 0, row.get("note", ""))
    if problems:
        more = f"\n… and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
        raise CodingError(f"nothing was taken of {path.name}:\n" + "\n".join(problems[:_MOST_PROBLEMS]) + more)
    if not found:
        raise CodingError(f"{path.name}: no row is filled in ({blank} blank rows): there is nothing to take.")
    return list(found.values()), blank


def _check_header(path: Path, header: Sequence[str]) -> None:
    """See that a sheet has every column that is needed, once.

    Raises:
        CodingError: it has not.
    """
    absent = [c for c in _NEEDED if c not in header]
    if absent:
        raise CodingError(f"{path.name}: row 1: no column {', '.join(absent)}. Use the sheet that was exported.")
    double = [c for c in COLUMNS if header.count(c) > 1]
    if double:
        raise CodingError(
            f"{path.name}: row 1: column {', '.join(double)} comes twice. Use the sheet that was exported."
        )


def resolution_items(
    texts: Mapping[tuple[str, int], str],
    codings: Mapping[str, Mapping[tuple[str, int], tuple[str, ...]]],
    *,
    alone: bool = True,
) -> list[SheetItem]:
    """Items for the sheet of the agreed coding: those on which coders differ come first and blank, the rest filled in.

    Args:
        texts: report and item -> words.
        codings: coder -> report and item -> themes; not every coder need have every item.
        alone: with the items that one coder has, filled in as coded, for somebody to review.
    """
    ranked: list[tuple[int, SheetItem]] = []
    for key in sorted(set(texts).intersection(set().union(*codings.values()))):
        said = {coder: tuple(sorted(coding[key])) for coder, coding in codings.items() if key in coding}
        if len(said) == 1 and not alone:
            continue
        shown = " / ".join(f"{coder}: {', '.join(themes) or NONE}" for coder, themes in said.items())
        same = len(set(said.values())) == 1
        themes = (next(iter(said.values())) or (NONE,)) if same else ()
        note = "" if not same else "agreed" if len(said) > 1 else f"coded by {next(iter(said))} alone: review"
        about = tuple(sorted(set().union(*said.values())))
        rank = 0 if not same else 1 if len(said) > 1 else 2
        ranked.append((rank, SheetItem(*key, texts[key], shown, themes, note, about)))
    return [item for _, item in sorted(ranked, key=lambda x: (x[0], x[1].report_id, x[1].item))]


def _only_coder(path: Path, header: list[str], rows: list[tuple[int, list[str]]]) -> str:
    """The one coder whom a sheet names.

    Raises:
        CodingError: it names none or several.
    """
    at = header.index("coder")
    names = list(dict.fromkeys(cells[at].strip().lower() for _, cells in rows))
    if len(names) != 1:
        which = "names no coder" if not names else f"names {len(names)} coders ({', '.join(map(repr, names))})"
        raise CodingError(f"{path.name}: column coder: the sheet {which}; a sheet is one coder's.")
    try:
        return coder_name(names[0])
    except CodingError as exc:
        raise CodingError(f"{path.name}: row {rows[0][0]}, column coder: {exc}") from exc


def _cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and non-blank rows with their numbers."""
    try:
        if path.suffix.lower() == ".csv":
            text = _decoded(path.read_bytes())
            # Where the comma is for decimals a spreadsheet parts cells by semicolons or tabs.
            head = text.partition("\n")[0]
            mark = max(",;\t", key=head.count)
            rows = [[_plain(c) for c in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark)]
        elif path.suffix.lower() == ".ods":
            rows = _open_document(path)
        else:
            from openpyxl import load_workbook

            book = load_workbook(path, read_only=True, data_only=False)
            sheet = book["Coding"] if "Coding" in book.sheetnames else book.worksheets[0]
            rows = [["" if c is None else str(c) for c in row] for row in sheet.iter_rows(values_only=True)]
            book.close()
    except (OSError, UnicodeDecodeError, ValueError, KeyError) as exc:
        raise CodingError(f"{path.name}: cannot be read as a sheet ({exc}).") from exc
    except Exception as exc:
        if type(exc).__name__ in {"BadZipFile", "InvalidFileException", "ParseError", "XMLSyntaxError", "ZipError"}:
            raise CodingError(f"{path.name}: is neither a workbook (.xlsx, .ods) nor a .csv.") from exc
        raise
    if not rows:
        raise CodingError(f"{path.name}: is empty.")
    width = len(rows[0])
    padded = [(n, row + [""] * (width - len(row))) for n, row in enumerate(rows[1:], 2) if any(c.strip() for c in row)]
    return [c.strip() for c in rows[0]], padded


def _decoded(data: bytes) -> str:
    """Text of a .csv: UTF-8, or the letters that Western spreadsheets save it in unless asked."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252")


def _open_document(path: Path) -> list[list[str]]:
    """The rows of the sheet for coding of an OpenDocument workbook."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    name = "Coding" if "Coding" in book.sheet_names else book.sheet_names[0]
    return [[str(c) for c in row] for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)]


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def _write_workbook(path: Path, rows: Sequence[Sequence[Any]], themes: Mapping[str, str]) -> None:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Coding"
    sheet.append(COLUMNS)
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column)
            cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", value) if isinstance(value, str) else value
            if isinstance(value, str):
                # Words are words, whatever they begin with.
                cell.data_type = "s"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    for column, name in enumerate(COLUMNS, 1):
        sheet.cell(1, column).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(name, 20)
        sheet.column_dimensions[get_column_letter(column)].hidden = name in _HIDDEN
    sheet.cell(1, len(COLUMNS) + 1, _CHOSEN).font = Font(bold=True)
    sheet.column_dimensions[get_column_letter(len(COLUMNS) + 1)].width = _WIDTHS[_CHOSEN]
    for number in range(2, len(rows) + 2):
        cell = sheet.cell(number, len(COLUMNS) + 1, _chosen(number, len(themes) + 2, get_column_letter))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    list_of = book.create_sheet("Codebook")
    list_of.append(("theme", "codebook"))
    for theme, guide in [*themes.items(), (NONE, "No theme fits.")]:
        list_of.append((theme, guide))
        list_of.cell(list_of.max_row, 2).alignment = Alignment(wrap_text=True, vertical="top")
    list_of.column_dimensions["A"].width, list_of.column_dimensions["B"].width = 36, 110
    choice = DataValidation(type="list", formula1=f"=Codebook!$A$2:$A${len(themes) + 2}", allow_blank=True)
    choice.showErrorMessage = True
    choice.error = "Choose a theme of the codebook."
    first, last = (get_column_letter(COLUMNS.index(c) + 1) for c in (_THEMES[0], _THEMES[-1]))
    choice.add(f"{first}2:{last}{len(rows) + 1}")
    sheet.add_data_validation(choice)
    book.save(path)


def _chosen(row: int, last: int, letter: Callable[[int], str]) -> str:
    """Formula that shows what the codebook says of the themes of a row."""
    first = COLUMNS.index(_THEMES[0]) + 1
    looked_up = [
        f'IF({cell}="","",IFERROR(VLOOKUP({cell},Codebook!$A$2:$B${last},2,FALSE),{cell}&": no theme")&CHAR(10))'
        for cell in (f"{letter(first + n)}{row}" for n in range(len(_THEMES)))
    ]
    return "=" + "&".join(looked_up)


__all__ = ["AGREED", "COLUMNS", "NONE", "SheetItem", "read_sheet", "resolution_items", "write_sheets"]
