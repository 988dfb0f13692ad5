"""The release checks: each is silent on plausible marts and fires, with the rows, on marts that are not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from expectations.release.check import SUITES, check_release
from expectations.results import Finding, ReleaseResult, TableKey, describe
from expectations.suites import load_suites

Release = Callable[..., ReleaseResult]

MARTS = """
create schema marts; create schema seeds; create schema intermediate; create schema audit; create schema staging;
create table seeds.measure as
    select *, null::varchar as numerator_measure, null::varchar as denominator_measure, null::varchar as sum_of
    from (values
        ('referrals_count', 'count', 0.0, 500000.0), ('rereferrals_pct', 'pct', 0.0, 100.0),
        ('social_workers_fte', 'fte', 0.0, 3000.0), ('spend_cla_gross_gbp', 'gbp', 0.0, 1e9)
    ) as t(measure_id, unit, lowest, highest);
create table marts.dim_local_authority as
    select (300 + i)::varchar as la_code, 'Authority ' || i as la_name, null::date as valid_from, null::date as valid_to
    from range(150) as r(i)
    union all select '299', 'Abolished', null, date '2015-06-30';
create table marts.fct_la_year_measure as
    select la_code, year::integer as year, measure_id,
        case unit when 'count' then 2000 + 10 * (la_code::integer - 300) + year % 7
            when 'pct' then 20 + (la_code::integer % 10) + year % 3
            when 'fte' then 100 + (la_code::integer - 300) + year % 3
            else 2e7 + 1e5 * (la_code::integer - 300) end::double as value,
        'reported' as value_status, 'dfe_cin' as source, '2016' as edition
    from marts.dim_local_authority, range(2014, 2017) as y(year), seeds.measure
    where la_code <> '299' or year <= 2015;
create table intermediate.int_measures__la_values as
    select source, edition, la_code as unit_code, 'Authority ' || la_code as unit_name, la_code, measure_id, year,
        value,
        value_status, false as is_joint_return, la_code as reporting_unit_code
    from marts.fct_la_year_measure;
create table intermediate.int_measures__edition_values as
    select source, edition, 'national' as level, measure_id, year, round(sum(value), 0) as value
    from intermediate.int_measures__la_values where measure_id <> 'rereferrals_pct' group by all;
create table intermediate.int_measures__mapped_cells as
    select distinct source, 'c_' || measure_id as table_name, edition, measure_id, year
    from marts.fct_la_year_measure where measure_id not like 'spend%';
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
        'requires_improvement' as outcome_group, true as is_first_in_framework, 'ofsted' as source, '2023' as edition
    from marts.dim_local_authority;
create table staging.stg_ofsted__inspection as
    select source, 'la_inspections' as table_name, edition, framework, publication_date from marts.fct_inspection;
create table staging.stg_landing__catalogue as
    select 'dfe_s251_outturn' as source, '2016' as edition, 'a1' as table_name;
