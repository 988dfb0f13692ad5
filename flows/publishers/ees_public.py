"""Explore Education Statistics, public API: only data sets that were opted in. Ids are found by publication."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.publishers.http import Http

#: The server's own limits of a page.
PUBLICATIONS, DATA_SETS, ROWS = 40, 20, 10_000


def publications(http: Http, base: str) -> Iterator[dict[str, Any]]:
    """Publications with at least one data set: id, title, slug, summary, lastPublished."""
    yield from _pages(http, f"{base}/publications", PUBLICATIONS)


def data_sets(http: Http, base: str, publication_id: str) -> Iterator[dict[str, Any]]:
    """Data sets of a publication: id, title, status, latestVersion …; null members are left out."""
    yield from _pages(http, f"{base}/publications/{publication_id}/data-sets", DATA_SETS)


def versions(http: Http, base: str, data_set_id: str) -> Iterator[dict[str, Any]]:
    """Versions of a data set, the newest first."""
    yield from _pages(http, f"{base}/data-sets/{data_set_id}/versions", DATA_SETS)


def changes(http: Http, base: str, data_set_id: str, version: str) -> dict[str, Any]:
    """What a version changed: ``majorChanges`` (something went), ``minorChanges`` (something came or was renamed)."""
    return dict(http.json(f"{base}/data-sets/{data_set_id}/versions/{version}/changes"))


def meta(http: Http, base: str, data_set_id: str, version: str = "") -> dict[str, Any]:
    """Filters, indicators, locations and periods of a data set."""
    return dict(http.json(f"{base}/data-sets/{data_set_id}/meta", {"dataSetVersion": version} if version else None))


def query(http: Http, base: str, data_set_id: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows that answer a query; values are text, symbols among them."""
    page, pages = 1, 1
    while page <= pages:
        asked = {**body, "page": page, "pageSize": ROWS}
        said = http.post_json(f"{base}/data-sets/{data_set_id}/query", asked)
        yield from said["results"]
        page, pages = page + 1, int(said["paging"]["totalPages"])


def csv_url(base: str, data_set_id: str, version: str = "") -> str:
    """Address of a data set as CSV; the answer is always gzip."""
    return f"{base}/data-sets/{data_set_id}/csv" + (f"?dataSetVersion={version}" if version else "")


def _pages(http: Http, url: str, size: int) -> Iterator[dict[str, Any]]:
    page, pages = 1, 1
    while page <= pages:
        said = http.json(url, {"page": page, "pageSize": size})
        yield from said["results"]
        page, pages = page + 1, int(said["paging"]["totalPages"])
