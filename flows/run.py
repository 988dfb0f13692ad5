"""The main job: land, gate, build, check, analyse, publish. Plain functions; the command line and Prefect call them."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CheckFailed, CswError
from flows.common.files import write_atomically
from flows.common.lock import writer
from flows.common.processes import worker_pool
from flows.common.settings import Settings
from flows.documents.archived import ReportRecogniser, ReportsRead, read_archived
from flows.landing.catalogue import read_catalogue
from flows.landing.land import land_folders, published_is_lost
from flows.landing.quarantine import Unit, read_quarantine, release, retry, unseen
from flows.landing.under_way import LandingReport
from flows.landing.withdrawn import read_withdrawn
from flows.outputs.data_docs import data_docs_folder
from flows.outputs.export import export, held_formats
from flows.outputs.export import is_current as exports_are_current
from flows.outputs.site import is_current, write_site
from flows.sample.bundled import keep_apart
from flows.sources.passport import load_passports
from flows.warehouse.attempts import Attempts, Failure, code_digest, failures_of
from flows.warehouse.built import check_build, mark_built
from flows.warehouse.earlier import Earlier, roll_back
from flows.warehouse.fingerprint import Fingerprint, file_identity, fingerprint, published_tables
from flows.warehouse.publish import (
    building,
    copy_for_dbt,
    has_next,
    needed,
    open_published,
    publish,
    published_path,
    remove_database,
    saying_what_stands,
    start_next,
)
from flows.warehouse.restored import know_again

if TYPE_CHECKING:
    from expectations.results import Finding, Result
    from expectations.worker import Worker
    from flows.publishers.fetch import FetchReport
    from flows.warehouse.dbt import Dbt, DbtResult

Say = Callable[[str], None]

#: Processes that studies run in, this one among them: one study takes a third of the whole.
MOST_STUDIES_AT_ONCE = 4


@dataclass
class RunReport:
    """What a run did and how long each stage took (seconds)."""

    fetched: FetchReport | None = None
    landing: LandingReport | None = None
    reports: ReportsRead | None = None
    built: DbtResult | None = None
    published: Path | None = None
    nothing_new: bool = False
    stages: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)
    """What could not be written after the warehouse was published, and why."""
    site: Path | None = None
    """The first page of the report site."""
    withheld: str = ""
    """What is held back of what was landed: what failed, with the rows, and what mends it."""
    study_errors: dict[str, str] = field(default_factory=dict)
    """Studies that failed through a mistake of ours, and how; everything else is published."""

    @property
    def seconds(self) -> float:
        """All stages together."""
        return sum(self.stages.values())


class Stopwatch:
    """Seconds by stage."""

    def __init__(self, report: RunReport, say: Say) -> None:
        self.report, self.say = report, say

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        self.say(f"{name} …")
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.report.stages[name] = round(self.report.stages.get(name, 0.0) + took, 3)


def run(
    settings: Settings,
    returns: Path | None,
    *,
    live: bool = False,
    sources: Sequence[str] | None = None,
    as_of: str = "",
    full: bool = False,
    say: Say = lambda _: None,
    progress: Callable[[str], None] | None = None,
) -> RunReport:
    """Land a folder of returns and publish the warehouse made from everything landed that holds.

    The unit of refusal is one table of one edition, or one document: what fails a check is held back and listed
    (:mod:`flows.landing.quarantine`), the rest is published without it. Where what is published already fails, it stays
    as it was. With ``as_of`` a warehouse of what was known then is built
    in a file of its own, and nothing is published.

    Args:
        settings: where things are kept.
        returns: publishers' files; None for what the servers have alone.
        live: fetch from the publishers' servers first, and land that as well.
        sources: ask only for these publications.
        as_of: ISO date, or blank for now.
        full: build everything, also where nothing changed.
        say: told what is being done.
        progress: told the name of each finished model or test.

    Raises:
        Busy: another run is writing.
        CheckFailed: a check does not hold even without anything new; the message shows the rows.
        CswError: the input or the disk.
    """
    report = RunReport()
    watch = Stopwatch(report, say)
    with _writing(settings):
        if as_of:
            _land(settings, returns, report, watch, live=live, sources=sources)
            return _build_as_of(settings, as_of, report, watch, progress)
        with _Warm(settings, settings.next, expecting_work=_has_news(settings)) as warm:
            _land(settings, returns, report, watch, live=live, sources=sources)
            stop_without_primaries(settings, report.fetched)
            _after_landing(settings, report, watch, warm, full, progress)
        _for_people(settings, report, watch)
    return report


@contextmanager
def _writing(settings: Settings) -> Iterator[None]:
    """The writer's lock, and files of a backup known again."""
    with writer(settings.data):
        know_again(settings)
        with saying_what_stands(settings):
            yield