"""
MEASURES = ("referrals_count", "rereferrals_pct", "social_workers_fte", "spend_cla_gross_gbp")
#: Authorities in whose inspections faults are planted.
INSPECTED = tuple(str(code) for code in range(310, 330))
REFERRALS: tuple[TableKey, ...] = (("dfe_cin", "c_referrals_count", "2016"),)
REREFERRALS: tuple[TableKey, ...] = (("dfe_cin", "c_rereferrals_pct", "2016"),)
OUTTURN: tuple[TableKey, ...] = (("dfe_s251_outturn", "a1", "2016"),)
INSPECTIONS: tuple[TableKey, ...] = (("ofsted", "la_inspections", "2023"),)


@pytest.fixture(scope="module")
def plausible(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marts") / "plausible.duckdb"
    with duckdb.connect(str(path)) as c:
        c.execute(MARTS)
    return path


@pytest.fixture
def release(plausible: Path, tmp_path: Path) -> Release:
    """The answer for plausible marts after a change, held against those before it."""

    def look(change: str = "") -> ReleaseResult:
        database = tmp_path / "next.duckdb"
        shutil.copy(plausible, database)
        with duckdb.connect(str(database)) as c:
            c.execute(change or "select 1")
        return check_release(database, plausible)

    return look


def fact(value: str, measure: str, *, year: int = 2015, status: str = "value_status") -> str:
    return (
        f"update marts.fct_la_year_measure set value = {value}, value_status = {status} "
        f"where la_code = '310' and year = {year} and measure_id = '{measure}'"
    )


def printed(change: str, where: str = "unit_code = '310' and measure_id = 'referrals_count' and year = 2014") -> str:
    return f"update intermediate.int_measures__la_values set {change} where {where}"


def inspection(change: str, la: str = "310") -> str:
    return f"update marts.fct_inspection set {change} where la_code = '{la}'"


@dataclass(frozen=True)
class Case:
    """A planted fault, and what its finding must say."""

    check: str
    change: str
    tables: tuple[TableKey, ...] = ()
    severity: str = "error"
    found: str = ""
    kind: str = "fault"
    #: Checks that fire with it.
    beside: tuple[str, ...] = ()
    #: What its findings name: a relation or a year, or as in the change a measure or an authority.
    place: str = ""

    @property
    def named(self) -> str:
        """A value that every finding of the fault has in what it says of its place."""
        words = re.findall(r"'(\w+)'", self.change)
        return self.place or next(w for w in (*MEASURES, *INSPECTED) if w in words)

    def explains(self, finding: Finding) -> bool:
        """Whether a finding is of this fault."""
        return finding.check in self.checks and self.named in finding.where.values()

    @property
    def checks(self) -> set[str]:
        """All that fire."""
        return {self.check, *self.beside}

    @property
    def touches(self) -> set[str]:
        """What the fault is planted in: a relation, of figures one measure of it, of inspections one authority's."""
        relations = set(re.findall(r"\b(?:marts|intermediate|audit)\.\w+", self.change))
        if relations == {"marts.fct_la_year_measure"}:
            return {self.named} if self.named in MEASURES else set(MEASURES)
        if relations == {"marts.fct_inspection"}:
            return {self.named} if self.named in INSPECTED else set(INSPECTED)
        return relations


