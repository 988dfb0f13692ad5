"""What is kept and whether it is whole: ``quarantine · withdraw · verify``."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.options import Json

verbs = typer.Typer()


@verbs.command()
def quarantine(json: Json = False) -> None:
    """What is held back of what was landed: why, since when, and what mends it."""
    from dataclasses import asdict

    from flows.common.settings import Settings
    from flows.landing.quarantine import describe_quarantine, unseen
    from flows.landing.withdrawn import read_withdrawn
    from flows.outputs.query import as_json

    settings = Settings()
    if json:
        held = [asdict(q) for q in unseen(settings)], [asdict(w) for w in read_withdrawn(settings)]
        typer.echo(as_json(dict(zip(("quarantined", "withdrawn"), held, strict=True))))
        return
    typer.echo(describe_quarantine(settings))


@verbs.command()
def withdraw(
    what: Annotated[str, typer.Argument(help="A file (name, path or sha256), or a publication, e.g. dfe_cin.")],
    edition: Annotated[str, typer.Argument(help="Of a publication: the edition, e.g. 2022 or 2022-r2.")] = "",
    table: Annotated[str, typer.Argument(help="One table of it. Default: every table.")] = "",
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why; it is kept.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take it into use again.")] = False,
) -> None:
    """Take a landed table or an archived document out of use; the next run builds without it. The bytes stay."""
    from flows.common.lock import writer
    from flows.common.settings import Settings
    from flows.landing.withdrawal import withdraw as take_out

    settings = Settings()
    if not undo and not reason.strip():
        raise typer.BadParameter("say why with --reason: it is kept with what is withdrawn")
    with writer(settings.data):
        lines = take_out(settings, what, edition, table, reason=reason, undo=undo)
    done = "in use again" if undo else "withdrawn"
    for w in lines:
        place = "" if w.is_document else f" {w.table_name or 'every table'} {w.edition}"
        typer.echo(f"{done}: {w.source}{place} ({w.file})")
    typer.echo("The next run builds accordingly.")


@verbs.command()
def verify() -> None:
    """Read everything that is kept and compare its hashes: archive, landing, the published file, the exports."""
    from flows.common.lock import writer
    from flows.common.settings import Settings
    from flows.warehouse.verify import forget_what_was_whole
    from flows.warehouse.verify import verify as verify_all

    settings = Settings()
    # What a run is writing is not yet what it will be.
    with writer(settings.data):
        found = verify_all(settings)
        if not found.ok:
            forget_what_was_whole(settings)
    typer.echo(found.text())
    if not found.ok:
        raise typer.Exit(1)
