"""Options that several verbs of ``csw`` share, and what is refused of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Returns = Annotated[
    Path | None,
    typer.Option("--returns", help="A folder of publishers' files. Default: the bundled synthetic sample."),
]
Live = Annotated[
    bool,
    typer.Option("--live", help="Fetch from the publishers' servers; --returns then gives what has none."),
]
Source = Annotated[
    list[str] | None,
    typer.Option("--source", help="With --live: ask only for this publication, e.g. dfe_cin; may be given again."),
]
Archive = Annotated[
    bool, typer.Option("--archive", help="Land nothing new: what the archive holds, e.g. after a restore.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON, for other programs.")]
Authority = Annotated[str, typer.Option("--la", help='DfE three-digit code or name, e.g. 886, kent or "n yorks".')]
AsOf = Annotated[
    str, typer.Option("--as-of", help="Build what was known on this date (YYYY-MM-DD), in a file of its own.")
]


def only_live(live: bool, sources: list[str] | None) -> None:
    if sources and not live:
        raise typer.BadParameter("--source says what to ask the servers for; give --live, too")


def only_archive(archive: bool, live: bool, returns: Path | None) -> None:
    if archive and (live or returns is not None):
        raise typer.BadParameter("--archive lands nothing new; leave out --live and --returns")


def check_date(text: str) -> None:
    from datetime import date

    try:
        if text:
            date.fromisoformat(text)
    except ValueError as exc:
        raise typer.BadParameter(f"--as-of {text}: give a date as YYYY-MM-DD") from exc


def check_database(path: Path | None) -> None:
    """See that a file that was asked for is a warehouse."""
    from flows.common.errors import CswError, WrongArgument
    from flows.warehouse.publish import check_warehouse

    try:
        if path is not None:
            check_warehouse(path)
    except CswError as exc:
        raise WrongArgument(f"--database {exc}") from exc
