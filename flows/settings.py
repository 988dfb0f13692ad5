"""Where the warehouse keeps its things. Every setting can be given in the environment as ``CSW_<NAME>``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _path(name: str, default: Path) -> Path:
    return Path(os.environ.get(f"CSW_{name}", default)).resolve()


@dataclass(frozen=True)
class Settings:
    """Folders of one installation.

    ``data`` (``CSW_DATA``) holds everything that is made: ``archive/`` (publishers' bytes, for ever),
    ``landing/`` (one clean CSV per table and edition), ``warehouse/`` (DuckDB files), ``report/`` and
    ``coding/`` (what people coded; made by them, not by a run).
    """

    root: Path = ROOT
    data: Path = field(default_factory=lambda: _path("DATA", ROOT / "data"))

    @property
    def archive(self) -> Path:
        """Publishers' files as they came."""
        return self.data / "archive"

    @property
    def landing(self) -> Path:
        """One clean CSV per table and edition."""
        return self.data / "landing"

    @property
    def warehouse(self) -> Path:
        """Folder of the published DuckDB file."""
        return self.data / "warehouse"

    @property
    def published(self) -> Path:
        """The file that readers open."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def next(self) -> Path:
        """The file that a run builds; only publishing moves it to :attr:`published`."""
        return self.warehouse / "next.duckdb"

    @property
    def report(self) -> Path:
        """Reports for people: Data Docs, coverage."""
        return self.data / "report"

    @property
    def coding(self) -> Path:
        """People's codings of recommendations, a folder per coder."""
        return self.data / "coding"

    @property
    def seeds(self) -> Path:
        """The dbt seeds: what columns, codes and symbols mean."""
        return self.root / "dbt_project" / "seeds"

    @property
    def passports(self) -> Path:
        """One YAML passport per publication."""
        return self.root / "flows" / "sources"
