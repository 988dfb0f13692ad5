"""From a publisher's bytes to grids of text: csv, xls, xlsx, ods and parquet, and nothing that only looks like them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from flows.common.errors import RefusedFile

Kind = Literal["csv", "sheet", "parquet", "pdf"]

#: A workbook that unpacks to more than this is a bomb, not a return (the largest real one is 40 MB).
MAX_UNPACKED_BYTES = 600_000_000
#: Sheets may declare 1,048,576 rows; more columns than this is not a table.
MAX_COLUMNS = 5_000


@dataclass(frozen=True)
class Grid:
    """A rectangle of text as published. ``rows[i]`` is row ``i + 1`` of the sheet or file."""

    name: str
    rows: list[list[str]]


def kind_of(data: bytes, file: str) -> Kind:
    """What the bytes are, by their first bytes and never by the file's name.

    Raises:
        RefusedFile: the bytes are empty, a web page, or of no kind that is read here.
    """
    head = data[:8]
    if not data.strip(b"\x00\r\n\t "):
        raise RefusedFile(file, "the file is empty.", advice="Download it again.")
    if head.startswith(b"PK\x03\x04") or head.startswith(b"\xd0\xcf\x11\xe0"):
        return "sheet"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"%PDF"):
        return "pdf"
    start = data[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")):
        raise RefusedFile(
            file,
            "this is a web page saved under a data file's name, not data.",
            advice="Open the address in a browser to see the server's message, then download the file again.",
        )
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RefusedFile(file, "the text is encoded as UTF-16.", advice="Save it as UTF-8, as it was published.")
    if b"\x00" in data[:65536]:
        raise RefusedFile(file, "these bytes are neither text nor a workbook.", advice="Download the file again.")
    return "csv"


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
        RefusedFile: truncated, wrongly encoded, or no workbook at all.
    """
    if kind_of(data, file) == "sheet":
        return _read_workbook(data, file, wanted)
    return [Grid("", read_csv_rows(decode(data, file, encoding), file))]


def decode(data: bytes, file: str, encoding: str) -> str:
    """Text of a csv in the encoding that its passport names.

    Raises:
        RefusedFile: bytes that are not of that encoding; the message names the row.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data, encoding = data[3:], "utf-8"
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
        RefusedFile: a quote is never closed, which is what a truncated file looks like.
    """
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as exc:
        raise RefusedFile(
            file, f"this is not a whole csv ({exc}).", row=text.count("\n") + 1, advice="Download it again."
        ) from exc


def _read_workbook(data: bytes, file: str, wanted: Callable[[str], bool] | None) -> list[Grid]:
    if data.startswith(b"PK"):
        _check_zip(data, file)
    from python_calamine import CalamineError, CalamineWorkbook

    grids = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for name in book.sheet_names:
            if wanted is not None and not wanted(name):
                continue
            sheet = book.get_sheet_by_name(name)
            if sheet.width > MAX_COLUMNS:
                raise RefusedFile(file, f"sheet {name!r} has {sheet.width} columns.", advice="This is not a return.")
            # skip_empty_area=False keeps the publisher's row numbers; rows repeated to the sheet's end are blank.
            rows = [[cell_text(v) for v in row] for row in sheet.to_python(skip_empty_area=False)]
            while rows and not any(rows[-1]):
                rows.pop()
            grids.append(Grid(name, rows))
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
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def label(text: str) -> str:
    """A header as it is compared: no curly quotes, no runs of white space, no case, no byte-order mark."""
    text = text.replace("\ufeff", "").replace("’", "'").replace("‘", "'").replace("–", "-").replace("\xa0", " ")
    return " ".join(text.split()).casefold()
