"""What a data engineer types in the root after `csw run`: dbt's own commands, without a flag, on a file with data."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flows.common.settings import ROOT
from flows.warehouse.publish import copy_for_dbt, has_next
from tests.installation import Installation


def dbt(copied: Installation, folder: Path, *arguments: str) -> str:
    """What a dbt command says; it must work. Only the data folder is named, as for `csw`."""
    unset = {"CSW_NEXT", "CSW_LANDING", "DBT_PROJECT_DIR", "DBT_PROFILES_DIR"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), *arguments],
        env={
            **{k: v for k, v in os.environ.items() if k not in unset},
            "CSW_DATA": str(copied.settings.data),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_dbt_by_hand_works_and_reaches_no_reader(copied: Installation, tmp_path: Path) -> None:
    settings = copied.settings
    copy_for_dbt(settings)
    before = hashlib.sha256(settings.published.read_bytes()).hexdigest()
    with duckdb.connect(str(settings.published), read_only=True) as reader:
        inspections = reader.sql("select count(*) from marts.fct_inspection").fetchall()

        shown = dbt(copied, tmp_path, "show", "--select", "fct_inspection")
        assert "Previewing node 'fct_inspection'" in shown
        assert "-sif-" in shown or "-slac-" in shown
        assert "Completed successfully" in dbt(copied, tmp_path, "test", "--select", "fct_inspection")
        # Looking changes nothing: there is still nothing to publish.
        assert not has_next(settings)

        dbt(copied, tmp_path, "docs", "generate")
        catalogue = json.loads((tmp_path / "target" / "catalog.json").read_text(encoding="utf-8"))
        models = {k for k in json.loads((tmp_path / "target" / "manifest.json").read_text())["nodes"] if "model." in k}
        assert models <= set(catalogue["nodes"])
        columns = catalogue["nodes"]["model.childrens_services_warehouse.fct_inspection"]["columns"]
        assert {"inspection_id", "overall_judgement"} <= set(columns)

        assert "PASS" in dbt(copied, tmp_path, "source", "freshness")

        assert "Completed successfully" in dbt(copied, tmp_path, "run", "--select", "fct_inspection+")
        assert has_next(settings)
        assert reader.sql("select count(*) from marts.fct_inspection").fetchall() == inspections
    assert hashlib.sha256(settings.published.read_bytes()).hexdigest() == before
    with duckdb.connect(str(settings.next), read_only=True) as con:
        assert con.sql("select count(*) from marts.fct_inspection").fetchall() == inspections
