"""From a publisher's bytes to grids of text: csv, xls, xlsx, ods and parquet, and nothing that only looks like them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal

from flows.common.errors import RefusedFile
from flows.common.files import LONGEST_FIELD
from flows.landing.workbooks import MAX_CELLS, MAX_COLUMNS, Parts

Kind = Literal["csv", "sheet", "parquet", "pdf", "zip"]

#: The marks at the beginning of text that a spreadsheet saved as "Unicode text".
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
UNPACK = "Unpack it, and give the folder of its files."
#: First bytes of what holds or was a table and is not read here, what it is, and what to do.
OTHER_KINDS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"BZh", "packed with bzip2", UNPACK),
    (b"\xfd7zXZ\x00", "packed with xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", UNPACK),
    (b"ARROW1", "an Arrow (Feather) file", "Save it as .parquet or .csv, or give the file as published."),
    (b"SQLite format 3\x00", "a database", "Save its table as .csv, or give the file as published."),
    (b"version https://git-lfs", "a pointer of Git LFS in place of the file", "Fetch the file itself: `git lfs pull`."),
    (b"bplist00", "a place holder of a synchronising program", "Let it download the file."),
)
WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<body", b"<table", b"<meta", b"<style", b"<script", b"<div")
#: What programs put between fields where it is no comma.
OTHER_SEPARATORS = ("\t", ";", "|")
#: A row of so many fields and no comma says that another separator stands between them.
FIELDS_OF_A_TABLE = 4
#: Title rows that may stand above the first row of fields.
LINES_ABOVE = 15
_IN_A_NUMBER = re.compile(r"-?\d+,\d+")
#: A file, or what a workbook unpacks to, of more than this is no return (the largest real one is 100 MB).
MAX_UNPACKED_BYTES = 600_000_000


class ForeignFile(RefusedFile):
    """A file of a kind that no publisher's table has: a web page, a letter, what a desktop leaves lying about.

    Under a publisher's name it is refused; under another it is listed, and nothing more.
    """


class OtherKind(ForeignFile):
    """A file that may well hold a publisher's table and has to be opened otherwise first: an archive, a password."""


@dataclass(frozen=True)
class Grid:
    """A rectangle of text as published. ``rows[i]`` is row ``i + 1`` of the sheet or file.

    ``faults`` are cells (row and column, from 1) that hold no figure though they look like one: a spreadsheet's error,
    a formula whose result was not saved. The text of the cell says which.
    """

    name: str
    rows: list[list[str]]
    faults: frozenset[tuple[int, int]] = frozenset()


