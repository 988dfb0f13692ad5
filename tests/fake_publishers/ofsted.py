"""Ofsted: the list of authorities, a page for each, and the host of the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fake_publishers.answers import Reply, Request, not_found, reply_html

if TYPE_CHECKING:
    from tests.fake_publishers.server import FakePublishers

#: The list gives no more at once.
MOST = 100


def answer(fake: FakePublishers, request: Request) -> Reply:
    """The list, or an authority's page."""
    if request.path == "/search":
        start, rows = int(request.query.get("start", 0)), min(int(request.query.get("rows", 10)), MOST)
        some = list(fake.world.providers.values())[start : start + rows]
        return reply_html("".join(f'<a href="/ofsted-reports/provider/44/{p.urn}">{p.name}</a>' for p in some))
    provider = fake.world.providers.get(request.path.rpartition("/")[2])
    if provider is None:
        return not_found()
    return reply_html(
        "".join(
            f'<a class="publication-link" href="http://127.0.0.1:{fake.port}/ofsted-files/v1/file/{r.id}">'
            f'<span class="nonvisual">{r.title}, pdf - {r.day.day} {r.day:%B %Y}</span></a>'
            for r in provider.reports
        )
    )


def answer_file(fake: FakePublishers, request: Request) -> Reply:
    """A report."""
    number = request.path.rpartition("/")[2]
    reports = [r for p in fake.world.providers.values() for r in p.reports]
    data = next((r.data for r in reports if r.id == number), None)
    return not_found() if data is None else Reply(200, data, "application/pdf")
