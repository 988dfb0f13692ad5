"""Bytes to lines of text, and every kind of document that is refused."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from flows.documents.pdf import DocumentText, Limits, Refusal, RefusalReason, read_pages
from tests.documents.printed import Sheet, prose, raw_pdf


def plain(pages: int = 2) -> bytes:
    sheet = Sheet()
    for _ in range(pages):
        prose(sheet).page()
    return sheet.pdf()


def reason(data: bytes, limits: Limits | None = None) -> RefusalReason:
    refused = read_pages(data, limits)
    assert isinstance(refused, Refusal), refused
    assert refused.detail
    return refused.reason


def test_lines_keep_their_place_size_and_weight() -> None:
    sheet = Sheet().heading("A bold heading").line("A first line – with “quotes” and a ’mark’").line("indented", x=120)
    read = read_pages(prose(sheet).page().pdf())
    assert isinstance(read, DocumentText)
    (page,) = read.pages
    heading, first, second = page.lines[:3]
    assert (heading.text, heading.bold, heading.size) == ("A bold heading", True, 14)
    assert first.text == "A first line – with “quotes” and a ’mark’"
    assert not first.bold
    assert second.x == pytest.approx(120, abs=0.5)
    assert first.y > second.y
    assert page.text.startswith("A bold heading\nA first line")
    assert {line.page for line in page.lines} == {1}


def test_pages_without_words_are_named() -> None:
    sheet = prose(Sheet()).page()
    sheet.rectangle()._canvas.showPage()
    read = read_pages(prose(sheet).page().pdf())
    assert isinstance(read, DocumentText)
    assert len(read.pages) == 3
    assert read.pages_without_text == (2,)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", RefusalReason.EMPTY),
        (b" \r\n\0\0 ", RefusalReason.EMPTY),
        (b"<!DOCTYPE html>\n<html lang='en'><body>Not found</body></html>", RefusalReason.HTML),
        (b"\n\n  <HTML><head></head></HTML>", RefusalReason.HTML),
        (b"PK\x03\x04 a word processor's file", RefusalReason.NOT_A_PDF),
        (b"%PDF-1.7\nnothing that belongs there\n%%EOF", RefusalReason.DAMAGED),
        (raw_pdf("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"), RefusalReason.NO_PAGES),
    ],
)
def test_files_that_are_no_document(data: bytes, expected: RefusalReason) -> None:
    # An empty page tree is damaged to some builds of the reader and without pages to others; it is refused by all.
    assert reason(data) in {expected, RefusalReason.DAMAGED if expected is RefusalReason.NO_PAGES else expected}


def test_a_file_cut_off_anywhere_is_refused() -> None:
    whole = plain()
    for share in (0.3, 0.6, 0.9, 0.99):
        assert reason(whole[: int(len(whole) * share)]) is RefusalReason.TRUNCATED


def test_a_document_with_a_password_is_refused_and_one_with_restrictions_only_is_read() -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption

    locked = prose(Sheet(encrypt=StandardEncryption("secret", "owner"))).page().pdf()
    assert reason(locked) is RefusalReason.ENCRYPTED
    restricted = prose(Sheet(encrypt=StandardEncryption("", "owner", canCopy=0))).page().pdf()
    assert isinstance(read_pages(restricted), DocumentText)


def test_scanned_pages_are_refused() -> None:
    sheet = Sheet()
    for _ in range(3):
        sheet.rectangle().page()
    assert reason(sheet.pdf()) is RefusalReason.NO_TEXT


def test_symbols_without_letters_are_refused() -> None:
    sheet = Sheet()
    for _ in range(30):
        sheet.line("\u25ca \u2260 \u2264 \u2265 \u2248 \u2261 \u2217 \u2219")
    assert reason(sheet.page().pdf()) is RefusalReason.UNREADABLE_TEXT


def test_every_limit_refuses() -> None:
    data = plain(pages=4)
    assert reason(data, Limits(max_bytes=1000)) is RefusalReason.TOO_LARGE
    assert reason(data, Limits(max_pages=3)) is RefusalReason.TOO_MANY_PAGES
    assert reason(data, Limits(max_characters=1000)) is RefusalReason.TOO_MUCH_TEXT
    ticks = count(step=3)
    slow = read_pages(data, Limits(max_seconds=5), clock=lambda: float(next(ticks)))
    assert isinstance(slow, Refusal)
    assert slow.reason is RefusalReason.TOO_SLOW
    assert "page 2 of 4" in slow.detail


def test_a_script_and_a_remote_address_in_a_document_do_nothing(tmp_path: Path) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    stream = f"BT /F1 12 Tf 72 700 Td ({words}) Tj ET"
    document = raw_pdf(
        "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.beep\\(1\\);) >> >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >>"
        " /AA << /O << /S /URI /URI (http://192.0.2.1/) >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    read = read_pages(document)
    assert isinstance(read, DocumentText)
    assert "word59" in read.pages[0].text


def test_no_bytes_raise() -> None:
    from hypothesis import given, settings
    from hypothesis import strategies as st

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=400))
    def refused(data: bytes) -> None:
        assert isinstance(read_pages(data), Refusal)
        assert isinstance(read_pages(b"%PDF-1.4\n" + data + b"\n%%EOF\n"), Refusal)

    refused()


def test_no_damage_to_a_document_raises() -> None:
    from hypothesis import given, settings
    from hypothesis import strategies as st

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=30))
    def read(changes: list[tuple[float, int]]) -> None:
        data = bytearray(_DOCUMENT)
        for place, value in changes:
            data[int(place * len(data))] = value
        read_pages(bytes(data), Limits(max_seconds=5))

    read()


_DOCUMENT = plain()
