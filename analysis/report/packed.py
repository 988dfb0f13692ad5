"""Data for scripts of a page, compressed: what a page loads only when it is asked for is most of the site."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any


def pack(what: Any) -> str:
    """JSON, compressed as a page can undo it (gzip, base64); the same bytes for the same content."""
    return pack_text(json.dumps(what, ensure_ascii=False, separators=(",", ":")))


def pack_text(text: str) -> str:
    """The same of text that is JSON already."""
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode()


def unpack(script: str) -> Any:
    """What :func:`pack` put into a script, between its quotation marks."""
    return json.loads(gzip.decompress(base64.b64decode(script.partition('"')[2].rpartition('"')[0])))
