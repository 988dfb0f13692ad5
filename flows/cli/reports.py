"""``csw reports``: inspection reports that reading alone cannot place, and what people say of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

reports = typer.Typer(
    name="reports", help="Inspection reports: those that could not be placed, and whose they are.", no_args_is_help=True
)


@reports.command("open")
def open_() -> None:
    """Reports of no known authority or without a day of publication, and files that were refused; with the reason."""
    from flows.common.settings import Settings
    from flows.documents.archived import open_reports

    found = open_reports(Settings())
    for file, sha256, why in found:
        typer.echo(f"{sha256[:12]}  {file}: {why}")
    if not found:
        typer.echo("Every report is read, placed and dated.")


@reports.command()
def place(
    file: Annotated[str, typer.Argument(help="The report's file: its name, the beginning of its hash, or its path.")],
    authority: Annotated[str, typer.Argument(help="Three-digit code or name of the authority.")] = "",
    published: Annotated[
        datetime | None, typer.Option("--published", formats=["%Y-%m-%d"], help="Day of publication.")
    ] = None,
) -> None:
    """Say whose a report is, or when it was published; the next run takes it up."""
    from flows.common.lock import writer
    from flows.common.settings import Settings
    from flows.documents.placements import place_report

    settings = Settings()
    with writer(settings.data):
        placed = place_report(settings, file, authority, published.date() if published else None)
    whose = f"authority {placed.la_code}" if placed.la_code else "its authority as read"
    day = f", published on {placed.published_on}" if placed.published_on else ""
    typer.echo(f"{placed.file}: {whose}{day}. Run `csw run` to take it up.")
