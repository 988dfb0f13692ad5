"""The record of the checks, as pages beside the site."""

from __future__ import annotations

from pathlib import Path

from flows.common.output_folder import OutputFolder
from flows.common.settings import Settings


def data_docs_folder(settings: Settings) -> OutputFolder:
    """The folder of the record; Great Expectations writes it."""
    return OutputFolder(settings.report / "data_docs", "the record of the checks", _of_an_earlier_version)


def _of_an_earlier_version(folder: Path) -> dict[str, list[str]]:
    """What Great Expectations wrote before a list was kept: its pages, and what they show."""
    if not (folder / "static" / "styles" / "data_docs_default_styles.css").is_file():
        return {}
    places = ("index.html", "expectations/**/*.html", "validations/**/*.html", "static/**/*")
    return {"": [p.relative_to(folder).as_posix() for place in places for p in folder.glob(place) if p.is_file()]}
