"""GOV.UK: content items, and the host of their attachments."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.fake_publishers.answers import Reply, Request, moved, not_found, reply_file, reply_json
from tests.fake_publishers.world import guid

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers
    from tests.fake_publishers.world import Release

KINDS = {
    ".csv": "text/csv",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


def answer(fake: FakePublishers, request: Request) -> Reply:
    """A content item: a collection or a page."""
    path = request.path.removeprefix("/api/content")
    if path in fake.world.collections:
        return reply_json(_collection(fake, path))
    is_moved = path.endswith("-moved")
    page = fake.world.pages.get(path.removesuffix("-moved"))
    if page is None:
        return not_found()
    if "gone" in page.notes:
        return Reply(410, b'{"schema_name":"gone","document_type":"gone"}')
    if "redirect" in page.notes and not is_moved:
        to = [{"path": path, "destination": f"{path}-moved", "type": "exact"}]
        return reply_json({"base_path": path, "document_type": "redirect", "redirects": to})
    if "moved" in page.notes and not is_moved:
        return moved(301, f"/govuk/api/content{path}-moved")
    return reply_json(_page(fake, path, page))


def _collection(fake: FakePublishers, path: str) -> dict[str, Any]:
    pages = [fake.world.pages[p] for p in fake.world.collections[path]]
    links = [
        {
            "base_path": p.path,
            "title": p.label,
            "public_updated_at": p.last_updated.isoformat(),
            "document_type": "official_statistics",
        }
        for p in pages
    ]
    groups = [{"title": "Statistics", "documents": [guid(p.path) for p in pages]}]
    about = {"base_path": path, "content_id": guid(path), "document_type": "document_collection"}
    return {**about, "details": {"collection_groups": groups}, "links": {"documents": links}}


def _page(fake: FakePublishers, path: str, page: Release) -> dict[str, Any]:
    attachments = [
        {
            "attachment_type": "file",
            "id": n,
            "title": page.title_of(n),
            "filename": n,
            "url": f"http://127.0.0.1:{fake.port}/govuk-assets/media/{_media(page, n)}/{n}",
            "content_type": next((kind for end, kind in KINDS.items() if n.lower().endswith(end)), None),
            "file_size": len(data),
            "accessible": False,
        }
        for n, data in sorted(page.files.items())
    ]
    history = [{"public_timestamp": page.published.isoformat(), "note": "First published."}]
    history += [{"public_timestamp": day.isoformat(), "note": text} for day, text in page.updates]
    details: dict[str, Any] = {"change_history": history}
    if "html only" in page.notes:
        # Pages of before 2020 or so.
        links = "".join(f'<a href="{a["url"]}">{a["title"]}</a>' for a in attachments)
        details |= {"documents": [f'<section class="attachment">{links}</section>']}
    else:
        details |= {"attachments": attachments}
    return {
        "base_path": path,
        "content_id": guid(page.path),
        "document_type": "official_statistics",
        "schema_name": "publication",
        "title": page.label,
        "first_published_at": page.published.isoformat(),
        "public_updated_at": page.last_updated.isoformat(),
        "details": details,
        "withdrawn_notice": {"withdrawn_at": page.notes["withdrawn"]} if "withdrawn" in page.notes else {},
    }


def answer_asset(fake: FakePublishers, request: Request) -> Reply:
    """An attachment, at the address of its last upload."""
    parts = request.path.strip("/").split("/")
    for page in fake.world.pages.values():
        for n, data in page.files.items():
            if len(parts) == 3 and parts[1] == _media(page, n) and unquote(parts[2]) == n:
                return reply_file(request, n, data, page.last_updated)
    return not_found()


def _media(page: Release, name: str) -> str:
    """A new one with every upload."""
    digest = md5(page.files[name], usedforsecurity=False).hexdigest()
    return guid(page.path, name, str(page.version), digest).replace("-", "")[:24]
