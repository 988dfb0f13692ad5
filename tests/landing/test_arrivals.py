"""What arrives under whatever name, in whatever wrapping: taken in, listed, or refused alone and in words."""

from __future__ import annotations

import csv
import gzip
import io
import multiprocessing
import os
import zipfile
from pathlib import Path

import pytest

from flows.common.errors import RefusedFile
from flows.common.settings import ROOT, Settings
from flows.common.text import printable
from flows.landing import workers
from flows.landing.archive import Archive
from flows.landing.arrivals import unpack
from flows.landing.catalogue import landed_path
from flows.landing.figures import is_number, number
from flows.landing.file_names import published_name
from flows.landing.land import land_returns
from flows.landing.places import known_places, plain_code
from flows.landing.under_way import LandingReport
from flows.landing.workbooks import Parts
from tests.drill.odd_files import workbook
from tests.made_up import B1, B1_NAME, b1, put

CLA = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,"
    "la_name,new_la_code,cla_group,characteristic,number,percentage\n"
)


def landed(settings: Settings, folder: Path) -> LandingReport:
    return land_returns(settings, folder, workers=1)


def only_refusal(settings: Settings, folder: Path) -> str:
    report = landed(settings, folder)
    assert (len(report.refused), report.landed) == (1, []), [str(r) for r in report.refused]
    return str(report.refused[0])


@pytest.mark.parametrize(
    "name",
    [
        "b1_children_in_need_2013_to_2022 (1).csv",
        "b1_children_in_need_2013_to_2022 - Copy.csv",
        "Copy of b1_children_in_need_2013_to_2022.csv",
        "b1%5Fchildren%5Fin%5Fneed%5F2013%5Fto%5F2022.csv",
        "b1 children in need 2013 to 2022.csv",
        "b1_children_in_need_2013_to_2022.csv.txt",
        "characteristics-of-children-in-need_2022/data/b1_children_in_need_2013_to_2022.csv",
        "download.csv",
        "table",
    ],
)
def test_a_table_lands_under_the_names_that_peoples_tools_give(settings: Settings, tmp_path: Path, name: str) -> None:
    put(tmp_path / "in", name, b1())
    report = landed(settings, tmp_path / "in")
    assert [(x.table_name, x.edition) for x in report.landed] == [("b1_children_in_need", "2022")], report.refused


@pytest.mark.parametrize(
    ("name", "published"),
    [("a (2).csv", "a.csv"), ("a%20b.csv", "a b.csv"), ("a.csv", "a.csv"), ("a.csv.download", "a.csv"), ("a", "a")],
)
def test_what_tools_put_on_a_name_comes_off(name: str, published: str) -> None:
    assert published_name(name) == published


