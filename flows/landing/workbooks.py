"""What a workbook's reader does not tell: how large a sheet would be once opened, and which cells hold an error.

The reader gives a blank for a cell that a spreadsheet shows as ``#N/A`` and for a formula whose result was not saved;
both would be read as "left blank by the publisher". They are looked for in the file itself.
"""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from xml.etree import ElementTree

from flows.common.errors import RefusedFile

#: Sheets may declare 1,048,576 rows; more columns than this is not a table.
MAX_COLUMNS = 5_000
#: Cells from the first of a sheet to its last: one stray cell at the far corner makes a sheet of 17 billion.
MAX_CELLS = 20_000_000
#: What stands for a formula without a saved result.
UNSAVED = "formula without a saved result"
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,20})(\d{1,20})"')
#: A cell of type "error", or a formula with nothing behind it. A formula whose result is text may well be blank.
_XLSX_FAULT = re.compile(
    rb"<(?:\w+:)?c\b(?P<head>[^>]*)>(?P<formula><(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>))?"
    rb"(?:<(?:\w+:)?v>(?P<value>[^<]*)</(?:\w+:)?v>|<(?:\w+:)?v\s*/>)?</(?:\w+:)?c>"
)
_ODS_SHEET = re.compile(rb'<table:table\s[^>]*?table:name="([^"]*)"')
_ODS_REPEATED_ROW = re.compile(
    rb'<table:table-row\b[^>]*number-rows-repeated="(\d+)"[^>]*>(.*?)</table:table-row>', re.DOTALL
)
_ODS_REPEATED_CELL = re.compile(rb'<table:table-cell\b(?=[^>]*office:value)[^>]*number-columns-repeated="(\d+)"')
_ODS_FAULT = re.compile(rb'<table:table-cell\b[^>]*table:formula="(?![^>]*office:value)[^>]*/>|value-type="error"')
#: A cell record of type "error", as old workbooks have it: row, column, format, code, and the mark that it is one.
_XLS_ERROR = re.compile(rb"\x05\x02\x08\x00(..)(..)..[\x00\x07\x0f\x17\x1d\x24\x2a]\x01", re.DOTALL)
#: A formula's record whose result is an error.
_XLS_FORMULA_ERROR = re.compile(rb"\x06\x00..(..)(..)..\x02.[\x00\x07\x0f\x17\x1d\x24\x2a]...\xff\xff", re.DOTALL)


def refuse_boundless(data: bytes, sheets: list[str], file: str) -> None:
    """Refuse a workbook of which a sheet would have more cells than any table, before it is opened.

    Raises:
        RefusedFile: names the sheet and the cell that reaches so far.
    """
    if not data.startswith(b"PK"):
        return  # 65,536 rows of 256 columns at most
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        if "content.xml" in z.namelist():
            _refuse_repeated(z.read("content.xml"), file)
            return
        for name, part in _parts(z).items():
            if name not in sheets:
                continue
            cells = _CELL.findall(z.read(part))
            # A million cells are in few columns: each is read once.
            columns = max((column_number(c.decode()) for c in {letters for letters, _ in cells}), default=0)
            rows = max((int(n) for n in {number for _, number in cells}), default=0)
            if rows * columns > MAX_CELLS:
                raise RefusedFile(
                    file,
                    f"sheet {name!r} reaches to cell {_furthest(cells)}: {rows:,} rows of {columns:,} columns.",
                    advice="A stray cell may stand far from the table: delete it, or download the file again.",
                )


def _furthest(cells: list[tuple[bytes, bytes]]) -> str:
    """The last cell that lies further down or to the right than all before it."""
    rows = columns = 0
    last = ""
    for letters, number in cells:
        row, column = int(number), column_number(letters.decode())
        if row > rows or column > columns:
            last = f"{letters.decode()}{number.decode()}"
        rows, columns = max(rows, row), max(columns, column)
    return last


def _refuse_repeated(content: bytes, file: str) -> None:
    """A row or cell with something in it, repeated without measure."""
    cells = 0
    for count, body in _ODS_REPEATED_ROW.findall(content):
        if int(count) > 1 and (b"office:value" in body or b"<text:p" in body):
            cells += int(count) * max(1, body.count(b"<table:table-cell"))
    wide = max((int(n) for n in _ODS_REPEATED_CELL.findall(content)), default=0)
    if cells > MAX_CELLS or wide > MAX_COLUMNS:
        raise RefusedFile(
            file,
            f"a row or cell of the workbook is repeated {max(cells, wide):,} times.",
            advice="This is not a return.",
        )


