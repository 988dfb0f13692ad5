"""Fixtures: a throw-away installation, the bundled sample published, and the real returns where they are."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from expectations.results import GateResult, ReleaseResult, Result
from expectations.worker import Worker
from flows.common.settings import ROOT, Settings
from flows.sample.sample import write_sample
from tests.installation import Installation, made_in, made_once
from tests.sample_truth import SampleTruth, truth_of

#: What takes longest begins first, so that neither of two processes is left with much at the end; they begin with
#: different warehouses, so that neither waits for the other.
FIRST = (
    "tests/real/test_warehouse",
    "tests/end_to_end/test_refresh",
    "tests/end_to_end/test_flow",
    "tests/warehouse/test_dbt_project",
    "tests/estimators/r/",
    "tests/unit/test_expectations_release",
    "tests/live/test_hostile",
    "tests/live/test_fetch",
    "tests/studies/test_inadequate_prediction",
    "tests/report/test_site",
    "tests/unit/",
    "tests/end_to_end/",
    "tests/documents/test_batch",
    "tests/real/",
)

#: Files whose tests import what takes seconds to import go to one process, which imports it once: Great Expectations,
#: Prefect.
TOGETHER = (("tests/unit/test_expectations_",), ("tests/end_to_end/test_flow", "tests/schedule/"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With ``--dist loadfile``: a file's tests in one process, and so those of :data:`TOGETHER`."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByImports(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return next((parts[0] for parts in TOGETHER if file.startswith(parts)), file)

    return ByImports(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep", action="store_true", help="keep the landed sample from call to call (make test-quick)")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """In a fresh checkout one process compiles the tests and what they import, and the others wait for it."""
    compiled = Path(__file__).parent / "__pycache__" / f"compiled-{sys.implementation.cache_tag}"
    if sys.dont_write_bytecode or compiled.exists() or not os.access(compiled.parent, os.W_OK):
        return (yield)
    with FileLock(compiled.with_suffix(".lock")):
        if not compiled.exists():
            found = yield
            compiled.touch()
            return found
    return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first; within that, as they stand."""
    items.sort(key=lambda item: next((i for i, part in enumerate(FIRST) if item.nodeid.startswith(part)), len(FIRST)))


