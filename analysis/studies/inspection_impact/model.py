"""Study 003: what does an inspection do? Multilevel segmented Poisson models of 24 measures around the inspection.

The paper's steps in its order: sample, judgements (table 1), medians (figure 1), impact models compared, percentage
changes (table 2), chained paths (figures 2-4), discontinuities, statements. Then what a careful reader asks: errors
clustered by authority, NB2, the other covariance, other readings of the year of inspection, the next framework,
placebo years, a specification curve, and not-yet-inspected authorities as controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING

from analysis.estimators.mixed_poisson import (
    Covariance,
    Errors,
    MixedPoissonFit,
    MixedPoissonProblem,
    fit_mixed_poissons,
    fit_poissons_and_nb2s,
)
from analysis.estimators.segmented import IMPACT_MODELS, STAGES
from analysis.marts import MartLacks, Marts
from analysis.results import Estimate
from analysis.studies.inspection_impact import staggered
from analysis.studies.inspection_impact.claims import CLAIMS, judge
from analysis.studies.inspection_impact.multiverse import EDITIONS, POPULATIONS, differs, multiverse
from analysis.studies.inspection_impact.panel import (
    BASES,
    STRATA,
    Measure,
    by_stratum,
    centred,
    every_year,
    joined_assessments,
    measures,
    newest_populations,
    problem,
    read_panel,
    stratum,
    window_of,
)
from analysis.studies.replication import as_printed, marts_of_the_day
from analysis.studies.spec import Choices, Spec

if TYPE_CHECKING:
    import pandas as pd

STUDY = "inspection_impact"
SEGMENTED = "multilevel segmented Poisson, Laplace"
#: A median or a point of a path rests on at least so many authorities.
FEWEST = 10
Fits = dict[tuple[str, str], MixedPoissonFit]


def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """Every estimate of the study under the choices; the papers' choices bring the checks and the re-run with them."""
    is_the_papers = choices == Choices(as_of=choices.as_of).filled(spec)
    chosen = measures(spec, choices.deflator)
    window = window_of(choices)
    panel = read_panel(marts, choices.framework, chosen)
    # The paper could not have had later years; what they add is beside it.
    held_then = panel[panel["year"] <= int(spec.pins["last_year"])] if is_the_papers else panel
    frame = centred(held_then, choices.basis, window)
    covariance: Covariance = "correlated" if spec.pins["covariance"] == "correlated" else "independent"
    other: Covariance = "independent" if covariance == "correlated" else "correlated"

    out = [*sample(frame, chosen, window), *judgements(marts, spec), referrals(marts, spec)]
    out += medians(frame, chosen)
    fits, nb2 = fit_both(frame, chosen, covariance=covariance)
    by_model = {
        name: fits if name == "segmented" else fit_all(frame, chosen, covariance=covariance, model=name)
        for name in IMPACT_MODELS
    }
    out += compared(by_model)
    out += stages("table 2", fits, "percent_change", None, f"{SEGMENTED}, {covariance} effects, model-based errors")
    out += stages("table 2", fits, "percent_change_clustered", "robust", f"{SEGMENTED}, errors clustered by authority")
    out += stages("table 2", nb2, "percent_change_nb2", None, "multilevel segmented NB2, Laplace, model-based errors")
    fitted = fit_all(frame, chosen, covariance=other)
    out += stages("table 2", fitted, f"percent_change_{other}", None, f"{SEGMENTED}, {other} effects")
    out += paths(fits, window, held(frame, chosen))
    out += labels(fits)
    out += detectable(fits)
    otherwise: dict[str, Fits] = {}
    if is_the_papers:
        for basis in BASES:
            if basis == choices.basis:
                continue
            again = fit_all(centred(held_then, basis, window), chosen, covariance=covariance)
            place = f"table 2, year by {basis}"
            out += stages(place, again, "percent_change", None, f"{SEGMENTED}, {covariance} effects")
            out += claims(f"claims, year by {basis}", again)
            otherwise[basis] = again
        newest = fit_all(centred(panel, choices.basis, window), chosen, covariance=covariance)
        place = "table 2, to the newest year"
        out += stages(
            place, newest, "percent_change_clustered", "robust", f"{SEGMENTED}, errors clustered by authority"
        )
        out += claims("claims, to the newest year", newest)
        out += replication(marts, spec, choices, window, covariance, panel, {choices.basis: fits, **otherwise})
        out += joined(marts, spec, choices, window, covariance)
        out += rerun(marts, "ilacs", chosen, window, choices.basis, covariance)
    out += claims("claims", fits, otherwise)
    headline = [m for m in chosen if m.name in spec.variables["headline"]]
    out += placebos(panel, choices.basis, headline, covariance)
    out += specifications(marts, spec, choices, headline)
    out += beyond(marts, choices, chosen, headline, frame, window, with_other_framework=is_the_papers)
    return out


