"""``csw``: every verb is a thin call of a plain function. Exit codes: 0 fine, 1 a check failed, 2 usage."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli_coding import coding

if TYPE_CHECKING:
    from flows.landing import LandingReport
    from flows.live import FetchReport
    from flows.run import RunReport

app = typer.Typer(
    name="csw",
    help="England's children's-services returns and Ofsted inspections as inspection-centred marts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(coding)

Returns = Annotated[
    Path | None,
    typer.Option("--returns", help="A folder of publishers' files. Default: the bundled synthetic sample."),
]
Live = Annotated[
    bool,
    typer.Option("--live", help="Fetch from the publishers' servers; --returns then gives what has none."),
]
Source = Annotated[
    list[str] | None,
    typer.Option("--source", help="With --live: ask only for this publication, e.g. dfe_cin; may be given again."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
AsOf = Annotated[
    str, typer.Option("--as-of", help="Build what was known on this date (YYYY-MM-DD), in a file of its own.")
]


def main() -> None:
    """Entry point: expected errors become one message and an exit code."""
    from flows.errors import CswError

    try:
        # Not standalone: the library hands the exit code back instead of ending the process.
        sys.exit(app(standalone_mode=False) or 0)
    except CswError as exc:
        typer.echo(f"\ncsw: {exc}", err=True)
        sys.exit(1)
    except typer.Abort:
        sys.exit(1)
    except Exception as exc:
        # Usage errors of the command-line library, whichever copy of it typer carries.
        show = getattr(exc, "show", None)
        if show is None:
            raise
        show()
        sys.exit(2)


@app.command()
def run(
    returns: Returns = None,
    live: Live = False,
    source: Source = None,
    as_of: AsOf = "",
    full: Annotated[bool, typer.Option("--full", help="Build everything, also where nothing changed.")] = False,
    quiet: Quiet = False,
) -> None:
    """Land, check, build, check again, publish."""
    from flows.run import run as run_all
    from flows.settings import Settings

    settings = Settings()
    _check_date(as_of)
    _only_live(live, source)
    folder = returns if live else _returns_or_sample(settings, returns, quiet)
    if folder is not None:
        _keep_apart(settings, folder)
    with _progress(quiet) as (say, progress):
        report = run_all(
            settings, folder, live=live, sources=source, as_of=as_of, full=full, say=say, progress=progress
        )
    _show_fetch(report.fetched, quiet)
    _show_landing(report.landing, quiet)
    _show_run(report, quiet)
    if report.withheld or (report.landing and report.landing.refused) or (report.fetched and report.fetched.failed):
        raise typer.Exit(1)


@app.command()
def land(returns: Returns = None, live: Live = False, source: Source = None, quiet: Quiet = False) -> None:
    """Archive and land files, read the reports among them; build nothing."""
    from flows.lock import writer
    from flows.run import fetch_and_land
    from flows.settings import Settings

    settings = Settings()
    _only_live(live, source)
    folder = returns if live else _returns_or_sample(settings, returns, quiet)
    if folder is not None:
        _keep_apart(settings, folder)
    with writer(settings.data), _progress(quiet) as (say, _):
        say = say if live else (lambda _: None)
        report = fetch_and_land(settings, folder, live=live, sources=source, say=say)
    _show_fetch(report.fetched, quiet)
    _show_landing(report.landing, quiet)
    if report.reports and report.reports.reports and not quiet:
        typer.echo(report.reports.text())
    if (report.landing and report.landing.refused) or (report.fetched and report.fetched.failed):
        raise typer.Exit(1)


@app.command()
def build(as_of: AsOf = "", full: Annotated[bool, typer.Option("--full")] = False, quiet: Quiet = False) -> None:
    """Build the next warehouse from what is landed, with every dbt test; publish nothing."""
    from flows.run import build_only
    from flows.settings import Settings

    _check_date(as_of)
    with _progress(quiet) as (say, progress):
        report = build_only(Settings(), as_of=as_of, full=full, say=say, progress=progress)
    _show_run(report, quiet)


@app.command()
def check(
    docs: Annotated[
        bool, typer.Option("--docs", help="Write Great Expectations Data Docs to the report folder.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Check what is landed (the gate) and the next warehouse, or the published one where none is next."""
    from flows.run import check_only
    from flows.settings import Settings

    with _progress(quiet) as (say, _):
        report = check_only(Settings(), docs=docs, say=say)
    _show_run(report, quiet)


@app.command()
def publish() -> None:
    """Check the next warehouse and put it in the place of the published one."""
    from flows.run import publish_only
    from flows.settings import Settings

    settings = Settings()
    publish_only(settings)
    typer.echo(f"Published {settings.published}")


@app.command()
def status() -> None:
    """What is landed, what is published, what is due."""
    from flows.settings import Settings
    from flows.status import status as state

    typer.echo(state(Settings()).text())


@app.command()
def serve(
    port: Annotated[int, typer.Option("--port", help="Of the Prefect server on this machine.")] = 4200,
) -> None:
    """Keep the warehouse fresh: poll the publishers' servers on schedule, refresh when something is new."""
    from flows.serve import serve as run_schedules
    from flows.settings import Settings

    run_schedules(Settings(), port, typer.echo)