#: Whether the warehouse of the real returns is made in this call of pytest.
REAL = pytest.StashKey[bool]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Whether a test of this call wants the warehouse of the real returns, and they are here."""
    wanted = any("real_settings" in getattr(item, "fixturenames", ()) for item in session.items)
    session.config.stash[REAL] = wanted and has_real_returns()
    # What is imported and collected stays to the end: looking through it again and again for what may go costs a few
    # hundredths of the tests' time.
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """What tests write need not outlast a power cut, and waiting for the disk was a twentieth of their time.

    Of the processes that tests start, every one waits as it does for users.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: None)
        yield


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
def published(sample: Sample, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Installation:
    """The sample, landed, checked, built, analysed and published. Read only.

    By ``csw run``; or, where that makes the warehouse of the real returns in the same call, by its parts, with dbt run
    by hand between them. Both ways are seen to work either way, and nothing is built only to see it.
    """

    def make(folder: Path) -> None:
        made = Installation(Settings(data=folder / "data"), sample.returns, sample.truth)
        if not request.config.stash[REAL]:
            made.must("run", "--returns", str(sample.returns))
            return
        made.must("land", "--returns", str(sample.returns))
        dbt_build(made.settings, made.settings.next, folder)
        made.must("check", "--docs")
        made.must("publish")
        (folder / BY_HAND).touch()

    folder = made_once(tmp_path_factory, "sample", make)
    return Installation(Settings(data=folder / "data"), sample.returns, sample.truth)


#: Beside the data folder of a warehouse that dbt built by hand.
BY_HAND = "by-hand"


def dbt_build(settings: Settings, database: Path, folder: Path) -> None:
    """``dbt build`` as typed in the root: every model, unit test and data test, on what is landed.

    Args:
        settings: where it is landed.
        database: the file to build.
        folder: takes dbt's ``target`` and ``logs``.
    """
    done = subprocess.run(
        # One model at a time: several at once take a fifth more of the machine, and other tests have the other core.
        [str(Path(sys.executable).with_name("dbt")), "build", "--quiet", "--threads", "1"],
        env={
            **os.environ,
            "CSW_LANDING": str(settings.landing),
            "CSW_NEXT": str(database),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def landed(request: pytest.FixtureRequest) -> Settings:
    """An installation in which the sample is landed, for tests of the dbt project alone. Read only.

    That of the whole sample, or with ``--keep`` one that is kept from call to call while nothing changes that lands it.
    """
    if not request.config.getoption("--keep"):
        published: Installation = request.getfixturevalue("published")
        return published.settings

    def make(folder: Path) -> None:
        sample: Sample = request.getfixturevalue("sample")
        installation = Installation(Settings(data=folder / "data"), sample.returns, sample.truth)
        installation.must("land", "--returns", str(sample.returns))

    return Settings(data=kept(request.config, "landed-sample", landing_digest(), make) / "data")


def kept(config: pytest.Config, name: str, digest: str, make: Callable[[Path], None]) -> Path:
    """A folder that is kept from call to call while its digest stays (``--keep``)."""
    cache = getattr(config, "cache", None)
    if cache is None:
        pytest.fail("--keep keeps in pytest's cache, which is switched off")
    parent = cache.mkdir(name)
    folder = made_in(parent, digest, make)
    for made in parent.glob("*/made"):
        if made.parent != folder:
            shutil.rmtree(made.parent)
    return folder


def landing_digest() -> str:
    """Changes with whatever lands the sample."""
    rooms = ("common", "documents", "landing", "sample", "sources", "stages")
    return digest_of(*(ROOT / "flows" / room for room in rooms), ROOT / "dbt_project" / "seeds")


def digest_of(*places: Path) -> str:
    """Changes with any of some files and of the files of some folders."""
    found = hashlib.sha256()
    files = [p for place in places for p in (place.rglob("*") if place.is_dir() else [place])]
    for path in sorted(p for p in files if p.is_file() and p.suffix != ".pyc"):
        found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]


@pytest.fixture
def copied(published: Installation, tmp_path: Path) -> Installation:
    """A copy that a test may change; see :meth:`Installation.copied_to`."""
    return published.copied_to(tmp_path / "data")


def real_folder() -> Path:
    """Where the real returns are, if anywhere."""
    return Path(os.environ.get("CSW_RETURNS", ROOT.parent / "shared" / "returns"))


def has_real_returns() -> bool:
    """Whether the real returns are here."""
    return (real_folder() / "dfe_cin").is_dir()


@pytest.fixture(scope="session")
def real_returns() -> Path:
    """The real returns, read in place."""
    folder = real_folder()
    if not has_real_returns():
        pytest.skip(f"the real returns are not here ({folder}); set CSW_RETURNS to their folder")
    return folder


@pytest.fixture(scope="session")
def real_settings(real_returns: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation whose warehouse ``csw run`` published from the real returns, once for all tests. Read only."""
    from typer.testing import CliRunner

    from flows.cli.app import app
    from tests.real.figures import land_beside

    def make(folder: Path) -> None:
        settings = Settings(data=folder / "data")
        land_beside(settings, real_returns)
        with results_of_checks() as found, pytest.MonkeyPatch.context() as patched:
            patched.setenv("CSW_DATA", str(settings.data))
            done = CliRunner().invoke(app, ["run", "--returns", str(real_returns)])
        # Nothing refused or withheld, every output written, and no study that failed.
        assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"
        (folder / CHECKS).write_text(json.dumps({name: r.to_dict() for name, r in found.items()}), encoding="utf-8")

    return Settings(data=made_once(tmp_path_factory, "real-returns", make) / "data")


#: What the gate and the release checks found when the real returns were published, beside their data folder.
CHECKS = "checks.json"


@contextmanager
def results_of_checks() -> Iterator[dict[str, Result]]:
    """What the gate and the release checks of a run find, as the run gets it."""
    found: dict[str, Result] = {}
    ask = Worker._ask

    def listened(worker: Worker, name: str, *more: Any) -> Result:
        found[name] = ask(worker, name, *more)
        return found[name]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Worker, "_ask", listened)
        yield found


@pytest.fixture(scope="session")
def real_gate(real_settings: Settings) -> GateResult:
    """What the gate found when the real returns were published."""
    return GateResult.from_dict(json.loads((real_settings.data.parent / CHECKS).read_text(encoding="utf-8"))["gate"])


@pytest.fixture(scope="session")
def real_release(real_settings: Settings) -> ReleaseResult:
    """What the release checks found when the real returns were published."""
    found = json.loads((real_settings.data.parent / CHECKS).read_text(encoding="utf-8"))
    return ReleaseResult.from_dict(found["release"])


@pytest.fixture(scope="session")
def real_warehouse(real_settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of the real returns, read-only."""
    with duckdb.connect(str(real_settings.published), read_only=True) as con:
        yield con