def replication(
    marts: Marts,
    spec: Spec,
    choices: Choices,
    window: tuple[int, int],
    covariance: Covariance,
    newest: pd.DataFrame,
    fits: Mapping[str, Fits],
) -> list[Estimate]:
    """The paper's statements from the editions of its day; none where these have the figures of the newest panel.

    Counts of judgements are of no edition. fits: by basis of the year, from the newest; a measure whose figures are
    the same is not fitted again.
    """
    then = marts_of_the_day(marts, STUDY)
    if then is None:
        return []
    chosen = measures(spec, choices.deflator)
    panel = read_panel(then, choices.framework, chosen)
    changed = [m for m in chosen if differs(newest, panel, m)]
    if not changed:
        return []
    panel = panel[panel["year"] <= int(spec.pins["last_year"])]
    of_the_day = {
        basis: {**before, **fit_all(centred(panel, basis, window), changed, covariance=covariance)}
        for basis, before in fits.items()
    }
    first = of_the_day.pop(choices.basis)
    return as_printed(spec, claims("claims", first, of_the_day))


def beyond(
    marts: Marts,
    choices: Choices,
    chosen: list[Measure],
    headline: list[Measure],
    frame: pd.DataFrame,
    window: tuple[int, int],
    *,
    with_other_framework: bool,
) -> Iterator[Estimate]:
    """What is believed: not-yet-inspected controls, inference for few clusters, and a matched comparison."""
    panel = every_year(marts, choices.framework, chosen)
    yield from staggered.effects(panel, chosen, window)
    yield from staggered.few(frame, headline, STRATA)
    yield from staggered.matched(panel, chosen)
    if with_other_framework:
        yield from staggered.other_frameworks(marts, "ilacs", chosen, window)


# --- description ------------------------------------------------------------------------------------------------------


def specifications(marts: Marts, spec: Spec, choices: Choices, headline: list[Measure]) -> Iterator[Estimate]:
    """The step in the year of the report under every defensible choice: of model, prices, editions and populations."""
    prices = {
        m.name: {index: other for index in ("rpi", "cpih") for other in measures(spec, index) if other.name == m.name}
        for m in headline
        if choices.deflator in m.column
    }
    read = [*headline, *(o for by in prices.values() for o in by.values())]
    wider = read_panel(marts, choices.framework, read)
    then = marts_of_the_day(marts, STUDY)
    panels = {EDITIONS: read_panel(then, choices.framework, read)} if then else {}
    panels |= {POPULATIONS: newest_populations(marts, wider)}
    yield from multiverse(wider, headline, prices, other_inspections(marts, choices.framework), panels=panels)


def sample(frame: pd.DataFrame, chosen: list[Measure], window: tuple[int, int]) -> list[Estimate]:
    """Authorities by outcome group, measures, event years, and the span of the reports."""
    import pandas as pd

    first = frame.drop_duplicates("la_code")
    counts = {name: len(stratum(first, name)) for name in STRATA}
    # Overall judgement 1; the group joins it with good.
    counts["outstanding"] = int((first["overall_judgement"] == 1).sum())
    counts["measures"] = len(chosen)
    counts["event years"] = window[1] - window[0] + 1
    published = pd.to_datetime(first["publication_date"])
    out = [_estimate("sample", "n", k, v, n=len(first), method="first inspections") for k, v in counts.items()]
    out.append(_estimate("sample", "years", "first report", int(published.min().year), n=len(first)))
    out.append(_estimate("sample", "years", "last report", int(published.max().year), n=len(first)))
    return out


