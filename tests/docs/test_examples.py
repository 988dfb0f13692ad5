"""The worked examples of docs/using_the_data.md, run as they stand on the bundled sample."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flows.common.settings import ROOT
from tests.installation import Installation

PAGE = (ROOT / "docs" / "using_the_data.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, page: str = PAGE) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert found, f"no example in {language}"
    return found


@pytest.fixture(scope="module")
def here(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which ``data/`` is that of the sample, as the examples expect it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "data").symlink_to(published.settings.data)
    return folder


@pytest.mark.parametrize("page", [PAGE, README], ids=["using_the_data", "README"])
def test_sql(here: Path, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    for block in blocks("sql", page):
        with duckdb.connect(str(here / "data/warehouse/warehouse.duckdb"), read_only=True) as con:
            rows = con.execute(block).fetchall()
        assert len(rows) == 21 or "event_year between" not in block
        assert rows


def test_python(here: Path) -> None:
    for block in blocks("python"):
        done = subprocess.run([sys.executable, "-c", block], cwd=here, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "2024" in done.stdout
        assert "ilacs" in done.stdout


def test_r(here: Path, tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    (block,) = blocks("r")
    script = tmp_path / "example.R"
    script.write_text(block)
    done = subprocess.run(["Rscript", str(script)], cwd=here, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "2024" in done.stdout


def test_the_warehouse_opens_in_versions_of_duckdb_that_people_have(here: Path) -> None:
    """The version in a file's header: 67 is that of DuckDB 1.4; left alone DuckDB 2.0 writes one that 1.x refuses."""
    for name in ("warehouse", "next"):
        head = (here / "data" / "warehouse" / f"{name}.duckdb").open("rb").read(20)
        assert head[8:12] == b"DUCK"
        assert int.from_bytes(head[12:20], "little") <= 67


def test_dbt_source(here: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs" / "examples" / "downstream", tmp_path / "docs" / "examples" / "downstream")
    (tmp_path / "data").symlink_to(here / "data")
    (block,) = blocks("sh")
    command = block.strip().split()
    command[0] = str(Path(sys.executable).with_name("dbt"))
    environment = {
        **os.environ,
        "DOWNSTREAM": str(tmp_path / "downstream.duckdb"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "downstream.duckdb"), read_only=True) as con:
        found = con.execute(
            "select count(distinct region_name), count(distinct year) from looked_after_by_region"
        ).fetchone()
    assert found == (9, 15)
