"""Files for people, made from what is published: ``report · export · analyse``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import Quiet, check_database, check_date
from flows.cli.shown import progress

verbs = typer.Typer()


@verbs.command()
def report(
    out: Annotated[
        Path | None, typer.Option("--out", help="An empty folder, or one with a site in it. Default: data/report.")
    ] = None,
    database: Annotated[
        Path | None, typer.Option("--database", help="Another warehouse file, e.g. one built --as-of.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write the report site of the published warehouse: pages to open in a browser, from disk."""
    from flows.common.settings import Settings
    from flows.outputs.site import write_site

    check_database(database)
    with progress(quiet, ("report",)) as (say, _):
        built = write_site(Settings(), database, out, say)
    typer.echo(f"{built.pages} pages, {built.bytes / 1e6:.0f} MB: {built.index}")


@verbs.command()
def export(
    out: Annotated[
        Path | None, typer.Option("--out", help="An empty folder, or one with an export in it. Default: data/export.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--format", "-f", help="parquet, csv, xlsx; several with commas. The others stay.")
    ] = "",
    quiet: Quiet = False,
) -> None:
    """Write the published tables as Parquet, CSV (a Frictionless data package) and one Excel workbook."""
    from flows.common.settings import Settings
    from flows.outputs.export import FORMATS
    from flows.outputs.export import export as write

    chosen = [f.strip() for f in formats.split(",") if f.strip()] or list(FORMATS)
    with progress(quiet, ("export",)) as (say, _):
        done = write(Settings(), out, chosen, say)
    typer.echo(f"{len(done.files)} files, {done.bytes / 1e6:.0f} MB: {done.folder}")
    if done.left_out:
        typer.echo(f"Too large for a sheet, in the other formats only: {', '.join(done.left_out)}")
    if done.earlier:
        typer.echo(f"Still of an earlier warehouse: {', '.join(done.earlier)}. `csw export` writes every format anew.")


@verbs.command()
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
    from flows.common.settings import Settings
    from flows.outputs.analyses import analyse as run_again

    check_date(as_of)
    typer.echo(run_again(Settings(), study, framework, window, deflator, basis, as_of, out))
