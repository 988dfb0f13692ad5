"""Value-added ratings: judgements beside those expected given deprivation, spend and demand.

One row per inspection under the SIF or ILACS, its rating a score (4 outstanding to 1 inadequate), its circumstances
those of the reporting year before. An authority's value added is the residual that its inspections share, shrunken by
how little one inspection tells; its interval counts the uncertainty of the expectation. Ratings of few inspections are
uncertain: most intervals hold zero, and a rank is an interval, not a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.marts import MartLacks, require
from analysis.results import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators.rank_correlation import RankCorrelation
    from analysis.estimators.value_added import ValueAdded
    from analysis.marts import Marts
    from analysis.studies.spec import Choices, Spec

STUDY = "value_added"
HOW = "linear mixed model of the score, intercept by authority, REML; best linear unbiased prediction"


def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """All estimates on a warehouse."""
    frame = read_inspections(marts, spec, choices)
    return estimates(frame, spec.variables["circumstances"], int(spec.variables["least_inspections"]))


def read_inspections(marts: Marts, spec: Spec, choices: Choices) -> pd.DataFrame:
    """One row per inspection of the frameworks and window chosen, with its circumstances in the year before.

    Raises:
        MartLacks: a column is missing, or no inspection is left.
    """
    needed = ["la_code", "la_name", "framework", "publication_date", "overall_judgement", "lag", "year"]
    frame = marts.sample("performance_indicators", [*needed, "is_excluded_from_studies", "imd_average_score"])
    spend = marts.frame(
        "select la_code, year, gbp_real_per_child as spend_gbp_per_child from marts.fct_la_year_spend_real "
        "where spend_return = 's251_outturn' and spend_group = 'total' and gross_or_net = 'gross' "
        f"and price_index = '{choices.deflator}' and base_year = {int(spec.variables['base_year'])}"
    )
    if spend.empty:
        raise MartLacks(f"no spend at the prices of {spec.variables['base_year']} by {choices.deflator}")
    first, last = choices.window.split(":")
    mine = (
        frame["framework"].isin(choices.framework.split())
        & frame["publication_date"].astype("datetime64[s]").between(first, last)
        & (frame["lag"] == -1)
        & ~frame["is_excluded_from_studies"].astype(bool)
    )
    out = frame[mine].merge(spend, on=["la_code", "year"], how="left", validate="m:1")
    out["score"] = 5.0 - out["overall_judgement"]
    return require(out, list(spec.variables["circumstances"]), f"inspections under {choices.framework}")


def row(place: str, statistic: str, subject: str, value: Any, **more: Any) -> Estimate:
    """An estimate of this study."""
    return Estimate(STUDY, place, statistic, subject, value, **more)


def design(frame: pd.DataFrame, circumstances: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Circumstances in their steps, and which framework (the first is the reference), if there are several."""
    out = frame[[]].copy()
    for column, about in circumstances.items():
        out[about["label"]] = frame[column].astype(float) / about["step"]
    frameworks = sorted(frame["framework"].unique())
    for framework in frameworks[1:]:
        out[f"under {framework.upper()}"] = (frame["framework"] == framework).astype(float)
    return out


def estimates(frame: pd.DataFrame, circumstances: dict[str, dict[str, Any]], least: int) -> list[Estimate]:
    """Expectations, variance components and the value added of every authority; a reason where there is no model."""
    from analysis.estimators.ordinal import fit_ordinal
    from analysis.estimators.rank_correlation import spearman
    from analysis.estimators.value_added import fit_value_added

    n = len(frame)
    out = [row("sample", "n", "inspections", float(n), n=n)]
    out.append(row("sample", "n", "authorities", float(frame["la_code"].nunique()), n=n))
    if n < least:
        return [
            *out,
            row("value added", "value_added", "all", None, n=n, reason=f"{n} inspections, {least} are needed"),
        ]
    X = design(frame, circumstances)
    fit = fit_value_added(frame["score"], frame["la_code"], X.to_numpy(dtype=float), names=list(X.columns))
    if not fit.ok:
        return [*out, row("value added", "value_added", "all", None, n=fit.n, reason=fit.reason)]
    steps = {about["label"]: about["step"] for about in circumstances.values()}
    out += expectations(fit, steps)
    names = dict(zip(frame["la_code"], frame["la_name"], strict=True))
    out += authorities(fit, names)
    out += checks(frame, circumstances, fit)
    # The same with grades as ordered categories: the expectation of a proportional-odds model, taken off first.
    ordinal = fit_ordinal(frame["score"], X.to_numpy(dtype=float), names=list(X.columns))
    other = None
    if ordinal.ok:
        expected = ordinal.expected(X.to_numpy(dtype=float))
        other = fit_value_added(frame["score"], frame["la_code"], expected=expected)
    if other is None or not other.ok:
        reason = ordinal.reason if other is None else other.reason
        return [*out, row("check", "spearman_rho", "linear x ordinal expectation", None, reason=reason)]
    both = fit.units.merge(other.units, on="unit", suffixes=("", "_ordinal"))
    agree = spearman(both["residual"], both["residual_ordinal"])
    how = "residuals of authorities by a linear and by a proportional-odds expectation"
    out.append(agreement("linear x ordinal expectation", agree, how))
    return out


