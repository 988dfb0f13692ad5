"""What is asked of a server and what it answers: the shapes that all hosts share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler
from typing import Any, BinaryIO, cast

JSON, PROBLEM = "application/json; charset=utf-8", "application/problem+json; charset=utf-8"
#: What EES lets caches do with its answers.
CACHED = {"Cache-Control": "public,max-age=300"}


@dataclass
class Request:
    """What was asked of which host."""

    host: str
    path: str
    query: dict[str, str]
    """Each parameter once: the last of those that were repeated."""
    headers: dict[str, str]
    body: bytes = b""
    method: str = "GET"
    repeated: dict[str, list[str]] = field(default_factory=dict)
    """Each parameter as often as it was given."""

    def several(self, name: str) -> list[str]:
        """The values of a parameter that takes several: repeated, or with commas between them."""
        return [v for text in self.repeated.get(name, []) for v in text.split(",")]


@dataclass
class Reply:
    """An answer, and how it is spoiled on the way."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: float = 1.0
    """Share of the body that is sent."""
    announce: float = 1.0
    """Share of the body's length that is announced."""
    drip: float = 0.0
    """Seconds between small pieces; 0 sends at once."""
    is_chunked: bool = False
    """Whether it is streamed, its length not known beforehand."""
    on_the_wire: Callable[[BinaryIO], None] | None = None
    """Writes the whole answer itself, head and all."""


def reply_json(value: Any, status: int = 200, *, nulls: bool = False) -> Reply:
    """JSON as the publishers send it; null members are left out, unless the host writes them."""
    return Reply(status, json.dumps(value if nulls else without_nulls(value)).encode())


def without_nulls(value: Any) -> Any:
    """The same without its null members, at any depth."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def reply_html(body: str) -> Reply:
    """A page."""
    return Reply(200, f"<!DOCTYPE html><html><body>{body}</body></html>".encode(), "text/html; charset=utf-8")


def moved(status: int, to: str) -> Reply:
    """A redirect to another place on the same server."""
    return Reply(status, b"", "text/html", {"Location": to})


#: Titles and types of problems, as ASP.NET words them.
PROBLEMS = {
    400: ("Bad Request", "15.5.1"),
    403: ("Forbidden", "15.5.4"),
    404: ("Not Found", "15.5.5"),
    405: ("Method Not Allowed", "15.5.6"),
    415: ("Unsupported Media Type", "15.5.16"),
    429: ("Too Many Requests", ""),
    500: ("An error occurred while processing your request.", "15.6.1"),
    503: ("Service Unavailable", "15.6.4"),
    504: ("Gateway Timeout", "15.6.5"),
}


def problem(status: int, **more: Any) -> Reply:
    """An error as problem+json."""
    title, section = PROBLEMS.get(status, ("Not now", ""))
    kind = f"https://tools.ietf.org/html/rfc9110#section-{section}" if section else None
    said = without_nulls({"type": kind, "title": title, "status": status, **more})
    return Reply(status, json.dumps(said).encode(), PROBLEM)


def not_found() -> Reply:
    """404 as problem+json."""
    return problem(404)


class Invalid(Exception):
    """A request that EES answers with 400, and every error in it."""

    def __init__(self, *errors: dict[str, Any]) -> None:
        super().__init__(str(errors))
        self.errors = list(errors)

    def reply(self) -> Reply:
        """The answer."""
        return problem(400, title="There are validation errors with the request.", errors=self.errors)


def error(code: str, message: str, path: str = "", **detail: Any) -> dict[str, Any]:
    """One error of a request; without a path where it is the whole request's."""
    return {"message": message, "path": path or None, "code": code, "detail": detail or None}


def not_allowed(path: str, value: Any, allowed: Sequence[str]) -> dict[str, Any]:
    """The error of a value that is none of a list."""
    return error("AllowedValue", "Must be one of the allowed values.", path, value=value, allowed=list(allowed))


def number_within(request: Request, name: str, usual: int, low: int, high: int = 2**31 - 1) -> int:
    """A number in the query.

    Raises:
        Invalid: it is none, or outside of what is allowed.
    """
    text = request.query.get(name, str(usual))
    try:
        number = int(text)
    except ValueError:
        message = "Must be a valid value. Check that the type and format are correct."
        raise Invalid(error("InvalidValue", message, name)) from None
    checked(number, name, low, high)
    return number


def checked(number: int, path: str, low: int, high: int = 2**31 - 1) -> None:
    """Whether a number is within what is allowed.

    Raises:
        Invalid: it is not.
    """
    if low <= number <= high:
        return
    if high == 2**31 - 1:
        raise Invalid(error("GreaterThanOrEqual", f"Must be greater than or equal to {low}.", path, value=number))
    raise Invalid(error("InclusiveBetween", f"Must be between {low} and {high}.", path, value=number))


def page_of(request: Request, results: Sequence[Any], usual: int, most: int, last: int = 2**31 - 1) -> dict[str, Any]:
    """One page of results, as the query asks for it.

    Raises:
        Invalid: a page before the first or past the ``last``, or of more results than allowed.
    """
    page, size = number_within(request, "page", 1, 1, last), number_within(request, "pageSize", usual, 1, most)
    return paged(results, page, size)


def paged(results: Sequence[Any], page: int, size: int) -> dict[str, Any]:
    """One page of results; none at all still make one page."""
    total = len(results)
    # .NET divides towards zero: (0 - 1) / 20 is 0.
    paging = {"page": page, "pageSize": size, "totalResults": total, "totalPages": max(total - 1, 0) // size + 1}
    return {"paging": paging, "results": list(results[(page - 1) * size : page * size])}


def reply_file(request: Request, name: str, data: bytes, updated: datetime) -> Reply:
    """A file as the servers send it: conditional, in ranges, with its hash for an ETag."""
    etag = f'"{md5(data, usedforsecurity=False).hexdigest()}"'
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(updated, usegmt=True),
        "Content-Disposition": f"attachment; filename={name}",
        **CACHED,
    }
    if request.headers.get("if-none-match") == etag:
        return Reply(304, b"", "", headers)
    kind = "text/csv" if name.endswith(".csv") else "application/octet-stream"
    asked = request.headers.get("range", "")
    if asked.startswith("bytes=") and request.headers.get("if-range", etag) == etag:
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return Reply(206, data[start:], kind, headers)
    return Reply(200, data, kind, headers)


def send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    """Put an answer on the wire."""
    if reply.on_the_wire is not None:
        handler.close_connection = True
        with suppress(OSError):
            reply.on_the_wire(cast(BinaryIO, handler.wfile))
        return
    body = reply.body
    is_chunked = reply.is_chunked and reply.cut == reply.announce == 1
    handler.send_response(reply.status)
    if reply.status != 304:
        handler.send_header("Content-Type", reply.content_type)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if is_chunked:
        handler.send_header("Transfer-Encoding", "chunked")
    elif reply.status != 304:
        handler.send_header("Content-Length", str(round(len(body) * reply.announce)))
    if reply.cut < 1 or reply.announce != 1:
        handler.send_header("Connection", "close")
        handler.close_connection = True
    handler.end_headers()
    if reply.status == 304:
        return
    sent = memoryview(body)[: round(len(body) * reply.cut)]
    step = 64 if reply.drip else 65_536
    try:
        for at in range(0, len(sent), step):
            piece = bytes(sent[at : at + step])
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece)
            if reply.drip:
                handler.wfile.flush()
                time.sleep(reply.drip)
        if is_chunked:
            handler.wfile.write(b"0\r\n\r\n")
    except OSError:
        handler.close_connection = True
