"""Tables as people save them: other separators and encodings, workbooks, extracts, and the names of other files."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from flows.cli.shown import show_landing
from flows.common.files import sha256_of
from flows.common.settings import ROOT, Settings
from flows.landing import arrivals
from flows.landing.arrivals import files_of
from flows.landing.cells import cells_sha256
from flows.landing.comparison import _month_of
from flows.landing.draft import Draft
from flows.landing.entries import write_entries
from flows.landing.land import land_returns
from flows.landing.next_listed import a_year_on, drafts_of_listed
from flows.landing.passport_entries import add_passport_entries
from flows.landing.workers import Job, Read, read_file
from flows.sources.passport import load_passports

PASSPORTS = Settings().passports
NAME = "b1_children_in_need_2013_to_2025.csv"
HEADER = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,"
    "new_la_code,la_name,category,Anypoint_episodes,Anypoint_child,Started_episodes,Started_child,Ended_episodes,"
    "Ended_child,At31_episodes,awaiting_assessment"
)
PLACES = ("840,E06000047,County Durham", "805,E06000001,Hartlepool")
SUITABILITY = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,"
    "la_name,new_la_code,age,accommodation_suitability,number,percentage"
)


def _b1(*years: int) -> str:
    rows = [
        f"{year},Reporting year,Local authority,E92000001,England,E12000001,North East,{place},Children in Need,"
        + ",".join(str(1000 * i + year + 10 * j) for i in range(1, 9))
        for year in years
        for j, place in enumerate(PLACES)
    ]
    return "\n".join([HEADER, *rows, ""])


def _read(folder: Path, name: str, data: bytes) -> Read:
    path = folder / name
    path.write_bytes(data)
    return read_file(Job(PASSPORTS, path, name, sha256_of(data), folder / sha256_of(data)[:8]))


def _workbook(text: str) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for line in text.splitlines():
        book.active.append([float(c) if c.isdigit() else c or None for c in line.split(",")])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _numbered(text: str, head: str) -> str:
    first, *rows = text.splitlines()
    return "\n".join([f"{head},{first}", *(f"{i},{r}" for i, r in enumerate(rows, 1)), ""])


WAYS: dict[str, Callable[[str], bytes]] = {
    "tabs": lambda t: t.replace(",", "\t").encode(),
    "semicolons": lambda t: t.replace(",", ";").encode(),
    "unicode text": lambda t: t.replace(",", "\t").encode("utf-16"),
    "utf-16": lambda t: t.encode("utf-16"),
    "numbered rows": lambda t: _numbered(t, "Unnamed: 0").encode(),
    "numbered rows without a name": lambda t: _numbered(t, "").encode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_table_saved_again_is_the_same_cells(tmp_path: Path, way: str) -> None:
    (plain,) = _read(tmp_path, NAME, _b1(2024, 2025).encode()).tables
    (again,) = _read(tmp_path, "again.csv", WAYS[way](_b1(2024, 2025))).tables
    assert (again.table, again.rows) == ("b1_children_in_need", 4)
    assert cells_sha256(again.path) == cells_sha256(plain.path)


def test_a_text_table_in_a_workbook_of_any_name_is_read_by_its_content(tmp_path: Path) -> None:
    (plain,) = _read(tmp_path, NAME, _b1(2024, 2025).encode()).tables
    found = _read(tmp_path, "from the website.xlsx", _workbook(_b1(2024, 2025)))
    assert (found.source, found.edition) == ("dfe_cin", "2025")
    assert cells_sha256(found.tables[0].path) == cells_sha256(plain.path)


def test_commas_in_the_numbers_of_a_file_with_semicolons_are_refused(tmp_path: Path) -> None:
    text = _b1(2025).replace(",", ";").replace(";3025;", ";3,025;")
    refusal = _read(tmp_path, NAME, text.encode()).refusal
    assert refusal is not None
    assert "'3,025' is likely a decimal point" in refusal[1]
    assert refusal[2] == 2


def test_a_column_of_figures_is_no_counter_of_rows(tmp_path: Path) -> None:
    text = _numbered(_b1(2024, 2025), "x").replace("\n3,", "\n7,")
    (table,) = _read(tmp_path, NAME, text.encode()).tables
    assert table.columns[0][0] == "x"


def test_a_file_that_ends_before_its_name_does_is_refused(tmp_path: Path) -> None:
    refusal = _read(tmp_path, NAME, _b1(2023, 2024).encode()).refusal
    assert refusal is not None
    assert "runs to 2025, and its rows run to 2024" in refusal[1]


def test_a_name_that_another_publication_once_had_says_nothing_where_the_content_is_certain(tmp_path: Path) -> None:
    found = _read(tmp_path, "Absence_LA.csv", _b1(2025).encode())
    assert (found.source, [t.table for t in found.tables]) == ("dfe_cin", ["b1_children_in_need"])
    # Within a publication it is a table that changed: c1 is never taken for b1.
    refused = _read(tmp_path, NAME.replace("b1_children_in_need", "c1_referrals"), _b1(2025).encode())
    assert refused.refusal is not None
    assert "c1_referrals" in refused.refusal[1]


def test_a_sister_of_a_table_is_told_by_its_rows(tmp_path: Path) -> None:
    where = "2024,Reporting year,Local authority,E92000001,England,E12000001,North East,805,Hartlepool,E06000001"
    rows = [
        f"{where},Aged 23,Accommodation considered {s},{n},{n}" for s, n in (("suitable", 60), ("not suitable", 40))
    ]
    text = "\n".join([SUITABILITY, *rows, ""])
    found = _read(tmp_path, "la_care_leavers_accommodation_suitability_22to25.csv", text.encode())
    assert found.refusal is None
    assert not found.tables
    assert "known publication (dfe_cla), table not described" in found.remark


def test_a_part_of_an_edition_is_no_revision_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data=tmp_path / "data")
    for name, text in (("whole", _b1(2023, 2024, 2025)), ("part", _b1(2025)), ("more", _b1(2022, 2023, 2024, 2025))):
        shutil.rmtree(tmp_path / "in", ignore_errors=True)
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / NAME).write_text(text)
        report = land_returns(settings, tmp_path / "in", workers=1)
        landed = [x.edition for x in report.landed]
        if name == "part":
            assert landed == []
            assert "it holds 2025 of dfe_cin b1_children_in_need 2025, of which 2023 to 2025" in str(report.refused[0])
        else:
            assert landed == [{"whole": "2025", "more": "2025-r2"}[name]]
            assert not report.refused
    (tmp_path / "in" / NAME).write_text(_b1(2025, 2030))
    report = land_returns(settings, tmp_path / "in", workers=1)
    show_landing(report, quiet=False)
    assert f"not yet described: {NAME}, column 'time_period': dfe_cin b1_children_in_need runs to 2030" in (
        capsys.readouterr().out
    )


def test_a_monthly_compilation_is_told_by_its_month() -> None:
    assert _month_of(Path("2026-04/bds_long_0.parquet")) == "2026-04"
    assert _month_of(Path("2026-04/bds_long_2026_05.parquet")) == "2026-05"
    assert _month_of(Path("x/bds_long_20261.parquet")) == ""
    (lait,) = [p for p in load_passports(PASSPORTS) if p.source == "dfe_lait"]
    newest = SimpleNamespace(edition="2025-05")

    def reading(edition: str, last: str) -> tuple[str, str]:
        draft = Draft("dfe_lait", "long", edition, "2025-05")
        add_passport_entries(lait, draft, lait.table("long"), last, newest, {})  # type: ignore[arg-type]
        return draft.edition_line, draft.reading

    assert reading("2027-02", "2026") == (
        '"2027-02": {published_on: 2027-02-28, symbols: lait}',
        '"2027-02": {last_period: "2026"}',
    )
    # Another month runs to that year already: the file has to bear its own.
    assert reading("2025-12", "2025")[1] == r""""2025-12": {file: '^(?=.*2025[-_]12)bds_long.*\.parquet$'}"""


def test_years_in_the_names_of_sheets_and_files_go_on() -> None:
    for text, later in (
        ("RO3.*2024-25", "RO3.*2025-26"),
        ("^RSX_LA_Data_202425$", "^RSX_LA_Data_202526$"),
        ("history from 2018-2025", "history from 2018-2026"),
        (r"^s251ye2019\.xlsx$", r"^s251ye2020\.xlsx$"),
        ("OC22019|1999-00|12025", "OC22019|1999-00|12025"),
    ):
        assert a_year_on(text, 1) == later
    assert a_year_on("RO3.*2009-10", -1) == "RO3.*2008-09"


def test_the_next_workbook_of_a_listed_series_is_taken_in_by_its_draft(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    for folder in ("flows/sources", "dbt_project/seeds"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    book = openpyxl.Workbook()
    book.active.title = "RO3_LA_Data_202526"
    for row in [
        *[["RO3 2025-26"]] * 6,
        ["E-code", "ONS Code", "Local authority", "Class", "Children's social care - Net Current Expenditure"],
        ["E1302", "E06000047", "County Durham UA", "UA", 101.5],
    ]:
        book.active.append(row)
    path = tmp_path / "RO3_LA_Data_2025-26_data_by_LA (1).xlsx"
    book.save(path)
    settings = Settings(root=tmp_path)
    job = Job(settings.passports, path, path.name, sha256_of(path.read_bytes()), tmp_path / "out")
    assert "edition not described" in read_file(job).remark
    (passport,) = [p for p in load_passports(settings.passports) if p.source == "mhclg_ro3_outturn"]
    (draft,) = drafts_of_listed(settings, passport, path)
    assert draft.reading == '"2026": {file: "RO3.*2025-26", sheet: "^RO3_LA_Data_202526$", header_rows: [7]}'
    write_entries(settings, draft)
    found = read_file(job)
    assert (found.refusal, found.edition, found.tables[0].rows) == (None, "2026", 1)


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        for name, data in files.items():
            z.writestr(name, data)
    return out.getvalue()


def test_a_zip_in_a_zip_is_read_and_one_in_that_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = _zip({f"data/{NAME}": _b1(2025).encode(), "deeper.zip": _zip({"a.csv": b"a"})})
    (tmp_path / "mail.zip").write_bytes(_zip({"cin.zip": release, "again.zip": release, "note.txt": b"see above"}))
    found = files_of(tmp_path / "mail.zip", tmp_path / "out")
    assert [f.name for f in found] == [f"mail.zip/{z}/data/{NAME}" for z in ("cin.zip", "again.zip")]
    monkeypatch.setattr(arrivals, "MAX_ZIPS", 1)
    assert len(files_of(tmp_path / "mail.zip", tmp_path / "out")) == 1