@app.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement; schemas: marts, studies, audit.")],
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv or json.")] = "table",
    database: Annotated[
        Path | None, typer.Option("--database", help="Another warehouse file, e.g. one built --as-of.")
    ] = None,
) -> None:
    """Ask the published warehouse, read-only."""
    from flows.query import query
    from flows.settings import Settings
    from flows.warehouse import published_path

    if output not in {"table", "csv", "json"}:
        raise typer.BadParameter("--format is table, csv or json")
    typer.echo(query(database or published_path(Settings()), statement, output))  # type: ignore[arg-type]


@app.command()
def trace(
    la: Annotated[str, typer.Option("--la", help="DfE three-digit code, e.g. 886.")],
    measure: Annotated[str, typer.Option("--measure", help="Measure id, see marts.dim_measure.")],
    year: Annotated[int, typer.Option("--year", help="Reporting year.")],
) -> None:
    """From a number to the cells, rows and files it rests on."""
    from flows.settings import Settings
    from flows.trace import trace as follow
    from flows.warehouse import open_published

    settings = Settings()
    with open_published(settings) as con:
        typer.echo(follow(settings, con, la, measure, year).text())


@app.command()
def coverage(
    out: Annotated[Path | None, typer.Option("--out", help="Write the page here instead of showing it.")] = None,
) -> None:
    """How many authorities have a value, per measure and year, and why the rest do not."""
    from flows.coverage import coverage_page
    from flows.settings import Settings
    from flows.warehouse import open_published

    with open_published(Settings()) as con:
        page = coverage_page(con)
    if out is None:
        typer.echo(page)
    else:
        out.write_text(page, encoding="utf-8")
        typer.echo(f"Wrote {out}")


@app.command("report-quality")
def report_quality(
    exceptions: Annotated[bool, typer.Option("--exceptions", help="List every report behind the figures.")] = False,
) -> None:
    """How well the inspection reports were read: against Ofsted's tables and against counts made by hand."""
    from flows.query import query
    from flows.settings import Settings
    from flows.warehouse import published_path

    shown = """
        select figure, label, numerator as n, denominator as of, round(100 * share, 2) as pct,
            100 * aim as aim_pct, is_met
        from audit.rpt_report_quality"""
    listed = "select figure, file, detail from audit.rpt_report_quality_exceptions order by figure, file"
    typer.echo(query(published_path(Settings()), listed if exceptions else shown, "table"))


