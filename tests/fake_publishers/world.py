"""What the servers hold: publications, releases, pages, series and reports, made of a folder of files and `places.yml`.

Nothing here knows a passport or a client: where a file is, is written down in `places.yml` and `official_names.csv`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import uuid
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tests.fake_publishers.quirks import Quirks
from tests.fake_publishers.tables import Table, table_of

HERE = Path(__file__).parent
NAMESPACE = uuid.UUID("6f1f0a1e-5d43-4c0b-9f5e-0d9f1f6f0c11")
#: Names of the official statistics' types.
KIND = "AccreditedOfficialStatistics"


def guid(*parts: str) -> str:
    """An id that is the same for the same things."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))


def at_half_past_nine(day: date) -> datetime:
    """The hour at which releases come out."""
    return datetime(day.year, day.month, day.day, 9, 30, tzinfo=UTC)


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
    """A release on EES: its files and when it came out."""

    source: str
    label: str
    published: datetime
    files: dict[str, bytes] = field(default_factory=dict)
    version: int = 0
    updated: datetime | None = None
    past: list[State] = field(default_factory=list)
    """What it was before each amendment."""
    remarks: dict[str, str] = field(default_factory=dict)
    updates: list[tuple[datetime, str]] = field(default_factory=list)
    """What the publisher says of each amendment."""
    replaced: dict[str, int] = field(default_factory=dict)
    """File → how often it was replaced: each time it gets other ids."""

    @property
    def last_updated(self) -> datetime:
        return self.updated or self.published

    @property
    def coverage(self) -> str:
        return "Financial year" if "-" in self.label else "Reporting year"

    @property
    def title(self) -> str:
        return f"{self.coverage} {self.label}"

    @property
    def release_id(self) -> str:
        return guid(self.source, self.label)

    @property
    def version_id(self) -> str:
        return self.version_ids()[-1]

    def version_ids(self) -> list[str]:
        """Ids of all its versions, the present one last."""
        return [guid(self.source, self.label, f"v{n}") for n in range(self.version + 1)]

    def _nth(self, name: str) -> str:
        return f"{name} {self.replaced.get(name, 0)}"

    def file_id(self, name: str) -> str:
        return guid(self.source, self.label, self._nth(name), "file")

    def data_set_id(self, name: str) -> str:
        # A new one with each annual release; the same through amendments.
        return guid(self.source, self.label, name, "data set")

    def api_id(self, name: str) -> str:
        # The same through all releases, whatever years the file's name carries.
        return guid(self.source, re.sub(r"(19|20)\d\d", "", name), "api")

    def title_of(self, name: str) -> str:
        return re.sub(r"[_-]+", " ", Path(name).stem).strip().capitalize()

    def amend(self, changed: dict[str, bytes] | None = None, remark: str = "") -> None:
        """A new version under the same slug.

        Args:
            changed: the files that get other content, and with it other file ids.
            remark: what the publisher says about it.
        """
        changed = changed or {}
        self.past.append(State(dict(self.files), self.last_updated, self.remarks, self.version > 0))
        self.files |= changed
        self.version += 1
        self.updated = self.last_updated + timedelta(days=30)
        self.remarks = dict.fromkeys(changed, remark)
        self.updates.append((self.updated, remark))
        for name in changed:
            self.replaced[name] = self.replaced.get(name, 0) + 1

    def states(self) -> list[State]:
        """All that it has been, the present last."""
        return [*self.past, State(self.files, self.last_updated, self.remarks, self.version > 0)]


@dataclass
class Publication:
    """A publication on EES."""

    source: str
    id: str
    slug: str
    title: str
    old_slugs: list[str] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    next_release: dict[str, int] | None = None

    @property
    def latest(self) -> Release | None:
        return max(self.releases, key=lambda r: r.published, default=None)

    def is_recent(self, release: Release) -> bool:
        """Whether its data were uploaded since blobs are stored gzipped: those of the latest two releases."""
        return release in sorted(self.releases, key=lambda r: r.published)[-2:]


@dataclass
class Attachment:
    """A file on a page of GOV.UK."""

    name: str
    title: str
    data: bytes
    uploads: int = 1
    """How often it was uploaded; each time it lies at another address."""
    holds: dict[str, bytes] = field(default_factory=dict)
    """What is in it, where it is a zip."""


