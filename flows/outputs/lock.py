"""The writer's lock, for what is made from the published warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.common.errors import WrongArgument
from flows.common.lock import may_write, writer
from flows.common.settings import KEPT_IN, TAKEN_FROM, Settings

#: Folders of the data folder that hold what outputs are made from, or what a run takes in.
INPUTS = (KEPT_IN | TAKEN_FROM) - {"analyses", "export", "report"}


def see_that_it_is_no_input(settings: Settings, place: Path) -> None:
    """See that an output, a folder or a file, does not come to lie among what it is made from.

    Raises:
        WrongArgument: it would.
    """
    data, there = settings.data.resolve(), place.resolve()
    part = next(iter(there.relative_to(data).parts), "") if there.is_relative_to(data) else ""
    if part in INPUTS:
        raise WrongArgument(f"{place} is within {data / part}, which holds what is kept. Give another place.")


@contextmanager
def writing_outputs(settings: Settings, folder: Path) -> Iterator[None]:
    """Hold the writer's lock, so that nothing is published over what an output is being made from.

    Who may only read the data folder writes elsewhere, and without the lock: what is read stays one warehouse, for it
    is one open file, and the stamp says which.

    Raises:
        Busy: another run is writing.
        WrongArgument: the folder is one of those that hold what is kept.
    """
    see_that_it_is_no_input(settings, folder)
    if not may_write(settings.data) and not folder.resolve().is_relative_to(settings.data.resolve()):
        yield
        return
    with writer(settings.data):
        yield
