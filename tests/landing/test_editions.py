"""The same cells are nothing new; other cells are a revision, which ranks directly after what it revises."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from flows.common.settings import Settings
from flows.landing.catalogue import Landed, base_edition, landed_path, read_catalogue, revision_number
from flows.landing.cells import canonical
from flows.landing.land import land_returns
from flows.landing.states import in_order, mark_of
from flows.landing.under_way import LandingReport
from tests.made_up import B1_NAME, b1, put

NAME_2024 = "b1_children_in_need_2013_to_2024.csv"


def other(code: str, year: int, column: str) -> str:
    """Figures that are not those of :func:`b1`."""
    return "101" if "rate" not in column else "250.5"


def editions(settings: Settings) -> list[str]:
    return sorted(x.edition for x in read_catalogue(settings))


def land(settings: Settings, folder: Path, **files: bytes) -> LandingReport:
    for name, data in files.items():
        put(folder, name, data)
    return land_returns(settings, folder, workers=1)


def quoted(data: bytes) -> bytes:
    """A table as a spreadsheet program saves it: byte-order mark, quotes, other line ends, closing noughts gone."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in csv.reader(io.StringIO(data.decode())):
        writer.writerow([f"{c}0" if c == "250.5" else c for c in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def in_another_order(data: bytes) -> bytes:
    header, *rows = data.decode().splitlines()
    return "\n".join([header, *reversed(rows)]).encode() + b"\n"


@pytest.mark.parametrize("again", [quoted, in_another_order])
def test_the_same_cells_in_other_bytes_are_nothing_new(settings: Settings, tmp_path: Path, again) -> None:  # type: ignore[no-untyped-def]
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    put(tmp_path / "later", B1_NAME, again(b1()))
    report = land_returns(settings, tmp_path / "later", workers=1)
    assert (report.landed, report.refused) == ([], [])
    assert report.duplicates == [(B1_NAME, f"{B1_NAME} (dfe_cin 2022)")]
    assert editions(settings) == ["2022"]
    # It is not read a second time.
    assert land_returns(settings, tmp_path / "later", workers=1).unchanged == 1


def test_a_copy_beside_the_original_is_one_table_under_the_publishers_name(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", B1_NAME.replace(".csv", " - Copy.csv"), quoted(b1()))
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert [(x.edition, x.file) for x in report.landed] == [("2022", B1_NAME)]
    assert len(report.duplicates) == 1


def test_an_old_edition_amended_late_does_not_outrank_the_next_one(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", NAME_2024, b1(years=(2023, 2024)))
    land_returns(settings, tmp_path / "in", workers=1)
    put(tmp_path / "later", B1_NAME, b1(figure=other))
    land_returns(settings, tmp_path / "later", workers=1)
    ranked = sorted(read_catalogue(settings), key=lambda x: x.rank)
    assert [x.edition for x in ranked] == ["2022", "2022-r2", "2024"]
    # It was not known before it came.
    assert ranked[1].published_on > ranked[2].published_on


def test_the_original_found_after_its_revision_ranks_before_it(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME.replace(".csv", "-revised.csv"), b1(figure=other))
    land_returns(settings, tmp_path / "in", workers=1)
    put(tmp_path / "later", B1_NAME, b1())
    land_returns(settings, tmp_path / "later", workers=1)
    ranked = sorted(read_catalogue(settings), key=lambda x: x.rank)
    assert [(x.edition, x.file) for x in ranked] == [
        ("2022-r0", B1_NAME),
        ("2022", B1_NAME.replace(".csv", "-revised.csv")),
    ]


def test_revised_beside_original_is_a_revision_of_it(settings: Settings, tmp_path: Path) -> None:
    revised = B1_NAME.replace(".csv", "-amended.csv")
    put(tmp_path / "in", revised, b1(figure=other))
    put(tmp_path / "in", f"z/{B1_NAME}", b1())
    put(tmp_path / "in", f"z/again/{B1_NAME}", quoted(b1()))
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert [(x.edition, x.file) for x in report.landed] == [("2022", B1_NAME), ("2022-r2", revised)]
    assert (len(report.duplicates), report.refused) == (1, [])


def test_stated_days_order_unlike_files_whatever_they_are_called(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", f"a/{B1_NAME}", b1(figure=other))
    put(tmp_path / "in", f"b/{B1_NAME}", b1())
    manifest = f"file,published_on\na/{B1_NAME},2023-01-12\nb/{B1_NAME},2022-10-27\n"
    put(tmp_path / "in", "MANIFEST.csv", manifest.encode())
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert [(x.edition, x.published_on, x.published_basis) for x in report.landed] == [
        ("2022", "2022-10-27", "stated"),
        ("2022-r2", "2023-01-12", "stated"),
    ]


def test_unlike_files_of_which_nothing_tells_are_both_refused_by_name(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", f"a/{B1_NAME}", b1(figure=other))
    put(tmp_path / "in", f"b/{B1_NAME}", b1())
    put(tmp_path / "in", NAME_2024, b1(years=(2023, 2024)))
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert editions(settings) == ["2024"]
    assert [r.file for r in report.refused] == [f"a/{B1_NAME}", f"b/{B1_NAME}"]
    assert f"this and b/{B1_NAME} are unlike files for one place" in str(report.refused[0])
    assert "dfe_cin b1_children_in_need edition 2022" in str(report.refused[0])


def test_a_revision_stays_one_when_the_archive_is_read_again(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    put(tmp_path / "in", B1_NAME, b1(figure=other))
    land_returns(settings, tmp_path / "in", workers=1)
    before = {(x.edition, x.sha256, x.published_on, x.landed_sha256) for x in read_catalogue(settings)}
    (settings.landing / "ledger.json").unlink()
    # Only the revision is delivered now; the original is read from the archive.
    land_returns(settings, tmp_path / "in", workers=1)
    assert {(x.edition, x.sha256, x.published_on, x.landed_sha256) for x in read_catalogue(settings)} == before
    text = landed_path(settings, "dfe_cin", "b1_children_in_need", "2022-r2").read_text()
    assert ",2022-r2," in text
    assert ",101," in text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("250.50", "250.5"),
        ("1,234", "1234"),
        ("-1,234.0", "-1234"),
        (" a  b ", "a b"),
        ("12,34", "12,34"),
        ("007", "007"),
    ],
)
def test_equal_numbers_are_equal_cells(text: str, same: str) -> None:
    assert canonical(text) == same


def test_marks_of_publishers() -> None:
    names = ["SFR52_2016.xlsx", "SFR52_2016_revised.xlsx", "SFR52_2016_v3.xlsx", "osr28-2010udv4.csv", "reviewed.csv"]
    assert [mark_of(n) for n in names] == [1, 2, 3, 1, 1]
    assert in_order([("a_revised.csv", ""), ("a.csv", "")]) == [1, 0]
    assert in_order([("a.csv", "2024-01-02"), ("b_revised.csv", "2023-01-02")]) == [1, 0]
    assert in_order([("a.csv", ""), ("b.csv", "2023-01-02")]) is None


def test_names_of_states() -> None:
    assert [base_edition(e) for e in ("2022", "2022-r2", "2015-cla", "2013-14-r12")] == [
        *("2022", "2022", "2015-cla", "2013-14")
    ]
    assert [revision_number(e) for e in ("2022", "2022-r2", "2022-r0", "2015-cla")] == [1, 2, 0, 1]


def test_the_real_edition_saved_again_is_nothing_new(settings: Settings, real_cases: Path) -> None:
    report = land_returns(settings, real_cases / "resaved_old_edition", workers=1)
    assert sorted(x.edition for x in report.landed) == ["2022", "2024"]
    assert len(report.duplicates) == 1


def test_the_real_revision_ranks_after_its_original(settings: Settings, real_cases: Path) -> None:
    land_returns(settings, real_cases / "revised_beside_original", workers=1)
    newest: Landed = max(read_catalogue(settings), key=lambda x: x.rank)
    assert (newest.edition, newest.file) == ("2024-r2", "b1_children_in_need_2013_to_2024-revised.csv")


@pytest.fixture
def real_cases(real_returns: Path) -> Path:
    """Small inputs made of real publications, beside the real returns."""
    folder = real_returns.parent / "cases"
    if not folder.is_dir():
        pytest.skip(f"the inputs that fail are not here ({folder})")
    return folder
