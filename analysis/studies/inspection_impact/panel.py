"""The panel of study 003 as arrays ready to fit: authority × event year, one framework's first inspections.

The mart holds event years -5..5 centred on the year of *publication*. Two other readings of the year of an inspection
move whole authorities along that axis: *inspection* (the first day of the inspection; where it is not known,
publication less six weeks) and *calendar* (the calendar year of publication taken for the reporting year).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.marts import MartLacks, Marts, require
from analysis.studies.spec import Choices, Spec

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators.mixed_poisson import MixedPoissonProblem

STRATA = ("all", "good_or_outstanding", "requires_improvement", "inadequate")
BASES = ("publication", "inspection", "calendar")
#: The usual time between the end of an inspection and its report.
WEEKS_TO_PUBLICATION = 6
#: The reporting year in which continuous assessments took the place of initial and core ones.
YEAR_OF_CHANGE = 2014


@dataclass(frozen=True)
class Measure:
    """A measure of the study: the mart's column, its group, and whether it is a count with a population behind it."""

    name: str
    column: str
    group: str
    is_count: bool


def measures(spec: Spec, deflator: str) -> list[Measure]:
    """The 24 measures of the spec, money under the chosen index in the prices of the year pinned."""
    prices = {"{deflator}": deflator, "{base_year}": spec.pins["base_year"]}

    def named(column: str) -> str:
        for place, value in prices.items():
            column = column.replace(place, value)
        return column

    return [
        Measure(name, named(str(column)), group, str(column).endswith("_count"))
        for group, columns in spec.variables["measures"].items()
        for name, column in columns.items()
    ]


def window_of(choices: Choices) -> tuple[int, int]:
    """First and last event year of a window written ``-3:3``.

    Raises:
        ValueError: it is not written so, or does not span the inspection.
    """
    try:
        first, last = (int(x) for x in choices.window.split(":"))
    except ValueError as exc:
        raise ValueError(f"--window {choices.window}: give event years as -3:3") from exc
    if not -5 <= first < 0 < last <= 5:
        raise ValueError(f"--window {choices.window}: event years lie between -5 and 5, around 0")
    return first, last


def read_panel(marts: Marts, framework: str, chosen: list[Measure], *, whole_years: bool = True) -> pd.DataFrame:
    """First inspections of a framework, event years -5..5 around publication, without the two tiny authorities.

    Years before a measure's first full one are missing, unless ``whole_years`` is False.

    Raises:
        MartLacks: a column, or the framework.
    """
    columns = ["la_code", "framework", "is_first_in_framework", "is_excluded_from_studies", "basis", "event_year"]
    columns += ["year", "outcome_group", "overall_judgement", "publication_date", "inspection_date", "population_0_17"]
    sample = marts.sample("inspection_impact", [*columns, *(m.column for m in chosen)])
    keep = (
        (sample["framework"] == framework)
        & sample["is_first_in_framework"]
        & ~sample["is_excluded_from_studies"]
        & (sample["basis"] == "publication")
    )
    frame = sample[keep].reset_index(drop=True)
    if not len(frame):
        raise MartLacks(f"the sample has no first inspections under {framework}")
    if whole_years:
        frame = marts.whole_years(frame, [m.column for m in chosen])
    return require(frame, [], "the panel")


