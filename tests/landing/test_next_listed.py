"""The next edition of tables whose passport lists its editions one by one: drafted, written, and read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows.common.errors import CswError, RefusedFile
from flows.common.files import sha256_of
from flows.common.settings import ROOT, Settings
from flows.landing.draft import Draft
from flows.landing.entries import write_entries
from flows.landing.new_edition import new_edition, new_editions, source_of
from flows.landing.next_listed import drafts_of_listed
from flows.landing.seed_entries import add_seed_entries
from flows.landing.workers import Job, Read, read_file
from flows.sources.passport import Passport, load_passports

NEIGHBOURS = "old_la_code,la_name,region_ind,region_name," + ",".join(f"SN_{i},SN_{i}P" for i in range(1, 11))
BUDGET = ["E-code,ONS Code,Local authority,Class,Children's social care: Sure start", "E1302,E06000047,Durham UA,UA,7"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A copy of passports and seeds that may be written to."""
    for folder in ("flows/sources", "dbt_project/seeds"):
        shutil.copytree(ROOT / folder, tmp_path / "project" / folder)
    return Settings(root=tmp_path / "project", data=tmp_path / "data")


def _passport(settings: Settings, source: str) -> Passport:
    return next(p for p in load_passports(settings.passports) if p.source == source)


def _read(settings: Settings, path: Path) -> Read:
    out = path.parent / f"{path.name}-out"
    return read_file(Job(settings.passports, path, path.name, sha256_of(path.read_bytes()), out))


def _taken_in(settings: Settings, source: str, path: Path) -> list[Draft]:
    """The drafts for a file, written into the project; the file is read after that and not before."""
    assert not _read(settings, path).tables
    drafts = drafts_of_listed(settings, _passport(settings, source), path)
    for draft in drafts:
        write_entries(settings, draft)
    found = _read(settings, path)
    assert found.refusal is None
    assert {(t.table, found.edition) for t in found.tables} == {(d.table, d.edition) for d in drafts}
    assert all(d.changes_nothing for d in drafts_of_listed(settings, _passport(settings, source), path))
    return drafts


