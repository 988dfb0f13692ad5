"""What lands, what is refused and in which words, and that nothing is lost on the way."""

from __future__ import annotations

import csv
import errno
import io
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flows.common.errors import CswError
from flows.common.files import sha256_of
from flows.common.settings import Settings
from flows.landing import land
from flows.landing.archive import Archive
from flows.landing.catalogue import landed_path, read_catalogue
from flows.landing.land import land_folders, land_returns
from flows.landing.workers import Job, Read
from tests.made_up import B1, B1_NAME, b1, put


def one_refusal(settings: Settings, folder: Path) -> str:
    """Land a folder in which exactly one file is refused, and say what was said."""
    report = land_returns(settings, folder, workers=1)
    assert len(report.refused) == 1, [str(r) for r in report.refused]
    return str(report.refused[0])


def landed_rows(settings: Settings, source: str, table: str, edition: str) -> list[dict[str, str]]:
    with landed_path(settings, source, table, edition).open(newline="") as f:
        return list(csv.DictReader(f))


def test_a_file_is_landed_with_its_keys_and_proof(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", f"anywhere/{B1_NAME}", b"\xef\xbb\xbf" + b1())
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert [(x.source, x.table_name, x.edition) for x in report.landed] == [("dfe_cin", "b1_children_in_need", "2022")]
    rows = landed_rows(settings, "dfe_cin", "b1_children_in_need", "2022")
    kent = next(r for r in rows if r["_la_code"] == "886" and r["_period"] == "2022")
    assert (kent["_level"], kent["_gss_code"], kent["At31_episodes"], kent["_row"]) == ("la", "E10000016", "100", "10")
    assert [r["_level"] for r in rows[:2]] == ["national", "la"]
    kept, proof = Archive(settings.archive).all()[0]
    assert kept.read_bytes() == (tmp_path / "in" / "anywhere" / B1_NAME).read_bytes()
    assert proof.sha256 == kent["_sha256"] == sha256_of(kept.read_bytes())


def test_the_isle_of_wights_code_on_englands_row_does_not_make_it_an_authority(
    settings: Settings, real_header: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "in", "osr28-2010ud.csv", real_header)
    land_returns(settings, tmp_path / "in", workers=1)
    rows = landed_rows(settings, "dfe_cin", "census", "2010")
    assert [(r["_level"], r["_la_code"]) for r in rows] == [("national", ""), ("la", "921")]


@pytest.fixture
def real_header() -> bytes:
    """A wide census of 2010 with only its mapped columns, England carrying Isle of Wight's code as published."""
    from flows.common.settings import ROOT
    from flows.landing.mapping import mapped_columns

    columns = sorted({m.column for m in mapped_columns(ROOT).rows["dfe_cin", "census"] if m.covers("2010")})
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["geog_l", "geog_c", "geog_n", *columns])
    writer.writerow(["National", "921", "England", *["1,241"] * len(columns)])
    writer.writerow(["LA", "921", "Isle of Wight", *["12"] * len(columns)])
    return buffer.getvalue().encode()


