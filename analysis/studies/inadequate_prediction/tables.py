"""Estimates of study 004: pure functions from the panel to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.results import Estimate
from analysis.studies.inadequate_prediction.panel import STUDY, judged_inadequate

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators.elastic_net import ElasticNetFit
    from analysis.estimators.validation import Performance

Labels = Mapping[str, str]
HOW = "elastic-net logistic regression, mixing and penalty by 10-fold cross-validation"


def row(place: str, statistic: str, subject: str, value: Any, **more: Any) -> Estimate:
    """An estimate of this study."""
    return Estimate(STUDY, place, statistic, subject, value, **more)


# --- figure 2 -----------------------------------------------------------------------------------------------------


def medians(panel: pd.DataFrame, labels: Labels, years: Sequence[int], timeliness: Sequence[str]) -> list[Estimate]:
    """Median over authorities of every measure and year held, and what the paper reads off them in ``years``."""
    out = []
    table: Any = panel.groupby("year")[list(labels)].agg(["median", "count"])
    for measure, label in labels.items():
        for year, cell in table[measure].iterrows():
            if cell["count"] > 0:
                out.append(row("figure 2", "median", f"{label} | {year}", cell["median"], n=int(cell["count"])))
        window = table[measure]["median"].reindex(list(years)).dropna()
        out.append(
            row(
                "figure 2",
                "mean_of_medians",
                f"{label} | {years[0]}-{years[-1]}",
                window.mean() if len(window) else None,
                method=f"mean of the medians of {len(window)} years",
                reason="" if len(window) else f"not in the returns held for {years[0]} to {years[-1]}",
            )
        )
    known = [table[m]["median"].reindex(list(years)).max() for m in timeliness]
    known = [v for v in known if v == v]
    out.append(
        row(
            "figure 2",
            "mean_of_highest_medians",
            f"timeliness | {years[0]}-{years[-1]}",
            float(np.mean(known)) if known else None,
            method="highest median of each timeliness measure, averaged over the measures",
            reason="" if known else "no measure of timeliness in these years",
        )
    )
    return out


# --- figure 3 -----------------------------------------------------------------------------------------------------


def persistent_signs(
    panel: pd.DataFrame, labels: Labels, years: Sequence[int], needed: int, place: str
) -> dict[frozenset[str], Estimate]:
    """Every pair of measures: +1 or -1 where rho is significant with one sign in ``needed`` years, else 0."""
    from analysis.estimators.rank_correlation import persistent_correlations

    by_year = {year: panel.loc[panel["year"] == year, list(labels)].astype(float) for year in years}
    found = persistent_correlations(by_year, years_needed=needed).frame()
    by_pair = {frozenset((p["first"], p["second"])): p for p in found.to_dict("records")}
    out = {}
    for first, second in combinations(labels, 2):
        pair = by_pair.get(frozenset((first, second)))
        subject = f"{labels[first]} x {labels[second]}"
        if pair is None or pair["years_computed"] < needed:
            held = 0 if pair is None else pair["years_computed"]
            estimate = row(
                place,
                "persistent_sign",
                subject,
                None,
                reason=f"both measures are held in {held} of the years, and {needed} are needed",
            )
        else:
            sign = 0.0 if not pair["persists"] else 1.0 if pair["sign"] == "+" else -1.0
            other = f", {pair['conflicting_years']} with the other sign" if pair["conflicting_years"] else ""
            estimate = row(
                place,
                "persistent_sign",
                subject,
                sign,
                method=f"Spearman p < .05 with one sign in {pair['years_significant']} of {pair['years_computed']} "
                f"years{other}; {needed} needed",
            )
        out[frozenset((first, second))] = estimate
    return out


def share_unrelated(
    signs: Mapping[frozenset[str], Estimate], subject: str, some: Sequence[str], others: Sequence[str]
) -> Estimate:
    """Of the pairs of some measures with others, the share without a persistent correlation."""
    keys = dict.fromkeys(frozenset((a, b)) for a in some for b in others if a != b)
    pairs = [signs[k] for k in keys if k in signs and signs[k].value is not None]
    related = [e.subject for e in pairs if e.value]
    return row(
        "figure 3",
        "share_not_persistent",
        subject,
        1 - len(related) / len(pairs) if pairs else None,
        method=f"share of {len(pairs)} pairs without a persistent correlation",
        reason=("related all the same: " + ", ".join(related) if related else "") if pairs else "no pair is held",
    )


# --- table 2 ------------------------------------------------------------------------------------------------------


def elastic_net(y: Any, frame: pd.DataFrame, measures: Sequence[str], seed: int) -> ElasticNetFit:
    """The paper's model: an elastic net of an inadequate judgement on measures; complete rows only."""
    from analysis.estimators.elastic_net import fit_elastic_net

    return fit_elastic_net(y, frame[list(measures)].to_numpy(dtype=float), names=list(measures), seed=seed)