def kind_of(data: bytes, file: str) -> Kind:
    """What the bytes are, by their first bytes and never by the file's name.

    Raises:
        ForeignFile: the bytes are empty, a web page, or of no kind that is read here.
    """
    head = data[:8]
    if not data.strip(b"\x00\r\n\t "):
        raise ForeignFile(file, "the file is empty.", advice="Download it again.")
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(data, file)
    if found := next((x for x in OTHER_KINDS if data.startswith(x[0])), None):
        raise OtherKind(file, f"this is {found[1]}.", advice=found[2])
    if data[257:262] == b"ustar":
        raise OtherKind(file, "this is a tar archive.", advice=UNPACK)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            problem = "this workbook is protected by a password."
            raise OtherKind(file, problem, advice="Open it with the password and save it without one.")
        if any(name.encode("utf-16-le") in data for name in ("Workbook", "Book")):
            return "sheet"
        raise ForeignFile(file, "this is an Office document, not a workbook.", advice="Download the file again.")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"%PDF"):
        return "pdf"
    start = data[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith(b"<?xml") and (b"urn:schemas-microsoft-com:office" in start or b"opendocument" in start):
        problem = "this is a spreadsheet saved as XML."
        raise OtherKind(file, problem, advice="Open it in a spreadsheet program and save it as .xlsx or .ods.")
    if start.startswith(WEB_PAGE):
        raise ForeignFile(
            file,
            "this is a web page saved under a data file's name, not data.",
            advice="Open the address in a browser to see the server's message, then download the file again.",
        )
    if start.startswith((b"{", b"[{", b'["')):
        problem = "this is JSON: a table as a program reads it, or a server's message."
        raise ForeignFile(file, problem, advice="Look into it, then download the publisher's file again.")
    if head.startswith(UTF_16):
        return "csv"
    if b"\x00" in data[:65536]:
        raise ForeignFile(file, "these bytes are neither text nor a workbook.", advice="Download the file again.")
    return "csv"


def _kind_of_zip(data: bytes, file: str) -> Kind:
    """A workbook (xlsx, ods), a folder of files, or another program's document; a cut-off one is called a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            names = z.namelist()
            opened = z.read("mimetype")[:200] if "mimetype" in names else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, OSError):
        return "sheet"  # reading it says what is wrong
    if b"opendocument.spreadsheet" in opened or any(n.startswith("xl/") for n in names):
        return "sheet"
    if opened or "[Content_Types].xml" in names:
        raise ForeignFile(file, "this is an Office document, not a workbook.", advice="Download the file again.")
    return "zip"


def read_grids(
    data: bytes, file: str, *, encoding: str = "utf-8", wanted: Callable[[str], bool] | None = None
) -> list[Grid]:
    """Every table-like sheet of a csv or workbook, as text.

    Args:
        data: the file's bytes.
        file: its name, for messages.
        encoding: of a csv; a byte-order mark is taken off. ``utf-8`` falls back to nothing: see :func:`decode`.
        wanted: which sheets of a workbook to read; all when absent.

    Raises:
        RefusedFile: truncated, wrongly encoded, larger than any table, or no workbook at all.
    """
    if kind_of(data, file) == "sheet":
        return _read_workbook(data, file, wanted)
    if kind_of(data, file) == "parquet":
        return [Grid("", parquet_rows(data, file))]
    return [Grid("", read_csv_rows(decode(data, file, encoding), file))]


def decode(data: bytes, file: str, encoding: str) -> str:
    """Text of a csv in the encoding that its passport names.

    Raises:
        RefusedFile: bytes that are not of that encoding; the message names the row.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data, encoding = data[3:], "utf-8"
    elif data.startswith(UTF_16):
        encoding = "utf-16"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        row = data.count(b"\n", 0, exc.start) + 1
        line = data[: exc.start].rsplit(b"\n", 1)[-1]
        raise RefusedFile(
            file,
            f"byte 0x{data[exc.start]:02X} is not {encoding}.",
            row=row,
            column=f"field {line.count(b',') + 1}",
            advice="If the publisher changed the encoding, say so in the passport (encoding: cp1252); "
            "otherwise download the file again.",
        ) from exc


def read_csv_rows(text: str, file: str) -> list[list[str]]:
    """Rows of a csv.

    Raises:
        RefusedFile: a quote is never closed, which is what a truncated file looks like; a field or a row longer than
            any table's.
    """
    # One limit for the whole process: what else reads in it may have raised it.
    csv.field_size_limit(LONGEST_FIELD)
    separator = _separator_of(text)
    if separator == "," and (plain := _plain_rows(text)):
        return plain
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if len(row) > MAX_COLUMNS:
                raise RefusedFile(file, f"{len(row):,} columns.", row=len(rows) + 1, advice="This is not a return.")
            rows.append(row)
            if separator == ";" and (cell := next((c for c in row if _IN_A_NUMBER.fullmatch(c.strip())), "")):
                raise RefusedFile(
                    file,
                    f"the fields are separated by semicolons, where the comma of {cell!r} is likely a decimal point.",
                    row=len(rows),
                    advice="Save it with commas between fields and points in numbers, as it was published.",
                )
    except csv.Error as exc:
        if "field limit" in str(exc):
            raise RefusedFile(
                file,
                f"a field of more than {LONGEST_FIELD:,} characters.",
                row=len(rows) + 1,
                advice="A quote that is never closed looks like this too: download it again.",
            ) from exc
        raise RefusedFile(
            file, f"this is not a whole csv ({exc}).", row=reader.line_num, advice="Download it again."
        ) from exc
    return rows


def _separator_of(text: str) -> str:
    """What stands between the fields: a comma, save where the first rows have none and are full of another."""
    for line in text[:20_000].splitlines()[:LINES_ABOVE]:
        if "," in line:
            return ","
        for other in OTHER_SEPARATORS:
            if line.count(other) >= FIELDS_OF_A_TABLE - 1:
                return other
    return ","


def _plain_rows(text: str) -> list[list[str]] | None:
    """As :func:`read_csv_rows`, of a text of which every line is a row; None of any other, or where one is too long."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    rows = [line.split(",") if line else [] for line in lines]
    quoted = [i for i, line in enumerate(lines) if '"' in line]
    try:
        read = list(csv.reader([lines[i] for i in quoted], strict=True))
    except csv.Error:
        return None
    # A field that goes on in the next line makes one row of two.
    if len(read) != len(quoted):
        return None
    for i, row in zip(quoted, read, strict=True):
        rows[i] = row
    is_long = max(map(len, lines), default=0) > LONGEST_FIELD or max(map(len, rows), default=0) > MAX_COLUMNS
    return None if is_long else rows


def parquet_rows(data: bytes, file: str) -> list[list[str]]:
    """A parquet file as text, its column names first.

    Raises:
        RefusedFile: it is not whole, or larger than a table of text.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowInvalid, OSError) as exc:
        raise RefusedFile(file, f"the parquet file is not whole ({exc}).", advice="Download it again.") from exc
    if table.num_rows * table.num_columns > MAX_CELLS:
        raise RefusedFile(file, f"{table.num_rows:,} rows of {table.num_columns} columns.", advice="Is it a return?")
    columns = [[cell_text(v) for v in column.to_pylist()] for column in table.columns]
    return [list(table.column_names), *map(list, zip(*columns, strict=True))]


