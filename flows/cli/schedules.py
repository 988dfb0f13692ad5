"""The schedules: ``serve``."""

from __future__ import annotations

from typing import Annotated

import typer

verbs = typer.Typer()


@verbs.command()
def serve(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="Of the Prefect server on this machine.")
    ] = 4200,
) -> None:
    """Keep the warehouse fresh: poll the publishers' servers on schedule, refresh when something is new."""
    from flows.common.settings import Settings
    from flows.schedule.serve import serve as run_schedules

    run_schedules(Settings(), port, typer.echo)
