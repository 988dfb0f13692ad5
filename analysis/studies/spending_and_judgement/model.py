"""Does spending on prevention go with better judgements? Webb, Bennett & Bywaters (2022), and what they could not ask.

The paper: a logistic model of *good or outstanding* with crossed random intercepts of authority and year. Beyond it:
both newer frameworks apart and to date, the spending of years before, differences within authorities apart from those
between them, and the same question under every defensible choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate
from analysis.studies.spec import Choices, Spec
from analysis.studies.spending_and_judgement.sample import (
    DECILE,
    LOOKED_AFTER,
    PREVENTATIVE,
    SAFEGUARDING,
    STUDY,
    Cut,
    inspections,
    moved_by_capital,
    papers_cut,
    read_sample,
    spending,
    with_capital,
)

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators.mixed_logistic import MixedLogisticFit
    from analysis.estimators.specification_curve import SpecificationCurve

PAPERS_TERMS = (PREVENTATIVE, SAFEGUARDING, DECILE)
BOTH = ("authority", "year")
HOW = "logistic model of good or outstanding, normal intercepts by {factors}, Laplace approximation"
STEPS = "odds ratio of £100 a child more, or of one decile more deprived"


def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """Every estimate under the choices; with the papers' choices, what goes beyond the paper as well."""
    sample = read_sample(marts, spec, choices)
    cut = papers_cut(spec, choices)
    frame = inspections(sample, spec, choices, cut)
    out = [*described(frame), *the_model(frame, spec)]
    if choices == Choices(as_of=choices.as_of).filled(spec):
        out += capital(sample, spec, choices, cut)
        out += content(sample, spec, choices, cut)
        out += beyond(sample, spec, choices, cut)
        out += multiverse(sample, spec, choices, cut)
    return out


def row(place: str, statistic: str, subject: str, value: Any, **more: Any) -> Estimate:
    """An estimate of this study."""
    return Estimate(STUDY, place, statistic, subject, value, **more)


def described(frame: pd.DataFrame) -> list[Estimate]:
    """How many inspections, of how many authorities, how many good or outstanding, and what was spent."""
    n = len(frame)
    out = [
        row("sample", "n", "inspections", float(n), n=n),
        row("sample", "n", "authorities", float(frame["la_code"].nunique()), n=n),
        row("sample", "percent", "good or outstanding", 100 * float(frame["good"].mean()), n=n),
    ]
    for framework, part in frame.groupby("framework"):
        out.append(row("sample", "n", f"inspections under {str(framework).upper()}", float(len(part)), n=n))
    for term in (PREVENTATIVE, SAFEGUARDING, LOOKED_AFTER):
        known = frame[term].dropna()
        out.append(row("sample", "mean_gbp_per_child", term, 100 * float(known.mean()), n=len(known)))
    return out


def fitted(
    frame: pd.DataFrame,
    spec: Spec,
    terms: Sequence[str] = PAPERS_TERMS,
    factors: Sequence[str] = BOTH,
    by_framework: bool = False,
) -> MixedLogisticFit:
    """The model of a frame; ``by_framework`` gives every framework but the first a level of its own."""
    from analysis.estimators.mixed_logistic import fit_mixed_logistic

    X = frame[list(terms)].astype(float)
    if by_framework:
        for framework in sorted(frame["framework"].unique())[1:]:
            X[f"under {framework.upper()}"] = (frame["framework"] == framework).astype(float)
    levels = {"authority": frame["la_code"], "year": frame["year"]}
    fit = fit_mixed_logistic(
        frame["good"], X.to_numpy(), {f: levels[f] for f in factors}, names=[str(c) for c in X.columns]
    )
    least = int(spec.variables["least_inspections"])
    return fit if fit.n >= least else replace(fit, reason=f"{fit.n} inspections with all values, {least} are needed")


def odds_ratios(place: str, fit: MixedLogisticFit, subject: str = "", family: str = "") -> list[Estimate]:
    """The odds ratio of every term but the constant; ``subject`` goes before the term's name."""
    method = HOW.format(factors=" and ".join(fit.sd)) + "; " + STEPS
    out = []
    for term in fit.frame().to_dict("records"):
        if term["term"] == "const":
            continue
        about: dict[str, Any] = {"n": fit.n, "method": method, "reason": fit.reason, "family": family}
        if not fit.reason:
            about |= {
                "ci_low": term["odds_ratio_low"],
                "ci_high": term["odds_ratio_high"],
                "p_value": term["p_value"],
            }
        name = f"{subject} | {term['term']}" if subject else term["term"]
        out.append(row(place, "odds_ratio", name, None if fit.reason else term["odds_ratio"], **about))
    return out


def the_model(frame: pd.DataFrame, spec: Spec) -> list[Estimate]:
    """The paper's model: odds ratios, average marginal effects, predictions by decile."""
    fit = fitted(frame, spec)
    out = odds_ratios("model", fit, family="model")
    terms = {e.subject: e for e in out}
    for term in (PREVENTATIVE, DECILE):
        about: dict[str, Any] = {"n": fit.n, "reason": fit.reason}
        out.append(row("model", "odds_ratio_low", term, terms[term].ci_low, **about))
        out.append(row("model", "odds_ratio_high", term, terms[term].ci_high, **about))
    p = terms[SAFEGUARDING].p_value
    out.append(
        row(
            "model",
            "claim",
            "safeguarding spending is not associated",
            None if p is None else float(p >= 0.05),
            n=fit.n,
            method="1 where the p-value is .05 or more",
            reason=fit.reason,
        )
    )
    for factor, sd in fit.sd.items():
        out.append(
            row("model", "sd_of_intercepts", factor, sd, n=fit.n, method="on the log-odds scale", reason=fit.reason)
        )
    return out + effects(fit) + predictions(frame, fit)


def effects(fit: MixedLogisticFit) -> list[Estimate]:
    """How many percentage points more or less likely a good judgement is, on average."""
    subjects = {
        PREVENTATIVE: "£100 a child more on prevention",
        SAFEGUARDING: "£100 a child more on safeguarding",
        DECILE: "one decile more deprived",
    }
    out = []
    for term, subject in subjects.items():
        value, error = (float("nan"),) * 2 if fit.reason else fit.marginal_effect(term)
        out.append(
            row(
                "marginal effect",
                "percentage_points",
                subject,
                100 * value,
                ci_low=100 * (value - 1.96 * error),
                ci_high=100 * (value + 1.96 * error),
                n=fit.n,
                method="mean difference of the predicted probability over all inspections and random intercepts; "
                "delta method",
                reason=fit.reason,
            )
        )
    return out


def predictions(frame: pd.DataFrame, fit: MixedLogisticFit) -> list[Estimate]:
    """The probability of a good judgement by decile of deprivation and of preventative spending, all else as it is."""
    out = []
    for decile in range(1, 11):
        spent = float(frame[PREVENTATIVE].quantile((decile - 0.5) / 10))
        at = {f"deprivation decile {decile}": {DECILE: float(decile)}}
        at[f"spending decile {decile}"] = {PREVENTATIVE: spent}
        out.append(
            row(
                "prediction",
                "preventative_gbp_per_child",
                f"spending decile {decile}",
                100 * spent,
                n=len(frame),
                method="the middle of the tenth of inspections",
            )
        )
        for subject, values in at.items():
            value, error = (float("nan"),) * 2 if fit.reason else fit.average_probability(values)
            out.append(
                row(
                    "prediction",
                    "probability_pct",
                    subject,
                    100 * value,
                    ci_low=100 * max(value - 1.96 * error, 0.0),
                    ci_high=100 * min(value + 1.96 * error, 1.0),
                    n=fit.n,
                    method="mean predicted probability if every inspection had this value, over the random "
                    "intercepts; delta method",
                    reason=fit.reason,
                )
            )
    return out


def capital(sample: pd.DataFrame, spec: Spec, choices: Choices, cut: Cut) -> list[Estimate]:
    """What capital charged to revenue does: its amount in the inspections it moves, the model without them or it."""
    moved = moved_by_capital(spec)
    out = []
    column, name = spending(spec, choices)[PREVENTATIVE][0], with_capital(spec, choices)
    for code, year in moved:
        of = sample[(sample["la_code"] == code) & (sample["year_by_publication"] == year) & (sample["lag"] == 0)]
        for inspected in of.drop_duplicates("la_code").to_dict("records"):
            per_child = inspected[name] - inspected[column]
            out.append(
                row(
                    "capital charged to revenue",
                    "gbp_millions",
                    f"{inspected['la_name']} {year}",
                    per_child * inspected["population_0_17"] / 1e6,
                    method=f"total with it less total without, in the prices of 2019 by {choices.deflator}",
                )
            )
    without = inspections(sample, spec, choices, replace(cut, without=moved))
    none = inspections(sample, spec, choices, replace(cut, capital_until=0))
    for subject, frame in (("without the inspections it moves", without), ("none in the total", none)):
        out += odds_ratios("capital charged to revenue", fitted(frame, spec), subject)
    return out


