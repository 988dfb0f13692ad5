"""New editions: ``new-edition``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

verbs = typer.Typer()


@verbs.command("new-edition")
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
    from flows.common.settings import Settings
    from flows.landing.new_edition import new_edition as draft_of
    from flows.landing.new_edition import write_entries

    draft = draft_of(Settings(), source, file, table, edition)
    typer.echo(draft.text())
    if write:
        for path in write_entries(Settings(), draft):
            typer.echo(f"Wrote {path}")
