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
#: A cell in a column beyond ZZ, or a row beyond 9,999: without one, no sheet has too many cells.
_FAR_CELL = re.compile(rb'r="(?:[A-Z]{3}|[A-Z]{1,2}\d{5})')
_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,20})(\d{1,20})"')
#: A cell of type "error", or a formula with nothing behind it. A formula whose result is text may well be blank.
_XLSX_FAULT = re.compile(
    rb"<(?:\w+:)?c\b(?P<head>[^>]*)>(?P<formula><(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>))?"
    rb"(?:<(?:\w+:)?v>(?P<value>[^<]*)</(?:\w+:)?v>|<(?:\w+:)?v\s*/>)?</(?:\w+:)?c>"
)
#: The same, of cells with a formula: what there is where no cell is of type "error".
_XLSX_FORMULA = re.compile(_XLSX_FAULT.pattern.replace(rb"</(?:\w+:)?f>))?", rb"</(?:\w+:)?f>))"))
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


class Parts:
    """What there is in a workbook's file beside what its reader tells.

    Args:
        data: the workbook's bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._zip = zipfile.ZipFile(io.BytesIO(data)) if data.startswith(b"PK") else None
        self._content = self._zip.read("content.xml") if self._zip and "content.xml" in self._zip.namelist() else b""
        self._sheets = _parts(self._zip) if self._zip and not self._content else {}
        self._last = "", b""

    def refuse_repeated(self, file: str) -> None:
        """Refuse an ods workbook in which a row or a cell is repeated without measure.

        Raises:
            RefusedFile: says how often.
        """
        if self._content:
            _refuse_repeated(self._content, file)

    def refuse_boundless(self, sheet: str, file: str) -> None:
        """Refuse a sheet of an xlsx workbook that would have more cells than any table, before it is opened.

        Raises:
            RefusedFile: names the sheet and the cell that reaches so far.
        """
        xml = self._xlsx(sheet)  # others have 65,536 rows of 256 columns at most, or are not repeated without measure
        if not _FAR_CELL.search(xml):
            return
        cells = _CELL.findall(xml)
        # A million cells are in few columns: each is read once.
        columns = max((column_number(c.decode()) for c in {letters for letters, _ in cells}), default=0)
        rows = max((int(n) for n in {number for _, number in cells}), default=0)
        if rows * columns > MAX_CELLS:
            raise RefusedFile(
                file,
                f"sheet {sheet!r} reaches to cell {_furthest(cells)}: {rows:,} rows of {columns:,} columns.",
                advice="A stray cell may stand far from the table: delete it, or download the file again.",
            )

    def faults(self, sheet: str) -> dict[tuple[int, int], str]:
        """Cells of a sheet that hold an error or a formula without a result: (row, column) from 1 → what it is."""
        if self._zip is None:
            is_suspect = _XLS_ERROR.search(self._data) or _XLS_FORMULA_ERROR.search(self._data)
            return _xls_faults(self._data, sheet) if is_suspect else {}
        if self._content:
            return _ods_faults(self._content, sheet) if _ODS_FAULT.search(_ods_sheet(self._content, sheet)) else {}
        return _xlsx_faults(self._xlsx(sheet))

    def _xlsx(self, sheet: str) -> bytes:
        """What there is of a sheet of an xlsx workbook; nothing of any other."""
        if sheet not in self._sheets or self._zip is None:
            return b""
        if self._last[0] != sheet:
            self._last = sheet, self._zip.read(self._sheets[sheet])
        return self._last[1]


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


def _xlsx_faults(xml: bytes) -> dict[tuple[int, int], str]:
    found = {}
    if b't="e"' not in xml and b":f" not in xml and b"<f" not in xml:
        return {}
    for m in (_XLSX_FAULT if b't="e"' in xml else _XLSX_FORMULA).finditer(xml):
        head, value = m["head"], (m["value"] or b"").decode(errors="replace")
        if b't="e"' not in head and (m["formula"] is None or value or b't="str"' in head):
            continue
        place = re.search(rb'\br="([A-Z]{1,3})(\d+)"', head)
        if place is None:
            continue
        at = int(place[2]), column_number(place[1].decode())
        found[at] = (value or "#ERROR!") if b't="e"' in head else UNSAVED
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
