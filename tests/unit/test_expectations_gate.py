"""The gate: each check is silent on good landed tables and fires, with the failing rows, on one that violates it."""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from expectations.exceptions import DocumentedException, load_exceptions
from expectations.gate.check import SUITES, check_gate
from expectations.gate.landed import META
from expectations.release.check import SUITES as RELEASE_SUITES
from expectations.results import Finding, GateResult, describe
from expectations.suites import load_suites
from flows.landing import tables as landing_tables
from tests.unit.expectations_landing import (
    AUTHORITIES,
    LINES,
    Row,
    Table,
    census,
    good_tables,
    judgements,
    outturn,
    started,
    write_landing,
)

#: What a test does to a table before it is landed, and to its landed file afterwards.
Plant = Callable[[Table], None]
Harm = Callable[[Path], None]


def gate(folder: Path, *tables: Table) -> GateResult:
    landed = write_landing(folder, *tables)
    return check_gate(landed.landing, landed.seeds)


def only(result: GateResult, check: str) -> Finding:
    assert {f.check for f in result.errors} == {check}, describe(result)
    return result.errors[0]


@dataclass(frozen=True)
class Case:
    """A planted fault, and what its finding must say."""

    check: str
    table: Callable[[], Table]
    plant: Plant = lambda table: None
    harm: Harm | None = None
    #: Row numbers of the file, the first ones; None where a finding names none.
    rows: tuple[int, ...] | None = None
    column: str | None = None
    found: str = ""
    value: str | None = None
    #: Checks that fail with it.
    beside: tuple[str, ...] = ()


def cell(row: int, column: int, value: str) -> Plant:
    def plant(table: Table) -> None:
        table.rows[row].cells[column] = value

    return plant


def each(column: int, change: Callable[[float], str]) -> Plant:
    def plant(table: Table) -> None:
        for row in table.rows:
            row.cells[column] = change(float(row.cells[column].replace(",", "")))

    return plant


def without(*rows: int) -> Plant:
    def plant(table: Table) -> None:
        table.rows = [r for i, r in enumerate(table.rows) if i not in rows]

    return plant


def edited(row: int, **changes: str) -> Plant:
    def plant(table: Table) -> None:
        for name, value in changes.items():
            setattr(table.rows[row], name, value)

    return plant


def again(row: int) -> Plant:
    return lambda table: table.rows.append(table.rows[row])