def as_workbook(rows: list[list[str]], title: str = "Sheet1") -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append([float(c) if is_number(c) and len(c) < 7 else c for c in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_csv_saved_as_a_workbook_or_as_parquet_is_the_same_table(settings: Settings, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(csv.reader(io.StringIO(b1().decode())))
    put(tmp_path / "xlsx", B1_NAME.replace(".csv", ".xlsx"), as_workbook(rows))
    report = landed(settings, tmp_path / "xlsx")
    assert [(x.table_name, x.edition) for x in report.landed] == [("b1_children_in_need", "2022")], report.refused
    out = io.BytesIO()
    pq.write_table(pa.table({c: [r[i] for r in rows[1:]] for i, c in enumerate(rows[0])}), out)
    put(tmp_path / "parquet", B1_NAME.replace(".csv", ".parquet"), out.getvalue())
    again = landed(Settings(data=tmp_path / "other"), tmp_path / "parquet")
    assert [(x.table_name, x.edition) for x in again.landed] == [("b1_children_in_need", "2022")], again.refused


def test_a_folder_called_like_a_column_and_its_value_adds_no_column(settings: Settings, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    seed = csv.DictReader(io.StringIO((settings.seeds / "measure_source.csv").read_text()))
    mapped = {row["filter"].removeprefix("series=") for row in seed if row["source"] == "dfe_lait"}
    series = sorted({"LACStable_2016on", *mapped})
    columns = {"Data item": None, "Years": "2024", "LA and Regions": "Camden", "Values": "61", "LA Number": 202.0}
    out = io.BytesIO()
    pq.write_table(pa.table({"Short Desc": series, **{c: [v] * len(series) for c, v in columns.items()}}), out)
    put(tmp_path / "in" / "year=2024", "bds_long.parquet", out.getvalue())
    report = landed(settings, tmp_path / "in")
    assert [(x.source, x.edition) for x in report.landed] == [("dfe_lait", "2025-05")], report.refused
    path = landed_path(settings, *report.landed[0].key)
    assert path.read_text().splitlines()[0].endswith(",".join(["Short Desc", *columns]))


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
        for name, data in files.items():
            z.writestr(name, data)
    return out.getvalue()


def test_a_release_as_a_zip_is_a_folder_and_provenance_names_it(settings: Settings, tmp_path: Path) -> None:
    guidance = b"Children in need\nReporting year 2022\n"
    release = zipped({f"data/{B1_NAME}": b1(), "data-guidance/data-guidance.txt": guidance, "data/~$x.csv": b"x"})
    put(tmp_path / "in", "children-in-need_2022.zip", release)
    report = landed(settings, tmp_path / "in")
    assert (report.refused, len(report.landed), report.documents) == ([], 1, 1)
    urls = {p.file: p.url for _, p in Archive(settings.archive).all()}
    assert urls[B1_NAME] == f"children-in-need_2022.zip#data/{B1_NAME}"


def test_a_gzipped_table_is_unpacked(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME + ".gz", gzip.compress(b1()))
    assert [x.edition for x in landed(settings, tmp_path / "in").landed] == ["2022"]


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv", "a/../../out.csv", "C:/out.csv", "a\x1b[2J.csv"])
def test_a_zip_whose_names_lead_out_or_cannot_be_shown_is_refused_alone(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    put(tmp_path / "in", "bad.zip", zipped({name: b"x,y\n1,2\n"}))
    put(tmp_path / "in", B1_NAME, b1())
    report = landed(settings, tmp_path / "in")
    assert (len(report.refused), len(report.landed)) == (1, 1)
    assert "bad.zip" in str(report.refused[0])
    assert "\x1b" not in str(report.refused[0])


def test_a_zip_bomb_unpacks_to_nothing(tmp_path: Path) -> None:
    bomb = put(tmp_path, "bomb.zip", zipped({f"{i}.csv": b"0" * 5_000_000 for i in range(130)}))
    with pytest.raises(RefusedFile, match="unpacks to 650 MB"):
        list(unpack(bomb, "bomb.zip", tmp_path / "into"))


def test_foreign_files_are_listed_and_stop_nothing(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", "~$b1.xlsx", b"\x05owner")
    put(tmp_path / "in", "Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600)
    put(tmp_path / "in", "desktop.ini", b"[.ShellClassInfo]\n")
    put(tmp_path / "in", "readme.html", b"<!DOCTYPE html><p>hello")
    put(tmp_path / "in", "notes.docx", zipped({"word/document.xml": b"<w/>", "[Content_Types].xml": b"<t/>"}))
    put(tmp_path / "in", "picture.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40)
    report = landed(settings, tmp_path / "in")
    assert (report.refused, len(report.landed), len(report.unrecognised)) == ([], 1, 6)
    assert all("not a publisher's file" in u for u in report.unrecognised)


def ceased(group: str) -> bytes:
    row = "{},Reporting year,Local authority,E92000001,England,E1,N,886,Kent,E10000016,{},{},10,5\n"
    return (CLA + "".join(row.format(y, group, c) for y in (2023, 2024) for c in ("a", "b"))).encode()


def test_a_sister_table_is_not_described_and_never_a_revision(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", "la_children_who_ceased_during_the_year.csv", ceased("Reason episode ceased"))
    put(tmp_path / "in", "la_children_who_ceased_during_the_year_sgo_adoption.csv", ceased("Adoptions"))
    report = landed(settings, tmp_path / "in")
    assert [(x.table_name, x.edition) for x in report.landed] == [("ceased_by_characteristic", "2024")]
    assert report.refused == []
    (said,) = report.unrecognised
    assert "known publication (dfe_cla), table not described" in said


def test_a_table_of_a_known_name_without_its_own_values_is_refused(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", "la_children_who_ceased_during_the_year.csv", ceased("Reason episode ended"))
    said = only_refusal(settings, tmp_path / "in")
    assert "no row has 'Reason episode ceased'" in said
    assert "reason episode ended" in said
    assert "Give it the publisher's" not in said


def test_a_fixed_edition_takes_no_file_that_it_does_not_name(settings: Settings, tmp_path: Path) -> None:
    header = "LA num,LA Name,GOReg,SN1,SN2,SN3,SN4,SN5,SN6,SN7,SN8,SN9,SN10\n"
    data = (header + "886,Kent,South East" + ",921" * 10 + "\n").encode()
    put(tmp_path / "in", "New_Statistical_Neighbour_Groupings_April_2031.csv", data)
    report = landed(settings, tmp_path / "in")
    assert (report.landed, report.refused) == ([], [])


def test_headline_figures_are_of_the_year_they_end_with(settings: Settings, tmp_path: Path) -> None:
    header = "time_period,geographic_level,children_in_need,child_protection_plans,factor_identified\n"
    put(tmp_path / "in", "headline_figures.csv", (header + "2021,National,388490,50010,168960\n").encode())
    (entry,) = landed(settings, tmp_path / "in").landed
    assert (entry.table_name, entry.edition) == ("headline_boxes", "2021")


def s251(sheets: dict[str, list[list[object]]], **cells: str) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for place, text in cells.items():
            sheet[place] = text
    del book["Sheet"]
    book.worksheets[-1].sheet_state = "hidden" if len(sheets) > 1 else "visible"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


LINES: list[list[object]] = [
    [
        "LA",
        "LA Name",
        "ReportGroup",
        "OrderLine",
        "Description",
        "s251line",
        "TotalExpenditure",
        "NetCurrentExpenditure",
    ],
    *([886, "Kent", "CLA", i, f"line {i}", "3", 10 * i, 9 * i] for i in range(5)),
]


def test_two_sheets_that_read_as_one_table_refuse_it_and_name_both(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", "s251ye2018.xlsx", s251({"Table A1": LINES, "Table A1 draft": LINES}))
    put(tmp_path / "in", B1_NAME, b1())
    report = landed(settings, tmp_path / "in")
    assert len(report.landed) == 1
    assert "'Table A1', 'Table A1 draft'" in str(report.refused[0])


@pytest.mark.parametrize(("text", "said"), [("#N/A", "spreadsheet's error #N/A"), ("=G2+1", "without a saved result")])
def test_error_cells_and_uncached_formulas_are_refused_by_cell(
    settings: Settings, tmp_path: Path, text: str, said: str
) -> None:
    data = s251({"Table A1": LINES}, G4=text)
    if text == "#N/A":
        assert b't="e"' in zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    put(tmp_path / "in", "s251ye2018.xlsx", data)
    message = only_refusal(settings, tmp_path / "in")
    assert said in message
    assert "cell G4 of sheet 'Table A1'" in message
    assert "row 4, column 'TotalExpenditure'" in message


def test_a_stray_cell_at_the_far_corner_is_refused_before_it_is_read(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", "s251ye2018.xlsx", s251({"Table A1": LINES}, XFD1048576="x"))
    message = only_refusal(settings, tmp_path / "in")
    assert "reaches to cell XFD1048576" in message


@pytest.mark.parametrize("cell", ["A4294967295", "ZZZZZZZ1", "XFD1048576", "A99999999999999999999"])
def test_no_cell_lies_beyond_what_is_looked_at(cell: str) -> None:
    one = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    data = workbook(f'{one}<row r="2"><c r="{cell}"><v>1</v></c></row>', f"A1:{cell}")
    with pytest.raises(RefusedFile, match=f"reaches to cell {cell}"):
        Parts(data).refuse_boundless("LA_level_at_31_Mar", "a.xlsx")


@pytest.mark.parametrize("order", [("{n}", "{v}"), ("{v}", "{n}")])
def test_a_cell_repeated_without_measure_is_refused_however_it_is_written(order: tuple[str, str]) -> None:
    head = " ".join(order).format(n='table:number-columns-repeated="16384"', v='office:value-type="string"')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("content.xml", f"<table:table-row><table:table-cell {head}>a</table:table-cell></table:table-row>")
    with pytest.raises(RefusedFile, match="repeated 16,384 times"):
        Parts(out.getvalue()).refuse_repeated("a.ods")


@pytest.mark.parametrize(
    "text", ["12,34", "1_000", "inf", "NaN", "nan", "12,5", "1,2345", ",5", "1.234,5", "0x10", "1 000"]
)
def test_what_is_no_number_is_refused_by_cell(settings: Settings, tmp_path: Path, text: str) -> None:
    assert not is_number(text)
    figure = lambda la, year, column: text if (la, year, column) == ("886", 2022, "At31_episodes") else "100"  # noqa: E731
    data = b1(figure=figure)
    put(tmp_path / "in", B1_NAME, data)
    message = only_refusal(settings, tmp_path / "in")
    assert "neither a number nor a symbol" in message
    assert "row 10, column 'At31_episodes'" in message


@pytest.mark.parametrize(
    ("text", "value"), [("1,234", 1234), ("1,234,567.5", 1234567.5), ("-3", -3), (" 7 ", 7), (".5", 0.5)]
)
def test_what_is_a_number(text: str, value: float) -> None:
    assert number(text) == value


def test_a_mapped_column_without_a_figure_stops_its_table(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1(figure=lambda la, year, column: "x" if column == "At31_episodes" else "100"))
    message = only_refusal(settings, tmp_path / "in")
    assert "no figure at all" in message
    assert "column 'At31_episodes'" in message


def test_two_columns_of_one_name_name_both_positions(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1(header=(*B1, "At31_episodes")))
    message = only_refusal(settings, tmp_path / "in")
    assert "the 24th and the 28th (X and AB)" in message


def test_a_code_that_name_and_ons_code_contradict_is_refused(settings: Settings, tmp_path: Path) -> None:
    data = b1().replace(b",886,", b",999x,").replace(b",921,", b",886,").replace(b",999x,", b",921,")
    put(tmp_path / "in", B1_NAME, data)
    message = only_refusal(settings, tmp_path / "in")
    assert "code, name and ONS code disagree" in message
    assert "Kent" in message


def test_a_misprinted_ons_code_stays_where_code_and_name_agree() -> None:
    places = known_places(ROOT)
    assert places.contradiction("886", "E06000046", "Kent") == ""
    assert places.contradiction("886", "E10000016", "Isle of Wight") == ""
    assert places.contradiction("886", "E06000046", "Isle of Wight") != ""
    assert places.contradiction("886", "", "Isle of Wight") != ""
    assert places.contradiction("", "E06000046", "Kent") != ""
    assert places.contradiction("838", "", "Dorset") == places.contradiction("835", "", "Dorset") == ""


def test_codes_with_a_leading_nought_are_the_same_codes(settings: Settings, tmp_path: Path) -> None:
    assert [plain_code(c) for c in ("0201", "201.0", " 201 ", "E06", "314 / 318")] == [
        "201",
        "201",
        "201",
        "E06",
        "314 / 318",
    ]
    put(tmp_path / "in", B1_NAME, b1().replace(b",886,", b",0886,"))
    landed(settings, tmp_path / "in")
    with landed_path(settings, "dfe_cin", "b1_children_in_need", "2022").open(newline="") as f:
        assert "886" in {r["_la_code"] for r in csv.DictReader(f)}


def test_england_is_england_however_it_is_written(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1().replace(b",England,", b",ENGLAND,"))
    landed(settings, tmp_path / "in")
    with landed_path(settings, "dfe_cin", "b1_children_in_need", "2022").open(newline="") as f:
        assert {r["_la_name"] for r in csv.DictReader(f) if r["_level"] == "national"} == {"England"}


@pytest.mark.parametrize(
    "note", ["Source: Children in need census, revised", "1. Figures are rounded, see notes, page 2"]
)
def test_a_footnote_with_commas_is_a_note(settings: Settings, tmp_path: Path, note: str) -> None:
    put(tmp_path / "in", B1_NAME, b1() + f"{note}\n".encode())
    report = landed(settings, tmp_path / "in")
    assert report.refused == []
    assert report.landed[0].row_count == b1().count(b"\n")


def test_a_row_that_is_cut_off_is_no_note(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1() + b"2022,Reporting year,Local auth")
    assert "truncated" in only_refusal(settings, tmp_path / "in")


def test_a_hole_in_the_mapping_stops_with_the_rows_to_add() -> None:
    from flows.landing.mapping import Mapped, MappedColumns
    from flows.landing.tables import LandedTable

    row = ("s", "t", "2020", "2020", "Referrals", "", "", "referrals_count", "value", "1", "", "0", "")
    seed = MappedColumns({("s", "t"): [Mapped("2020", "2020", "Referrals", "", "", ("referrals_count", "value"), row)]})
    table = LandedTable("s", "t", "2021", ["Referrals"], [], frozenset(), frozenset({"2021"}))
    with pytest.raises(RefusedFile, match="to add:\n  s,t,2021,2021,Referrals,,,referrals_count,value,1,,0,"):
        seed.check("s", table, "f.csv")


def test_a_csv_of_a_hundred_thousand_columns_or_of_endless_fields_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    put(tmp_path / "in", B1_NAME, b",".join(b"c%d" % i for i in range(100_000)) + b"\n")
    assert "100,000 columns" in only_refusal(settings, tmp_path / "in")
    put(tmp_path / "in", B1_NAME, b1() + b'"' + b"x" * 200_000 + b'"\n')
    assert "a field of more than 131,072 characters" in only_refusal(settings, tmp_path / "in")


@pytest.mark.skipif(os.name != "posix", reason="file names are text there")
def test_names_that_cannot_be_kept_are_refused_and_shown_escaped(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    (tmp_path / "in" / "a\nb\x1b[31m.csv").write_bytes(b1())
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/\xff.csv")).write_bytes(b1())
    report = landed(settings, tmp_path / "in")
    said = sorted(map(str, report.refused))
    assert len(said) == 2
    assert not any(c in "".join(said) for c in "\n\x1b\udcff")
    assert len(report.landed) == 1
    assert printable("a\x1b[31m\n\udcff") == "a\\x1b[31m\\n\\xff"


READ_FILE = workers.read_file


def dying(job: workers.Job) -> workers.Read:
    """What a reader does that asks the system for more memory than there is."""
    if job.path.name == "s251ye2018.xlsx":
        os._exit(9)
    return READ_FILE(job)


@pytest.mark.skipif(os.name != "posix", reason="the double is handed on by a fork")
def test_a_file_that_ends_its_process_is_refused_alone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in", "s251ye2018.xlsx", s251({"Table A1": LINES}))
    put(tmp_path / "in", B1_NAME, b1())
    monkeypatch.setattr(workers, "_context", lambda: multiprocessing.get_context("fork"))
    monkeypatch.setattr(workers, "read_file", dying)
    report = land_returns(settings, tmp_path / "in", workers=2)
    assert [x.table_name for x in report.landed] == ["b1_children_in_need"]
    assert "the process that read it was ended" in str(report.refused[0])
