"""The dbt project by itself: every model, unit test and data test, on the landed sample, as typed in the root."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows.common.settings import ROOT, Settings
from flows.warehouse.built import check_build
from tests.conftest import BY_HAND, dbt_build, digest_of, kept
from tests.installation import made_once


@pytest.fixture(scope="module")
def built(landed: Settings, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The database of a whole build: that of the published sample where dbt built it by hand.

    With ``--keep`` that of an earlier call while nothing changed that it is built from or by.
    """

    def make(folder: Path) -> None:
        dbt_build(landed, folder / "next.duckdb", folder)

    if request.config.getoption("--keep"):
        project = [ROOT / "dbt_project", ROOT / "dbt_project.yml", ROOT / "profiles.yml", ROOT / "uv.lock"]
        # A file that was touched is younger than the build, which then is not of what there is now.
        files = [
            landed.landing / "catalogue.csv",
            *project[1:],
            *(p for p in project[0].rglob("*.*") if p.suffix != ".pyc"),
        ]
        newest = max(path.stat().st_mtime_ns for path in files)
        whole = kept(request.config, "built-sample", f"{digest_of(*project)}-{newest}", make)
        made_once(tmp_path_factory, "built-by-hand", lambda folder: (folder / "target").symlink_to(whole / "target"))
        return whole / "next.duckdb"
    if (landed.data.parent / BY_HAND).exists():
        return landed.published
    return made_once(tmp_path_factory, "built-by-hand", make) / "next.duckdb"


def test_dbt_build_works_from_the_root_and_can_be_published(landed: Settings, built: Path) -> None:
    with duckdb.connect(str(built), read_only=True) as con:
        assert con.execute("select count(*) > 100000 from marts.fct_la_year_measure").fetchone() == (True,)
    # And `csw publish` takes it.
    assert check_build(landed, built).by_hand
