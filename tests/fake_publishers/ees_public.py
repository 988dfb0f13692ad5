"""EES, public API: data sets that were opted in, their versions, what changed, queries and CSV."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Any

from tests.fake_publishers.answers import (
    Invalid,
    Reply,
    Request,
    error,
    not_allowed,
    not_found,
    page_of,
    problem,
    reply_json,
)
from tests.fake_publishers.data_sets import (
    DataSet,
    Version,
    about_changes,
    about_data_set,
    about_version,
    data_sets,
)
from tests.fake_publishers.ees_query import answer_query

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers
    from tests.fake_publishers.world import Publication, World

BASE = "/statistics/v1"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TYPES = ("Filters", "Indicators", "Locations", "TimePeriods")


def answer(fake: FakePublishers, request: Request) -> Reply:
    """What the API says."""
    # A rewrite rule puts every path into lower case.
    path = request.path.lower()
    parts = path.removeprefix(BASE).strip("/").split("/")
    if not path.startswith(BASE) or (len(parts) > 1 and not GUID.fullmatch(parts[1])):
        return not_found()
    if request.method != "GET" and parts[2:] != ["query"]:
        return problem(405)
    if fake.world.quirks.unknown_parameter_400:
        _known_parameters(request, parts)
    match parts:
        case ["publications"]:
            return _publications(fake.world, request)
        case ["publications", wanted, *rest] if rest in ([], ["data-sets"]):
            publication = next((p for p in _published(fake.world) if p.id == wanted), None)
            if rest:
                # Of a publication that is not there, the list is empty.
                listed = data_sets(fake.world, publication) if publication else []
                usable = [about_data_set(d) for d in listed if d.status != "Withdrawn"]
                return reply_json(page_of(request, usable, 10, 20))
            return reply_json(_about_publication(fake.world, publication)) if publication else not_found()
        case ["data-sets", wanted, *rest]:
            found = next((d for p in _published(fake.world) for d in data_sets(fake.world, p) if d.id == wanted), None)
            return _of_data_set(fake.world, request, found, rest) if found else not_found()
    return not_found()


PAGING = ("page", "pageSize")
FACETS = ("eq", "notEq", "in", "notIn")
#: Parameters of each address, by its last part.
PARAMETERS = {
    "publications": ("search", *PAGING),
    "data-sets": PAGING,
    "versions": PAGING,
    "changes": ("includePatchHistory",),
    "meta": ("types", "dataSetVersion"),
    "csv": ("dataSetVersion",),
    "query": (
        *(f"{kind}.{f}" for kind in ("filters", "geographicLevels", "locations", "timePeriods") for f in FACETS),
        *(f"timePeriods.{f}" for f in ("gt", "gte", "lt", "lte")),
        *("indicators", "sorts", "debug", "dataSetVersion", *PAGING),
    ),
}


def _known_parameters(request: Request, parts: list[str]) -> None:
    """What an address may be asked.

    Raises:
        Invalid: something else.
    """
    known = PARAMETERS.get(parts[-1], ()) if len(parts) != 2 else ()
    unknown = [k for k in request.query if k.lower() not in {p.lower() for p in known}]
    if unknown:
        raise Invalid(*(error("UnknownField", "Is not a recognised field.", k) for k in unknown))


def _published(world: World) -> list[Publication]:
    """Publications that have a data set in the API."""
    return [p for p in world.publications.values() if p.releases and data_sets(world, p)]


def _publications(world: World, request: Request) -> Reply:
    search = request.query.get("search", "")
    if "search" in request.query and len(search) < 3:
        message = "Must be at least 3 characters in length."
        raise Invalid(error("MinimumLength", message, "search", value=search, minLength=3))
    held = sorted(_published(world), key=lambda p: p.title)
    found = [p for p in held if search.casefold() in p.title.casefold()]
    return reply_json(page_of(request, [_about_publication(world, p) for p in found], 20, 40))


def _about_publication(world: World, p: Publication) -> dict[str, Any]:
    latest = p.latest
    assert latest is not None
    about = {"id": p.id, "title": p.title, "slug": p.slug, "summary": f"{p.title}, each year."}
    return {**about, "lastPublished": latest.last_updated.isoformat()}


def _of_data_set(world: World, request: Request, d: DataSet, rest: list[str]) -> Reply:
    asked = request.query.get("dataSetVersion", "")
    match rest:
        case [] if d.status != "Withdrawn":
            return reply_json(about_data_set(d))
        case ["versions"] if d.status != "Withdrawn":
            newest_first = [about_version(v) for v in reversed(d.versions)]
            return reply_json(page_of(request, newest_first, 10, 20))
        case [] | ["versions"]:
            return problem(403)
        case ["versions", number]:
            version = d.find(number)
            return reply_json(about_version(version)) if version else not_found()
        case ["versions", number, "changes"]:
            version = d.find(number)
            with_patches = request.query.get("includePatchHistory", "") == "true"
            return reply_json(about_changes(d, version, with_patches=with_patches)) if version else not_found()
        case ["meta" | "query" | "csv" as what]:
            version = d.find(asked)
            return _of_version(world, request, d, version, what) if version else not_found()
    return not_found()


def _of_version(world: World, request: Request, d: DataSet, version: Version, what: str) -> Reply:
    if what == "csv":
        headers = {"Content-Disposition": f"attachment; filename={d.id}_v{version.name}.csv", "X-Robots-Tag": "noindex"}
        if not world.quirks.always_gzip_csv:
            return Reply(200, version.data, "text/csv", headers)
        # Set whatever the client accepts.
        headers["Content-Encoding"] = "gzip"
        return Reply(200, gzip.compress(version.data, 1, mtime=0), "text/csv", headers)
    if what == "meta":
        types = request.several("types")
        wrong = [not_allowed(f"types[{i}]", t, TYPES) for i, t in enumerate(types) if t not in TYPES]
        if wrong:
            raise Invalid(*wrong)
        return reply_json(version.table.meta(set(types or TYPES)))
    # What was withdrawn may be looked at, and queried no more.
    return problem(403) if version.withdrawn else answer_query(request, version.table)
