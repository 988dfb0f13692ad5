"""One question under every defensible reading: the step in the year of the inspection, for each headline measure.

Choices that the data decide nothing about: how a count meets its population, the distribution, the random effects, the
window, calendar effects, the basis of the year, authorities whose year depends on that basis, other inspections in the
window, the deflator, and the estimator itself. Family, window, calendar effects and basis are crossed; each of the rest
is changed in turn under every window, calendar effect and basis.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
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
CORRELATED = "correlated effects"
STAGGERED = "event study of the logarithm"
#: Controls of the event study are not cut to a window around their own inspection.
EVERY_YEAR = "-99:99"
#: Changed one at a time: name of the change → what it is.
IN_TURN = {
    AS_IT_IS: "exposure, independent random effects, every authority, no other inspections, GDP deflator",
    "no exposure": "a count as a rate, without its population as exposure",
    CORRELATED: "random intercept and slope correlated",
    "no straddlers": "without authorities whose year depends on the basis",
    "other inspections": "years with another inspection of the authority as a covariate",
    "rpi": "money by the retail price index",
    "cpih": "money by the consumer price index with housing costs",
}


def changes_of(m: Measure, prices: Mapping[str, Measure]) -> list[str]:
    """The changes that mean something for a measure: exposure for counts, deflators for money."""
    out = [AS_IT_IS, CORRELATED, "no straddlers", "other inspections"]
    return out + (["no exposure"] if m.is_count else []) + [name for name in ("rpi", "cpih") if name in prices]


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
) -> Iterator[Estimate]:
    """Every specification of every measure, and how far they agree.

    prices: for measures of money, the same under other deflators (measure name → index → measure); others: la_code and
    year of further inspections.
    """
    unsure = straddlers(panel)
    busy = set(zip(others["la_code"], others["year"], strict=True))
    panel = panel.assign(
        is_straddler=panel["la_code"].isin(unsure),
        has_other=[float(key in busy) for key in zip(panel["la_code"], panel["year"], strict=True)],
    )
    frames = {
        (basis, window): centred(panel, basis, tuple(int(x) for x in window.split(":")))  # type: ignore[arg-type]
        for basis, window in product(CROSSED["basis"], (*CROSSED["window"], EVERY_YEAR))
    }
    parts = {name: {key: stratum(frame, name) for key, frame in frames.items()} for name in strata}
    questions = list(product(chosen, strata))
    problems: dict[tuple[str, ...], MixedPoissonProblem] = {
        (m.name, name, *key): problem
        for m, name in questions
        for key, problem in _problems(m, parts[name], prices.get(m.name, {})).items()
    }
    fits = _fitted(problems)
    for m, name in questions:
        mine = {key[2:]: _step0(fit) for key, fit in fits.items() if key[:2] == (m.name, name)}
        for basis in CROSSED["basis"]:
            key = ("not yet inspected", "log", "-3:3", "calendar years", basis)
            mine[key] = _staggered(parts[name][basis, EVERY_YEAR], m)
        yield from _rows(_curve(mine), f"{name} | {m.name}")


def _problems(
    m: Measure, parts: Mapping[tuple[str, str], pd.DataFrame], prices: Mapping[str, Measure]
) -> dict[tuple[str, str, str, str], MixedPoissonProblem]:
    """Every reading of a measure in a stratum: (change, window, calendar, basis) → the data of its model.

    parts: (basis, window) → the stratum's panel.
    """
    without = {key: part[~part["is_straddler"]].reset_index(drop=True) for key, part in parts.items()}
    out = {}
    for change, window, basis in product(changes_of(m, prices), CROSSED["window"], CROSSED["basis"]):
        part = (without if change == "no straddlers" else parts)[basis, window]
        for calendar in CROSSED["calendar"]:
            out[change, window, calendar, basis] = _problem(part, prices.get(change, m), change, calendar)
    return out


def _fitted(problems: Mapping[tuple[str, ...], MixedPoissonProblem]) -> dict[tuple[str, ...], MixedPoissonFit]:
    """(measure, stratum, change, family, window, calendar, basis) → fit, all measures and strata side by side.

    NB2 is a change by itself: beside it everything is as it is.
    """
    from analysis.estimators.mixed_poisson import fit_mixed_poissons, fit_poissons_and_nb2s

    plain = [key for key in problems if key[2] == AS_IT_IS]
    correlated = [key for key in problems if key[2] == CORRELATED]
    changed = [key for key in problems if key[2] not in (AS_IT_IS, CORRELATED)]
    poisson, nb2 = fit_poissons_and_nb2s([problems[key] for key in plain], covariance="independent")
    found = (
        ("poisson", plain, poisson),
        ("poisson", changed, fit_mixed_poissons([problems[key] for key in changed], covariance="independent")),
        ("poisson", correlated, fit_mixed_poissons([problems[key] for key in correlated], covariance="correlated")),
        ("nb2", plain, nb2),
    )
    return {
        (*key[:3], family, *key[3:]): fit for family, keys, fits in found for key, fit in zip(keys, fits, strict=True)
    }


def _curve(found: Mapping[tuple[str, ...], SpecificationEstimate]) -> SpecificationCurve:
    from analysis.estimators.specification_curve import specification_curve

    names = ("change", *CROSSED)
    options = {k: tuple(dict.fromkeys(key[i] for key in found)) for i, k in enumerate(names)}
    return specification_curve(options, lambda o: found[tuple(o[k] for k in names)], only=list(found))


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
