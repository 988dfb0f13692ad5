"""EES, content API: the files of a release, one by one, in the data catalogue and as a zip."""

from __future__ import annotations

import io
import re
import zipfile
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import md5
from typing import TYPE_CHECKING, Any

from tests.fake_publishers.answers import (
    CACHED,
    Invalid,
    Reply,
    Request,
    error,
    not_allowed,
    not_found,
    page_of,
    problem,
    reply_file,
    reply_json,
)
from tests.fake_publishers.data_sets import data_sets
from tests.fake_publishers.faults import STALE
from tests.fake_publishers.tables import LABELS, LEVELS, Table, api_period, label_of, period_label
from tests.fake_publishers.world import KIND, Publication, Release, World, guid

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SORTS = ("Published", "Title", "Natural", "Relevance")
THEME = {
    "id": guid("theme"),
    "title": "Children, young people and families",
    "summary": "Including children in need and looked after, and those who work with them.",
}
#: A file, by its publication, release and name.
Listed = tuple[Publication, Release, str]


def data_content(world: World, p: Publication, r: Release) -> dict[str, Any]:
    """Data sets and supporting files of a release: of data sets the titles and labels, no names of files or columns."""
    sets, supporting = [], []
    for name in sorted(r.files):
        file = {"fileId": r.file_id(name), "title": r.title_of(name), "summary": f"{r.title_of(name)}."}
        if name.endswith(".csv"):
            table = world.table(r, name, r.files[name])
            about = {"dataSetFileId": r.data_set_id(name), "subjectId": guid(r.source, name), **file}
            # Only what keeps the standard can be opted in, and it is the latest release's that is.
            is_api = table.is_standard and r is p.latest
            api = {"publicApiDataSetId": r.api_id(name) if is_api else None, "isApiEnabled": is_api}
            span = _span(table, "start", "end", period_label)
            sets.append({**about, **api, "meta": {**_meta(table), "timePeriodRange": span}})
        else:
            about = {"extension": name.rpartition(".")[2], "filename": name, "size": _size(len(r.files[name]))}
            supporting.append({**file, **about})
    return {
        "releaseId": r.release_id,
        "releaseVersionId": r.version_id,
        "dataGuidance": "<p>What the files hold.</p>",
        "dataSets": sets,
        "featuredTables": [],
        "supportingFiles": supporting,
    }


def _meta(table: Table) -> dict[str, Any]:
    if not table.is_standard:
        none: dict[str, Any] = {"filters": [], "geographicLevels": [], "indicators": []}
        return {"numDataFileRows": table.number_of_rows, **none}
    said = table.summary()
    return {
        "numDataFileRows": table.number_of_rows,
        "filters": said["filters"],
        "geographicLevels": said["geographicLevels"],
        "indicators": said["indicators"],
    }


def _span(table: Table, first: str, last: str, written: Any) -> dict[str, str]:
    if not table.is_standard:
        return {first: "", last: ""}
    return {first: written(table.times[0][1]), last: written(table.times[-1][1])}


def _size(number: int) -> str:
    """In whole units, what is left over dropped."""
    for unit in ("B", "Kb", "Mb"):
        if number < 1024:
            return f"{number} {unit}"
        number //= 1024
    return f"{number} Gb"


# --- the catalogue -------------------------------------------------------------------------------------------------


def data_set_files(world: World, request: Request, rest: list[str]) -> Reply:
    """The catalogue, one of its entries, or that one's file."""
    match rest:
        case []:
            most = 40 if world.quirks.page_size_40 else 10_000
            return reply_json(page_of(request, [_listed(world, x) for x in _found(world, request)], 10, most, 9_999))
        case [wanted]:
            found = next((x for x in _all(world) if x[1].data_set_id(x[2]) == wanted), None)
            return reply_json(_about_file(world, found)) if found else not_found()
        case [wanted, "download"]:
            return catalogue_file(world, request, wanted)
    return not_found()


def catalogue_file(world: World, request: Request, wanted: str) -> Reply:
    """The CSV of an entry of any release's latest version: streamed, with neither ETag nor length, whatever is
    asked.
    """
    for _, r, name in _all(world):
        if r.data_set_id(name) == wanted:
            headers = {"Content-Disposition": f"attachment; filename={name}", "X-Robots-Tag": "noindex"}
            return Reply(200, r.files[name], "text/csv", headers, is_chunked=True)
    return not_found()


def _all(world: World) -> list[Listed]:
    """Files of the latest version of every release."""
    return [
        (p, r, n)
        for p in world.publications.values()
        for r in p.releases
        for n in sorted(r.files)
        if n.endswith(".csv")
    ]


def _guid_in(request: Request, name: str) -> str:
    """An id in the query; blank where there is none.

    Raises:
        Invalid: it is none.
    """
    text = request.query.get(name, "").strip()
    if text and not GUID.fullmatch(text.lower()):
        raise Invalid(error("InvalidValue", f"The value '{text}' is not valid for {name}.", name))
    return text.lower()