def judgements(marts: Marts, spec: Spec) -> list[Estimate]:
    """Table 1: judgements by framework to the study's end; who was ever inadequate, who never below good."""
    rows = marts.frame(
        "select framework, overall_judgement, publication_date, la_code, is_first_in_framework "
        "from marts.fct_inspection where overall_judgement is not null"
    )
    rows["day"] = rows["publication_date"].astype(str).str[:10]
    until = rows[rows["day"] <= spec.pins["judgements_to"]]
    out = []
    for framework, part in until.groupby("framework"):
        for judgement in (1, 2, 3, 4):
            n = int((part["overall_judgement"] == judgement).sum())
            out.append(_estimate("table 1", "n", f"{framework} judged {judgement}", n, n=len(part)))
    worst = until.groupby("la_code")["overall_judgement"].max()
    for subject, hit in (("ever inadequate", worst == 4), ("never below good", worst <= 2)):
        out.append(_estimate("table 1", "n", subject, int(hit.sum()), n=len(worst)))
        out.append(_estimate("table 1", "percent", subject, 100 * float(hit.mean()), n=len(worst)))
    ilacs = rows[(rows["framework"] == "ilacs") & (rows["day"] <= spec.pins["ilacs_first_two_years_to"])]
    sif = rows[(rows["framework"] == "sif") & rows["is_first_in_framework"]]
    sif = sif[~sif["la_code"].isin(_excluded(marts))]
    for subject, part, hit in (
        ("ILACS to December 2019 good or outstanding", ilacs, ilacs["overall_judgement"] <= 2),
        ("SIF inadequate or requires improvement", sif, sif["overall_judgement"] >= 3),
    ):
        share = 100 * float(hit.mean()) if len(part) else None
        out.append(_estimate("table 1", "percent", subject, share, n=len(part)))
    return out


def referrals(marts: Marts, spec: Spec) -> Estimate:
    """The share of England's referrals after which a child is assessed as in need."""
    year = int(spec.pins["referrals_year"])
    rows = marts.england(["referrals_nfa_pct", "referrals_not_in_need_pct"])
    rows = rows[rows["year"] == year]
    value = 100 - float(rows["value"].sum()) if len(rows) == 2 else None
    return _estimate(
        "context",
        "percent",
        "referrals that lead to a child in need",
        value,
        method=f"100 less no further action and less not in need, England {year}",
        reason="" if value is not None else f"England's referrals of {year} are not held",
    )


def other_inspections(marts: Marts, framework: str) -> pd.DataFrame:
    """la_code and reporting year of inspections other than the first of the framework, and of visits."""
    parts = [
        "select la_code, year_by_publication as year from marts.fct_inspection "
        f"where not (framework = '{framework}' and is_first_in_framework)"
    ]
    if marts.has("marts.fct_visit"):
        parts.append("select la_code, year_by_visit as year from marts.fct_visit")
    return marts.frame(" union ".join(parts)).dropna()


def _excluded(marts: Marts) -> set[str]:
    return set(marts.frame("select la_code from marts.dim_local_authority where is_excluded_from_studies")["la_code"])


def medians(frame: pd.DataFrame, chosen: list[Measure]) -> Iterator[Estimate]:
    """Figure 1: the median of each measure by event year; counts per 10,000 children."""
    parts = by_stratum(frame)
    for m, name in product(chosen, STRATA):
        part = parts[name]
        values = part[m.column] / part["population_0_17"] * 10_000 if m.is_count else part[m.column]
        for event_year, group in values.groupby(part["event_year"]):
            known = group.dropna()
            subject = f"{name} | {m.name} | Y{event_year}"
            few = len(known) < FEWEST
            value = None if few else float(known.median())
            unit = "per 10,000 children" if m.is_count else ""
            reason = f"{len(known)} authorities have a figure, fewer than {FEWEST}" if few else ""
            yield _estimate("figure 1", "median", subject, value, n=len(known), method=unit, reason=reason)


