"""What is landed, what is published, and what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flows.common.settings import Settings
from flows.common.tables import text_table
from flows.landing.catalogue import read_catalogue
from flows.landing.quarantine import unseen
from flows.landing.withdrawn import read_withdrawn
from flows.sources.passport import Passport, load_passports
from flows.warehouse.built import Build, from_state, read_build, why_not_default
from flows.warehouse.fingerprint import (
    Fingerprint,
    fingerprint,
    is_set_aside,
    published_fingerprint,
    published_state,
)

_HEAD = ("publication", "editions", "tables", "newest", "published", "next due", "last asked", "")
#: Releases a year from which on a series is always worth a look.
CONTINUOUS = 6


@dataclass(frozen=True)
class Due:
    """When the next release is expected: any day from ``first`` to ``last``, by the server's word or the cadence."""

    first: date
    last: date
    by_server: bool

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.first:%d %b %Y}"
        if (self.first.month, self.last.month) == (1, 12):
            return f"{self.first:%Y}"
        if self.first.month == self.last.month:
            return f"{self.first:%b %Y}"
        return f"{self.first:%b}–{self.last:%b %Y}"


@dataclass(frozen=True)
class SourceStatus:
    """One publication."""

    source: str
    title: str
    editions: int
    tables: int
    last_edition: str
    last_published: date | None
    next_expected: Due | None
    is_overdue: bool
    is_stale: bool
    last_asked: str = ""
    """When its server was last asked (ISO, UTC); blank for never."""
    trouble: str = ""
    """What went wrong then."""
    trouble_since: str = ""
    """Since when it goes wrong in this way (ISO, UTC)."""
    has_server: bool = False
    is_continuous: bool = False
    """Whether it appears all the time, so that nothing of it is ever due."""
    no_server: str = ""
    """Why no server is asked for it, or for a part of it."""


@dataclass(frozen=True)
class Status:
    """The state of an installation."""

    sources: list[SourceStatus]
    published: str
    up_to_date: bool
    last_fetch: str = ""
    """What came of the last fetch, as one screen; blank where there was none."""

    def text(self) -> str:
        """For people."""
        rows = []
        for s in self.sources:
            # The server's own word is marked; the rest is when the series usually appears.
            due = f"{s.next_expected}{'*' if s.next_expected.by_server else ''}" if s.next_expected else ""
            notes = [
                "overdue" if s.is_overdue else "",
                "landed, not yet in the warehouse" if s.is_stale else "",
                s.trouble.splitlines()[0] if s.trouble else "",
            ]
            asked = s.last_asked[:10] or ("never" if s.has_server else "no server")
            note = " · ".join(n for n in notes if n)
            rows.append([s.source, s.editions, s.tables, s.last_edition, s.last_published, due, asked, note])
        lines = [self.published, "", text_table(_HEAD, rows, right=("editions", "tables"), fit=True)]
        if any(s.next_expected and s.next_expected.by_server for s in self.sources):
            lines.append("* as the publisher's server says")
        lines += [f"{s.source}: {s.no_server}" for s in self.sources if s.no_server]
        if self.last_fetch:
            lines += ["", self.last_fetch]
        return "\n".join(lines)


