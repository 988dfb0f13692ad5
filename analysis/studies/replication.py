"""A paper's figures from the editions of its day, beside the same from the newest ones.

A study runs on the newest editions. What its printed figures are held against is computed again from the figures that
were published by the day of the paper (seed ``study_edition``); these estimates carry their own place. A figure that
no edition touches (who was judged how) has one estimate, which stands for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.marts import Marts, MartsOfTheDay
from analysis.results import Estimate

if TYPE_CHECKING:
    from analysis.studies.spec import Spec

#: Begins the place of an estimate from the editions of the paper's day.
OF_THE_DAY = "editions of the paper's day: "
TABLE = "studies.rpt_replication__figure"


def marts_of_the_day(marts: Marts, study: str) -> MartsOfTheDay | None:
    """The warehouse as the paper's authors had it; None where it does not say what was published then."""
    return MartsOfTheDay(marts, study) if marts.has(TABLE) else None


def as_printed(spec: Spec, estimates: Iterable[Estimate]) -> list[Estimate]:
    """Of estimates from the editions of the day those that a printed figure is held against, under their place."""
    wanted = {tie.ours for tie in spec.published.values() if tie.ours}
    return [
        replace(e, place=OF_THE_DAY + e.place, family=OF_THE_DAY + e.family if e.family else "")
        for e in estimates
        if (e.place, e.statistic, e.subject) in wanted
    ]
