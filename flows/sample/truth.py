"""What was planted in a sample, for tests that ask whether the marts carry it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flows.sample.effects import PARTS_OF_A_PATH, PlantedEffect
from flows.sample.inspections import Inspection


@dataclass(frozen=True)
class FirstInspection:
    """An authority's first inspection under the Single Inspection Framework."""

    la_code: str
    publication_date: str
    inspection_date: str
    year: int
    """Reporting year of publication: event year 0."""
    overall_judgement: int
    outcome_group: str

    @classmethod
    def of(cls, i: Inspection) -> FirstInspection:
        """From the world's inspection."""
        return cls(i.la_code, i.published.isoformat(), i.began.isoformat(), i.year, i.overall, i.group)


@dataclass(frozen=True)
class RevisedCell:
    """A figure that later editions corrected: edition → what it prints."""

    la_code: str
    year: int
    measure_id: str
    by_edition: dict[str, int]


@dataclass(frozen=True)
class SampleTruth:
    """The truth of one sample."""

    seed: int
    effects: tuple[PlantedEffect, ...]
    first_sif: tuple[FirstInspection, ...]
    revised: tuple[RevisedCell, ...]
    revision_count: int
    """How many figures some edition prints differently from the last, the documented ones included."""
    spearman_deprivation_judgement: float
    """Rank correlation of the IMD 2015 score with the first judgement (1 to 4): positive is worse with deprivation."""
    values: dict[str, dict[str, dict[str, float]]]
    """Some true figures: measure → year → authority → value."""
    england: dict[str, dict[str, float]]
    """Sum over authorities: measure → year → count."""
    unavailable: tuple[tuple[str, str, int], ...]
    """Source, authority and year of figures that were never submitted."""
    files: int

    def to_json(self) -> str:
        """As text, the same for the same sample."""
        body: dict[str, Any] = {
            **self.__dict__,
            "effects": [
                {**e.as_dict(), "percent": {p: round(e.percent_change(p), 3) for p in PARTS_OF_A_PATH}}
                for e in self.effects
            ],
            "first_sif": [f.__dict__ for f in self.first_sif],
            "revised": [r.__dict__ for r in self.revised],
        }
        return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
