"""Questions to what is landed and published: ``status · sql · trace · coverage · report-quality · scoreboard``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import check_database

verbs = typer.Typer()


@verbs.command()
def status() -> None:
    """What is landed, what is published, what is due, and what the schedules do."""
    from flows.common.settings import Settings
    from flows.outputs.status import status as state
    from flows.schedule.upcoming import upcoming

    settings = Settings()
    typer.echo(state(settings).text())
    typer.echo("\n" + upcoming(settings).text())


@verbs.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement; schemas: marts, studies, audit.")],
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv or json.")] = "table",
    database: Annotated[
        Path | None, typer.Option("--database", help="Another warehouse file, e.g. one built --as-of.")
    ] = None,
) -> None:
    """Ask the published warehouse, read-only."""
    from flows.common.settings import Settings
    from flows.outputs.query import query
    from flows.warehouse.publish import published_path

    if output not in {"table", "csv", "json"}:
        raise typer.BadParameter("--format is table, csv or json")
    check_database(database)
    typer.echo(query(database or published_path(Settings()), statement, output))  # type: ignore[arg-type]


@verbs.command()
def trace(
    la: Annotated[str, typer.Option("--la", help="DfE three-digit code, e.g. 886.")],
    measure: Annotated[str, typer.Option("--measure", help="Measure id, see marts.dim_measure.")],
    year: Annotated[int, typer.Option("--year", help="Reporting year.")],
) -> None:
    """From a number to the cells, rows and files it rests on."""
    from flows.common.settings import Settings
    from flows.outputs.trace import trace as follow
    from flows.warehouse.publish import open_published

    settings = Settings()
    with open_published(settings) as con:
        typer.echo(follow(settings, con, la, measure, year).text())


@verbs.command()
def coverage(
    out: Annotated[Path | None, typer.Option("--out", help="Write the page here instead of showing it.")] = None,
) -> None:
    """How many authorities have a value, per measure and year, and why the rest do not."""
    from flows.common.settings import Settings
    from flows.outputs.coverage import coverage_page, write_page
    from flows.warehouse.publish import open_published

    with open_published(Settings()) as con:
        page = coverage_page(con)
    if out is None:
        typer.echo(page)
    else:
        write_page(out, page)
        typer.echo(f"Wrote {out}")


@verbs.command()
def comparability(
    out: Annotated[Path | None, typer.Option("--out", help="Write the page here instead of showing it.")] = None,
) -> None:
    """Which series can be compared over time: what each is over, and where it breaks."""
    from flows.common.settings import Settings
    from flows.outputs.comparability import MADE, TITLE, comparability_page
    from flows.outputs.coverage import write_page
    from flows.warehouse.publish import open_published

    with open_published(Settings()) as con:
        page = comparability_page(con)
    if out is None:
        typer.echo(page)
    else:
        write_page(out, page, TITLE, MADE)
        typer.echo(f"Wrote {out}")


@verbs.command("report-quality")
def report_quality(
    exceptions: Annotated[bool, typer.Option("--exceptions", help="List every report behind the figures.")] = False,
) -> None:
    """How well the inspection reports were read: by kind, against Ofsted's tables and against counts made by hand."""
    from flows.common.settings import Settings
    from flows.outputs.query import query
    from flows.warehouse.publish import published_path

    shown = """
        select figure, label, numerator as n, denominator as of, round(100 * share, 2) as pct,
            100 * aim as aim_pct, is_met
        from audit.rpt_report_quality"""
    kinds = """
        select report_kind as kind, framework, document_count as held, read_count as read, placed_count as placed,
            dated_count as dated, overall_given_count as judged, none_given_count as none_given,
            not_read_count as not_read, compared_count as compared, differing_count as differ, silent_count as silently,
            item_count as items
        from audit.rpt_report_kinds
        order by kind, framework"""
    listed = "select figure, file, detail from audit.rpt_report_quality_exceptions order by figure, file"
    database = published_path(Settings())
    for asked in [listed] if exceptions else [kinds, shown]:
        typer.echo(query(database, asked, "table"))


@verbs.command()
def scoreboard(
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv or html.")] = "table",
    study: Annotated[str, typer.Option("--study", help="One study only.")] = "",
) -> None:
    """The printed figures of the papers beside ours, each with a verdict and its reason."""
    from flows.common.settings import Settings
    from flows.outputs.analyses import scoreboard as show

    if output not in {"table", "csv", "html"}:
        raise typer.BadParameter("--format is table, csv or html")
    typer.echo(show(Settings(), output, study))