def agreement(subject: str, agree: RankCorrelation, how: str) -> Estimate:
    """How alike two ratings rank the authorities."""
    return row(
        "check",
        "spearman_rho",
        subject,
        agree.rho,
        ci_low=agree.ci_low,
        ci_high=agree.ci_high,
        n=agree.n,
        method=how,
        reason=agree.reason,
    )


def checks(frame: pd.DataFrame, circumstances: dict[str, dict[str, Any]], fit: ValueAdded) -> list[Estimate]:
    """What the ratings rest on: without spending, normality of the residuals, and how many chance alone would clear."""
    import numpy as np
    from scipy.special import ndtr
    from scipy.stats import shapiro

    from analysis.estimators.multiplicity import benjamini_hochberg
    from analysis.estimators.rank_correlation import spearman
    from analysis.estimators.value_added import fit_value_added

    out = []
    without = {c: about for c, about in circumstances.items() if not c.startswith("spend_")}
    X = design(frame, without)
    other = fit_value_added(frame["score"], frame["la_code"], X.to_numpy(dtype=float), names=list(X.columns))
    # Spending follows a judgement as well as going before it: what the ratings are without it.
    if other.ok:
        both = fit.units.merge(other.units, on="unit", suffixes=("", "_without"))
        agree = spearman(both["value_added"], both["value_added_without"])
        how = "value added with spend of the year before among the circumstances, and without spend"
        out.append(agreement("with x without spend", agree, how))
        clear = int(((other.units["ci_low"] > 0) | (other.units["ci_high"] < 0)).sum())
        out.append(row("check", "n", "clear of zero without spend", float(clear), n=other.n_units))
    units = fit.units
    residual = units["residual"].to_numpy(dtype=float)
    if len(residual) >= 3 and np.ptp(residual) > 0:
        test = shapiro(residual)
        out.append(
            row(
                "check",
                "shapiro_w",
                "residuals of authorities",
                float(test.statistic),
                p_value=float(test.pvalue),
                n=len(residual),
                method="Shapiro and Wilk; scores are four steps, so that residuals are normal at best roughly",
            )
        )
    half = (units["ci_high"] - units["ci_low"]).to_numpy(dtype=float) / 2
    z = units["value_added"].to_numpy(dtype=float) / np.where(half > 0, half / 1.959963984540054, np.nan)
    p = 2 * ndtr(-np.abs(z[np.isfinite(z)]))
    kept = int((benjamini_hochberg(p) < 0.05).sum()) if len(p) else 0
    out.append(
        row(
            "check",
            "n",
            "clear of zero after Benjamini and Hochberg",
            float(kept),
            n=len(p),
            method=f"of {len(p)} intervals some {0.05 * len(p):.0f} would leave out zero by chance, were none shrunken",
        )
    )
    return out


def expectations(fit: ValueAdded, steps: dict[str, Any]) -> list[Estimate]:
    """What the expected score rests on, and how its residual splits between authorities and inspections."""
    out = []
    for term in fit.coefficients().to_dict("records"):
        step = f", per {steps[term['term']]:g}" if term["term"] in steps else ""
        out.append(
            row(
                "expected",
                "B",
                term["term"],
                term["estimate"],
                ci_low=term["ci_low"],
                ci_high=term["ci_high"],
                p_value=term["p_value"],
                n=fit.n,
                family="" if term["term"] == "const" else "expected",
                method=f"points of the score (4 outstanding to 1 inadequate){step}; {HOW}",
                reason=fit.reason,
            )
        )
    for statistic, value, what in (
        ("sd_between_authorities", fit.tau, "lasting differences"),
        ("sd_between_inspections", fit.sigma, "differences from one inspection to the next"),
        ("reliability_of_one_rating", fit.reliability_of_one, "share of one residual's variance that lasts"),
    ):
        out.append(row("variance", statistic, "score", value, n=fit.n, method=f"{what}; {HOW}", reason=fit.reason))
    return out


def authorities(fit: ValueAdded, names: dict[str, str]) -> list[Estimate]:
    """Every authority: value added with its interval, scores observed and expected, and the interval of its rank."""
    out = []
    clear = 0
    for unit in fit.units.to_dict("records"):
        subject, n = f"{names[unit['unit']]} ({unit['unit']})", int(unit["n"])
        clear += unit["ci_low"] > 0 or unit["ci_high"] < 0
        shrunk = f"residual {unit['residual']:.3f} shrunken by {unit['reliability']:.2f}"
        out += [
            row(
                "value added",
                "value_added",
                subject,
                unit["value_added"],
                ci_low=unit["ci_low"],
                ci_high=unit["ci_high"],
                n=n,
                method=f"{HOW}; {shrunk}",
            ),
            row("value added", "observed_score", subject, unit["observed"], n=n),
            row("value added", "expected_score", subject, unit["expected"], n=n),
            row("value added", "probability_above_expected", subject, unit["probability_above"], n=n),
            row(
                "value added",
                "rank",
                subject,
                unit["rank"],
                ci_low=unit["rank_low"],
                ci_high=unit["rank_high"],
                n=n,
                method="mean rank over draws, 1 = highest value added",
            ),
        ]
    out.append(
        row(
            "value added",
            "n",
            "authorities whose interval leaves out zero",
            float(clear),
            n=fit.n_units,
            method="95% intervals of the shrunken residual",
        )
    )
    return out
