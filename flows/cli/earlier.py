"""Going back: ``rollback``."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Quiet
from flows.cli.shown import progress, show_unwritten
from flows.common.tables import text_table

verbs = typer.Typer()


@verbs.command()
def rollback(
    to: Annotated[str, typer.Option("--to", help="Which one, as --list names it. Default: the one before.")] = "",
    list_: Annotated[bool, typer.Option("--list", help="Show what can be gone back to; change nothing.")] = False,
    quiet: Quiet = False,
) -> None:
    """Publish an earlier warehouse again, with its results, exports and site; the last three are kept."""
    from flows.common.settings import Settings
    from flows.run import roll_back_to
    from flows.warehouse.earlier import earlier

    settings = Settings()
    if list_:
        held = earlier(settings)
        rows = [[e.name, f"{e.bytes / 1e6:.0f}", e.build.text() if e.build else "by an earlier version"] for e in held]
        if held:
            typer.echo(text_table(("warehouse", "MB", "what it is"), rows, right=("MB",), fit=True))
        else:
            typer.echo("There is no earlier warehouse yet: one is kept whenever another is published.")
        return
    with progress(quiet) as (say, _):
        chosen, report = roll_back_to(settings, to, say)
    typer.echo(f"Published again: {chosen.build.text() if chosen.build else chosen.name}.")
    typer.echo("A run leaves it so until something has changed; `csw run --full` publishes what is landed now.")
    show_unwritten(report)
    if report.unwritten:
        raise typer.Exit(1)