def faults_of(data: bytes, sheet: str) -> dict[tuple[int, int], str]:
    """Cells of a sheet that hold an error or a formula without a result: (row, column) from 1 → what it is.

    Args:
        data: the workbook's bytes.
        sheet: its name.
    """
    if not data.startswith(b"PK"):
        is_suspect = _XLS_ERROR.search(data) or _XLS_FORMULA_ERROR.search(data)
        return _xls_faults(data, sheet) if is_suspect else {}
    with zipfile.ZipFile(io.BytesIO(data)) as z:
        if "content.xml" in z.namelist():
            content = z.read("content.xml")
            return _ods_faults(content, sheet) if _ODS_FAULT.search(_ods_sheet(content, sheet)) else {}
        part = _parts(z).get(sheet)
        return _xlsx_faults(z.read(part)) if part else {}


def _xlsx_faults(xml: bytes) -> dict[tuple[int, int], str]:
    found = {}
    if b't="e"' not in xml and b":f" not in xml and b"<f" not in xml:
        return {}
    for m in _XLSX_FAULT.finditer(xml):
        head, value = m["head"], (m["value"] or b"").decode(errors="replace")
        place = re.search(rb'\br="([A-Z]{1,3})(\d+)"', head)
        if place is None:
            continue
        at = int(place[2]), column_number(place[1].decode())
        if b't="e"' in head:
            found[at] = value or "#ERROR!"
        elif m["formula"] is not None and not value and b't="str"' not in head:
            found[at] = UNSAVED
    return found


def _ods_sheet(content: bytes, sheet: str) -> bytes:
    """What there is of one sheet; of all, where none is found to be called so."""
    for m in _ODS_SHEET.finditer(content):
        if unescape(m[1].decode(errors="replace")) == sheet:
            return content[m.start() :].partition(b"</table:table>")[0]
    return content


def _ods_faults(content: bytes, sheet: str) -> dict[tuple[int, int], str]:
    """Walks the rows of one sheet; slow, and therefore only where something was seen."""
    table = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
    office = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
    found: dict[tuple[int, int], str] = {}
    row = column = 0
    is_here = False
    for event, e in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):
        if e.tag == f"{table}table":
            is_here = event == "start" and e.get(f"{table}name") == sheet
            row = 0
        elif not is_here:
            if event == "end":
                e.clear()
        elif e.tag == f"{table}table-row" and event == "start":
            column = 0
        elif e.tag == f"{table}table-row":
            row += int(e.get(f"{table}number-rows-repeated", "1"))
            e.clear()
        elif event == "end" and e.tag in (f"{table}table-cell", f"{table}covered-table-cell"):
            text = "".join(e.itertext()).strip()
            is_error = any(k.endswith("}value-type") and v == "error" for k, v in e.attrib.items())
            if is_error:
                found[row + 1, column + 1] = text or "#ERROR!"
            elif e.get(f"{table}formula") and not text and e.get(f"{office}value-type") is None:
                found[row + 1, column + 1] = UNSAVED
            column += int(e.get(f"{table}number-columns-repeated", "1"))
    return found


def _xls_faults(data: bytes, sheet: str) -> dict[tuple[int, int], str]:
    import xlrd

    book = xlrd.open_workbook(file_contents=data, on_demand=True, logfile=io.StringIO())
    page = book.sheet_by_name(sheet)
    return {
        (r + 1, c + 1): xlrd.error_text_from_code.get(page.cell_value(r, c), "#ERROR!")
        for r in range(page.nrows)
        for c, kind in enumerate(page.row_types(r))
        if kind == xlrd.XL_CELL_ERROR
    }


def _parts(z: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → its part of an xlsx workbook."""
    relations = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    try:
        book = ElementTree.fromstring(z.read("xl/workbook.xml"))
        targets = {
            r.get("Id"): r.get("Target", "") for r in ElementTree.fromstring(z.read("xl/_rels/workbook.xml.rels"))
        }
    except (KeyError, ElementTree.ParseError):
        return {}
    found = {}
    for e in book.iter():
        if e.tag.endswith("}sheet"):
            target = targets.get(next((v for k, v in e.attrib.items() if k == relations or k.endswith("}id")), ""), "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if path in z.namelist():
                found[e.get("name", "")] = path
    return found


def column_number(letters: str) -> int:
    """A → 1, Z → 26, AA → 27."""
    n = 0
    for c in letters:
        n = n * 26 + ord(c) - 64
    return n


def column_letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
