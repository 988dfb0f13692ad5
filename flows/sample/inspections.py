"""Judgements of the synthetic authorities under every framework since 2009, and the days they were made on.

Good practice (a latent quality that persists) helps and deprivation hurts; the rest is chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flows.sample.effects import Group
from flows.sample.places import TINY, Authority, Places

if TYPE_CHECKING:
    import numpy as np

GRADES = {1: "Outstanding", 2: "Good", 3: "Requires improvement to be good", 4: "Inadequate"}
#: What counts against an authority: its deprivation (standard deviations), less its quality, plus chance.
WEIGHT_OF_DEPRIVATION, WEIGHT_OF_QUALITY, WEIGHT_OF_CHANCE = 0.60, 0.75, 0.45
#: Shares of inadequate, requires improvement, good; the rest is outstanding.
SHARES = {"slac": (0.14, 0.46, 0.36), "cpi": (0.22, 0.45, 0.30), "sif": (0.28, 0.39, 0.28), "ilacs": (0.15, 0.38, 0.36)}
#: Judged apart from the whole.
PARTS = ("help_and_protection", "children_looked_after", "care_leavers", "adoption", "leadership")


@dataclass(frozen=True)
class Inspection:
    """One inspection with a report."""

    la_code: str
    framework: str
    inspection_type: str
    began: date
    published: date
    overall: int
    parts: dict[str, int]
    number: int
    """1 for an authority's first under the framework."""

    @property
    def year(self) -> int:
        """The reporting year of publication."""
        return self.published.year + (self.published >= date(self.published.year, 4, 1))

    @property
    def group(self) -> Group:
        """Outcome group of the overall judgement."""
        return group_of(self.overall)


def group_of(grade: int) -> Group:
    """Outcome group of a grade from 1 (outstanding) to 4 (inadequate)."""
    return "good_or_outstanding" if grade <= 2 else "requires_improvement" if grade == 3 else "inadequate"


def draw_inspections(
    places: Places, deprivation: dict[str, float], quality: dict[str, float], rng: np.random.Generator
) -> list[Inspection]:
    """The whole history.

    Args:
        places: authorities.
        deprivation: by authority, in standard deviations (more is more deprived).
        quality: by authority, in standard deviations (more is better).
        rng: the one source of chance.
    """
    inspected = [a for a in places.authorities if a.code not in TINY]
    strain = {
        a.code: WEIGHT_OF_DEPRIVATION * deprivation[a.code] - WEIGHT_OF_QUALITY * quality[a.code] for a in inspected
    }
    history: list[Inspection] = []
    grades = {f: _grades(inspected, strain, f, rng) for f in SHARES}
    for a in inspected:
        history += _slac(a, grades["slac"][a.code], rng)
        history += _protection(a, grades["cpi"][a.code], rng)
        history += _single(a, grades["sif"][a.code], rng)
        history += _ilacs(a, grades["ilacs"][a.code], rng)
    return [i for i in history if places.by_code[i.la_code].existed_on(i.began)]


def _grades(
    inspected: list[Authority], strain: dict[str, float], framework: str, rng: np.random.Generator
) -> dict[str, int]:
    """Grades by the framework's own shares: the most strained are inadequate."""
    noise = rng.normal(0, WEIGHT_OF_CHANCE, len(inspected))
    order = sorted(range(len(inspected)), key=lambda i: -(strain[inspected[i].code] + noise[i]))
    inadequate, improvement, good = SHARES[framework]
    out = {}
    for rank, i in enumerate(order):
        share = (rank + 0.5) / len(order)
        grade = 4 if share < inadequate else 3 if share < inadequate + improvement else 2
        out[inspected[i].code] = 1 if share >= inadequate + improvement + good else grade
    return out


def _between(start: date, end: date, rng: np.random.Generator) -> date:
    """A working day between two days."""
    day = start + timedelta(days=int(rng.integers(0, (end - start).days + 1)))
    return day - timedelta(days=max(day.weekday() - 4, 0))


def _began(published: date, rng: np.random.Generator) -> date:
    day = published - timedelta(days=int(rng.integers(28, 90)))
    return day - timedelta(days=day.weekday())


