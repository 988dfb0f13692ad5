"""Files of other kinds than tables are published in, and cells as programs write them: read, or said what to do."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from flows.common.errors import RefusedFile
from flows.common.files import sha256_of
from flows.common.settings import Settings
from flows.landing.arrivals import unpack
from flows.landing.cells import cells_sha256
from flows.landing.figures import is_number
from flows.landing.grids import ForeignFile, kind_of
from flows.landing.places import plain_code
from flows.landing.recognise import recognise
from flows.landing.workers import Job, Read, read_file
from flows.sources.passport import load_passports
from tests.made_up import B1_NAME, b1

PASSPORTS = Settings().passports


def _read(folder: Path, data: bytes, name: str = B1_NAME) -> Read:
    path = folder / name
    path.write_bytes(data)
    return read_file(Job(PASSPORTS, path, name, sha256_of(data), folder / f"out{len(list(folder.iterdir()))}"))


def _cells(text: str, **columns: str) -> bytes:
    """A table's text with the cells of its rows of authorities in some columns as a program writes them."""
    head, *rows = csv.reader(io.StringIO(text))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        for column, way in columns.items():
            i = head.index(column)
            row[i] = way.format(row[i])
        writer.writerow(row)
    return out.getvalue().encode()


@pytest.mark.parametrize(
    ("start", "what", "advice"),
    [
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it"),
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive", "Unpack it"),
        (b"BZh91AY", "bzip2", "Unpack it"),
        (b"\xfd7zXZ\x00\x00", "xz", "Unpack it"),
        (b"a.csv" + b"\x00" * 252 + b"ustar\x00", "a tar archive", "Unpack it"),
        (b"ARROW1\x00\x00", "Feather", "Save it as .parquet"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "protected by a password", "without one"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"', "XML", ".xlsx"),
        (b'<table border="1"><tr><td>', "a web page", "download"),
        (b'{"error": {"code": 404}}', "JSON", "download"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(start: bytes, what: str, advice: str) -> None:
    with pytest.raises(ForeignFile) as caught:
        kind_of(start + b"\x00" * 300 * (b"\x00" in start or start[0] > 127) + b" ", "x")
    assert what in str(caught.value)
    assert advice in caught.value.advice


def test_an_archive_that_may_hold_a_release_is_not_called_foreign() -> None:
    found = recognise(b"7z\xbc\xaf\x27\x1c" + b"\x00" * 90, "release.7z", load_passports(PASSPORTS))
    assert found is not None
    assert found.remark == "not read: this is a 7z archive (Unpack it, and give the folder of its files)"


def test_a_zip_with_a_password_is_said_to_have_one(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("a.csv", b"a,b\n")
    data = bytearray(out.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1  # the flag of an encrypted member
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(RefusedFile, match=r"protected by a password\. Unpack it with the password"):
        list(unpack(tmp_path / "a.zip", "a.zip", tmp_path / "out"))


def test_the_description_of_a_table_is_listed() -> None:
    data = b"\xef\xbb\xbfcol_name,col_type,label\nAnypoint_child,Indicator,Any\n"
    found = recognise(data, B1_NAME.replace(".csv", ".meta.csv"), load_passports(PASSPORTS))
    assert found is not None
    assert "metadata" in found.remark


@pytest.mark.parametrize(
    "columns",
    [
        {"old_la_code": "'{}"},
        {"old_la_code": '="{}"'},
        {"time_period": "{}.0"},
    ],
)
def test_keys_as_programs_write_them_are_the_same(tmp_path: Path, columns: dict[str, str]) -> None:
    text = b1().decode()
    plain, odd = _read(tmp_path, text.encode()), _read(tmp_path, _cells(text, **columns))
    rows = [list(csv.reader(t.path.open())) for r in (plain, odd) for t in r.tables]
    assert [r[:10] for r in rows[0]] == [[*r[:3], rows[0][i][3], *r[4:10]] for i, r in enumerate(rows[1])]


def test_pipes_between_fields_are_read(tmp_path: Path) -> None:
    text = b1().decode()
    (plain,) = _read(tmp_path, text.encode()).tables
    (pipes,) = _read(tmp_path, text.replace(",", "|").encode()).tables
    assert cells_sha256(pipes.path) == cells_sha256(plain.path)


@pytest.mark.parametrize(("column", "key"), [("time_period", "period"), ("geographic_level", "level")])
def test_keys_that_a_spreadsheet_shows_once_are_refused(tmp_path: Path, column: str, key: str) -> None:
    refusal = _read(tmp_path, _cells(b1().decode(), **{column: "{:.0}"})).refusal
    assert refusal is not None
    assert f"the {key} of " in refusal[1]
    assert "fill it down" in refusal[4]


def test_a_count_that_lost_its_last_digits_is_no_number(tmp_path: Path) -> None:
    text = b1().decode()
    refusal = _read(tmp_path, _cells(text, Started_child="3.99E+05")).refusal
    assert refusal is not None
    assert plain_code("'0201") == "201"


def test_a_header_alone_is_said(tmp_path: Path) -> None:
    refusal = _read(tmp_path, b1().splitlines()[0] + b"\n").refusal
    assert refusal is not None
    assert "no row is under the header" in refusal[1]


def test_a_newest_year_that_is_all_symbols_is_refused(tmp_path: Path) -> None:
    text = b1(figure=lambda code, year, column: "100" if year == 2021 else "z")
    refusal = _read(tmp_path, text).refusal
    assert refusal is not None
    assert "no authority has a figure of 2022, its newest period" in refusal[1]


def test_a_round_number_as_r_writes_it_is_a_number(tmp_path: Path) -> None:
    """``write.csv`` puts the shorter of two exact ways: 100000 becomes 1e+05."""
    read = _read(tmp_path, _cells(b1().decode(), Started_child="1e+05"))
    assert read.refusal is None
    assert is_number("1e+05")
    assert not is_number("1E+05")
