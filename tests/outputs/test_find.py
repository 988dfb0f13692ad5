"""Authorities and measures by name, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from flows.common.errors import WrongArgument
from flows.outputs.find import find_authority, find_measure


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(
            """
            create schema marts; create schema seeds;
            create table marts.dim_local_authority as from (values
                ('815', 'North Yorkshire', null, null), ('816', 'York', null, null),
                ('835', 'Dorset', null, date '2019-03-31'), ('838', 'Dorset', date '2019-04-01', null),
                ('839', 'Bournemouth, Christchurch and Poole', date '2019-04-01', null),
                ('801', 'Bristol, City of', null, null), ('802', 'North Somerset', null, null),
                ('810', 'Kingston upon Hull, City of', null, null), ('314', 'Kingston upon Thames', null, null)
            ) as t (la_code, la_name, valid_from, valid_to);
            create table seeds.la_alias as from (values ('Hull', '810')) as t (alias, la_code);
            create table marts.dim_measure as from (values
                ('rereferrals_pct', 'Re-referrals within 12 months'),
                ('cpp_repeat_pct', 'Repeat child protection plans'),
                ('cpp_at_31_march_count', 'Child protection plans at 31 March')
            ) as t (measure_id, label);
            """
        )
        yield con


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("815", "815"),
        ("north yorkshire", "815"),
        ("N Yorks", "815"),
        ("york", "816"),
        ("BCP", "839"),
        ("bournemouth", "839"),
        ("Bournemouth, Christchurch & Poole", "839"),
        ("city of bristol", "801"),
        ("hull", "810"),
        ("kingston upon t", "314"),
        ("dorset", "838"),
        ("835", "835"),
    ],
)
def test_an_authority_is_found(con: duckdb.DuckDBPyConnection, asked: str, code: str) -> None:
    assert find_authority(con, asked) == code


def test_of_two_with_a_name_the_one_of_the_year(con: duckdb.DuckDBPyConnection) -> None:
    assert find_authority(con, "dorset", 2018) == "835"
    assert find_authority(con, "dorset", 2020) == "838"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("999", "not a DfE code"),
        ("north", r"may be North Somerset \(802\), North Yorkshire \(815\)\. Give the code"),
        ("north yorkshir", None),
        ("dorsett", r"no authority 'dorsett'\. Nearest: Dorset"),
        ("atlantis", "no authority 'atlantis'"),
        ("", "no authority"),
    ],
)
def test_what_is_not_clear_is_said(con: duckdb.DuckDBPyConnection, asked: str, said: str | None) -> None:
    if said is None:
        assert find_authority(con, asked) == "815"
    else:
        with pytest.raises(WrongArgument, match=said):
            find_authority(con, asked)


def test_measures(con: duckdb.DuckDBPyConnection) -> None:
    assert find_measure(con, "rereferrals_pct") == "rereferrals_pct"
    assert find_measure(con, "re-referrals") == "rereferrals_pct"
    assert find_measure(con, "repeat plans") == "cpp_repeat_pct"
    with pytest.raises(WrongArgument, match="may be cpp_at_31_march_count, cpp_repeat_pct"):
        find_measure(con, "child protection")
    with pytest.raises(WrongArgument, match="Nearest: rereferrals_pct"):
        find_measure(con, "rereferals_pct")
