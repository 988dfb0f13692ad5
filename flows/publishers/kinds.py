"""Whether bytes are of the kind that their name says: magic numbers, and pages that pretend to be files."""

from __future__ import annotations

import io
import zipfile

MAGIC = {
    "xlsx": (b"PK\x03\x04",),
    "xlsm": (b"PK\x03\x04",),
    "ods": (b"PK\x03\x04",),
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    # Old workbooks are sometimes new ones under the old ending.
    "xls": (b"\xd0\xcf\x11\xe0", b"PK\x03\x04"),
    "pdf": (b"%PDF",),
    "parquet": (b"PAR1",),
}


def kind_problem(data: bytes, kind: str, content_type: str = "") -> str:
    """What speaks against these bytes being a ``kind`` (``csv``, ``xlsx``, ``html``, ``json`` …); blank for nothing."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not data:
        return "the answer is empty"
    # JSON is known by itself, whatever it is called.
    is_page = head.startswith((b"<!doctype html", b"<html", b"<head")) or (
        content_type.split(";")[0].strip().lower() == "text/html" and kind not in {*MAGIC, "json"}
    )
    if kind == "html":
        return ""
    if is_page:
        return "the server sends a web page instead (with status 200)"
    if kind == "json":
        return "" if head[:1] in b'{["ntf-0123456789' else "the answer is not JSON"
    if kind in MAGIC:
        if not data.startswith(MAGIC[kind]):
            return f"the bytes are not those of a {kind} file (they begin {data[:8]!r})"
        return _whole(data, kind)
    if b"\x00" in data[:4096]:
        return f"the bytes are not text, as a {kind or 'text'} file has"
    return ""


def _whole(data: bytes, kind: str) -> str:
    if data.startswith(b"PK"):
        try:
            zipfile.ZipFile(io.BytesIO(data)).close()
        except zipfile.BadZipFile:
            return f"the {kind} file is not whole"
    if kind == "pdf" and b"%%EOF" not in data[-2048:]:
        return "the pdf file is not whole"
    return ""