def held(frame: pd.DataFrame, chosen: list[Measure]) -> dict[tuple[str, str], dict[int, int]]:
    """Authorities with a figure by event year, for every measure and stratum."""
    out = {}
    parts = by_stratum(frame)
    for m, name in product(chosen, STRATA):
        part = parts[name]
        known = part.loc[part[m.column].notna(), "event_year"].value_counts()
        out[m.name, name] = dict(zip(known.index.astype(int).tolist(), known.tolist(), strict=True))
    return out


# --- the models -------------------------------------------------------------------------------------------------------


def fit_all(
    frame: pd.DataFrame,
    chosen: Iterable[Measure],
    *,
    covariance: Covariance,
    model: str = "segmented",
) -> Fits:
    """Every measure in every stratum under one model, fitted together: (measure, stratum) → fit."""
    problems = problems_of(frame, chosen, model)
    return dict(zip(problems, fit_mixed_poissons(list(problems.values()), covariance=covariance), strict=True))


def fit_both(frame: pd.DataFrame, chosen: Iterable[Measure], *, covariance: Covariance) -> tuple[Fits, Fits]:
    """The segmented model of every measure in every stratum, Poisson and NB2."""
    problems = problems_of(frame, chosen, "segmented")
    poisson, nb2 = fit_poissons_and_nb2s(list(problems.values()), covariance=covariance)
    return dict(zip(problems, poisson, strict=True)), dict(zip(problems, nb2, strict=True))


def problems_of(
    frame: pd.DataFrame, chosen: Iterable[Measure], model: str
) -> dict[tuple[str, str], MixedPoissonProblem]:
    """(measure, stratum) → the data of its model."""
    parts = by_stratum(frame)
    return {(m.name, name): problem(parts[name], m, model=model) for m in chosen for name in STRATA}


def compared(by_model: dict[str, Fits]) -> Iterator[Estimate]:
    """The impact models of each measure and stratum: distance from the lowest AIC and BIC."""
    from analysis.estimators.segmented import compare_impact_models

    wins: dict[tuple[str, str], int] = {}
    for measure, name in by_model["segmented"]:
        comparison = compare_impact_models({model: fits[measure, name] for model, fits in by_model.items()})
        for criterion, best in (("aic", comparison.best_aic), ("bic", comparison.best_bic)):
            wins[criterion, best] = wins.get((criterion, best), 0) + 1
            for row in comparison.models.to_dict("records"):
                yield _estimate(
                    "model choice",
                    f"delta_{criterion}",
                    f"{name} | {measure} | {row['model']}",
                    row.get(f"delta_{criterion}"),
                    n=int(row["n"]),
                    reason=comparison.reason,
                    method="distance from the lowest of five impact models",
                )
    total = len(by_model["segmented"])
    for criterion, model in product(("aic", "bic"), IMPACT_MODELS):
        share = 100 * wins.get((criterion, model), 0) / total
        yield _estimate("model choice", f"percent lowest {criterion}", model, share, n=total)


def stages(place: str, fits: Fits, statistic: str, errors: Errors | None, method: str) -> Iterator[Estimate]:
    """The four stages of every fit as percentage changes."""
    for (measure, name), fit in fits.items():
        rows = _terms(fit, errors)
        for stage in STAGES:
            row = rows.get(stage, {})
            yield _estimate(
                place if name == "all" else place.replace("table 2", "table 2 by outcome"),
                statistic,
                f"{name} | {measure} | {stage}",
                row.get("percent_change"),
                ci_low=row.get("percent_low"),
                ci_high=row.get("percent_high"),
                p_value=row.get("p_value"),
                n=fit.n_obs,
                family=f"{place} {statistic} {name}",
                method=f"{method}; {fit.n_clusters} authorities",
                reason=fit.reason,
            )


