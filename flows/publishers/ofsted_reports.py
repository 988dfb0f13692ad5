"""Ofsted's reports site: a list of providers, a page for each, its reports as PDF, and an index made of them.

Shape: the site's pages as programs read them that run daily (Data to Insight's scrapers of inspections and of area
SEND): `/search` lists providers as links to `/provider/{kind}/{number}` under official names, so many a page whatever
is asked; a provider's page lists every kind of report as `a.publication-link` to
`files.ofsted.gov.uk/v1/file/{number}` with a hidden text *Children's services inspection, pdf - 27 October 2023*,
whose middle may be empty or otherwise.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from pydantic import Field

from flows.publishers.anchors import anchors, words_of
from flows.publishers.authorities import Authorities, Authority
from flows.publishers.days import FIRST_YEAR, LAST_YEAR
from flows.publishers.http import Refused
from flows.publishers.query import Composed, Discovery, Download, Offer, Query, RemoteFile
from flows.publishers.shapes import Misfit, Shape

#: Providers asked for at once; the site gives so many at most, or fewer.
ROWS = 100
MAX_PAGES = 200
#: Authorities of England with children's services at any time since 2009; fewer are not the whole list.
FEWEST = 150
COLUMNS = ("file", "urn", "local_authority", "source_url", "publication_date", "bytes", "sha256")
#: Place of the index among what is offered.
INDEX = "index.csv"
_SAID = re.compile(
    r"^(?P<title>.*?)[\s,]*(?:\bas\b\s+)?(?:\bpdf\b)?[\s,]*[-\u2010-\u2015]\s*(?P<day>\d{1,2} [A-Za-z]+ \d{4})$",
    re.IGNORECASE,
)


class Provider(Shape):
    """A provider as the list has it."""

    urn: str = Field(pattern=r"^\d{5,8}$")
    name: str = Field(min_length=1, max_length=200)
    url: str


class Listing(Shape):
    """One page of the list."""

    providers: list[Provider]
    total: int | None = None
    """How many there are on all pages, where the page says so."""


@dataclass(frozen=True)
class Report:
    """A report as a provider's page has it."""

    url: str
    title: str
    day: datetime


def discover(query: Query) -> Discovery:
    """Every inspection report of every authority that the list names.

    Raises:
        Refused: the list is not the whole one.
    """
    found = Discovery()
    authorities = Authorities(query.settings.seeds)
    owners: dict[str, tuple[str, Authority, str]] = {}
    unknown: list[str] = []
    unanswered: set[str] = set()
    providers = providers_of(query)
    found.listed = {f"provider {p.urn}" for p in providers}
    for p in providers:
        authority = authorities.of_provider(p.urn, p.name)
        try:
            reports, unread = reports_of(query.http.text(p.url), p.url)
        except Refused as exc:
            found.problems.append(str(exc))
            unanswered.add(p.urn)
            continue
        if unread:
            found.problems.append(f"{p.url}: {len(unread)} reports have a text that is not known: {unread[0][:80]!r}.")
        if authority is None:
            if reports:
                unknown.append(f"{p.name} ({p.urn}, {len(reports)} reports)")
            continue
        offered = []
        for r in reports:
            offered.append(f"{r.title} - {r.day:%d %B %Y}")
            file = f"{p.urn}_{_slug(authority.name)}_{_slug(r.title)}-{_slug(r.day.strftime('%d %B %Y'))}.pdf"
            if not query.wants(file, r.title) or r.url in owners:
                continue
            owners[r.url] = (p.urn, authority, r.day.strftime("%d/%m/%y"))
            # A report's number is its own for good: a corrected one gets another.
            day = r.day.date().isoformat()
            # The site leads to some early ones that it no longer has.
            found.files.append(RemoteFile(r.url, "pdf", file, day, frozen=True, one_of_many=True))
        taken = sum(query.wants("", t.rpartition(" - ")[0]) for t in offered)
        place = f"provider {p.urn}"
        found.offers.append(Offer(place, tuple(offered), taken, label=f"{p.name} ({place})", must_have=False))
    if unknown:
        found.problems.append(
            f"the reports of {', '.join(unknown)} were not taken: neither number nor name is that of an authority "
            "that the seeds know. Add the number to flows/publishers/ofsted_providers.csv."
        )

    def index(held: list[Download]) -> list[Composed]:
        rows = []
        for h in held:
            urn, authority, day = owners[h.remote.url]
            rows.append([h.path.name, urn, authority.name, h.remote.url, day, str(h.bytes), h.sha256])
        # What is known of an authority whose page does not answer today stays known.
        rows += [r for r in _held_rows(query) if r[1] in unanswered]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([COLUMNS, *sorted(rows)])
        return [Composed(INDEX, out.getvalue().encode(), query.servers.ofsted_reports)] if rows else []

    found.compose = index
    return found


def _held_rows(query: Query) -> list[list[str]]:
    """The rows of the index that is held."""
    path = query.settings.incoming / query.passport.source / INDEX
    try:
        with path.open(newline="", encoding="utf-8") as f:
            rows = list(csv.reader(f))
    except (OSError, ValueError, csv.Error):
        return []
    return [r for r in rows[1:] if len(r) == len(COLUMNS)] if rows and tuple(rows[0]) == COLUMNS else []


def providers_of(query: Query) -> list[Provider]:
    """Every authority on the list, by its number.

    Pages are asked for until nothing new comes, from where the last one ended: the site caps a page as it likes, and
    its order may shift between two of them.

    Raises:
        Refused: the list cannot be had, or is not the whole one.
    """
    found: dict[str, Provider] = {}
    base, said, again = query.servers.ofsted_reports, 0, 0
    for _ in range(MAX_PAGES):
        page = listing(query, start=len(found))
        new = {p.urn: p for p in page.providers if p.urn not in found}
        found |= new
        said = max(said, page.total or 0)
        # One that is listed twice may be counted twice.
        again += len(page.providers) - len(new)
        if not new:
            break
    if said > len(found) + again:
        raise Refused(f"{base}/search: says that there are {said} authorities, and lists {len(found)}.")
    if len(found) < FEWEST:
        raise Refused(f"{base}/search: lists {len(found)} authorities, and there are {FEWEST} at least.")
    return [found[urn] for urn in sorted(found)]


def listing(query: Query, start: int = 0) -> Listing:
    """One page of the list.

    Raises:
        Refused: it cannot be had, or lists providers in a way that is not known.
    """
    base = query.servers.ofsted_reports
    url = f"{base}/search"
    text = query.http.text(url, {**query.remote.search, "start": start, "rows": ROWS})
    found = []
    for link in anchors(text):
        try:
            to = urljoin(base + "/", link.href)
            path = urlsplit(to).path
        except ValueError:
            continue
        if "/provider/" not in path:
            continue
        urn = path.rstrip("/").rpartition("/")[2]
        if not re.fullmatch(r"\d{5,8}", urn) or not link.text:
            raise Misfit(f"{url}: lists {link.href[:80]!r}, which ends in no provider's number.")
        found.append(Provider(urn=urn, name=link.text[:200], url=to))
    total = re.search(r"\b([\d,]{1,7}) results?\b", words_of(text))
    return Listing(providers=found, total=int(total[1].replace(",", "")) if total else None)


def reports_of(page: str, url: str) -> tuple[list[Report], list[str]]:
    """Reports on a provider's page, and the texts of links to reports that cannot be read."""
    found, unread = [], []
    for link in anchors(page):
        if "publication-link" not in link.classes:
            continue
        text = link.hidden or link.text
        said = _SAID.match(text)
        day = _day(said["day"]) if said else None
        to = _address(url, link.href)
        if said is None or day is None or not to or not said["title"].strip():
            unread.append(text)
            continue
        found.append(Report(to, said["title"].strip(" ,"), day))
    return found, unread


def _day(text: str) -> datetime | None:
    for form in ("%d %B %Y", "%d %b %Y"):
        try:
            day = datetime.strptime(text, form)
        except ValueError:
            continue
        return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
    return None


def _address(page: str, href: str) -> str:
    try:
        return urljoin(page, href)
    except ValueError:
        return ""


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
