"""People's codings: out on a sheet, back in, kept by version, compared, resolved."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from analysis.studies.report_themes.reliability import reliability
from flows.documents.themes.codings import AGREED, CodingError, Codings, ItemCoding, text_key
from flows.documents.themes.sheets import COLUMNS, SheetItem, read_sheet, resolution_items, write_sheets

THEMES = {"timeliness": "Done soon.", "staffing": "Enough people.", "voice": "Children are heard."}
TEXTS = {("a", 1): "Answer letters soon.", ("a", 2): "=HYPERLINK(1)", ("b", 1): "Hire, and listen."}
ITEMS = [SheetItem(*key, text, "timeliness") for key, text in TEXTS.items()]
KEYS = {key: text_key(text) for key, text in TEXTS.items()}


def fill(sheet: Path, themes: dict[int, list[str]], **other: Any) -> Path:
    """Fill rows in as a coder would: row number -> themes; other cells by `column_row`."""
    book = load_workbook(sheet)
    page = book["Coding"]
    for row, given in themes.items():
        for n, theme in enumerate(given):
            page.cell(row, COLUMNS.index("theme_1") + 1 + n).value = theme
    for place, value in other.items():
        column, row = place.rsplit("_", 1)
        page.cell(int(row), COLUMNS.index(column) + 1).value = value
    book.save(sheet)
    return sheet


def coded(path: Path, coder: str | None = "anna") -> dict[tuple[str, int], tuple[str, ...]]:
    items, _ = read_sheet(path, coder, KEYS, THEMES)
    return {i.key: i.themes for i in items}


def test_there_and_back_again_in_a_workbook(tmp_path: Path) -> None:
    book = write_sheets(tmp_path, "anna", "study", ITEMS, THEMES)
    fill(book, {2: ["timeliness", "Voice "], 3: ["none"]})
    items, blank = read_sheet(book, "anna", KEYS, THEMES)
    assert {i.key: i.themes for i in items} == {("a", 1): ("timeliness", "voice"), ("a", 2): ()}
    assert blank == 1


def test_whatever_spreadsheet_saved_it_the_coding_is_the_same(tmp_path: Path) -> None:
    """As LibreOffice and a European Excel save a sheet: OpenDocument, semicolons, letters that are no UTF-8."""
    from flows.sample.writers import ods_bytes

    book = fill(write_sheets(tmp_path, "anna", "study", ITEMS, THEMES), {2: ["timeliness", "voice"], 3: ["none"]})
    page = load_workbook(book)["Coding"]
    rows = [["" if c is None else str(c) for c in row] for row in page.iter_rows(values_only=True)]
    rows[1][COLUMNS.index("note")] = "a \u2013 dash, and a caf\u00e9"
    wanted = coded(book)
    (tmp_path / "a.ods").write_bytes(ods_bytes([("Codebook", [["theme"]]), ("Coding", rows)]))
    assert coded(tmp_path / "a.ods") == wanted
    for mark in (";", "\t", ","):
        with (tmp_path / "a.csv").open("w", newline="", encoding="cp1252") as f:
            csv.writer(f, delimiter=mark).writerows(rows)
        items, blank = read_sheet(tmp_path / "a.csv", "anna", KEYS, THEMES)
        assert ({i.key: i.themes for i in items}, blank) == (wanted, 1)
        assert items[0].note == "a \u2013 dash, and a caf\u00e9"
    (tmp_path / "b.ods").write_bytes(b"no workbook")
    with pytest.raises(CodingError, match="is neither a workbook"):
        coded(tmp_path / "b.ods")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv"])
def test_there_and_back_again_through_libreoffice(tmp_path: Path, kind: str) -> None:
    book = fill(write_sheets(tmp_path, "anna", "study", ITEMS, THEMES), {2: ["timeliness", "voice"], 3: ["none"]})
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    saved = ["soffice", "--headless", home, "--convert-to", kind, "--outdir", str(tmp_path / "saved"), str(book)]
    subprocess.run(saved, check=True, capture_output=True, timeout=120)
    assert coded(tmp_path / "saved" / f"{book.stem}.{kind}") == coded(book)


def test_there_and_back_again_as_csv(tmp_path: Path) -> None:
    path = write_sheets(tmp_path, "anna", "study", ITEMS, THEMES).with_suffix(".csv")
    with path.open(newline="", encoding="utf-8-sig") as f:
        rows = list(csv.DictReader(f))
    assert rows[1]["text"] == "'=HYPERLINK(1)"
    rows[1]["theme_1"] = "staffing"
    with path.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    assert coded(path) == {("a", 2): ("staffing",)}


def test_words_are_never_formulas_and_themes_are_chosen_from_a_list(tmp_path: Path) -> None:
    book = load_workbook(write_sheets(tmp_path, "anna", "study", ITEMS, THEMES))
    cell = book["Coding"].cell(3, COLUMNS.index("text") + 1)
    assert (cell.data_type, cell.value) == ("s", "=HYPERLINK(1)")
    (choice,) = book["Coding"].data_validations.dataValidation
    assert choice.formula1 == "=Codebook!$A$2:$A$5"
    assert [row[0].value for row in book["Codebook"].iter_rows(min_row=2)] == [*THEMES, "none"]


def test_what_the_codebook_says_stands_beside_each_item_and_each_choice(tmp_path: Path) -> None:
    items = [SheetItem("a", 1, "Answer letters soon.", "timeliness | voice", about=("timeliness", "voice"))]
    page = load_workbook(write_sheets(tmp_path, "anna", "study", items, THEMES))["Coding"]
    assert page.cell(2, COLUMNS.index("codebook") + 1).value == "Done soon.\n\nChildren are heard."
    assert page.cell(1, len(COLUMNS) + 1).value == "codebook_on_chosen"
    looked_up = str(page.cell(2, len(COLUMNS) + 1).value)
    # Columns I to T hold the themes; the last row of the codebook is that of "none".
    assert looked_up.startswith(
        '=IF(I2="","",IFERROR(VLOOKUP(I2,Codebook!$A$2:$B$5,2,FALSE),I2&": no theme")&CHAR(10))'
    )
    assert looked_up.count("VLOOKUP") == 12
    assert "VLOOKUP(T2," in looked_up
    assert page.cell(2, COLUMNS.index("theme_1") + 1).coordinate == "I2"
    assert page.cell(2, COLUMNS.index("theme_12") + 1).coordinate == "T2"


def test_a_sheet_says_whose_it_is(tmp_path: Path) -> None:
    book = fill(write_sheets(tmp_path, "anna", "study", ITEMS, THEMES), {2: ["voice"]})
    assert [i.coder for i in read_sheet(book, None, KEYS, THEMES)[0]] == ["anna"]
    fill(book, {}, coder_3="ben")
    with pytest.raises(CodingError, match=r"anna_study\.xlsx: column coder: .* names 2 coders \('anna', 'ben'\)"):
        coded(book, None)
    for row in (2, 3, 4):
        fill(book, {}, **{f"coder_{row}": "rules"})
    with pytest.raises(CodingError, match=r"anna_study\.xlsx: row 2, column coder: .*'rules' is the name of the rules"):
        coded(book, None)


def test_a_sheet_without_an_answer_and_one_with_two_columns_of_a_name_are_refused(tmp_path: Path) -> None:
    book = write_sheets(tmp_path, "anna", "study", ITEMS, THEMES)
    with pytest.raises(CodingError, match=r"anna_study\.xlsx: no row is filled in \(3 blank rows\)"):
        coded(book)
    fill(book, {2: ["voice"]}, note_1="theme_1")
    with pytest.raises(CodingError, match=r"anna_study\.xlsx: row 1: column theme_1 comes twice"):
        coded(book)


@pytest.mark.parametrize(
    ("themes", "other", "message"),
    [
        ({2: ["timelines"]}, {}, "row 2, column theme_1: 'timelines' is no theme; did you mean 'timeliness'?"),
        ({2: ["none", "voice"]}, {}, "row 2, column theme_1: 'none' beside a theme"),
        ({2: ["voice", "voice"]}, {}, "row 2, column theme_2: a theme comes twice"),
        ({2: ["voice"]}, {"coder_2": "ben"}, "row 2, column coder: says 'ben'"),
        ({2: ["voice"]}, {"item_2": 9}, "row 2, column item: no recommendation '9' of report 'a'"),
        ({2: ["voice"]}, {"item_2": "one"}, "row 2, column report_id: no recommendation 'one'"),
        ({2: ["voice"]}, {"item_3": 1}, "row 3, column text_key: the words have been read anew"),
        ({2: ["voice"], 3: ["voice"]}, {"item_3": 1}, "row 3, column item: recommendation 1 of report a comes twice"),
        ({2: ["=1+1"]}, {}, "row 2, column theme_1: '=1+1' is no theme"),
        ({2: ["voice"]}, {"text_key_1": "key"}, "row 1: no column text_key"),
    ],
)
def test_problems_are_told_by_row_and_column(
    tmp_path: Path, themes: dict[int, list[str]], other: dict[str, Any], message: str
) -> None:
    book = fill(write_sheets(tmp_path, "anna", "study", ITEMS, THEMES), themes, **other)
    with pytest.raises(CodingError, match=r"anna_study\.xlsx") as caught:
        coded(book)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["sheet.xlsx", "sheet.csv"])
def test_what_is_no_sheet_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xff\xfe no sheet")
    with pytest.raises(CodingError):
        coded(path)


@pytest.mark.parametrize("name", ["", "../up", "rules", "model", "a b", "1st"])
def test_a_coder_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(CodingError):
        write_sheets(tmp_path, name, "study", ITEMS, THEMES)


def test_versions_are_kept_and_the_newest_stands_per_item(tmp_path: Path) -> None:
    codings = Codings(tmp_path)
    first = codings.add("anna", [ItemCoding("a", 1, "k", ("voice",)), ItemCoding("a", 2, "k", ("voice", "staffing"))])
    before = first.read_bytes()
    second = codings.add("anna", [ItemCoding("a", 1, "k", ())])
    assert (first.name, second.name) == ("v001.csv", "v002.csv")
    assert first.read_bytes() == before
    assert [(c.item, c.themes, c.version) for c in codings.of("anna")] == [(1, (), 2), (2, ("voice", "staffing"), 1)]
    assert codings.coders() == ["anna"]
    with pytest.raises(CodingError, match="nothing"):
        codings.add("anna", [])


def test_agreement_of_two_and_three_coders() -> None:
    anna = {("a", 1): ("timeliness",), ("a", 2): (), ("b", 1): ("staffing", "voice")}
    ben = {("a", 1): ("timeliness",), ("a", 2): (), ("b", 1): ("staffing", "timeliness")}
    found = reliability({"anna": anna, "ben": ben}, list(THEMES))
    assert (found.item_count, found.identical) == (3, 2)
    pooled = found.kappa["anna", "ben"].pooled
    # Nine decisions, seven alike; each coder says yes to three.
    assert pooled.observed == pytest.approx(7 / 9)
    assert pooled.kappa == pytest.approx((7 / 9 - 5 / 9) / (4 / 9))
    assert found.confusion.values.tolist() == [["anna", "ben", "voice", "timeliness", 1]]
    assert "2 identical (66.7%)" in found.text()
    three = reliability({"anna": anna, "ben": ben, "cleo": {("a", 1): ("voice",), ("c", 1): ("voice",)}}, list(THEMES))
    # What one alone has coded says nothing of agreement.
    assert (three.item_count, three.identical) == (3, 1)
    assert len(three.kappa) == 3
    assert three.kappa["anna", "cleo"].pooled.n == 3
    assert three.alpha.n_coders == 3
    assert three.alpha_by_theme.set_index("theme")["items"].to_dict() == {"timeliness": 3, "staffing": 3, "voice": 3}
    apart = reliability({"anna": anna, "cleo": {("c", 1): ("voice",)}}, list(THEMES))
    assert (apart.item_count, apart.kappa) == (0, {})
    assert "no unit has two codes" in apart.text()
    with pytest.raises(ValueError, match="two coders"):
        reliability({"anna": anna}, list(THEMES))


def test_differences_come_first_and_blank_and_go_back_as_the_agreed_coding(tmp_path: Path) -> None:
    anna = {("a", 1): ("timeliness",), ("a", 2): (), ("b", 1): ("voice",)}
    ben = {("a", 1): ("staffing",), ("b", 1): ("voice",), ("gone", 1): ("voice",)}
    items = resolution_items(TEXTS, {"anna": anna, "ben": ben})
    assert [(i.report_id, i.item, i.themes, i.note) for i in items] == [
        ("a", 1, (), ""),
        ("b", 1, ("voice",), "agreed"),
        ("a", 2, ("none",), "coded by anna alone: review"),
    ]
    assert items[0].suggested == "anna: timeliness / ben: staffing"
    assert items[0].about == ("staffing", "timeliness")
    assert [i.item for i in resolution_items(TEXTS, {"anna": anna, "ben": ben}, alone=False)] == [1, 1]
    book = write_sheets(tmp_path, AGREED, "anna-ben", items, THEMES)
    assert coded(fill(book, {2: ["staffing"]}), AGREED) == {
        ("a", 1): ("staffing",),
        ("a", 2): (),
        ("b", 1): ("voice",),
    }