def content(sample: pd.DataFrame, spec: Spec, choices: Choices, cut: Cut) -> list[Estimate]:
    """The model with looked after by its content in all years, with and without capital charged to revenue."""
    by_content = replace(cut, by_content=True)
    out = []
    for subject, part in (
        ("with capital charged to revenue", by_content),
        ("without capital charged to revenue", replace(by_content, capital_until=0)),
    ):
        frame = inspections(sample, spec, choices, part)
        out += odds_ratios("looked after by content", fitted(frame, spec), subject)
    return out


def beyond(sample: pd.DataFrame, spec: Spec, choices: Choices, cut: Cut) -> list[Estimate]:
    """What the authors could not ask; a part that the warehouse has no inspections for says so."""
    everyone = replace(cut, all_authorities=True)
    to_date = replace(everyone, window=spec.pins["to_date"])
    ilacs, sif = replace(to_date, frameworks=("ilacs",)), replace(to_date, frameworks=("sif",))
    every = replace(to_date, frameworks=("sif", "ilacs"), first_only=False)
    # The same inspections, whose spending is comparable (first_year_of_spending) two years back as well.
    lagged = replace(everyone, window=spec.pins["window_of_lags"])
    one = ("year",)  # of one inspection each, an authority has no intercept of its own
    parts: list[tuple[str, str, Cut, dict[str, Any]]] = [
        ("frameworks apart", "SIF, first inspections", sif, {"factors": one}),
        ("frameworks apart", "ILACS, first inspections", ilacs, {"factors": one}),
        ("frameworks apart", "ILACS to date", replace(ilacs, first_only=False), {}),
        ("frameworks apart", "SIF and ILACS to date", every, {"by_framework": True}),
        ("frameworks apart", "all frameworks to date", replace(to_date, first_only=False), {"by_framework": True}),
        ("spending before", "same year", lagged, {}),
        ("spending before", "year before", replace(lagged, lag=-1), {}),
        ("spending before", "two years before", replace(lagged, lag=-2), {}),
        ("more terms", "with framework", cut, {"by_framework": True}),
        (
            "more terms",
            "with framework and looked-after spending",
            cut,
            {"by_framework": True, "terms": (PREVENTATIVE, SAFEGUARDING, LOOKED_AFTER, DECILE)},
        ),
    ]
    out = []
    for place, subject, part, how in parts:
        try:
            frame = inspections(sample, spec, choices, part)
        except MartLacks as exc:
            out.append(row(place, "odds_ratio", f"{subject} | {PREVENTATIVE}", None, reason=str(exc)))
            continue
        out += odds_ratios(place, fitted(frame, spec, **how), subject, family=place)
    for subject, part, how in (
        ("2011-2019", cut, {}),
        ("to date", replace(to_date, first_only=False), {"by_framework": True}),
    ):
        out += within_and_between(inspections(sample, spec, choices, part), spec, subject, **how)
    return out


def within_and_between(frame: pd.DataFrame, spec: Spec, subject: str, by_framework: bool = False) -> list[Estimate]:
    """Spending split into an authority's mean over its inspections and its distance from it.

    The first compares authorities with each other, the second an authority with itself (Mundlak 1978; Bell & Jones
    2015). Where what differs between authorities for other reasons is behind an association, the two differ.
    """
    import numpy as np
    from scipy.special import ndtr

    split = frame.copy()
    terms = []
    for term in (PREVENTATIVE, SAFEGUARDING):
        mean = frame.groupby("la_code")[term].transform("mean")
        split[f"{term}, between authorities"], split[f"{term}, within authorities"] = mean, frame[term] - mean
        terms += [f"{term}, within authorities", f"{term}, between authorities"]
    fit = fitted(split, spec, (*terms, DECILE), by_framework=by_framework)
    out = odds_ratios("within and between", fit, subject)
    value, p = None, None
    if not fit.reason:
        i, j = (fit.names.index(f"{PREVENTATIVE}, {kind} authorities") for kind in ("within", "between"))
        apart = fit.coef[j] - fit.coef[i]
        error = np.sqrt(fit.cov[i, i] + fit.cov[j, j] - 2 * fit.cov[i, j])
        value, p = float(np.exp(apart)), float(2 * ndtr(-abs(apart / error)))
    out.append(
        row(
            "within and between",
            "ratio_of_odds_ratios",
            f"{subject} | {PREVENTATIVE}, between to within",
            value,
            p_value=p,
            n=fit.n,
            method="odds ratio between authorities over that within; Wald test of their equality",
            reason=fit.reason,
        )
    )
    return out


