"""The dbt project by itself: every model, unit test and data test, on the landed sample, as typed in the root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb

from flows.common.settings import ROOT, Settings
from flows.warehouse.built import check_build


def test_dbt_build_works_from_the_root_and_can_be_published(landed: Settings, tmp_path: Path) -> None:
    database = tmp_path / "next.duckdb"
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "build", "--quiet"],
        env={
            **os.environ,
            "CSW_LANDING": str(landed.landing),
            "CSW_NEXT": str(database),
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(database), read_only=True) as con:
        assert con.execute("select count(*) > 100000 from marts.fct_la_year_measure").fetchone() == (True,)
    # And `csw publish` takes it.
    assert check_build(landed, database).by_hand
