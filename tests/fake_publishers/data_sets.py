"""Data sets of the public API: one file's versions through all releases and amendments, and what each changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.fake_publishers.tables import Table, level_state, time_state
from tests.fake_publishers.world import Publication, Release, State, World

ChangeSet = dict[str, list[dict[str, Any]]]


@dataclass
class Version:
    """One version of a data set."""

    number: tuple[int, int, int]
    release: Release
    file: str
    data: bytes
    published: datetime
    notes: str
    table: Table
    major: ChangeSet = field(default_factory=dict)
    minor: ChangeSet = field(default_factory=dict)
    withdrawn: datetime | None = None

    @property
    def name(self) -> str:
        """The number; a patch is shown only where there was one."""
        return ".".join(str(n) for n in (self.number if self.number[2] else self.number[:2]))


@dataclass
class DataSet:
    """A data set and its versions, oldest first."""

    id: str
    publication: Publication
    versions: list[Version] = field(default_factory=list)
    status: str = "Published"
    superseded_by: str = ""

    @property
    def live(self) -> list[Version]:
        """Versions that can be used."""
        return [v for v in self.versions if not v.withdrawn]

    @property
    def title(self) -> str:
        last = self.versions[-1]
        return last.release.title_of(last.file)

    def find(self, asked: str) -> Version | None:
        """The version of a number, the newest of a wildcard, or the newest of all where nothing is asked."""
        if asked in {"", "*"}:
            return self.live[-1] if self.live else None
        parts = asked.removeprefix("v").split(".")
        if len(parts) not in {2, 3} or not all(p == "*" or p.isdigit() for p in parts):
            return None
        # A wildcard is for what can be used; a number also finds what was withdrawn.
        among = self.live if "*" in parts else self.versions
        wanted = parts if len(parts) == 3 or "*" in parts else [*parts, "0"]
        found = [v for v in among if all(p in {"*", str(n)} for p, n in zip(wanted, v.number, strict=False))]
        return found[-1] if found else None


def data_sets(world: World, publication: Publication) -> list[DataSet]:
    """Every data set of a publication: the one published last first."""
    states = [(r.label, r.version, n, hash(data)) for r in publication.releases for n, data in sorted(r.files.items())]
    fates = [str(x) for x in (world.superseded, sorted(world.withdrawn), world.withdrawn_versions)]
    made: list[DataSet] = world.once((publication.id, *states, *fates), lambda: _made(world, publication))
    return made


def _made(world: World, publication: Publication) -> list[DataSet]:
    found: dict[str, DataSet] = {}
    for release in sorted(publication.releases, key=lambda r: r.published):
        for state in release.states():
            for name in sorted(state.files):
                one = found.setdefault(release.api_id(name), DataSet(release.api_id(name), publication))
                _add(world, one, release, name, state)
    out = [d for d in found.values() if d.versions]
    for d in out:
        d.superseded_by = world.superseded.get(d.id, "")
        d.status = "Withdrawn" if d.id in world.withdrawn else "Deprecated" if d.superseded_by else "Published"
        for v in d.versions:
            v.withdrawn = world.withdrawn_versions.get((d.id, v.name))
    return sorted(out, key=lambda d: (-d.versions[-1].published.timestamp(), d.title, d.id))


def _add(world: World, one: DataSet, release: Release, name: str, state: State) -> None:
    """The version that a state of a release makes of one of its files, if it makes one."""
    data, remark, is_amendment = state.files[name], state.remarks.get(name, ""), state.is_amendment
    table = world.table(release, name, data)
    if not table.is_standard:
        return
    if not one.versions:
        one.versions.append(Version((1, 0, 0), release, name, data, state.published, remark, table))
        return
    before = one.versions[-1]
    if is_amendment and before.release is release and before.data == data:
        return
    major, minor = changes(before.table, table)
    x, y, z = before.number
    if major:
        number = (x + 1, 0, 0)
    elif is_amendment and not minor:
        number = (x, y, z + 1)
    else:
        number = (x, y + 1, 0)
    one.versions.append(Version(number, release, name, data, state.published, remark, table, major, minor))


def changes(old: Table, new: Table) -> tuple[ChangeSet, ChangeSet]:
    """What makes a version major (something is gone) and what minor (something is new or called otherwise)."""
    major: ChangeSet = {}
    minor: ChangeSet = {}

    def compare(kind: str, before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> None:
        gone, others = _compared(before, after)
        major.setdefault(kind, []).extend(gone)
        minor.setdefault(kind, []).extend(others)

    def compare_in(kind: str, group: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
        gone, others = _compared(before, after)
        if gone:
            major.setdefault(kind, []).append({**group, "options": gone})
        if others:
            minor.setdefault(kind, []).append({**group, "options": others})

    compare("filters", {f: old.filter_state(f) for f in old.filters}, {f: new.filter_state(f) for f in new.filters})
    # Of a filter or level that comes or goes as a whole, the options are not told one by one.
    for fid in [f for f in old.filters if f in new.filters]:
        group = {"filter": {k: v for k, v in new.filter_state(fid).items() if k != "hint"}}
        options = [{o: {"id": o, "label": t} for o, t in table.options[fid].items()} for table in (old, new)]
        compare_in("filterOptions", group, *options)
    compare("geographicLevels", _levels(old.levels), _levels(new.levels))
    compare("indicators", old.indicators, new.indicators)
    groups = [{code: {"level": level_state(code)} for code in table.places} for table in (old, new)]
    compare("locationGroups", *groups)
    for code in [c for c in old.places if c in new.places]:
        compare_in("locationOptions", {"level": level_state(code)}, old.places[code], new.places[code])
    times = [{t[0] + t[1]: time_state(t) for t in table.times} for table in (old, new)]
    compare("timePeriods", *times)
    return {k: v for k, v in major.items() if v}, {k: v for k, v in minor.items() if v}


def _levels(codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    return {code: level_state(code) for code in codes}


def _compared(before: dict[str, Any], after: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    gone = [{"previousState": before[i]} for i in before if i not in after]
    others: list[dict[str, Any]] = [{"currentState": after[i]} for i in after if i not in before]
    # Decimals follow the figures: they are no change of what a column means.
    same = {"decimalPlaces"}
    for i in [i for i in before if i in after]:
        if any(before[i][k] != after[i][k] for k in before[i] if k not in same):
            others.append({"previousState": before[i], "currentState": after[i]})
    return gone, others


# --- as the API tells it ------------------------------------------------------------------------------------------


def about_data_set(d: DataSet) -> dict[str, Any]:
    """A data set's summary."""
    latest = d.live[-1]
    return {
        "id": d.id,
        "title": d.title,
        "summary": f"{d.title}, as published by the department.",
        "status": d.status,
        "supersedingDataSetId": d.superseded_by or None,
        "latestVersion": {
            "version": latest.name,
            "published": latest.published.isoformat(),
            "file": {"id": latest.release.data_set_id(latest.file)},
            **latest.table.summary(),
        },
    }


def about_version(v: Version) -> dict[str, Any]:
    """A version's summary."""
    return {
        "version": v.name,
        "type": "Major" if v.number[1:] == (0, 0) else "Minor",
        "status": "Withdrawn" if v.withdrawn else "Published",
        "published": v.published.isoformat(),
        "withdrawn": v.withdrawn.isoformat() if v.withdrawn else None,
        "notes": v.notes,
        "file": {"id": v.release.data_set_id(v.file)},
        "release": {"title": v.release.title, "slug": v.release.label},
        **v.table.summary(),
    }


def about_changes(d: DataSet, v: Version, *, with_patches: bool) -> dict[str, Any]:
    """What a version changed; of the patches before it too where asked."""
    before = [p for p in d.versions if p.number[:2] == v.number[:2] and p.number < v.number]
    return {**_changes(v), "patchHistory": [_changes(p) for p in before] if with_patches else None}


def _changes(v: Version) -> dict[str, Any]:
    return {"versionNumber": v.name, "notes": v.notes, "majorChanges": v.major, "minorChanges": v.minor}
