"""What the servers hold: publications, releases and pages, made of a folder of files and the passports."""

from __future__ import annotations

import csv
import hashlib
import re
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flows.common.settings import Settings
from flows.landing.recognise import recognise
from flows.sources.passport import Passport, Remote, load_passports
from tests.fake_publishers.tables import Table

NAMESPACE = uuid.UUID("6f1f0a1e-5d43-4c0b-9f5e-0d9f1f6f0c11")


def guid(*parts: str) -> str:
    """An id that is the same for the same things."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))


@dataclass(frozen=True)
class State:
    """A release as it was between two amendments."""

    files: dict[str, bytes]
    published: datetime
    remarks: dict[str, str]
    """What the publisher says of the files that changed."""
    is_amendment: bool


@dataclass
class Release:
    """A release on EES, or a page on GOV.UK: its files and when it came out."""

    source: str
    label: str
    published: datetime
    files: dict[str, bytes] = field(default_factory=dict)
    version: int = 0
    updated: datetime | None = None
    path: str = ""
    """Of the page, on GOV.UK."""
    notes: dict[str, str] = field(default_factory=dict)
    past: list[State] = field(default_factory=list)
    """What it was before each amendment."""
    remarks: dict[str, str] = field(default_factory=dict)
    updates: list[tuple[datetime, str]] = field(default_factory=list)
    """What the publisher says of each amendment."""

    @property
    def last_updated(self) -> datetime:
        return self.updated or self.published

    @property
    def title(self) -> str:
        return f"{'Financial' if '-' in self.label else 'Reporting'} year {self.label}"

    @property
    def release_id(self) -> str:
        return guid(self.source, self.label)

    @property
    def version_id(self) -> str:
        return guid(self.source, self.label, f"v{self.version}")

    def file_id(self, name: str) -> str:
        return guid(self.source, self.label, name, "file")

    def data_set_id(self, name: str) -> str:
        # A new one with each annual release.
        return guid(self.source, self.label, name, "data set")

    def api_id(self, name: str) -> str:
        # The same through all releases, whatever years the file's name carries.
        return guid(self.source, re.sub(r"(19|20)\d\d", "", name), "api")

    def title_of(self, name: str) -> str:
        return re.sub(r"[_-]+", " ", Path(name).stem).strip().capitalize()

    def amend(self, changed: dict[str, bytes] | None = None, remark: str = "") -> None:
        """A new version under the same slug.

        Args:
            changed: the files that get other content.
            remark: what the publisher says about it.
        """
        changed = changed or {}
        self.past.append(State(dict(self.files), self.last_updated, self.remarks, self.version > 0))
        self.files |= changed
        self.version += 1
        self.updated = self.last_updated + timedelta(days=30)
        self.remarks = dict.fromkeys(changed, remark)
        self.updates.append((self.updated, remark))

    def states(self) -> list[State]:
        """All that it has been, the present last."""
        return [*self.past, State(self.files, self.last_updated, self.remarks, self.version > 0)]


@dataclass
class Publication:
    """A publication on EES."""

    passport: Passport
    slug: str
    releases: list[Release] = field(default_factory=list)
    old_slugs: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.passport.publication_id or guid(self.passport.source)

    @property
    def latest(self) -> Release | None:
        return max(self.releases, key=lambda r: r.published, default=None)

    @property
    def next_release(self) -> dict[str, int] | None:
        cadence, latest = self.passport.cadence, self.latest
        if cadence is None or latest is None:
            return None
        return {"year": latest.published.year + 1, "month": cadence.months[0]}


@dataclass
class Report:
    """A report on Ofsted's site."""

    id: str
    title: str
    day: date
    data: bytes


@dataclass
class Provider:
    """An authority on Ofsted's site."""

    urn: str
    name: str
    reports: list[Report] = field(default_factory=list)