CASES = [
    Case("relation_columns", "drop table marts.fct_inspection", found="not there", place="marts.fct_inspection"),
    Case(
        "relation_columns",
        "alter table marts.fct_inspection drop framework",
        found="has no framework",
        place="marts.fct_inspection",
    ),
    Case(
        "figure_once",
        "insert into marts.fct_la_year_measure from marts.fct_la_year_measure "
        "where measure_id = 'referrals_count' and year = 2015 and la_code = '310'",
        REFERRALS,
        found="2 figures",
    ),
    Case("status_known", fact("null", "rereferrals_pct", status="'asleep'"), REREFERRALS),
    Case("figure_where_reported", fact("null", "rereferrals_pct"), REREFERRALS, found="1 figure"),
    Case("figure_where_reported", fact("'nan'::double", "rereferrals_pct"), REREFERRALS),
    Case(
        "no_figure_elsewhere",
        fact("value", "rereferrals_pct", status="'suppressed'"),
        REREFERRALS,
        found="1 figure",
    ),
    Case("figure_not_too_low", fact("-3", "referrals_count"), REFERRALS, found="-3"),
    Case(
        "figure_not_too_high",
        fact("100.4", "rereferrals_pct"),
        REREFERRALS,
        found="100.4",
        beside=("change_by_80_points",),
    ),
    Case(
        "figure_finite",
        fact("'infinity'::double", "social_workers_fte"),
        (("dfe_cin", "c_social_workers_fte", "2016"),),
        beside=("figure_not_too_high", "eightfold_change"),
    ),
    Case(
        "same_unit_from_year_to_year",
        "update marts.fct_la_year_measure set value = value / 1000 "
        "where year = 2016 and measure_id = 'referrals_count'",
        REFERRALS,
        found="the odd year is 2016",
        beside=("eightfold_change", "figures_changed"),
    ),
    Case(
        "every_authority_and_measure",
        "delete from marts.fct_la_year_measure "
        "where la_code = '310' and year = 2015 and measure_id = 'referrals_count'",
        found="1 of 604 rows missing",
        place="2015",
    ),
    Case(
        "authorities_in_existence",
        "delete from marts.fct_la_year_measure where la_code = '310' and year = 2015",
        found="150 authorities, where 151 existed",
        place="2015",
    ),
    Case(
        "england_not_below_its_authorities",
        printed("value = value + 5000"),
        REFERRALS,
        found="5,000 below",
        place="2014",
    ),
    Case(
        "england_not_below_its_authorities",
        printed("value = value + 5000")
        + ";"
        + printed("value = null, value_status = 'low_reliability'", "unit_code = '311' and year = 2014"),
        REFERRALS,
        beside=("england_with_authorities_that_are_not_numbers",),
        place="2014",
    ),
    Case(
        "england_not_above_its_authorities",
        printed("value = value - 2000"),
        REFERRALS,
        found="2,000 above",
        place="2014",
    ),
    Case(
        "england_not_above_its_authorities",
        "delete from intermediate.int_measures__la_values where unit_code = '310' and year = 2014",
        REFERRALS,
        place="2014",
    ),
    Case(
        "england_with_authorities_that_are_not_numbers",
        printed("value = null, value_status = 'low_reliability'"),
        REFERRALS,
        "warning",
        "1 more is no number",
        "not checkable",
        place="2014",
    ),
    Case(
        "england_with_authorities_that_are_not_numbers",
        "delete from intermediate.int_measures__la_values where unit_code = '299' and measure_id = 'referrals_count' "
        "and year = 2014",
        REFERRALS,
        "warning",
        "1 more is no number",
        "not checkable",
        place="2014",
    ),
    Case(
        "england_with_joint_returns",
        printed("is_joint_return = true, value = value + 500", "unit_code in ('310', '311') and year = 2014")
        + " and measure_id = 'referrals_count'",
        REFERRALS,
        "warning",
        "2 joint returns",
        "not checkable",
        place="2014",
    ),
    Case("eightfold_change", fact("90000", "referrals_count"), REFERRALS, "warning", "changes 42"),
    Case(
        "twentyfold_change_of_money",
        fact("900", "spend_cla_gross_gbp"),
        severity="warning",
        found="-fold",
    ),
    Case(
        "change_by_80_points",
        fact("0", "rereferrals_pct", year=2014) + ";" + fact("99", "rereferrals_pct", year=2015),
        REREFERRALS,
        "warning",
        "changes by 99 points",
    ),
    Case(
        "revised_by_half",
        "update audit.rpt_edition_changes set value = 9000, relative_change = 2 where area_code = '310'",
        REFERRALS,
        "warning",
        "200 per cent",
    ),
    Case(
        "same_unit_in_both_editions",
        "update audit.rpt_edition_changes set previous_value = value / 1000, relative_change = 0",
        REFERRALS,
        found="1000-fold",
        place="referrals_count",
    ),
    Case(
        "spending_per_child",
        "update marts.fct_la_year_spend set gbp_nominal_per_child = 0 where la_code = '310' and year = 2015",
        OUTTURN,
        "warning",
        "£0 per child",
    ),
    Case("framework_known", inspection("framework = 'eilacs'", "310"), found="eilacs"),
    Case(
        "judgement_known",
        inspection("overall_judgement = 5", "311"),
        INSPECTIONS,
        beside=("outcome_group_of_judgement",),
    ),
    Case("outcome_group_of_judgement", inspection("outcome_group = 'inadequate'", "312"), INSPECTIONS),
    Case("outcome_group_of_judgement", inspection("outcome_group = null", "313"), INSPECTIONS),
    Case(
        "publication_year_plausible",
        inspection(
            "publication_date = '2036-01-20', inspection_date = '2035-12-20', year_by_publication = 2036", "314"
        ),
    ),
    Case("published_after_inspection", inspection("inspection_date = '2015-07-01'", "315"), INSPECTIONS, found="-11"),
    Case("published_after_inspection", inspection("inspection_date = '2014-07-01'", "316"), INSPECTIONS),
    Case("reporting_year_of_publication", inspection("year_by_publication = 2015", "317"), INSPECTIONS, found="2015"),
    Case(
        "one_first_inspection",
        "insert into marts.fct_inspection "
        "select * replace ('again' as inspection_id) from marts.fct_inspection where la_code = '310'",
        INSPECTIONS,
    ),
    Case(
        "figures_lost",
        "update marts.fct_la_year_measure set value = null, value_status = 'suppressed' "
        "where measure_id = 'rereferrals_pct' and la_code < '330'",
        severity="warning",
        found="per cent of 452 figures are gone",
    ),
    Case(
        "figures_changed",
        "update marts.fct_la_year_measure set value = value * 1.2 "
        "where measure_id = 'referrals_count' and la_code < '340'",
        severity="warning",
        found="per cent of 452 figures changed",
    ),
]


