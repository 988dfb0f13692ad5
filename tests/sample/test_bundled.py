"""The synthetic sample and real returns never meet."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from flows.common.errors import CswError, WrongArgument
from flows.common.lock import writer
from flows.common.output_folder import OutputFolder
from flows.common.settings import Settings
from flows.common.synthetic import MARKER, is_synthetic
from flows.landing.land import land_returns
from flows.sample.bundled import keep_apart, mark_again, sample_folder
from flows.sample.sample import _clear
from tests.made_up import B1_NAME, b1, put


@pytest.fixture
def real(tmp_path: Path) -> Path:
    put(tmp_path / "real", B1_NAME, b1(figure=lambda code, year, column: "5"))
    return tmp_path / "real"


@pytest.fixture
def synthetic(tmp_path: Path) -> Path:
    put(tmp_path / "synthetic", B1_NAME, b1())
    put(tmp_path / "synthetic", MARKER, b"")
    return tmp_path / "synthetic"


def test_the_sample_is_not_put_beside_real_returns(settings: Settings, real: Path, synthetic: Path) -> None:
    assert keep_apart(settings, real) is None
    land_returns(settings, real, workers=1)
    with pytest.raises(CswError, match="holds real returns"):
        keep_apart(settings, synthetic)
    assert list(settings.archive.rglob(B1_NAME))


def test_real_returns_replace_the_sample(settings: Settings, real: Path, synthetic: Path) -> None:
    keep_apart(settings, synthetic)
    landed = land_returns(settings, synthetic, workers=1).landed
    assert landed[0].url == f"synthetic:{B1_NAME}"
    assert is_synthetic(settings.data)
    said = keep_apart(settings, real)
    assert said is not None
    assert not is_synthetic(settings.data)
    assert not settings.archive.exists()
    assert [x.edition for x in land_returns(settings, real, workers=1).landed] == ["2022"]


def test_a_mistyped_path_costs_nothing(settings: Settings, synthetic: Path, tmp_path: Path) -> None:
    keep_apart(settings, synthetic)
    land_returns(settings, synthetic, workers=1)
    put(settings.coding / "ann", "v001.csv", b"report_id")
    before = sorted(p for p in settings.data.rglob("*") if p.is_file())
    (tmp_path / "empty").mkdir()
    put(tmp_path / "letters", "letter.txt", b"dear")
    for folder, says in (("nowhere", "is not a folder"), ("empty", "no files"), ("letters", "no file that a passport")):
        with pytest.raises(WrongArgument, match=says):
            keep_apart(settings, tmp_path / folder)
    assert sorted(p for p in settings.data.rglob("*") if p.is_file()) == before
    assert is_synthetic(settings.data)


def test_peoples_codings_are_never_removed(settings: Settings, real: Path, synthetic: Path) -> None:
    keep_apart(settings, synthetic)
    land_returns(settings, synthetic, workers=1)
    put(settings.coding / "ann", "v001.csv", b"report_id")
    said = keep_apart(settings, real)
    assert said is not None
    assert "coding-of-the-sample" in said
    # Kept, and not taken for codings of real reports.
    assert not settings.coding.exists()
    assert (settings.data / "coding-of-the-sample" / "ann" / "v001.csv").read_bytes() == b"report_id"


@pytest.mark.parametrize("lost", ["landing", "marker", "both"])
def test_what_the_archive_holds_decides_whatever_else_was_lost(
    settings: Settings, real: Path, synthetic: Path, lost: str
) -> None:
    """As after a kill before anything was landed, or where somebody made room."""
    keep_apart(settings, real)
    land_returns(settings, real, workers=1)
    archived = list(settings.archive.rglob(B1_NAME))
    if lost != "marker":
        shutil.rmtree(settings.landing)
    if lost != "landing":
        (settings.data / MARKER).write_bytes(b"left by a run that was refused")
    with pytest.raises(CswError, match="holds real returns"):
        keep_apart(settings, synthetic)
    with pytest.raises(CswError, match="holds real returns"):
        sample_folder(settings)
    # And the next real delivery removes nothing.
    assert keep_apart(settings, real) is None
    assert [p for p in archived if p.exists()] == archived
    assert not is_synthetic(settings.data)


def test_an_archive_that_cannot_be_told_is_not_emptied(settings: Settings, real: Path, synthetic: Path) -> None:
    keep_apart(settings, real)
    land_returns(settings, real, workers=1)
    proof = next(settings.archive.rglob("provenance.json"))
    proof.write_text("{")
    (settings.data / MARKER).write_bytes(b"")
    with pytest.raises(CswError, match="holds real returns"):
        keep_apart(settings, synthetic)
    keep_apart(settings, real)
    assert proof.exists()


def test_a_mixed_archive_takes_nothing_more(settings: Settings, real: Path, synthetic: Path) -> None:
    keep_apart(settings, synthetic)
    land_returns(settings, synthetic, workers=1)
    put(real, B1_NAME, b1(figure=lambda code, year, column: "7"))
    land_returns(settings, real, workers=1)
    with pytest.raises(CswError, match="both real and synthetic"):
        keep_apart(settings, real)
    assert len(list(settings.archive.rglob(B1_NAME))) == 2


def test_the_sample_is_not_written_over_somebodys_folder(settings: Settings) -> None:
    put(settings.data / "sample", "mine.csv", b"x")
    with pytest.raises(CswError, match="holds files that are not the sample"):
        sample_folder(settings)
    assert (settings.data / "sample" / "mine.csv").exists()


def test_another_sample_is_no_later_edition_of_the_one_before(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(folder: Path) -> None:
        put(folder, B1_NAME, b1())
        put(folder, MARKER, b"")

    monkeypatch.setattr("flows.sample.sample.write_sample", write)
    folder = sample_folder(settings)
    keep_apart(settings, folder)
    land_returns(settings, folder, workers=1)
    assert sample_folder(settings) == folder
    assert settings.archive.exists()
    (folder / ".stamp").write_text("an older generator")
    assert sample_folder(settings) == folder
    assert not settings.archive.exists()
    assert is_synthetic(settings.data)


@pytest.mark.parametrize(
    "part", ["archive", "archive/dfe_cin", "landing", "warehouse", "export", "report", "analyses/x", "coding", "."]
)
@pytest.mark.parametrize("held", ["synthetic", "real"])
def test_what_is_kept_is_no_delivery(settings: Settings, request: pytest.FixtureRequest, part: str, held: str) -> None:
    folder: Path = request.getfixturevalue(held)
    keep_apart(settings, folder)
    land_returns(settings, folder, workers=1)
    put(settings.data / part, B1_NAME, b1(figure=lambda code, year, column: "6"))
    before = sorted(p for p in settings.data.rglob("*") if p.is_file())
    with pytest.raises(WrongArgument, match=r"holds the data folder|holds what csw keeps"):
        keep_apart(settings, settings.data / part)
    assert sorted(p for p in settings.data.rglob("*") if p.is_file()) == before


def test_a_folder_around_the_data_folder_is_no_delivery(settings: Settings, real: Path) -> None:
    keep_apart(settings, real)
    with pytest.raises(WrongArgument, match="holds the data folder"):
        keep_apart(Settings(data=real / "data"), real)


def test_real_returns_may_lie_in_the_inbox_of_a_sample(settings: Settings, real: Path, synthetic: Path) -> None:
    with writer(settings.data):  # as every command that lands
        keep_apart(settings, synthetic)
    land_returns(settings, synthetic, workers=1)
    real.rename(settings.inbox)
    keep_apart(settings, settings.inbox)
    assert land_returns(settings, settings.inbox, workers=1).landed[0].url.startswith("https:")
    assert not is_synthetic(settings.data)


@pytest.mark.parametrize("held", ["synthetic", "real"])
def test_a_backup_is_what_its_archive_is(settings: Settings, request: pytest.FixtureRequest, held: str) -> None:
    folder: Path = request.getfixturevalue(held)
    keep_apart(settings, folder)
    land_returns(settings, folder, workers=1)
    for marked in (False, True):
        (settings.data / MARKER).unlink(missing_ok=True)
        if marked:
            (settings.data / MARKER).touch()
        mark_again(settings)
        assert is_synthetic(settings.data) == (held == "synthetic")


def test_a_part_of_the_sample_is_of_the_sample(settings: Settings, tmp_path: Path) -> None:
    put(tmp_path / "synthetic" / "dfe_cin", B1_NAME, b1())
    put(tmp_path / "synthetic", MARKER, b"")
    part = tmp_path / "synthetic" / "dfe_cin"
    keep_apart(settings, part)
    assert is_synthetic(settings.data)
    assert land_returns(settings, part, workers=1).landed[0].url == f"synthetic:{B1_NAME}"


@pytest.mark.parametrize(
    ("held", "how"),
    [
        *((held, how) for held in ("synthetic", "real", "") for how in ("beside", "its list")),
        # Only where the sample is can its bytes be known, without a mark.
        *(("synthetic", how) for how in ("its bytes", "its bytes in a zip", "zip")),
        ("", "zip"),
    ],
)
def test_files_of_the_sample_are_not_taken_for_real(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path, synthetic: Path, how: str, held: str
) -> None:
    if held:
        folder: Path = request.getfixturevalue(held)
        keep_apart(settings, folder)
        land_returns(settings, folder, workers=1)
    given = tmp_path / "given"
    put(given, "a.csv", b"x")
    match how:
        case "beside":
            shutil.copytree(synthetic, given / "sample")
        case "its list":
            shutil.copy(synthetic / B1_NAME, given)
            put(given, "MANIFEST.csv", f"file,copy_of\n{B1_NAME},synthetic:seed-1/{B1_NAME}\n".encode())
        case "its bytes":
            shutil.copy(synthetic / B1_NAME, given / "b1_children_in_need_2013_to_2022 (1).csv")
        case "its bytes in a zip":
            with zipfile.ZipFile(given / "download.zip", "w") as packed:
                packed.write(synthetic / B1_NAME, "table.csv")
        case _:
            shutil.make_archive(str(given / "download"), "zip", synthetic)
            if held == "":
                # Nothing here knows the bytes; the mark that lies in the zip is known.
                assert "holds the synthetic sample" in str(land_returns(settings, given, workers=1).refused[0])
                return
    before = sorted(p for p in settings.data.rglob("*") if p.is_file())
    with pytest.raises(WrongArgument, match="files of the synthetic sample"):
        keep_apart(settings, given)
    assert sorted(p for p in settings.data.rglob("*") if p.is_file()) == before


def test_making_way_for_real_returns_removes_only_what_csw_wrote(
    settings: Settings, real: Path, synthetic: Path, tmp_path: Path
) -> None:
    """Folders on another disk, and files that people put beside exports and site."""
    for name in ("archive", "landing", "export"):
        (tmp_path / "disk" / name).mkdir(parents=True)
        settings.data.mkdir(exist_ok=True)
        (settings.data / name).symlink_to(tmp_path / "disk" / name)
    keep_apart(settings, synthetic)
    land_returns(settings, synthetic, workers=1)
    for name in ("export", "report", "report/data_docs"):
        with OutputFolder(settings.data / name, f"kind {name}").replacing() as made:
            (made / "ours.html").write_text("x")
        (settings.data / name / "notes.txt").write_text("mine")
    (settings.report / "data_docs" / "notes.txt").unlink()
    assert keep_apart(settings, real) is not None
    assert not list((tmp_path / "disk" / "archive").iterdir())
    assert not list((tmp_path / "disk" / "landing").iterdir())
    left = sorted(p.relative_to(settings.data).as_posix() for p in settings.report.rglob("*"))
    assert left == ["report/notes.txt"]
    assert [p.name for p in (tmp_path / "disk" / "export").iterdir()] == ["notes.txt"]
    land_returns(settings, real, workers=1)
    assert keep_apart(settings, real) is None
    assert not is_synthetic(settings.data)


def test_a_sample_is_made_anew_around_what_people_put_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["one.csv", "two.csv"])

    def write(folder: Path) -> None:
        name = next(names)
        if folder.exists():
            _clear(folder)
        put(folder, name, b"x")
        put(folder, MARKER, b"")
        put(folder, "MANIFEST.csv", f"file\n{name}\n../outside.txt\n".encode())

    monkeypatch.setattr("flows.sample.sample.write_sample", write)
    folder = sample_folder(settings)
    put(folder, "notes.txt", b"mine")
    put(settings.data, "outside.txt", b"mine")
    (folder / ".stamp").write_text("an older generator")
    sample_folder(settings)
    assert sorted(p.name for p in folder.iterdir()) == [".stamp", MARKER, "MANIFEST.csv", "notes.txt", "two.csv"]
    assert (settings.data / "outside.txt").exists()
