"""Explore Education Statistics: publication → releases → data content → files, over the content API.

The API is not a published contract: where a part of it does not answer, the release's page and its zip stand in. A
file has several addresses, and none is sure: the one of the release may send nothing of data uploaded since July 2025
(but says what their md5 is, and whether they have changed); the one of the data set, which the site itself uses, holds
while the file is part of the latest version of its release; the release's zip lags an hour behind.
"""

from __future__ import annotations

import json
import re
from typing import Any

from flows.publishers.days import london_day, partial_date
from flows.publishers.ees_models import (
    CatalogueEntry,
    DataContent,
    DataSet,
    DataSetFile,
    PageData,
    Publication,
    Redirects,
    Release,
    Successor,
    VersionSummary,
)
from flows.publishers.ees_public import csv_url, news, pages
from flows.publishers.http import Absent, Forbidden, Refused
from flows.publishers.query import Discovery, Offer, Query, RemoteFile
from flows.publishers.report import some_of
from flows.publishers.shapes import fitted
from flows.publishers.wire import safe_name

PAGE = 40


def discover(query: Query) -> Discovery:
    """Every wanted file of every release; older releases only where a new version of them was published.

    Raises:
        Refused: neither the API nor the page knows the publication.
    """
    found = Discovery()
    try:
        slug, publication = publication_of(query)
    except Refused as exc:
        found.files.append(_from_page(query, exc))
        found.problems.append(
            f"the content API does not answer as it should; the latest release's zip was taken: {exc}"
        )
        return found
    said = publication.next_release_date
    if said is not None:
        found.next_release = partial_date(said.year, said.month, said.day)
        if said.year and not found.next_release:
            found.notes.append(
                f"the day that it names for the next release cannot be: {said.year}-{said.month}-{said.day}"
            )
    after = publication.superseded_by_publication
    if after is not None:
        found.problems.append(superseded(query, slug, after))
    releases = _releases(query, slug, publication)
    found.listed = {r.slug for r in releases}
    for release in releases:
        if not release.latest_release and query.is_complete(release.id):
            found.complete.append(release.id)
            continue
        try:
            files, offer, unnamed = _release(query, slug, release, publication.id)
        except Refused as exc:
            found.problems.append(f"release {release.slug}: {exc}")
            continue
        if unnamed:
            found.unfinished.add(release.id)
            found.problems.append(
                f"release {release.slug}: the server names no file of {some_of(unnamed)}, so that nobody knows whether "
                "it is wanted"
            )
        found.offers.append(offer)
        found.files += files
        if release.latest_release and not query.is_complete(release.id):
            named = {f.data_set: f.name for f in files if f.data_set}
            notes, found.data_sets = news(query, publication.id, named)
            found.notes += notes
    return found


def superseded(query: Query, slug: str, after: Successor) -> str:
    """What it means that a publication has been replaced by another."""
    return (
        f"{slug} is superseded by “{after.title}”, where new releases come: put {after.slug} first in `slugs` and "
        f"{after.id} as `publication_id` in flows/sources/{query.passport.source}.yml"
    )


def publication_of(query: Query) -> tuple[str, Publication]:
    """The slug that the publication has now, and what the server says of it.

    Raises:
        Refused: no slug is known to it, or it is another publication's, or the answer is of another shape.
    """
    base, http, wanted = query.servers.ees_content, query.http, query.passport.publication_id
    slugs = list(query.remote.slugs)
    problem: Refused = Absent("no slug is known.")
    for slug in slugs:
        url = f"{base}/publications/{slug}"
        try:
            publication = fitted(Publication, http.json(url), url)
        except Absent as exc:
            # That another slug is gone says less than that one is another publication's.
            problem = exc if isinstance(problem, Absent) else problem
            slugs += [s for s in _redirected(query, slug) if s not in slugs]
            continue
        if wanted and publication.id != wanted:
            problem = Refused(f"{url}: is publication {publication.id}, not {wanted}.")
            continue
        return slug, publication
    raise problem


def _redirected(query: Query, slug: str) -> list[str]:
    """Where a slug that the API no longer knows has gone."""
    url = f"{query.servers.ees_content}/redirects"
    try:
        said = fitted(Redirects, query.http.json(url), url)
    except Refused:
        return []
    return [r.to_slug for r in said.publication_redirects if r.from_slug == slug]


def _releases(query: Query, slug: str, publication: Publication) -> list[Release]:
    """Releases with the id of their present version, oldest first, the latest last."""
    url = f"{query.servers.ees_content}/publications/{slug}/releases"
    try:
        said = fitted(list[Release], query.http.json(url), url)
    except Absent:
        latest = publication.latest_release
        summary = version_summary(query, slug, latest.slug)
        return [Release(id=summary.id, release_id=latest.id, slug=latest.slug, title=latest.title, latest_release=True)]
    return sorted(said, key=lambda r: (r.latest_release, r.published or "", r.slug))


def version_summary(query: Query, slug: str, release: str) -> VersionSummary:
    """A release's present version.

    Raises:
        Refused: it cannot be had, or is of another shape.
    """
    url = f"{query.servers.ees_content}/publications/{slug}/releases/{release}/version-summary"
    return fitted(VersionSummary, query.http.json(url), url)


