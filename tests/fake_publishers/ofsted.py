"""Ofsted: the list of authorities, a page for each, and the host of the reports."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tests.fake_publishers.answers import Reply, Request, not_found, reply_html

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers
    from tests.fake_publishers.world import Provider, Report


def answer(fake: FakePublishers, request: Request) -> Reply:
    """The list, or an authority's page."""
    if fake.world.quirks.needs_user_agent and "mozilla" not in request.headers.get("user-agent", "").lower():
        return Reply(403, b"Forbidden", "text/html")
    if request.path == "/search":
        return reply_html(_list(fake, request))
    provider = fake.world.providers.get(request.path.rpartition("/")[2])
    if provider is None or "/provider/" not in request.path:
        return not_found()
    return reply_html(_page(fake, provider))


def _list(fake: FakePublishers, request: Request) -> str:
    """Some of the results; those of other kinds of provider are asked for by other parameters."""
    quirks = fake.world.quirks
    asked = request.query
    kinds = [v for k, v in asked.items() if k.startswith("level_2_types")]
    found = sorted(fake.world.providers.values(), key=lambda p: p.official_name)
    if asked.get("level_1_types") != "3" or kinds != ["12"]:
        found = []
    rows = _number(asked.get("rows", ""), 10)
    rows = min(rows, quirks.rows_capped) if quirks.rows_capped else rows
    start = _number(asked.get("start", ""), 0)
    some = found[start : start + rows]
    if quirks.listed_twice and start and some and found:
        # The order shifts between two pages: the last of the one before comes again.
        some = [found[start - 1], *some][:rows]
    items = "".join(_item(p, official=quirks.official_names) for p in some)
    total = f'<h2 class="heading--small">{len(found)} results</h2>'
    return f'{total}<ul class="results-list">{items}</ul>'


def _number(text: str, usual: int) -> int:
    return int(text) if text.isdigit() else usual


def _item(p: Provider, *, official: bool) -> str:
    name = escape(p.official_name if official else p.name)
    return (
        f'<li class="search-result"><h3 class="search-result__title heading--sub">'
        f'<a href="/ofsted-reports/provider/44/{p.urn}">\n  {name}\n</a></h3>'
        f"<ul><li>Category: Local authority children&#039;s services</li><li>URN: {p.urn}</li></ul></li>"
    )


def _page(fake: FakePublishers, p: Provider) -> str:
    name = p.official_name if fake.world.quirks.official_names else p.name
    links = "".join(f"<li>{_link(fake, r)}</li>" for r in sorted(p.reports, key=lambda r: r.day, reverse=True))
    return (
        f"<h1>{escape(name)}</h1><p>URN: {p.urn}</p>"
        f'<a href="/ofsted-reports/search?q={p.urn}">Search</a><ol class="timeline">{links}</ol>'
    )


def _link(fake: FakePublishers, r: Report) -> str:
    hidden = escape(f"{r.title}{r.middle} - {r.day.day:02d} {r.day:%B %Y}")
    return (
        f'<a class="publication-link" target="_blank" '
        f'href="http://127.0.0.1:{fake.port}/ofsted-files/v1/file/{r.id}">'
        f'{escape(r.title)} <span class="nonvisual">{hidden}</span></a>'
    )


def answer_file(fake: FakePublishers, request: Request) -> Reply:
    """A report."""
    number = request.path.rpartition("/")[2]
    reports = [r for p in fake.world.providers.values() for r in p.reports]
    data = next((r.data for r in reports if r.id == number), None)
    return not_found() if data is None else Reply(200, data, "application/pdf")
