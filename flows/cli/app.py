"""``csw``: every verb is a thin call of a plain function. Exit codes: 0 fine, 1 a check failed, 2 usage."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from flows import __version__
from flows.cli import doctor, earlier, editions, files, keeping, questions, runs, schedules
from flows.cli.coding import coding
from flows.cli.reports import reports

app = typer.Typer(
    name="csw",
    help="England's children's-services returns and Ofsted inspections as inspection-centred marts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for group in (runs, questions, files, keeping, editions, earlier, schedules, doctor):
    app.add_typer(group.verbs)
app.add_typer(coding)
app.add_typer(reports)

#: What is said where a warehouse has not what one of our own questions asks for.
EARLIER = (
    "the warehouse lacks what this asks for: {}. An earlier version built it; `csw run` (for a date "
    "`csw run --as-of DATE`) builds it again from what is landed."
)
#: What is said where a process that works for this one could not be started, or was ended.
NO_PROCESS = (
    "a process that works for this one was ended, or could not be started: the machine gives no more processes, or no "
    "more memory. End what else runs on it, and run again."
)
#: Signals that ask a command to end: Ctrl-C, a service manager, a terminal that is closed.
ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


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


def _make_ready() -> None:
    """Streams that take any text, and signals that end a command in words."""
    # Started without (a service, a scheduler that closes them): nobody reads what is said.
    sys.stdout, sys.stderr = (s or open(os.devnull, "w") for s in (sys.stdout, sys.stderr))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # What a terminal's letters lack is written as an escape: no answer ends for want of an arrow or an accent.
        with suppress(AttributeError, ValueError):
            getattr(stream, "reconfigure")(errors="backslashreplace")  # noqa: B009  (a stream that was put there may have none)
    for name in ENDING:
        with suppress(AttributeError, ValueError):
            signal.signal(getattr(signal, name), _stop)


def main() -> None:
    """Entry point: expected errors become one message and an exit code."""
    from flows.common.errors import CswError, Stopped, WrongArgument, disk_refusal

    _make_ready()
    try:
        _see_that_it_is_text(sys.argv[1:])
        # Not standalone: the library hands the exit code back instead of ending the process.
        code = app(standalone_mode=False) or 0
        sys.stdout.flush()
        sys.exit(code)
    except WrongArgument as exc:
        _say(exc, str(exc))
        sys.exit(2)
    except CswError as exc:
        _say(exc, str(exc))
        sys.exit(1)
    except Stopped as exc:
        _say(exc, f"stopped ({exc.name}).")
        sys.exit(128 + getattr(signal, exc.name))
    except typer.Abort:
        sys.exit(1)
    except (ConnectionError, SystemExit) as exc:
        # The command-line library takes every broken pipe for one of standard output, and ends in silence.
        broken = exc.__context__ if isinstance(exc, SystemExit) else exc
        if not isinstance(broken, ConnectionError):
            raise
        if isinstance(broken, BrokenPipeError) and _nobody_reads():
            # Whoever read (`csw sql … | head`) has had enough.
            with suppress(OSError):
                sys.stdout = None
            sys.exit(0)
        # Publishers' servers are spoken of elsewhere: this is about processes of our own.
        _say(exc, NO_PROCESS)
        sys.exit(1)
    except RuntimeError as exc:
        if "can't start new thread" not in str(exc):
            raise
        _say(exc, NO_PROCESS)
        sys.exit(1)
    except MemoryError as exc:
        _say(exc, "memory ran out. Give the machine more, or end what else runs on it, and run again.")
        sys.exit(1)
    except OSError as exc:
        said = disk_refusal(exc)
        if not said:
            raise
        _say(exc, said)
        sys.exit(1)
    except Exception as exc:
        _end_by_library(exc)
        raise


def _end_by_library(exc: Exception) -> None:
    """End in words where the command-line library or the database is what raised it; else return."""
    # Usage errors of the command-line library, whichever copy of it typer carries.
    show = getattr(exc, "show", None)
    if show is not None:
        show()
        sys.exit(getattr(exc, "exit_code", 2))
    if type(exc).__module__.split(".")[0] in {"duckdb", "_duckdb"}:
        # What people ask in SQL is answered where they ask it: this is a question of ours.
        lacks = type(exc).__name__ in {"CatalogException", "BinderException"}
        _say(exc, EARLIER.format(str(exc).splitlines()[0]) if lacks else f"the database says: {exc}")
        sys.exit(1)


def _say(exc: BaseException, text: str) -> None:
    """A message and what was noted on the way up; nobody may be there to read it any more."""
    with suppress(OSError):
        typer.echo("\ncsw: " + "\n".join([text, *getattr(exc, "__notes__", [])]), err=True)


def _nobody_reads() -> bool:
    """Whether what is printed comes to nobody any more."""
    import select

    if not hasattr(select, "poll"):
        return True  # a system that does not say: it is the usual reason
    asked = select.poll()
    for number in (1, 2):
        asked.register(number, 0)
    return bool(asked.poll(0))


def _see_that_it_is_text(arguments: Sequence[str]) -> None:
    """See that what was given can be written down: a terminal or a job may have another encoding than its system says.

    Files may be called as they like.

    Raises:
        WrongArgument: it is not UTF-8, and no file.
    """
    from flows.common.errors import WrongArgument
    from flows.common.text import printable

    for given in arguments:
        if any("\udc80" <= c <= "\udcff" for c in given) and not os.path.lexists(given):
            raise WrongArgument(f"{printable(given)}: this is not UTF-8. Set LC_ALL=C.UTF-8, or give it so.")


def _stop(number: int, _: object) -> None:
    from flows.common.errors import Stopped

    # Once: what is being put in order now is not to be stopped again.
    for name in ENDING:
        with suppress(AttributeError, ValueError):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)