def data_content(query: Query, slug: str, release: str) -> DataContent:
    """What is in a release.

    Raises:
        Refused: it cannot be had, or is of another shape.
    """
    url = f"{query.servers.ees_content}/publications/{slug}/releases/{release}/data-content"
    return fitted(DataContent, query.http.json(url), url)


def catalogue(query: Query, publication_id: str, version_id: str) -> list[DataSetFile]:
    """The data sets of a release's version with the names of their files: the data content has titles only.

    ``releaseId`` takes a *version's* id: a release's finds nothing, and nothing is an empty page.
    """
    url = f"{query.servers.ees_content}/data-set-files"
    params = {"publicationId": publication_id, "releaseId": version_id, "latestOnly": "false"}
    return list(pages(query.http, url, DataSetFile, params, size=PAGE))


def _release(
    query: Query, slug: str, release: Release, publication_id: str
) -> tuple[list[RemoteFile], Offer, list[str]]:
    """The wanted files of a release, what it offers, and titles of data sets of which no file's name can be had."""
    folder, is_latest = safe_name(release.slug), release.latest_release
    version, updated = release.id, release.published or ""
    try:
        summary = version_summary(query, slug, release.slug)
        version, updated = summary.id, summary.last_updated
    except (Absent, Forbidden):
        pass
    try:
        content = data_content(query, slug, release.slug)
    except (Absent, Forbidden):
        one = _zip(query, version, folder, updated, release.id)
        return [one], Offer(release.slug, (one.name,), 1, is_latest, is_packed=True), []
    names = _names(query, publication_id, content)
    files, offered, unnamed = [], [], []
    for d in content.data_sets:
        name = safe_name(names.get(d.data_set_file_id, ""))
        offered.append(name or d.title)
        if not query.wants(name, d.title):
            unnamed += [] if name else [d.title]
            continue
        data_set = d.public_api_data_set_id if d.is_api_enabled and is_latest else None
        base, site = query.servers.ees_content, query.servers.ees_site
        others = [
            f"{base}/data-set-files/{d.data_set_file_id}/download",
            f"{site}/data-catalogue/data-set/{d.data_set_file_id}/csv",
            *([csv_url(query.servers.ees_public, data_set)] if data_set else []),
        ]
        files.append(
            RemoteFile(
                url=f"{base}/releases/{version}/files/{d.file_id}",
                folder=folder,
                name=name,
                published_on=london_day(updated),
                others=tuple(others),
                zipped=f"{base}/releases/{version}/files?fileIds={d.file_id}",
                md5_etag=True,
                batch=release.id,
                data_set=data_set or "",
            )
        )
    for s in content.supporting_files:
        offered.append(safe_name(s.filename) or s.title)
        if query.wants(safe_name(s.filename), s.title):
            url = f"{query.servers.ees_content}/releases/{version}/files/{s.file_id}"
            day = london_day(updated)
            files.append(RemoteFile(url, folder, safe_name(s.filename), day, md5_etag=True, batch=release.id))
    return files, Offer(release.slug, tuple(offered), len(files), is_latest), unnamed


def _names(query: Query, publication_id: str, content: DataContent) -> dict[str, str]:
    """File names by data-set file id.

    What the catalogue does not list is asked for by itself, unless its title says enough: the file then names itself.
    """
    try:
        names = {d.id: d.filename for d in catalogue(query, publication_id, content.release_version_id)}
    except Absent:
        names = {}
    for d in content.data_sets:
        if d.data_set_file_id not in names and not query.wants("", d.title):
            names[d.data_set_file_id] = _name_of(query, d)
    return names


def _name_of(query: Query, data_set: DataSet) -> str:
    """The file name of one entry of the catalogue; blank where it has none that can be read."""
    url = f"{query.servers.ees_content}/data-set-files/{data_set.data_set_file_id}"
    try:
        return fitted(CatalogueEntry, query.http.json(url), url).file.name
    except Refused:
        return ""


def _zip(query: Query, version: str, folder: str, updated: str, batch: str) -> RemoteFile:
    url = f"{query.servers.ees_content}/releases/{version}/files"
    return RemoteFile(url, folder, f"{folder}.zip", london_day(updated), unpack=True, not_before=updated, batch=batch)


def _from_page(query: Query, because: Refused) -> RemoteFile:
    """The latest release's zip, by the data in its page."""
    for slug in query.remote.slugs:
        try:
            summary = page_data(query, slug)
        except Refused:
            continue
        return _zip(query, summary.id, safe_name(summary.slug), summary.last_updated, summary.id)
    raise because


def page_data(query: Query, slug: str) -> VersionSummary:
    """The latest release's version, by the data in its page on the site.

    Raises:
        Refused: the page cannot be had, or carries no such data.
    """
    url = f"{query.servers.ees_site}/find-statistics/{slug}"
    page = query.http.text(url)
    data = re.search(r'<script id="__NEXT_DATA__"[^>]*>(.*?)</script>', page, re.DOTALL)
    try:
        said: Any = json.loads(data[1]) if data else None
    except (ValueError, RecursionError) as exc:
        raise Refused(f"{url}: the data in the page is not JSON.") from exc
    return fitted(PageData, said, url).props.page_props.release_version_summary
