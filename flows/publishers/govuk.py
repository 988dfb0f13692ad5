"""GOV.UK: a collection lists pages, a page lists attachments, an attachment lies at an address of its own.

A minor edit replaces an attachment and moves no day that anybody is told: so every page is asked again on each fetch
(it costs an ETag), and what is held is known by the attachment's address, which is new with every upload.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from flows.publishers.anchors import anchors
from flows.publishers.days import london_day
from flows.publishers.govuk_models import Attachment, Collection, Item, Listed, Page, RedirectItem
from flows.publishers.http import Gone, Refused
from flows.publishers.query import Discovery, Offer, Query, RemoteFile
from flows.publishers.shapes import fitted
from flows.publishers.wire import safe_name

MAX_MOVES = 5
#: Files that can be data or tell about them.
ENDINGS = re.compile(r"\.(csv|xlsx?|xlsm|ods|zip|txt)$", re.IGNORECASE)
T = TypeVar("T", bound=Item)


def discover(query: Query) -> Discovery:
    """Every wanted attachment of every page of the publication.

    Raises:
        Refused: the collection or the only page cannot be had.
    """
    found = Discovery()
    pages = _pages(query)
    if not pages:
        raise Refused(f"{query.remote.collection}: lists no page like {' or '.join(query.remote.page_globs)}.")
    found.listed = {p.base_path for p in pages}
    newest = max(pages, key=lambda p: p.public_updated_at or "").base_path
    for listed in pages:
        try:
            page = content(query, listed.base_path, Page)
        except Gone:
            # A collection goes on listing what was taken down; that a page was once had is another matter.
            if len(pages) == 1:
                raise
            found.notes.append(f"{listed.base_path} is listed and taken down; what is held of it stays")
            continue
        except Refused as exc:
            if len(pages) == 1:
                raise
            found.problems.append(str(exc))
            continue
        notice = page.withdrawn_notice
        if notice is not None and (notice.withdrawn_at or notice.explanation):
            since = london_day(notice.withdrawn_at or "") or "a day that it does not say"
            found.notes.append(f"{listed.base_path} is withdrawn (since {since}); its files stand")
        files, names = _attachments(query, page)
        place = listed.base_path
        must = not query.remote.some_pages_have_none
        found.offers.append(Offer(place, names, len(files), place == newest, must_have=must))
        found.files += files
    return found


def content(query: Query, path: str, shape: type[T]) -> T:
    """A content item, where it is now.

    Raises:
        Gone: it was taken down.
        Refused: it moves in circles, cannot be had, or is of another shape.
    """
    for _ in range(MAX_MOVES):
        url = f"{query.servers.govuk}/api/content{path}"
        value = query.http.json(url)
        kind = {value.get("document_type"), value.get("schema_name")} if isinstance(value, dict) else set()
        if "gone" in kind:
            raise Gone(f"{path}: taken down.")
        if "redirect" not in kind:
            return fitted(shape, value, url)
        moves = fitted(RedirectItem, value, url).redirects
        to = [r.destination for r in moves if path.startswith(r.path)]
        if not to:
            raise Refused(f"{path}: moved, and the server does not say where.")
        try:
            there = urlsplit(to[0])
            if there.netloc and there.netloc not in {urlsplit(query.servers.govuk).netloc, "www.gov.uk"}:
                raise Refused(f"{path}: moved to {to[0][:200]}, which is no page of GOV.UK.")
            path = there.path
        except ValueError as exc:
            raise Refused(f"{path}: moved to {to[0][:80]!r}, which is no address.") from exc
    raise Refused(f"{path}: moved more than {MAX_MOVES} times.")


def _pages(query: Query) -> list[Listed]:
    """The publication's pages, oldest first."""
    remote = query.remote
    if not remote.collection:
        return [Listed(base_path=p) for p in remote.page_globs]
    listed = content(query, remote.collection, Collection).links.documents
    ours = {d.base_path: d for d in listed if remote.is_page(d.base_path, d.title)}
    return sorted(ours.values(), key=lambda d: (d.public_updated_at or "", d.base_path))


def _attachments(query: Query, page: Page) -> tuple[list[RemoteFile], tuple[str, ...]]:
    """The wanted files of a page, and the names of all it has."""
    folder = PurePosixPath(page.base_path).name
    day = london_day(page.public_updated_at or "")
    listed = [a for a in page.details.attachments if a.attachment_type in {"", "file"}]
    if not listed:
        # Pages of before 2016 or so have them in their HTML alone, statistical data sets in their text.
        listed = [a for d in (*page.details.documents, page.details.words) for a in _links(d)]
    files, names = [], []
    for a in listed:
        try:
            url = urljoin(query.servers.govuk_assets + "/", a.url)
            name = safe_name(a.filename or unquote(urlsplit(url).path))
        except ValueError:
            continue
        names.append(f"{name} ({a.title})" if a.title else name)
        # A zip of underlying data has a name of its own; which of its files are taken, their names say.
        unpack = name.lower().endswith(".zip")
        if not ENDINGS.search(name) or not (unpack or query.wants(name, a.title)):
            continue
        name = query.remote.saved_as(name, page.base_path, a.title)
        # The address is new with every upload: what it led to once, it leads to.
        files.append(RemoteFile(url, folder, name, day, size=a.file_size or 0, unpack=unpack, frozen=True))
    return files, tuple(names)


def _links(section: str) -> list[Attachment]:
    titled: dict[str, str] = {}
    for link in anchors(section):
        titled[link.href] = link.text or titled.get(link.href, "")
    return [Attachment(url=u, title=t) for u, t in titled.items() if ENDINGS.search(_path(u))]


def _path(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:
        return ""
