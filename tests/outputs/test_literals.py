"""A column with a short list of values is not asked for another one."""

from __future__ import annotations

import duckdb
import pytest

from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.outputs.literals import check_values
from flows.outputs.relations import accepted_values

ACCEPTED = {"price_index": ("gdp", "rpi", "cpih"), "many": tuple(f"value_{i}" for i in range(40))}


def check(statement: str) -> None:
    with duckdb.connect() as con:
        check_values(con, statement, ACCEPTED)


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 where price_index = 'gdp_deflator'",
        "select * from marts.t as t where 'gdp_deflator' = t.price_index",
        "select * from t where x > 1 and price_index in ('gdp', 'gdp_deflator')",
        "with a as (select * from t where price_index <> 'gdp_deflator') select count(*) from a",
        "select count(*) filter (where price_index = 'gdp_deflator') from t",
        "select * from a join b on a.price_index = 'gdp_deflator'",
    ],
)
def test_a_value_that_cannot_be_is_refused_and_the_others_named(statement: str) -> None:
    with pytest.raises(CswError, match="price_index has no value 'gdp_deflator': it is one of gdp, rpi, cpih"):
        check(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "select * from t where price_index = 'gdp'",
        "select * from t where price_index in ('gdp', 'rpi')",
        "select * from t where price_index like 'gdp%' and other = 'gdp_deflator'",
        "select * from (select 'x' as price_index) where price_index = 'x'",
        "describe t",
        "from t where price_index = other",
    ],
)
def test_the_rest_is_left_alone(statement: str) -> None:
    check(statement)


def test_of_many_the_nearest_are_named() -> None:
    with pytest.raises(CswError, match=r"many has no value 'valeu_7'\. Nearest: .*value_7"):
        check("select * from t where many = 'valeu_7'")


def test_columns_hold_what_is_said_of_them(published: object) -> None:
    """In every table that is exported."""
    settings: Settings = published.settings  # type: ignore[attr-defined]
    accepted = accepted_values(settings.root)
    with duckdb.connect(str(settings.published), read_only=True) as con:
        columns = con.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where table_schema in ('marts', 'studies', 'results', 'audit') and list_contains(?, column_name)",
            [list(accepted)],
        ).fetchall()
        assert {c for *_, c in columns} == set(accepted)
        for schema, table, column in columns:
            held = con.execute(f"select distinct {column} from {schema}.{table} where {column} is not null").fetchall()
            assert {v for (v,) in held} <= set(accepted[column]), (table, column)