def cut(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def rename_column(path: Path) -> None:
    path.write_text(path.read_text().replace("Referrals1415", "Referrals", 1))


def a_years_own(table: Table) -> None:
    """The second year of a tidy table is the first one's figures again."""
    first = {(r.code, r.filter): r.cells[3] for r in table.rows if r.period == "2020"}
    for row in table.rows:
        if row.period == "2021":
            row.cells[3] = first[(row.code, row.filter)]


CASES = [
    Case("file_readable", census, harm=lambda path: path.unlink(), found="is not there"),
    Case("rows_present", census, without(*range(151)), found="no rows"),
    Case("rows_complete", census, harm=cut, found="1 row fewer"),
    Case(
        "columns_as_catalogued",
        census,
        harm=rename_column,
        found="column 13 is 'Referrals', where the catalogue has 'Referrals1415'",
        beside=("file_readable",),
    ),
    Case("level_known", census, edited(4, level="parish"), rows=(6,), found="'parish'"),
    Case("authority_named", started, edited(4, code="", name=""), rows=(6,), found="without code or name"),
    Case("la_code_form", census, edited(7, code="209.0"), rows=(9,), found="'209.0'"),
    Case("ons_code_form", census, edited(7, ons_code="Authority 209"), rows=(9,), found="'Authority 209'"),
    Case(
        "period_form",
        started,
        edited(9, period="FY 2022"),
        rows=(11,),
        found="'FY 2022'",
        beside=("authorities_complete",),
    ),
    Case("authorities_complete", census, without(*range(30)), found="120 authorities"),
    Case("keys_unique", census, again(10), rows=(12, 153), found="2 rows"),
    Case("keys_unique", started, again(10), rows=(12, 902), found="2 rows"),
    Case("keys_unique", judgements, again(10), rows=(12, 302), found="2 rows"),
    Case("symbols_known", census, cell(7, 1, "q"), rows=(9,), column="Referrals1415", value="q", found="('q')"),
    Case("symbols_known", started, cell(7, 3, "x"), rows=(9,), column="number", value="x"),
    Case("symbols_known", outturn, cell(7, 2, "n/a"), rows=(9,), column="TotalExpenditure", value="n/a"),
    Case("not_below_lowest", census, cell(3, 1, "-4"), rows=(5,), column="Referrals1415", value="-4"),
    Case("not_above_highest", census, cell(3, 2, "140"), rows=(5,), column="%Again1415", value="140"),
    Case("spend_per_authority", outturn, cell(0, 2, "21345.6"), rows=(2,), column="TotalExpenditure", value="21345.6"),
    Case(
        "percent_of_a_hundred",
        census,
        each(2, lambda x: f"{x / 100:.3f}"),
        rows=(2, 3),
        column="%Again1415",
        found="150 percentages",
    ),
    Case(
        "usual_magnitude",
        outturn,
        each(2, lambda x: f"{x / 1000:.3f}"),
        rows=(2, 4),
        column="TotalExpenditure",
        found="is usual",
        beside=("spend_per_authority",),
    ),
    Case("own_year", started, a_years_own, found="100% of 150 figures are those of 2022 (2020)"),
]


def unplanted(case: Case) -> Table:
    """The table of a case, in which nothing that a case overwrites is not a number."""
    table = case.table()
    if case.table is census:
        table.rows[5].cells[1] = "2,000"
    return table


def test_good_tables_pass(tmp_path: Path) -> None:
    result = gate(tmp_path, *good_tables())
    assert result.ok, describe(result)
    assert not result.findings
    assert not result.by_table
    assert result.checked == 5
    assert describe(result).startswith("The gate: passed.")


def test_every_check_has_a_planted_fault() -> None:
    checks = {c.check for suite in load_suites(SUITES).values() for c in suite.checks}
    assert checks == {case.check for case in CASES}


def known_as(seeds: Path, table: str, others: list[str]) -> None:
    """Give tables the meaning that another has."""
    path = seeds / "measure_source.csv"
    with path.open(newline="", encoding="utf-8") as f:
        lines = list(csv.reader(f))
    at = lines[0].index("table_name")
    lines += [[*line[:at], other, *line[at + 1 :]] for other in others for line in lines[1:] if line[at] == table]
    with path.open("w", newline="", encoding="utf-8") as f:
        csv.writer(f, lineterminator="\n").writerows(lines)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[GateResult, dict[Case, Table]]:
    """What the gate says of good tables and, beside them, of one for each fault that it is planted in."""
    tables: dict[Case, Table] = {}
    outturns = iter(("2016", "2017", "2018"))
    for number, case in enumerate(CASES):
        # The gate knows one table of spending, so that each fault in it is in an edition of its own.
        table = outturn(next(outturns)) if case.table is outturn else unplanted(case)
        case.plant(table)
        if case.table is not outturn:
            table.table = f"{table.table}_{number}"
        tables[case] = table
    landed = write_landing(tmp_path_factory.mktemp("planted"), *good_tables(), *tables.values())
    for name in ("census", "started"):
        known_as(landed.seeds, name, [t.table for t in tables.values() if t.table.startswith(f"{name}_")])
    for case, table in tables.items():
        if case.harm:
            case.harm(landed.path(table))
    return check_gate(landed.landing, landed.seeds), tables


def test_what_is_good_passes_beside_what_is_not(planted: tuple[GateResult, dict[Case, Table]]) -> None:
    result, tables = planted
    assert sorted(result.stopped) == sorted(t.key for t in tables.values())
    assert result.checked == len(CASES) + len(good_tables())
    assert not result.warnings


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.check}-{c.table.__name__}")
def test_a_planted_fault_is_found_and_only_that(planted: tuple[GateResult, dict[Case, Table]], case: Case) -> None:
    result, tables = planted
    table = tables[case]
    found = result.by_table[table.key]
    assert {f.check for f in found} == {case.check, *case.beside}, describe(result)
    finding = next(f for f in found if f.check == case.check)
    assert finding.tables == (table.key,)
    assert finding.where["file"] == f"{table.table}_{table.edition}.csv"
    assert case.found in finding.found
    assert finding.where.get("column_name") == case.column
    if case.rows is not None:
        assert finding.rows[: len(case.rows)] == case.rows
        assert finding.examples[0]["row"] == str(case.rows[0])
    if case.value is not None:
        assert finding.examples[0]["value"] == case.value
    assert finding.advice in describe(result)


def test_lines_that_make_a_measure_together_are_weighed_together(tmp_path: Path) -> None:
    """A small line of a large group is no change of unit; the same change of all of them is one."""
    table = outturn()
    for row in table.rows[1::2]:
        row.cells[2] = f"{float(row.cells[2]) / 100:.2f}"
    landed = write_landing(tmp_path, table)
    with (landed.seeds / "measure_source.csv").open("a", encoding="utf-8") as f:
        for line in LINES:
            f.write(
                f"dfe_s251_outturn,table_a1,2015,2015,TotalExpenditure,line={line},,spend_cla_gross_gbp,value,1,,0,\n"
            )
    assert not [f for f in check_gate(landed.landing, landed.seeds).errors if f.check == "usual_magnitude"]
    path = landed.path(table)
    text = path.read_text(encoding="utf-8").splitlines()
    thousands = [",".join([*x.split(",")[:-1], f"{float(x.split(',')[-1]) / 1000:.5f}"]) for x in text[1:]]
    path.write_text("\n".join([text[0], *thousands]) + "\n", encoding="utf-8")
    found = [f for f in check_gate(landed.landing, landed.seeds).errors if f.check == "usual_magnitude"]
    assert "spend_cla_gross_gbp" in {f.where["measure_id"] for f in found}


