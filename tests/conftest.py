"""Fixtures: a throw-away installation, small made-up returns, and the real returns where they are."""

from __future__ import annotations

import os
from pathlib import Path

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
