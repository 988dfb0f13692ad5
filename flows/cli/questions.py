"""Questions to what is landed and published: ``status · sql · compare · trace · coverage · report-quality ·
scoreboard``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Authority, Json, check_database

verbs = typer.Typer()


@verbs.command()
def status(json: Json = False) -> None:
    """What is landed, what is published, what is due, and what the schedules do."""
    from dataclasses import asdict

    from flows.common.settings import Settings
    from flows.outputs.query import as_json
    from flows.outputs.status import status as state
    from flows.schedule.upcoming import upcoming

    settings = Settings()
    if json:
        typer.echo(as_json(asdict(state(settings)) | {"schedules": asdict(upcoming(settings))}))
        return
    typer.echo(state(settings).text())
    typer.echo("\n" + upcoming(settings).text())


@verbs.command()
def sql(
    statement: Annotated[str, typer.Argument(help="One SQL statement; schemas: marts, studies, audit.")],
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv or json.")] = "table",
    every: Annotated[
        bool,
        typer.Option(
            "--all", "-a", help="Every row and column of a table, which a screen else cuts; a pipe always gets all."
        ),
    ] = False,
    database: Annotated[
        Path | None, typer.Option("--database", help="Another warehouse file, e.g. one built --as-of.")
    ] = None,
) -> None:
    """Ask the published warehouse, read-only."""
    from flows.common.settings import Settings
    from flows.outputs.query import query
    from flows.outputs.relations import accepted_values
    from flows.warehouse.publish import published_path

    if output not in {"table", "csv", "json"}:
        raise typer.BadParameter("--format is table, csv or json")
    check_database(database)
    settings = Settings()
    path, accepted = database or published_path(settings), accepted_values(settings.root)
    # A pipe or a file has no edge to cut at.
    every = every or not sys.stdout.isatty()
    typer.echo(query(path, statement, output, every, accepted))  # type: ignore[arg-type]


@verbs.command()
def compare(
    la: Annotated[str, typer.Argument(help='Authority: DfE three-digit code or name, e.g. 886, kent or "n yorks".')],
    measures: Annotated[
        list[str] | None, typer.Argument(help="Measures: ids, or words of a label. Default: the key measures.")
    ] = None,
    year: Annotated[int | None, typer.Option("--year", help="Reporting year. Default: the newest of each.")] = None,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv or json.")] = "table",
    json: Json = False,
) -> None:
    """An authority beside England, its region and its statistical neighbours: rank, quartile and change."""
    from flows.common.settings import Settings
    from flows.outputs.compare import as_table
    from flows.outputs.compare import compare as side_by_side
    from flows.outputs.query import as_csv, as_json
    from flows.warehouse.publish import open_published

    if output not in {"table", "csv", "json"}:
        raise typer.BadParameter("--format is table, csv or json")
    with open_published(Settings()) as con:
        rows = side_by_side(con, la, measures or [], year)
    if json or output == "json":
        typer.echo(as_json(rows))
    elif output == "csv":
        typer.echo(as_csv([*rows[0]], [[*r.values()] for r in rows]))
    else:
        typer.echo(as_table(rows))


@verbs.command()
def trace(
    la: Authority,
    measure: Annotated[str, typer.Option("--measure", help="Measure: id, or words of its label.")],
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
    json: Json = False,
) -> None:
    """How many authorities have a value, per measure and year, and why the rest do not."""
    from flows.common.settings import Settings
    from flows.outputs.coverage import coverage_page, coverage_rows, write_page
    from flows.outputs.lock import see_that_it_is_no_input
    from flows.outputs.query import as_json
    from flows.warehouse.publish import open_published

    if json and out is not None:
        raise typer.BadParameter("--out writes the page; --json shows rows")
    settings = Settings()
    if out is not None:
        see_that_it_is_no_input(settings, out)
    with open_published(settings) as con:
        if json:
            typer.echo(as_json(coverage_rows(con)))
            return
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
    from flows.outputs.lock import see_that_it_is_no_input
    from flows.warehouse.publish import open_published

    settings = Settings()
    if out is not None:
        see_that_it_is_no_input(settings, out)
    with open_published(settings) as con:
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
    from flows.outputs.query import rows_as_table
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
    typer.echo("\n\n".join(rows_as_table(database, asked) for asked in ([listed] if exceptions else [kinds, shown])))


@verbs.command()
def scoreboard(
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, html or json.")] = "table",
    json: Json = False,
    study: Annotated[str, typer.Option("--study", help="One study only.")] = "",
) -> None:
    """The printed figures of the papers beside ours, each with a verdict and its reason."""
    from flows.common.settings import Settings
    from flows.outputs.analyses import scoreboard as show

    if output not in {"table", "csv", "html", "json"}:
        raise typer.BadParameter("--format is table, csv, html or json")
    typer.echo(show(Settings(), "json" if json else output, study))