#: Imputed sets, and how often the chained equations go round.
SETS, ROUNDS = 20, 10


def imputed(
    y: Any, frame: pd.DataFrame, fit: ElasticNetFit, measures: Sequence[str], labels: Labels, seed: int
) -> list[Estimate]:
    """The predictors that the model kept, without penalty: on complete cases, and with the gaps imputed.

    What is suppressed is not missing at random, and an authority with one gap is not in the model at all.
    """
    from analysis.estimators.firth import fit_firth
    from analysis.estimators.imputation import impute, pool

    kept = [m for m, b in zip(measures, fit.coef[1:], strict=True) if b != 0] if fit.ok else []
    if not kept:
        return [row("kept predictors, imputed", "B", "model", None, reason=fit.reason or "the model kept no predictor")]
    complete = fit_firth(y, frame[kept], names=kept)
    filled = impute(frame[list(measures)].astype(float).assign(outcome=y), sets=SETS, rounds=ROUNDS, seed=seed)
    found = [fit_firth(y, one[kept], names=kept, profiled=False) for one in filled]
    out = []
    for j, term in enumerate(complete.frame().to_dict("records")[1:], start=1):
        name = labels[kept[j - 1]]
        both = pool([f.coef[j] for f in found], [f.se[j] for f in found], df_complete=len(frame) - len(kept) - 1)
        how = "logistic regression with Firth's penalty on the predictors kept, as if they had not been selected"
        out += [
            row(
                "kept predictors, complete cases",
                "B",
                name,
                term["estimate"],
                ci_low=term["ci_low"],
                ci_high=term["ci_high"],
                p_value=term["p_value"],
                n=complete.n,
                family="kept predictors, complete cases",
                method=how,
                reason=complete.reason,
            ),
            row(
                "kept predictors, imputed",
                "B",
                name,
                both.estimate,
                ci_low=both.ci_low,
                ci_high=both.ci_high,
                p_value=both.p_value,
                n=len(frame),
                family="kept predictors, imputed",
                method=f"{how}; {SETS} sets by predictive mean matching, Rubin's rules, "
                f"{100 * both.missing_information:.0f}% of the variance is due to gaps",
                reason=both.reason,
            ),
        ]
    return out


def model_rows(fit: ElasticNetFit, labels: Labels, name: str) -> list[Estimate]:
    """Fit and coefficients of an elastic net, apparent as the paper prints them and held out."""
    place = f"elastic net | {name}"
    reason = "" if fit.ok else fit.reason
    about = {"n": fit.n, "reason": reason}
    chosen = f"{HOW}; alpha {fit.mixing:g}, lambda {fit.lambda_used:.3g}, {fit.n_events} events" if fit.ok else HOW
    figures = {
        "sensitivity_pct": (100 * fit.sensitivity, "apparent, at 0.5"),
        "specificity_pct": (100 * fit.specificity, "apparent, at 0.5"),
        "deviance_explained_pct": (100 * fit.deviance_explained, "apparent"),
        "held_out_sensitivity_pct": (100 * fit.held_out_sensitivity, "each authority by a model without its fold"),
        "held_out_specificity_pct": (100 * fit.held_out_specificity, "each authority by a model without its fold"),
        "held_out_deviance_explained_pct": (
            100 * (1 - fit.cv_deviance / fit.cv_null_deviance),
            "against the constant alone, held out at the chosen penalty",
        ),
        "n_inadequate": (fit.n_events, "among complete rows"),
    }
    out = [
        row(place, s, "model", v if fit.ok else None, method=f"{chosen}; {w}", **about) for s, (v, w) in figures.items()
    ]
    for term in fit.frame().to_dict("records"):
        subject = labels.get(term["term"], term["term"])
        dropped = "" if term["kept"] or not fit.ok else "not kept by the model"
        out.append(row(place, "coefficient", subject, term["estimate"], n=fit.n, method=HOW, reason=reason or dropped))
    return out


