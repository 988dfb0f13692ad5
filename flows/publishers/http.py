"""One polite way to ask a server for anything: few requests, repeated with patience, checked before they are believed.

Every answer is held against what it should be: the host is on the list, also after a redirect; the length is the one
announced; the bytes are of the kind asked for. What does not hold is a :class:`Refused` with the reason. An address is
downloaded once in a run, whoever asks for it.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import md5, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

from flows.common.files import write_atomically
from flows.publishers.kinds import kind_problem
from flows.publishers.wire import (
    Absent,
    BadRequest,
    Empty,
    Forbidden,
    Gone,
    OutOfTime,
    Passing,
    Refused,
    WrongKind,
    bounded,
    deadline,
    disposition_name,
    gunzipped,
    hold_to_deadlines,
    kept_date,
    kept_etag,
    plain,
    retry_after,
    safe_name,
)

if TYPE_CHECKING:
    import ssl

    import httpx

    from flows.common.settings import Servers
    from flows.publishers.state import State

__all__ = ["Absent", "Answer", "BadRequest", "Empty", "Forbidden", "Gone", "Http", "Refused", "WrongKind"]

#: Answers worth another try.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
#: A header of servers that are played with invented figures; none of the publishers' sends it.
SYNTHETIC = "x-synthetic"
#: The md5 of nothing: what some servers give for a body that they have lost.
MD5_OF_NOTHING = md5(b"", usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Answer:
    """A file that was asked for: where it is now and what the server said about it."""

    path: Path | None
    """None where the server says that what we hold is what it has. Good until the fetcher is closed."""
    url: str
    name: str
    etag: str
    last_modified: str
    sha256: str
    bytes: int
    """How many were received."""


@lru_cache(maxsize=1)
def _trusted(file: str, folder: str) -> ssl.SSLContext:
    """The certificates that are trusted, those of the environment where it names some: reading them takes 40 ms, and
    they are the same for every fetch of a process."""
    import httpx

    return httpx.create_ssl_context()


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
        self._turns: dict[str, float] = {}
        self._flights: dict[tuple[str, bool], Future[Answer]] = {}
        self._lock = threading.Lock()
        work.mkdir(parents=True, exist_ok=True)
        self._here = work / f"run-{os.getpid()}-{id(self):x}"
        self._client = httpx.Client(
            headers={"User-Agent": servers.user_agent, "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(servers.timeout),
            follow_redirects=False,
            trust_env=True,
            verify=_trusted(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")),
        )
        hold_to_deadlines(self._client)
        self._sweep()

    def _sweep(self) -> None:
        """Remove what a fetch that was killed has left of its downloads; what can be gone on with stays."""
        for left in self.work.glob("run-*"):
            shutil.rmtree(left, ignore_errors=True)

    def close(self) -> None:
        """Let go of the connections and of the downloads."""
        self._client.close()
        shutil.rmtree(self._here, ignore_errors=True)

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
        known = self.state.validators_of_page(full) if kept.exists() else {}

        def once() -> str:
            with self._send(full, known) as (response, _):
                if response.status_code == 304:
                    return kept.read_text(encoding="utf-8")
                data = self._page(full, response)
            etag = kept_etag(response.headers.get("etag", ""))
            if not data:
                raise Empty(f"{full}: 200, and nothing in it.", etag)
            problem = kind_problem(data, kind, response.headers.get("content-type", ""))
            if problem:
                raise Refused(f"{full}: {problem}.")
            text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
            modified = kept_date(response.headers.get("last-modified", ""))
            if etag or modified:
                write_atomically(kept, text.encode())
                self.state.saw_page(full, etag, modified)
            return text

        return str(self._patiently(full, once))

    def _page(self, url: str, response: httpx.Response) -> bytes:
        limit = self.servers.max_page_bytes
        try:
            return b"".join(bounded(self._plain(response, limit), limit))
        except Refused as exc:
            raise Refused(f"{url}: {exc}") from exc

    # --- files -----------------------------------------------------------------------------------------------------

    def file(
        self,
        url: str,
        *,
        name: str = "",
        validators: dict[str, str] | None = None,
        md5_etag: bool = False,
        until: float | None = None,
    ) -> Answer:
        """A file; a broken download goes on where it stopped, and who asks for the same one waits for it.

        Args:
            url: its address.
            name: what it is called, where known; the server's Content-Disposition or the address tells otherwise.
            validators: headers that ask for it only if it is not what is held.
            md5_etag: the server's ETag is the md5 of the content, which is checked.
            until: when it must be here (``time.monotonic``); the usual deadline where None.

        Raises:
            Absent, Forbidden, Gone, Empty, Refused: see the module.
        """
        with self._lock:
            flight = self._flights.get((url, bool(validators)))
            mine = flight is None
            if flight is None:
                flight = self._flights[url, bool(validators)] = Future()
        if mine:
            try:
                flight.set_result(self._download(url, name, validators or {}, md5_etag, until))
            except BaseException as exc:
                flight.set_exception(exc)
        answer = flight.result()
        return replace(answer, name=safe_name(name) or answer.name)

    def _download(self, url: str, name: str, known: dict[str, str], md5_etag: bool, until: float | None) -> Answer:
        part = self.work / "parts" / sha256(url.encode()).hexdigest()
        part.parent.mkdir(exist_ok=True)
        answer: Answer = self._patiently(url, lambda: self._file_once(url, name, known, part, md5_etag), until)
        if answer.path is None:
            return answer
        self._here.mkdir(exist_ok=True)
        done = self._here / part.name
        os.replace(answer.path, done)
        return replace(answer, path=done)

    def _file_once(self, url: str, name: str, known: dict[str, str], part: Path, md5_etag: bool) -> Answer:
        note = part.with_suffix(".etag")
        headers = dict(known)
        have = part.stat().st_size if part.exists() and note.exists() else 0
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": note.read_text(), "Accept-Encoding": "identity"}
        with self._send(url, headers) as (response, final):
            said = response.headers
            told = (
                safe_name(name)
                or safe_name(disposition_name(said.get("content-disposition", "")))
                or safe_name(_last(final))
            )
            etag, modified = kept_etag(said.get("etag", "")), kept_date(said.get("last-modified", ""))
            if response.status_code == 304:
                return Answer(None, final, told, etag, modified, "", 0)
            goes_on = response.status_code == 206 and said.get("content-range", "").startswith(f"bytes {have}-")
            if not goes_on:
                part.unlink(missing_ok=True)
                note.unlink(missing_ok=True)
                if response.status_code == 206:
                    raise Passing("the server went on from another place than asked")
                if etag and not etag.startswith("W/") and "content-encoding" not in said:
                    note.write_text(etag)
            received = self._receive(url, response, part, goes_on=goes_on)
            content_type = said.get("content-type", "")
        note.unlink(missing_ok=True)
        data = part.read_bytes()
        if not data:
            part.unlink()
            raise Empty(f"{url}: 200, and nothing in it.", etag)
        digest = _md5_of(etag) if md5_etag else ""
        problem = kind_problem(data, Path(told).suffix.lower().lstrip("."), content_type) or md5_problem(data, digest)
        if problem:
            part.unlink()
            if "whole" in problem:
                raise Passing(problem)
            raise WrongKind(f"{url}: {problem}.")
        return Answer(part, final, told, etag, modified, sha256(data).hexdigest(), received)

    def _receive(self, url: str, response: httpx.Response, part: Path, *, goes_on: bool) -> int:
        """The body, unpacked, into a file."""
        limit = self.servers.max_bytes
        announced = response.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:18]) > limit:
            raise Refused(f"{url}: {announced} bytes are more than the limit of {limit}.")
        before = part.stat().st_size if goes_on else 0
        received = 0
        try:
            with part.open("ab" if goes_on else "wb") as f:
                chunks = self._raw(response) if goes_on else self._plain(response, limit)
                for chunk in bounded(chunks, limit - before):
                    received += len(chunk)
                    _write(f, chunk)
                f.flush()
                os.fsync(f.fileno())
        except Refused as exc:
            part.unlink(missing_ok=True)
            raise type(exc)(f"{url}: {exc}") from exc
        return received

    # --- one request -----------------------------------------------------------------------------------------------

    def _send(self, url: str, headers: dict[str, str]) -> _Sent:
        return _Sent(self, url, headers)

    def _raw(self, response: httpx.Response) -> Iterator[bytes]:
        """The body as it comes, with its length checked against the one announced."""
        got = 0
        for chunk in response.iter_raw():
            got += len(chunk)
            with self._lock:
                self.bytes += len(chunk)
            # Packed or not: more than a file may have is not read.
            if got > self.servers.max_bytes:
                raise Refused(f"more than {self.servers.max_bytes} bytes.")
            yield chunk
        announced = response.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and got != int(announced[:18]):
            raise Passing(f"the file is not whole: {got} of {announced} bytes came")

    def _plain(self, response: httpx.Response, limit: int) -> Iterator[bytes]:
        """The body, unpacked within the limit, whether its packing is announced or not."""
        encoding = response.headers.get("content-encoding", "").strip().lower()
        raw = self._raw(response)
        if encoding in {"gzip", "x-gzip"}:
            # Some proxies name the packing and have undone it.
            return plain(_unpacked_if_packed(raw, limit), limit)
        if encoding not in {"", "identity"}:
            raise Refused(f"{response.url}: comes packed as {encoding[:40]!r}, which was not asked for.")
        return plain(raw, limit)

    def _wait_for_turn(self, host: str) -> None:
        gap = 1 / self.servers.per_second if self.servers.per_second else 0.0
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._turns.get(host, float("-inf")) + gap)
            self._turns[host] = turn
            self.requests += 1
        if turn > now:
            time.sleep(turn - now)

    def _allowed(self, url: str, asked: str) -> None:
        if _origin(url) not in self._origins:
            raise Refused(f"{asked}: leads to {_host(url)}, which is not a publisher's host. Not followed.")

    def _patiently(self, url: str, once: Callable[[], Any], until: float | None = None) -> Any:
        import httpx
        import tenacity

        until = time.monotonic() + self.servers.deadline if until is None else until

        def wait(state: tenacity.RetryCallState) -> float:
            exc = state.outcome.exception() if state.outcome else None
            asked = getattr(exc, "wait", None)
            usual = self.servers.backoff * 2 ** (state.attempt_number - 1)
            return usual if asked is None else float(asked)

        def stop(state: tenacity.RetryCallState) -> bool:
            return state.attempt_number >= self.servers.tries or time.monotonic() + wait(state) > until

        patient = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((Passing, httpx.TransportError)), wait=wait, stop=stop, reraise=True
        )
        try:
            with deadline(until):
                return patient(once)
        except OutOfTime as exc:
            raise Refused(f"{url}: not done within {self.servers.deadline:g} s (CSW_HTTP_DEADLINE).") from exc
        except (Passing, httpx.TransportError) as exc:
            if time.monotonic() >= until:
                raise Refused(f"{url}: not done within {self.servers.deadline:g} s (CSW_HTTP_DEADLINE).") from exc
            tries = patient.statistics.get("attempt_number", 1)
            reason = str(exc) or type(exc).__name__
            wanted = getattr(exc, "wait", None) or 0
            # Longer than anybody waits here: the next run asks again.
            patience = f"; it asks to wait {wanted:.0f} s" if wanted > self.servers.backoff else ""
            raise Refused(f"{url}: {reason}{patience} (asked {tries} time{'s' * (tries > 1)}).") from exc
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as exc:
            raise Refused(f"{url}: {str(exc) or type(exc).__name__}.") from exc


class _Sent:
    """One request and the redirects it leads to, as a context: the final response and its address."""

    def __init__(self, http: Http, url: str, headers: dict[str, str]) -> None:
        self.http, self.url, self.headers = http, url, headers
        self.response: httpx.Response | None = None

    def __enter__(self) -> tuple[httpx.Response, str]:
        url = self.url
        for _ in range(MAX_REDIRECTS + 1):
            self.http._allowed(url, self.url)
            self.http._wait_for_turn(urlsplit(url).netloc)
            client = self.http._client
            request = client.build_request("GET", url, headers=self.headers)
            self.response = response = client.send(request, stream=True)
            self.http.state.saw_server(SYNTHETIC in response.headers)
            if response.status_code not in REDIRECTS or "location" not in response.headers:
                break
            response.close()
            url = self._next(url, response.headers["location"])
        else:
            raise Refused(f"{self.url}: more than {MAX_REDIRECTS} redirects.")
        try:
            self._judge(response, url)
        except BaseException:
            response.close()
            raise
        return response, url

    def _next(self, url: str, location: str) -> str:
        try:
            to = urljoin(url, location)
            urlsplit(to).port  # noqa: B018 - raises where it is no number
        except ValueError as exc:
            raise Refused(f"{self.url}: leads to {location[:80]!r}, which is no address.") from exc
        return to

    def _judge(self, response: httpx.Response, url: str) -> None:
        status = response.status_code
        asked = {name.lower() for name in self.headers}
        if status == 200 or (status == 206 and "range" in asked):
            return
        if status == 304 and asked & {"if-none-match", "if-modified-since"}:
            return
        if status in PASSING:
            raise Passing(f"the server answers {status}", retry_after(response.headers.get("retry-after", "")))
        if status == 416:
            raise Passing("the server cannot go on from there")
        if status == 404:
            raise Absent(f"{url}: not there (404).")
        if status == 410:
            raise Gone(f"{url}: taken down (410).")
        if status in {401, 403}:
            raise Forbidden(f"{url}: the server answers {status}.")
        if status == 400:
            detail = _beginning(response)
            raise BadRequest(f"{url}: the server answers {status}{': ' + detail if detail else ''}.")
        raise Refused(f"{url}: the server answers {status}.")

    def __exit__(self, *_: object) -> None:
        if self.response is not None:
            self.response.close()


def _beginning(response: httpx.Response) -> str:
    """The first words of an answer."""
    said = b""
    for chunk in response.iter_raw():
        said += chunk
        if len(said) >= 300:
            break
    return " ".join(said[:300].decode("utf-8", errors="replace").split())


def _unpacked_if_packed(raw: Iterator[bytes], limit: int) -> Iterator[bytes]:
    head = b""
    for chunk in raw:
        head += chunk
        if len(head) >= 2:
            break

    def whole() -> Iterator[bytes]:
        if head:
            yield head
        yield from raw

    yield from gunzipped(whole(), limit) if head[:2] == b"\x1f\x8b" else whole()


def _write(file: BinaryIO, chunk: bytes) -> None:
    """Write, and where the disk refuses say which file it was."""
    try:
        file.write(chunk)
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, str(file.name)) from exc


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; a port that goes without saying is said by some."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0
    return parts.scheme, (parts.hostname or "").lower(), port


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url[:80]
    except ValueError:
        return url[:80]


def _last(url: str) -> str:
    return unquote(urlsplit(url).path)


def _md5_of(etag: str) -> str:
    """The md5 that an ETag is, weak or not; blank where it is none, or that of nothing."""
    digest = etag.removeprefix("W/").strip('"').lower()
    is_md5 = len(digest) == 32 and all(c in "0123456789abcdef" for c in digest)
    return digest if is_md5 and digest != MD5_OF_NOTHING else ""


def md5_problem(data: bytes, digest: str) -> str:
    """What speaks against these bytes having that md5; blank for nothing, or where none is known."""
    if digest and md5(data, usedforsecurity=False).hexdigest() != digest:
        return "the file is not whole: its bytes are not those of the server's ETag"
    return ""


def md5_of_etag(etag: str) -> str:
    """The md5 of the content, where an ETag says it."""
    return _md5_of(etag)