def test_nothing_landed_is_nothing_to_check(tmp_path: Path) -> None:
    assert gate(tmp_path).ok
    assert check_gate(tmp_path / "nowhere", tmp_path / "nowhere").ok


def test_findings_are_read_by_people(tmp_path: Path) -> None:
    table = census()
    table.rows[7].cells[1] = "q"
    text = describe(gate(tmp_path, table))
    for said in ("row 9", "value_symbol.csv", "census_2015.csv", "Referrals1415", "Authority 209"):
        assert said in text


def footnote(table: Table) -> None:
    words = "1. Figures are rounded"
    table.rows.append(Row("none", "", "", [words, "note", "note"], ons_code=words))


def percentages_below_one_among_others(table: Table) -> None:
    for row in table.rows[:100]:
        row.cells[2] = "0.4"


def joint_return(table: Table) -> None:
    table.rows[7].code, table.rows[7].ons_code = "209 / 210", "E06000209 / E06000210"
    del table.rows[8]


def authorities_that_do_not_exist_yet(table: Table) -> None:
    for code in range(400, 410):
        table.rows.append(Row("la", str(code), f"Future {code}", [f"Future {code}", ".", "."]))


HARMLESS = (footnote, percentages_below_one_among_others, joint_return, authorities_that_do_not_exist_yet)


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> GateResult:
    """What the gate says of tables that look odd and are right."""
    tables = []
    for plant in HARMLESS:
        table = census()
        plant(table)
        table.table = f"census_{plant.__name__}"
        tables.append(table)
    part_in_thousands = outturn()
    part_in_thousands.rows[1].cells[2] = "21345.6"
    landed = write_landing(tmp_path_factory.mktemp("harmless"), *tables, part_in_thousands)
    known_as(landed.seeds, "census", [t.table for t in tables])
    return check_gate(landed.landing, landed.seeds)


@pytest.mark.parametrize("plant", HARMLESS, ids=lambda p: p.__name__)
def test_what_looks_odd_and_is_right_passes(harmless: GateResult, plant: Plant) -> None:
    assert harmless.checked == len(HARMLESS) + 1
    assert ("dfe_cin", f"census_{plant.__name__}", "2015") not in harmless.by_table, describe(harmless)


def test_a_part_in_thousands_is_no_total(harmless: GateResult) -> None:
    assert outturn().key not in harmless.by_table, describe(harmless)


def test_a_years_file_under_another_name(tmp_path: Path) -> None:
    finding = only(gate(tmp_path, census("2015"), census("2016", seed=2015)), "own_year")
    assert finding.where["edition"] == "2016"
    assert finding.where["other_edition"] == "2015"
    assert finding.found.startswith("100% of")
    assert finding.tables == (("dfe_cin", "census", "2016"),)


def test_a_new_table_is_held_against_those_landed_before(tmp_path: Path) -> None:
    landed = write_landing(tmp_path, census("2015"), census("2016", seed=2015), outturn())
    result = check_gate(landed.landing, landed.seeds, [("dfe_cin", "census", "2016")])
    assert only(result, "own_year").where["edition"] == "2016"
    assert result.checked == 1


def test_tables_not_asked_for_stop_nothing(tmp_path: Path) -> None:
    bad = census()
    bad.rows[7].cells[1] = "q"
    bad.rows[8].code = "x"
    landed = write_landing(tmp_path, bad, outturn())
    assert check_gate(landed.landing, landed.seeds, [outturn().key]).ok


def test_each_failing_table_is_named_with_its_own_findings(tmp_path: Path) -> None:
    first, second = census("2015"), outturn()
    first.rows[7].cells[1] = "q"
    first.rows[8].cells[2] = "140"
    second.rows[0].cells[2] = "21345.6"
    result = gate(tmp_path, first, second, started())
    assert {k: {f.check for f in v} for k, v in result.by_table.items()} == {
        first.key: {"symbols_known", "not_above_highest"},
        second.key: {"spend_per_authority"},
    }