def _one_of(request: Request, name: str, values: tuple[str, ...]) -> str:
    """A word in the query, whatever its case.

    Raises:
        Invalid: it is none of them.
    """
    text = request.query.get(name, "").strip()
    found = next((v for v in values if v.lower() == text.lower()), "")
    if text and not found:
        raise Invalid(error("InvalidValue", f"The value '{text}' is not valid for {name}.", name))
    return found


def _found(world: World, request: Request) -> list[Listed]:
    """What the filters of the query leave, in the order that it asks for; parameters nobody knows are ignored."""
    asked = request.query
    ids = {n: _guid_in(request, n) for n in ("themeId", "publicationId", "releaseId")}
    term = asked.get("searchTerm", "").strip()
    if term and len(term) < 3:
        message = "Must be at least 3 characters in length."
        raise Invalid(error("MinimumLength", message, "searchTerm", value=term, minLength=3))
    level = asked.get("geographicLevel", "").strip()
    if level and level not in LABELS:
        raise Invalid(not_allowed("geographicLevel", level, sorted(LABELS)))
    sort = _one_of(request, "sort", SORTS) or ("Relevance" if term else "Title")
    direction = _one_of(request, "sortDirection", ("Asc", "Desc"))
    kind = _one_of(request, "dataSetType", ("All", "Api"))
    latest = _one_of(request, "latestOnly", ("true", "false"))
    if sort == "Relevance" and not term:
        raise Invalid(error("NotEmpty", "Must not be empty.", "searchTerm"))
    if sort == "Natural" and not ids["releaseId"]:
        raise Invalid(error("NotEmpty", "Must not be empty.", "releaseId"))
    latest_only = latest == "true" if latest else not ids["releaseId"]
    by_version = world.quirks.release_id_is_a_version

    def is_wanted(x: Listed) -> bool:
        p, r, name = x
        table = world.table(r, name, r.files[name])
        return (
            ids["publicationId"] in ("", p.id)
            and ids["themeId"] in ("", THEME["id"])
            and ids["releaseId"] in ("", r.version_id if by_version else r.release_id)
            and (r is p.latest or not latest_only)
            and (not level or (table.is_standard and level in table.levels))
            and (kind != "Api" or table.is_standard)
            and term.casefold() in f"{r.title_of(name)} {p.title}".casefold()
        )

    found = [x for x in _all(world) if is_wanted(x)]
    keys: dict[str, Any] = {
        "Published": lambda x: x[1].last_updated,
        "Title": lambda x: x[1].title_of(x[2]),
        "Natural": lambda x: x[2],
        "Relevance": lambda x: x[1].title_of(x[2]).casefold().count(term.casefold()),
    }
    is_descending = (direction or ("Asc" if sort in {"Title", "Natural"} else "Desc")) == "Desc"
    return sorted(found, key=keys[sort], reverse=is_descending)


def _listed(world: World, x: Listed) -> dict[str, Any]:
    p, r, name = x
    table = world.table(r, name, r.files[name])
    return {
        "id": r.data_set_id(name),
        "fileId": r.file_id(name),
        "filename": name,
        "fileSize": _size(len(r.files[name])),
        "fileExtension": "csv",
        "title": r.title_of(name),
        "content": f"{r.title_of(name)}.",
        "theme": {"id": THEME["id"], "title": THEME["title"]},
        "publication": {"id": p.id, "title": p.title, "slug": p.slug},
        "release": {"id": r.version_id, "title": r.title, "slug": r.label},
        "latestData": r is p.latest,
        "isSuperseded": False,
        "published": r.published.isoformat(),
        "lastUpdated": r.last_updated.isoformat(),
        "meta": {**_meta(table), "timePeriodRange": _span(table, "from", "to", api_period)},
        "api": _api(world, x),
    }


def _api(world: World, x: Listed) -> dict[str, str] | None:
    """Id and version of the data set that was made of a file; none where it was not opted in."""
    p, r, name = x
    one = next((d for d in data_sets(world, p) if d.id == r.api_id(name)), None)
    made = [v for v in one.versions if v.release is r and v.file == name] if one else []
    return {"id": one.id, "version": made[-1].name} if one and made else None


def _about_file(world: World, x: Listed) -> dict[str, Any]:
    p, r, name = x
    table = world.table(r, name, r.files[name])
    # The only JSON that tells the names of columns; those of place and time are not among them.
    places = {c for _, *cs in LEVELS.values() for c in cs}
    columns = [n for n in table.header if n not in places and not n.startswith("time_") and n != "geographic_level"]
    release = {"id": r.version_id, "title": r.title, "slug": r.label, "type": KIND}
    state = {"isLatestPublishedRelease": r is p.latest, "isSuperseded": False}
    days = {"published": r.published.isoformat(), "lastUpdated": r.last_updated.isoformat()}
    return {
        "id": r.data_set_id(name),
        "title": r.title_of(name),
        "summary": f"{r.title_of(name)}.",
        "file": {
            "id": r.file_id(name),
            "name": name,
            "size": _size(len(r.files[name])),
            "meta": {**_meta(table), "timePeriodRange": _span(table, "from", "to", api_period)},
            "dataCsvPreview": {"headers": table.header, "rows": table.preview},
            "variables": [{"label": label_of(n), "value": n} for n in columns],
            "subjectId": guid(r.source, name),
        },
        "release": {**release, **state, **days, "publication": {"id": p.id, "title": p.title, "slug": p.slug}},
        "footnotes": [],
        "api": _api(world, x),
    }


# --- files of a release --------------------------------------------------------------------------------------------


def release_files(fake: FakePublishers, request: Request, version: str, rest: list[str]) -> Reply:
    """One file, or a zip of all of them or of the one that the query names."""
    world = fake.world
    found = world.release_version(version) if GUID.fullmatch(version) else None
    if found is None:
        return not_found()
    p, r, is_present = found
    if not is_present and world.quirks.superseded_version_403:
        return problem(403)
    by_id = {r.file_id(n): n for n in r.files}
    if rest:
        name = by_id.get(rest[0], "")
        return _one_file(world, request, p, r, name) if name else not_found()
    asked = request.several("fileIds")
    if any(not GUID.fullmatch(i.lower()) for i in asked):
        raise Invalid(error("InvalidValue", "The value is not valid.", "fileIds"))
    if len(asked) > 1:
        raise Invalid(error("Deprecated", "Providing multiple fileIds is deprecated.", "fileIds"))
    # What it does not know is left out: the zip is then empty.
    names = [by_id[i] for i in asked if i in by_id] if asked else sorted(r.files)
    return _zip(fake, p, r, names)


def _one_file(world: World, request: Request, p: Publication, r: Release, name: str) -> Reply:
    data = r.files[name]
    digest = md5(data, usedforsecurity=False).hexdigest()
    modified = format_datetime(r.last_updated, usegmt=True)
    headers = {"Last-Modified": modified, "Content-Disposition": f"attachment; filename={name}", **CACHED}
    if not world.quirks.weak_etags:
        return reply_file(request, name, data, r.last_updated)
    since = request.headers.get("if-modified-since")
    if since and parsedate_to_datetime(since) >= r.last_updated:
        return Reply(304, b"", "", headers)
    headers["ETag"] = f'W/"{digest}"'
    if f'W/"{digest}"' in request.headers.get("if-none-match", ""):
        return Reply(304, b"", "", headers)
    is_gzipped = name.endswith(".csv") and p.is_recent(r)
    if is_gzipped and world.quirks.empty_release_file:
        # The hash was taken of a stream that cannot be wound back: nothing is left of it to send.
        return Reply(200, b"", "text/csv", headers, is_chunked=True)
    return Reply(200, data, "text/csv" if name.endswith(".csv") else "application/octet-stream", headers)


def _zip(fake: FakePublishers, p: Publication, r: Release, names: list[str]) -> Reply:
    out, scenario = io.BytesIO(), fake.scenario
    is_stale = scenario == "stale-zip" or (fake.world.quirks.stale_zip and bool(r.past))
    files = r.past[-1].files if fake.world.quirks.stale_zip and r.past else r.files
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name in names:
            z.writestr(f"{'data' if name.endswith('.csv') else 'supporting-files'}/{name}", files[name])
        if scenario == "zip-traversal":
            z.writestr("../../outside.csv", b"a,b\n")
        if scenario == "zip-bomb":
            z.writestr("data/bomb.csv", b"0" * 50_000_000)
        if names and scenario != "zip-without-guidance":
            z.writestr("data-guidance/data-guidance.txt", guidance(fake.world, p, r, names))
    made = r.last_updated - (STALE if is_stale else STALE * 0)
    headers = {
        "Content-Disposition": f"attachment; filename={p.slug}_{r.label}.zip",
        "Last-Modified": format_datetime(made, usegmt=True),
    }
    return Reply(200, out.getvalue(), "application/octet-stream", headers, is_chunked=True)


def guidance(world: World, p: Publication, r: Release, names: list[str]) -> str:
    """The text that comes with the files: of each its coverage, and its columns with their descriptions."""
    lines = [p.title, r.title, "", "What the files hold.", "", "Data files", ""]
    for name in names:
        table = world.table(r, name, r.files[name])
        lines += [r.title_of(name), "", f"Filename: {name}"]
        if not table.is_standard:
            lines.append("")
            continue
        said = table.summary()
        columns = [*table.filters.values(), *(i["column"] for i in table.indicators.values())]
        width = max([len("Variable name"), *(len(n) for n in columns)])
        lines += [
            f"Geographic levels: {'; '.join(said['geographicLevels'])}",
            f"Time period: {said['timePeriods']['start']} to {said['timePeriods']['end']}",
            f"Content summary: {r.title_of(name)}.",
            "",
            "Variable names and descriptions for this file are provided below:",
            "",
            f"{'Variable name'.ljust(width)}   |  Variable description",
            re.sub(".", "-", f"{'Variable name'.ljust(width)}---|--{'Variable description'}"),
            *(f"{n.ljust(width)}   |  {label_of(n)}" for n in columns),
            "",
        ]
    return "\n".join(lines)
