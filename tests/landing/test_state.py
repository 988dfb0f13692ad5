"""Everything in the landing folder can be made again from the archive; what cannot is said in a line."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from flows.common.errors import CswError
from flows.common.files import sha256_of
from flows.common.settings import Settings
from flows.landing.archive import Archive
from flows.landing.catalogue import landed_path, read_catalogue
from flows.landing.land import land_folders, land_returns
from flows.landing.verify import verify_files
from tests.made_up import B1_NAME, b1, put

KEY = ("dfe_cin", "b1_children_in_need", "2022")


@pytest.fixture
def landed(settings: Settings, tmp_path: Path) -> Path:
    """One landed table; its landed file."""
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    return landed_path(settings, *KEY)


def archived(settings: Settings) -> Path:
    return Archive(settings.archive).all()[0][0]


def flip(path: Path) -> None:
    """Change a figure, as a disk does."""
    data = path.read_bytes().replace(b"250.5", b"250.6", 1)
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("harm", ["flip", "delete", "cut"])
def test_a_damaged_landed_table_is_landed_again_from_the_archive(settings: Settings, landed: Path, harm: str) -> None:
    good = landed.read_bytes()
    if harm == "flip":
        flip(landed)
    elif harm == "delete":
        landed.unlink()
    else:
        landed.write_bytes(good[:200])
    assert [d for d in verify_files(settings).damaged if "2022.csv" in d]
    report = land_folders(settings, [])
    assert landed.read_bytes() == good
    assert (report.landed, report.refused) == ([], [])
    assert "landed again from the archive" in report.notes[0]
    assert verify_files(settings).ok


def test_what_another_program_put_into_the_archive_is_named_and_let_be(settings: Settings, landed: Path) -> None:
    """A copy that a service of synchronising made, and a backup that was put back one folder too deep."""
    place = archived(settings).parent
    strange = [place.with_name(f"{place.name} (1)"), settings.archive / "archive" / "dfe_cin" / "2022"]
    for folder in strange:
        shutil.copytree(place, folder)
    notes = " ".join(land_folders(settings, []).notes)
    verified = verify_files(settings)
    for folder in strange:
        name = folder.relative_to(settings.data).as_posix()
        assert f"{name} is not of the archive" in notes
        assert f"{name}: not of the archive, and read by nobody" in verified.text()
        assert (folder / "provenance.json").exists()
    assert verified.ok


def of_another_version(settings: Settings) -> None:
    """Let the next landing read all of the archive again, as after an update."""
    path = settings.landing / "ledger.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": "another"}))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EMFILE])
def test_a_full_disk_is_no_fault_of_the_files_and_takes_nothing_from_landing(
    settings: Settings, landed: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    good, lists = landed.read_bytes(), read_catalogue(settings)
    of_another_version(settings)
    real = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if ".incoming" in path.parts:
            raise OSError(number, os.strerror(number))
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=os.strerror(number)) as said:
        land_folders(settings, [], workers=1)
    assert ".incoming" in str(said.value.filename)
    monkeypatch.undo()
    assert (landed.read_bytes(), read_catalogue(settings)) == (good, lists)
    assert land_folders(settings, [], workers=1).refused == []
    assert landed.read_bytes() == good


def test_what_could_not_be_read_again_is_tried_the_next_time(
    settings: Settings, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where memory ran out: otherwise it would be missing until the next change of code."""
    good = landed.read_bytes()
    of_another_version(settings)

    def too_much(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("flows.landing.workers.land", too_much)
    for _ in range(2):
        assert "more memory" in str(land_folders(settings, [], workers=1).refused[0])
        assert read_catalogue(settings) == []
    monkeypatch.undo()
    assert [e.key for e in land_folders(settings, []).landed] == [KEY]
    assert landed.read_bytes() == good
    assert land_folders(settings, []).landed == []


def test_a_flipped_digit_in_the_archive_is_not_landed_under_the_old_hash(settings: Settings, landed: Path) -> None:
    flip(archived(settings))
    (settings.landing / "ledger.json").unlink()
    report = land_folders(settings, [])
    assert read_catalogue(settings) == []
    assert f"Deliver {B1_NAME} again" in str(report.refused[0])
    assert verify_files(settings).deliver[0].startswith(B1_NAME)


def test_good_bytes_replace_damaged_ones(settings: Settings, landed: Path, tmp_path: Path) -> None:
    flip(archived(settings))
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert archived(settings).read_bytes() == b1()
    assert "is damaged" not in "".join(map(str, report.refused))
    assert any("replaced by" in n for n in report.notes)
    assert verify_files(settings).ok


def test_an_archived_file_that_is_gone_is_asked_for_by_name(settings: Settings, landed: Path, tmp_path: Path) -> None:
    archived(settings).unlink()
    said = land_folders(settings, [])
    assert f"Deliver {B1_NAME} again" in str(said.refused[0])
    # What was landed from it is whole, and stays.
    assert [x.key for x in read_catalogue(settings)] == [KEY]
    assert land_returns(settings, tmp_path / "in", workers=1).refused == []
    assert archived(settings).read_bytes() == b1()


@pytest.mark.parametrize(
    "said", [b"", b"{", b"[1, 2]", b'{"digest": 3}', b'{"files": [], "digest": "x"}', b"\xff\xfe", b"[" * 200_000]
)
def test_an_odd_ledger_is_made_anew(settings: Settings, landed: Path, said: bytes) -> None:
    before = read_catalogue(settings)
    (settings.landing / "ledger.json").write_bytes(said)
    report = land_folders(settings, [])
    assert "ledger.json cannot be read" in report.notes[0]
    assert read_catalogue(settings) == before


@pytest.mark.parametrize("keep", [0, 40, 0.5, 0.9])
@pytest.mark.parametrize("name", ["catalogue.csv", "columns.csv", "units.csv"])
def test_lists_that_are_cut_off_are_made_anew(settings: Settings, landed: Path, name: str, keep: float) -> None:
    path = settings.landing / name
    good = path.read_bytes()
    path.write_bytes(good[: int(keep if keep > 1 else len(good) * keep)])
    report = land_folders(settings, [])
    assert "made anew from the archive" in report.notes[0]
    assert path.read_bytes() == good


def test_a_reader_is_told_of_a_catalogue_that_is_not_whole(settings: Settings, landed: Path) -> None:
    path = settings.landing / "catalogue.csv"
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(CswError, match=r"is not whole\. The next run"):
        read_catalogue(settings)


@pytest.mark.parametrize("said", [None, b"", b"{", b"[]", b'{"sha256": 3}', b'{"source": "dfe_cin"}', b"[" * 200_000])
def test_lost_provenance_is_written_again(settings: Settings, landed: Path, said: bytes | None) -> None:
    proof = archived(settings).parent / "provenance.json"
    before = json.loads(proof.read_bytes())
    if said is None:
        proof.unlink()
    else:
        proof.write_bytes(said)
    assert not verify_files(settings).ok
    report = land_folders(settings, [])
    assert "its provenance was lost" in report.notes[0]
    after = json.loads(proof.read_bytes())
    kept = ("source", "edition", "file", "sha256", "content_sha256", "bytes", "published_on")
    assert [after[k] for k in kept] == [before[k] for k in kept]
    assert verify_files(settings).ok


def test_the_landing_folder_is_made_again_from_the_archive(settings: Settings, landed: Path) -> None:
    import shutil

    good = landed.read_bytes()
    shutil.rmtree(settings.landing)
    land_folders(settings, [])
    assert landed.read_bytes() == good


def test_a_table_no_list_names_is_cleared_away(settings: Settings, landed: Path) -> None:
    stray = landed.with_name("2019.csv")
    stray.write_bytes(landed.read_bytes())
    land_folders(settings, [])
    assert not stray.exists()
    assert landed.exists()


def test_other_seeds_or_code_read_the_archive_again(settings: Settings, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "project"
    for part in ("flows/sources", "dbt_project/seeds"):
        shutil.copytree(settings.root / part, root / part)
    mine = Settings(root=root, data=settings.data)
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(mine, tmp_path / "in", workers=1)
    assert land_folders(mine, []).landed == []
    seed = root / "dbt_project" / "seeds" / "measure_source.csv"
    text = seed.read_text()
    # A misspelt column is met although no file is new.
    seed.write_text(re.sub("(?m)^(dfe_cin,b1_children_in_need,[^,]*,[^,]*,)", r"\1X", text, count=1))
    assert seed.read_text() != text
    report = land_folders(mine, [])
    assert "this mapped column is missing" in str(report.refused[0])
    seed.write_text(text)
    assert [x.key for x in land_folders(mine, []).landed] == [KEY]


# --- what a folder's own list says -----------------------------------------------------------------------------------


def day(settings: Settings) -> tuple[str, str]:
    entry = read_catalogue(settings)[0]
    proof = Archive(settings.archive).all()[0][1]
    assert (proof.published_on, proof.published_basis) == (entry.published_on, entry.published_basis)
    return entry.published_on, entry.published_basis


@pytest.mark.parametrize("wrong", ["29/10/2024", "2024-13-01", "2022-02-30", "9999-01-01", "0201-01-01", "soon"])
def test_a_wrong_day_in_the_list_is_refused_by_row_and_corrected_there(
    settings: Settings, tmp_path: Path, wrong: str
) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", "MANIFEST.csv", f"file,published_on\nother.csv,\n{B1_NAME},{wrong}\n".encode())
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert read_catalogue(settings) == []
    assert str(report.refused[0]).startswith("MANIFEST.csv, row 3, column 'published_on': ")
    put(tmp_path / "in", "MANIFEST.csv", f"file,published_on\n{B1_NAME},2022-10-28\n".encode())
    assert land_returns(settings, tmp_path / "in", workers=1).refused == []
    assert day(settings) == ("2022-10-28", "stated")
    # Also of a file that is landed already, and for good.
    put(tmp_path / "in", "MANIFEST.csv", f"file,published_on\n{B1_NAME},2022-10-31\n".encode())
    assert "published on 2022-10-31, not 2022-10-28" in land_returns(settings, tmp_path / "in", workers=1).notes[0]
    assert day(settings) == ("2022-10-31", "stated")
    (settings.landing / "ledger.json").unlink()
    land_folders(settings, [])
    assert day(settings) == ("2022-10-31", "stated")


def test_a_wrong_day_that_an_earlier_version_kept_is_not_taken(settings: Settings, landed: Path) -> None:
    proof = archived(settings).parent / "provenance.json"
    said = json.loads(proof.read_bytes())
    proof.write_text(json.dumps({**said, "published_on": "29/10/2024", "published_basis": "stated"}))
    (settings.landing / "ledger.json").unlink()
    land_folders(settings, [])
    assert day(settings) == ("2022-10-27", "usual")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("file,note\na.csv,caf\xe9\n".encode("cp1252"), "row 2: byte 0xE9 is not UTF-8"),
        (b"name,sha256\na.csv,1\n", "no column 'file'"),
        (b'file\n"a.csv', "not a whole csv"),
        (None, "this is a folder"),
    ],
)
def test_a_list_that_cannot_be_read_is_said_and_the_files_are_taken(
    settings: Settings, tmp_path: Path, data: bytes | None, says: str
) -> None:
    put(tmp_path / "in", B1_NAME, b1())
    if data is None:
        (tmp_path / "in" / "MANIFEST.csv").mkdir()
    else:
        put(tmp_path / "in", "MANIFEST.csv", data)
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert [x.key for x in report.landed] == [KEY]
    assert says in str(report.refused[0])


def test_the_list_of_a_folder_within_is_read_too(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", f"part/{B1_NAME}", b1())
    put(tmp_path / "in", "part/MANIFEST.csv", f"file,sha256\n{B1_NAME},{sha256_of(b'other')}\n".encode())
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert "not those that MANIFEST.csv records" in str(report.refused[0])
