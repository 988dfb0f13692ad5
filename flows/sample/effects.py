"""What is planted around an authority's first inspection under the Single Inspection Framework.

A path over event time ``t`` (0 = the reporting year in which the report was published) is
``pre * (min(t, -1) + 1) + step0 * [t >= 0] + step1 * [t >= 1] + post * max(t - 1, 0)``,
on the log scale for counts and rates and on the log-odds scale for shares. So ``step0`` and ``step1`` are whole changes
from one year to the next, and nothing else moves a planted measure from year to year but chance: a count per child, a
share, and money in real terms (prices, the GDP deflator among them, rise by two per cent a year).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["good_or_outstanding", "requires_improvement", "inadequate"]
PartOfAPath = Literal["pre", "step0", "step1", "post"]
PARTS_OF_A_PATH: tuple[PartOfAPath, ...] = ("pre", "step0", "step1", "post")
GROUPS: tuple[Group, ...] = ("good_or_outstanding", "requires_improvement", "inadequate")

#: Slopes act on so many years before and after; beyond, the level stays.
REACH = 3


@dataclass(frozen=True)
class PlantedEffect:
    """One measure's path in one group of outcomes.

    ``scale``: ``log`` (coefficients are of the logarithm of a count or rate) or ``log_odds`` (of a share).
    """

    measure_id: str
    outcome_group: Group
    scale: Literal["log", "log_odds"]
    pre: float
    step0: float
    step1: float
    post: float

    def at(self, t: int) -> float:
        """The sum of the path at event time ``t``."""
        pre = max(min(t, -1) + 1, 1 - REACH)
        post = min(max(t - 1, 0), REACH - 1)
        return self.pre * pre + self.step0 * (t >= 0) + self.step1 * (t >= 1) + self.post * post


def _paths(
    measure: str, scale: Literal["log", "log_odds"], *rows: tuple[float, float, float, float]
) -> list[PlantedEffect]:
    return [PlantedEffect(measure, g, scale, *r) for g, r in zip(GROUPS, rows, strict=True)]


#: pre, step0, step1, post for good or outstanding, requires improvement, inadequate
PLANTED: tuple[PlantedEffect, ...] = (
    # A spike: plans rise in the year of the report and fall in the next.
    *_paths(
        "cpp_at_31_march_count",
        "log",
        (0.0, 0.03, -0.02, 0.0),
        (0.01, 0.10, -0.08, 0.0),
        (0.02, 0.24, -0.20, -0.01),
    ),
    *_paths(
        "s47_enquiries_count",
        "log",
        (0.02, 0.04, 0.0, 0.01),
        (0.02, 0.12, -0.03, 0.01),
        (0.02, 0.28, -0.10, 0.0),
    ),
    # More referrals with a harsher judgement, and they stay.
    *_paths(
        "referrals_count",
        "log",
        (0.0, 0.01, 0.0, 0.0),
        (0.0, 0.04, 0.0, 0.0),
        (0.0, 0.10, 0.03, 0.0),
    ),
    # No change of level for any group: what must not be found.
    *_paths(
        "cla_at_31_march_count", "log", (0.02, 0.02, 0.02, 0.02), (0.02, 0.02, 0.02, 0.02), (0.02, 0.02, 0.02, 0.02)
    ),
    # Assessments on time slip before an inadequate judgement, are worst in its year and recover.
    *_paths(
        "assessments_within_45_days_pct",
        "log_odds",
        (0.0, 0.0, 0.0, 0.0),
        (0.0, -0.05, 0.10, 0.03),
        (-0.05, -0.35, 0.50, 0.15),
    ),
    # Agency staff come after an inadequate judgement.
    *_paths(
        "agency_rate_pct",
        "log",
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 0.03, 0.04, 0.0),
        (0.0, 0.15, 0.30, -0.03),
    ),
    # Money follows.
    *_paths(
        "spend_safeguarding_gross_gbp",
        "log",
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 0.02, 0.03, 0.0),
        (0.0, 0.05, 0.15, 0.02),
    ),
)


def effect_of(measure: str, group: str) -> PlantedEffect | None:
    """The path planted for a measure and group, if any."""
    return next((e for e in PLANTED if e.measure_id == measure and e.outcome_group == group), None)