def performance_rows(found: Performance, place: str, note: str = "") -> list[Estimate]:
    """Brier score, calibration and the rest of one set of predictions, with observed rates by tenth of prediction."""
    out = [
        row(place, s["statistic"], "predictions", s["value"], n=found.n, reason=note or found.reason)
        for s in found.frame().to_dict("records")
    ]
    for i, b in enumerate(found.bins.to_dict("records") if found.ok else [], start=1):
        out.append(row(place, "observed_rate", f"tenth {i} of prediction", b["observed"], n=int(b["n"])))
        out.append(row(place, "predicted_rate", f"tenth {i} of prediction", b["predicted"], n=int(b["n"])))
    for point in found.roc.to_dict("records"):
        subject = f"at a false positive rate of {point['false_positive_rate']:.2f}"
        out.append(row(place, "true_positive_rate", subject, point["true_positive_rate"], n=found.n))
    return out


def nested(y: Any, frame: pd.DataFrame, measures: Sequence[str], name: str, seed: int) -> list[Estimate]:
    """Nested cross-validation of the whole procedure: tuned within the training part of each of five folds."""
    from analysis.estimators.validation import cross_validate, elastic_net_learner

    X = frame[list(measures)].to_numpy(dtype=float)
    found = cross_validate(y, X, elastic_net_learner(seed=seed), n_folds=5, seed=seed)
    return performance_rows(found.held_out, f"nested cross-validation | {name}", found.reason)


def hold_out(before: pd.DataFrame, after: pd.DataFrame, measures: Sequence[str], seed: int) -> list[Estimate]:
    """Fitted on the first SIF inspections, judged on the first ILACS ones."""
    from analysis.estimators.validation import elastic_net_learner, temporal_hold_out

    columns = list(measures)
    found = temporal_hold_out(
        before["is_inadequate"],
        before[columns].to_numpy(dtype=float),
        after["is_inadequate"],
        after[columns].to_numpy(dtype=float),
        elastic_net_learner(seed=seed),
    )
    return performance_rows(found.apparent, "temporal hold-out | apparent, SIF", found.reason) + performance_rows(
        found.held_out, "temporal hold-out | held out, ILACS", found.reason
    )


# --- table 3 ------------------------------------------------------------------------------------------------------


def scored(panel: pd.DataFrame, fit: ElasticNetFit, years: Sequence[int]) -> pd.DataFrame:
    """Probability of each authority and year by the fitted model; only the measures it kept need to be there."""
    from scipy.special import expit

    use = [(n, b) for n, b in zip(fit.names[1:], fit.coef[1:], strict=True) if b != 0]
    mine = panel[panel["year"].isin(list(years))]
    eta = np.full(len(mine), float(fit.coef[0]))
    for name, b in use:
        eta = eta + b * mine[name].to_numpy(dtype=float)
    return mine[["la_code", "year"]].assign(probability=expit(eta))


def first_predicted(scores: pd.DataFrame, cut: float) -> pd.DataFrame:
    """la_code and the first year in which the probability exceeds the cut."""
    above = scores[scores["probability"] > cut].sort_values("year")
    return above.drop_duplicates("la_code")[["la_code", "year"]].reset_index(drop=True)


def cut_for(scores: pd.DataFrame, how_many: int) -> float:
    """The cut above which ``how_many`` authorities lie in at least one year (fewer where fewer have a score)."""
    highest = scores.groupby("la_code")["probability"].max().dropna().sort_values(ascending=False)
    if len(highest) <= how_many:
        return -1.0
    return float(highest.iloc[how_many])


