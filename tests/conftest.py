"""Fixtures: a throw-away installation, small made-up returns, and the real returns where they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flows.settings import ROOT, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation of its own, with the project's passports and models."""
    return Settings(data=tmp_path / "data")


@pytest.fixture(scope="session")
def real_returns() -> Path:
    """The real returns, read in place."""
    folder = Path(os.environ.get("CSW_RETURNS", ROOT.parent / "shared" / "returns"))
    if not (folder / "dfe_cin").is_dir():
        pytest.skip(f"the real returns are not here ({folder}); set CSW_RETURNS to their folder")
    return folder


@pytest.fixture(scope="session")
def real_settings(real_returns: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation whose warehouse is published from the real returns; made once for all tests."""
    from flows.run import run

    made = Settings(data=tmp_path_factory.mktemp("real") / "data")
    run(made, real_returns)
    return made


@pytest.fixture(scope="session")
def real_warehouse(real_settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of the real returns, read-only."""
    with duckdb.connect(str(real_settings.published), read_only=True) as con:
        yield con
