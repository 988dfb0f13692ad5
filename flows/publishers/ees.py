"""Explore Education Statistics: publication → releases → data content → files, over the content API.

The API is not a published contract: where a part of it does not answer, the release's page and its zip stand in.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flows.publishers.ask import Asked, Discovery, Found, london_day, safe_name
from flows.publishers.ees_public import csv_url, news, pages
from flows.publishers.http import Absent, Refused

PAGE = 40


def discover(asked: Asked) -> Discovery:
    """Every wanted file of every release; older releases only where a new version of them was published.

    Raises:
        Refused: neither the API nor the page knows the publication.
    """
    said = Discovery()
    try:
        slug, publication = _publication(asked)
    except Refused as exc:
        said.notes.append(f"the content API does not answer ({exc}); the release's page stands in")
        said.found.append(_from_page(asked, exc))
        return said
    said.next_release = _partial_date(publication.get("nextReleaseDate"))
    for release in _releases(asked, slug, publication):
        batch = f"{release['id']}"
        is_latest = bool(release.get("latestRelease"))
        if not is_latest and asked.is_held(batch):
            said.complete.append(batch)
            continue
        try:
            found = _release(asked, slug, release, batch, str(publication["id"]), is_latest)
        except Refused as exc:
            said.problems.append(f"release {release.get('slug')}: {exc}")
            continue
        said.found += found
        if is_latest and not asked.is_held(batch):
            files = {f.data_set: f.name for f in found if f.data_set}
            notes, said.data_sets = news(asked, str(publication["id"]), files)
            said.notes += notes
    return said


def _publication(asked: Asked) -> tuple[str, dict[str, Any]]:
    """The slug that the publication has now, and what the server says of it."""
    base, http, wanted = asked.servers.ees_content, asked.http, asked.passport.publication_id
    slugs = list(asked.remote.slugs)
    problem: Refused = Absent("no slug is known.")
    for slug in slugs:
        try:
            publication = http.json(f"{base}/publications/{slug}")
        except Absent as exc:
            problem = exc
            slugs += [s for s in _redirected(asked, slug) if s not in slugs]
            continue
        if wanted and publication.get("id") != wanted:
            problem = Refused(f"{base}/publications/{slug}: is publication {publication.get('id')}, not {wanted}.")
            continue
        return slug, publication
    raise problem


def _redirected(asked: Asked, slug: str) -> list[str]:
    try:
        said = asked.http.json(f"{asked.servers.ees_content}/redirects")
    except Refused:
        return []
    return [r["toSlug"] for r in said.get("publicationRedirects", []) if r.get("fromSlug") == slug]


def _releases(asked: Asked, slug: str, publication: dict[str, Any]) -> list[dict[str, Any]]:
    """Releases with the id of their present version, oldest first."""
    try:
        said = asked.http.json(f"{asked.servers.ees_content}/publications/{slug}/releases")
    except Absent:
        said = [{**publication["latestRelease"], "latestRelease": True}]
    return sorted(said, key=lambda r: (bool(r.get("latestRelease")), r.get("published") or "", r.get("slug") or ""))


def _release(
    asked: Asked, slug: str, release: dict[str, Any], batch: str, publication_id: str, is_latest: bool
) -> list[Found]:
    base, servers = asked.servers.ees_content, asked.servers
    folder = safe_name(release["slug"])
    at = f"{base}/publications/{slug}/releases/{release['slug']}"
    summary = _or_none(asked, f"{at}/version-summary") or release
    version = summary["id"]
    updated = summary.get("lastUpdated") or summary.get("published") or ""
    content = _or_none(asked, f"{at}/data-content")
    if content is None:
        return [_zip(asked, version, folder, updated, batch)]
    names = _names(asked, publication_id, str(content.get("releaseId") or release.get("releaseId") or ""))
    found = []
    for d in content.get("dataSets", []):
        name = safe_name(names.get(d["dataSetFileId"], ""))
        if not asked.wants(name, d.get("title", "")):
            continue
        others = [f"{servers.ees_site}/data-catalogue/data-set/{d['dataSetFileId']}/csv"] if is_latest else []
        data_set = str(d.get("publicApiDataSetId") or "") if d.get("isApiEnabled") and is_latest else ""
        if data_set:
            others.append(csv_url(servers.ees_public, data_set))
        found.append(
            Found(
                url=f"{base}/releases/{version}/files/{d['fileId']}",
                folder=folder,
                name=name,
                published_on=london_day(updated),
                others=tuple(others),
                md5_etag=True,
                batch=batch,
                data_set=data_set,
            )
        )
    for s in content.get("supportingFiles", []):
        if asked.wants(s.get("filename", ""), s.get("title", "")):
            url = f"{base}/releases/{version}/files/{s['fileId']}"
            name = safe_name(s["filename"])
            found.append(Found(url, folder, name, london_day(updated), md5_etag=True, batch=batch))
    return found


def _names(asked: Asked, publication_id: str, release_id: str) -> dict[str, str]:
    """File names by data-set file id: the data content has titles only."""
    params = {"publicationId": publication_id, "releaseId": release_id, "latestOnly": "false"}
    try:
        found = pages(asked.http, f"{asked.servers.ees_content}/data-set-files", params, size=PAGE)
        return {d["id"]: d["filename"] for d in found}
    except Absent:
        return {}


def _zip(asked: Asked, version: str, folder: str, updated: str, batch: str) -> Found:
    url = f"{asked.servers.ees_content}/releases/{version}/files"
    return Found(url, folder, f"{folder}.zip", london_day(updated), unpack=True, not_before=updated, batch=batch)


def _from_page(asked: Asked, because: Refused) -> Found:
    """The latest release's zip, by the data in its page."""
    for slug in asked.remote.slugs:
        try:
            page = asked.http.text(f"{asked.servers.ees_site}/find-statistics/{slug}")
        except Refused:
            continue
        data = re.search(r'<script id="__NEXT_DATA__"[^>]*>(.*?)</script>', page, re.DOTALL)
        if data is None:
            continue
        summary = json.loads(data[1])["props"]["pageProps"].get("releaseVersionSummary")
        if summary:
            version, updated = summary["id"], summary.get("lastUpdated") or ""
            return _zip(asked, version, safe_name(summary["slug"]), updated, version)
    raise because


def _or_none(asked: Asked, url: str) -> Any:
    try:
        return asked.http.json(url)
    except Absent:
        return None


def _partial_date(said: dict[str, Any] | None) -> str:
    """``{year, month?, day?}`` as far as it goes: ``2026``, ``2026-10``, ``2026-10-29``."""
    if not said or not said.get("year"):
        return ""
    parts = [f"{int(said['year']):04d}"]
    for key in ("month", "day"):
        if not said.get(key):
            break
        parts.append(f"{int(said[key]):02d}")
    return "-".join(parts)
