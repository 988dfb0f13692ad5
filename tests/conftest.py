"""Fixtures: a throw-away installation, the bundled sample published, and the real returns where they are."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from flows.common.settings import ROOT, Settings
from flows.sample.sample import write_sample
from tests.installation import Installation, made_in, made_once
from tests.sample_truth import SampleTruth, truth_of

#: What takes longest begins first; two processes begin with different warehouses, so that neither waits.
FIRST = ("tests/real/test_warehouse", "tests/end_to_end/test_refresh", "tests/end_to_end/", "tests/real/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep", action="store_true", help="keep the landed sample from call to call (make test-quick)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on whole warehouses first; within that, as they stand."""
    items.sort(key=lambda item: next((i for i, room in enumerate(FIRST) if item.nodeid.startswith(room)), len(FIRST)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation of its own, with the project's passports and models."""
    return Settings(data=tmp_path / "data")


@dataclass(frozen=True)
class Sample:
    """The bundled sample's files, and what was planted in them."""

    returns: Path
    truth: SampleTruth


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The bundled sample's files, written once for all tests. Read only."""

    def make(folder: Path) -> None:
        (folder / "truth.pickle").write_bytes(pickle.dumps(truth_of(write_sample(folder / "returns"))))

    folder = made_once(tmp_path_factory, "sample-returns", make)
    return Sample(folder / "returns", pickle.loads((folder / "truth.pickle").read_bytes()))


@pytest.fixture(scope="session")
def published(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The sample, landed, checked, built, analysed and published by ``csw run``. Read only."""

    def make(folder: Path) -> None:
        done = Installation(Settings(data=folder / "data"), sample.returns, sample.truth).csw(
            "run", "--returns", str(sample.returns)
        )
        assert done.returncode == 0, done.stdout + done.stderr

    folder = made_once(tmp_path_factory, "sample", make)
    return Installation(Settings(data=folder / "data"), sample.returns, sample.truth)


@pytest.fixture(scope="session")
def landed(request: pytest.FixtureRequest) -> Settings:
    """An installation in which the sample is landed, for tests of the dbt project alone. Read only.

    That of the whole sample, or with ``--keep`` one that is kept from call to call while nothing changes that lands it.
    """
    if not request.config.getoption("--keep"):
        published: Installation = request.getfixturevalue("published")
        return published.settings
    sample: Sample = request.getfixturevalue("sample")

    def make(folder: Path) -> None:
        installation = Installation(Settings(data=folder / "data"), sample.returns, sample.truth)
        done = installation.csw("land", "--returns", str(sample.returns))
        assert done.returncode == 0, done.stdout + done.stderr

    cache = getattr(request.config, "cache", None)
    if cache is None:
        pytest.fail("--keep keeps in pytest's cache, which is switched off")
    kept = cache.mkdir("landed-sample")
    folder = made_in(kept, landing_digest(), make)
    for made in kept.glob("*/made"):
        if made.parent != folder:
            shutil.rmtree(made.parent)
    return Settings(data=folder / "data")


def landing_digest() -> str:
    """Changes with whatever lands the sample."""
    rooms = ("flows/common", "flows/documents", "flows/landing", "flows/sample", "flows/sources", "dbt_project/seeds")
    found = hashlib.sha256()
    for path in sorted(p for room in rooms for p in (ROOT / room).rglob("*") if p.is_file() and p.suffix != ".pyc"):
        found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]


@pytest.fixture
def copied(published: Installation, tmp_path: Path) -> Installation:
    """A copy that a test may change, without the file that is left for dbt by hand."""
    shutil.copytree(published.settings.data, tmp_path / "data", ignore=shutil.ignore_patterns("next.duckdb"))
    return Installation(Settings(data=tmp_path / "data"), published.returns, published.truth)


@pytest.fixture(scope="session")
def real_returns() -> Path:
    """The real returns, read in place."""
    folder = Path(os.environ.get("CSW_RETURNS", ROOT.parent / "shared" / "returns"))
    if not (folder / "dfe_cin").is_dir():
        pytest.skip(f"the real returns are not here ({folder}); set CSW_RETURNS to their folder")
    return folder


@pytest.fixture(scope="session")
def real_settings(real_returns: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation whose warehouse is published from the real returns; made once for all tests. Read only."""
    from tests.real.figures import published_from

    def make(folder: Path) -> None:
        report = published_from(Settings(data=folder / "data"), real_returns)
        assert (report.unwritten, report.study_errors, report.withheld) == ([], {}, "")

    return Settings(data=made_once(tmp_path_factory, "real-returns", make) / "data")


@pytest.fixture(scope="session")
def real_warehouse(real_settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of the real returns, read-only."""
    with duckdb.connect(str(real_settings.published), read_only=True) as con:
        yield con
