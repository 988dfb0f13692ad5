"""Ofsted's reports site: a list of providers, a page for each, its reports as PDF, and an index made of them."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from flows.publishers.ask import Asked, Discovery, Found, Held, Made
from flows.publishers.http import Refused

#: The list gives no more at once.
ROWS = 100
MAX_PROVIDERS = 1_000
COLUMNS = ("file", "urn", "local_authority", "source_url", "publication_date", "bytes", "sha256")
_LINK = re.compile(r'<a\b([^>]*)\bhref="([^"]+)"([^>]*)>(.*?)</a>', re.DOTALL)
_SAID = re.compile(r"^(?P<title>.*?),?\s*pdf\s*-\s*(?P<day>\d{1,2} \w+ \d{4})$", re.IGNORECASE)


def discover(asked: Asked) -> Discovery:
    """Every report of every authority that the list names."""
    said = Discovery()
    reports: dict[str, tuple[str, str, str]] = {}
    for urn, (name, page) in sorted(_providers(asked).items()):
        try:
            text = asked.http.text(page)
        except Refused as exc:
            said.problems.append(str(exc))
            continue
        for url, title, day in publications(text, page):
            file = f"{urn}_{_slug(name)}_{_slug(title)}-{_slug(day.strftime('%d %B %Y'))}.pdf"
            if not asked.wants(file, title) or url in reports:
                continue
            reports[url] = (urn, name, day.strftime("%d/%m/%y"))
            # A report's number is its own for good: a corrected one gets another.
            said.found.append(Found(url, "pdf", file, day.date().isoformat(), frozen=True))

    def index(held: list[Held]) -> list[Made]:
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(COLUMNS)
        for h in sorted(held, key=lambda h: h.path.name):
            urn, name, day = reports[h.found.url]
            rows.writerow([h.path.name, urn, name, h.found.url, day, h.bytes, h.sha256])
        return [Made("index.csv", out.getvalue().encode(), asked.servers.ofsted_reports)] if held else []

    said.make = index
    return said


def publications(page: str, url: str) -> list[tuple[str, str, datetime]]:
    """Reports on a provider's page: address, title, day of publication."""
    found = []
    for before, href, after, inside in _LINK.findall(page):
        if "publication-link" not in before + after:
            continue
        hidden = re.search(r'<span[^>]*class="[^"]*nonvisual[^"]*"[^>]*>(.*?)</span>', inside, re.DOTALL)
        said = _SAID.match(_plain(hidden[1]) if hidden else "")
        if said is None:
            continue
        day = datetime.strptime(said["day"], "%d %B %Y")
        found.append((urljoin(url, html.unescape(href)), said["title"].strip(), day))
    return found


def _providers(asked: Asked) -> dict[str, tuple[str, str]]:
    """Number → name and page of every authority on the list."""
    providers: dict[str, tuple[str, str]] = {}
    base = asked.servers.ofsted_reports
    for start in range(0, MAX_PROVIDERS, ROWS):
        text = asked.http.text(f"{base}/search", {**asked.remote.search, "start": start, "rows": ROWS})
        here = {}
        for _, href, _, inside in _LINK.findall(text):
            path = urlsplit(html.unescape(href)).path
            if "/provider/" in path:
                here[path.rstrip("/").rpartition("/")[2]] = (_plain(inside), urljoin(base + "/", html.unescape(href)))
        new = {k: v for k, v in here.items() if k not in providers}
        providers |= new
        if len(here) < ROWS or not new:
            break
    if not providers:
        raise Refused(f"{base}/search: lists no authority; the page may have changed.")
    return providers


def _plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
