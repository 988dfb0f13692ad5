"""``csw``: every verb is a thin call of a plain function. Exit codes: 0 fine, 1 a check failed, 2 usage."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows import __version__
from flows.cli import editions, files, questions, runs, schedules
from flows.cli.coding import coding

app = typer.Typer(
    name="csw",
    help="England's children's-services returns and Ofsted inspections as inspection-centred marts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (runs, questions, files, editions, schedules):
    app.add_typer(group.verbs)
app.add_typer(coding)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"csw {__version__}")
        raise typer.Exit


@app.callback()
def _all_verbs(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """England's children's-services returns and Ofsted inspections as inspection-centred marts."""


def main() -> None:
    """Entry point: expected errors become one message and an exit code."""
    from flows.common.errors import CswError, disk_refusal

    try:
        # Not standalone: the library hands the exit code back instead of ending the process.
        sys.exit(app(standalone_mode=False) or 0)
    except CswError as exc:
        typer.echo(f"\ncsw: {exc}", err=True)
        sys.exit(1)
    except typer.Abort:
        sys.exit(1)
    except OSError as exc:
        said = disk_refusal(exc)
        if not said:
            raise
        typer.echo(f"\ncsw: {said}", err=True)
        sys.exit(1)
    except Exception as exc:
        # Usage errors of the command-line library, whichever copy of it typer carries.
        show = getattr(exc, "show", None)
        if show is None:
            raise
        show()
        sys.exit(2)