def status(settings: Settings, today: date | None = None) -> Status:
    """What is landed and published, and which returns are due.

    The next release is expected when the publisher's server last said, where it did and that is not past the newest
    edition held; else in the months, after those of the newest edition, in which the series usually appears (the
    passport's cadence).
    """
    from flows.publishers.report import last_fetch
    from flows.publishers.state import SourceEntry, State

    asked = State(settings.live / "state.json").sources
    today = today or date.today()
    landed = read_catalogue(settings)
    now, before = fingerprint(settings), published_fingerprint(settings)
    state = published_state(settings) or {}
    build = from_state(state.get("build"))
    found = []
    for p in load_passports(settings.passports):
        mine = [x for x in landed if x.source == p.source]
        # By the edition's own day: a revision of an old edition that came yesterday is not the newest.
        newest = max(mine, key=lambda x: x.rank, default=None)
        published = date.fromisoformat(newest.edition_published_on or newest.published_on) if newest else None
        said = asked.get(p.source, SourceEntry())
        due = _said_by_server(said.next_release, published) or _next_due(p, published)
        found.append(
            SourceStatus(
                source=p.source,
                title=p.title,
                editions=len({x.edition for x in mine}),
                tables=len(mine),
                last_edition=newest.edition if newest else "",
                last_published=published,
                next_expected=due,
                is_overdue=due is not None and due.last < today,
                is_stale=before is not None and now.sources.get(p.source) != before.sources.get(p.source),
                last_asked=said.asked,
                trouble=said.failed,
                trouble_since=said.failing_since,
                has_server=bool(p.remote),
                is_continuous=p.cadence is not None and p.cadence.per_year >= CONTINUOUS,
                no_server=p.no_remote or "",
            )
        )
    fetched = last_fetch(settings)
    return Status(
        found,
        _published(settings, state, build, now),
        before == now and not why_not_default(build, settings),
        f"Last fetch, {fetched.at[:16].replace('T', ' ')} UTC. {fetched.text()}" if fetched else "",
    )


def _published(settings: Settings, state: dict[str, Any], build: Build | None, now: Fingerprint) -> str:
    """What is published, how it was built, and whether a run would build it again, in words."""
    if not settings.published.exists():
        return "Nothing is published yet. Run `csw run`."
    lines = [f"Published: {settings.published}"]
    build = build or read_build(settings.published)
    reason = why_not_default(build, settings)
    if build is not None:
        lines.append(f"  {build.text()}")
    if reason:
        lines.append(f"  Not what readers expect: {reason}. The next `csw run` builds it again.")
    elif not state:
        lines.append("  From what it was made is not known any more; the next `csw run` builds it again.")
    if state.get("rolled_back_at"):
        stays = " A run leaves it so; `csw run --full` publishes what is landed." if is_set_aside(settings, now) else ""
        lines.append(f"  Gone back to on {state['rolled_back_at'][:10]} by `csw rollback`.{stays}")
    held = (len(unseen(settings)), "quarantined"), (len(read_withdrawn(settings)), "withdrawn by people")
    if any(n for n, _ in held):
        said = ", ".join(f"{n} {how}" for n, how in held if n)
        lines.append(f"  Held back: {said} (tables of an edition, or documents). `csw quarantine` says why.")
    return "\n".join(lines)


def _said_by_server(text: str, published: date | None) -> Due | None:
    """A server's date, as exact as it is (2026, 2026-10, 2026-10-29); None where the newest edition is past it."""
    parts = [int(x) for x in text.split("-") if x.isdigit()]
    if not parts:
        return None
    first = date(*[*parts, 1, 1][:3])
    last = {1: date(first.year, 12, 31), 2: _month_end(first)}.get(len(parts), first)
    # In a month that it named, it has come; a year may hold the release before it, too.
    enough = first if len(parts) > 1 else last
    return None if published is not None and enough <= published else Due(first, last, by_server=True)


def _next_due(passport: Passport, published: date | None) -> Due | None:
    cadence = passport.cadence
    if cadence is None or not cadence.months or published is None:
        return None
    if cadence.per_year >= CONTINUOUS:
        return None  # published all the time: never due, always worth a look
    if cadence.per_year > 1:
        # One release in each of the months.
        later = [m for m in sorted(cadence.months) if m > published.month]
        first = date(published.year + (not later), later[0] if later else min(cadence.months), 1)
        return Due(first, _month_end(first), by_server=False)
    # A yearly return: the same season of the next year, whichever month of it the last one came out in.
    month, last = cadence.months[0], cadence.months[-1]
    year = published.year + cadence.every_years - (month > published.month + 6)
    first = date(year, month, 1)
    return Due(first, _month_end(date(year + (last < month), last, 1)), by_server=False)


def _month_end(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1) - timedelta(days=1)