def paths(
    fits: Fits, window: tuple[int, int], authorities: Mapping[tuple[str, str], Mapping[int, int]]
) -> Iterator[Estimate]:
    """Figures 2-4: the four changes chained, the first event year 100%; errors clustered by authority.

    A path begins in the first event year in which enough authorities have a figure, and has no point where too few do:
    what the model says of a year without data is not a result. Its n is the authorities of that year.
    """
    from analysis.estimators.segmented import chained_path

    for (measure, name), fit in fits.items():
        if not fit.ok:
            yield _estimate("figures 2-4", "path", f"{name} | {measure}", None, n=fit.n_obs, reason=fit.reason)
            continue
        by_year = {year: authorities[measure, name].get(year, 0) for year in range(window[0], window[1] + 1)}
        start = next((year for year, n in by_year.items() if n >= FEWEST), window[1])
        drawn = {
            row["event_year"]: row
            for row in chained_path(fit, start=start, stop=window[1], errors="robust").to_dict("records")
        }
        for year, n in by_year.items():
            few = n < FEWEST
            row = {} if few else drawn.get(year, {})
            yield _estimate(
                "figures 2-4",
                "path",
                f"{name} | {measure} | Y{year}",
                row.get("percent"),
                ci_low=row.get("ci_low"),
                ci_high=row.get("ci_high"),
                n=n,
                method=f"percent of Y{start}, interval clustered by authority",
                reason=f"{n} authorities have a figure, fewer than {FEWEST}" if few else "",
            )


def labels(fits: Fits) -> Iterator[Estimate]:
    """The discontinuities: by the paper's rule, by a test of the contrast, and by that test with clustered errors."""
    from analysis.estimators.segmented import discontinuities

    for (measure, name), fit in fits.items():
        if not fit.ok:
            continue
        model, robust = discontinuities(fit), discontinuities(fit, errors="robust")
        for label in model.labels:
            subject = f"{name} | {measure} | {label.kind}"
            clustered = robust[label.kind]
            differ = "the two rules disagree" if label.rules_differ else ""
            for rule, verdict, p in (
                ("intervals apart", label.by_overlap, None),
                ("Wald", label.by_wald, label.p_value),
                ("Wald, clustered", clustered.by_wald, clustered.p_value),
            ):
                yield _estimate(
                    "discontinuities",
                    f"present by {rule}",
                    subject,
                    None if verdict is None else float(verdict),
                    p_value=p,
                    n=fit.n_obs,
                    family=f"discontinuities {rule} {name}",
                    method=label.meaning,
                    reason=differ if rule != "Wald, clustered" else "",
                )


def claims(place: str, fits: Fits, otherwise: Mapping[str, Fits] | None = None) -> Iterator[Estimate]:
    """The paper's statements, part by part; what they score under other readings of the year is said beside it."""
    for subject, parts in CLAIMS.items():
        found = judge(parts, fits)
        n = max((fits[key].n_clusters for key in {(t.measure, t.stratum) for p in parts for t in p.terms}), default=0)
        method = f"share of {found.parts} parts that hold: sign and interval 1, sign only 0.5"
        words = [found.words]
        for basis, again in (otherwise or {}).items():
            value = judge(parts, again).value
            words.append(f"with the year by {basis} {'-' if value is None else f'{100 * value:.0f}%'}")
        yield _estimate(place, "claim", subject, found.value, n=n, method=method, reason="; ".join(words))


def detectable(fits: Fits) -> Iterator[Estimate]:
    """The smallest step at Y0 that each fit would have found with 80% power, given its clustered error."""
    import math

    from analysis.estimators.power import detectable_from_se

    for (measure, name), fit in fits.items():
        if not fit.ok or "step0" not in fit.names:
            continue
        se = float(fit.se("robust")[fit.names.index("step0")])
        least = detectable_from_se(se, df=max(fit.n_clusters - 1, 1))
        value = 100 * math.expm1(least.effect) if least.ok else None
        subject = f"{name} | {measure} | step0"
        yield _estimate("power", "minimum detectable percent change", subject, value, n=fit.n_obs, reason=least.reason)


def joined(
    marts: Marts, spec: Spec, choices: Choices, window: tuple[int, int], covariance: Covariance
) -> Iterator[Estimate]:
    """Assessments as one series over the change from initial to continuous ones, which has more years before."""
    frame = joined_assessments(marts, choices.framework)
    frame = centred(frame[frame["year"] <= int(spec.pins["last_year"])], choices.basis, window)
    measure = Measure("assessments_joined", "assessments_joined_count", "provision", True)
    fits = fit_all(frame, [measure], covariance=covariance)
    place = "table 2, assessments joined"
    yield from stages(place, fits, "percent_change_clustered", "robust", f"{SEGMENTED}, errors clustered by authority")


