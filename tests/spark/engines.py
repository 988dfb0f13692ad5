"""The sample built on two engines, and the cells in which their tables differ."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from flows.common.settings import ROOT

#: What differs in the last places of a sum is the same; nothing else is.
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Table:
    """A mart, by its schema and name: its grain, and whether it is a view."""

    schema: str
    name: str
    grain: tuple[str, ...]
    is_view: bool


def dbt(*arguments: str, **given: str | Path) -> None:
    """Run dbt in the root with these variables in its environment; what it says is raised where it fails."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "--quiet", *arguments],
        env={**os.environ, **{name: str(value) for name, value in given.items()}},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def marts(target: Path) -> list[Table]:
    """Every mart that dbt's manifest in ``target`` names."""
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
    return [
        Table(n["schema"], n["alias"], tuple(n["config"]["meta"]["grain"]), n["config"]["materialized"] == "view")
        for n in nodes
        if n["resource_type"] == "model" and n["schema"] in ("marts", "studies", "audit")
    ]


def spark_parameters(folder: Path) -> dict[str, str]:
    """The parameters of the profile's session, for tables in ``folder``."""
    profile = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    given = profile["childrens_services_warehouse"]["outputs"]["spark"]["server_side_parameters"]
    return {k: v.replace("{{ env_var('CSW_SPARK', 'target/spark') }}", folder.as_posix()) for k, v in given.items()}


def write_views(folder: Path, tables: list[Table]) -> None:
    """Views hold no rows of their own: each is written as Parquet beside the tables."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.enableHiveSupport()
    for name, value in spark_parameters(folder).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        for table in tables:
            if table.is_view:
                session.table(f"{table.schema}.{table.name}").write.parquet(str(view_folder(folder, table)))
    finally:
        session.stop()


def view_folder(folder: Path, table: Table) -> Path:
    return folder / "views" / table.schema / table.name


def parquet(folder: Path, table: Table) -> str:
    """The files in which Spark keeps a table, as a relation of DuckDB's."""
    files = view_folder(folder, table) if table.is_view else folder / "tables" / f"{table.schema}.db" / table.name
    return f"read_parquet('{files.as_posix()}/*.parquet')"


def differences(con: duckdb.DuckDBPyConnection, ours: str, theirs: str, grain: tuple[str, ...]) -> Iterator[str]:
    """What one relation has that the other has not: columns, types, rows and cells, in words."""
    mine, other = columns(con, ours), columns(con, theirs)
    if mine != other:
        yield f"columns {sorted(set(mine.items()) ^ set(other.items())) or 'in another order'}"
        return
    key = " and ".join(f'a."{c}" is not distinct from b."{c}"' for c in grain)
    counts: list[str] = ["count(*) filter (where a.here is null or b.here is null)"]
    rest = [c for c in mine if c not in grain]
    for c in rest:
        same = f'a."{c}" is not distinct from b."{c}"'
        if mine[c] == "DOUBLE":
            near = f'abs(a."{c}" - b."{c}") <= {TOLERANCE} * greatest(1, abs(a."{c}"), abs(b."{c}"))'
            same = f"({same} or coalesce({near}, false))"
        counts.append(f"count(*) filter (where a.here and b.here and not {same})")
    row: Any = con.execute(
        f"""select {", ".join(counts)}
        from (select *, true as here from {ours}) as a
        full outer join (select *, true as here from {theirs}) as b on {key}"""
    ).fetchone()
    for what, count in zip(["rows of one engine only", *rest], row, strict=True):
        if count:
            yield f"{what}: {count}"


def columns(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return dict(con.execute(f"select column_name, column_type from (describe from {relation})").fetchall())
