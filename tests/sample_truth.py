"""What was planted in a sample, for tests that ask whether the marts carry it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flows.sample.effects import PARTS_OF_A_PATH, PLANTED, PlantedEffect
from flows.sample.inspections import Inspection
from flows.sample.places import FIRST_YEAR
from flows.sample.quantities import MEASURES
from flows.sample.sample import GAPS, KNOWN_REVISIONS, Sample
from flows.sample.world import World

if TYPE_CHECKING:
    import numpy as np

#: Measures whose true values are told.
_STATED = (
    "population_0_17",
    "referrals_count",
    "cin_at_31_march_count",
    "cpp_at_31_march_count",
    "cla_at_31_march_count",
    "agency_rate_pct",
    "assessments_within_45_days_pct",
)


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
                {
                    **asdict(e),
                    "percent": {p: round((math.exp(getattr(e, p)) - 1) * 100, 3) for p in PARTS_OF_A_PATH},
                }
                for e in self.effects
            ],
            "first_sif": [f.__dict__ for f in self.first_sif],
            "revised": [r.__dict__ for r in self.revised],
        }
        return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def truth_of(sample: Sample) -> SampleTruth:
    """What was planted in a sample that was written."""
    import numpy as np

    world = sample.world
    first = world.first_sif
    codes = [c for c in world.places.codes if c in first]
    score = np.array([world.deprivation[c] for c in codes])
    grade = np.array([first[c].overall for c in codes], dtype=float)
    revised = (
        _revised(world, "cin_at_31_march_count", "383", 2018, ("2020", "2022", "2024")),
        _revised(world, "referrals_count", "886", 2016, ("2016", "2022", "2024")),
    )
    values: dict[str, dict[str, dict[str, float]]] = {}
    england: dict[str, dict[str, float]] = {}
    for measure in _STATED:
        q = MEASURES[measure]
        for year in range(2010, 2025):
            column = world.numbers[q.numerator][:, year - FIRST_YEAR]
            if q.denominator and not q.is_average:
                with np.errstate(invalid="ignore", divide="ignore"):
                    column = q.per * column / world.numbers[q.denominator][:, year - FIRST_YEAR]
            by_code = {c: round(float(v), 4) for c, v in zip(world.places.codes, column, strict=True) if v == v}
            values.setdefault(measure, {})[str(year)] = by_code
            if not q.denominator:
                england.setdefault(measure, {})[str(year)] = float(np.nansum(column))
    return SampleTruth(
        world.seed,
        PLANTED,
        tuple(FirstInspection.of(first[c]) for c in codes),
        revised,
        len(sample.revisions),
        round(_spearman(score, grade), 4),
        values,
        england,
        tuple((g.source, g.la_code, g.year) for g in GAPS),
        sample.files,
    )


def _revised(world: World, measure: str, code: str, year: int, editions: tuple[str, ...]) -> RevisedCell:
    """What each edition prints of a figure that is documented as revised."""
    name = MEASURES[measure].numerator
    true = int(world.at(name, year)[world.places.row_of[code]])
    mine = [r for r in KNOWN_REVISIONS if (r.name, r.la_code, r.year) == (name, code, year)]
    return RevisedCell(
        code, year, measure, {e: true + sum(r.delta for r in mine if int(e) <= r.through_edition) for e in editions}
    )


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation, ties by their average."""
    import numpy as np

    def ranks(x: np.ndarray) -> np.ndarray:
        order = np.argsort(x, kind="stable")
        out = np.empty(len(x))
        out[order] = np.arange(len(x))
        for value in np.unique(x):
            out[x == value] = out[x == value].mean()
        return out

    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])