def every_year(marts: Marts, framework: str, chosen: list[Measure]) -> pd.DataFrame:
    """Every authority and every year held, with the event year of its first inspection under a framework.

    The sample mart centres on every inspection of every framework; laid together, its rows reach over all years. An
    authority that has no inspection of the framework is a control throughout: its ``event_year`` is missing.

    Raises:
        MartLacks: a column, or the framework.
    """
    about = ["outcome_group", "overall_judgement", "publication_date", "inspection_date"]
    columns = [
        "la_code",
        "framework",
        "is_first_in_framework",
        "is_excluded_from_studies",
        "basis",
        "event_year",
        "year",
    ]
    values = ["population_0_17", *(m.column for m in chosen)]
    sample = marts.sample("inspection_impact", [*columns, *about, *values])
    sample = sample[~sample["is_excluded_from_studies"]]
    mine = sample["is_first_in_framework"] & (sample["framework"] == framework) & (sample["basis"] == "publication")
    if not mine.any():
        raise MartLacks(f"the sample has no first inspections under {framework}")
    first = sample[mine].drop_duplicates("la_code").assign(event_zero=lambda d: d["year"] - d["event_year"])
    rows = sample.drop_duplicates(["la_code", "year"])[["la_code", "year", *values]]
    out = rows.merge(first[["la_code", "event_zero", *about]], on="la_code", how="left", validate="m:1")
    out["event_year"] = out["year"] - out["event_zero"]
    return marts.whole_years(out.drop(columns="event_zero"), values).reset_index(drop=True)


def joined_assessments(marts: Marts, framework: str) -> pd.DataFrame:
    """The panel with one series of assessments: initial ones, those of the year of change with the continuous ones.

    In 2013-14 authorities passed from initial and core assessments to continuous ones, so that both count.
    """
    parts = [Measure(c, c, "", True) for c in ("initial_assessments_count", "assessments_count")]
    frame = read_panel(marts, framework, parts, whole_years=False)
    both = frame["year"] == YEAR_OF_CHANGE
    before, after = frame["initial_assessments_count"], frame["assessments_count"]
    joined = before.where(frame["year"] < YEAR_OF_CHANGE, after).mask(both, before.fillna(0) + after.fillna(0))
    return frame.assign(assessments_joined_count=joined.where(~both | before.notna() | after.notna()))


def centred(panel: pd.DataFrame, basis: str, window: tuple[int, int]) -> pd.DataFrame:
    """The panel with event years by a basis, cut to a window.

    Raises:
        ValueError: the basis is not known.
    """
    import pandas as pd

    if basis not in BASES:
        raise ValueError(f"basis {basis}: one of {', '.join(BASES)}")
    event_zero = panel["year"] - panel["event_year"]
    if basis != "publication":
        published = pd.to_datetime(panel["publication_date"])
        if basis == "inspection":
            began = pd.to_datetime(panel["inspection_date"])
            when = began.fillna(published - pd.Timedelta(weeks=WEEKS_TO_PUBLICATION))
            event_zero = when.dt.year + (when.dt.month >= 4)
        else:
            event_zero = published.dt.year
    out = panel.assign(event_year=(panel["year"] - event_zero).astype(int))
    return out[out["event_year"].between(*window)].reset_index(drop=True)


def stratum(panel: pd.DataFrame, name: str) -> pd.DataFrame:
    """The authorities of one outcome group, or all."""
    return panel if name == "all" else panel[panel["outcome_group"] == name].reset_index(drop=True)


def by_stratum(panel: pd.DataFrame, names: Sequence[str] = STRATA) -> dict[str, pd.DataFrame]:
    """The authorities of each outcome group named, made once for all measures."""
    return {name: stratum(panel, name) for name in names}


def problem(
    frame: pd.DataFrame,
    m: Measure,
    *,
    model: str = "segmented",
    offset: bool = True,
    covariates: pd.DataFrame | None = None,
) -> MixedPoissonProblem:
    """A measure in a (part of the) panel: counts with log population as exposure, or as a rate without it."""
    import numpy as np

    from analysis.estimators.segmented import segmented_problem

    y, exposure = frame[m.column], None
    if m.is_count:
        population = frame["population_0_17"].where(frame["population_0_17"] > 0)
        exposure = np.log(population)
        if not offset:
            y, exposure = y / population * 10_000, None
    return segmented_problem(
        y, frame["event_year"], frame["la_code"], model=model, offset=exposure, covariates=covariates, label=m.name
    )
