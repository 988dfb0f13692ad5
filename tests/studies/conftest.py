"""What the tests of studies read: marts and results of the bundled sample, and of the real returns where they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis.marts import Marts
from flows.common.settings import Settings
from tests.installation import Installation


@pytest.fixture(scope="session")
def real_marts(real_settings: Settings) -> Iterator[Marts]:
    """The published warehouse of the real returns, read-only."""
    with Marts(duckdb.connect(str(real_settings.published), read_only=True)) as marts:
        yield marts


@dataclass(frozen=True)
class SampleRun:
    """A published warehouse of the bundled sample, results included, and what was planted."""

    database: Path
    truth: dict[str, Any]

    def estimates(self, study: str) -> dict[tuple[str, str, str], dict[str, Any]]:
        """Published estimates of a study: (place, statistic, subject) → row."""
        with duckdb.connect(str(self.database), read_only=True) as con:
            rows = con.execute("select * from results.estimate where study = ?", [study]).df().to_dict("records")
        return {(r["place"], r["statistic"], r["subject"]): {str(k): v for k, v in r.items()} for r in rows}


@pytest.fixture(scope="session")
def sample_run(published: Installation) -> SampleRun:
    """The results of the bundled sample."""
    return SampleRun(published.settings.published, json.loads(published.truth.to_json()))