@dataclass
class Page:
    """A page on GOV.UK."""

    path: str
    title: str
    published: datetime
    sources: set[str] = field(default_factory=set)
    attachments: list[Attachment] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    public_updated: datetime | None = None
    """Moves with major edits only."""
    edited: datetime | None = None
    """Moves with every edit."""
    updates: list[tuple[datetime, str]] = field(default_factory=list)
    is_html_only: bool = False

    def edit(self, attachment: Attachment, data: bytes, *, minor: bool = False, remark: str = "") -> None:
        """Upload a file anew."""
        attachment.data = data
        attachment.uploads += 1
        self.edited = (self.edited or self.published) + timedelta(days=30)
        if not minor:
            self.public_updated = self.edited
            self.updates.append((self.edited, remark))


@dataclass
class Report:
    """A report on Ofsted's site."""

    id: str
    title: str
    day: date
    data: bytes
    middle: str = ", pdf"
    """What is between title and day."""


@dataclass
class Provider:
    """An authority on Ofsted's site."""

    urn: str
    name: str
    official_name: str
    reports: list[Report] = field(default_factory=list)


class World:
    """Everything on all servers.

    Args:
        folder: publishers' files, laid out as ``source/edition/file``.
        sources: only these.
        quirks: what the servers do.
    """

    def __init__(self, folder: Path, sources: Iterable[str] | None = None, quirks: Quirks | None = None) -> None:
        self.quirks = quirks or Quirks()
        self.publications: dict[str, Publication] = {}
        self.pages: dict[str, Page] = {}
        self.collections: dict[str, list[str]] = {}
        self.moved: dict[str, str] = {}
        self.gone: set[str] = set()
        self.series: dict[str, bytes] = {}
        self.providers: dict[str, Provider] = {}
        self.nomis: list[list[str]] = []
        """Year, name, code, age, figure, whether the area still exists."""
        self.is_synthetic = (folder / ".synthetic").exists()
        """The servers then say so; otherwise what is fetched from them would pass for real."""
        self.unserved: list[str] = []
        """Files that no server holds."""
        self.superseded: dict[str, str] = {}
        """Deprecated data sets of the public API → the one that is in their place."""
        self.withdrawn: set[str] = set()
        """Data sets that the public API has no more."""
        self.withdrawn_versions: dict[tuple[str, str], datetime] = {}
        """Data set and version → when it was withdrawn."""
        self._made: dict[Hashable, Any] = {}
        # Read for every test that has servers: by libyaml, where it is, in a tenth of the time.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._places = yaml.load((HERE / "places.yml").read_text(encoding="utf-8"), Loader=loader)
        self._sources = None if sources is None else set(sources)
        self._folder = folder
        self._files: dict[str, dict[str, list[Path]]] = {}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            parts = path.relative_to(folder).parts
            if path.name.startswith(".") or path.name == "MANIFEST.csv" or not self._is_asked(parts[0]):
                continue
            self._files.setdefault(parts[0], {}).setdefault(parts[1] if len(parts) > 2 else "", []).append(path)
        self._open_ees()
        self._open_govuk()
        self._open_ons()
        self._open_ofsted()
        served = {*self._places["ees"], *(p["source"] for p in self._places["govuk"]), "ofsted_reports", "ons_prices"}
        self.unserved += [p.name for s, e in self._files.items() if s not in served for ps in e.values() for p in ps]

    def _is_asked(self, source: str) -> bool:
        return self._sources is None or source in self._sources

    def _of(self, source: str, label: str) -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in self._files.get(source, {}).get(label, [])}

    # --- EES -------------------------------------------------------------------------------------------------------

    def _open_ees(self) -> None:
        for source, said in self._places["ees"].items():
            about = (said["slug"], said["title"], list(said.get("old_slugs", [])))
            publication = Publication(source, said["id"], *about, next_release=said.get("next"))
            self.publications[source] = publication
            for label, day in said["releases"].items():
                files = self._of(source, label)
                if files:
                    publication.releases.append(Release(source, label, at_half_past_nine(day), files))
            if not self._is_asked(source) or not self.quirks.every_release or not self._files.get(source):
                continue
            for label, day in said["others"].items():
                files = self._invented(publication, label)
                if files:
                    publication.releases.append(Release(source, label, at_half_past_nine(day), files))

    def _invented(self, publication: Publication, label: str) -> dict[str, bytes]:
        """A release that nobody holds: the rows that it would have had of one that is held."""
        held = sorted(publication.releases, key=lambda r: r.label)
        if not held or "-" in label:
            return {"s251_childrens_young_peoples_services_la_regional_national.csv": _SPENDING.encode()}
        like = next((r for r in held if r.label > label), held[-1])
        files = {}
        for name, data in like.files.items():
            if not name.endswith(".csv"):
                continue
            # A population is that of the summer before.
            kept = _until(data, int(label) - name.startswith("ons_"))
            if kept:
                files[name.replace(like.label, label)] = kept
        return files

    def publication(self, slug: str) -> Publication | None:
        """The publication that has this slug now."""
        return next((p for p in self.publications.values() if p.slug == slug and p.releases), None)

    def release_version(self, version: str) -> tuple[Publication, Release, bool] | None:
        """The release of which this is a version, and whether it is the present one."""
        for p in self.publications.values():
            for r in p.releases:
                if version in r.version_ids():
                    return p, r, version == r.version_id
        return None

    # --- GOV.UK ----------------------------------------------------------------------------------------------------

    def _open_govuk(self) -> None:
        for said in self._places["govuk"]:
            pages = self.collections.setdefault(said["collection"], [])
            source = said["source"]
            for label, edition in said["editions"].items():
                files = self._of(source, label)
                if files:
                    page = self._page(said, source, label, edition)
                    self._attach(page, said, source, label, edition, files)
                    if page.path not in pages:
                        pages.append(page.path)
            if self.quirks.every_release and self._is_asked(source):
                others = [o for o in said.get("others", []) if self._files.get(source) or o.get("always")]
                pages += [self._invented_page(source, other).path for other in others]
        asked = {s["collection"] for s in self._places["govuk"] if self._files.get(s["source"])}
        if self.quirks.every_release:
            for collection, strangers in self._places["strangers"].items():
                for s in strangers if collection in asked else []:
                    page = Page(s["page"], s["title"], at_half_past_nine(s["day"]))
                    page.attachments.append(Attachment(s["file"], s["title"], b"%PDF-1.7\nnobody's\n%%EOF\n"))
                    self.pages[page.path] = page
                    self.collections[collection].append(page.path)
        if self.quirks.canonical_303:
            self.moved = {k: v for k, v in self._places["moved"].items() if v in self.pages}
        if self.quirks.gone_410:
            for collection, paths in self._places["gone"].items():
                if collection in asked:
                    self.gone |= set(paths)
                    self.collections[collection] += paths

    def _page(self, said: dict[str, Any], source: str, label: str, edition: dict[str, Any]) -> Page:
        words = _words(label)
        path = (edition.get("page") or said["page"]).format(**words)
        title = (edition.get("title") or said["title"]).format(**{**words, "span": words["span"].replace("-", " ")})
        page = self.pages.setdefault(path, Page(path, title, at_half_past_nine(edition["day"])))
        page.sources.add(source)
        page.is_html_only = bool(edition.get("html")) and self.quirks.html_documents_only
        return page

    def _attach(
        self,
        page: Page,
        said: dict[str, Any],
        source: str,
        label: str,
        edition: dict[str, Any],
        files: dict[str, bytes],
    ) -> None:
        words = {**_words(label)}
        called = []
        for name, data in files.items():
            rule = next((n for n in said.get("names", []) if re.search(n["file"], name, re.IGNORECASE)), None)
            title = re.sub(r"[_-]+", " ", Path(name).stem).strip()
            if rule is not None and (self.quirks.other_names or "name" not in rule):
                given = {**words, "ending": Path(name).suffix.lower()}
                name = rule.get("name", name).format(**given)
                title = rule["title"].format(**{**given, "span": words["span"].replace("-", " ")})
            called.append(Attachment(name, title, data))
        if edition.get("zip") and self.quirks.zipped_data:
            inside = {a.name: a.data for a in called if a.name.lower().endswith((".csv", ".txt"))}
            called = [a for a in called if a.name not in inside]
            zipped = Attachment(edition["zip"], "Underlying data", _zip(inside), holds=inside)
            page.attachments.append(zipped)
        page.attachments += called

    def _invented_page(self, source: str, other: dict[str, Any]) -> Page:
        page = Page(other["page"], other["title"], at_half_past_nine(other["day"]), {source})
        self.pages[page.path] = page
        if "empty" in other:
            page.attachments.append(Attachment(other["empty"], "Underlying data", _zip({"content.xml": _EMPTY_ODS})))
            return page
        for name, data in self._of(source, other["like"]).items():
            called = other.get("names", {}).get(name, name)
            for old, new in other.get("swap", {}).items():
                called = called.replace(old, new)
                data = data.replace(old.encode(), new.encode())
            if "as_at" in other:
                data = _in_workbook(data, *other["as_at"])
            page.attachments.append(Attachment(called, re.sub(r"[_-]+", " ", Path(called).stem), data))
        return page

    def page_of(self, source: str) -> Page:
        """The newest page with files of a source that are held."""
        held = [p for p in self.pages.values() if source in p.sources]
        described = [p for p in held if p.path not in self._others(source)]
        return max(described or held, key=lambda p: p.published)

    def _others(self, source: str) -> set[str]:
        return {o["page"] for s in self._places["govuk"] if s["source"] == source for o in s.get("others", [])}

    # --- ONS, Nomis and Ofsted --------------------------------------------------------------------------------------

    def _open_ons(self) -> None:
        for paths in self._files.get("ons_prices", {}).values():
            for path in paths:
                # The present state only: that of the folder that comes last.
                if path.name in self._places["ons"]:
                    self.series[self._places["ons"][path.name]] = path.read_bytes()
                else:
                    self.unserved.append(path.name)
        if self.quirks.own_series and self._files.get("ons_prices"):
            for said in self._places["ons_others"]:
                self.series.setdefault(said["uri"], _series(said["about"], *said["until"]))
        for paths in self._files.get("ons_population", {}).values():
            for path in paths:
                self._population(path)

    def _population(self, path: Path) -> None:
        """Rows for Nomis: of each table of age bands in the folder, an authority, year and band a row."""
        if path.suffix != ".csv" or path.name == "nomis_popest.csv":
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

    def _open_ofsted(self) -> None:
        if not self._is_asked("ofsted_reports"):
            return
        with (HERE / "official_names.csv").open(newline="", encoding="utf-8") as f:
            official = {r["urn"]: r for r in csv.DictReader(f)}
        by_short = {_short(r["official_name"]): r for r in official.values()}
        for paths in self._files.get("ofsted_reports", {}).values():
            for path in (p for p in paths if p.name == "index.csv"):
                self._reports(path, official, by_short)
        if not self.providers:
            return
        # Authorities of which the folder holds no report stand on the list like the others.
        listed = {p.official_name for p in self.providers.values()}
        for urn, row in official.items():
            if row["official_name"] not in listed:
                name = row["official_name"]
                self.providers[urn] = Provider(urn, _short(name).title(), name)
        if self.quirks.every_kind_of_report:
            self._other_kinds()

    def _reports(self, path: Path, official: dict[str, dict[str, str]], by_short: dict[str, dict[str, str]]) -> None:
        with path.open(newline="", encoding="utf-8") as f:
            for row in csv.DictReader(f):
                pdf = path.parent / "pdf" / row["file"]
                if not pdf.exists():
                    continue
                day = datetime.strptime(row["publication_date"], "%d/%m/%y").date()
                title = re.sub(r"-\d{1,2}-[a-z]+-\d{4}\.pdf$", "", row["file"].split("_", 2)[2]).replace("-", " ")
                middle = ", pdf"
                if title.endswith(" pdf"):
                    title = title.removesuffix(" pdf")
                    middle = ",  pdf" if self.quirks.empty_middles else ", pdf"
                number = row["source_url"].rpartition("/")[2]
                if not re.fullmatch(r"\d{8}", number):
                    number = str(50_000_000 + int(hashlib.sha256(row["file"].encode()).hexdigest(), 16) % 1_000_000)
                known = official.get(row["urn"]) or by_short.get(_short(row["local_authority"]))
                name = row["local_authority"]
                provider = self.providers.setdefault(
                    row["urn"], Provider(row["urn"], name, known["official_name"] if known else name)
                )
                title = title.replace("children s", "children's").capitalize()
                provider.reports.append(Report(number, title, day, pdf.read_bytes(), middle))

    def _other_kinds(self) -> None:
        """Reports that are no inspection of children's services as a whole."""
        kinds = (
            "Focused visit to local authority children's services",
            "Monitoring visit of children's services",
            "Joint targeted area inspection of the multi-agency response",
            "Area SEND full inspection",
        )
        some = sorted(self.providers.values(), key=lambda p: p.urn)[:: max(len(self.providers) // 12, 1)]
        for i, provider in enumerate(some):
            day = date(2023, 1 + i % 12, 3 + i)
            data = next((r.data for p in self.providers.values() for r in p.reports), b"%PDF-1.7\n%%EOF\n")
            # Another file than that of any inspection.
            provider.reports.insert(
                0, Report(f"5099{i:04d}", kinds[i % len(kinds)], day, data + b"%% other kind\n%%EOF\n")
            )

    # --- shared ----------------------------------------------------------------------------------------------------

    def table(self, release: Release, name: str, data: bytes) -> Table:
        """A file as the public API sees it; read once however often it is asked for."""
        # The hash of bytes is counted once and kept with them.
        key = (release.api_id(name), hash(data), len(data))
        table: Table = self.once(key, lambda: table_of(key[0], data))
        return table

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What was made of the same things before, or made now."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def latest(self, source: str) -> Release:
        """The newest release on EES."""
        release = self.publications[source].latest
        assert release is not None
        return release


def _words(label: str) -> dict[str, str]:
    """What an edition's folder is called, in the words of pages: ``2016-17`` is 2016-to-2017."""
    span = re.fullmatch(r"(\d{4})-(\d\d)", label)
    if span and int(span[2]) == (int(span[1]) + 1) % 100:
        year = str(int(span[1]) + 1)
        return {"span": f"{span[1]}-to-{year}", "span_short": label, "before": span[1], "year": year, "edition": label}
    year = label[:4]
    before = str(int(year) - 1) if year.isdigit() else ""
    return {"span": label, "span_short": label, "before": before, "year": year, "edition": label}


@lru_cache(maxsize=64)
def _until(data: bytes, last: int) -> bytes:
    """The rows of a table of EES that end by a year, with its header; nothing where there are none.

    Of the same files the same in every world of a process.
    """
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    if "time_period" not in header:
        return b""
    at = header.index("time_period")
    kept = [r for r in rows if len(r) > at and _last_year(r[at]) <= last]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *kept])
    return out.getvalue().encode() if kept else b""