class World:
    """Everything on all servers.

    Args:
        folder: publishers' files, laid out as ``source/edition/file``; what lies otherwise is recognised by passport.
        sources: only these.
    """

    def __init__(self, folder: Path, sources: list[str] | None = None) -> None:
        self.passports = {p.source: p for p in load_passports(Settings().passports)}
        self.publications: dict[str, Publication] = {}
        self.pages: dict[str, Release] = {}
        self.collections: dict[str, list[str]] = {}
        self.series: dict[str, bytes] = {}
        self.providers: dict[str, Provider] = {}
        self.nomis: list[list[str]] = []
        self.is_synthetic = (folder / ".synthetic").exists()
        """The servers then say so; otherwise what is fetched from them would pass for real."""
        self.unserved: list[str] = []
        """Files that no server holds."""
        self.superseded: dict[str, str] = {}
        """Deprecated data sets of the public API → the one that stands in their place."""
        self.withdrawn: set[str] = set()
        """Data sets that the public API has no more."""
        self.withdrawn_versions: dict[tuple[str, str], datetime] = {}
        """Data set and version → when it was withdrawn."""
        self._made: dict[Hashable, Any] = {}
        for p in self.passports.values():
            for r in p.remote:
                if r.client == "ees":
                    self.publications[p.source] = Publication(p, r.slugs[0], old_slugs=r.slugs[1:])
                if r.collection:
                    self.collections.setdefault(r.collection, [])
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith(".") and path.name != "MANIFEST.csv":
                source = self._source(path, folder)
                if sources is None or source in sources:
                    self._place(source, path, folder)

    def _source(self, path: Path, folder: Path) -> str:
        first = path.relative_to(folder).parts[0]
        if first in self.passports:
            return first
        known = recognise(path.read_bytes(), path.name, self.passports.values())
        return known.source if known else ""

    def _place(self, source: str, path: Path, folder: Path) -> None:
        passport = self.passports.get(source)
        parts = path.relative_to(folder).parts
        label = parts[1] if len(parts) > 2 else ""
        if passport is None:
            self.unserved.append("/".join(parts))
        elif source == "ofsted_reports":
            self._report(path)
        elif not any(self._serve(passport, r, label, path) for r in passport.remote):
            self.unserved.append("/".join(parts))
        if source == "ons_population":
            self._population(path)

    def _serve(self, passport: Passport, remote: Remote, label: str, path: Path) -> bool:
        edition = passport.editions.get(label) or passport.editions.get(f"20{label[-2:]}")
        if remote.client == "ons":
            # The present state only: the folder that was published last.
            if path.name not in remote.series:
                return False
            self.series[remote.series[path.name]] = path.read_bytes()
            return True
        if edition is None or remote.client == "nomis":
            return False
        on_ees = edition.symbols == "ees"
        if (remote.client == "ees") != on_ees or not self._is_wanted(passport, remote, path.name):
            return False
        day = edition.published_on
        moment = datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)
        if remote.client == "ees":
            publication = self.publications[passport.source]
            release = next((r for r in publication.releases if r.label == label), None)
            if release is None:
                release = Release(passport.source, label, moment)
                publication.releases.append(release)
        else:
            at = (remote.page or "").replace("{}", label)
            release = self.pages.setdefault(at, Release(passport.source, label, moment, path=at))
            if remote.collection and at not in self.collections[remote.collection]:
                self.collections[remote.collection].append(at)
        release.files[path.name] = path.read_bytes()
        return True

    def _is_wanted(self, passport: Passport, remote: Remote, name: str) -> bool:
        """Whether the publisher has a file of this name on that page: some passport takes it from there."""
        asking = [
            (p, r)
            for p in self.passports.values()
            for r in p.remote
            if r.client == remote.client and (r.page == remote.page if remote.page else p is passport)
        ]
        return any(re.search(x, name, re.IGNORECASE) for p, r in asking for x in (r.files or p.file_patterns))

    def _report(self, path: Path) -> None:
        if path.suffix != ".csv":
            return
        with path.open(newline="", encoding="utf-8") as f:
            for row in csv.DictReader(f):
                pdf = path.parent / "pdf" / row["file"]
                if not pdf.exists():
                    continue
                day = datetime.strptime(row["publication_date"], "%d/%m/%y").date()
                title = re.sub(r"-\d{1,2}-[a-z]+-\d{4}\.pdf$", "", row["file"].split("_", 2)[2]).replace("-", " ")
                number = row["source_url"].rpartition("/")[2]
                if not re.fullmatch(r"\d{8}", number):
                    number = str(50_000_000 + int(hashlib.sha256(row["file"].encode()).hexdigest(), 16) % 1_000_000)
                provider = self.providers.setdefault(row["urn"], Provider(row["urn"], row["local_authority"]))
                provider.reports.append(Report(number, title.capitalize(), day, pdf.read_bytes()))

    def _population(self, path: Path) -> None:
        """Rows for Nomis: of each table of age bands in the folder, an authority, year and band a row."""
        if path.name == "nomis_popest.csv":
            return
        with path.open(newline="", encoding="utf-8-sig") as f:
            rows = list(csv.reader(f))
        head = next((i for i, r in enumerate(rows) if "mnemonic" in r), None)
        if head is None:
            return
        age = path.stem.removeprefix("popest-")
        code = rows[head].index("mnemonic")
        for row in rows[head + 1 :]:
            if len(row) < len(rows[head]) or not row[code]:
                continue
            for column, year in enumerate(rows[head]):
                if re.fullmatch(r"\d{4}", year):
                    self.nomis.append([year, row[0], row[code], f"Aged {age}", row[column].replace(",", "")])

    def publication(self, slug: str) -> Publication | None:
        """The publication that has this slug now."""
        return next((p for p in self.publications.values() if p.slug == slug and p.releases), None)

    def release_version(self, version: str) -> tuple[Publication, Release] | None:
        """The release whose present version this is."""
        held = [(p, r) for p in self.publications.values() for r in p.releases]
        return next((x for x in held if x[1].version_id == version), None)

    def table(self, release: Release, name: str, data: bytes) -> Table:
        """A file as the public API sees it; read once however often it is asked for."""
        # The hash of bytes is counted once and kept with them.
        key = (release.api_id(name), hash(data), len(data))
        table: Table = self.once(key, lambda: Table(key[0], data))
        return table

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made of the same things before, or made now."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # --- what scenarios turn to ------------------------------------------------------------------------------------

    def latest(self, source: str) -> Release:
        """The newest release on EES."""
        release = self.publications[source].latest
        assert release is not None
        return release

    def page_of(self, source: str) -> Release:
        """The newest page on GOV.UK."""
        return max((p for p in self.pages.values() if p.source == source), key=lambda p: p.published)
