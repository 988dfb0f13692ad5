"""The main job: land, gate, build, check, analyse, publish, outputs.

Plain functions, which the command line and Prefect call: in which order the stages come, and what ends the job. What a
stage does is in a module of its own (:mod:`flows.stages`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CheckFailed, CswError
from flows.common.lock import writer
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.landing.quarantine import not_superseded, read_quarantine, release
from flows.landing.under_way import LandingReport
from flows.outputs.data_docs import data_docs_folder
from flows.outputs.export import is_current as exports_are_current
from flows.outputs.site import is_current
from flows.stages.analyse import analyse, study_errors_that_stand
from flows.stages.build import build, try_build
from flows.stages.checks import check, gate, refused_by_gate, try_check
from flows.stages.land import land, published_is_still_there, read_again, stop_without_primaries
from flows.stages.outputs import write_data_docs, write_outputs
from flows.stages.report import RunReport, Say, Stopwatch, say_what_is_held
from flows.stages.warm import Warm
from flows.warehouse.attempts import Attempts, Failure
from flows.warehouse.built import check_build
from flows.warehouse.earlier import Earlier, roll_back
from flows.warehouse.fingerprint import Fingerprint, file_identity, fingerprint
from flows.warehouse.publish import (
    building,
    has_next,
    needed,
    publish,
    published_path,
    remove_database,
    saying_what_stands,
)
from flows.warehouse.restored import know_again

if TYPE_CHECKING:
    from flows.publishers.fetch import FetchReport


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
            land(settings, returns, report, watch, live=live, sources=sources)
            return _build_as_of(settings, as_of, report, watch, progress)
        with Warm(settings, settings.next, expecting_work=_has_news(settings)) as warm:
            land(settings, returns, report, watch, live=live, sources=sources, when_news=warm.start)
            stop_without_primaries(settings, report.fetched)
            _after_landing(settings, report, watch, warm, full, progress)
        write_outputs(settings, report, watch)
    return report


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
    with Warm(settings, settings.next, expecting_work=False) as warm:
        watch = Stopwatch(report, say)
        _after_landing(settings, report, watch, warm, full, None)
    write_outputs(settings, report, watch)
    return report


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
    land(settings, returns, report, Stopwatch(report, say), live=live, sources=sources)
    return report


def is_complete(settings: Settings) -> bool:
    """Whether what is published, exported and shown is made from everything landed."""
    return needed(settings, fingerprint(settings)) == [] and exports_are_current(settings) and is_current(settings)


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
        with building(settings.next), Warm(settings, settings.next, expecting_work=False) as warm:
            build(settings, made_from, changed, report, watch, warm, progress)
    return report


def check_only(settings: Settings, *, docs: bool = False, say: Say = lambda _: None) -> RunReport:
    """Gate and release checks on what there is; see :func:`gate` and :func:`check`."""
    report = RunReport()
    watch = Stopwatch(report, say)
    database = settings.next if has_next(settings) else published_path(settings)
    with Warm(settings, settings.next, expecting_work=False) as warm:
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
    with _writing(settings), Warm(settings, settings.next, expecting_work=False) as warm:
        if not has_next(settings):
            raise CswError("there is no next warehouse to publish. Run `csw build` first.")
        check_build(settings, settings.next)
        check(settings, report, watch, warm)
        analyse(settings, settings.next, report, watch)
        publish(settings)
        write_outputs(settings, report, watch)
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
        write_outputs(settings, report, Stopwatch(report, say))
    return chosen, report


def _after_landing(
    settings: Settings,
    report: RunReport,
    watch: Stopwatch,
    warm: Warm,
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
    published_is_still_there(settings, report)
    if full and read_quarantine(settings):
        release(settings, not_superseded(settings))
        read_again(settings, report)
    if not full and needed(settings, fingerprint(settings)) == []:
        report.nothing_new = True
        report.study_errors = study_errors_that_stand(settings)
        say_what_is_held(settings, report, [])
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
        failed = try_build(settings, made_from, changed, report, watch, warm, progress)
        failed = failed or try_check(settings, report, watch, warm)
        passed.extend([] if failed else [made_from])
        return failed

    attempts = Attempts(settings, attempt, held=lambda: read_again(settings, report))
    attempts.hold(refused_by_gate(settings, report, watch, warm, attempts.said))
    with building(settings.next):
        attempts.until_it_passes()
        say_what_is_held(settings, report, attempts.said)
        if report.nothing_new:
            report.study_errors = study_errors_that_stand(settings)
            remove_database(settings.next)
            return
        analyse(settings, settings.next, report, watch)
        with watch.stage("publish"):
            publish(settings)
    write_data_docs(settings, report, watch, warm)


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


@contextmanager
def _writing(settings: Settings) -> Iterator[None]:
    """The writer's lock, and files of a backup known again."""
    with writer(settings.data):
        know_again(settings)
        with saying_what_stands(settings):
            yield


def _has_news(settings: Settings) -> bool:
    """A quick guess whether anything will have to be built, to start the slow imports early or not at all."""
    return not settings.published.exists() or not (settings.landing / "ledger.json").exists()