def test_the_same_files_again_do_nothing(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    before = landed_path(settings, "dfe_cin", "b1_children_in_need", "2022").stat().st_mtime_ns
    again = land_returns(settings, tmp_path / "in", workers=1)
    assert (again.landed, again.unchanged) == ([], 1)
    assert landed_path(settings, "dfe_cin", "b1_children_in_need", "2022").stat().st_mtime_ns == before


def test_news_is_told_when_a_table_is_read_and_never_for_what_is_landed(settings: Settings, tmp_path: Path) -> None:
    told: list[str] = []
    for name in ("letter.csv", B1_NAME, B1_NAME):
        put(tmp_path / "in", name, b1() if name == B1_NAME else b"of,no,passport\n1,2,3\n")
        land_folders(settings, [tmp_path / "in"], workers=1, when_news=partial(told.append, name))
    assert told == [B1_NAME]


def test_one_content_with_two_line_ends_is_landed_once(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", f"a/{B1_NAME}", b1())
    put(tmp_path / "in", f"b/{B1_NAME}", b1().replace(b"\n", b"\r\n"))
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert len(report.landed) == 1
    assert report.duplicates == [(f"b/{B1_NAME}", f"a/{B1_NAME}")]


def test_other_bytes_at_a_known_place_are_a_new_edition(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    put(tmp_path / "in", B1_NAME, b1(figure=lambda code, year, column: "101"))
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert [x.edition for x in report.landed] == ["2022-r2"]
    assert {x.edition for x in read_catalogue(settings)} == {"2022", "2022-r2"}
    assert landed_rows(settings, "dfe_cin", "b1_children_in_need", "2022-r2")[1]["_edition"] == "2022-r2"
    assert len(Archive(settings.archive).all()) == 2


def test_unknown_files_are_listed_and_stop_nothing(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", "notes.csv", b"some,thing\nelse,entirely\n")
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert (len(report.landed), report.unrecognised) == (1, ["notes.csv"])


def test_an_absent_or_empty_folder_says_so(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(CswError, match="is not a folder"):
        land_returns(settings, tmp_path / "nowhere")
    (tmp_path / "in").mkdir()
    with pytest.raises(CswError, match="holds no files"):
        land_returns(settings, tmp_path / "in")


def test_links_that_lead_to_no_file_are_said_and_the_rest_is_taken(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    put(tmp_path / "share" / "2022", B1_NAME, b1())
    put(folder, "readme.txt", b"x")
    (folder / "2022").symlink_to(tmp_path / "share" / "2022")
    (folder / "ring").symlink_to(folder)
    (folder / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (folder / B1_NAME).symlink_to(tmp_path / "share" / "2022" / B1_NAME)
    report = land_returns(settings, folder, workers=1)
    assert [r.file for r in report.refused] == ["2022", "gone.csv", "ring"]
    assert "Give --returns the folder itself" in str(report.refused[0])
    assert [x.edition for x in report.landed] == ["2022"]
    # The folder itself may be a link.
    (tmp_path / "linked").symlink_to(tmp_path / "share")
    assert land_returns(settings, tmp_path / "linked", workers=1).refused == []


def test_a_truncated_csv_names_its_row(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1()[:-40])
    said = one_refusal(settings, tmp_path / "in")
    assert B1_NAME in said
    assert "row 11" in said
    assert "truncated" in said


def test_an_unclosed_quote_is_a_truncated_csv(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1() + b'2022,"Reporting ye')
    assert "not a whole csv" in one_refusal(settings, tmp_path / "in")


def workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "Table_A1"
    header = [
        "LA",
        "LA Name",
        "ReportGroup",
        "OrderLine",
        "Description",
        "s251line",
        "TotalExpenditure",
        "NetCurrentExpenditure",
    ]
    sheet.append(header)
    for i in range(400):
        sheet.append([330, "Birmingham", "CHILDREN LOOKED AFTER", i, f"3.9.{i} Line", "3", 10 * i, 9 * i])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("keep", [0.5, 0.98])
def test_a_truncated_workbook_is_refused(settings: Settings, tmp_path: Path, keep: float) -> None:
    data = workbook()
    put(tmp_path / "in", "s251ye2017.xlsx", data[: int(len(data) * keep)])
    said = one_refusal(settings, tmp_path / "in")
    assert "not whole" in said
    assert "download it again" in said


def test_a_truncated_ods_is_refused(settings: Settings, tmp_path: Path) -> None:
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table

    book = OpenDocumentSpreadsheet()
    book.spreadsheet.addElement(Table(name="Table A1"))
    out = io.BytesIO()
    book.write(out)
    put(tmp_path / "in", "s251ye2014.ods", out.getvalue()[:-200])
    assert "not whole" in one_refusal(settings, tmp_path / "in")


def test_a_truncated_parquet_is_refused(settings: Settings, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"Short Desc": ["A"] * 1000, "Values": ["1"] * 1000}), out)
    put(tmp_path / "in", "bds_long.parquet", out.getvalue()[:-50])
    assert "parquet file is not whole" in one_refusal(settings, tmp_path / "in")


def test_a_zip_bomb_and_a_path_out_of_the_zip_are_refused(settings: Settings, tmp_path: Path) -> None:
    import zipfile

    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("xl/worksheets/sheet1.xml", b"0" * 700_000_000)
    put(tmp_path / "in", "s251ye2017.xlsx", bomb.getvalue())
    assert "unpacks to 700 MB" in one_refusal(settings, tmp_path / "in")
    escape = io.BytesIO()
    with zipfile.ZipFile(escape, "w") as z:
        z.writestr("../../outside.xml", b"x")
    put(tmp_path / "in", "s251ye2017.xlsx", escape.getvalue())
    assert "leaves it" in one_refusal(settings, tmp_path / "in")


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html><body>Sorry", b"\xef\xbb\xbf<html>404"])
def test_a_web_page_under_a_csv_name_is_refused(settings: Settings, tmp_path: Path, page: bytes) -> None:
    put(tmp_path / "in", B1_NAME, page)
    assert "web page" in one_refusal(settings, tmp_path / "in")


def test_an_empty_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b"\n")
    assert "empty" in one_refusal(settings, tmp_path / "in")


def test_a_wrong_encoding_names_byte_row_and_field(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1().replace(b"Birmingham", "Birmíngham".encode("cp1252")))
    said = one_refusal(settings, tmp_path / "in")
    assert "byte 0xED is not utf-8" in said
    assert "row 4" in said
    assert "field 10" in said
    put(tmp_path / "in", B1_NAME, b1().decode().encode("utf-16")[:-1])
    assert "utf-16" in one_refusal(settings, tmp_path / "in")


def test_a_renamed_mapped_column_names_the_nearest(settings: Settings, tmp_path: Path) -> None:
    renamed = tuple("At31_episode_rate" if c == "At31_episodes_rate" else c for c in B1)
    put(tmp_path / "in", B1_NAME, b1(header=renamed))
    said = one_refusal(settings, tmp_path / "in")
    assert "column 'At31_episodes_rate'" in said
    assert "at31_episode_rate" in said
    assert "measure_source.csv" in said


def test_a_missing_signature_column_names_what_is_missing(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1(header=("category", "Anypoint", "Started", "At31")))
    said = one_refusal(settings, tmp_path / "in")
    assert "needs this column" in said
    assert "flows/sources/dfe_cin.yml" in said


def test_a_mapped_filter_that_is_gone_is_a_refusal_not_a_zero(settings: Settings, tmp_path: Path) -> None:
    header = (
        "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,"
    )
    header += "la_name,new_la_code,population_count,population_estimate,number,rate_per_10000\n"
    row = "{},Reporting year,Local authority,E92000001,England,E1,N,886,Kent,E10000016,{},1000,10,100\n"
    data = header + "".join(row.format(2024, c) for c in ("Children looked after on 31 March", "Other"))
    put(tmp_path / "in", "cla_number_and_rate_per_10k_children.csv", data.encode())
    said = one_refusal(settings, tmp_path / "in")
    assert "no row has the mapped filter" in said
    assert "Children looked after on 31 March" in said


def test_an_edition_the_passport_does_not_know_is_listed_by_name(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", "b1_children_in_need_2013_to_2031.csv", b1(years=(2030, 2031)))
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert (report.landed, report.refused) == ([], [])
    (said,) = map(str, report.not_described)
    assert "runs to 2031" in said
    assert "flows/sources/dfe_cin.yml" in said


def test_a_years_file_under_another_years_name_is_refused(
    settings: Settings, real_header: bytes, tmp_path: Path
) -> None:
    put(tmp_path / "in", "SFR52_2016_UD.csv", real_header)
    said = one_refusal(settings, tmp_path / "in")
    assert "edition 2016" in said
    assert "2010" in said


def test_bytes_other_than_the_manifest_records_are_refused(settings: Settings, tmp_path: Path) -> None:
    whole = b1()
    cut = whole[: whole.rfind(b"\n2022", 0, -1) + 1]
    put(tmp_path / "in", B1_NAME, cut)
    put(tmp_path / "in", "MANIFEST.csv", f"file,sha256\n{B1_NAME},{sha256_of(whole)}\n".encode())
    assert "MANIFEST.csv" in one_refusal(settings, tmp_path / "in")


def test_an_unknown_geographic_level_is_refused(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1().replace(b"Local authority,", b"Unitary thing,", 1))
    said = one_refusal(settings, tmp_path / "in")
    assert "'Unitary thing' is not a geographic level" in said
    assert "row 3" in said


@pytest.mark.parametrize("moment", ["before it is read", "after it was read"])
def test_files_that_go_while_they_are_landed_are_refused_alone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    names = (B1_NAME, "letter.pdf", "CIN.xlsx", "ONS_Mid-Year.zip")
    for name in names:
        put(tmp_path / "in", name, b1() if name == B1_NAME else b"%PDF-1.4")
    real = land.read_files

    def read_files(jobs: list[Job], *more: Any) -> Iterator[Read]:
        done = list(real(jobs, *more)) if moment == "after it was read" else []
        for job in jobs:
            job.path.unlink()
        return iter(done or list(real(jobs, *more)))

    monkeypatch.setattr(land, "read_files", read_files)
    report = land_returns(settings, tmp_path / "in", workers=1)
    said = {r.file: str(r) for r in report.refused}
    assert said[B1_NAME].startswith(f"{B1_NAME}: it cannot be read: No such file or directory. Was it still being")
    assert report.landed == []
    assert Archive(settings.archive).all() == []


def test_a_file_that_grows_while_it_is_landed_is_not_kept_under_the_hash_of_its_beginning(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = put(tmp_path / "in", B1_NAME, b1())
    real = land.read_files

    def read_files(jobs: list[Job], *more: Any) -> Iterator[Read]:
        done = list(real(jobs, *more))
        growing.write_bytes(b1(figure=lambda code, year, column: "101"))
        return iter(done)

    monkeypatch.setattr(land, "read_files", read_files)
    assert "it changed while it was being landed" in one_refusal(settings, tmp_path / "in")
    assert Archive(settings.archive).all() == []
    monkeypatch.setattr(land, "read_files", real)
    assert [x.edition for x in land_returns(settings, tmp_path / "in", workers=1).landed] == ["2022"]


def test_a_full_disk_leaves_what_was_landed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    put(tmp_path / "in", B1_NAME, b1(figure=lambda code, year, column: "101"))
    real = os.fsync

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CswError, match="No space left on device"):
        land_returns(settings, tmp_path / "in", workers=1)
    monkeypatch.setattr(os, "fsync", real)
    assert [x.edition for x in read_catalogue(settings)] == ["2022"]
    assert [x.edition for x in land_returns(settings, tmp_path / "in", workers=1).landed] == ["2022-r2"]


def _land(data: str, folder: str) -> None:
    os.setpgrp()
    land_returns(Settings(data=Path(data)), Path(folder))


def test_killed_at_any_moment_the_next_landing_completes(settings: Settings, tmp_path: Path) -> None:
    for year in (2020, 2022):
        for i in range(6):
            name = f"{'abcdef'[i]}/b1_children_in_need_2013_to_{year}.csv"
            put(tmp_path / "in", name, b1(years=(year,), figure=lambda code, year, column, i=i: str(i)))
    reference = Settings(data=tmp_path / "reference")
    land_returns(reference, tmp_path / "in", workers=1)
    context = multiprocessing.get_context("spawn")
    for delay in (0.05, 0.2, 0.35, 0.5):
        process = context.Process(target=_land, args=(str(settings.data), str(tmp_path / "in")))
        process.start()
        time.sleep(0.4 + delay)
        if process.pid:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                process.kill()
        process.join()
    land_returns(settings, tmp_path / "in", workers=1)
    assert {(x.edition, x.content_sha256) for x in read_catalogue(settings)} == {
        (x.edition, x.content_sha256) for x in read_catalogue(reference)
    }
    assert not list(settings.landing.rglob(".part-*"))
    shutil.rmtree(settings.data)


def test_a_web_page_under_a_documents_name_is_flagged_and_stops_no_figure(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", "b1-metadata.txt", b"<!DOCTYPE html><html>")
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert (len(report.landed), report.refused) == (1, [])
    assert "web page" in str(report.flagged[0])


def test_a_web_page_under_a_reports_name_is_left_to_the_reader_of_reports(settings: Settings, tmp_path: Path) -> None:
    put(
        tmp_path / "in", "80429_birmingham_children-s-services-inspection-19-october-2012.pdf", b"<!DOCTYPE html><html>"
    )
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert (report.documents, report.flagged, report.refused) == (1, [], [])