def _parts(overall: int, names: tuple[str, ...], rng: np.random.Generator) -> dict[str, int]:
    """Judgements apart from the whole: mostly the same, sometimes one better or worse."""
    near = rng.choice([-1, 0, 0, 0, 0, 1], len(names))
    return {n: min(max(overall + int(d), 1), 4) for n, d in zip(names, near, strict=True)}


def _slac(a: Authority, grade: int, rng: np.random.Generator) -> list[Inspection]:
    published = _between(date(2009, 8, 3), date(2012, 7, 27), rng)
    out = [
        Inspection(
            a.code,
            "slac",
            "inspection",
            _began(published, rng),
            published,
            grade,
            _parts(grade, ("children_looked_after",), rng),
            1,
        )
    ]
    if grade == 4 and published < date(2011, 6, 1):
        again = published + timedelta(days=int(rng.integers(300, 420)))
        again -= timedelta(days=max(again.weekday() - 4, 0))
        better = 3 if rng.random() < 0.7 else 4
        out.append(Inspection(a.code, "slac", "re_inspection", _began(again, rng), again, better, {}, 2))
    return out


def _protection(a: Authority, grade: int, rng: np.random.Generator) -> list[Inspection]:
    chance = rng.random()
    if chance < 0.30:
        published = _between(date(2012, 7, 13), date(2013, 8, 30), rng)
        return [Inspection(a.code, "cpi", "inspection", _began(published, rng), published, grade, {}, 1)]
    if chance < 0.35:
        published = _between(date(2013, 6, 3), date(2013, 10, 25), rng)
        return [Inspection(a.code, "tlac", "inspection", _began(published, rng), published, max(grade, 2), {}, 1)]
    return []


def _single(a: Authority, grade: int, rng: np.random.Generator) -> list[Inspection]:
    published = _between(date(2014, 2, 3), date(2018, 3, 16), rng)
    out = [
        Inspection(a.code, "sif", "inspection", _began(published, rng), published, grade, _parts(grade, PARTS, rng), 1)
    ]
    if grade == 4:
        again = published + timedelta(days=int(rng.integers(560, 760)))
        again -= timedelta(days=max(again.weekday() - 4, 0))
        if again <= date(2018, 8, 24):
            better = int(rng.choice([2, 3, 3, 3, 4]))
            out.append(
                Inspection(
                    a.code, "sif", "re_inspection", _began(again, rng), again, better, _parts(better, PARTS, rng), 2
                )
            )
    return out


def _ilacs(a: Authority, grade: int, rng: np.random.Generator) -> list[Inspection]:
    names = ("help_and_protection", "children_looked_after", "leadership")
    if a.valid_to:
        if a.valid_to < date(2018, 8, 1):
            return []
        first = _between(date(2018, 5, 1), min(date(2019, 9, 1), a.valid_to - timedelta(days=30)), rng)
    elif a.valid_from and a.valid_from > date(2022, 1, 1):
        return []
    elif a.valid_from and a.valid_from > date(2018, 1, 1):
        first = _between(max(date(2021, 9, 1), a.valid_from + timedelta(days=300)), date(2022, 12, 16), rng)
    else:
        first = _between(date(2018, 3, 19), date(2022, 10, 28), rng)
        if date(2020, 4, 15) <= first <= date(2021, 3, 31):  # few inspections in those months
            first = first + timedelta(days=364)
    kind = "short" if grade <= 2 and rng.random() < 0.6 else "standard"
    out = [Inspection(a.code, "ilacs", kind, _began(first, rng), first, grade, _parts(grade, names, rng), 1)]
    if not a.valid_to and first < date(2021, 1, 1) and rng.random() < 0.6:
        again = _between(date(2022, 3, 1), date(2024, 4, 26), rng)
        better = min(max(grade + int(rng.choice([-1, -1, 0, 0, 1])), 1), 4)
        began = _began(again, rng)
        later = (*names, "care_leavers") if began >= date(2023, 1, 1) else names
        kind = "short" if better <= 2 and rng.random() < 0.6 else "standard"
        out.append(Inspection(a.code, "ilacs", kind, began, again, better, _parts(better, later, rng), 2))
    return out
