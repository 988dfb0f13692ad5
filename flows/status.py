"""What is landed, what is published, and what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.catalogue import read_catalogue
from flows.passports import Passport, load_passports
from flows.settings import Settings
from flows.warehouse import fingerprint, published_fingerprint


@dataclass(frozen=True)
class SourceStatus:
    """One publication."""

    source: str
    title: str
    editions: int
    tables: int
    last_edition: str
    last_published: date | None
    next_expected: date | None
    is_overdue: bool
    is_stale: bool


@dataclass(frozen=True)
class Status:
    """The state of an installation."""

    sources: list[SourceStatus]
    published: str
    up_to_date: bool

    def text(self) -> str:
        """For people."""
        head = f"{'publication':<28} {'editions':>8} {'tables':>6}  {'newest':<9} {'published':<10}  {'next due':<9}"
        lines = [self.published, "", head, "-" * len(head)]
        for s in self.sources:
            due = s.next_expected.strftime("%b %Y") if s.next_expected else ""
            note = " overdue" if s.is_overdue else ""
            note += " · landed, not yet in the warehouse" if s.is_stale else ""
            lines.append(
                f"{s.source:<28} {s.editions:>8} {s.tables:>6}  {s.last_edition:<9} "
                f"{s.last_published or ''!s:<10}  {due:<9}{note}"
            )
        return "\n".join(lines)


def status(settings: Settings, today: date | None = None) -> Status:
    """What is landed and published, and which returns are due.

    The next release is expected in the first month, after that of the newest edition held, in which the series usually
    appears (the passport's cadence).
    """
    today = today or date.today()
    landed = read_catalogue(settings)
    now, before = fingerprint(settings), published_fingerprint(settings)
    found = []
    for p in load_passports(settings.passports):
        mine = [x for x in landed if x.source == p.source]
        newest = max(mine, key=lambda x: (x.published_on, x.edition), default=None)
        published = date.fromisoformat(newest.published_on) if newest else None
        due = _next_due(p, published)
        found.append(
            SourceStatus(
                source=p.source,
                title=p.title,
                editions=len({x.edition for x in mine}),
                tables=len(mine),
                last_edition=newest.edition if newest else "",
                last_published=published,
                next_expected=due,
                is_overdue=due is not None and _month_end(due) < today,
                is_stale=before is not None and now.sources.get(p.source) != before.sources.get(p.source),
            )
        )
    if before is None:
        text = "Nothing is published yet. Run `csw run`."
    else:
        text = f"Published: {settings.published}"
    return Status(found, text, before == now)


def _next_due(passport: Passport, published: date | None) -> date | None:
    if passport.cadence is None or not passport.cadence.months or published is None:
        return None
    if len(passport.cadence.months) >= 6:
        return None  # published all the time: never due, always worth a look
    # A yearly return: the same season of the next year, whichever month of it the last one came out in.
    month = passport.cadence.months[0]
    year = published.year + 1
    if month > published.month + 6:
        year -= 1
    return date(year, month, 1)


def _month_end(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
