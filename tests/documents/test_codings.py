"""People's codings: out on a sheet, back in, kept by version, compared, resolved."""

from __future__ import annotations

import csv
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


def coded(path: Path, coder: str = "anna") -> dict[tuple[str, int], tuple[str, ...]]:
    items, _ = read_sheet(path, coder, KEYS, THEMES)
    return {i.key: i.themes for i in items}


def test_there_and_back_again_in_a_workbook(tmp_path: Path) -> None:
    book = write_sheets(tmp_path, "anna", "study", ITEMS, THEMES)
    fill(book, {2: ["timeliness", "Voice "], 3: ["none"]})
    items, blank = read_sheet(book, "anna", KEYS, THEMES)
    assert {i.key: i.themes for i in items} == {("a", 1): ("timeliness", "voice"), ("a", 2): ()}
    assert blank == 1


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


@pytest.mark.parametrize("name", ["", "../up", "rules", "a b", "1st"])
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
    three = reliability({"anna": anna, "ben": ben, "cleo": {("a", 1): ("voice",)}}, list(THEMES))
    assert three.item_count == 1
    assert len(three.kappa) == 3
    assert three.alpha.n_coders == 3
    with pytest.raises(ValueError, match="two coders"):
        reliability({"anna": anna}, list(THEMES))


def test_differences_come_first_and_blank_and_go_back_as_the_agreed_coding(tmp_path: Path) -> None:
    anna = {("a", 1): ("timeliness",), ("a", 2): (), ("b", 1): ("voice",)}
    ben = {("a", 1): ("staffing",), ("a", 2): (), ("b", 1): ("voice",)}
    items = resolution_items(TEXTS, {"anna": anna, "ben": ben})
    assert [(i.report_id, i.item, i.themes) for i in items] == [
        ("a", 1, ()),
        ("a", 2, ("none",)),
        ("b", 1, ("voice",)),
    ]
    assert items[0].suggested == "anna: timeliness / ben: staffing"
    book = write_sheets(tmp_path, AGREED, "anna-ben", items, THEMES)
    assert coded(fill(book, {2: ["staffing"]}), AGREED) == {
        ("a", 1): ("staffing",),
        ("a", 2): (),
        ("b", 1): ("voice",),
    }
