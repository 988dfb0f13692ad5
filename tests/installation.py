"""An installation for tests: a data folder, the returns it was made from, and what was planted in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from flows.common.settings import ROOT, Settings
from tests.sample_truth import SampleTruth


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

    def must(self, *arguments: str) -> None:
        """Run the command on it, which has to work."""
        done = self.csw(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr

    def copied_to(self, data: Path) -> Installation:
        """A copy that may be changed, without the file that is left for dbt by hand.

        The exported tables, which are half of it, are the same files: nothing writes into one, another takes its place.
        """
        exported = [str(self.settings.export / kind) for kind in ("csv", "parquet")]

        def copy(source: str, target: str) -> None:
            if any(source.startswith(folder) for folder in exported):
                os.link(source, target)
            else:
                shutil.copy2(source, target)

        left_out = shutil.ignore_patterns("next.duckdb")
        shutil.copytree(self.settings.data, data, ignore=left_out, copy_function=copy)
        return Installation(Settings(data=data), self.returns, self.truth)

    def run(self, *files: Path) -> subprocess.CompletedProcess[str]:
        """Run the main job on some files, as synthetic returns."""
        folder = self.settings.data.parent / f"delivery-{len(list(self.settings.data.parent.glob('delivery-*')))}"
        folder.mkdir()
        (folder / ".synthetic").write_bytes(b"")
        for file in files:
            shutil.copy(file, folder / file.name)
        return self.csw("run", "--returns", str(folder))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder made by whichever process of this test run needs it first; the others wait for it and read it."""
    return made_in(_shared(factory), name, make)


def made_already(factory: pytest.TempPathFactory, name: str) -> Path | None:
    """A folder that :func:`made_once` has made in this test run; None where it is not made, or not whole."""
    folder = _shared(factory) / name
    return folder if (folder / "made").exists() else None


def _shared(factory: pytest.TempPathFactory) -> Path:
    """The folder of a test run; each process of pytest-xdist has one of its own in it."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made_in(parent: Path, name: str, make: Callable[[Path], None]) -> Path:
    """A folder in another, made where it is not there whole; whoever wants it meanwhile waits."""
    folder = parent / name
    with FileLock(parent / f"{name}.lock"):
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder
