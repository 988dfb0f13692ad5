"""Tables as sheets present them: one below the other, in stacked blocks, with headings between rows."""

from __future__ import annotations

import csv
from pathlib import Path

from flows.common.settings import Settings
from flows.landing.fits import fits_of
from flows.landing.grids import Grid
from flows.landing.land import land_returns
from flows.landing.tables import LandedTable, land
from flows.sources.passport import Edition, Passport, Table, TableEdition


def passport(*tables: Table) -> Passport:
    """A publication with the given tables and one edition."""
    return Passport(
        source="ofsted",
        title="Inspections",
        publisher="Ofsted",
        licence="OGL",
        homepage="https://example.org",
        no_remote="made up",
        role="primary",
        editions={"2023": Edition.model_validate({"published_on": "2023-07-06", "symbols": "none"})},
        tables=list(tables),
    )


def landed(table: Table, rows: list[list[str]], sheet: str = "LA") -> LandedTable:
    """The one table that fits the rows, read."""
    (fit,) = fits_of(Grid(sheet, rows), [passport(table)], sheet=bool(sheet))
    return land(fit, "book.ods")


def named(table: LandedTable) -> list[tuple[str, str]]:
    """Level and name of each row."""
    return [(r[1], r[4]) for r in table.rows]


HISTORY = [
    ["Inspections", "", ""],
    ["Name", "First date", "First grade"],
    ["Kent", "2017-06-13", "Good"],
    ["Dorset", "2021-11-19", "Good"],
    ["Authorities that no longer exist", "", ""],
    ["Name", "Date", "Grade"],
    ["Dorset", "2016-05-23", "Good"],
    ["", "", ""],
    ["Note 1", "", ""],
]
ONLY = {"2023": TableEdition()}
FIRST = Table(
    table="history",
    shape="attributes",
    description="One row per authority.",
    sheet="^LA$",
    header=["First date"],
    keys={"la_name": "Name"},
    level="la",
    stop_at="^Authorities that no longer",
    editions=ONLY,
)
SECOND = Table(
    table="abolished",
    shape="attributes",
    description="One row per authority.",
    sheet="^LA$",
    header=["Date"],
    keys={"la_name": "Name"},
    level="la",
    search_rows=50,
    stop_at_blank_row=True,
    editions=ONLY,
)


def test_a_table_ends_at_the_title_of_the_next() -> None:
    assert named(landed(FIRST, HISTORY)) == [("la", "Kent"), ("la", "Dorset")]


def test_a_second_table_is_found_by_its_own_header_and_ends_at_a_blank_row() -> None:
    table = landed(SECOND, HISTORY)
    assert named(table) == [("la", "Dorset")]
    assert table.rows[0][0] == "7", "the row number is the sheet's"


def test_a_second_table_far_down_is_not_found_without_being_told_how_far_to_look() -> None:
    far = [*HISTORY[:2], *([["Kent", "2017-06-13", "Good"]] * 20), *HISTORY[5:]]
    near = SECOND.model_copy(update={"search_rows": None})
    assert not list(fits_of(Grid("LA", far), [passport(near)], sheet=True))
    assert list(fits_of(Grid("LA", far), [passport(SECOND)], sheet=True))


def test_stacked_blocks_keep_their_titles_and_lose_what_stands_between() -> None:
    table = Table(
        table="population",
        shape="wide",
        description="One row per authority and age.",
        keys={"gss_code": "mnemonic", "la_name": "area"},
        header=["2009"],
        block_title="^Aged? ([0-9 -]+)$",
        editions=ONLY,
    )
    block = [["area", "mnemonic", "2009"], [], ["Kent", "E10000016", "1"], ["Gwynedd", "W06000002", "2"], []]
    rows = [["Population"], ["Age :", "Aged 0-4"], [], *block, ["Population"], ["Age :", "Age 15"], [], *block]
    found = landed(table, rows, sheet="")
    assert [(r[1], r[4], r[6]) for r in found.rows] == [
        ("la", "Kent", "block=0-4"),
        ("none", "Gwynedd", "block=0-4"),
        ("la", "Kent", "block=15"),
        ("none", "Gwynedd", "block=15"),
    ]


def test_a_heading_between_rows_is_no_authority() -> None:
    table = Table(
        table="neighbours",
        shape="attributes",
        description="One row per authority.",
        keys={"la_code": "num", "la_name": "name"},
        header=["SN1"],
        editions=ONLY,
    )
    rows = [["num", "name", "SN1"], ["886", "Kent", "881"], ["", "Old ones:", ""], ["835", "Dorset (Pre LG)", "893"]]
    assert named(landed(table, rows, sheet="")) == [("la", "Kent"), ("none", "Old ones:"), ("la", "Dorset (Pre LG)")]


def test_landing_lists_the_places_that_each_table_names(tmp_path: Path) -> None:
    returns = tmp_path / "returns"
    returns.mkdir()
    (returns / "neighbours.csv").write_text("num,name,SN1\n886,Kent,881\n886,Kent,882\n", encoding="utf-8")
    folder = tmp_path / "flows" / "sources"
    folder.mkdir(parents=True)
    seeds = tmp_path / "dbt_project" / "seeds"
    seeds.mkdir(parents=True)
    (seeds / "measure_source.csv").write_text("source,table_name,edition_from,edition_to,column_name,filter\n")
    (folder / "dfe.yml").write_text(
        "source: dfe\ntitle: t\npublisher: p\nlicence: l\nhomepage: h\nno_remote: made up\nrole: reference\n"
        'editions: {"2021": {published_on: 2021-04-01, symbols: none}}\n'
        "tables:\n  - {table: neighbours, shape: attributes, description: d, keys: {la_code: num, la_name: name}, "
        'header: [SN1], editions: {"2021": {file: "^neighbours"}}}\n',
        encoding="utf-8",
    )
    settings = Settings(root=tmp_path, data=tmp_path / "data")
    assert not land_returns(settings, returns, workers=1).refused
    with (settings.landing / "units.csv").open(newline="", encoding="utf-8") as f:
        assert list(csv.DictReader(f)) == [
            {
                "source": "dfe",
                "table_name": "neighbours",
                "edition": "2021",
                "level": "la",
                "unit_code": "886",
                "unit_ons_code": "",
                "unit_name": "Kent",
                "row_count": "2",
            }
        ]