#: What a careful reader could choose otherwise: choice, then option, then what of the sample or the model it changes.
OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "capital charged to revenue": {"to 2014-15": {}, "none": {"capital_until": 0}},
    "deprivation": {"IMD 2019": {"imd": 2019}, "IMD 2015": {"imd": 2015}},
    "spending of": {"the same year": {"lag": 0}, "the year before": {"lag": -1}},
    "inspections": {"first of a framework": {}, "all": {"first_only": False}},
    "terms": {
        "the paper's": {},
        "with framework": {"by_framework": True},
        "with framework and looked after": {
            "by_framework": True,
            "terms": (PREVENTATIVE, SAFEGUARDING, LOOKED_AFTER, DECILE),
        },
    },
}


def multiverse(sample: pd.DataFrame, spec: Spec, choices: Choices, cut: Cut) -> list[Estimate]:
    """The odds ratio of £100 more on prevention under every combination of :data:`OPTIONS`."""
    import numpy as np

    from analysis.estimators.specification_curve import SpecificationEstimate, specification_curve

    frames: dict[Cut, pd.DataFrame] = {}

    def estimate(chosen: dict[str, Any]) -> SpecificationEstimate:
        what = {k: v for choice, option in chosen.items() for k, v in OPTIONS[choice][option].items()}
        how = {k: what.pop(k) for k in ("by_framework", "terms") if k in what}
        part = replace(cut, all_authorities=True, **what)
        try:
            if part not in frames:
                frames[part] = inspections(sample, spec, choices, part)
        except MartLacks as exc:
            return SpecificationEstimate(float("nan"), float("nan"), reason=str(exc))
        fit = fitted(frames[part], spec, **how)
        if fit.reason:
            return SpecificationEstimate(float("nan"), float("nan"), fit.n, fit.reason)
        at = fit.names.index(PREVENTATIVE)
        return SpecificationEstimate(float(fit.coef[at]), float(np.sqrt(fit.cov[at, at])), fit.n)

    return _multiverse_rows(specification_curve({choice: list(names) for choice, names in OPTIONS.items()}, estimate))


def _multiverse_rows(curve: SpecificationCurve) -> list[Estimate]:
    """The middle and the ends of all specifications, how many agree, the median by option, and each of them."""
    import numpy as np

    method = "odds ratio of £100 a child more on prevention; every combination of: " + "; ".join(
        f"{choice} ({', '.join(names)})" for choice, names in OPTIONS.items()
    )
    place, about = "multiverse", {"method": method, "reason": curve.reason}
    if not curve.ok:
        return [row(place, "odds_ratio", "median", None, **about)]
    values = curve.estimated["estimate"]
    out = [
        row(place, "odds_ratio", name, float(np.exp(at)), n=len(values), **about)
        for name, at in (("median", curve.median), ("lowest", values.min()), ("highest", values.max()))
    ]
    positive = values > 0
    clear = positive & curve.estimated["significant"].astype(bool)
    out.append(row(place, "percent", "above one", 100 * float(positive.mean()), n=len(values), **about))
    out.append(
        row(place, "percent", "above one, interval leaves out one", 100 * float(clear.mean()), n=len(values), **about)
    )
    for choice in curve.by_choice().to_dict("records"):
        out.append(
            row(
                place,
                "median_odds_ratio",
                f"{choice['choice']}: {choice['option']}",
                float(np.exp(choice["median"])),
                n=int(choice["specifications"]),
                method="median over the specifications with this choice",
            )
        )
    for found in curve.estimated.to_dict("records"):
        out.append(
            row(
                "specification",
                "odds_ratio",
                " | ".join(str(found[choice]) for choice in OPTIONS),
                float(np.exp(found["estimate"])),
                ci_low=float(np.exp(found["ci_low"])),
                ci_high=float(np.exp(found["ci_high"])),
                n=int(found["n"]),
            )
        )
    return out
