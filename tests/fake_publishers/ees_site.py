"""EES, the site: pages with their data inside, and the data catalogue's CSV."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fake_publishers.answers import Reply, Request, moved, not_found
from tests.fake_publishers.ees_content import about_release_version
from tests.fake_publishers.ees_files import catalogue_file, data_content

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers
    from tests.fake_publishers.world import Publication, Release

TABS = ("", "explore", "methodology", "help")


def answer(fake: FakePublishers, request: Request) -> Reply:
    """A page, or the file behind one: that is rewritten to the content API's download, not redirected."""
    if request.path != request.path.lower():
        return moved(301, f"/ees-site{request.path.lower()}")
    match request.path.strip("/").split("/"):
        case ["data-catalogue", "data-set", wanted, "csv"]:
            return catalogue_file(fake.world, request, wanted)
        case ["find-statistics", slug, *rest] if len(rest) < 3:
            return _page(fake, slug, rest)
    return not_found()


def _page(fake: FakePublishers, slug: str, rest: list[str]) -> Reply:
    home = "/ees-site/find-statistics"
    publication = fake.world.publication(slug)
    if publication is None:
        now = next((p.slug for p in fake.world.publications.values() if slug in p.old_slugs and p.releases), None)
        return moved(301, "/".join([home, now, *rest])) if now else not_found()
    if rest == ["data-guidance"]:
        return moved(308, f"{home}/{slug}")
    latest = publication.latest
    assert latest is not None
    if fake.world.quirks.find_statistics_308 and (not rest or rest[0] in TABS[1:]):
        # Without a release, to the latest one's page.
        return moved(308, "/".join([home, slug, latest.label, *rest]))
    label, tab = [*rest, "", ""][:2]
    release = next((r for r in publication.releases if r.label == label), None) if label else publication.latest
    if release is None:
        return not_found()
    if tab == "data-guidance":
        return moved(308, f"{home}/{slug}/{label}/explore#data-guidance-section")
    return _html(fake, publication, release, tab) if tab in TABS else not_found()


def _html(fake: FakePublishers, p: Publication, r: Release, tab: str) -> Reply:
    summary = {"id": p.id, "slug": p.slug, "title": p.title}
    inside: dict[str, Any] = {"publicationSummary": summary, "releaseVersionSummary": about_release_version(p, r)}
    inside["page"] = tab or "home"
    if tab == "explore":
        inside["dataContent"] = data_content(fake.world, p, r)
    data = json.dumps({"props": {"pageProps": inside}, "page": "/find-statistics/[publication]/[release]"})
    # A closing tag within would end the script.
    data = data.replace("<", "\\u003c")
    script = f'<script id="__NEXT_DATA__" type="application/json">{data}</script>'
    page = f"<!DOCTYPE html><html><head><title>{p.title}, {r.title}</title></head><body>{script}</body></html>"
    return Reply(200, page.encode(), "text/html; charset=utf-8")
