"""Bytes of a PDF to lines of text, page by page, or a refusal that says why not.

The reader is PDFium (through pypdfium2, BSD/Apache licensed), built without a script engine: nothing in a document is
executed, no form is initialised and nothing is fetched. Every failure is a value, `Refusal`, never an exception and
never a partial text: half a report would silently lose its last recommendations.
"""

from __future__ import annotations

import ctypes
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Readers of the format look for the header within the first and for the end mark within the last 1024 bytes.
_HEAD_OR_TAIL = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may cost before it is refused.

    Attributes:
        max_bytes: size of the file in bytes.
        max_pages: number of pages.
        max_seconds: wall-clock seconds for one document; checked between pages here and enforced from outside by
            `batch`.
        max_characters: characters of text in all pages (a bomb may hide millions of them in a small file).
        min_characters: fewer characters than this in the whole document mean that its pages are pictures.
        max_memory_bytes: address space of a worker process in `batch`; None leaves it to the system. A report takes
            some 300 MB, the interpreter and the libraries included.
    """

    max_bytes: int = 50_000_000
    max_pages: int = 300
    max_seconds: float = 10.0
    max_characters: int = 3_000_000
    min_characters: int = 200
    max_memory_bytes: int | None = 1_000_000_000


class RefusalReason(StrEnum):
    """Why a document was not read."""

    UNREADABLE_FILE = "unreadable_file"
    EMPTY = "empty"
    HTML = "html_instead_of_pdf"
    NOT_A_PDF = "not_a_pdf"
    ENCRYPTED = "encrypted"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    NO_PAGES = "no_pages"
    NO_TEXT = "no_text"
    UNREADABLE_TEXT = "unreadable_text"
    TOO_LARGE = "too_large"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MUCH_TEXT = "too_much_text"
    TOO_SLOW = "too_slow"
    READER_DIED = "reader_died"
    OTHER_INSPECTORATE = "other_inspectorate"
    OTHER_PROVIDER = "other_provider"
    TWO_REPORTS = "two_reports"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that was not read: the reason, and one sentence of detail for people."""

    reason: RefusalReason
    detail: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as printed.

    Attributes:
        page: number of its page, from 1.
        text: the characters, spaces at both ends removed; a hyphen at the end of the printed line is kept as "-".
        x, y: place of the first character's origin in points, from the left and the bottom edge of the page.
        size: height of the type of the first letter or digit in points.
        bold: whether the first letter or digit is set in bold.
    """

    page: int
    text: str
    x: float
    y: float
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number from 1, its width and height in points, and its lines in the order of the content stream."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """All lines of the page, joined by line ends."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A document that was read: its pages, and the numbers of the pages on which no text was found."""

    pages: tuple[Page, ...]
    pages_without_text: tuple[int, ...]


def read_pages(
    data: bytes, limits: Limits | None = None, *, clock: Callable[[], float] = time.monotonic
) -> DocumentText | Refusal:
    """Read the text of a PDF.

    PDFium may read one document at a time in a process: call this from several processes, not from several threads.

    Args:
        data: the bytes of the file.
        limits: what it may cost; the defaults of `Limits` when None.
        clock: a monotonic clock in seconds (tests pass their own).

    Returns:
        The text by page, or a `Refusal` with its reason. No exception leaves this function for any input.
    """
    limits = limits or Limits()
    refusal = _refuse_by_bytes(data, limits)
    if refusal is not None:
        return refusal
    try:
        return _read(data, limits, clock)
    except MemoryError:
        return Refusal(RefusalReason.TOO_LARGE, "the document needs more memory than it may have")
    except Exception as error:
        # Whatever a hostile file provokes in the reader is a property of that file, and the run goes on without it.
        return Refusal(RefusalReason.DAMAGED, f"the reader failed with {type(error).__name__}")


def _refuse_by_bytes(data: bytes, limits: Limits) -> Refusal | None:
    if not data.strip(b"\0 \t\r\n"):
        return Refusal(RefusalReason.EMPTY, f"the file holds {len(data)} bytes and no content")
    if len(data) > limits.max_bytes:
        return Refusal(RefusalReason.TOO_LARGE, f"{len(data)} bytes, more than {limits.max_bytes}")
    head = data[:_HEAD_OR_TAIL]
    if b"%PDF-" not in head:
        lowered = head.lower()
        if b"<html" in lowered or b"<!doctype html" in lowered:
            return Refusal(RefusalReason.HTML, "the file is a web page")
        return Refusal(RefusalReason.NOT_A_PDF, "no PDF header in the first 1024 bytes")
    # PDFium repairs a cut-off file by guessing which objects survived; a repaired report may lack its last pages.
    if b"%%EOF" not in data[-_HEAD_OR_TAIL:]:
        return Refusal(RefusalReason.TRUNCATED, "no end-of-file mark in the last 1024 bytes")
    return None


