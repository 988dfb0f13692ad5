"""EES, content API: publications, their releases and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_publishers import ees_files
from tests.fake_publishers.answers import (
    CACHED,
    Invalid,
    Reply,
    Request,
    error,
    not_allowed,
    not_found,
    page_of,
    reply_json,
)
from tests.fake_publishers.ees_files import THEME

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers
    from tests.fake_publishers.world import Publication, Release, World

TREES = ("DataCatalogue", "DataTables", "FastTrack")


def answer(fake: FakePublishers, request: Request) -> Reply:
    """What the API says; caches may keep it for five minutes."""
    reply = _route(fake, request)
    if reply.status == 200:
        reply.headers = {**CACHED, **reply.headers}
    return reply


def _route(fake: FakePublishers, request: Request) -> Reply:
    world = fake.world
    match request.path.removeprefix("/api").strip("/").split("/"):
        case ["redirects"]:
            held = world.publications.values()
            gone = [{"fromSlug": old, "toSlug": p.slug} for p in held for old in p.old_slugs]
            none: dict[str, Any] = {"methodologyRedirects": [], "releaseRedirectsByPublicationSlug": {}}
            return reply_json({"publicationRedirects": gone, **none})
        case ["data-set-files", *rest]:
            return ees_files.data_set_files(world, request, rest)
        case ["releases", version, "files", *rest] if len(rest) < 2:
            return ees_files.release_files(fake, request, version, rest)
        case ["publications", "tree"]:
            return _tree(world, request)
        case ["publications", slug, *rest]:
            publication = world.publication(slug)
            return _of_publication(fake, request, publication, rest) if publication else not_found()
    return not_found()


def _of_publication(fake: FakePublishers, request: Request, p: Publication, rest: list[str]) -> Reply:
    newest_first = sorted(p.releases, key=lambda r: r.published, reverse=True)
    match rest:
        case []:
            return reply_json(_about_publication(p), nulls=True)
        case ["releases"]:
            return reply_json([about_release(p, r) for r in p.releases], nulls=True)
        case ["release-entries"]:
            entries: list[dict[str, Any]] = [_entry(p, r) for r in newest_first]
            # Behind them stand links to what was published elsewhere before.
            older = [x for x in fake.world.pages.values() if x.source == p.passport.source]
            entries += [{"title": x.label, "url": f"https://www.gov.uk{x.path}"} for x in older]
            return reply_json(page_of(request, entries, 10, 40), nulls=True)
        case ["release-ids"]:
            return reply_json([r.release_id for r in newest_first])
        case ["releases", label, what]:
            release = next((r for r in p.releases if r.label == label), None)
            # The routes of before May 2026 (releases/latest, releases/{slug} and their summaries) are gone.
            return _of_release(fake, request, p, release, what) if release else not_found()
    return not_found()


def _of_release(fake: FakePublishers, request: Request, p: Publication, r: Release, what: str) -> Reply:
    match what:
        case "version-summary":
            return reply_json(about_release_version(p, r), nulls=True)
        case "data-content" if not fake.has_only_zips:
            return reply_json(ees_files.data_content(fake.world, r), nulls=True)
        case "updates":
            said = [(r.published, "First published."), *r.updates]
            newest_first = [{"date": day.isoformat(), "summary": text} for day, text in reversed(said)]
            return reply_json(page_of(request, newest_first, 10, 20))
        case "content":
            about = {"releaseId": r.release_id, "releaseVersionId": r.version_id}
            return reply_json({**about, "headlinesSection": {}, "summarySection": {}, "content": []})
    return not_found()


def _tree(world: World, request: Request) -> Reply:
    asked = request.query.get("filter", "")
    if not asked:
        raise Invalid(error("RequiredValue", "A value is required for this field.", "filter"))
    if asked not in TREES:
        raise Invalid(not_allowed("filter", asked, TREES))
    publications = [
        {
            "id": p.id,
            "slug": p.slug,
            "title": p.passport.title,
            "supersededBy": None,
            "anyLiveReleaseHasData": True,
            "isSuperseded": False,
            "latestReleaseHasData": True,
        }
        for p in sorted(world.publications.values(), key=lambda p: p.passport.title)
        if p.releases
    ]
    return reply_json([{**THEME, "publications": publications}], nulls=True)


def _about_publication(p: Publication) -> dict[str, Any]:
    latest = p.latest
    assert latest is not None
    contact = {"teamName": "Children's services statistics", "teamEmail": "statistics@education.example"}
    return {
        "id": p.id,
        "slug": p.slug,
        "title": p.passport.title,
        "summary": f"{p.passport.title}, each year.",
        "contact": contact,
        "latestRelease": {"id": latest.version_id, "slug": latest.label, "title": latest.title},
        "nextReleaseDate": p.next_release,
        "supersededByPublication": None,
        "theme": THEME,
    }


def about_release(p: Publication, r: Release) -> dict[str, Any]:
    """A release as the list of them has it."""
    return {
        "id": r.version_id,
        "releaseId": r.release_id,
        "slug": r.label,
        "title": r.title,
        "yearTitle": r.label,
        "coverageTitle": r.title.removesuffix(f" {r.label}"),
        # The day of display: it stays through all amendments.
        "published": r.published.isoformat(),
        "lastUpdated": r.last_updated.isoformat(),
        "nextReleaseDate": p.next_release if r is p.latest else None,
        "type": "AccreditedOfficialStatistics",
        "latestRelease": r is p.latest,
    }


def about_release_version(p: Publication, r: Release) -> dict[str, Any]:
    """The summary of a release's present version."""
    publication = {"id": p.id, "slug": p.slug, "title": p.passport.title, "supersededByPublication": None}
    return {
        "id": r.version_id,
        **_entry(p, r),
        "type": "AccreditedOfficialStatistics",
        "updateCount": r.version,
        "publication": publication,
        "publishingOrganisations": [{"title": p.passport.publisher, "url": "https://www.gov.uk"}],
    }


def _entry(p: Publication, r: Release) -> dict[str, Any]:
    about = about_release(p, r)
    same = ("releaseId", "slug", "title", "yearTitle", "coverageTitle", "published", "lastUpdated")
    return {**{k: about[k] for k in same}, "isLatestRelease": r is p.latest, "label": None}
