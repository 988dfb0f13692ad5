"""The gate: each check passes on a good landed table and fails, with the failing rows, on one that violates it."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.docs import write_data_docs
from expectations.exceptions import DocumentedException, load_exceptions
from expectations.gate import check_gate
from expectations.results import Finding, GateResult, describe
from expectations.suites import load_suite
from tests.unit.expectations_landing import AUTHORITIES, Table, census, outturn, write_landing


def gate(folder: Path, *tables: Table) -> GateResult:
    return check_gate(write_landing(folder, *tables))


def only(result: GateResult, check: str) -> Finding:
    assert {f.check for f in result.errors} == {check}, describe(result)
    return result.errors[0]


def test_good_tables_pass(tmp_path: Path) -> None:
    result = gate(tmp_path, census("2015"), census("2016"), outturn())
    assert result.ok, describe(result)
    assert not result.warnings
    assert result.checked == 3
    assert describe(result).startswith("The gate: passed.")


def test_nothing_landed_is_nothing_to_check(tmp_path: Path) -> None:
    assert gate(tmp_path).ok


def test_new_symbol(tmp_path: Path) -> None:
    table = census("2015")
    table.rows[7][4][1] = "q"
    finding = only(result := gate(tmp_path, table), "symbols_known")
    assert finding.where["column_name"] == "Referrals1415"
    assert finding.where["file"] == "census_2015.csv"
    assert finding.rows == (9,)
    assert finding.examples[0]["value"] == "q"
    assert result.stopped == [("dfe_cin", "census", "2015")]
    assert "row 9" in describe(result)
    assert "value_symbol.csv" in describe(result)


def test_footnotes_and_headings_are_not_figures(tmp_path: Path) -> None:
    table = census("2015")
    table.rows.append(("none", "", "", "", ["1. Figures are rounded", "note", "note"]))
    assert gate(tmp_path, table).ok


def test_fraction_where_a_percentage_is_expected(tmp_path: Path) -> None:
    table = census("2015")
    for row in table.rows:
        row[4][2] = f"{float(row[4][2]) / 100:.3f}"
    finding = only(gate(tmp_path, table), "percent_of_a_hundred")
    assert finding.where["column_name"] == "%Again1415"
    assert finding.where["measure_id"] == "rereferrals_pct"
    assert len(finding.examples) == 5


def test_percentage_above_a_hundred(tmp_path: Path) -> None:
    table = census("2015")
    table.rows[3][4][2] = "140"
    finding = only(gate(tmp_path, table), "not_above_highest")
    assert finding.rows[0] == 5
    assert finding.examples[0]["value"] == "140"


def test_count_below_nought(tmp_path: Path) -> None:
    table = census("2015")
    table.rows[3][4][1] = "-4"
    finding = only(gate(tmp_path, table), "not_below_lowest")
    assert finding.rows[0] == 5


def test_pounds_given_as_thousands(tmp_path: Path) -> None:
    table = outturn()
    for row in table.rows:
        row[4][2] = f"{float(row[4][2]) / 1000:.3f}"
    result = gate(tmp_path, table)
    assert {f.check for f in result.errors} == {"usual_magnitude", "spend_per_authority"}
    magnitude = next(f for f in result.errors if f.check == "usual_magnitude")
    assert magnitude.where["column_name"] == "TotalExpenditure"
    assert "is usual" in magnitude.found


def test_one_authority_in_thousands(tmp_path: Path) -> None:
    table = outturn()
    table.rows[0][4][2] = "21345.6"
    finding = only(gate(tmp_path, table), "spend_per_authority")
    assert finding.where["authority"] == AUTHORITIES[0][0]
    assert finding.rows == (2,)


def test_duplicated_rows(tmp_path: Path) -> None:
    table = census("2015")
    table.rows.append(table.rows[10])
    finding = only(gate(tmp_path, table), "keys_unique")
    assert sorted(finding.rows) == [12, 153]
    assert finding.examples[0]["la_code"] == AUTHORITIES[10][0]


def test_lines_of_one_authority_are_not_duplicates(tmp_path: Path) -> None:
    assert gate(tmp_path, outturn()).ok


def test_missing_authorities(tmp_path: Path) -> None:
    table = census("2015")
    table.rows = table.rows[30:]
    finding = only(gate(tmp_path, table), "authorities_complete")
    assert finding.found == "120 authorities"


def test_an_authority_that_does_not_exist_yet_is_not_counted(tmp_path: Path) -> None:
    table = census("2015")
    for code in range(400, 410):
        table.rows.append(("la", str(code), f"Future {code}", "", [f"Future {code}", ".", "."]))
    assert gate(tmp_path, table).ok


def test_a_years_file_under_another_name(tmp_path: Path) -> None:
    copy = census("2016", seed=2015)
    finding = only(gate(tmp_path, census("2015"), copy), "own_year")
    assert finding.where["edition"] == "2016"
    assert finding.where["other_edition"] == "2015"
    assert finding.found.startswith("100% of")


def test_a_new_table_is_held_against_those_landed_before(tmp_path: Path) -> None:
    settings = write_landing(tmp_path, census("2015"), census("2016", seed=2015), outturn())
    result = check_gate(settings, [("dfe_cin", "census", "2016")])
    assert only(result, "own_year").where["edition"] == "2016"
    assert result.checked == 1


def test_tables_not_asked_for_stop_nothing(tmp_path: Path) -> None:
    bad = census("2015")
    bad.rows[7][4][1] = "q"
    settings = write_landing(tmp_path, bad, outturn())
    assert check_gate(settings, [("dfe_s251_outturn", "table_a1", "2015")]).ok


def test_a_landing_cut_off(tmp_path: Path) -> None:
    settings = write_landing(tmp_path, census("2015"))
    path = settings.landing / "dfe_cin" / "census" / "2015.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    finding = only(check_gate(settings), "rows_complete")
    assert finding.found.startswith("1 rows fewer")


def test_a_documented_exception_holds_within_its_range(tmp_path: Path) -> None:
    table = outturn()
    table.edition = "2010"  # Stockton-on-Tees, 808, sent noughts for 2009-10
    exception = next(e for e in load_exceptions() if e.where.get("authority") == "808")
    row = {"source": "dfe_s251_outturn", "edition": "2010", "authority": "808", "cla_gbp": 0.0}
    assert exception.covers(row)
    assert exception.covers({**row, "edition": "2010-r2"})  # an amendment inherits what is known of the edition
    assert not exception.covers({**row, "edition": "2011"})
    assert exception.accepts(0)
    assert not exception.accepts(12_000)
    assert not exception.covers({**row, "authority": "807"})


def test_every_exception_names_a_check_and_a_reason() -> None:
    known = {c.check for s in ("wide", "tidy", "sheet", "spend_lines", "attributes", "window") for c in load_suite(s)}
    for exception in load_exceptions():
        assert exception.check in known
        assert len(exception.reason) > 20
        assert exception.where


def test_an_exception_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="Extra inputs"):
        DocumentedException(check="keys_unique", where={}, reason="because", rows=3)  # type: ignore[call-arg]


def test_a_result_survives_the_pipe(tmp_path: Path) -> None:
    table = census("2015")
    table.rows[7][4][1] = "q"
    result = gate(tmp_path, table)
    assert describe(GateResult.from_dict(result.to_dict())) == describe(result)


def test_data_docs_have_relative_links_and_steady_names(tmp_path: Path) -> None:
    result = gate(tmp_path / "a", census("2015"))
    page = write_data_docs(tmp_path / "docs", result)
    names = {p.relative_to(page.parent).as_posix() for p in page.parent.rglob("*.html")}
    assert any("gate_wide_column" in n for n in names)
    assert str(tmp_path) not in page.read_text()
    write_data_docs(tmp_path / "docs", result)
    assert names == {p.relative_to(page.parent).as_posix() for p in page.parent.rglob("*.html")}
