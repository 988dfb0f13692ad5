"""The servers themselves: one loopback process that plays every host, each under a path of its own."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flows.common.settings import Servers
from tests.fake_publishers import ees_content, ees_public, ees_site, govuk, ofsted, ons, scenarios
from tests.fake_publishers.answers import Invalid, Reply, Request, not_found, send
from tests.fake_publishers.faults import ZIPS, Fault, faults
from tests.fake_publishers.quirks import Quirks
from tests.fake_publishers.world import World

HOSTS: dict[str, Callable[[FakePublishers, Request], Reply]] = {
    "ees-public": ees_public.answer,
    "ees-content": ees_content.answer,
    "ees-site": ees_site.answer,
    "govuk": govuk.answer,
    "govuk-assets": govuk.answer_asset,
    "ons": ons.answer,
    "nomis": ons.answer_nomis,
    "ofsted-reports": ofsted.answer,
    "ofsted-files": ofsted.answer_file,
}


@dataclass(frozen=True)
class Twist:
    """Answers of a host, of addresses with a part in them, made into others."""

    host: str
    part: str
    change: Callable[[Reply], Reply]


class _Server(ThreadingHTTPServer):
    """Says nothing of clients that hang up: some of them are killed on purpose."""

    def handle_error(self, *_: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


class FakePublishers:
    """All servers, while the context lasts.

    Args:
        folder: publishers' files to serve.
        scenario: what happens on them; see :mod:`tests.fake_publishers.scenarios`.
        sources: only these publications.
        port: 0 for any free one.
        quirks: what the servers do that simple ones would not; all of it unless said otherwise.
    """

    def __init__(
        self,
        folder: Path,
        scenario: str = "",
        sources: list[str] | None = None,
        port: int = 0,
        quirks: Quirks | None = None,
    ) -> None:
        self.world = World(folder, sources, quirks)
        self.requests: list[Request] = []
        self.port = port
        self.nomis_cap = 0
        """Rows that Nomis gives at once, where a test wants fewer than its usual ones."""
        self.scenario = ""
        self.twists: list[Twist] = []
        """What else becomes of answers, one after the other."""
        self._fault: Fault | None = None
        self._left = 0
        self._one_at_a_time = threading.Lock()
        if scenario:
            self.turn_to(scenario)

    def turn_to(self, scenario: str) -> None:
        """Let something happen; blank ends a fault (what the servers hold stays as it has become)."""
        if scenario and scenario not in scenarios.names():
            raise ValueError(f"no scenario is called {scenario}; there are {', '.join(scenarios.names())}")
        self.scenario = scenario
        if scenario in scenarios.STATES:
            scenarios.STATES[scenario](self.world)
        self._fault = faults().get(scenario)
        self._left = self._fault.times if self._fault else 0

    def twist(
        self, host: str, part: str, change: Callable[[Any], Any] | Callable[[Reply], Reply], *, of: str = "json"
    ) -> None:
        """Have answers changed: their JSON (``of="json"``), or the whole of them (``of="reply"``)."""

        def in_json(reply: Reply) -> Reply:
            if reply.status == 200:
                reply.body = json.dumps(change(json.loads(reply.body))).encode()
                reply.headers = {k: v for k, v in reply.headers.items() if k not in {"ETag", "Last-Modified"}}
            return reply

        self.twists.append(Twist(host, part, in_json if of == "json" else change))

    @property
    def has_only_zips(self) -> bool:
        """Whether releases tell nothing of their files one by one."""
        return self.scenario in ZIPS

    def servers(self, **changes: Any) -> Servers:
        """Settings that point at these servers, quick and impatient."""
        bases = {h.replace("-", "_"): f"http://127.0.0.1:{self.port}/{h}" for h in HOSTS}
        bases["ees_public"] += ees_public.BASE
        bases["ees_content"] += "/api"
        quick = {"per_second": 0.0, "timeout": 5.0, "deadline": 20.0, "tries": 3, "backoff": 0.02}
        return Servers(**{**bases, **quick, **changes})

    def environment(self) -> dict[str, str]:
        """The same as environment variables."""
        servers = self.servers()
        names = {f"CSW_{h.replace('-', '_').upper()}": getattr(servers, h.replace("-", "_")) for h in HOSTS}
        return {**names, "CSW_HTTP_RATE": "0"}

    def __enter__(self) -> FakePublishers:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else the body of every answer waits for the client to acknowledge its head: 40 ms each.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                fake._serve(self)

            def do_POST(self) -> None:
                fake._serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- one answer ------------------------------------------------------------------------------------------------

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        host, _, rest = parts.path.lstrip("/").partition("/")
        repeated = parse_qs(parts.query, keep_blank_values=True)
        query = {k: v[-1] for k, v in repeated.items()}
        headers = {k.lower(): v for k, v in handler.headers.items()}
        body = handler.rfile.read(int(headers.get("content-length", 0)))
        request = Request(host, "/" + rest, query, headers, body, handler.command, repeated)
        self.requests.append(request)
        # A file is described once, not by each of the requests that came together.
        with self._one_at_a_time:
            reply = self._answer(request)
            if self._fault and self._fault.matches(self.world, request) and (not self._fault.times or self._left):
                self._left -= 1
                reply = self._fault.spoil(reply)
        for twist in self.twists:
            if request.host == twist.host and twist.part in f"{request.path}?{urlsplit(handler.path).query}":
                reply = twist.change(reply)
        if self.world.is_synthetic:
            reply.headers["X-Synthetic"] = "yes"
        send(handler, reply)

    def _answer(self, request: Request) -> Reply:
        route = HOSTS.get(request.host)
        try:
            return route(self, request) if route else not_found()
        except Invalid as exc:
            return exc.reply()
