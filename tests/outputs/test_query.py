"""Questions in SQL: one at a time, and none that reaches beyond the warehouse."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from flows.common.errors import CswError, WrongArgument
from flows.outputs.query import query


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as con:
        con.execute("create schema marts; create table marts.t as select 7 as n")
    return tmp_path / "w.duckdb"


@pytest.mark.parametrize(
    "several", ["select 1; select 2", "pragma database_list; select 1", "explain select 1; from marts.t"]
)
def test_no_answer_is_lost(database: Path, several: str) -> None:
    with pytest.raises(WrongArgument, match="these are 2 statements"):
        query(database, several)


@pytest.mark.parametrize(
    "one", ["select n from marts.t;;", "set threads=1; from marts.t", "create temp table x as from marts.t; from x"]
)
def test_what_has_no_answer_may_go_before(database: Path, one: str) -> None:
    assert query(database, one, "csv") == "n\n7"


@pytest.mark.parametrize("nothing", ["", " ; ", "/* select 1 */", "-- select 1"])
def test_nothing_is_no_question(database: Path, nothing: str) -> None:
    with pytest.raises(WrongArgument, match="nothing to ask"):
        query(database, nothing)


@pytest.mark.parametrize(
    "beyond", ["copy marts.t to '{}/x.csv'", "attach '{}/x.db'", "from read_csv('{}/x.csv')", "export database '{}/x'"]
)
def test_a_question_reaches_nothing_but_the_warehouse(database: Path, beyond: str) -> None:
    (database.parent / "x.csv").write_text("a\n1\n")
    before = sorted(database.parent.iterdir())
    with pytest.raises(CswError):
        query(database, beyond.format(database.parent))
    assert sorted(database.parent.iterdir()) == before
