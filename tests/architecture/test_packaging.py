"""What is installed is what runs: one version, and a wheel that carries everything a run reads."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

from flows import __version__
from flows.common.settings import ROOT

#: Read by a run, and no Python module: it has to travel with the packages.
READ = (".sql", ".yml", ".yaml", ".csv", ".html", ".css", ".js", ".txt", ".py")


def test_one_version() -> None:
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert said["version"] == __version__
    done = subprocess.run([sys.executable, "-m", "flows.cli", "--version"], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == f"csw {__version__}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_everything_a_run_reads(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout: what belongs to the project is not known")
    rooms = ("flows/", "expectations/", "analysis/", "dbt_project/")
    wanted = {f for f in tracked if f.startswith(rooms) and f.endswith(READ) and (ROOT / f).exists()}
    assert wanted | {"dbt_project.yml", "profiles.yml", "prefect.yaml"} <= packed
    assert not {f for f in packed if f.startswith(("tests/", "data/"))}


@pytest.mark.slow
def test_an_installed_wheel_runs_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, with the dependencies of this one but not this checkout."""
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    packages = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(packages)
    here = next(p for p in map(Path, sys.path) if p.name == "site-packages")
    for entry in here.iterdir():
        # All but the link to this checkout.
        if "childrens_services_warehouse" not in entry.name and not entry.name.startswith("__editable__"):
            target = packages / entry.name
            if not target.exists():
                target.symlink_to(entry)
    folder = tmp_path / "empty"
    folder.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CSW_", "PYTHON"))}
    done = subprocess.run(
        [str(python), "-m", "flows.cli", "run"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "data" / "warehouse" / "warehouse.duckdb").exists()
    assert (folder / "data" / "report" / "index.html").exists()
