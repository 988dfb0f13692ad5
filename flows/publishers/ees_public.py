"""Explore Education Statistics, public API: data sets that were opted in, their versions, and what each changed.

Files come from the content API. From here come the publisher's own words on a new version, and another way to the CSV.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flows.publishers.days import london_day
from flows.publishers.ees_models import Paged
from flows.publishers.ees_public_models import Change, DataSet, State, Version, VersionChanges
from flows.publishers.http import Absent, BadRequest, Http, Refused
from flows.publishers.query import Query
from flows.publishers.shapes import Misfit, fitted

T = TypeVar("T")
#: Most that a page lists here, and most pages that are believed.
PAGE, MAX_PAGES = 20, 100
#: Names written out before the rest is only counted.
MOST_NAMES = 6
#: What can change, as the API calls it and as people do.
KINDS = {
    "indicators": "indicators",
    "filters": "filters",
    "filter_options": "filter options",
    "geographic_levels": "geographic levels",
    "location_groups": "levels of places",
    "location_options": "places",
    "time_periods": "time periods",
}
FIRST = "1.0"


@dataclass
class Changes:
    """What a version changed against the one before: kind → names."""

    gone: dict[str, list[str]] = field(default_factory=dict)
    changed: dict[str, list[str]] = field(default_factory=dict)
    new: dict[str, list[str]] = field(default_factory=dict)

    def words(self) -> list[str]:
        """Each kind of change in a few words, what is gone first."""
        said = [f"{KINDS[k]} gone: {_listed(names)}" for k, names in self.gone.items()]
        said += [f"{KINDS[k]} changed: {_listed(names)}" for k, names in self.changed.items()]
        return said + [f"new {KINDS[k]}: {_listed(names)}" for k, names in self.new.items()]


def data_sets(http: Http, base: str, publication_id: str) -> list[DataSet]:
    """Every data set of a publication.

    Raises:
        Refused: the API does not answer, or not in the known shape.
    """
    return list(pages(http, f"{base}/publications/{publication_id}/data-sets", DataSet, size=PAGE))


def versions(http: Http, base: str, data_set_id: str) -> list[Version]:
    """Every version of a data set, oldest first.

    Raises:
        Refused: the API does not answer, or not in the known shape.
    """
    found = pages(http, f"{base}/data-sets/{data_set_id}/versions", Version, size=PAGE)
    return sorted(found, key=lambda v: order(v.version))


def changes(http: Http, base: str, data_set_id: str, version: str) -> Changes:
    """What a version changed.

    Args:
        http: the fetcher.
        base: base address of the API.
        data_set_id: the data set.
        version: a number or wildcard (``2.*``).

    Raises:
        Refused: the API does not answer, or not in the known shape.
    """
    url = f"{base}/data-sets/{data_set_id}/versions/{version}/changes"
    answer = fitted(VersionChanges, http.json(url), url)
    said = Changes()
    for part in (answer.major_changes, answer.minor_changes):
        for kind in KINDS:
            for before, after in _states(part.of(kind)):
                where = said.gone if not after else said.changed if before else said.new
                name = f"{before} → {after}" if before and after and before != after else before or after
                where.setdefault(kind, []).append(name)
    return said


def csv_url(base: str, data_set_id: str, version: str = "") -> str:
    """Address of a data set as CSV; the answer is always gzip.

    Args:
        base: base address of the API.
        data_set_id: as the release's data content gives it.
        version: a version or wildcard (``2.*``); the latest published where blank.
    """
    return f"{base}/data-sets/{data_set_id}/csv" + (f"?dataSetVersion={version}" if version else "")


def pages(http: Http, url: str, shape: type[T], params: dict[str, Any] | None = None, *, size: int) -> Iterator[T]:
    """The results of all pages of a list; both APIs of EES page alike. So many at once as a page may hold, or as the
    server likes where it takes fewer than that.

    Raises:
        Refused: a page cannot be had, is of another shape, or is as the one before.
    """
    page, last, before = 1, 1, None
    sized = {"pageSize": size}
    while page <= min(last, MAX_PAGES):
        try:
            said = http.json(url, {**(params or {}), "page": page, **sized})
        except BadRequest:
            if page > 1 or not sized:
                raise
            sized = {}
            continue
        answer = fitted(Paged[shape], said, url)  # type: ignore[valid-type]
        if answer.results and answer.results == before:
            raise Refused(f"{url}: page {page} is the one before it over again.")
        yield from answer.results
        before, page, last = answer.results, page + 1, answer.paging.total_pages


# --- what people should know of a new release ----------------------------------------------------------------------


def news(query: Query, publication_id: str, files: dict[str, str]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """What the publisher says of the data sets of a new release version, a line each; nothing where it says nothing.

    A version is told of once. Nothing that goes wrong here stops a fetch: what could not be had is not told.

    Args:
        query: with what to ask, and of which versions was told before.
        publication_id: the publication.
        files: data set → name of its file in the release.

    Returns:
        The lines, and per data set the file and version told of, to be remembered.
    """
    told = {i: dict(known) for i, known in query.data_sets.items()}
    names = {i: known["file"] for i, known in told.items()} | files
    if not names:
        return [], told
    try:
        listed = {d.id: d for d in data_sets(query.http, query.servers.ees_public, publication_id)}
    except Misfit as exc:
        return [f"what is new in its data sets is not known: {exc}"], told
    except Refused:
        return [], told
    lines = []
    is_down = False
    for i, name in names.items():
        one = listed.get(i)
        if one is None:
            if i in told:
                last = told.pop(i)["version"]
                lines.append(f"{name}: withdrawn from the public API (version {last} was the last)")
            continue
        said = _fate(one, listed)
        before = told.get(i, {}).get("version", "")
        version = one.latest_version.version if one.latest_version else ""
        if version != before and not is_down:
            try:
                said += _versions_since(query, one, version, before)
                told[i] = {"file": name, "version": version}
            except Absent:
                pass
            except Misfit as exc:
                said.append(f"version {version}: what it changed is not known: {exc}")
            except Refused:
                # Its patience is spent; the other data sets would wait as long.
                is_down = True
        if said:
            lines.append(f"{name}: {'; then '.join(said)}")
    return lines, told


def _fate(one: DataSet, listed: dict[str, DataSet]) -> list[str]:
    if one.status == "Published":
        return []
    other = one.superseding_data_set_id
    better = listed.get(other or "")
    title = f"“{_plain(better.title)}”" if better else f"data set {other}"
    return [_plain(one.status).lower() + (f", {title} takes its place" if other else "")]


def _versions_since(query: Query, one: DataSet, latest: str, before: str) -> list[str]:
    """Words on each version after the one told of; on the latest alone where none was."""
    if not before and latest == FIRST:
        return []
    base = query.servers.ees_public
    said = []
    for v in versions(query.http, base, one.id):
        if v.status == "Withdrawn":
            if before and order(v.version) >= order(before):
                day = london_day(v.withdrawn or "")
                said.append(f"version {v.version} withdrawn" + (f" on {day}" if day else ""))
        elif order(v.version) > order(before) if before else v.version == latest:
            words = changes(query.http, base, one.id, v.version).words()
            if v.notes:
                words.append(f"“{_plain(v.notes)}”")
            what = "; ".join(words) or "no column, place or period changed"
            kind = "patch" if len(order(v.version)) > 2 else v.type.lower()
            said.append(f"version {v.version} ({kind}{', deprecated' if v.status == 'Deprecated' else ''}): {what}")
    return said


# --- words ---------------------------------------------------------------------------------------------------------


def order(number: str) -> tuple[int, ...]:
    """Sorts versions."""
    return tuple(int(n) for n in number.split("."))


def _states(entries: list[Change]) -> Iterator[tuple[str, str]]:
    """Name before and after of every change; blank where there is none."""
    for entry in entries:
        # Options stand in groups; those of a filter say little without its name.
        group = _name(entry.filter)
        for change in [entry] if entry.options is None else entry.options:
            yield _within(group, _name(change.previous_state)), _within(group, _name(change.current_state))


def _within(group: str, name: str) -> str:
    return f"{group}: {name}" if group and name else name


def _name(state: State | None) -> str:
    """What people call it: a column by its name in the file, a place with its code."""
    if state is None:
        return ""
    name = _plain(state.column or state.label or (state.level.label if state.level else ""))
    # The code of a period or level says nothing that its label does not.
    return f"{name} ({_plain(state.code)})" if state.id and state.code else name


def _plain(text: str) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= 300 else words[:299] + "…"


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
