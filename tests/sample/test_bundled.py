"""The synthetic sample and real returns never meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.common.errors import CswError
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