def fetch_and_land(
    settings: Settings,
    returns: Path | None,
    *,
    live: bool = False,
    sources: Sequence[str] | None = None,
    say: Say = lambda _: None,
) -> RunReport:
    """Fetch if wanted (some sources only, if given), land, and read the reports; build nothing.

    For a caller that holds the writer's lock.
    """
    report = RunReport()
    _land(settings, returns, report, Stopwatch(report, say), live=live, sources=sources)
    return report


def _land(
    settings: Settings,
    returns: Path | None,
    report: RunReport,
    watch: Stopwatch,
    *,
    live: bool,
    sources: Sequence[str] | None = None,
) -> None:
    folders = [returns] if returns is not None else []
    if live:
        folders.append(_fetch(settings, report, watch, sources, alone=returns is None))
    with watch.stage("land"):
        if read_quarantine(settings):
            retry(settings, code_digest(settings))
        report.landing = land_folders(settings, folders, documents=ReportRecogniser(settings))
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


def is_complete(settings: Settings) -> bool:
    """Whether what is published, exported and shown is made from everything landed."""
    return needed(settings, fingerprint(settings)) == [] and exports_are_current(settings) and is_current(settings)


def run_stages(
    settings: Settings,
    landing: LandingReport,
    *,
    fetched: FetchReport | None = None,
    full: bool = False,
    say: Say = lambda _: None,
) -> RunReport:
    """Everything after landing, for a caller that landed and holds the writer's lock; see :func:`run`.

    Args:
        settings: where things are kept.
        landing: what was landed.
        fetched: what was fetched for it; the last fetch of this installation where None.
        full: build everything, also where nothing changed.
        say: told what is being done.
    """
    from flows.publishers.report import last_fetch

    report = RunReport(landing=landing)
    know_again(settings)
    stop_without_primaries(settings, fetched or last_fetch(settings))
    with _Warm(settings, settings.next, expecting_work=False) as warm:
        watch = Stopwatch(report, say)
        _after_landing(settings, report, watch, warm, full, None)
    _for_people(settings, report, watch)
    return report


def _retry_beside(settings: Settings, landing: LandingReport) -> None:
    """Take into use again what new tables may mend: those of its own publication, and those that all lean on."""
    new = {e.source for e in landing.landed}
    if any(e.role == "reference" for e in landing.landed):
        release(settings, read_quarantine(settings))
    elif new:
        release(settings, [q for q in read_quarantine(settings) if q.source in new])


def _after_landing(
    settings: Settings,
    report: RunReport,
    watch: Stopwatch,
    warm: _Warm,
    full: bool,
    progress: Callable[[str], None] | None,
) -> None:
    """Gate, build, check, analyse, publish: what fails is held back, and the rest is published without it."""
    if not read_catalogue(settings):
        raise CswError(
            "nothing was landed that can be used: no file is known to a passport, or all are held back. `csw land` "
            "lists what it found, `csw quarantine` what is held back."
        )
    report.published = settings.published
    _published_is_still_there(settings, report)
    if full and (held := read_quarantine(settings)):
        release(settings, held)
        _read_again(settings, report)
    if not full and needed(settings, fingerprint(settings)) == []:
        report.nothing_new = True
        report.study_errors = study_errors_that_stand(settings)
        _say_what_is_held(settings, report, [])
        return
    warm.start()
    passed: list[Fingerprint] = []

    def attempt() -> list[Failure]:
        # What is held back may have been all that was new.
        made_from = fingerprint(settings)
        changed = None if full and not passed else needed(settings, made_from)
        report.nothing_new = changed == []
        if report.nothing_new or passed[-1:] == [made_from]:
            return []
        passed.clear()
        if not read_catalogue(settings):
            return [Failure("landing", "nothing is left to build from.")]
        failed = _try_build(settings, made_from, changed, report, watch, warm, progress)
        failed = failed or _try_check(settings, report, watch, warm)
        passed.extend([] if failed else [made_from])
        return failed

    attempts = Attempts(settings, attempt, held=lambda: _read_again(settings, report))
    attempts.hold(_gate(settings, report, watch, warm, attempts.said))
    with building(settings.next):
        attempts.until_it_passes()
        _say_what_is_held(settings, report, attempts.said)
        if report.nothing_new:
            report.study_errors = study_errors_that_stand(settings)
            remove_database(settings.next)
            return
        analyse(settings, settings.next, report, watch)
        with watch.stage("publish"):
            publish(settings)
    _data_docs(settings, report, watch, warm)


