"""What people download from the site: the rows as they are, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from analysis.report.site import _study_files

NASTY = ['=HYPERLINK("http://example.org")', "@SUM(1)\n+1", "+1+1", "-2+3", "\t=1", "\r=1"]


def test_downloads_run_nothing_in_a_spreadsheet(tmp_path: Path) -> None:
    with duckdb.connect() as con:
        con.execute("create schema results; create schema studies")
        con.execute("create table results.estimate (study varchar, reason varchar, n integer)")
        con.execute("create table studies.rpt_one__sample (la_name varchar, change double)")
        for text in [*NASTY, "plain", "-"]:
            con.execute("insert into results.estimate values ('one', ?, -1), ('other', 'of another study', 2)", [text])
            con.execute("insert into studies.rpt_one__sample values (?, -0.5)", [text])
        _study_files(SimpleNamespace(con=con), "one", tmp_path)  # type: ignore[arg-type]
    packed = sorted(tmp_path.iterdir())
    assert [p.name for p in packed] == ["one_estimates.csv.zip", "one_sample.csv.zip"]
    for path, number in zip(packed, ("-1", "-0.5"), strict=True):
        with zipfile.ZipFile(path) as opened:
            (name,) = opened.namelist()
            text = opened.read(name).decode("utf-8")
        _, *rows = csv.reader(io.StringIO(text, newline=""))
        cells = [cell for row in rows for cell in row]
        assert len(rows) == len(NASTY) + 2
        assert {f"'{t}" for t in NASTY} | {"plain", "-", number} <= set(cells)
        assert [c for c in cells if c in NASTY] == []


@pytest.mark.parametrize("missing", ["estimates", "sample"])
def test_what_a_study_has_not_is_not_offered(tmp_path: Path, missing: str) -> None:
    with duckdb.connect() as con:
        con.execute("create schema results; create schema studies")
        if missing != "estimates":
            con.execute("create table results.estimate as select 'one' as study")
        if missing != "sample":
            con.execute("create table studies.rpt_one__sample as select 1 as n")
        _study_files(SimpleNamespace(con=con), "one", tmp_path)  # type: ignore[arg-type]
    assert [missing in p.name for p in tmp_path.iterdir()] == [False]
