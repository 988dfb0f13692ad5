"""The writer's lock, for what is made from the published warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.common.lock import may_write, writer
from flows.common.settings import Settings


@contextmanager
def writing_outputs(settings: Settings, folder: Path) -> Iterator[None]:
    """Hold the writer's lock, so that nothing is published over what an output is being made from.

    Who may only read the data folder writes elsewhere, and without the lock: what is read stays one warehouse, for it
    is one open file, and the stamp says which.

    Raises:
        Busy: another run is writing.
    """
    if not may_write(settings.data) and not folder.resolve().is_relative_to(settings.data.resolve()):
        yield
        return
    with writer(settings.data):
        yield