@app.command()
def report(
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the site. Default: data/report.")] = None,
    database: Annotated[
        Path | None, typer.Option("--database", help="Another warehouse file, e.g. one built --as-of.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write the report site of the published warehouse: pages to open in a browser, from disk."""
    from flows.settings import Settings
    from flows.site import write_site

    with _progress(quiet) as (say, _):
        built = write_site(Settings(), database, out, say)
    typer.echo(f"{built.pages} pages, {built.bytes / 1e6:.0f} MB: {built.index}")


@app.command()
def export(
    out: Annotated[Path | None, typer.Option("--out", help="Folder, replaced whole. Default: data/export.")] = None,
    formats: Annotated[str, typer.Option("--format", "-f", help="parquet, csv, xlsx; several with commas.")] = "",
) -> None:
    """Write the published tables as Parquet, CSV (a Frictionless data package) and one Excel workbook."""
    from flows.export import FORMATS
    from flows.export import export as write
    from flows.settings import Settings

    chosen = [f.strip() for f in formats.split(",") if f.strip()] or list(FORMATS)
    done = write(Settings(), out, chosen)
    typer.echo(f"{len(done.files)} files, {done.bytes / 1e6:.0f} MB: {done.folder}")
    if done.left_out:
        typer.echo(f"Too large for a sheet, in the other formats only: {', '.join(done.left_out)}")


@app.command("new-edition")
def new_edition(
    source: Annotated[str, typer.Argument(help="The publication, e.g. dfe_cin.")],
    file: Annotated[Path, typer.Argument(help="The new edition's file.")],
    table: Annotated[str, typer.Option("--table", help="The table it is, where its name does not tell.")] = "",
    edition: Annotated[str, typer.Option("--edition", help="What to call the edition.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Put the edition and the mapped columns into the project.")
    ] = False,
) -> None:
    """What a new edition changes, and the entries that would take it in."""
    from flows.new_edition import new_edition as draft_of
    from flows.new_edition import write_entries
    from flows.settings import Settings

    draft = draft_of(Settings(), source, file, table, edition)
    typer.echo(draft.text())
    if write:
        for path in write_entries(Settings(), draft):
            typer.echo(f"Wrote {path}")


@app.command()
def analyse(
    study: Annotated[str, typer.Argument(help="A study, or all.")] = "all",
    framework: Annotated[str, typer.Option("--framework", help="Inspections of another framework, e.g. ilacs.")] = "",
    window: Annotated[str, typer.Option("--window", help="Event years (-3:3) or dates (2014-01-01:2016-04-15).")] = "",
    deflator: Annotated[str, typer.Option("--deflator", help="gdp, rpi or cpih.")] = "",
    basis: Annotated[str, typer.Option("--basis", help="Year of an inspection by its publication or inspection.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", help="On the warehouse that `csw run --as-of DATE` built.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the results. Default: data/analyses/….")] = None,
) -> None:
    """Run a study again, with other choices if wanted; writes files of its own, never the published warehouse."""
    from flows.analyses import analyse as run_again
    from flows.settings import Settings

    _check_date(as_of)
    typer.echo(run_again(Settings(), study, framework, window, deflator, basis, as_of, out))


@app.command()
def scoreboard(
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv or html.")] = "table",
    study: Annotated[str, typer.Option("--study", help="One study only.")] = "",
) -> None:
    """The printed figures of the papers beside ours, each with a verdict and its reason."""
    from flows.analyses import scoreboard as show
    from flows.settings import Settings

    if output not in {"table", "csv", "html"}:
        raise typer.BadParameter("--format is table, csv or html")
    typer.echo(show(Settings(), output, study))


def _only_live(live: bool, sources: list[str] | None) -> None:
    if sources and not live:
        raise typer.BadParameter("--source says what to ask the servers for; give --live, too")


def _check_date(text: str) -> None:
    from datetime import date

    try:
        if text:
            date.fromisoformat(text)
    except ValueError as exc:
        raise typer.BadParameter(f"--as-of {text}: give a date as YYYY-MM-DD") from exc


def _returns_or_sample(settings: object, returns: Path | None, quiet: bool) -> Path:
    from flows.settings import Settings

    assert isinstance(settings, Settings)
    if returns is not None:
        return returns
    from flows.bundled import sample_folder

    folder = sample_folder(settings)
    if not quiet:
        typer.echo(f"No --returns given: using the bundled synthetic sample ({folder}). No figure in it is real.")
    return folder


def _keep_apart(settings: object, folder: Path) -> None:
    from flows.bundled import keep_apart
    from flows.lock import writer
    from flows.settings import Settings

    assert isinstance(settings, Settings)
    with writer(settings.data):
        done = keep_apart(settings, folder)
    if done:
        typer.echo(done)


@contextmanager
def _progress(quiet: bool) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """How long work is shown: a live line on a terminal, a line per stage elsewhere, nothing when quiet."""
    if quiet:
        yield (lambda _: None), (lambda _: None)
        return
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield (lambda s: typer.echo(s, err=True)), (lambda _: None)
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as line:
        done = 0

        def say(text: str) -> None:
            console.print(text, highlight=False)
            line.update(text)

        def progress(name: str) -> None:
            nonlocal done
            done += 1
            line.update(f"{done} · {name}")

        yield say, progress


def _show_fetch(report: FetchReport | None, quiet: bool) -> None:
    if report is None:
        return
    for source, reason in report.failed.items():
        typer.echo(f"not fetched, what is held stays: {source}:\n  {reason}", err=True)
    if not quiet:
        typer.echo(report.text())


def _show_landing(report: LandingReport | None, quiet: bool) -> None:
    if report is None:
        return
    for refusal in report.refused:
        typer.echo(f"refused: {refusal}", err=True)
    for flag in report.flagged:
        typer.echo(f"flagged: {flag}", err=True)
    if quiet:
        return
    typer.echo(
        f"Landed {len(report.landed)} tables of {len({(x.source, x.edition) for x in report.landed})} editions; "
        f"{report.documents} documents archived; {report.unchanged} files unchanged; "
        f"{len(report.duplicates)} duplicates; {len(report.refused)} refused; "
        f"{len(report.unrecognised)} not recognised."
    )
    for path in report.unrecognised:
        typer.echo(f"  not recognised: {path}")
    for path, first in report.duplicates:
        typer.echo(f"  same content: {path} = {first}")
    if report.missing:
        typer.echo(
            f"  not delivered: {len(report.missing)} tables of known editions ({', '.join(report.missing[:3])} …)"
        )


def _show_run(report: RunReport, quiet: bool) -> None:
    if report.withheld:
        typer.echo("withheld, the rest went on without:\n" + report.withheld, err=True)
    if quiet:
        return
    if report.reports is not None and report.reports.reports:
        typer.echo(report.reports.text())
    for warning in report.warnings:
        typer.echo(f"warning: {warning}")
    if report.nothing_new:
        typer.echo(f"Nothing new; {report.published} is up to date.")
        _show_site(report)
        return
    typer.echo("  ".join(f"{k} {v:.1f}s" for k, v in report.stages.items()) + f"  in all {report.seconds:.1f}s")
    if report.built is not None:
        tests = sum(n.type in {"test", "unit_test"} for n in report.built.nodes)
        typer.echo(f"{len(report.built.nodes) - tests} models and seeds built, {tests} tests passed.")
    if report.published:
        typer.echo(f"Published {report.published}")
    _show_site(report)


def _show_site(report: RunReport) -> None:
    if report.site is not None:
        typer.echo(f"To look at: {report.site}")


if __name__ == "__main__":
    main()