def _read_again(settings: Settings, report: RunReport) -> None:
    """The reports that are in use, after some were held back or released."""
    report.reports = read_archived(settings)


def _published_is_still_there(settings: Settings, report: RunReport) -> None:
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


def _say_what_is_held(settings: Settings, report: RunReport, said: Sequence[str]) -> None:
    """What is held back, in words: the checks that failed in this run, and everything that is on the list."""
    held = unseen(settings)
    if not held:
        return
    shown = "\n\n".join(said)
    listed = [q.text() if not shown else f"{q.name}: {q.by}" for q in held]
    report.withheld = "\n".join(
        [*([shown, ""] if shown else []), *listed, "`csw quarantine` shows why, and what mends it."]
    )


def _for_people(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """The exports and the report site of what is published, and a copy of it for dbt by hand."""
    _copy_for_dbt(settings, report, watch)
    _export(settings, report, watch)
    report_site(settings, report, watch)


def _copy_for_dbt(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """A file for dbt by hand where publishing took the last one away; without it the run is as good."""
    if settings.next.exists() or not settings.published.exists():
        return
    with watch.stage("copy for dbt"):
        try:
            copy_for_dbt(settings)
        except OSError as exc:
            report.warnings.append(f"no copy was left for dbt by hand: {settings.next}: {exc.strerror}")


def _export(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """The published tables as Parquet and CSV, where they are not that already.

    The warehouse is published whether they can be written or not; a run that was cut off before is made up for.
    """
    if not settings.published.exists() or exports_are_current(settings):
        return
    with watch.stage("export"):
        try:
            export(settings, formats=held_formats(settings))
        except Exception as exc:
            report.unwritten.append(f"the exports could not be written ({exc}); the next run makes up for it")


def _data_docs(settings: Settings, report: RunReport, watch: Stopwatch, warm: _Warm) -> None:
    """What was checked in this run, as pages; without them the run is as good."""
    with watch.stage("data docs"):
        try:
            with data_docs_folder(settings).replacing() as made:
                warm.expectations.write_data_docs(made)
        except Exception as exc:
            report.warnings.append(f"the Data Docs could not be written: {type(exc).__name__}: {exc}")


def gate(settings: Settings, report: RunReport, watch: Stopwatch, warm: _Warm) -> None:
    """Validate what was landed before anything is built from it: a look, which holds nothing back.

    Raises:
        CheckFailed: a table does not hold; the message shows the rows.
    """
    from expectations.results import describe

    result = _validate_landed(settings, report, watch, warm)
    if not result.ok:
        raise CheckFailed("the gate refuses landed tables; what is published stays.\n\n" + describe(result))


def _validate_landed(settings: Settings, report: RunReport, watch: Stopwatch, warm: _Warm) -> Result:
    """The gate on what has been landed since the last publishing, or in this run; on everything where nothing was."""
    with watch.stage("gate"):
        landed = {e.key for e in report.landing.landed} if report.landing else set()
        new = sorted(landed | ({e.key for e in read_catalogue(settings)} - published_tables(settings)))
        result = warm.expectations.check_gate(settings.landing, settings.seeds, new or None)
        report.warnings += describe_warnings(result)
    return result


def _gate(
    settings: Settings, report: RunReport, watch: Stopwatch, warm: _Warm, said: list[str]
) -> list[tuple[Unit, Failure]]:
    """What the gate refuses of what is not published yet.

    Raises:
        CheckFailed: a table that was published no longer holds; the message shows the rows.
    """
    from expectations.results import describe

    result = _validate_landed(settings, report, watch, warm)
    if result.ok:
        return []
    stopped = set(result.stopped)
    if stopped & published_tables(settings):
        raise CheckFailed(
            "the gate refuses tables that are published; what is published stays. If that is right, take them out of "
            "use: `csw withdraw SOURCE EDITION TABLE --reason …`.\n\n" + describe(result)
        )
    said.append(describe(result))
    found = []
    for e in read_catalogue(settings):
        findings = result.by_table.get(e.key, [])
        if findings:
            text = "\n".join(_finding_text(f) for f in findings)
            failure = Failure(f"the gate: {findings[0].check}", text, findings[0].advice, tables=(e.key,))
            found.append((Unit(e.source, e.table_name, e.edition, e.file, e.sha256), failure))
    return found


def _finding_text(finding: Finding) -> str:
    """A finding in a line or two: where, what is there, on which rows."""
    place = " · ".join(v for v in finding.where.values() if v)
    rows = f"; rows {', '.join(str(r) for r in finding.rows[:12])}" if finding.rows else ""
    return f"{finding.check}: {finding.says}\n  {place}: {finding.found}{rows}"


def describe_warnings(result: Result) -> list[str]:
    """Warnings of a check in a line, and what it could not check in another: how many, of which checks."""
    lines = []
    for said, findings in (("", result.warnings), ("could not check ", result.not_checkable)):
        checks = Counter(f.check for f in findings)
        if checks:
            lines.append(f"{result.title}: {said}" + ", ".join(f"{n} × {check}" for check, n in checks.most_common()))
    return lines


def build(
    settings: Settings,
    made_from: Fingerprint,
    changed: list[str] | None,
    report: RunReport,
    watch: Stopwatch,
    warm: _Warm,
    progress: Callable[[str], None] | None,
) -> None:
    """Build the next warehouse, with every test of data.

    Raises:
        CheckFailed: a model or test failed; the message shows the failing rows.
    """
    _raise(_try_build(settings, made_from, changed, report, watch, warm, progress), "the next warehouse did not pass")


def _try_build(
    settings: Settings,
    made_from: Fingerprint,
    changed: list[str] | None,
    report: RunReport,
    watch: Stopwatch,
    warm: _Warm,
    progress: Callable[[str], None] | None,
) -> list[Failure]:
    from flows.warehouse.failures import describe_warned

    with watch.stage("build"):
        select = start_next(settings, made_from, changed)
        report.built = warm.dbt.build(select, progress)
        # dbt keeps its database open until it ends; the checks that follow read the file.
        warm.close_dbt()
        if not report.built.success:
            return failures_of(report.built, settings)
        report.warnings += describe_warned(report.built, settings.next)
        mark_built(settings.next, made_from.project)
        return []


def check(settings: Settings, report: RunReport, watch: Stopwatch, warm: _Warm, database: Path | None = None) -> None:
    """Look at the next warehouse (or another file) as a reader would, before it is published.

    Raises:
        CheckFailed: a mart is implausible; the message shows the rows.
    """
    _raise(_try_check(settings, report, watch, warm, database), "the warehouse is implausible")


def _try_check(
    settings: Settings, report: RunReport, watch: Stopwatch, warm: _Warm, database: Path | None = None
) -> list[Failure]:
    from expectations.results import describe

    with watch.stage("check"):
        previous = settings.published if settings.published.exists() else None
        result = warm.expectations.check_release(database or settings.next, previous)
        # Of several attempts, the last.
        report.warnings = [w for w in report.warnings if not w.startswith(result.title)] + describe_warnings(result)
        if result.ok:
            return []
        whole = Failure("the release checks", describe(result))
        return [whole, *(_as_failure(f) for f in result.errors)]


def _as_failure(finding: Finding) -> Failure:
    """A finding of the release checks, with the rows of the marts, and the tables where it names them."""
    rows = tuple({**finding.where, **example} for example in finding.examples) or (finding.where,)
    return Failure(f"release check {finding.check}", _finding_text(finding), finding.advice, rows, finding.tables)


def _raise(failures: Sequence[Failure], what: str) -> None:
    if failures:
        texts = [f.text for f in failures[:1] if f.by == "the release checks"] or [f.text for f in failures]
        raise CheckFailed(f"{what}; what was published before stays published.\n\n" + "\n\n".join(texts))


def analyse(settings: Settings, database: Path, report: RunReport, watch: Stopwatch) -> None:
    """Run every study on a warehouse and write the results into it.

    What the warehouse lacks is a warning and a result row; a study that fails is an error of the run, which publishes.
    """
    from analysis.studies.run import analyse_into

    workers = min(os.cpu_count() or 1, MOST_STUDIES_AT_ONCE) - 1
    with watch.stage("analyse"), worker_pool(workers) if workers else nullcontext() as pool:
        outcome = analyse_into(database, pool=pool, workers=workers)
    report.warnings += [f"{study} could not run: {reason}" for study, reason in outcome.lacking.items()]
    report.study_errors = dict(outcome.errors)


def study_errors_that_stand(settings: Settings) -> dict[str, str]:
    """Studies that failed when what is published was analysed, and how: a run with nothing new is no better."""
    with open_published(settings) as con:
        held = con.execute(
            "select 1 from information_schema.tables where table_schema = 'results' and table_name = 'estimate'"
        )
        if not held.fetchone():
            return {}
        found = con.execute("select study, reason from results.estimate where place = 'run' and subject = 'error'")
        return {str(study): str(reason) for study, reason in found.fetchall()}


def report_site(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """Write the report site of what is published, where it is not that already.

    The warehouse is published by now: a site that cannot be written is a warning, and the old one stays.
    """
    if not settings.published.exists():
        return
    report.site = settings.report / "index.html"
    if is_current(settings):
        return
    with watch.stage("report"):
        try:
            write_site(settings)
        except Exception as exc:
            report.unwritten.append(
                f"the report site could not be written ({type(exc).__name__}: {exc}); the next run makes up for it"
            )
            report.site = report.site if report.site.exists() else None
    if report.built is not None:
        _remember(settings, report)


def build_only(
    settings: Settings,
    *,
    as_of: str = "",
    full: bool = False,
    say: Say = lambda _: None,
    progress: Callable[[str], None] | None = None,
) -> RunReport:
    """Build the next warehouse from what is landed; see :func:`build`. Publishes nothing."""
    report = RunReport()
    watch = Stopwatch(report, say)
    with writer(settings.data):
        if as_of:
            return _build_as_of(settings, as_of, report, watch, progress)
        if not read_catalogue(settings):
            raise CswError("nothing is landed, so there is nothing to build. Run `csw land --returns DIR` first.")
        made_from = fingerprint(settings)
        changed = None if full else needed(settings, made_from)
        if changed == []:
            report.nothing_new, report.published = True, settings.published
            return report
        with building(settings.next), _Warm(settings, settings.next, expecting_work=False) as warm:
            build(settings, made_from, changed, report, watch, warm, progress)
    return report


def check_only(settings: Settings, *, docs: bool = False, say: Say = lambda _: None) -> RunReport:
    """Gate and release checks on what there is; see :func:`gate` and :func:`check`."""
    report = RunReport()
    watch = Stopwatch(report, say)
    database = settings.next if has_next(settings) else published_path(settings)
    with _Warm(settings, settings.next, expecting_work=False) as warm:
        gate(settings, report, watch, warm)
        check(settings, report, watch, warm, database)
        if docs:
            with watch.stage("data docs"):
                with data_docs_folder(settings).replacing() as made:
                    warm.expectations.write_data_docs(made)
                report.warnings.append(f"Data Docs: {settings.report / 'data_docs' / 'index.html'}")
    return report


def publish_only(settings: Settings) -> RunReport:
    """Check the next warehouse and publish it.

    Raises:
        CheckFailed: it is implausible; nothing is published.
        CswError: it is no default build (as of a date, other variables, a part, something failed).
    """
    report = RunReport()
    watch = Stopwatch(report, lambda _: None)
    with _writing(settings), _Warm(settings, settings.next, expecting_work=False) as warm:
        if not has_next(settings):
            raise CswError("there is no next warehouse to publish. Run `csw build` first.")
        check_build(settings, settings.next)
        check(settings, report, watch, warm)
        analyse(settings, settings.next, report, watch)
        publish(settings)
        _for_people(settings, report, watch)
    return report


def roll_back_to(settings: Settings, name: str = "", say: Say = lambda _: None) -> tuple[Earlier, RunReport]:
    """Publish an earlier warehouse again, with its exports and site; see :func:`flows.warehouse.earlier.roll_back`."""
    report = RunReport(published=settings.published)
    with _writing(settings):
        was = file_identity(settings.published) if settings.published.exists() else None
        chosen = roll_back(settings, name)
        if settings.next.exists() and file_identity(settings.next) == was:
            # The copy for dbt by hand, of what was gone back from: nothing that anybody built.
            remove_database(settings.next)
        _for_people(settings, report, Stopwatch(report, say))
    return chosen, report


def _build_as_of(
    settings: Settings, as_of: str, report: RunReport, watch: Stopwatch, progress: Callable[[str], None] | None
) -> RunReport:
    from flows.warehouse.dbt import Dbt

    final = settings.warehouse / f"as_of_{as_of}.duckdb"
    part = settings.warehouse / f".as_of_{as_of}.duckdb"
    remove_database(part)
    with building(part):
        with watch.stage("build"):
            with Dbt(settings, part, as_of) as dbt:
                report.built = dbt.build(None, progress)
            if not report.built.success:
                from flows.warehouse.failures import describe_failures

                raise CheckFailed(
                    f"the warehouse as of {as_of} did not pass.\n\n" + describe_failures(report.built, part)
                )
        analyse(settings, part, report, watch)
    usual = {
        e.source + " " + e.edition
        for e in read_catalogue(settings)
        if e.published_basis == "usual" and e.published_on <= as_of
    }
    report.warnings.append(f"{len(usual)} editions rest on the usual month of publication, not a stated day.")
    part.replace(final)
    report.published = final
    return report


def _has_news(settings: Settings) -> bool:
    """A quick guess whether anything will have to be built, to start the slow imports early or not at all."""
    return not settings.published.exists() or not (settings.landing / "ledger.json").exists()


def _remember(settings: Settings, report: RunReport) -> None:
    nodes = report.built.nodes if report.built else []
    slowest = sorted(nodes, key=lambda n: -n.seconds)
    record = {
        "stages": report.stages,
        "seconds": round(report.seconds, 3),
        "slowest": [{"name": n.name, "type": n.type, "seconds": n.seconds} for n in slowest[:20]],
    }
    write_atomically(settings.data / "last_run.json", json.dumps(record, indent=1).encode())


class _Warm:
    """dbt and Great Expectations, each imported in a process of its own while files are being landed."""

    def __init__(self, settings: Settings, database: Path, *, expecting_work: bool) -> None:
        self._settings, self._database = settings, database
        self._dbt: Dbt | None = None
        self._expectations: Worker | None = None
        if expecting_work:
            self.start()

    def start(self) -> None:
        """Begin both imports, each on a processor of its own."""
        _ = self.expectations, self.dbt

    def __enter__(self) -> _Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_dbt()
        if self._expectations is not None:
            self._expectations.close()

    def close_dbt(self) -> None:
        """End dbt's process, which lets go of the database."""
        if self._dbt is not None:
            self._dbt.close()
            self._dbt = None

    @property
    def dbt(self) -> Dbt:
        """dbt, working on the next warehouse."""
        if self._dbt is None:
            from flows.warehouse.dbt import Dbt

            self._dbt = Dbt(self._settings, self._database)
        return self._dbt

    @property
    def expectations(self) -> Worker:
        """Great Expectations."""
        if self._expectations is None:
            from expectations.worker import Worker

            self._expectations = Worker()
        return self._expectations
