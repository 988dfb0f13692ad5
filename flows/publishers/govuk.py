"""GOV.UK Content API: collections, pages and their attachments. File addresses change with every upload; pages stay."""

from __future__ import annotations

import html
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from flows.publishers.ask import Asked, Discovery, Found, london_day, safe_name
from flows.publishers.http import Gone, Refused

MAX_MOVES = 5


def discover(asked: Asked) -> Discovery:
    """Every wanted attachment of every page of the publication; a page that has not changed is not asked for again.

    Raises:
        Refused: the collection or the only page cannot be had.
    """
    said = Discovery()
    pages = _pages(asked)
    if not pages:
        raise Refused(f"{asked.remote.collection}: lists no page like {asked.remote.page}.")
    nothing: list[str] = []
    for path, updated in pages:
        batch = f"{path}@{updated}"
        if updated and asked.is_held(batch):
            said.complete.append(batch)
            continue
        try:
            item = content(asked, path)
        except Refused as exc:
            if len(pages) == 1:
                raise
            said.problems.append(str(exc))
            continue
        notice = item.get("withdrawn_notice") or {}
        if notice:
            said.notes.append(f"{path} is withdrawn (since {notice.get('withdrawn_at', '?')[:10]}); its files stand")
        found = _attachments(asked, item, batch if updated else "")
        if not found:
            nothing.append(f"{path}: none of its files is like {' or '.join(_patterns(asked)[:3])}.")
        said.found += found
    # Not every page of a collection has a file of every kind; that none has is a change of names.
    has_some = said.found or said.complete
    (said.notes if has_some else said.problems).extend(nothing)
    return said


def content(asked: Asked, path: str) -> dict[str, Any]:
    """A content item, where it is now.

    Raises:
        Gone: it was taken down.
        Refused: it moves in circles, or cannot be had.
    """
    for _ in range(MAX_MOVES):
        item = asked.http.json(f"{asked.servers.govuk}/api/content{path}")
        kind = item.get("document_type") or item.get("schema_name")
        if kind == "gone":
            raise Gone(f"{path}: taken down.")
        if kind != "redirect":
            return dict(item)
        moved = [r["destination"] for r in item.get("redirects", []) if path.startswith(r.get("path", ""))]
        if not moved:
            raise Refused(f"{path}: moved, and the server does not say where.")
        path = urlsplit(moved[0]).path
    raise Refused(f"{path}: moved more than {MAX_MOVES} times.")


def _pages(asked: Asked) -> list[tuple[str, str]]:
    """Paths of the publication's pages and when each last changed (blank where only the page itself knows)."""
    remote = asked.remote
    if not remote.collection:
        return [(remote.page or "", "")]
    listed = content(asked, remote.collection).get("links", {}).get("documents", [])
    pages = {d["base_path"]: d.get("public_updated_at") or "" for d in listed if d.get("base_path")}
    return sorted((p, u) for p, u in pages.items() if remote.page_pattern.match(p))


def _patterns(asked: Asked) -> list[str]:
    return asked.remote.files or asked.passport.file_patterns


def _attachments(asked: Asked, item: dict[str, Any], batch: str) -> list[Found]:
    folder = PurePosixPath(item["base_path"]).name
    day = london_day(item.get("public_updated_at") or "")
    details = item.get("details", {})
    listed = [a for a in details.get("attachments", []) if a.get("url") and a.get("attachment_type") != "html"]
    if not listed:
        # Pages of before 2020 or so have them in their HTML alone.
        listed = [{"url": u, "title": t} for d in details.get("documents", []) for u, t in _links(d)]
    found = []
    for a in listed:
        url = urljoin(asked.servers.govuk_assets + "/", a["url"])
        name = safe_name(a.get("filename") or unquote(urlsplit(url).path))
        # A zip of underlying data has a name of its own; which of its files are taken, their names say.
        unpack = name.lower().endswith(".zip")
        if not unpack and not asked.wants(name, a.get("title", "")):
            continue
        size = int(a.get("file_size") or 0)
        found.append(Found(url, folder, name, day, size=size, unpack=unpack, batch=batch))
    return found


def _links(section: str) -> list[tuple[str, str]]:
    found = re.findall(r'<a\b[^>]*\bhref="([^"]+)"[^>]*>(.*?)</a>', section, re.DOTALL)
    titled = {html.unescape(u): re.sub(r"<[^>]+>|\s+", " ", t).strip() for u, t in found}
    return [(u, t) for u, t in titled.items() if re.search(r"\.(csv|xlsx?|ods|zip|txt)$", urlsplit(u).path, re.I)]
