"""Exports of the bundled sample: a data package that says what is in it, and a workbook in which text is text."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.outputs.export import SHEET_ROWS, Exported, export
from tests.installation import Installation


@pytest.fixture(scope="module")
def folder(published: Installation) -> Path:
    return published.settings.data / "export"


@pytest.fixture(scope="module")
def package(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return found


def test_a_run_leaves_every_table_as_parquet_and_csv(
    published: Installation, folder: Path, package: dict[str, Any]
) -> None:
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        tables = con.execute(
            "select table_schema || '_' || table_name from information_schema.tables "
            "where table_schema in ('marts', 'studies', 'results', 'audit') and table_type = 'BASE TABLE'"
        ).fetchall()
    names = {r["name"] for r in package["resources"]}
    assert names == {t for (t,) in tables} | {f"{t}_parquet" for (t,) in tables}
    assert package["synthetic"] is True
    assert package["licenses"][0]["name"] == "OGL-UK-3.0"
    assert {r["path"] for r in package["resources"]} == {
        f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.suffix in {".csv", ".parquet"}
    }


def test_the_package_says_what_is_in_the_files(folder: Path, package: dict[str, Any]) -> None:
    for r in package["resources"]:
        path = folder / r["path"]
        assert re.fullmatch(r"[a-z0-9._-]+", r["name"])
        assert r["bytes"] == path.stat().st_size
        assert r["hash"] == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        fields = [f["name"] for f in r["schema"]["fields"]]
        assert {f["type"] for f in r["schema"]["fields"]} <= {
            "string",
            "boolean",
            "number",
            "integer",
            "date",
            "datetime",
            "array",
        }
        assert set(r["schema"].get("primaryKey", [])) <= set(fields)
        if r["format"] == "csv":
            with path.open(newline="", encoding="utf-8") as f:
                assert next(csv.reader(f)) == fields
        assert r["description"].startswith("One row per"), r["name"]


def test_keys_are_keys_and_both_formats_hold_the_same(folder: Path, package: dict[str, Any]) -> None:
    by_name = {r["name"]: r for r in package["resources"]}
    for name in ("marts_fct_inspection", "marts_fct_la_year_measure", "marts_dim_measure", "results_estimate"):
        keys = ", ".join(f'"{k}"' for k in by_name[name]["schema"]["primaryKey"])
        counts = []
        for r in (by_name[name], by_name[f"{name}_parquet"]):
            source = f"read_{r['format']}('{folder / r['path']}'" + (
                ", all_varchar = true)" if r["format"] == "csv" else ")"
            )
            counts.append(duckdb.sql(f"select count(*), count(distinct ({keys})) from {source}").fetchall()[0])
        assert counts[0] == counts[1]
        assert counts[0][0] == counts[0][1] > 0, name


def test_every_column_of_a_mart_is_described_somewhere(package: dict[str, Any]) -> None:
    fields = {
        f["name"]: f
        for r in package["resources"]
        for f in r["schema"]["fields"]
        if r["name"] in {"marts_fct_la_year_measure", "results_estimate"}
    }
    for name in ("value", "value_status", "ci_low", "verdict"):
        assert fields[name].get("description"), name


def test_tables_refer_to_one_another(package: dict[str, Any]) -> None:
    keys = {
        (r["name"], k["fields"][0]): k["reference"]
        for r in package["resources"]
        for k in r["schema"].get("foreignKeys", [])
    }
    authority = {"resource": "marts_dim_local_authority", "fields": ["la_code"]}
    for table in ("fct_la_year_measure", "fct_la_year_benchmark", "fct_la_year_spend", "fct_inspection", "fct_la_year"):
        assert keys[f"marts_{table}", "la_code"] == authority, table
    assert keys["marts_dim_statistical_neighbour", "neighbour_la_code"] == authority
    assert keys["marts_fct_la_year_measure", "measure_id"]["resource"] == "marts_dim_measure"
    assert keys["marts_fct_inspection_year", "inspection_id"]["resource"] == "marts_fct_inspection"
    assert keys["marts_fct_inspection_parquet", "la_code"]["resource"] == "marts_dim_local_authority_parquet"
    # No table refers to itself.
    assert ("marts_dim_local_authority", "la_code") not in keys


def test_short_lists_of_values_are_said(package: dict[str, Any]) -> None:
    fields = {(r["name"], f["name"]): f for r in package["resources"] for f in r["schema"]["fields"]}
    assert fields["marts_fct_la_year_spend_real", "price_index"]["constraints"]["enum"] == ["gdp", "rpi", "cpih"]
    assert "suppressed" in fields["marts_fct_la_year_measure", "value_status"]["constraints"]["enum"]
    assert not [name for name, f in fields.items() if not f.get("description")]


def test_the_package_is_valid(folder: Path, tmp_path: Path) -> None:
    """By the reference implementation: the first rows of every table, with their keys to whole ones."""
    from frictionless import Package

    package = Package(str(folder / "datapackage.json"))
    report = package.validate(limit_rows=200)
    assert report.valid, report.flatten(["name", "type", "rowNumber", "fieldName", "note"])[:10]
    # It is looked at: another size, a code of no authority, a value that cannot be.
    place = tmp_path / "export"
    descriptor = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    keep = {"marts_dim_local_authority", "marts_fct_inspection"}
    descriptor["resources"] = [r for r in descriptor["resources"] if r["name"] in keep]
    for r in descriptor["resources"]:
        del r["bytes"], r["hash"]
        (place / r["path"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / r["path"], place / r["path"])
    (place / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    path = place / "csv" / "marts" / "fct_inspection.csv"
    header, first, *rest = path.read_text(encoding="utf-8").splitlines()
    cells = first.split(",")
    cells[header.split(",").index("la_code")], cells[header.split(",").index("outcome_group")] = "999", "middling"
    path.write_text("\n".join([header, ",".join(cells), *rest]) + "\n", encoding="utf-8")
    found = Package(str(place / "datapackage.json")).validate()
    assert {"foreign-key", "constraint-error"} <= {e for (e,) in found.flatten(["type"])}


#: Names that a spreadsheet would run, each in the place of an authority's.
NASTY = {
    "886": '=HYPERLINK("http://example.org")',
    "330": "+1+1",
    "204": "-2+3",
    "301": "@SUM(A1)",
    "302": "\t=1",
    "303": "-",
}


@pytest.fixture(scope="module")
def nasty(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Exports of a warehouse with such names, the beginning of each table; one is too long for a sheet as it is."""
    settings = Settings(data=tmp_path_factory.mktemp("nasty") / "data")
    settings.warehouse.mkdir(parents=True)
    shutil.copy(published.settings.published, settings.published)
    with duckdb.connect(str(settings.published)) as con:
        for code, text in NASTY.items():
            con.execute("update marts.dim_local_authority set la_name = ? where la_code = ?", [text, code])
        for schema, table, rows in con.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables()"
        ).fetchall():
            kept = SHEET_ROWS + 1 if table == "fct_inspection_year" else 300
            if rows > kept:
                con.execute(f'delete from "{schema}"."{table}" where rowid >= {kept}')
    return export(settings)


