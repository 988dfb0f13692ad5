"""What the name of a file adds: an id, a number, a day of publication; and what people add by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli.app import app
from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.documents.archived import ReportRecogniser, open_reports, read_archived
from flows.documents.authority import load_authorities
from flows.documents.naming import day_of, number_of, report_id
from flows.documents.placements import place_report, placements_path, read_placements
from flows.landing.land import land_folders
from tests.documents.printed import Sheet, ilacs_cover, prose
from tests.documents.test_reading_stage import rows


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("80418_norfolk_children-s-services-inspection-13-january-2023.pdf", date(2023, 1, 13)),
        ("80418_norfolk/children's services inspection - 13 january 2023.pdf", date(2023, 1, 13)),
        ("ILACS 3rd Feb 2025.pdf", date(2025, 2, 3)),
        ("kent_2024-10-29.pdf", date(2024, 10, 29)),
        ("Kent 29.10.2024.pdf", date(2024, 10, 29)),
        ("inspection 7 November 2022, published 13 January 2023.pdf", date(2023, 1, 13)),
        ("Kent%20ILACS%204%20August%202025.pdf", date(2025, 8, 4)),
        ("Kent_ILACS_20250804.pdf", date(2025, 8, 4)),
        ("Kent August 4, 2025.pdf", date(2025, 8, 4)),
        ("kent_20251340.pdf", None),
        ("50276411.pdf", None),
        ("Shropshire ILACS report 2025.pdf", None),
        ("report 31 february 2024.pdf", None),
    ],
)
def test_the_day_in_a_name(name: str, day: date | None) -> None:
    assert day_of(name) == day


def test_the_number_at_the_beginning_of_a_name_or_of_a_folder() -> None:
    authorities = load_authorities(Settings().seeds)
    assert number_of("80418_norfolk_report.pdf", authorities) == 80418
    assert number_of("reports/80418_norfolk/a report.pdf", authorities) == 80418
    assert number_of("2733690_cumberland/a.pdf", authorities) == 2733690
    assert number_of("50276411.pdf", authorities) is None
    assert number_of("99999_nowhere.pdf", authorities) is None


def test_ids_are_those_of_the_list_or_carry_the_hash() -> None:
    assert report_id("80418_norfolk_report.pdf", "ab" * 32) == "80418_norfolk_report"
    assert report_id("80418_Norfolk_Report.PDF", "ab" * 32) == "80418_Norfolk_Report"
    first = report_id("children's services inspection - 16 may 2024.pdf", "0123456789abcdef")
    assert first == "children-s-services-inspection-16-may-2024-01234567"
    assert report_id("…pdf", "0123456789abcdef") == "pdf-01234567"


def report(name: str | None = "Kent County Council", first: str = "7 October 2019") -> bytes:
    sheet = ilacs_cover(Sheet(), name=name, dates=f"Inspection dates: {first} to 18 October 2019").page()
    sheet.heading("What needs to improve").item("\u25fc", "The waiting.")
    return prose(sheet.heading("The impact of leaders on social work practice: good"), 25).page().pdf()


def land(settings: Settings, folder: Path) -> dict[str, dict[str, str]]:
    landing = land_folders(settings, [folder], workers=1, documents=ReportRecogniser(settings, workers=0))
    assert landing.refused == []
    read_archived(settings, workers=0)
    return {row["delivered_as"]: row for row in rows(settings, "report")}


def test_reports_under_any_name_are_read_placed_and_dated(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "returns"
    for name, data in {
        "50276411.pdf": report(),
        "80418_norfolk/children's services inspection - 13 january 2020.pdf": report(None, "8 October 2019"),
        "80567_surrey/children's services inspection - 13 january 2020.pdf": report(None, "9 October 2019"),
        "before.pdf": report("Surrey", "10 October 2019"),
        "a cake.pdf": prose(Sheet().heading("How to bake a cake"), 20).page().pdf(),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    found = land(settings, folder)
    placed = {name: (row["la_code"], row["la_basis"], row["file_name_date"]) for name, row in found.items()}
    assert placed == {
        "50276411.pdf": ("886", "title", "\\N"),
        "80418_norfolk/children's services inspection - 13 january 2020.pdf": ("926", "number", "2020-01-13"),
        "80567_surrey/children's services inspection - 13 january 2020.pdf": ("936", "number", "2020-01-13"),
        "before.pdf": ("936", "title", "\\N"),
    }
    assert len({row["report_id"] for row in found.values()}) == len(found)


def test_a_day_in_a_name_that_is_not_after_the_inspection_is_not_its_publication(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "returns"
    folder.mkdir()
    (folder / "Kent, inspected 7 October 2019.pdf").write_bytes(report())
    (row,) = land(settings, folder).values()
    assert row["file_name_date"] == "\\N"


def test_a_copy_that_was_not_recognised_is_looked_at_again_under_another_name_or_other_rules(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "returns"
    folder.mkdir()
    (folder / "a cake.pdf").write_bytes(prose(Sheet().heading("How to bake a cake"), 20).page().pdf())

    class Recogniser(ReportRecogniser):
        asked = 0

        def __call__(self, paths):  # type: ignore[no-untyped-def]
            Recogniser.asked += len(paths)
            return super().__call__(paths)

    recogniser = Recogniser(settings, workers=0)
    for name, digest, asked in (
        ("a cake.pdf", "1", 1),
        ("a cake.pdf", "1", 1),
        ("a cake.pdf", "2", 2),
        ("an apple cake.pdf", "2", 3),
    ):
        next(folder.iterdir()).rename(folder / name)
        recogniser.digest = digest
        landing = land_folders(settings, [folder], workers=1, documents=recogniser)
        assert landing.unrecognised == [name]
        assert Recogniser.asked == asked


def test_people_place_a_report_by_hand_and_it_stays_placed(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "returns"
    folder.mkdir()
    (folder / "a report.pdf").write_bytes(report("Nowhere Council"))
    (row,) = land(settings, folder).values()
    assert (row["la_code"], row["placed_publication_date"]) == ("\\N", "\\N")
    assert "no known authority" in row["la_reason"]

    assert place_report(settings, "a report.pdf", "Kent").la_code == "886"
    place_report(settings, row["sha256"][:12], published_on=date(2020, 1, 13))
    (row,) = land(settings, folder).values()
    assert (row["la_code"], row["la_basis"]) == ("886", "placed by hand")
    assert row["placed_publication_date"] == "2020-01-13"
    place_report(settings, str(folder / "a report.pdf"), "926")
    assert land(settings, folder)["a report.pdf"]["la_code"] == "926"
    assert len(read_placements(settings)) == 1
    assert len(placements_path(settings).read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("file", "authority", "words"),
    [
        ("another.pdf", "Kent", r"no archived report is called another\.pdf"),
        ("a report.pdf", "Nowhere", "names no authority"),
        ("a report.pdf", "Kent and Medway", "names more than one"),
        ("a report.pdf", "", "say whose report it is"),
    ],
)
def test_a_placement_that_cannot_be(settings: Settings, tmp_path: Path, file: str, authority: str, words: str) -> None:
    folder = tmp_path / "returns"
    folder.mkdir()
    (folder / "a report.pdf").write_bytes(report("Nowhere Council"))
    land(settings, folder)
    with pytest.raises(CswError, match=words):
        place_report(settings, file, authority)


def test_two_files_of_one_name_are_told_apart_by_their_hash(settings: Settings, tmp_path: Path) -> None:
    for folder, first in (("a", "7 October 2019"), ("b", "8 October 2019")):
        (tmp_path / "returns" / folder).mkdir(parents=True)
        (tmp_path / "returns" / folder / "report.pdf").write_bytes(report("Nowhere", first))
    land(settings, tmp_path / "returns")
    with pytest.raises(CswError, match=r"2 archived reports are called report\.pdf"):
        place_report(settings, "report.pdf", "Kent")


def test_a_damaged_file_of_placements_is_told_by_row_and_column(settings: Settings) -> None:
    path = placements_path(settings)
    path.parent.mkdir(parents=True)
    path.write_text("sha256,file,la_code,published_on,placed_at\nx,a.pdf,999,,\n")
    with pytest.raises(CswError, match="row 2, column la_code: '999'"):
        read_placements(settings)
    path.write_text("sha256,file,la_code,published_on,placed_at\nx,a.pdf,886,29/10/2024,\n")
    with pytest.raises(CswError, match="row 2, column published_on"):
        read_placements(settings)
    path.write_text("sha256,file\n")
    with pytest.raises(CswError, match="la_code"):
        read_placements(settings)


def test_what_people_have_to_look_at_is_listed(settings: Settings, tmp_path: Path) -> None:
    assert open_reports(settings) == []
    folder = tmp_path / "returns"
    folder.mkdir()
    (folder / "a report.pdf").write_bytes(report("Nowhere Council"))
    (folder / "80418_norfolk_page.pdf").write_bytes(b"<html></html>")
    (folder / "Kent, 13 january 2020.pdf").write_bytes(report())
    land(settings, folder)
    assert {file: why.split(":")[0] for file, _, why in open_reports(settings)} == {
        "80418_norfolk_page.pdf": "refused, html_instead_of_pdf",
        "a report.pdf": "of no known authority",
    }
    place_report(settings, "a report.pdf", "Kent")
    land(settings, folder)
    whys = {file: why for file, _, why in open_reports(settings)}
    assert whys["a report.pdf"].startswith("no day of publication")


def test_the_command_places_a_report(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "returns"
    folder.mkdir()
    (folder / "a report.pdf").write_bytes(report("Nowhere Council"))
    land(settings, folder)
    monkeypatch.setenv("CSW_DATA", str(settings.data))
    runner = CliRunner()
    assert "of no known authority" in runner.invoke(app, ["reports", "open"]).output
    done = runner.invoke(app, ["reports", "place", "a report.pdf", "Kent", "--published", "2020-01-13"])
    assert (done.exit_code, done.output.split(".pdf")[1]) == (
        0,
        ": authority 886, published on 2020-01-13. Run `csw run` to take it up.\n",
    )
    land(settings, folder)
    assert "placed and dated" in runner.invoke(app, ["reports", "open"]).output
