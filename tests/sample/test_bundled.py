"""The synthetic sample and real returns never meet."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.common.errors import CswError, WrongArgument
from flows.common.settings import Settings
from flows.common.synthetic import MARKER, is_synthetic
from flows.landing.land import land_returns
from flows.sample.bundled import keep_apart, sample_folder
from tests.made_up import B1_NAME, b1, put


@pytest.fixture
def real(tmp_path: Path) -> Path:
    put(tmp_path / "real", B1_NAME, b1())
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

    monkeypatch.setattr("flows.sample.write_sample", write)
    folder = sample_folder(settings)
    keep_apart(settings, folder)
    land_returns(settings, folder, workers=1)
    assert sample_folder(settings) == folder
    assert settings.archive.exists()
    (folder / ".stamp").write_text("an older generator")
    assert sample_folder(settings) == folder
    assert not settings.archive.exists()
    assert is_synthetic(settings.data)
