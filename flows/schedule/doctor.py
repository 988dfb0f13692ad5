"""Everything that ``csw doctor`` looks at, in one list."""

from __future__ import annotations

from flows.common.findings import Finding
from flows.common.settings import Settings
from flows.outputs.set_up import set_up
from flows.schedule.polling import LONDON, polls
from flows.schedule.upcoming import upcoming


def examine(settings: Settings, *, live: bool = False) -> list[Finding]:
    """Set-up, data folder, space and schedules; with ``live`` also the publishers' servers."""
    found = [*set_up(settings), *_schedules(settings)]
    if live:
        found += servers(settings)
    return found


def servers(settings: Settings) -> list[Finding]:
    """What the publishers' servers answer to one cheap question per call that the clients make."""
    from flows.publishers.probe import probe

    return list(probe(settings))


def _schedules(settings: Settings) -> list[Finding]:
    seen = upcoming(settings)
    due = [p.source for p in polls(settings) if p.is_due]
    asks = f"a poll now would ask {', '.join(due)}" if due else "a poll now would ask nobody"
    found = [Finding("polls", None, asks)]
    if not seen.url:
        found.append(Finding("schedules", None, "none run here", "`csw serve` runs them; or `csw run --live` by cron."))
    elif seen.problem:
        found.append(Finding("schedules", False, f"{seen.url}: {seen.problem}", "Start `csw serve` again."))
    elif not seen.next:
        advice = "See the server's log, data/prefect/server.log: its scheduler may be failing."
        found.append(Finding("schedules", False, f"{seen.url}: nothing is scheduled", advice))
    else:
        at = f"{seen.next[0].at.astimezone(LONDON):%d %b %Y %H:%M}"
        found.append(Finding("schedules", True, f"{seen.url}: the next run is {seen.next[0].name} at {at} (London)"))
    found += [Finding("a run failed", None, r.text()) for r in seen.failures[:1]]
    found += [Finding("the server's log", None, line) for line in seen.log]
    return found