def _read(data: bytes, limits: Limits, clock: Callable[[], float]) -> DocumentText | Refusal:
    import pypdfium2
    import pypdfium2.raw as pdfium

    started = clock()
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            return Refusal(RefusalReason.ENCRYPTED, "the document asks for a password")
        # PDFium takes an empty tree of pages for a broken one.
        if re.search(rb"/Count\s+0\b", data) and not re.search(rb"/Type\s*/Page\b", data):
            return Refusal(RefusalReason.NO_PAGES, "the document has no page")
        return Refusal(RefusalReason.DAMAGED, "the structure of the document cannot be read")
    try:
        count = len(document)
        if count < 1:
            return Refusal(RefusalReason.NO_PAGES, "the document has no page")
        if count > limits.max_pages:
            return Refusal(RefusalReason.TOO_MANY_PAGES, f"{count} pages, more than {limits.max_pages}")
        pages: list[Page] = []
        characters = 0
        for index in range(count):
            if clock() - started > limits.max_seconds:
                detail = f"not finished after {limits.max_seconds:g} seconds, at page {index + 1} of {count}"
                return Refusal(RefusalReason.TOO_SLOW, detail)
            try:
                page = document[index]
            except pypdfium2.PdfiumError:
                return Refusal(RefusalReason.DAMAGED, f"page {index + 1} of {count} cannot be read")
            try:
                text_page = page.get_textpage()
                try:
                    characters += max(pdfium.FPDFText_CountChars(text_page), 0)
                    if characters > limits.max_characters:
                        detail = f"more than {limits.max_characters} characters by page {index + 1} of {count}"
                        return Refusal(RefusalReason.TOO_MUCH_TEXT, detail)
                    width, height = page.get_size()
                    pages.append(Page(index + 1, width, height, _lines(index + 1, text_page, pdfium)))
                finally:
                    text_page.close()
            finally:
                page.close()
    finally:
        document.close()
    return _refuse_by_text(tuple(pages), limits)


def _refuse_by_text(pages: tuple[Page, ...], limits: Limits) -> DocumentText | Refusal:
    length = sum(len(line.text) for page in pages for line in page.lines)
    if length < limits.min_characters:
        detail = f"{length} characters on {len(pages)} pages: scanned pictures, or empty pages"
        return Refusal(RefusalReason.NO_TEXT, detail)
    # A font without a character map yields symbols, not words; nothing read from them could be trusted.
    words = sum(sum(map(str.isalnum, line.text)) for page in pages for line in page.lines)
    if words < length / 2:
        return Refusal(RefusalReason.UNREADABLE_TEXT, f"{words} letters and digits among {length} characters")
    return DocumentText(pages, tuple(page.number for page in pages if not page.lines))


def _lines(page: int, text_page: Any, pdfium: Any) -> tuple[Line, ...]:
    """Split a text page into lines, asking PDFium where its first character is and how its first letter is set."""
    text = text_page.get_text_range()
    found: list[Line] = []
    name = ctypes.create_string_buffer(256)
    flags = ctypes.c_int()
    x, y = ctypes.c_double(), ctypes.c_double()
    matrix = pdfium.FS_MATRIX()
    position = 0
    for printed in text.split("\r\n"):
        content = _clean(printed)
        if content:
            first = position + _utf16(printed[: len(printed) - len(printed.lstrip())])
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, first)
            pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
            # A bullet may be smaller than the text that it marks, and is of another font.
            word = re.search(r"[^\W_]", printed)
            if word and not printed.lstrip()[0].isalnum():
                begin = position + _utf16(printed[: word.start()])
                index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, begin)
            pdfium.FPDFText_GetFontInfo(text_page, index, name, len(name), flags)
            size = pdfium.FPDFText_GetFontSize(text_page, index)
            # Some producers set type of size 1 and enlarge it by the text matrix.
            if pdfium.FPDFText_GetMatrix(text_page, index, matrix):
                size *= math.hypot(matrix.b, matrix.d)
            bold = b"bold" in name.value.lower() or pdfium.FPDFText_GetFontWeight(text_page, index) >= 600
            found.append(Line(page, content, round(x.value, 1), round(y.value, 1), round(size, 1), bold))
        position += _utf16(printed) + 2
    return tuple(found)


def _utf16(text: str) -> int:
    """Length of a text in the 16-bit units in which PDFium counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _clean(text: str) -> str:
    # PDFium marks a hyphen at a line end by 0x02 (older builds by U+FFFE) and joins the two lines there.
    text = text.replace("\x02", "-").replace("\ufffe", "-").replace("\0", "")
    return " ".join(text.split())
