"""The servers themselves: one loopback process that plays every host, each under a path of its own."""

from __future__ import annotations

import gzip
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from flows.settings import Servers
from tests.fake_publishers import scenarios
from tests.fake_publishers.world import Publication, Release, World, guid

HOSTS = (
    "ees-public",
    "ees-content",
    "ees-site",
    "govuk",
    "govuk-assets",
    "ons",
    "nomis",
    "ofsted-reports",
    "ofsted-files",
)
#: Rows that Nomis gives a guest, and entries that a page of the public API has at most.
NOMIS_CAP, PAGE_CAP = 25_000, 40


@dataclass
class Request:
    """What was asked of which host."""

    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Reply:
    """An answer, and how it is spoiled on the way."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: float = 1.0
    """Share of the body that is sent."""
    announce: float = 1.0
    """Share of the body's length that is announced."""
    drip: float = 0.0
    """Seconds between small pieces; 0 sends at once."""


def reply_json(value: Any, status: int = 200) -> Reply:
    """JSON as the publishers send it: null members are left out."""
    return Reply(status, json.dumps(_without_nulls(value)).encode())


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def not_found() -> Reply:
    """404 as problem+json."""
    problem = b'{"type":"https://tools.ietf.org/html/rfc9110#section-15.5.5","title":"Not Found","status":404}'
    return Reply(404, problem, "application/problem+json")