def groups(
    panel: pd.DataFrame,
    inspections: pd.DataFrame,
    predicted: pd.DataFrame,
    labels: Labels,
    window: tuple[int, int],
    name: str,
) -> list[Estimate]:
    """Groups A (predicted, not rated inadequate) and B (predicted and rated so): who they are and how measures move.

    Rated: an inadequate judgement in the first predicted year or later, within the window. The change is from the first
    predicted year to the next.
    """
    first, last = window
    rated = {
        code
        for code, year in zip(predicted["la_code"], predicted["year"], strict=True)
        if code in judged_inadequate(inspections, year, last)
    }
    is_b = predicted["la_code"].isin(rated)
    judged = inspections[inspections["year"].between(first, last)].drop_duplicates("la_code", keep="last")
    last_judgement = predicted["la_code"].map(judged.set_index("la_code")["judgement"])
    place = f"groups | {name}"
    n = len(predicted)
    out = [
        row(place, "n", "group A", float((~is_b).sum()), n=n),
        row(place, "n", "group B", float(is_b.sum()), n=n),
        row(place, "n", "group A | uninspected in window", float((~is_b & last_judgement.isna()).sum()), n=n),
        row(place, "n", "group A | last rated good or outstanding", float((~is_b & (last_judgement <= 2)).sum()), n=n),
        row(place, "n", "group A | last rated adequate", float((~is_b & (last_judgement == 3)).sum()), n=n),
    ]
    return out + _changes(panel, predicted, is_b.to_numpy(), labels, name)


def _changes(panel: pd.DataFrame, predicted: pd.DataFrame, is_b: Any, labels: Labels, name: str) -> list[Estimate]:
    """How every measure stood in the first predicted year and moved to the next, group A against group B."""
    from analysis.estimators.group_comparison import t_test

    place, table = f"groups | {name}", f"table 3 | {name}"
    out: list[Estimate] = []
    indexed = panel.set_index(["la_code", "year"])[list(labels)].astype(float)
    at = indexed.reindex(list(zip(predicted["la_code"], predicted["year"], strict=True)))
    after = indexed.reindex(list(zip(predicted["la_code"], predicted["year"] + 1, strict=True)))
    change = np.asarray(after, dtype=float) - np.asarray(at, dtype=float)
    start = np.asarray(at, dtype=float)
    tests = []
    for j, label in enumerate(labels.values()):
        parts = {}
        for group, member in (("A", ~is_b), ("B", is_b)):
            subject = f"group {group} | {label}"
            level = start[member, j][np.isfinite(start[member, j])]
            moved = parts[group] = change[member, j][np.isfinite(change[member, j])]
            none = "" if len(moved) else "no authority of the group has the measure in both years"
            quartiles = np.quantile(level, [0.25, 0.5, 0.75]) if len(level) else (None, None, None)
            no_level = "" if len(level) else "no authority of the group has the measure in its first predicted year"
            for statistic, value in zip(("q1", "median", "q3"), quartiles, strict=True):
                out.append(row(place, statistic, subject, value, n=len(level), reason=no_level))
            median = float(np.median(moved)) if len(moved) else None
            rising = 100 * float((moved > 0).mean()) if len(moved) else None
            about: Any = {"n": len(moved), "reason": none}
            out.append(row(table, "median_change", subject, median, method="first predicted year to the next", **about))
            out.append(row(table, "pct_rising", subject, rising, **about))
        test = t_test(parts["A"], parts["B"], variance="welch")
        tests.append(test)
        out.append(
            row(
                table,
                "difference_of_mean_changes",
                f"A less B | {label}",
                test.difference,
                ci_low=test.ci_low,
                ci_high=test.ci_high,
                p_value=test.p_value,
                n=test.n_first + test.n_second,
                family=table,
                method="Welch's t-test of the changes",
                reason=test.reason,
            )
        )
    tried = [t for t in tests if t.ok]
    out.append(
        row(
            table,
            "share_not_significant",
            "group A against group B",
            sum(t.p_value >= 0.05 for t in tried) / len(tried) if tried else None,
            n=len(predicted),
            method=f"share of {len(tried)} indicators whose changes do not differ (Welch, p >= .05)",
            reason="" if tried else "no indicator could be tested",
        )
    )
    return out
