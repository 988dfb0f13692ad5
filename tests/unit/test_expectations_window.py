"""The shop window: each check passes on plausible marts and fails, with the rows, on marts that are not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations.results import WindowResult, describe
from expectations.shop_window import check_shop_window

Window = Callable[..., WindowResult]

MARTS = """
create schema marts; create schema seeds; create schema intermediate; create schema audit;
create table seeds.measure as from (values
    ('referrals_count', 'count', 0.0, 500000.0), ('rereferrals_pct', 'pct', 0.0, 100.0),
    ('spend_cla_gross_gbp', 'gbp', 0.0, 1e9)) as t(measure_id, unit, lowest, highest);
create table marts.dim_local_authority as
    select (300 + i)::varchar as la_code, 'Authority ' || i as la_name, null::date as valid_from, null::date as valid_to
    from range(150) as r(i);
create table marts.fct_la_year_measure as
    select la_code, year::integer as year, measure_id,
        case unit when 'count' then 2000 + 10 * (la_code::integer - 300) + year % 7
            when 'pct' then 20 + (la_code::integer % 10) + year % 3
            else 2e7 + 1e5 * (la_code::integer - 300) end::double as value,
        'reported' as value_status, 'dfe_cin' as source, '2016' as edition
    from marts.dim_local_authority, range(2014, 2017) as y(year), seeds.measure;
create table intermediate.int_measures__edition_values as
    select source, edition, 'la' as level, la_code as unit_code, la_code as unit_name, measure_id, year, value,
        value_status
    from marts.fct_la_year_measure
    union all
    select source, edition, 'national', '', 'England', measure_id, year, round(sum(value), -1), 'reported'
    from marts.fct_la_year_measure where measure_id <> 'rereferrals_pct' group by all;
create table audit.rpt_edition_changes as
    select 'la' as area_level, la_code as area_code, measure_id, year, 'dfe_cin' as previous_source,
        '2015' as previous_edition, value as previous_value, source, edition, value * 1.02 as value,
        0.02 as relative_change
    from marts.fct_la_year_measure where measure_id = 'referrals_count' and year = 2015;
create table marts.fct_la_year_spend as
    select la_code, year, 'total' as spend_group, 'gross' as gross_or_net, 5e7 as gbp_nominal,
        800.0 as gbp_nominal_per_child, 'dfe_s251_outturn' as source, '2016' as edition
    from marts.fct_la_year_measure where measure_id = 'referrals_count';
create table marts.fct_inspection as
    select 'sif-' || la_code as inspection_id, la_code, 'sif' as framework, date '2015-06-20' as publication_date,
        date '2015-05-01' as inspection_date, 2016 as year_by_publication, 3 as overall_judgement,
        'requires_improvement' as outcome_group, true as is_first_in_framework
    from marts.dim_local_authority;
"""


@pytest.fixture(scope="module")
def plausible(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marts") / "plausible.duckdb"
    with duckdb.connect(str(path)) as c:
        c.execute(MARTS)
    return path


@pytest.fixture
def window(plausible: Path, tmp_path: Path) -> Window:
    """The window's answer for plausible marts after a change, held against those before it."""

    def look(change: str = "") -> WindowResult:
        database = tmp_path / "next.duckdb"
        shutil.copy(plausible, database)
        with duckdb.connect(str(database)) as c:
            c.execute(change or "select 1")
        return check_shop_window(database, plausible)

    return look


def test_plausible_marts_pass(window: Window) -> None:
    result = window()
    assert not result.findings, describe(result)
    assert result.checked == 150 * 3 * 3


FACT = "update marts.fct_la_year_measure set value = {} where la_code = '310' and year = 2015 and measure_id = '{}'"


@pytest.mark.parametrize(
    ("check", "severity", "change"),
    [
        ("window_not_too_low", "error", FACT.format("-3", "referrals_count")),
        ("window_not_too_high", "error", FACT.format("100.4", "rereferrals_pct")),
        ("window_finite", "error", FACT.format("'nan'::double", "rereferrals_pct")),
        ("window_status", "error", FACT.format("null", "rereferrals_pct")),
        ("window_jump", "warning", FACT.format("90000", "referrals_count")),
        (
            "window_same_unit",
            "error",
            "update marts.fct_la_year_measure set value = value / 1000 where year = 2015 and measure_id like 'spend%'",
        ),
        ("window_spine", "error", "delete from marts.fct_la_year_measure where la_code = '310' and year = 2015"),
        ("window_spine", "error", "insert into marts.fct_la_year_measure from marts.fct_la_year_measure limit 1"),
        (
            "window_adds_up",
            "error",
            "update intermediate.int_measures__edition_values set value = value + 5000 "
            "where unit_code = '310' and measure_id = 'referrals_count' and year = 2014",
        ),
        (
            "window_adds_up",
            "error",
            "delete from intermediate.int_measures__edition_values where unit_code in ('310') and year = 2014",
        ),
        (
            "window_revision",
            "warning",
            "update audit.rpt_edition_changes set value = 9000, relative_change = 2 where area_code = '310'",
        ),
        (
            "window_edition_unit",
            "error",
            "update audit.rpt_edition_changes set previous_value = value / 1000, relative_change = 0",
        ),
        (
            "window_spend_per_child",
            "warning",
            "update marts.fct_la_year_spend set gbp_nominal_per_child = 0 where la_code = '310' and year = 2015",
        ),
        ("window_inspection", "error", "update marts.fct_inspection set overall_judgement = 5 where la_code = '310'"),
        (
            "window_inspection",
            "error",
            "update marts.fct_inspection set inspection_date = '2015-07-01' where la_code = '310'",
        ),
        (
            "window_inspection",
            "error",
            "update marts.fct_inspection set year_by_publication = 2015 where la_code = '310'",
        ),
        (
            "window_inspection",
            "error",
            "insert into marts.fct_inspection "
            "select * replace ('again' as inspection_id) from marts.fct_inspection limit 1",
        ),
        (
            "window_previous",
            "warning",
            "update marts.fct_la_year_measure set value = null, value_status = 'suppressed' "
            "where measure_id = 'rereferrals_pct' and la_code < '330'",
        ),
        ("window_relations", "error", "drop table marts.fct_inspection"),
    ],
)
def test_implausible_marts_fail(window: Window, check: str, severity: str, change: str) -> None:
    result = window(change)
    found = [f for f in result.findings if f.check == check]
    assert found, describe(result)
    assert {f.severity for f in found} == {severity}
    assert result.ok == (not result.errors)
    assert check in describe(result)
    assert found[0].advice in describe(result)


def test_a_suppressed_authority_is_room_enough(window: Window) -> None:
    result = window(
        "update intermediate.int_measures__edition_values set value = null, value_status = 'suppressed' "
        "where unit_code = '310' and year = 2014",
    )
    assert result.ok, describe(result)


def test_failing_rows_are_shown(window: Window) -> None:
    text = describe(window(FACT.format("90000", "referrals_count")))
    assert "310" in text
    assert "90,000" in text