def rerun(
    marts: Marts, framework: str, chosen: list[Measure], window: tuple[int, int], basis: str, covariance: Covariance
) -> list[Estimate]:
    """The same models around first inspections of another framework."""
    try:
        frame = centred(read_panel(marts, framework, chosen), basis, window)
    except MartLacks as exc:
        return [_estimate(f"re-run {framework}", "n", "all", None, reason=str(exc))]
    fits = fit_all(frame, chosen, covariance=covariance)
    first = frame.drop_duplicates("la_code")
    out = [_estimate(f"re-run {framework}", "n", name, len(stratum(first, name))) for name in STRATA]
    kinds: list[tuple[str, Errors | None]] = [("percent_change", None), ("percent_change_clustered", "robust")]
    for statistic, errors in kinds:
        found = stages(f"re-run {framework}", fits, statistic, errors, SEGMENTED)
        out += found
    return [*out, *claims(f"re-run {framework}, claims", fits)]


# --- would it find an effect where there is none? ---------------------------------------------------------------------


def placebos(panel: pd.DataFrame, basis: str, chosen: list[Measure], covariance: Covariance) -> Iterator[Estimate]:
    """The step at pretended inspections two and three years early, from the years before the real one."""
    frame = centred(panel, basis, (-5, -1))
    jobs = [(m, name, shift) for m in chosen for name in STRATA for shift in (2, 3)]
    moved = {
        (name, shift): part.assign(event_year=part["event_year"] + shift)
        for name, part in by_stratum(frame).items()
        for shift in (2, 3)
    }
    problems = [problem(moved[name, shift], m, model="level") for m, name, shift in jobs]
    for (m, name, shift), fit in zip(jobs, fit_mixed_poissons(problems, covariance=covariance), strict=True):
        yield _step("placebo", f"{name} | {m.name} | inspection {shift} years early", fit, "placebo")


def _step(place: str, subject: str, fit: MixedPoissonFit, family: str) -> Estimate:
    """The step at Y0 of a fit, errors clustered by authority."""
    row = _terms(fit, "robust").get("step0", {})
    return _estimate(
        place,
        "percent_change_clustered",
        subject,
        row.get("percent_change"),
        ci_low=row.get("percent_low"),
        ci_high=row.get("percent_high"),
        p_value=row.get("p_value"),
        n=fit.n_obs,
        family=family,
        method="slope and one step, errors clustered by authority",
        reason=fit.reason,
    )


def _terms(fit: MixedPoissonFit, errors: Errors | None) -> dict[str, dict[str, float]]:
    """Term → percentage change, its interval and p, as ``fit.frame`` has them; nothing for a fit that was not made."""
    import numpy as np
    from scipy.special import ndtr, stdtr

    if not fit.ok:
        return {}
    se = fit.se(errors)
    half = fit.critical_value(0.95, errors) * se
    with np.errstate(invalid="ignore", divide="ignore"):
        z = -np.abs(fit.coef / se)
    p = 2 * (stdtr(max(fit.n_clusters - 1, 1), z) if errors == "robust" else ndtr(z))
    low, middle, high = (100 * np.expm1(x) for x in (fit.coef - half, fit.coef, fit.coef + half))
    keys = ("percent_change", "percent_low", "percent_high", "p_value")
    return {name: dict(zip(keys, row, strict=True)) for name, *row in zip(fit.names, middle, low, high, p, strict=True)}


def _estimate(
    place: str,
    statistic: str,
    subject: str,
    value: float | None,
    *,
    ci_low: float | None = None,
    ci_high: float | None = None,
    p_value: float | None = None,
    n: int | None = None,
    family: str = "",
    method: str = "",
    reason: str = "",
) -> Estimate:
    return Estimate(STUDY, place, statistic, subject, value, ci_low, ci_high, p_value, None, n, family, method, reason)
