"""One polite way to ask a server for anything: few requests, repeated with patience, checked before they are believed.

Every answer is held against what it should be: the host is on the list, also after a redirect; the length is the one
announced; the bytes are of the kind asked for. What does not hold is a :class:`Refused` with the reason.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

from flows.common.errors import CswError
from flows.publishers.kinds import kind_problem

if TYPE_CHECKING:
    import httpx

    from flows.common.settings import Servers
    from flows.publishers.state import State

#: Answers worth another try.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
#: A header of servers that are played with invented figures; none of the publishers' sends it.
SYNTHETIC = "x-synthetic"


class Refused(CswError):
    """A server did not give what was asked for, or gave what cannot be believed."""


class Absent(Refused):
    """404: there is no such thing (any more)."""


class Gone(Refused):
    """410: it was taken down for good."""


class _Passing(Exception):
    """Worth another try."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Answer:
    """A file that was asked for: where it is now and what the server said about it."""

    path: Path | None
    """None where the server says that what we hold is what it has."""
    url: str
    name: str
    etag: str
    last_modified: str
    sha256: str
    bytes: int
    """How many were received."""


class Http:
    """The fetcher that all clients share.

    Args:
        servers: rate, time-outs, limits, and the hosts that may be asked.
        state: what is remembered of earlier answers.
        work: folder for downloads under way and remembered pages.
    """

    def __init__(self, servers: Servers, state: State, work: Path) -> None:
        import httpx

        self.servers, self.state, self.work = servers, state, work
        self.bytes = 0
        self.requests = 0
        self._origins = {_origin(b) for b in servers.bases}
        self._last: dict[str, float] = {}
        work.mkdir(parents=True, exist_ok=True)
        self._client = httpx.Client(
            headers={"User-Agent": servers.user_agent, "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(servers.timeout),
            follow_redirects=False,
            trust_env=True,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- small answers ---------------------------------------------------------------------------------------------

    def json(self, url: str, params: dict[str, Any] | None = None) -> Any:
        """A JSON answer.

        Raises:
            Absent, Gone, Refused: see the module.
        """
        text = self.text(url, params, kind="json")
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as exc:
            raise Refused(f"{url}: the answer is not JSON ({text[:60]!r}).") from exc

    def text(self, url: str, params: dict[str, Any] | None = None, *, kind: str = "html") -> str:
        """A page or a JSON answer, remembered for as long as the server says that it has not changed.

        Raises:
            Absent, Gone, Refused: see the module.
        """
        import httpx

        full = str(httpx.URL(url, params=params)) if params else url
        kept = self.work / "pages" / sha256(full.encode()).hexdigest()
        known = self.state.validators(full) if kept.exists() else {}
        deadline = time.monotonic() + self.servers.deadline

        def once() -> str:
            with self._send(full, known, deadline) as (response, _):
                if response.status_code == 304:
                    return kept.read_text(encoding="utf-8")
                data = self._collect(response, deadline)
            problem = kind_problem(data, kind, response.headers.get("content-type", ""))
            if problem:
                raise Refused(f"{full}: {problem}")
            text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
            if response.headers.get("etag") or response.headers.get("last-modified"):
                kept.parent.mkdir(exist_ok=True)
                kept.write_text(text, encoding="utf-8")
                self.state.saw_page(full, response.headers)
            return text

        return self._patiently(full, once, deadline)

    def _collect(self, response: httpx.Response, deadline: float) -> bytes:
        data = bytearray()
        for chunk in self._chunks(response, deadline):
            data += chunk
            if len(data) > self.servers.max_page_bytes:
                raise Refused(f"{response.url}: the answer is larger than {self.servers.max_page_bytes} bytes.")
        plain = bytes(data)
        return _gunzip(plain, self.servers.max_page_bytes) if plain[:2] == b"\x1f\x8b" else plain

    # --- files -----------------------------------------------------------------------------------------------------

    def file(self, url: str, *, name: str = "", conditional: bool = True, md5_etag: bool = False) -> Answer:
        """A file, into the work folder; a broken download goes on where it stopped.

        Args:
            url: its address.
            name: what it is called, where known; the server's Content-Disposition or the address tells otherwise.
            conditional: ask only for what is not held already.
            md5_etag: the server's ETag is the md5 of the content, which is checked.

        Raises:
            Absent, Gone, Refused: see the module.
        """
        deadline = time.monotonic() + self.servers.deadline
        part = self.work / "parts" / sha256(url.encode()).hexdigest()
        part.parent.mkdir(exist_ok=True)
        known = self.state.validators(url) if conditional else {}
        return self._patiently(url, lambda: self._file_once(url, name, known, part, md5_etag, deadline), deadline)

    def _file_once(
        self, url: str, name: str, known: dict[str, str], part: Path, md5_etag: bool, deadline: float
    ) -> Answer:
        from flows.publishers.ask import safe_name

        note = part.with_suffix(".etag")
        headers = dict(known)
        have = part.stat().st_size if part.exists() and note.exists() else 0
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": note.read_text(), "Accept-Encoding": "identity"}
        with self._send(url, headers, deadline) as (response, final):
            said = response.headers
            told = safe_name(name or _disposition(said.get("content-disposition", "")) or unquote(urlsplit(final).path))
            etag, modified = said.get("etag", ""), said.get("last-modified", "")
            if response.status_code == 304:
                return Answer(None, final, told, etag, modified, "", 0)
            goes_on = response.status_code == 206 and said.get("content-range", "").startswith(f"bytes {have}-")
            if not goes_on:
                part.unlink(missing_ok=True)
                note.unlink(missing_ok=True)
                if response.status_code == 206:
                    raise _Passing("the server went on from another place than asked")
                if etag and not etag.startswith("W/") and "content-encoding" not in said:
                    note.write_text(etag)
            announced = said.get("content-length")
            if announced and announced.isdigit() and int(announced) > self.servers.max_bytes:
                raise Refused(f"{url}: {announced} bytes are more than the limit of {self.servers.max_bytes}.")
            received = 0
            with part.open("ab" if goes_on else "wb") as f:
                for chunk in self._chunks(response, deadline):
                    received += len(chunk)
                    if f.tell() + len(chunk) > self.servers.max_bytes:
                        f.close()
                        part.unlink()
                        raise Refused(f"{url}: more than {self.servers.max_bytes} bytes.")
                    _write(f, chunk)
                f.flush()
                os.fsync(f.fileno())
            content_type = said.get("content-type", "")
        note.unlink(missing_ok=True)
        data = part.read_bytes()
        if data[:2] == b"\x1f\x8b" and not told.endswith(".gz"):
            # The public API always sends gzip, and not every proxy says so.
            data = _gunzip(data, self.servers.max_bytes)
            part.write_bytes(data)
        problem = kind_problem(data, Path(told).suffix.lower().lstrip("."), content_type) or _md5_problem(
            data, etag if md5_etag else ""
        )
        if problem:
            part.unlink()
            if "whole" in problem:
                raise _Passing(problem)
            raise Refused(f"{url}: {problem}")
        return Answer(part, final, told, etag, modified, sha256(data).hexdigest(), received)

    # --- one request -----------------------------------------------------------------------------------------------

    def _send(self, url: str, headers: dict[str, str], deadline: float) -> _Sent:
        return _Sent(self, url, headers, deadline)

    def _chunks(self, response: httpx.Response, deadline: float) -> Iterator[bytes]:
        """The body, decoded, with its length checked against the one announced."""
        got = 0
        for chunk in response.iter_bytes():
            self._in_time(str(response.url), deadline)
            got += len(chunk)
            self.bytes += len(chunk)
            yield chunk
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and "content-encoding" not in response.headers and got != int(announced):
            raise _Passing(f"the file is not whole: {got} of {announced} bytes came")

    def _in_time(self, url: str, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise Refused(f"{url}: not done within {self.servers.deadline:g} s (CSW_HTTP_DEADLINE).")

    def _wait_for_turn(self, host: str) -> None:
        gap = 1 / self.servers.per_second if self.servers.per_second else 0
        pause = self._last.get(host, float("-inf")) + gap - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        self._last[host] = time.monotonic()

    def _allowed(self, url: str, asked: str) -> None:
        if _origin(url) not in self._origins:
            raise Refused(f"{asked}: leads to {urlsplit(url).hostname}, which is not a publisher's host. Not followed.")

    def _patiently(self, url: str, once: Any, deadline: float) -> Any:
        import httpx
        import tenacity

        def wait(state: tenacity.RetryCallState) -> float:
            exc = state.outcome.exception() if state.outcome else None
            asked = getattr(exc, "wait", None)
            usual = self.servers.backoff * 2 ** (state.attempt_number - 1)
            return usual if asked is None else float(asked)

        def stop(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= self.servers.tries or time.monotonic() + wait(state) > deadline

        patient = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((_Passing, httpx.TransportError)), wait=wait, stop=stop, reraise=True
        )
        try:
            return patient(once)
        except (_Passing, httpx.TransportError) as exc:
            tries = patient.statistics.get("attempt_number", 1)
            reason = str(exc) or type(exc).__name__
            raise Refused(f"{url}: {reason} (asked {tries} times).") from exc
        except httpx.HTTPError as exc:
            raise Refused(f"{url}: {exc}.") from exc


class _Sent:
    """One request and the redirects it leads to, as a context: the final response and its address."""

    def __init__(self, http: Http, url: str, headers: dict[str, str], deadline: float) -> None:
        self.http, self.url, self.headers, self.deadline = http, url, headers, deadline
        self.response: httpx.Response | None = None

    def __enter__(self) -> tuple[httpx.Response, str]:
        url = self.url
        for _ in range(MAX_REDIRECTS + 1):
            self.http._in_time(self.url, self.deadline)
            self.http._allowed(url, self.url)
            self.http._wait_for_turn(urlsplit(url).netloc)
            client = self.http._client
            request = client.build_request("GET", url, headers=self.headers)
            self.http.requests += 1
            self.response = response = client.send(request, stream=True)
            self.http.state.saw_server(SYNTHETIC in response.headers)
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                break
            response.close()
            url = urljoin(url, response.headers["location"])
        else:
            raise Refused(f"{self.url}: more than {MAX_REDIRECTS} redirects.")
        try:
            self._judge(response, url)
        except BaseException:
            response.close()
            raise
        return response, url

    def _judge(self, response: httpx.Response, url: str) -> None:
        status = response.status_code
        if status in {200, 206, 304}:
            return
        if status in PASSING:
            raise _Passing(f"the server answers {status}", _retry_after(response.headers.get("retry-after", "")))
        if status == 416:
            raise _Passing("the server cannot go on from there")
        if status == 404:
            raise Absent(f"{url}: not there (404).")
        if status == 410:
            raise Gone(f"{url}: taken down (410).")
        detail = response.read()[:200].decode("utf-8", errors="replace") if status == 400 else ""
        raise Refused(f"{url}: the server answers {status}{': ' + detail if detail else ''}.")

    def __exit__(self, *_: object) -> None:
        if self.response is not None:
            self.response.close()


def _write(file: BinaryIO, chunk: bytes) -> None:
    """Write, and where the disk refuses say which file it was."""
    try:
        file.write(chunk)
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, str(file.name)) from exc


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _retry_after(text: str) -> float | None:
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _disposition(text: str) -> str:
    from email.message import Message

    message = Message()
    message["content-disposition"] = text
    return message.get_filename("") or ""


def _gunzip(data: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error as exc:
        raise _Passing(f"the gzip stream is not whole ({exc})") from exc
    if len(plain) > limit:
        raise Refused(f"a gzip stream unpacks to more than {limit} bytes.")
    if not unpacker.eof:
        raise _Passing("the gzip stream is not whole")
    return plain


def _md5_problem(data: bytes, etag: str) -> str:
    from hashlib import md5

    digest = etag.strip('"').lower()
    if len(digest) == 32 and md5(data, usedforsecurity=False).hexdigest() != digest:
        return "the file is not whole: its bytes are not those of the server's ETag"
    return ""
