"""Fixtures: publishers' files of the sample, and servers that hold them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_publishers import FakePublishers, Quirks
from tests.live.fetching import SOURCES, Start


@pytest.fixture(scope="session")
def folder(sample: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few publications of the sample, as the servers hold them. Read only."""
    out = tmp_path_factory.mktemp("publishers")
    for part in ("dfe_cin/2016-17", "dfe_cin/2022", "dfe_cin/2024", "dfe_cla/2018", "dfe_cla/2024", *SOURCES[1:]):
        shutil.copytree(sample.returns / part, out / part)
    for path in out.glob("dfe_cin/2022/*"):
        if not path.name.startswith(("b1_", "ons_")):
            path.unlink()
    return out


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts the servers with a scenario and ends them."""
    running: list[FakePublishers] = []

    def one(
        scenario: str = "", sources: list[str] | None = None, of: Path | None = None, **quirks: Any
    ) -> FakePublishers:
        fake = FakePublishers(of or folder, scenario, sources or SOURCES, quirks=replace(Quirks(), **quirks))
        fake.__enter__()
        running.append(fake)
        return fake

    yield one
    for fake in running:
        fake.__exit__()