def test_formulas_do_not_run(nasty: Exported) -> None:
    with (nasty.folder / "csv" / "marts" / "dim_local_authority.csv").open(newline="", encoding="utf-8") as f:
        names = {r["la_code"]: r["la_name"] for r in csv.DictReader(f)}
    # A sign by itself is no formula.
    assert {c: names[c] for c in NASTY} == {c: t if t == "-" else "'" + t for c, t in NASTY.items()}
    assert names["305"] == "Bromley"
    parquet = nasty.folder / "parquet" / "marts" / "dim_local_authority.parquet"
    held = dict(duckdb.sql(f"select la_code, la_name from '{parquet}'").fetchall())
    assert {c: held[c] for c in NASTY} == NASTY


def test_the_workbook_has_a_dictionary_and_text_stays_text(nasty: Exported) -> None:
    from openpyxl import load_workbook

    book = load_workbook(nasty.folder / "warehouse.xlsx", read_only=True)
    assert book.sheetnames[:2] == ["read me", "dictionary"]
    assert {"dim_measure", "fct_la_year", "fct_inspection", "scoreboard"} <= set(book.sheetnames)
    assert "marts.fct_inspection_year" in nasty.left_out
    first = [c.value for c in next(book["read me"].iter_rows(min_row=2, max_row=2))]
    assert str(first[0]).startswith("INVENTED FIGURES")
    lines = list(book["dim_local_authority"].iter_rows())
    header = [c.value for c in lines[0]]
    cells = {r[header.index("la_code")].value: r[header.index("la_name")] for r in lines[1:]}
    assert {c: (cells[c].value, cells[c].data_type) for c in NASTY} == {c: (t, "s") for c, t in NASTY.items()}
    wide = book["fct_la_year"]
    head = [c.value for c in next(wide.iter_rows(max_row=1))]
    values = [r[head.index("cla_at_31_march_count")].value for r in wide.iter_rows(min_row=2, max_row=50)]
    assert any(isinstance(v, int | float) for v in values)
    words = {(r[0].value, r[1].value) for r in book["dictionary"].iter_rows(min_row=2)}
    assert ("marts.fct_inspection_year", "event_year") in words


def test_the_workbook_is_made_for_reading(nasty: Exported) -> None:
    """Filters, columns wide enough for what is in them, dates as dates."""
    from openpyxl import load_workbook

    book = load_workbook(nasty.folder / "warehouse.xlsx")
    sheet = book["fct_inspection"]
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet.freeze_panes == "A2"
    header = {c.value: c for c in sheet[1]}
    day = sheet.cell(2, header["publication_date"].column)
    assert day.is_date
    assert "yy" in day.number_format
    for name in ("inspection_id", "publication_date", "outcome_group"):
        longest = max(len(str(c.value)) for c in sheet[header[name].column_letter][:50])
        assert sheet.column_dimensions[header[name].column_letter].width >= min(longest - 9 * (name[-4:] == "date"), 60)


def test_what_cannot_be_written_is_said(tmp_path: Path, published: Installation) -> None:
    with pytest.raises(CswError, match="ods: exports are written as"):
        export(published.settings, tmp_path / "x", ["ods"])
    other = tmp_path / "letters"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(CswError, match="csw did not write"):
        export(published.settings, other)
    assert (other / "letter.txt").read_text() == "dear"
    with pytest.raises(CswError, match="nothing is published yet"):
        export(Settings(data=tmp_path / "none"))


def test_exposures_and_overview_are_in_dbts_docs(published: Installation) -> None:
    data = published.settings.data
    # By a run, or by hand.
    path = next(p for p in (data / "dbt" / "target", data.parent / "target") if p.exists()) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    exposures = {e["name"]: e for e in manifest["exposures"].values()}
    assert {"inspection_impact", "value_added", "report_site", "exports"} <= set(exposures)
    assert all(e["depends_on"]["nodes"] and e["description"] for e in exposures.values())
    overview = next(d for d in manifest["docs"].values() if d["name"] == "__overview__" and d["package_name"] != "dbt")
    assert "fct_inspection_year" in overview["block_contents"]
