"""The main job and its parts: ``run · land · build · check · publish``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import Archive, AsOf, Live, Quiet, Returns, Source, check_date, only_archive, only_live
from flows.cli.shown import progress, show_fetch, show_landing, show_run, show_unwritten

if TYPE_CHECKING:
    from flows.common.settings import Settings

verbs = typer.Typer()


@verbs.command()
def run(
    returns: Returns = None,
    live: Live = False,
    source: Source = None,
    as_of: AsOf = "",
    full: Annotated[bool, typer.Option("--full", help="Build everything, also where nothing changed.")] = False,
    archive: Archive = False,
    quiet: Quiet = False,
) -> None:
    """Land, check, build, check again, publish."""
    from flows.common.lock import writer
    from flows.common.settings import Settings
    from flows.run import run as run_all

    settings = Settings()
    check_date(as_of)
    only_live(live, source)
    only_archive(archive, live, returns)
    with writer(settings.data):
        folder = None if archive else returns if live else _returns_or_sample(settings, returns, quiet)
        if folder is not None or archive:
            _keep_apart(settings, folder)
        with progress(quiet) as (say, each):
            report = run_all(
                settings, folder, live=live, sources=source, as_of=as_of, full=full, say=say, progress=each
            )
    show_fetch(report.fetched, quiet)
    show_landing(report.landing, quiet, is_live=live)
    show_run(report, quiet)
    refused = (report.landing and report.landing.refused) or (report.fetched and report.fetched.failed)
    if report.withheld or report.unwritten or refused or report.study_errors:
        raise typer.Exit(1)


@verbs.command()
def land(
    returns: Returns = None,
    live: Live = False,
    source: Source = None,
    archive: Archive = False,
    quiet: Quiet = False,
) -> None:
    """Archive and land files, read the reports among them; build nothing."""
    from flows.common.lock import writer
    from flows.common.settings import Settings
    from flows.run import fetch_and_land

    settings = Settings()
    only_live(live, source)
    only_archive(archive, live, returns)
    with writer(settings.data), progress(quiet, ("land", "read reports")) as (say, _):
        folder = None if archive else returns if live else _returns_or_sample(settings, returns, quiet)
        if folder is not None or archive:
            _keep_apart(settings, folder)
        report = fetch_and_land(settings, folder, live=live, sources=source, say=say)
    show_fetch(report.fetched, quiet)
    show_landing(report.landing, quiet, is_live=live)
    if report.reports and report.reports.reports and not quiet:
        typer.echo(report.reports.text())
    if (report.landing and report.landing.refused) or (report.fetched and report.fetched.failed):
        raise typer.Exit(1)


@verbs.command()
def build(as_of: AsOf = "", full: Annotated[bool, typer.Option("--full")] = False, quiet: Quiet = False) -> None:
    """Build the next warehouse from what is landed, with every test of data; publish nothing."""
    from flows.common.settings import Settings
    from flows.run import build_only

    check_date(as_of)
    with progress(quiet, ("build",)) as (say, each):
        report = build_only(Settings(), as_of=as_of, full=full, say=say, progress=each)
    show_run(report, quiet)


@verbs.command()
def check(
    docs: Annotated[
        bool, typer.Option("--docs", help="Write Great Expectations Data Docs to the report folder.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Check what is landed (the gate) and the next warehouse, or the published one where none is next."""
    from flows.common.settings import Settings
    from flows.run import check_only

    with progress(quiet, ("gate", "check")) as (say, _):
        report = check_only(Settings(), docs=docs, say=say)
    show_run(report, quiet)


@verbs.command()
def publish() -> None:
    """Check the next warehouse and put it in the place of the published one."""
    from flows.common.settings import Settings
    from flows.run import publish_only

    settings = Settings()
    report = publish_only(settings)
    typer.echo(f"Published {settings.published}")
    show_unwritten(report)
    if report.unwritten:
        raise typer.Exit(1)


def _returns_or_sample(settings: Settings, returns: Path | None, quiet: bool) -> Path:
    from flows.sample.bundled import sample_folder

    if returns is not None:
        return returns
    folder = sample_folder(settings)
    if not quiet:
        typer.echo(f"No --returns given: using the bundled synthetic sample ({folder}). No figure in it is real.")
    return folder


def _keep_apart(settings: Settings, folder: Path | None) -> None:
    from flows.sample.bundled import keep_apart, mark_again

    if folder is None:
        mark_again(settings)
        return
    done = keep_apart(settings, folder)
    if done:
        typer.echo(done)
