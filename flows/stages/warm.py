"""The two slow programs of a run, each in a process that is started before it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.settings import Settings

if TYPE_CHECKING:
    from expectations.worker import Worker
    from flows.warehouse.dbt import Dbt


class Warm:
    """dbt and Great Expectations, each imported in a process of its own while files are being landed."""

    def __init__(self, settings: Settings, database: Path, *, expecting_work: bool) -> None:
        self._settings, self._database = settings, database
        self._dbt: Dbt | None = None
        self._expectations: Worker | None = None
        if expecting_work:
            self.start()

    def start(self) -> None:
        """Begin both imports, each on a processor of its own."""
        _ = self.expectations, self.dbt

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_dbt()
        if self._expectations is not None:
            self._expectations.close()

    def close_dbt(self) -> None:
        """End dbt's process, which lets go of the database."""
        if self._dbt is not None:
            self._dbt.close()
            self._dbt = None

    @property
    def dbt(self) -> Dbt:
        """dbt, working on the next warehouse."""
        if self._dbt is None:
            from flows.warehouse.dbt import Dbt

            self._dbt = Dbt(self._settings, self._database)
        return self._dbt

    @property
    def expectations(self) -> Worker:
        """Great Expectations."""
        if self._expectations is None:
            from expectations.worker import Worker

            self._expectations = Worker()
        return self._expectations
