"""Warehouses for the tests of studies: that of the bundled sample, and one of the real returns where there is one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis.marts import Marts


@pytest.fixture(scope="session")
def real_warehouse() -> Iterator[Marts]:
    """A published warehouse of the real returns, read-only; its path in ``CSW_REAL_WAREHOUSE``."""
    path = os.environ.get("CSW_REAL_WAREHOUSE", "")
    if not path or not Path(path).exists():
        pytest.skip("no warehouse of real returns: set CSW_REAL_WAREHOUSE to its file")
    with Marts(duckdb.connect(path, read_only=True)) as marts:
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
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """The bundled sample from its files to its results; ``CSW_SAMPLE_DATA`` names a data folder that has it already."""
    from flows.bundled import sample_folder
    from flows.run import run
    from flows.settings import Settings

    given = os.environ.get("CSW_SAMPLE_DATA", "")
    settings = Settings(data=Path(given) if given else tmp_path_factory.mktemp("sample"))
    if not settings.published.exists():
        run(settings, sample_folder(settings))
    truth = json.loads((settings.data / "sample.truth.json").read_text(encoding="utf-8"))
    return SampleRun(settings.published, truth)
