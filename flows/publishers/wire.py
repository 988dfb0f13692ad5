"""Bytes as they come from a stranger: how long they may take, how large they may become, which of his words are kept.

Nothing here knows a publisher. A server may drip its headers, send informational answers for ever, pad chunks with
extensions, or pack much into little: the deadline holds on every read of the socket, and what is unpacked is counted
while it is unpacked.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from flows.common.errors import CswError

if TYPE_CHECKING:
    import httpx

#: Members of one gzip stream that are believed; a file has one.
MAX_MEMBERS = 1_000
#: Bytes unpacked at once.
STEP = 1 << 16
#: Most bytes of a file's name that every disk takes, with room for what is put beside it.
MAX_NAME = 180
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]{0,250}"')


class Refused(CswError):
    """A server did not give what was asked for, or gave what cannot be believed."""


class Absent(Refused):
    """404: there is no such thing (any more)."""


class Gone(Refused):
    """410: it was taken down for good."""


class Forbidden(Refused):
    """401 or 403: it is there, and not for us."""


class BadRequest(Refused):
    """400: the question is not one that it knows."""


class WrongKind(Refused):
    """200, and something else than a file of the kind that was asked for: most often a web page."""


class Empty(Refused):
    """200, and nothing in it; ``etag`` is what the server says of what should be there."""

    def __init__(self, reason: str, etag: str = "") -> None:
        super().__init__(reason)
        self.etag = etag


class Passing(Exception):
    """Worth another try."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


# --- time ----------------------------------------------------------------------------------------------------------

_limits = threading.local()


@contextmanager
def deadline(until: float) -> Iterator[None]:
    """Every read and write of this thread's sockets ends by then (``time.monotonic``)."""
    before = getattr(_limits, "until", None)
    _limits.until = until
    try:
        yield
    finally:
        _limits.until = before


def _left(timeout: float | None) -> float | None:
    """Seconds that an operation may take.

    Raises:
        OutOfTime: none.
    """
    until = getattr(_limits, "until", None)
    if until is None:
        return timeout
    left: float = until - time.monotonic()
    if left <= 0:
        raise OutOfTime
    return left if timeout is None else min(timeout, left)


class OutOfTime(Exception):
    """The deadline of this thread's request has passed."""


class _Stream:
    """A socket of httpcore whose every operation ends by the deadline."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._stream.read(max_bytes, _left(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend:
    """The network of httpcore, held to the deadline."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> _Stream:
        return _Stream(self._backend.connect_tcp(host, port, _left(timeout), **more))

    def connect_unix_socket(self, path: str, timeout: float | None = None, **more: Any) -> _Stream:
        return _Stream(self._backend.connect_unix_socket(path, _left(timeout), **more))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(seconds)


def hold_to_deadlines(client: httpx.Client) -> None:
    """Have every connection of a client, also those through a proxy, end by :func:`deadline`.

    httpx has time-outs for a silence only, so that a byte a second lasts for ever; its transports carry the network
    as a part that can be replaced.
    """
    transports = [client._transport, *client._mounts.values()]
    for transport in (t for t in transports if t is not None):
        pool = transport._pool  # type: ignore[attr-defined]
        pool._network_backend = _Backend(pool._network_backend)


# --- size ----------------------------------------------------------------------------------------------------------


def bounded(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The same, up to so many bytes.

    Raises:
        Refused: there are more.
    """
    got = 0
    for chunk in chunks:
        got += len(chunk)
        if got > limit:
            raise Refused(f"more than {limit} bytes.")
        yield chunk


def gunzipped(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """A gzip stream unpacked, never more at once than a little, never more in all than the limit.

    Raises:
        Refused: it unpacks to more, or has too many members.
        Passing: it is not whole.
    """
    unpacker, got, members, begun = zlib.decompressobj(16 + zlib.MAX_WBITS), 0, 1, False
    try:
        for chunk in chunks:
            left = chunk
            while left:
                begun = True
                plain = unpacker.decompress(left, STEP)
                got += len(plain)
                if got > limit:
                    raise Refused(f"a gzip stream unpacks to more than {limit} bytes.")
                if plain:
                    yield plain
                left = unpacker.unconsumed_tail
                if unpacker.eof:
                    left = unpacker.unused_data
                    if not left:
                        continue
                    members += 1
                    if members > MAX_MEMBERS:
                        raise Refused(f"a gzip stream has more than {MAX_MEMBERS} members.")
                    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    except zlib.error as exc:
        raise Passing(f"the gzip stream is not whole ({exc})") from exc
    if begun and not unpacker.eof:
        raise Passing("the gzip stream is not whole")


def plain(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """What comes, unpacked where it is gzip that nobody announced; once, and within the limit."""
    some = iter(chunks)
    head = b""
    for chunk in some:
        head += chunk
        if len(head) >= 2:
            break
    whole = _after(head, some)
    yield from gunzipped(whole, limit) if head[:2] == b"\x1f\x8b" else whole


def _after(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from rest


# --- words ---------------------------------------------------------------------------------------------------------


def kept_etag(text: str) -> str:
    """An ETag that may be remembered and sent again; blank where it is none."""
    return text if _ETAG.fullmatch(text) else ""


def kept_date(text: str) -> str:
    """A day and time of a header, as headers have it; blank where it is none."""
    try:
        return format_datetime(parsedate_to_datetime(text.strip()), usegmt=True) if text.strip() else ""
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""


def retry_after(text: str) -> float | None:
    """Seconds that a server asks to wait; None where it does not say."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def disposition_name(text: str) -> str:
    """The file name of a Content-Disposition, also of its extended form; blank where there is none."""
    from email.message import Message
    from email.utils import collapse_rfc2231_value

    message = Message()
    try:
        message["content-disposition"] = text
        value = message.get_param("filename", None, "content-disposition")
        return collapse_rfc2231_value(value) if value is not None else ""
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""


def safe_name(name: str) -> str:
    """The last part of a name that a server gave, as every disk takes it; blank where nothing safe is left of it."""
    last = PurePosixPath(name.replace("\\", "/")).name.strip().strip(".")
    kept = "".join(c for c in last if c.isprintable() and c not in ':*?"<>|')
    kept = kept.encode("utf-8", errors="ignore").decode("utf-8")
    if len(kept.encode()) <= MAX_NAME:
        return kept
    # The ending says what the file is.
    stem, dot, ending = kept.rpartition(".")
    ending = f"{dot}{ending}" if len(ending.encode()) <= 10 else ""
    room = MAX_NAME - len(ending.encode())
    return (stem or kept).encode()[:room].decode("utf-8", errors="ignore") + ending
