"""Which publishers' servers are worth asking today: daily in a publication's window, weekly outside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flows.common.settings import Settings
from flows.outputs.status import SourceStatus, status

#: Releases come out at 09:30 here (the publishers' pre-announced hour).
LONDON = ZoneInfo("Europe/London")
#: How long a release that is late is waited for from day to day.
LATE = timedelta(days=60)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Poll:
    """Whether a source is to be asked now, and why or why not."""

    source: str
    is_due: bool
    why: str


def polls(settings: Settings, now: datetime | None = None) -> list[Poll]:
    """Every publication that has a server.

    It is asked once a day in its window: from the first day on which the next release may appear, by the server's word
    or the cadence, until it is there, for at most :data:`LATE` after the last. On a day that the server itself has
    named, and on the day of a new failure, every time that this is asked. What appears all the time or goes on
    failing, once a day. Everything else once a week, for corrections between releases.

    Args:
        settings: where things are kept.
        now: a moment with its time zone; this one where None.
    """
    here = (now or datetime.now(UTC)).astimezone(LONDON)
    return [_poll(s, here) for s in status(settings, here.date()).sources if s.has_server]


def due_now(settings: Settings, now: datetime | None = None) -> list[str]:
    """The sources to ask now."""
    return [p.source for p in polls(settings, now) if p.is_due]


def _poll(source: SourceStatus, here: datetime) -> Poll:
    today, due = here.date(), source.next_expected
    if not source.last_asked:
        return Poll(source.source, True, "never asked before")
    asked = _day(source.last_asked)
    if asked > today:
        return Poll(source.source, True, f"last asked on {asked:%d %b %Y}, which is to come: the clock was wrong")
    if source.trouble and _day(source.trouble_since or source.last_asked) == today:
        return Poll(source.source, True, "it has failed today")
    if due is not None and due.by_server and due.first == due.last == today:
        return Poll(source.source, True, "the server names today")
    if source.trouble or source.is_continuous or not source.editions:
        trouble = "it fails" if source.trouble else ""
        every, because = (
            timedelta(days=1),
            trouble or ("appears all the time" if source.editions else "nothing is held"),
        )
    elif due is not None and due.first <= today <= due.last + LATE:
        every, because = timedelta(days=1), f"expected {due}"
    else:
        every, because = WEEK, f"not before {due}" if due is not None and today < due.first else "outside its window"
    is_due = asked + every <= today
    often = "daily" if every < WEEK else "weekly"
    return Poll(source.source, is_due, f"{because}: asked {often}, last on {asked:%d %b %Y}")


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(LONDON).date()