def test_plausible_marts_pass(release: Release) -> None:
    result = release()
    assert not result.findings, describe(result)
    assert result.checked == 4 * (3 * 150 + 2)


def test_every_check_has_a_planted_fault() -> None:
    checks = {c.check for suite in load_suites(SUITES).values() for c in suite.checks}
    assert checks == {case.check for case in CASES}


def batches() -> list[list[Case]]:
    """Cases that can be planted side by side: in different places, and no check fires for two of them."""
    found: list[list[Case]] = []
    for case in CASES:
        for batch in found:
            if not any(case.touches & other.touches or case.checks & other.checks for other in batch):
                batch.append(case)
                break
        else:
            found.append([case])
    return found


@pytest.fixture(scope="module")
def planted(plausible: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Case, tuple[ReleaseResult, list[Case]]]:
    """What is said of each fault, planted with others elsewhere, and which those are."""
    found = {}
    for number, batch in enumerate(batches()):
        database = tmp_path_factory.mktemp("planted") / f"{number}.duckdb"
        shutil.copy(plausible, database)
        with duckdb.connect(str(database)) as c:
            for case in batch:
                c.execute(case.change)
        result = check_release(database, plausible)
        found |= dict.fromkeys(batch, (result, batch))
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.check)
def test_a_planted_fault_is_found_and_only_that(
    planted: dict[Case, tuple[ReleaseResult, list[Case]]], case: Case
) -> None:
    result, batch = planted[case]
    explained = [[c for c in batch if c.explains(f)] for f in result.findings]
    assert all(len(cases) == 1 for cases in explained), describe(result)
    findings = [f for f, (by,) in zip(result.findings, explained, strict=True) if by == case]
    assert {f.check for f in findings} == case.checks, describe(result)
    finding = next(f for f in findings if f.check == case.check)
    assert (finding.severity, finding.kind) == (case.severity, case.kind)
    assert case.found in finding.found, finding.found
    assert set(case.tables) <= set(finding.tables)
    if case.severity == "error":
        assert not result.ok
        assert all(finding in result.by_table[key] for key in case.tables)
    text = describe(result)
    assert case.check in text
    assert finding.advice in text


def test_what_cannot_be_checked_is_listed_and_stops_nothing(release: Release) -> None:
    result = release(printed("value = null, value_status = 'low_reliability'"))
    assert result.ok
    assert not result.warnings
    (finding,) = result.not_checkable
    assert finding.examples[0]["who"] == "Authority 310: low_reliability"
    assert "1 that could not be checked" in describe(result).splitlines()[0]
    assert "NOT CHECKABLE" in describe(result)