class FakePublishers:
    """All servers, while the context lasts.

    Args:
        folder: publishers' files to serve.
        scenario: what happens on them; see :mod:`tests.fake_publishers.scenarios`.
        sources: only these publications.
        port: 0 for any free one.
    """

    def __init__(self, folder: Path, scenario: str = "", sources: list[str] | None = None, port: int = 0) -> None:
        self.world = World(folder, sources)
        self.requests: list[Request] = []
        self.port = port
        self._fault: scenarios.Fault | None = None
        self._left = 0
        self._scenario = ""
        if scenario:
            self.turn_to(scenario)

    def turn_to(self, scenario: str) -> None:
        """Let something happen; blank ends a fault (what the servers hold stays as it has become)."""
        if scenario and scenario not in scenarios.names():
            raise ValueError(f"no scenario is called {scenario}; there are {', '.join(scenarios.names())}")
        self._scenario = scenario
        if scenario in scenarios.STATES:
            scenarios.STATES[scenario](self.world)
        self._fault = scenarios.fault(scenario)
        self._left = self._fault.times if self._fault else 0

    def servers(self, **changes: Any) -> Servers:
        """Settings that point at these servers, quick and impatient."""
        bases = {h.replace("-", "_"): f"http://127.0.0.1:{self.port}/{h}" for h in HOSTS}
        bases["ees_public"] += "/statistics/v1"
        bases["ees_content"] += "/api"
        quick = {"per_second": 0.0, "timeout": 5.0, "deadline": 20.0, "tries": 3, "backoff": 0.02}
        return Servers(**{**bases, **quick, **changes})

    def environment(self) -> dict[str, str]:
        """The same as environment variables."""
        names = {f"CSW_{h.replace('-', '_').upper()}": v for h, v in self._bases().items()}
        return {**names, "CSW_HTTP_RATE": "0"}

    def _bases(self) -> dict[str, str]:
        servers = self.servers()
        return {h: getattr(servers, h.replace("-", "_")) for h in HOSTS}

    def __enter__(self) -> FakePublishers:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                fake._serve(self)

            def do_POST(self) -> None:
                fake._serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
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
        query = {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {k.lower(): v for k, v in handler.headers.items()}
        body = handler.rfile.read(int(headers.get("content-length", 0)))
        request = Request(host, "/" + rest, query, headers, body)
        self.requests.append(request)
        reply = self._answer(request)
        if self._fault and self._fault.matches(self.world, request) and (not self._fault.times or self._left):
            self._left -= 1
            reply = self._fault.spoil(reply)
        if self.world.is_synthetic:
            reply.headers["X-Synthetic"] = "yes"
        _send(handler, reply)

    def _answer(self, request: Request) -> Reply:
        routes: dict[str, Callable[[Request], Reply]] = {
            "ees-content": self._ees_content,
            "ees-site": self._ees_site,
            "ees-public": self._ees_public,
            "govuk": self._govuk,
            "govuk-assets": self._asset,
            "ons": self._ons,
            "nomis": self._nomis,
            "ofsted-reports": self._ofsted_reports,
            "ofsted-files": self._ofsted_files,
        }
        route = routes.get(request.host)
        return route(request) if route else not_found()

    # --- EES -------------------------------------------------------------------------------------------------------

    def _publication(self, slug: str) -> Publication | None:
        return next((p for p in self.world.publications.values() if p.slug == slug and p.releases), None)

    def _release_at(self, slug: str, label: str) -> Release | None:
        publication = self._publication(slug)
        return next((r for r in publication.releases if r.label == label), None) if publication else None

    def _ees_content(self, request: Request) -> Reply:
        parts = request.path.removeprefix("/api").strip("/").split("/")
        if parts == ["redirects"]:
            moved = [
                {"fromSlug": old, "toSlug": p.slug} for p in self.world.publications.values() for old in p.old_slugs
            ]
            return reply_json({"publicationRedirects": moved, "methodologyRedirects": []})
        if parts[0] == "data-set-files" and len(parts) == 1:
            return self._data_set_files(request.query)
        if parts[0] == "releases" and len(parts) >= 3 and parts[2] == "files":
            return self._files(request, parts)
        if parts[0] != "publications" or len(parts) < 2:
            return not_found()
        publication = self._publication(parts[1])
        if publication is None:
            return not_found()
        if len(parts) == 2:
            return reply_json(_about_publication(publication))
        if parts[2:] == ["releases"]:
            return reply_json([_about_release(publication, r) for r in publication.releases])
        release = self._release_at(parts[1], parts[3]) if len(parts) == 5 else None
        if release is None:
            # The routes of before May 2026 (releases/latest, releases/{slug}) are gone.
            return not_found()
        if parts[4] == "version-summary":
            return reply_json({**_about_release(publication, release), "updateCount": release.version})
        if parts[4] == "data-content" and self._scenario not in scenarios.ZIPS:
            return reply_json(_data_content(release))
        return not_found()

    def _data_set_files(self, query: dict[str, str]) -> Reply:
        size = int(query.get("pageSize", 10))
        if not 1 <= size <= PAGE_CAP:
            problem = {"title": "There are validation errors with the request.", "status": 400}
            return reply_json(
                {**problem, "errors": [{"message": "Must be between 1 and 40.", "path": "pageSize"}]}, 400
            )
        found = [
            {"id": r.data_set_id(n), "fileId": r.file_id(n), "filename": n, "title": r.title_of(n)}
            for p in self.world.publications.values()
            for r in p.releases
            if p.id == query.get("publicationId", p.id) and r.release_id == (query.get("releaseId") or r.release_id)
            for n in sorted(r.files)
        ]
        page = int(query.get("page", 1))
        paging = {"page": page, "pageSize": size, "totalResults": len(found)}
        # Nothing still makes one page.
        return reply_json(
            {
                "paging": {**paging, "totalPages": max(0, len(found) - 1) // size + 1},
                "results": found[(page - 1) * size : page * size],
            }
        )

    def _files(self, request: Request, parts: list[str]) -> Reply:
        for p in self.world.publications.values():
            for r in p.releases:
                if r.version_id != parts[1]:
                    continue
                if len(parts) == 3:
                    return self._zip(p, r)
                name = next((n for n in r.files if r.file_id(n) == parts[3]), None)
                return _file(request, name, r.files[name], r.last_updated) if name else not_found()
        return not_found()

    def _zip(self, publication: Publication, release: Release) -> Reply:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            for name, data in sorted(release.files.items()):
                z.writestr(f"data/{name}", data)
            if self._scenario == "zip-traversal":
                z.writestr("../../outside.csv", b"a,b\n")
            if self._scenario == "zip-bomb":
                z.writestr("data/bomb.csv", b"0" * 50_000_000)
            if self._scenario != "zip-without-guidance":
                z.writestr("data-guidance/data-guidance.txt", _guidance(publication, release))
        made = release.last_updated - (scenarios.STALE if self._scenario == "stale-zip" else scenarios.STALE * 0)
        name = f"{publication.slug}_{release.label}.zip"
        return Reply(
            200,
            out.getvalue(),
            "application/octet-stream",
            {
                "Content-Disposition": f"attachment; filename={name}",
                "Last-Modified": format_datetime(made, usegmt=True),
            },
        )

    def _ees_site(self, request: Request) -> Reply:
        parts = request.path.strip("/").split("/")
        if parts[:2] == ["data-catalogue", "data-set"] and parts[-1] == "csv":
            for p in self.world.publications.values():
                latest = p.latest
                # An id answers only while its release is the latest.
                for n in latest.files if latest else ():
                    if latest and latest.data_set_id(n) == parts[2]:
                        return _file(request, n, latest.files[n], latest.last_updated)
            return not_found()
        if parts[0] == "find-statistics" and len(parts) == 2:
            publication = self._publication(parts[1])
            if publication is None:
                moved = next((p for p in self.world.publications.values() if parts[1] in p.old_slugs), None)
                if moved is None:
                    return not_found()
                return Reply(301, b"", "text/html", {"Location": f"/ees-site/find-statistics/{moved.slug}"})
            latest = publication.latest
            assert latest is not None
            about = {"props": {"pageProps": {"releaseVersionSummary": _about_release(publication, latest)}}}
            page = (
                f'<!DOCTYPE html><html><script id="__NEXT_DATA__" type="application/json">{json.dumps(about)}</script>'
            )
            return Reply(200, page.encode(), "text/html; charset=utf-8")
        return not_found()

    def _ees_public(self, request: Request) -> Reply:
        parts = request.path.removeprefix("/statistics/v1").strip("/").split("/")
        if parts == ["publications"]:
            size = int(request.query.get("pageSize", 20))
            held = [p for p in self.world.publications.values() if p.releases]
            results = [{"id": p.id, "title": p.passport.title, "slug": p.slug} for p in held][:size]
            paging = {"page": 1, "pageSize": size, "totalResults": len(held), "totalPages": 1}
            return reply_json({"paging": paging, "results": results})
        if parts[0] == "data-sets" and parts[-1] == "csv":
            for p in self.world.publications.values():
                latest = p.latest
                for n in latest.files if latest else ():
                    if latest and scenarios.guid_of_api(latest, n) == parts[1]:
                        packed = gzip.compress(latest.files[n], mtime=0)
                        return Reply(200, packed, "text/csv", {"Content-Encoding": "gzip"})
        return not_found()

    # --- GOV.UK ----------------------------------------------------------------------------------------------------

    def _govuk(self, request: Request) -> Reply:
        path = request.path.removeprefix("/api/content")
        if path in self.world.collections:
            pages = [self.world.pages[p] for p in self.world.collections[path]]
            links = [
                {"base_path": p.path, "title": p.label, "public_updated_at": p.last_updated.isoformat()} for p in pages
            ]
            item = {"base_path": path, "document_type": "document_collection", "links": {"documents": links}}
            return reply_json({**item, "details": {}})
        moved = path.endswith("-moved")
        page = self.world.pages.get(path.removesuffix("-moved"))
        if page is None:
            return not_found()
        item = {
            "base_path": path,
            "document_type": "official_statistics",
            "public_updated_at": page.last_updated.isoformat(),
        }
        if "gone" in page.notes:
            return Reply(410, b'{"schema_name":"gone","document_type":"gone"}')
        if "redirect" in page.notes and not moved:
            to = [{"path": path, "destination": f"{path}-moved", "type": "exact"}]
            return reply_json({"base_path": path, "document_type": "redirect", "redirects": to})
        if "moved" in page.notes and not moved:
            return Reply(301, b"", "text/html", {"Location": f"/govuk/api/content{path}-moved"})
        attachments = [
            {
                "attachment_type": "file",
                "title": page.title_of(n),
                "filename": n,
                "url": f"http://127.0.0.1:{self.port}/govuk-assets/media/{_media(page, n)}/{n}",
                "file_size": len(data),
            }
            for n, data in sorted(page.files.items())
        ]
        details: dict[str, Any] = {"attachments": attachments}
        if "html only" in page.notes:
            links = "".join(f'<a href="{a["url"]}">{a["title"]}</a>' for a in attachments)
            details = {"documents": [f'<section class="attachment">{links}</section>']}
        notice = {"withdrawn_at": page.notes["withdrawn"]} if "withdrawn" in page.notes else {}
        return reply_json({**item, "details": details, "withdrawn_notice": notice})

    def _asset(self, request: Request) -> Reply:
        parts = request.path.strip("/").split("/")
        for page in self.world.pages.values():
            for n, data in page.files.items():
                if len(parts) == 3 and parts[1] == _media(page, n) and unquote(parts[2]) == n:
                    return _file(request, n, data, page.last_updated)
        return not_found()

    # --- ONS, Nomis, Ofsted ----------------------------------------------------------------------------------------

    def _ons(self, request: Request) -> Reply:
        if not request.headers.get("user-agent", "").startswith("Mozilla"):
            return Reply(403, b"Forbidden", "text/plain")
        data = self.world.series.get(request.query.get("uri", ""))
        return Reply(200, data, "text/csv") if data is not None else not_found()

    def _nomis(self, request: Request) -> Reply:
        limit = min(int(request.query.get("recordlimit", NOMIS_CAP)), NOMIS_CAP)
        start = int(request.query.get("recordoffset", 0))
        out = ['"DATE_NAME","GEOGRAPHY_NAME","GEOGRAPHY_CODE","C_AGE_NAME","OBS_VALUE"']
        out += [f'{y},"{n}","{c}","{a}",{v}' for y, n, c, a, v in self.world.nomis[start : start + limit]]
        return Reply(200, ("\n".join(out) + "\n").encode(), "text/csv")

    def _ofsted_reports(self, request: Request) -> Reply:
        if request.path == "/search":
            start, rows = int(request.query.get("start", 0)), min(int(request.query.get("rows", 10)), 100)
            some = list(self.world.providers.values())[start : start + rows]
            links = "".join(f'<a href="/ofsted-reports/provider/44/{p.urn}">{p.name}</a>' for p in some)
            return Reply(200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")
        provider = self.world.providers.get(request.path.rpartition("/")[2])
        if provider is None:
            return not_found()
        links = "".join(
            f'<a class="publication-link" href="http://127.0.0.1:{self.port}/ofsted-files/v1/file/{r.id}">'
            f'<span class="nonvisual">{r.title}, pdf - {r.day.day} {r.day:%B %Y}</span></a>'
            for r in provider.reports
        )
        return Reply(200, f"<!DOCTYPE html><html><body>{links}</body></html>".encode(), "text/html")

    def _ofsted_files(self, request: Request) -> Reply:
        number = request.path.rpartition("/")[2]
        for provider in self.world.providers.values():
            for r in provider.reports:
                if r.id == number:
                    return Reply(200, r.data, "application/pdf")
        return not_found()


def _about_publication(p: Publication) -> dict[str, Any]:
    latest = p.latest
    assert latest is not None
    about = {"id": p.id, "slug": p.slug, "title": p.passport.title, "nextReleaseDate": p.next_release}
    return {**about, "latestRelease": {"id": latest.version_id, "slug": latest.label, "title": latest.label}}


def _about_release(p: Publication, r: Release) -> dict[str, Any]:
    return {
        "id": r.version_id,
        "releaseId": r.release_id,
        "slug": r.label,
        "title": f"Reporting year {r.label}",
        "published": r.published.isoformat(),
        "lastUpdated": r.last_updated.isoformat(),
        "latestRelease": r is p.latest,
    }


def _data_content(r: Release) -> dict[str, Any]:
    sets = [
        {
            "dataSetFileId": r.data_set_id(n),
            "fileId": r.file_id(n),
            "title": r.title_of(n),
            "publicApiDataSetId": scenarios.guid_of_api(r, n),
            "isApiEnabled": True,
        }
        for n in sorted(r.files)
    ]
    return {"releaseId": r.release_id, "releaseVersionId": r.version_id, "dataSets": sets, "supportingFiles": []}


def _guidance(p: Publication, r: Release) -> str:
    return "\n".join([p.passport.title, r.label, "", "Data files", *(f"Filename: {n}" for n in sorted(r.files))])


def _media(page: Release, name: str) -> str:
    """A new one with every upload."""
    digest = md5(page.files[name], usedforsecurity=False).hexdigest()
    return guid(page.path, name, str(page.version), digest).replace("-", "")[:24]


def _file(request: Request, name: str, data: bytes, updated: datetime) -> Reply:
    """A file as the servers send it: conditional, in ranges, with its hash for an ETag."""
    etag = f'"{md5(data, usedforsecurity=False).hexdigest()}"'
    headers = {
        "ETag": etag,
        "Last-Modified": format_datetime(updated, usegmt=True),
        "Cache-Control": "public,max-age=300",
        "Content-Disposition": f"attachment; filename={name}",
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


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    body = reply.body
    handler.send_response(reply.status)
    if reply.status != 304:
        handler.send_header("Content-Type", reply.content_type)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(round(len(body) * reply.announce)))
    is_spoiled = reply.cut < 1 or reply.announce != 1
    if is_spoiled:
        handler.send_header("Connection", "close")
        handler.close_connection = True
    handler.end_headers()
    sent = body[: round(len(body) * reply.cut)]
    try:
        if reply.drip:
            for at in range(0, len(sent), 64):
                handler.wfile.write(sent[at : at + 64])
                handler.wfile.flush()
                time.sleep(reply.drip)
        else:
            handler.wfile.write(sent)
    except OSError:
        handler.close_connection = True
