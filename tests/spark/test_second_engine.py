"""The same models on Spark: everything builds and passes its tests there, and every mart is DuckDB's to the cell.

``make test-spark``; skipped where Spark is not installed.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from dbt_project.landing_parquet import write
from flows.common.settings import Settings
from tests.spark.engines import dbt, differences, marts, parquet, write_views

pytest.importorskip("pyspark", reason="Spark is not installed here: make test-spark installs and runs it")


@pytest.fixture(scope="session")
def duckdb_warehouse(landed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample built on DuckDB."""
    folder = tmp_path_factory.mktemp("duckdb")
    dbt(
        "build",
        "--exclude-resource-types=test",
        "--exclude-resource-types=unit_test",
        CSW_LANDING=landed.landing,
        CSW_NEXT=folder / "next.duckdb",
        DBT_TARGET_PATH=folder / "target",
        DBT_LOG_PATH=folder / "logs",
    )
    return folder / "next.duckdb"


@pytest.fixture(scope="session")
def spark_build(landed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample built on Spark: seeds, models, unit tests and data tests, all green."""
    folder = tmp_path_factory.mktemp("spark")
    write(landed.landing, folder / "landing")
    dbt(
        "build",
        "--target=spark",
        CSW_LANDING=folder / "landing",
        CSW_SPARK=folder,
        DBT_TARGET_PATH=folder / "target",
        DBT_LOG_PATH=folder / "logs",
    )
    return folder


def test_every_mart_is_the_same_to_the_cell(duckdb_warehouse: Path, spark_build: Path) -> None:
    tables = marts(spark_build / "target")
    assert len(tables) > 30
    write_views(spark_build, tables)
    found: dict[str, list[str]] = {}
    rows = 0
    with duckdb.connect(str(duckdb_warehouse), read_only=True) as con:
        for table in tables:
            name = f"{table.schema}.{table.name}"
            count = con.execute(f"select count(*) from {name}").fetchone()
            rows += count[0] if count else 0
            if here := list(differences(con, name, parquet(spark_build, table), table.grain)):
                found[name] = here
    assert not found
    assert rows > 300_000


def test_a_difference_is_found() -> None:
    with duckdb.connect() as con:
        con.execute(
            "create table a as select 1 as id, 0.3::double as value, 'x' as word union all select 2, null, null"
        )
        con.execute("create table b as select 1 as id, 0.1::double + 0.2::double as value, 'x' as word")
        assert list(differences(con, "a", "b", ("id",))) == ["rows of one engine only: 1"]
        con.execute("insert into b values (2, null, 'y')")
        assert list(differences(con, "a", "b", ("id",))) == ["word: 1"]
        con.execute("update b set value = 0.3001, word = 'x' where id = 1")
        assert list(differences(con, "a", "b", ("id",))) == ["value: 1", "word: 1"]