def _workbook(path: Path, **sheets: Sequence[Any]) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def test_a_text_table_under_the_next_years_name(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "sn_model_2026_wide.csv"
    path.write_text(f"{NEIGHBOURS}\n840,County Durham,1,North East,{','.join(['805,Close'] * 10)}\n")
    assert source_of(settings, path) == "dfe_statistical_neighbours"
    (draft,) = _taken_in(settings, "dfe_statistical_neighbours", path)
    assert (draft.edition, draft.compared_with) == ("2026", "2025")


@pytest.mark.parametrize(("encoding", "said"), [("mac_roman", "mac_roman"), ("utf-8-sig", None), ("utf-8", None)])
def test_a_text_table_in_whatever_encoding_it_comes(
    settings: Settings, tmp_path: Path, encoding: str, said: str | None
) -> None:
    path = tmp_path / "RA_2025-26_data_Part_1.csv"
    lines = ["Revenue Account Budget (RA) 2025-26", "Data are in £ thousand", *["-"] * 7, *BUDGET]
    path.write_bytes("\n".join(lines).encode(encoding))
    (draft,) = _taken_in(settings, "mhclg_ra_budget", path)
    assert (f"encoding: {said}" in draft.entry) == (said is not None)


def test_a_year_that_was_skipped_is_read_as_whichever_neighbour_it_is_like(settings: Settings, tmp_path: Path) -> None:
    head = ["E-code", "ONS Code", "Local authority", "Class"]
    rows = [*[["RO3 2021-22"]] * 10, [*head, "Children's social care"], ["", "", "", "", "Net Current Expenditure"]]
    path = _workbook(
        tmp_path / "RO3_2021-22_data_by_LA.xlsx",
        **{"RO3_LA_Data_2021-22": [*rows, ["E1302", "E06000047", "County Durham UA", "UA", 7]]},
    )
    (draft,) = _taken_in(settings, "mhclg_ro3_outturn", path)
    assert (draft.edition, draft.compared_with) == ("2022", "2023")


def test_a_header_that_moved_and_a_sheet_of_another_name_are_found(settings: Settings, tmp_path: Path) -> None:
    path = _workbook(
        tmp_path / "RO3_LA_Data_2025-26_data_by_LA.xlsx",
        Notes=[["E-code", "what it means"]],
        RO3_2025_26=[*[["RO3 2025-26"]] * 8, *(line.split(",") for line in BUDGET)],
    )
    (draft,) = _taken_in(settings, "mhclg_ro3_outturn", path)
    assert draft.entry == '"2026": {file: "RO3.*2025-26", sheet: "^RO3_2025_26$", header_rows: [9]}'


def test_of_a_workbook_every_table_is_drafted_though_one_was_titled_anew(settings: Settings, tmp_path: Path) -> None:
    of_2025 = _passport(settings, "ofsted_la_outcomes").table("inspection_history").editions["2025"].columns_named
    judged = ["Overall effectiveness", *of_2025]
    where = ["Local authority area code", "Local authority name"]
    durham, grades = ["E06000047", "County Durham"], ["Good"] * len(judged)
    path = _workbook(
        tmp_path / "LA_Inspection_Outcomes_as_at_31_March_2026 (1).xlsx",
        ILACS_inspection_history=[
            ["ILACS inspections from 2018 to 2026"],
            [*where, "Local authority status", "Inspection date", "Publication date", "Inspection type", *judged],
            [*durham, "Current", "2026-01-12", "2026-03-02", "ILACS Standard Inspection", *grades],
        ],
        Inspections_as_at_31_March=[
            ["Local authority inspection judgements as at 31 March 2026"],
            [*where, "Inspection date", "Publication date", *judged],
            [*durham, "2026-01-12", "2026-03-02", *grades],
        ],
    )
    drafts = _taken_in(settings, "ofsted_la_outcomes", path)
    assert {d.table for d in drafts} == {"inspection_history", "la_level_at_31_march"}
    assert 'title: "^ILACS inspections from 2018 to 2026"' in next(d.entry for d in drafts if "history" in d.table)


def test_a_workbook_that_only_its_title_tells(settings: Settings, tmp_path: Path) -> None:
    ages = ["Code", "Name", "Geography", "All ages", *map(str, range(91))]
    path = _workbook(
        tmp_path / "mye25tablesew.xlsx",
        **{
            "MYE2 - Persons": [
                ["MYE2: Population estimates: Persons by single year of age, mid-2025"],
                ages,
                ["E06000047", "County Durham", "Unitary Authority", *[100] * 92],
            ]
        },
    )
    (draft,) = _taken_in(settings, "ons_population", path)
    assert draft.entry == '"2025-first": {sheet: "^MYE2 - Persons$", title: "mid-2025", period: "2025"}'


def test_a_series_that_states_its_day_needs_nothing(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "series-190826.csv"
    path.write_text('"Title","RPI All Items Index: Jan 1987=100"\n"Release date","19-08-2026"\n"2025","400.1"\n')
    (draft,) = drafts_of_listed(settings, _passport(settings, "ons_prices"), path)
    assert draft.changes_nothing
    assert (draft.table, draft.edition) == ("rpi", "2026-08-19")


def test_what_a_file_under_the_next_years_name_lacks_is_said(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "sn_model_2026_wide.csv"
    path.write_text(NEIGHBOURS.replace("old_la_code", "authority") + "\n840,County Durham\n")
    with pytest.raises(RefusedFile, match=r"column 'old_la_code': dfe_statistical_neighbours neighbours \(2026\)"):
        drafts_of_listed(settings, _passport(settings, "dfe_statistical_neighbours"), path)


def test_columns_that_only_editions_further_off_map_are_drafted(settings: Settings) -> None:
    """2025 has no rates; where 2026 has them again, landing misses them, so the draft has them."""
    passport = _passport(settings, "dfe_cin")
    draft = Draft("dfe_cin", "c4_section_47s_and_icpcs", "2026", "2024")

    def row(column: str, measure: str, until: str) -> dict[str, str]:
        keys = ("source", "table_name", "period", "filter", "component", "unit_factor", "year", "year_shift", "note")
        made = dict.fromkeys(keys, "") | {"edition_from": "2020", "edition_to": until}
        return made | {"column_name": column, "measure_id": measure, "component": "value"}

    seed = [row("ICPC", "icpc_count", ""), row("ICPC_rate", "icpc_rate_per_10k", "2024"), row("Gone", "gone", "2024")]
    add_seed_entries(passport, draft, seed, {"icpc", "icpc_rate"}, set(), {})
    assert [(r["column_name"], r["edition_from"]) for r in draft.new_rows] == [("ICPC_rate", "2026")]
    assert draft.unmapped == []


def test_months_that_come_together_stay_apart(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drafted(_: Settings, source: str, file: Path, table: str = "", edition: str = "") -> Draft:
        draft = Draft(source, "long", edition or file.stem[-7:], "2025-05")
        draft.last_period = "2026"
        return draft

    monkeypatch.setattr("flows.landing.new_edition.new_edition", drafted)
    monkeypatch.setattr("flows.landing.new_edition.drafts_of_listed", lambda *_: [])
    files = [tmp_path / f"bds_long_{m}.parquet" for m in ("2026-01", "2026-03")]
    drafts = new_editions(settings, files, source="dfe_lait", say=print)
    assert [d.edition for d in drafts] == ["2026-01", "2026-03"]


def test_a_landed_edition_that_the_passport_no_longer_has_is_no_help(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = SimpleNamespace(source="dfe_cin", edition="1999")
    monkeypatch.setattr("flows.landing.new_edition.read_catalogue", lambda _: [gone])
    path = tmp_path / "b1_.csv"
    path.write_text("a,b\n")
    with pytest.raises(CswError, match="nothing of dfe_cin is landed"):
        new_edition(settings, "dfe_cin", path)
