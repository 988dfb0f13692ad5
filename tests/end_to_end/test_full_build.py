"""A refresh builds only what a changed publication reaches: the same warehouse as a build of everything."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from flows.common.settings import Settings
from tests.end_to_end.conftest import Refreshed
from tests.installation import Installation

#: Results are of the studies, which a build does not run; of the file, how and when it was built.
APART = {"results", "meta"}


@pytest.mark.slow
def test_a_refresh_makes_what_a_full_build_makes(refreshed: Refreshed, tmp_path: Path) -> None:
    was = refreshed.installation
    data = tmp_path / "data"
    left_out = shutil.ignore_patterns("next.duckdb", "report", "export")
    shutil.copytree(was.settings.data, data, ignore=left_out)
    anew = Installation(Settings(data=data), was.returns, was.truth)
    done = anew.csw("build", "--full")
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect() as con:
        con.execute(f"attach '{was.settings.published}' as refreshed (read_only)")
        con.execute(f"attach '{anew.settings.next}' as anew (read_only)")
        tables = {
            name: con.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where database_name = ?", [name]
            ).fetchall()
            for name in ("refreshed", "anew")
        }
        found = {name: {t for (t,) in of if t.split(".")[0] not in APART} for name, of in tables.items()}
        assert found["refreshed"] == found["anew"]
        differing = []
        for table in sorted(found["anew"]):
            rows = " union all ".join(
                f"(select count(*) from (from {one}.{table} except all from {other}.{table}))"
                for one, other in (("refreshed", "anew"), ("anew", "refreshed"))
            )
            if con.execute(rows).fetchall() != [(0,), (0,)]:
                differing.append(table)
    assert not differing