def _last_year(period: str) -> int:
    digits = period.strip()
    if not digits.isdigit():
        return 0
    return int(digits[:2] + digits[4:]) if len(digits) == 6 else int(digits)


def _short(name: str) -> str:
    """What is left of an authority's name without the words for its kind; for the fake's own look-up only."""
    words = re.sub(r"[^a-z ]", " ", name.casefold().replace("&", "and")).split()
    kind = {"london", "borough", "royal", "city", "county", "metropolitan", "district", "council", "of", "the"}
    kept = [w for w in words if w not in kind | {"corporation", "upon", "hull"}] or words
    return " ".join(kept)


def _zip(files: dict[str, bytes]) -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in files.items():
            # The same bytes each time.
            z.writestr(zipfile.ZipInfo(name, (2018, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


@lru_cache(maxsize=16)
def _in_workbook(data: bytes, old: str, new: str) -> bytes:
    """The workbook with other words on its sheets."""
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.infolist():
            content = before.read(member)
            after.writestr(
                member, content.replace(old.encode(), new.encode()) if member.filename.endswith(".xml") else content
            )
    return out.getvalue()


def _series(about: list[list[str]], year: int, month: int) -> bytes:
    """A price index since January 1987 as the generator writes it: rows about it, years, quarters, months."""

    def level(months: Iterable[int]) -> str:
        levels = [100 * 1.0027**m for m in months]
        return f"{sum(levels) / len(levels):.1f}"

    last = (year - 1987) * 12 + month
    names = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    rows = [[f"{1987 + m // 12}", level(range(m, m + 12))] for m in range(0, last - 11, 12)]
    rows += [[f"{1987 + m // 12} Q{m % 12 // 3 + 1}", level(range(m, m + 3))] for m in range(0, last - 2, 3)]
    rows += [[f"{1987 + m // 12} {names[m % 12]}", level([m])] for m in range(last)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([*about, *rows])
    return out.getvalue().encode()


_EMPTY_ODS = (
    b'<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"/>'
)
_SPENDING = (
    "time_period,time_identifier,geographic_level,country_name,country_code,region_name,region_code,la_name,old_la_code,"
    "new_la_code,category_of_expenditure,description_of_expenditure,own_provision,private_provision,total_expenditure\n"
    "202324,Financial year,National,England,E92000001,,,,,,Children looked after,3.1.11 Total,1,2,3\n"
)
