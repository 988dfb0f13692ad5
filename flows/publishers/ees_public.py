"""Explore Education Statistics, public API: data sets that were opted in, their versions, and what each changed.

Files come from the content API. From here come the publisher's own words on a new version, and another way to the CSV.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flows.publishers.ask import Asked, london_day
from flows.publishers.http import Absent, Http, Refused

#: Most that a page lists here, and most pages that are believed.
PAGE, MAX_PAGES = 20, 100
#: Names written out before the rest is only counted.
MOST_NAMES = 6
#: What can change, as the API calls it and as people do.
KINDS = {
    "indicators": "indicators",
    "filters": "filters",
    "filterOptions": "filter options",
    "geographicLevels": "geographic levels",
    "locationGroups": "levels of places",
    "locationOptions": "places",
    "timePeriods": "time periods",
}
FIRST = "1.0"


@dataclass(frozen=True)
class DataSet:
    """A data set as the list of a publication has it."""

    id: str
    title: str
    status: str
    superseded_by: str
    version: str
    """The latest that can be used."""


@dataclass(frozen=True)
class Version:
    """One version of a data set."""

    number: str
    kind: str
    """``major``, ``minor`` or ``patch``."""
    status: str
    withdrawn_on: str
    notes: str

    @property
    def order(self) -> tuple[int, ...]:
        """Sorts versions."""
        return _order(self.number)


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
    url = f"{base}/publications/{publication_id}/data-sets"
    found = []
    with _known_shape(url):
        for d in pages(http, url, size=PAGE):
            title, superseded_by = _plain(str(d.get("title", ""))), str(d.get("supersedingDataSetId") or "")
            latest = (d.get("latestVersion") or {}).get("version", "")
            if latest:
                _order(latest)
            found.append(DataSet(str(d["id"]), title, _plain(str(d["status"])), superseded_by, latest))
    return found


def versions(http: Http, base: str, data_set_id: str) -> list[Version]:
    """Every version of a data set, oldest first.

    Raises:
        Refused: the API does not answer, or not in the known shape.
    """
    url = f"{base}/data-sets/{data_set_id}/versions"
    with _known_shape(url):
        found = [
            Version(
                str(v["version"]),
                "patch" if len(_order(v["version"])) > 2 else str(v["type"]).lower(),
                _plain(str(v["status"])),
                london_day(v.get("withdrawn") or ""),
                _plain(str(v.get("notes") or "")),
            )
            for v in pages(http, url, size=PAGE)
        ]
    return sorted(found, key=lambda v: v.order)


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
    answer = http.json(url)
    said = Changes()
    with _known_shape(url):
        for part in ("majorChanges", "minorChanges"):
            for kind in KINDS:
                for before, after in _states((answer.get(part) or {}).get(kind) or []):
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


def pages(http: Http, url: str, params: dict[str, Any] | None = None, *, size: int) -> Iterator[dict[str, Any]]:
    """The results of all pages of a list; both APIs of EES page alike."""
    page, last = 1, 1
    while page <= min(last, MAX_PAGES):
        answer = http.json(url, {**(params or {}), "page": page, "pageSize": size})
        with _known_shape(url):
            yield from answer["results"]
            page, last = page + 1, int(answer["paging"]["totalPages"])


# --- what people should know of a new release ----------------------------------------------------------------------


def news(asked: Asked, publication_id: str, files: dict[str, str]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """What the publisher says of the data sets of a new release version, a line each; nothing where it says nothing.

    A version is told of once. Nothing that goes wrong here stops a fetch: what could not be had is not told.

    Args:
        asked: with what to ask, and of which versions was told before.
        publication_id: the publication.
        files: data set → name of its file in the release.

    Returns:
        The lines, and per data set the file and version told of, to be remembered.
    """
    told = {i: dict(known) for i, known in asked.data_sets.items()}
    names = {i: known["file"] for i, known in told.items()} | files
    if not names:
        return [], told
    try:
        listed = {d.id: d for d in data_sets(asked.http, asked.servers.ees_public, publication_id)}
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
        if one.version != before and not is_down:
            try:
                said += _versions_since(asked, one, before)
                told[i] = {"file": name, "version": one.version}
            except Absent:
                pass
            except Refused:
                # Its patience is spent; the other data sets would wait as long.
                is_down = True
        if said:
            lines.append(f"{name}: {'; then '.join(said)}")
    return lines, told


def _fate(one: DataSet, listed: dict[str, DataSet]) -> list[str]:
    if one.status == "Published":
        return []
    better = listed.get(one.superseded_by)
    title = f"“{better.title}”" if better else f"data set {one.superseded_by}"
    return [one.status.lower() + (f", {title} takes its place" if one.superseded_by else "")]


def _versions_since(asked: Asked, one: DataSet, before: str) -> list[str]:
    """Words on each version after the one told of; on the latest alone where none was."""
    if not before and one.version == FIRST:
        return []
    base = asked.servers.ees_public
    said = []
    for v in versions(asked.http, base, one.id):
        if v.status == "Withdrawn":
            if before and v.order >= _order(before):
                said.append(f"version {v.number} withdrawn" + (f" on {v.withdrawn_on}" if v.withdrawn_on else ""))
        elif v.order > _order(before) if before else v.number == one.version:
            words = changes(asked.http, base, one.id, v.number).words()
            if v.notes:
                words.append(f"“{v.notes}”")
            what = "; ".join(words) or "no column, place or period changed"
            said.append(f"version {v.number} ({v.kind}{', deprecated' if v.status == 'Deprecated' else ''}): {what}")
    return said


# --- shapes --------------------------------------------------------------------------------------------------------


@contextmanager
def _known_shape(url: str) -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise Refused(f"{url}: the answer has not the known shape ({exc!r}).") from exc


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(n) for n in number.split("."))


def _states(entries: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name before and after of every change; blank where there is none."""
    for entry in entries:
        # Options stand in groups, under their filter or level.
        group = _name(entry.get("filter") or {})
        for state in entry.get("options", [entry]):
            before, after = _name(state.get("previousState") or {}), _name(state.get("currentState") or {})
            yield _within(group, before), _within(group, after)


def _within(group: str, name: str) -> str:
    return f"{group}: {name}" if group and name else name


def _name(state: dict[str, Any]) -> str:
    """What people call it: a column by its name in the file, a place with its code."""
    name = _plain(str(state.get("column") or state.get("label") or (state.get("level") or {}).get("label") or ""))
    # The code of a period or level says nothing that its label does not.
    is_place = "id" in state and state.get("code")
    return f"{name} ({_plain(str(state['code']))})" if is_place else name


def _plain(text: str) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= 300 else words[:299] + "…"


def _listed(names: list[str]) -> str:
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