def _read_workbook(data: bytes, file: str, wanted: Callable[[str], bool] | None) -> list[Grid]:
    if data.startswith(b"PK"):
        _check_zip(data, file)
    from python_calamine import CalamineError, CalamineWorkbook

    grids = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [n for n in book.sheet_names if wanted is None or wanted(n)]
        parts = Parts(data)
        parts.refuse_repeated(file)
        for name in names:
            # Before the sheet is opened: the reader asks for memory for every cell up to the last.
            parts.refuse_boundless(name, file)
            sheet = book.get_sheet_by_name(name)
            if sheet.width > MAX_COLUMNS:
                raise RefusedFile(file, f"sheet {name!r} has {sheet.width:,} columns.", advice="This is not a return.")
            # skip_empty_area=False keeps the publisher's row numbers; rows repeated to the sheet's end are blank.
            rows = [
                [v if type(v) is str else cell_text(v) for v in row] for row in sheet.to_python(skip_empty_area=False)
            ]
            faults = parts.faults(name)
            for (row, column), text in faults.items():
                if row <= len(rows):
                    rows[row - 1] += [""] * (column - len(rows[row - 1]))
                    rows[row - 1][column - 1] = text
            while rows and not any(rows[-1]):
                rows.pop()
            grids.append(Grid(name, rows, frozenset(faults)))
    except CalamineError as exc:
        raise RefusedFile(
            file, f"the workbook cannot be opened ({exc}).", advice="It may be truncated: download it again."
        ) from exc
    return grids


def _check_zip(data: bytes, file: str) -> None:
    """Refuse a zip that is cut off, unpacks without measure, or names files outside itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            size = 0
            for info in z.infolist():
                size += info.file_size
                if info.filename.startswith(("/", "\\")) or ".." in info.filename.split("/"):
                    raise RefusedFile(file, f"the workbook holds a path that leaves it ({info.filename!r}).")
            if size > MAX_UNPACKED_BYTES:
                raise RefusedFile(
                    file, f"the workbook unpacks to {size / 1e6:,.0f} MB.", advice="This is not a return."
                )
    except zipfile.BadZipFile as exc:
        raise RefusedFile(
            file, f"the workbook is not whole ({exc}).", advice="It may be truncated: download it again."
        ) from exc


def cell_text(value: Any) -> str:
    """A cell as text: whole numbers without a point, dates as ISO, everything else as it is."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def label(text: str) -> str:
    """A header as it is compared: no curly quotes, no runs of white space, no case, no byte-order mark."""
    # The same few headers are compared with every table that a file may be.
    return _short_label(text) if len(text) <= 200 else _label(text)


def _label(text: str) -> str:
    text = text.replace("\ufeff", "").replace("’", "'").replace("‘", "'").replace("–", "-").replace("\xa0", " ")
    return " ".join(text.split()).casefold()


_short_label = lru_cache(maxsize=1 << 15)(_label)