def test_a_file_that_cannot_be_read_stops_only_itself(tmp_path: Path) -> None:
    good, bad = census("2015"), census("2016")
    landed = write_landing(tmp_path, good, bad)
    with landed.path(bad).open("a") as f:
        f.write('dfe_cin,census,2016,sha,999,la,"cut off in the mid')
    result = check_gate(landed.landing, landed.seeds)
    assert result.stopped == [bad.key]
    finding = next(f for f in result.errors if f.check == "file_readable")
    assert "cannot be read" in finding.found


@pytest.mark.parametrize(
    "error",
    [
        duckdb.OutOfMemoryException("failed to allocate"),
        duckdb.IOException(f"Cannot open: {os.strerror(errno.EMFILE)}"),
    ],
)
def test_a_machine_that_gives_out_is_no_fault_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: duckdb.Error
) -> None:
    """Held back for it, a new return would stay unseen until its bytes or the checks change."""

    def fail(*_: object) -> None:
        raise error

    landed = write_landing(tmp_path, census("2015"))
    monkeypatch.setattr("expectations.gate.reading.LandedTables._read_rows", fail)
    with pytest.raises(type(error)):
        check_gate(landed.landing, landed.seeds)


def test_a_thousand_failing_rows_are_one_finding_with_fifty_of_them(tmp_path: Path) -> None:
    table = started()
    table.rows += table.rows
    result = gate(tmp_path, table)
    found = [f for f in result.errors if f.check == "keys_unique"]
    assert [f.where["period"] for f in found] == ["2020", "2021", "2022"]
    assert found[0].found.startswith("600 rows")
    assert len(found[0].rows) == 50


def test_exceptions_cover_their_place_and_its_revisions() -> None:
    exception = next(e for e in load_exceptions() if e.where.get("authority") == "808")
    row = {"source": "dfe_s251_outturn", "edition": "2010", "authority": "808"}
    assert exception.covers(row)
    assert exception.covers({**row, "edition": "2010-r2"})  # an amendment inherits what is known of the edition
    assert not exception.covers({**row, "edition": "2011"})
    assert not exception.covers({**row, "authority": "807"})
    assert exception.accepts(0)
    assert not exception.accepts(12_000)


def with_exceptions(monkeypatch: pytest.MonkeyPatch, *exceptions: DocumentedException) -> None:
    monkeypatch.setattr("expectations.gate.check.load_exceptions", lambda: exceptions)


@pytest.mark.parametrize(("low", "is_accepted"), [("21345.6", True), ("19000", False)])
def test_an_exception_holds_within_its_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, low: str, is_accepted: bool
) -> None:
    where = {"source": "dfe_s251_outturn", "authority": AUTHORITIES[0][0]}
    exception = DocumentedException(
        check="spend_per_authority", where=where, min_value=20_000, max_value=30_000, reason="A test's own exception."
    )
    with_exceptions(monkeypatch, exception)
    table = outturn()
    table.rows[0].cells[2] = low
    result = gate(tmp_path, table)
    assert result.ok == is_accepted
    assert result.accepted == ([str(exception)] if is_accepted else [])


def test_an_exception_accepts_so_many_rows_and_no_other_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"source": "dfe_cla", "table_name": "started", "filter": "sex=Female"}
    exception = DocumentedException(check="keys_unique", where=where, max_rows=451, reason="A test's own exception.")
    with_exceptions(monkeypatch, exception)
    table = started()
    again(1)(table)
    assert gate(tmp_path / "one", table).accepted == [str(exception)]
    again(3)(table)
    assert not gate(tmp_path / "two", table).ok
    other = started()
    again(0)(other)
    assert not gate(tmp_path / "other", other).ok


def test_an_exception_that_is_no_longer_needed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = {"source": "dfe_s251_outturn", "authority": AUTHORITIES[0][0]}
    exception = DocumentedException(check="spend_per_authority", where=where, reason="A test's own exception.")
    with_exceptions(monkeypatch, exception)
    result = gate(tmp_path, outturn())
    assert (result.accepted, result.idle) == ([], [str(exception)])


def test_every_exception_names_a_check_and_a_reason() -> None:
    suites = [*load_suites(SUITES).values(), *load_suites(RELEASE_SUITES).values()]
    known = {c.check for suite in suites for c in suite.checks}
    for exception in load_exceptions():
        assert exception.check in known
        assert len(exception.reason) > 20
        assert exception.where


def test_an_exception_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        DocumentedException(check="keys_unique", where={}, reason="because", rows=3)  # type: ignore[call-arg]


def test_a_result_survives_the_pipe(tmp_path: Path) -> None:
    table = census()
    table.rows[7].cells[1] = "q"
    result = gate(tmp_path, table)
    again = GateResult.from_dict(result.to_dict())
    assert describe(again) == describe(result)
    assert again.by_table == result.by_table


def test_landed_columns_are_those_that_landing_writes() -> None:
    assert META == landing_tables.META
