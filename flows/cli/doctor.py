"""Looking after an installation: ``doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

verbs = typer.Typer()


@verbs.command()
def doctor(
    live: Annotated[
        bool, typer.Option("--live", help="Ask the publishers' servers, too: one cheap question per kind of call.")
    ] = False,
) -> None:
    """Look at set-up, data folder, space and schedules, and say what does not fit; exit code 1 then."""
    from flows.common.findings import verdict
    from flows.common.settings import Settings
    from flows.schedule.doctor import examine

    found = examine(Settings(), live=live)
    for finding in found:
        typer.echo(finding.text())
    typer.echo(f"\n{verdict(found)}")
    if any(f.is_fine is False for f in found):
        raise typer.Exit(1)
