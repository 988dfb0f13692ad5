"""One question under every defensible reading: the step in the year of the inspection, for each headline measure.

Choices that the data decide nothing about: how a count meets its population, the distribution, the random effects, the
window, calendar effects, the basis of the year, authorities whose year depends on that basis, other inspections in the
window, the deflator, the edition of the figures, and the estimator itself. Family, window, calendar effects and basis
are crossed; each of the rest is changed in turn under every window, calendar effect and basis.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING

from analysis.results import Estimate
from analysis.studies.inspection_impact.panel import BASES, Measure, centred, problem, stratum
from analysis.studies.inspection_impact.staggered import STUDY, logs

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators.mixed_poisson import MixedPoissonFit, MixedPoissonProblem
    from analysis.estimators.specification_curve import SpecificationCurve, SpecificationEstimate

PLACE = "specification curve"
CROSSED: Mapping[str, tuple[str, ...]] = {
    "family": ("poisson", "nb2"),
    "window": ("-3:3", "-2:2"),
    "calendar": ("no calendar effects", "calendar years"),
    "basis": BASES,
}
AS_IT_IS = "as it is"
EDITIONS, POPULATIONS = "editions of the day", "newest populations"
STAGGERED = "event study of the logarithm"
#: Controls of the event study are not cut to a window around their own inspection.
EVERY_YEAR = "-99:99"
#: Changed one at a time: name of the change → what it is.
IN_TURN = {
    AS_IT_IS: "exposure, independent random effects, every authority, no other inspections, GDP deflator",
    "no exposure": "a count as a rate, without its population as exposure",
    "correlated effects": "random intercept and slope correlated",
    "no straddlers": "without authorities whose year depends on the basis",
    "other inspections": "years with another inspection of the authority as a covariate",
    "rpi": "money by the retail price index",
    "cpih": "money by the consumer price index with housing costs",
    EDITIONS: "figures as they had been published by the day of the paper",
    POPULATIONS: "children by the newest population estimates",
}


def changes_of(m: Measure, prices: Mapping[str, Measure], panels: Iterable[str] = ()) -> list[str]:
    """The changes that mean something for a measure: exposure for counts, deflators for money, other panels."""
    out = [AS_IT_IS, "correlated effects", "no straddlers", "other inspections", *panels]
    return out + (["no exposure"] if m.is_count else []) + [name for name in ("rpi", "cpih") if name in prices]


def differs(panel: pd.DataFrame, other: pd.DataFrame, m: Measure) -> bool:
    """Whether two panels of the same rows have another figure of a measure, or of the children that a count is per."""
    columns = [m.column, "population_0_17"] if m.is_count else [m.column]
    return not panel[columns].equals(other[columns])


def straddlers(panel: pd.DataFrame) -> set[str]:
    """Authorities whose year of inspection differs between the bases."""
    zero = {
        basis: centred(panel, basis, (-99, 99))
        .assign(zero=lambda d: d["year"] - d["event_year"])
        .groupby("la_code")["zero"]
        .first()
        for basis in BASES[:2]
    }
    first, other = zero["publication"], zero["inspection"].reindex(zero["publication"].index)
    return set(first.index[first != other])


def multiverse(
    panel: pd.DataFrame,
    chosen: list[Measure],
    prices: Mapping[str, Mapping[str, Measure]],
    others: pd.DataFrame,
    strata: tuple[str, ...] = ("all", "inadequate"),
    panels: Mapping[str, pd.DataFrame] | None = None,
) -> Iterator[Estimate]:
    """Every specification of every measure, and how far they agree.

    prices: for measures of money, the same under other deflators (measure name → index → measure); others: la_code and
    year of further inspections; panels: the same rows with other figures, by the name of the change (EDITIONS,
    POPULATIONS); one that changes nothing of a measure is no specification of it.
    """
    unsure = straddlers(panel)
    busy = set(zip(others["la_code"], others["year"], strict=True))

    def cut(panel: pd.DataFrame, windows: tuple[str, ...]) -> Frames:
        panel = panel.assign(
            is_straddler=panel["la_code"].isin(unsure),
            has_other=[float(key in busy) for key in zip(panel["la_code"], panel["year"], strict=True)],
        )
        return {
            (basis, window): centred(panel, basis, tuple(int(x) for x in window.split(":")))  # type: ignore[arg-type]
            for basis, window in product(CROSSED["basis"], windows)
        }

    frames = cut(panel, (*CROSSED["window"], EVERY_YEAR))
    others_cut = {change: cut(other, CROSSED["window"]) for change, other in (panels or {}).items()}
    for m, name in product(chosen, strata):
        mine = {change: others_cut[change] for change, other in (panels or {}).items() if differs(panel, other, m)}
        yield from _of(m, name, frames, prices.get(m.name, {}), mine)


#: Basis of the year and window → the panel centred and cut.
Frames = Mapping[tuple[str, str], "pd.DataFrame"]


def _of(
    m: Measure, name: str, frames: Frames, prices: Mapping[str, Measure], panels: Mapping[str, Frames]
) -> Iterator[Estimate]:
    from analysis.estimators.mixed_poisson import fit_mixed_poissons
    from analysis.estimators.specification_curve import specification_curve

    changes = changes_of(m, prices, panels)
    found: dict[tuple[str, ...], SpecificationEstimate] = {}
    problems: dict[tuple[str, ...], MixedPoissonProblem] = {}
    for change, window, calendar, basis in product(changes, *(CROSSED[k] for k in ("window", "calendar", "basis"))):
        part = stratum(panels.get(change, frames)[basis, window], name)
        if change == "no straddlers":
            part = part[~part["is_straddler"]].reset_index(drop=True)
        problems[change, window, calendar, basis] = _problem(part, prices.get(change, m), change, calendar)
    for family, correlated in (("poisson", False), ("poisson", True), ("nb2", False)):
        mine = [key for key in problems if (key[0] == "correlated effects") is correlated]
        if family != "poisson":
            mine = [key for key in mine if key[0] == AS_IT_IS]
        fits = fit_mixed_poissons(
            [problems[key] for key in mine],
            covariance="correlated" if correlated else "independent",
            family=family,  # type: ignore[arg-type]
        )
        for (change, window, calendar, basis), fit in zip(mine, fits, strict=True):
            found[change, family, window, calendar, basis] = _step0(fit)
    for basis in CROSSED["basis"]:
        key = ("not yet inspected", "log", "-3:3", "calendar years", basis)
        found[key] = _staggered(stratum(frames[basis, EVERY_YEAR], name), m)
    names = ("change", *CROSSED)
    options = {k: tuple(dict.fromkeys(key[i] for key in found)) for i, k in enumerate(names)}
    curve = specification_curve(options, lambda o: found[tuple(o[k] for k in names)], only=list(found))
    yield from _rows(curve, f"{name} | {m.name}")


def _problem(part: pd.DataFrame, m: Measure, change: str, calendar: str) -> MixedPoissonProblem:
    import pandas as pd

    covariates = []
    if calendar == "calendar years":
        covariates.append(pd.get_dummies(part["year"], prefix="year", drop_first=True, dtype=float))
    if change == "other inspections" and part["has_other"].nunique() > 1:
        covariates.append(part[["has_other"]])
    joined = pd.concat(covariates, axis=1) if covariates else None
    return problem(part, m, offset=change != "no exposure", covariates=joined)


def _step0(fit: MixedPoissonFit) -> SpecificationEstimate:
    from analysis.estimators.specification_curve import SpecificationEstimate

    if not fit.ok or "step0" not in fit.names:
        return SpecificationEstimate(float("nan"), float("nan"), fit.n_obs, fit.reason)
    i = fit.names.index("step0")
    return SpecificationEstimate(float(fit.coef[i]), float(fit.se("robust")[i]), fit.n_obs)


def _staggered(part: pd.DataFrame, m: Measure) -> SpecificationEstimate:
    """The effect at Y0 against authorities not yet inspected."""
    from analysis.estimators.event_study import event_study
    from analysis.estimators.specification_curve import SpecificationEstimate

    found = event_study(logs(part, m), part["la_code"], part["year"], part["year"] - part["event_year"], draws=0)
    rows = found.by_event_time
    here = rows[rows["event_year"] == 0] if found.ok else rows
    if not len(here):
        return SpecificationEstimate(float("nan"), float("nan"), 0, found.reason or "no estimate at event year 0")
    row = here.iloc[0]
    return SpecificationEstimate(float(row["estimate"]), float(row["se"]), int(row["units"]))


def _rows(curve: SpecificationCurve, subject: str) -> Iterator[Estimate]:
    for row in curve.specifications.to_dict("records"):
        options = ", ".join(str(row[k]) for k in curve.choices)
        value, low, high = (100 * math.expm1(row[k]) for k in ("estimate", "ci_low", "ci_high"))
        yield Estimate(
            STUDY,
            PLACE,
            "percent_change",
            f"{subject} | step0 | {options}",
            value,
            low,
            high,
            n=int(row["n"]),
            method=f"step at Y0, errors clustered by authority; {IN_TURN.get(row['change'], STAGGERED)}",
            reason=row["reason"],
        )
    n = len(curve.estimated)
    reason = curve.reason
    for statistic, value in (
        ("median percent_change", 100 * math.expm1(curve.median)),
        ("percent with the median's sign", 100 * curve.share_of_leading_sign),
        ("percent significant with the median's sign", 100 * curve.share_significant),
    ):
        yield Estimate(
            STUDY, PLACE, statistic, f"{subject} | step0", value, n=n, method=f"{n} specifications", reason=reason
        )
