"""EES, content API: publications, their releases and what is in them. What is null is left out of every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fake_publishers import ees_files
from tests.fake_publishers.answers import (
    Invalid,
    Reply,
    Request,
    error,
    not_allowed,
    not_found,
    number_within,
    page_of,
    paged,
    reply_json,
)
from tests.fake_publishers.ees_files import THEME
from tests.fake_publishers.world import KIND, guid

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers
    from tests.fake_publishers.world import Publication, Release, World

TREES = ("DataCatalogue", "DataTables", "FastTrack")


def answer(fake: FakePublishers, request: Request) -> Reply:
    """What the API says. A rewrite rule puts every path into lower case."""
    world = fake.world
    match request.path.lower().removeprefix("/api").strip("/").split("/"):
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
            return reply_json(_about_publication(p))
        case ["releases"]:
            # Every release ever, the newest first.
            return reply_json([about_release(p, r) for r in newest_first])
        case ["release-entries"]:
            entries: list[dict[str, Any]] = [_entry(p, r) for r in newest_first]
            # Behind them stand links to what was published elsewhere before.
            older = [x for x in fake.world.pages.values() if p.source in x.sources]
            entries += [{"title": x.title, "url": f"https://www.gov.uk{x.path}"} for x in older]
            if "page" in request.query or "pageSize" in request.query:
                for name, other in (("page", "pageSize"), ("pageSize", "page")):
                    if name in request.query and other not in request.query:
                        raise Invalid(error("NotNull", f"'{other}' must also be provided.", other))
                size = number_within(request, "pageSize", 10, 1, 100)
                return reply_json(paged(entries, number_within(request, "page", 1, 1), size))
            return reply_json(paged(entries, 1, max(len(entries), 1)))
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
            return reply_json(about_release_version(p, r))
        case "data-content" if not fake.has_only_zips:
            return reply_json(ees_files.data_content(fake.world, p, r))
        case "updates":
            said = [(r.published, "First published."), *r.updates]
            newest_first = [{"date": day.isoformat(), "summary": text} for day, text in reversed(said)]
            return reply_json(page_of(request, newest_first, 10, 100))
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
            "title": p.title,
            "anyLiveReleaseHasData": True,
            "isSuperseded": False,
            "latestReleaseHasData": True,
        }
        for p in sorted(world.publications.values(), key=lambda p: p.title)
        if p.releases
    ]
    return reply_json([{**THEME, "publications": publications}])


def _about_publication(p: Publication) -> dict[str, Any]:
    latest = p.latest
    assert latest is not None
    return {
        "id": p.id,
        "slug": p.slug,
        "title": p.title,
        "summary": f"{p.title}, each year.",
        "contact": {
            "id": guid("contact"),
            "contactName": "A statistician",
            "teamName": "Children's services statistics",
            "teamEmail": "statistics@education.example",
        },
        # A release's id, where the list of releases has versions' under the same name.
        "latestRelease": {"id": latest.release_id, "slug": latest.label, "title": latest.title},
        # Numbers here; words in the list of releases.
        "nextReleaseDate": p.next_release,
        "theme": THEME,
    }


def about_release(p: Publication, r: Release) -> dict[str, Any]:
    """A release as the list of them has it: no day of its last update."""
    following = {k: str((p.next_release or {}).get(k, "")) for k in ("year", "month", "day")}
    return {
        "id": r.version_id,
        "releaseId": r.release_id,
        "title": r.title,
        "slug": r.label,
        "yearTitle": r.label,
        "coverageTitle": r.coverage,
        # The day of display: it stays through all amendments.
        "published": r.published.isoformat(),
        "nextReleaseDate": following if r is p.latest and p.next_release else None,
        "type": KIND,
        "latestRelease": r is p.latest,
    }


def about_release_version(p: Publication, r: Release) -> dict[str, Any]:
    """The summary of a release's present version."""
    organisation = {"id": guid("dfe"), "title": "Department for Education", "url": "https://www.gov.uk/dfe"}
    logo = {"useGISLogo": True, "gisLogoHexCode": "#003764", "logoFileName": "govuk-crest.svg"}
    return {
        "id": r.version_id,
        **_entry(p, r),
        "publishingOrganisations": [{**organisation, **logo}],
        "type": KIND,
        # That it was first published counts as one.
        "updateCount": r.version + 1,
        "publication": {"id": p.id, "slug": p.slug, "title": p.title},
    }


def _entry(p: Publication, r: Release) -> dict[str, Any]:
    return {
        "releaseId": r.release_id,
        "isLatestRelease": r is p.latest,
        "lastUpdated": r.last_updated.isoformat(),
        "published": r.published.isoformat(),
        "slug": r.label,
        "title": r.title,
        "coverageTitle": r.coverage,
        "yearTitle": r.label,
    }
