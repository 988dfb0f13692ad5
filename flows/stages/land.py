"""Fetch and land: what is offered, what of it is used, and what may not be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CheckFailed, CswError
from flows.common.settings import Settings
from flows.documents.archived import ReportRecogniser, read_archived
from flows.landing.catalogue import read_catalogue
from flows.landing.land import land_folders, published_is_lost
from flows.landing.quarantine import hold, not_superseded, read_quarantine, release, retry, superseded
from flows.landing.under_way import LandingReport
from flows.landing.withdrawn import read_withdrawn
from flows.sample.bundled import keep_apart
from flows.sources.passport import load_passports
from flows.stages.report import RunReport, Stopwatch
from flows.warehouse.attempts import code_digest
from flows.warehouse.fingerprint import published_tables
from flows.warehouse.publish import open_published

if TYPE_CHECKING:
    from flows.publishers.fetch import FetchReport


def land(
    settings: Settings,
    returns: Path | None,
    report: RunReport,
    watch: Stopwatch,
    *,
    live: bool,
    sources: Sequence[str] | None = None,
    when_news: Callable[[], object] = lambda: None,
) -> None:
    """Fetch if wanted (some sources only, if given), land what came and what the folder holds, and read the reports.

    ``when_news`` is called as soon as there is a table that was not landed yet.

    Raises:
        CswError: no server gave anything and there is no folder; or the input or the disk.
    """
    folders = [returns] if returns is not None else []
    if live:
        folders.append(_fetch(settings, report, watch, sources, alone=returns is None))
    with watch.stage("land"):
        again = retry(settings, code_digest(settings)) if read_quarantine(settings) else []
        report.landing = land_folders(settings, folders, documents=ReportRecogniser(settings), when_news=when_news)
        # What came may have taken the place of what was to be tried again.
        replaced = superseded(settings, again)
        hold(settings, [q for q in again if q.key in replaced])
        _retry_beside(settings, report.landing)
    if report.fetched is not None:
        report.fetched.note_landing(settings, report.landing)
    with watch.stage("read reports"):
        report.reports = read_archived(settings)


def _fetch(
    settings: Settings, report: RunReport, watch: Stopwatch, sources: Sequence[str] | None, *, alone: bool
) -> Path:
    """What the servers have, in a folder; a source that fails is listed, the rest goes on.

    Raises:
        CswError: none of them gave anything, and it is all that there would be to land.
    """
    from flows.publishers.fetch import fetch

    with watch.stage("fetch"):
        report.fetched = fetched = fetch(settings, sources=sources, say=watch.say)
        if not any(fetched.folder.rglob("*.*")) or (alone and not fetched.changed and not fetched.unchanged):
            failed = "\n".join(f"{s}: {why}" for s, why in fetched.failed.items())
            raise CswError(f"no publisher's server gave anything; what is published stays.\n{failed}")
        said = keep_apart(settings, fetched.folder)
        if said:
            watch.say(said)
    return fetched.folder


def _retry_beside(settings: Settings, landing: LandingReport) -> None:
    """Take into use again what new tables may mend: those of its own publication, and those that all lean on."""
    new = {e.source for e in landing.landed}
    leaned_on = any(e.role == "reference" for e in landing.landed)
    if new:
        release(settings, [q for q in not_superseded(settings) if leaned_on or q.source in new])


def read_again(settings: Settings, report: RunReport) -> None:
    """The reports that are in use, after some were held back or released."""
    report.reports = read_archived(settings)


def stop_without_primaries(settings: Settings, fetched: FetchReport | None) -> None:
    """See that nothing is published without a primary return that was asked for and never came.

    Raises:
        CheckFailed: there is one; what the servers offered is said.
    """
    if fetched is None:
        return
    from flows.publishers.canaries import missing_primaries

    landed = Counter(x.source for x in read_catalogue(settings))
    asked = [s.source for s in fetched.sources]
    missing = missing_primaries(load_passports(settings.passports), landed, asked)
    if missing:
        said = "\n".join(f"  {s}: {fetched.failed.get(s, 'nothing of it could be landed')}" for s in missing)
        raise CheckFailed(
            "nothing is published: primary returns were asked for, and nothing of them is held.\n"
            f"{said}\nRun again when their servers answer, or give a folder with them (--returns)."
        )


def published_is_still_there(settings: Settings, report: RunReport) -> None:
    """A published table that can no longer be read stops the run: what changed is our own passports, seeds or code.

    Raises:
        CheckFailed: with what was refused.
    """
    lost = published_is_lost(published_tables(settings), settings)
    if not lost:
        return
    landed = {e.sha256 for e in read_catalogue(settings)}
    with open_published(settings) as con:
        rows = con.execute("select source, table_name, edition, sha256 from marts.dim_edition").fetchall()
    # Landed under another name, or withdrawn as a whole file, is not lost.
    elsewhere = landed | {w.sha256 for w in read_withdrawn(settings)}
    gone = [key for *key, sha in rows if tuple(key) in set(lost) and sha not in elsewhere]
    if not gone:
        return
    refused = report.landing.refused if report.landing else []
    raise CheckFailed(
        "these tables are published, and can no longer be landed; what is published stays.\n"
        + "\n".join(f"  {' '.join(key)}" for key in gone)
        + ("\n\n" + "\n".join(f"refused: {r}" for r in refused) if refused else "")
        + "\n\nMend what is named (passports, seeds or files), or take them out of use: "
        "`csw withdraw SOURCE EDITION TABLE --reason …`."
    )
