"""The whole main job on the bundled sample, once; tests that change something work on a copy of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.sample import SampleTruth, write_sample
from flows.settings import ROOT, Settings


@dataclass(frozen=True)
class Installation:
    """A data folder, the returns it was made from, and the truth that was planted in them."""

    settings: Settings
    returns: Path
    truth: SampleTruth

    def csw(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command on it."""
        return subprocess.run(
            [sys.executable, "-m", "flows.cli", *arguments],
            env={**os.environ, "CSW_DATA": str(self.settings.data), **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def run(self, *files: Path) -> subprocess.CompletedProcess[str]:
        """Run the main job on some files, as synthetic returns."""
        folder = self.settings.data.parent / f"delivery-{len(list(self.settings.data.parent.glob('delivery-*')))}"
        folder.mkdir()
        (folder / ".synthetic").write_bytes(b"")
        for file in files:
            shutil.copy(file, folder / file.name)
        return self.csw("run", "--returns", str(folder))


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The sample, landed, checked, built and published by ``csw run``. Read only."""
    folder = tmp_path_factory.mktemp("sample")
    truth = write_sample(folder / "returns")
    made = Installation(Settings(data=folder / "data"), folder / "returns", truth)
    done = made.csw("run", "--returns", str(made.returns))
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture
def copied(published: Installation, tmp_path: Path) -> Installation:
    """A copy that a test may change."""
    shutil.copytree(published.settings.data, tmp_path / "data")
    return Installation(Settings(data=tmp_path / "data"), published.returns, published.truth)
