"""GOV.UK: content items, and the host of their attachments."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.fake_publishers.answers import Reply, Request, moved, not_found, reply_file, reply_json
from tests.fake_publishers.world import Attachment, Page, guid

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers

KINDS = {
    ".csv": "text/csv",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}
CACHED = {"Cache-Control": "max-age=300, public", "Access-Control-Allow-Origin": "*"}


def answer(fake: FakePublishers, request: Request) -> Reply:
    """A content item: a collection or a page."""
    reply = _item(fake, request.path.removeprefix("/api/content"))
    if reply.status == 200:
        etag = f'W/"{guid(reply.body.decode()).replace("-", "")}"'
        reply.headers = {**CACHED, "ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return Reply(304, b"", "", reply.headers)
    return reply


def _item(fake: FakePublishers, path: str) -> Reply:
    world = fake.world
    if path in world.collections:
        return reply_json(_collection(fake, path), nulls=True)
    if path in world.gone:
        return _gone(path)
    if path in world.moved:
        # Another path of the item: to the canonical one.
        return moved(303, f"/govuk/api/content{world.moved[path]}")
    is_moved = path.endswith("-moved")
    page = world.pages.get(path.removesuffix("-moved"))
    if page is None:
        return not_found()
    if "gone" in page.notes:
        return _gone(path)
    if "redirect" in page.notes and not is_moved:
        to = [{"path": path, "destination": f"{path}-moved", "type": "exact"}]
        return reply_json({"base_path": path, "document_type": "redirect", "schema_name": "redirect", "redirects": to})
    if "moved" in page.notes and not is_moved:
        return moved(301, f"/govuk/api/content{path}-moved")
    return reply_json(_page(fake, path, page), nulls=True)


def _gone(path: str) -> Reply:
    reply = reply_json({"base_path": path, "document_type": "gone", "schema_name": "gone", "details": {}})
    reply.status = 410
    return reply


def _about(path: str, title: str, kind: str, schema: str) -> dict[str, Any]:
    return {
        "analytics_identifier": None,
        "base_path": path,
        "content_id": guid(path),
        "document_type": kind,
        "locale": "en",
        "phase": "live",
        "publishing_app": "whitehall",
        "rendering_app": "frontend",
        "schema_name": schema,
        "title": title,
        "withdrawn_notice": {},
        "description": "",
    }


def _collection(fake: FakePublishers, path: str) -> dict[str, Any]:
    """A collection lists every page it ever had, those that are gone too, in no order."""
    world = fake.world
    links = []
    for p in sorted(world.collections[path], key=guid):
        page = world.pages.get(p)
        day = _public(page) if page else datetime(2012, 1, 1)
        links.append(
            {
                "api_path": f"/api/content{p}",
                "base_path": p,
                "content_id": guid(p),
                "document_type": "official_statistics",
                "locale": "en",
                "public_updated_at": f"{day:%Y-%m-%dT%H:%M:%SZ}",
                "schema_name": "publication",
                "title": page.title if page else "Taken down",
                "withdrawn": bool(page and "withdrawn" in page.notes),
                "web_url": f"https://www.gov.uk{p}",
            }
        )
    groups = [{"title": "Statistics", "body": "", "documents": [guid(p) for p in world.collections[path]]}]
    about = _about(path, "Statistics", "document_collection", "document_collection")
    return {**about, "details": {"collection_groups": groups}, "links": {"documents": links}}


def _public(page: Page) -> datetime:
    return page.public_updated or page.published


def _page(fake: FakePublishers, path: str, page: Page) -> dict[str, Any]:
    files = [_file(fake, page, a) for a in page.attachments]
    history = [{"public_timestamp": page.published.isoformat(), "note": "First published."}]
    history += [{"public_timestamp": day.isoformat(), "note": text} for day, text in page.updates]
    details: dict[str, Any] = {"body": '<div class="govspeak"></div>', "change_history": history, "documents": []}
    if page.is_html_only or "html only" in page.notes:
        details["documents"] = [_section(f) for f in files]
    else:
        others = []
        if fake.world.quirks.external_attachments:
            others = [
                {"attachment_type": "html", "id": "main-text", "title": "Main text", "url": f"{page.path}/main-text"},
                {"attachment_type": "external", "id": "dashboard", "url": "https://dashboards.example.org/b1.csv"},
            ]
        details |= {"attachments": [*others, *files], "featured_attachments": [f["id"] for f in files]}
    about = _about(path, page.title, "official_statistics", "publication")
    if "withdrawn" in page.notes:
        about["withdrawn_notice"] = {"explanation": "<p>Withdrawn.</p>", "withdrawn_at": page.notes["withdrawn"]}
    return {
        **about,
        "first_published_at": page.published.isoformat(),
        "public_updated_at": _public(page).isoformat(),
        "updated_at": (page.edited or page.published).isoformat(),
        "details": details,
        "links": {},
    }


def _file(fake: FakePublishers, page: Page, a: Attachment) -> dict[str, Any]:
    ending = "." + a.name.rpartition(".")[2].lower()
    return {
        "accessible": False,
        "attachment_type": "file",
        "content_type": KINDS.get(ending, "application/octet-stream"),
        "file_size": len(a.data),
        "filename": a.name,
        "id": a.name,
        "title": a.title,
        "url": f"http://127.0.0.1:{fake.port}/govuk-assets/media/{_media(page, a)}/{a.name}",
    }


def _section(file: dict[str, Any]) -> str:
    """An attachment as old pages have it."""
    link = f'<a href="{escape(file["url"])}">{escape(file["title"])}</a>'
    return f'<section class="attachment embedded"><h2 class="title">{link}</h2></section>'


def answer_asset(fake: FakePublishers, request: Request) -> Reply:
    """An attachment, at the address of its last upload; an earlier one leads there."""
    parts = request.path.strip("/").split("/")
    for page in fake.world.pages.values():
        for a in page.attachments:
            if len(parts) != 3 or unquote(parts[2]) != a.name:
                continue
            if parts[1] == _media(page, a):
                return reply_file(request, a.name, a.data, page.edited or page.published)
            if parts[1] in {_media(page, a, n) for n in range(1, a.uploads)}:
                return moved(301, f"/govuk-assets/media/{_media(page, a)}/{a.name}")
    return not_found()


def _media(page: Page, a: Attachment, upload: int = 0) -> str:
    """A new one with every upload."""
    return guid(page.path, a.name, str(upload or a.uploads)).replace("-", "")[:24]
