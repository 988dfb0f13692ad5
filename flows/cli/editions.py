"""New editions: ``new-edition``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

verbs = typer.Typer()


@verbs.command("new-edition")
def new_edition(
    path: Annotated[Path, typer.Argument(help="The new edition's file, or the folder or zip of its files.")],
    source: Annotated[str, typer.Option("--source", help="The publication, where the files do not tell.")] = "",
    table: Annotated[str, typer.Option("--table", help="The table it is, where its name does not tell.")] = "",
    edition: Annotated[str, typer.Option("--edition", help="What to call the edition.")] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Put the edition, its columns and labels into the project.")
    ] = False,
) -> None:
    """What a new edition changes, and the entries that would take it in."""
    from flows.common.errors import WrongArgument
    from flows.common.settings import Settings
    from flows.landing.arrivals import files_of
    from flows.landing.entries import write_entries
    from flows.landing.new_edition import new_edition as draft_of
    from flows.landing.new_edition import new_editions

    settings = Settings()

    def say(text: str) -> None:
        typer.echo(text, err=True)

    with tempfile.TemporaryDirectory() as folder:
        files = [a.path for a in files_of(path, Path(folder))]
        if not files:
            raise WrongArgument(f"{path} holds no table. Give its .csv, .xlsx, .xls, .ods or .parquet files.")
        if table:
            drafts = [draft_of(settings, source, f, table, edition) for f in files]
        else:
            drafts = new_editions(settings, files, source=source, edition=edition, say=say)
    for draft in drafts:
        if draft.changes_nothing:
            typer.echo(f"{draft.source} {draft.table}: edition {draft.edition} is read as it stands.")
        else:
            typer.echo(draft.text())
    if write:
        for changed in sorted({p for draft in drafts for p in write_entries(settings, draft)}):
            typer.echo(f"Wrote {changed}")
    if not drafts:
        raise typer.Exit(1)