def test_no_status_but_a_number_makes_england_fail(release: Release) -> None:
    places = {
        "suppressed": ("referrals_count", 2014),
        "unavailable": ("referrals_count", 2015),
        "not_applicable": ("referrals_count", 2016),
        "low_reliability": ("social_workers_fte", 2014),
        "rounds_to_zero": ("social_workers_fte", 2015),
    }
    where = "unit_code = '310' and measure_id = '{}' and year = {}"
    result = release(
        ";".join(printed(f"value = null, value_status = '{s}'", where.format(*at)) for s, at in places.items())
    )
    assert result.ok
    found = [(f.where["measure_id"], int(f.where["year"])) for f in result.not_checkable]
    assert sorted(found) == sorted(places.values())


def test_an_authority_that_did_not_exist_is_not_missed(release: Release) -> None:
    assert not release(
        "insert into intermediate.int_measures__la_values "
        "select * replace ('299' as unit_code, '299' as la_code, 'Abolished' as unit_name, null as value, "
        "'unavailable' as value_status) "
        "from intermediate.int_measures__la_values where unit_code = '310' and year = 2016"
    ).findings


def test_a_joint_return_printed_under_both_authorities_counts_once(release: Release) -> None:
    assert not release(
        printed("is_joint_return = true, reporting_unit_code = '310 / 311'", "unit_code in ('310', '311')")
        + ";"
        + printed(
            "value = (select sum(value) from intermediate.int_measures__la_values as o where o.measure_id = "
            "int_measures__la_values.measure_id and o.year = int_measures__la_values.year "
            "and o.la_code in ('310', '311'))",
            "unit_code in ('310', '311') and measure_id in ('referrals_count', 'social_workers_fte')",
        )
    ).findings


def test_the_odd_year_is_named_and_not_the_one_after_it(release: Release) -> None:
    result = release(
        "update marts.fct_la_year_measure set value = value / 1000 where year = 2015 and measure_id = 'referrals_count'"
    )
    found = [f for f in result.errors if f.check == "same_unit_from_year_to_year"]
    assert [f.where["year"] for f in found] == ["2015", "2016"]
    assert all("the odd year is 2015" in f.found for f in found)


def test_failing_rows_are_shown(release: Release) -> None:
    text = describe(release(fact("90000", "referrals_count")))
    assert "310" in text
    assert "90,000" in text


def test_figures_that_fail_together_are_one_finding(release: Release) -> None:
    result = release(
        "update marts.fct_la_year_measure set value = -value where year = 2015 and measure_id = 'referrals_count'"
    )
    (finding,) = [f for f in result.errors if f.check == "figure_not_too_low"]
    assert finding.found.startswith("151 figures")
    assert len(finding.examples) == 12


def test_a_measure_that_is_computed_names_the_tables_of_its_parts(release: Release) -> None:
    result = release(
        "update seeds.measure set numerator_measure = 'referrals_count' where measure_id = 'rereferrals_pct';"
        "delete from intermediate.int_measures__mapped_cells where measure_id = 'rereferrals_pct';"
        + fact("100.4", "rereferrals_pct")
    )
    finding = next(f for f in result.errors if f.check == "figure_not_too_high")
    assert finding.tables == REFERRALS


def test_a_warehouse_without_the_cells_names_no_tables(release: Release) -> None:
    result = release("drop table intermediate.int_measures__mapped_cells;" + fact("-3", "referrals_count"))
    finding = next(f for f in result.errors if f.check == "figure_not_too_low")
    assert finding.tables == ()
    assert any(f.check == "relation_columns" for f in result.errors)


def test_a_first_warehouse_has_nothing_to_be_held_against(plausible: Path, tmp_path: Path) -> None:
    assert not check_release(plausible).findings
    assert not check_release(plausible, tmp_path / "absent.duckdb").findings
