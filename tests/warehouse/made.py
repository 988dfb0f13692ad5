"""Small warehouse files that say how they were built, as dbt's hook and a run write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from flows.common.settings import Settings
from flows.warehouse.built import landed_digest
from flows.warehouse.fingerprint import Fingerprint
from flows.warehouse.publish import start_next

USUAL = {
    "command": "build",
    "as_of": "",
    "first_year": "2010",
    "variables": "{}",
    "chosen": "",
    "nodes": 1,
    "failed": 0,
    "dbt_version": "1.11",
    "landed_tables": 1,
    "landed_digest": "",
    "project_digest": "p",
}


def record(database: Path, **other: Any) -> None:
    """Write into a file how it was built; as a run does where nothing else is given."""
    row = {**USUAL, **other}
    with duckdb.connect(str(database)) as con:
        con.execute("create schema if not exists meta")
        columns = ", ".join(f"? as {name}" for name in row)
        con.execute(
            f"create or replace table meta.warehouse_build as select now() as built_at, {columns}", [*row.values()]
        )


def make_next(settings: Settings, content: str, made_from: Fingerprint | None = None, **build: Any) -> Fingerprint:
    """A next warehouse with one table."""
    made_from = made_from or Fingerprint({"dfe_cin": content}, "p")
    start_next(settings, made_from, None)
    with duckdb.connect(str(settings.next)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.t as select ? as content", [content])
        con.execute("create view t as from marts.t")
    record(settings.next, **{"project_digest": made_from.project, **build})
    return made_from


def by_hand(settings: Settings, content: str, **build: Any) -> None:
    """A next warehouse as a plain `dbt build` leaves it."""
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    settings.next.unlink(missing_ok=True)
    with duckdb.connect(str(settings.next)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.t as select ? as content", [content])
        con.execute("create view t as from marts.t")
    record(settings.next, **{"project_digest": "", "landed_digest": landed_digest(settings), **build})


def content(path: Path) -> str:
    """What is in it."""
    with duckdb.connect(str(path), read_only=True) as con:
        row = con.execute("select content from t").fetchone()
        assert row is not None
        return str(row[0])
