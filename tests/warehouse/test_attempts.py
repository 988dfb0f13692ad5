"""Finding what makes a build fail: by the failing rows, or by building without; what is published is always a set that
passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.common.errors import CheckFailed, CswError
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.landing.land import land_returns
from flows.landing.quarantine import Unit, read_quarantine
from flows.warehouse.attempts import UNDECIDED, Attempts, Failure, failures_of, new_units
from flows.warehouse.dbt import DbtResult, Node
from flows.warehouse.tracing import Tracer
from tests.made_up import b1, put

Key = tuple[str, str, str]


@pytest.fixture
def several(settings: Settings, tmp_path: Path) -> Settings:
    """Eight states of one table, none of them published."""
    name = "b1_children_in_need_2013_to_2022.csv"
    for i in range(8):
        put(tmp_path / "in", name, b1(figure=lambda code, year, column, i=i: str(i)))
        land_returns(settings, tmp_path / "in", workers=1)
    return settings


def in_use(settings: Settings) -> set[str]:
    return {x.edition for x in read_catalogue(settings)}


def failing_with(
    settings: Settings, bad: set[str], builds: list[set[str]], **about: object
) -> Callable[[], list[Failure]]:
    """A build that fails where any of these editions is in use."""

    def attempt() -> list[Failure]:
        builds.append(in_use(settings))
        found = bad & in_use(settings)
        return [Failure("test t", f"fails on {sorted(found)}", "mend", **about)] if found else []  # type: ignore[arg-type]

    return attempt


@pytest.mark.parametrize(
    "bad", [set(), {"2022"}, {"2022-r8"}, {"2022-r5"}, {"2022-r2", "2022-r7"}, {"2022", "2022-r4", "2022-r5"}]
)
def test_what_the_rows_do_not_tell_is_found_by_building_without(several: Settings, bad: set[str]) -> None:
    builds: list[set[str]] = []
    Attempts(several, failing_with(several, bad, builds), most=20).until_it_passes()
    assert {q.edition for q in read_quarantine(several)} == bad
    # What is published is what was built last, and it passed.
    assert builds[-1] == in_use(several)
    assert not bad & builds[-1]
    assert all(q.by == "test t" and "fails on" in q.why and q.mends == "mend" for q in read_quarantine(several))


def test_the_number_of_builds_is_bounded_and_what_is_left_undecided_is_held_back(several: Settings) -> None:
    builds: list[set[str]] = []
    bad = {"2022-r2", "2022-r4", "2022-r6", "2022-r8"}
    Attempts(several, failing_with(several, bad, builds), most=6).until_it_passes()
    assert len(builds) <= 7
    held = {q.edition: q for q in read_quarantine(several)}
    assert bad <= held.keys()
    assert builds[-1] == in_use(several)
    assert any(UNDECIDED in q.why for q in held.values())


def test_what_a_check_names_is_held_back_without_trying(several: Settings) -> None:
    builds: list[set[str]] = []
    about = {"tables": (("dfe_cin", "b1_children_in_need", "2022-r3"),)}
    Attempts(several, failing_with(several, {"2022-r3"}, builds, **about)).until_it_passes()
    assert [q.edition for q in read_quarantine(several)] == ["2022-r3"]
    assert len(builds) == 2


def test_where_even_the_rest_fails_nothing_is_held_back_and_the_rows_are_shown(several: Settings) -> None:
    before = in_use(several)
    with pytest.raises(CheckFailed, match=r"(?s)also without anything that is new.*the seed is wrong"):
        Attempts(several, lambda: [Failure("test t", "the seed is wrong")]).until_it_passes()
    assert in_use(several) == before
    assert read_quarantine(several) == []


def test_a_probe_that_was_cut_off_is_tried_again(several: Settings) -> None:
    def dies_when_probing() -> list[Failure]:
        if len(in_use(several)) < 8:
            raise KeyboardInterrupt
        return [Failure("test t", "fails")]

    with pytest.raises(KeyboardInterrupt):
        Attempts(several, dies_when_probing).until_it_passes()
    assert {q.code for q in read_quarantine(several)} == {""}


def test_new_is_what_is_not_published(several: Settings) -> None:
    assert len(new_units(several)) == 8
    assert new_units(several)[0].edition == "2022-r8"


# --- following rows --------------------------------------------------------------------------------------------------


@pytest.fixture
def built() -> duckdb.DuckDBPyConnection:
    """What rows are followed in: models of a warehouse, with a few rows."""
    con = duckdb.connect()
    con.execute(
        """
        create schema intermediate; create schema staging; create schema marts;
        create table intermediate.int_measures__mapped_cells as
            select * from (values
                ('s', 'counts', '2022', 'cin', 2022, '886'),
                ('s', 'rates', '2022', 'rate', 2022, '886')
            ) as t (source, table_name, edition, measure_id, year, unit_code);
        create table staging.stg_landing__unit as
            select * from (values ('s', 'counts', '2022', '886', 'Kent'), ('s', 'names', '2022', 'z', 'Kent'))
            as t (source, table_name, edition, unit_code, unit_name);
        create table marts.fct_la_year_measure as
            select '886' as la_code, 2022 as year, 'rate' as measure_id, 's' as source, '2022' as edition;
        """
    )
    return con


TABLES = {name: Unit("s", name, "2022", f"{name}.csv", f"{name}-sha") for name in ("counts", "rates", "names")}
OLD = Unit("s", "counts", "2020", "old.csv", "old-sha")
REPORT = Unit("ofsted_reports", "documents", "documents", "1_kent_report.pdf", "pdf-sha")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"source": "s", "table_name": "rates", "edition": "2022", "unit_code": "z"}, {"rates"}),
        ({"source": "s", "edition": "2022", "measure_id": "cin", "unit_code": "886", "year": 2022}, {"counts"}),
        ({"source": "s", "edition": "2022", "unit_code": "z", "unit_name": "Kent"}, {"names"}),
        ({"source": "s", "edition": "2022"}, {"counts", "rates", "names"}),
        ({"source": "s", "edition": "2022", "measure_id": "unknown"}, {"counts", "rates", "names"}),
        ({"la_code": "886", "year": 2022, "measure_id": "rate", "value": 1.5}, {"rates"}),
        ({"edition": "2022", "filter": "x"}, {"counts", "rates", "names"}),
        ({"sha256": "rates-sha", "x": 1}, {"rates"}),
        ({"source": "s", "edition": "2021"}, set()),
        ({"year": 2022, "measure_id": "rate"}, set()),
        ({"total": 3}, set()),
    ],
)
def test_rows_are_followed_to_their_tables(
    built: duckdb.DuckDBPyConnection, row: dict[str, object], found: set[str]
) -> None:
    tracer = Tracer(built, [*TABLES.values(), OLD, REPORT])
    assert tracer.units_of([row]) == {TABLES[t] for t in found}


@pytest.mark.parametrize("row", [{"report_id": "1_kent_report"}, {"file": "1_kent_report.pdf"}, {"sha256": "pdf-sha"}])
def test_rows_are_followed_to_their_document(built: duckdb.DuckDBPyConnection, row: dict[str, object]) -> None:
    assert Tracer(built, [*TABLES.values(), REPORT]).units_of([row, row]) == {REPORT}


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "Runtime Error in model x\n  Out of Memory Error: Failed to allocate block of 3145728 bytes",
            "memory ran out",
        ),
        (
            "Out of Memory Error: could not allocate block of size 256.0 KiB (953.6 MiB/953.6 MiB used)",
            "memory ran out",
        ),
        ("IO Error: Could not write file: No space left on device", "the disk refuses"),
        ("IO Error: Could not read from file: Input/output error", "the disk refuses"),
        ("IO Error: Cannot open file: Too many open files", "what else works on"),
    ],
)
def test_a_machine_that_gives_out_is_no_fault_of_a_table(several: Settings, message: str, told: str) -> None:
    node = Node("model.x", "x", "model", "error", message, 0, 0.0, "", "x.sql")

    def attempt() -> list[Failure]:
        return failures_of(DbtResult(False, "", [node]), several)

    with pytest.raises(CswError, match=told) as found:
        Attempts(several, attempt).until_it_passes()
    assert "run again" in str(found.value)
    assert not read_quarantine(several)


def test_a_model_that_fails_is_a_failure(several: Settings) -> None:
    node = Node(
        "model.x", "x", "model", "error", "Conversion Error: could not convert 'a' to DOUBLE", 0, 0.0, "", "x.sql"
    )
    assert [f.by for f in failures_of(DbtResult(False, "", [node]), several)] == ["model x"]
