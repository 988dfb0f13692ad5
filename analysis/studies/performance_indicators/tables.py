"""Estimates of study 001: pure functions from the sample to rows. Places and subjects follow the paper's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from analysis.results import Estimate
from analysis.studies.performance_indicators.sample import BUDGET, GROUPS, THIRDS

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators.logistic import LogisticFit
    from analysis.estimators.ordinal import OrdinalFit

STUDY = "performance_indicators"
#: Table 4, in its order: the four rates of a population; children in need at any point in the year.
POPULATION = {
    "referrals_rate_per_10k": "referral rate",
    "cin_any_point_rate_per_10k": "CIN rate",
    "cpp_at_31_march_rate_per_10k": "CP rate",
    "cla_at_31_march_rate_per_10k": "CIC rate",
}
SPEND = {
    "total_gross_gbp_per_child": "total spend per child",
    "total_net_gbp_per_child": "total spend per child, net",
    "early_years_gross_gbp_per_child": "under-fives spend per child",
    "safeguarding_gross_gbp_per_cin": "safeguarding spend per CIN",
    "family_support_gross_gbp_per_cin": "family support spend per CIN",
    "cla_gross_gbp_per_cla": "CIC spend per CIC",
    BUDGET: "total spend per child, net budget",
}
OTHER_SPEND = tuple(c for c in SPEND if not c.startswith("total_"))
#: Total spend by deprivation third within a group: by the outturn, and by the budget that the paper used.
TOTALS = {"total_gross_gbp_per_child": "total spend", BUDGET: "net budget"}
NO_BUDGET = "no budget of these authorities is held"
TABLE_5 = {
    "deprivation_rank": "deprivation",
    "cla_dental_check_pct": "dental checks",
    "assessments_overdue_pct": "assessments overdue",
}
OUTCOMES = {"good_or_outstanding": 3.0, "requires_improvement": 2.0, "inadequate": 1.0}
Listed = Mapping[str, Mapping[str, str]]


def row(place: str, statistic: str, subject: str, value: Any, **more: Any) -> Estimate:
    """An estimate of this study."""
    return Estimate(STUDY, place, statistic, subject, value, **more)


def labels_of(listed: Listed) -> dict[str, str]:
    """Columns of all candidates → how they are called: the indicators, spend and deprivation."""
    return {**{c: v["label"] for c, v in listed.items()}, **SPEND, "deprivation_rank": "deprivation rank"}


def sizes(frame: pd.DataFrame, place: str = "sample") -> list[Estimate]:
    """Tables 1 and 2 and figure 1: numbers and percentages of authorities by judgement, group and third."""
    n = len(frame)
    parts = {
        "low rating": frame["is_high"] == 0,
        "high rating": frame["is_high"] == 1,
        "outstanding": frame["overall_judgement"] == 1,
        "good": frame["overall_judgement"] == 2,
        "requires improvement": frame["overall_judgement"] == 3,
        "inadequate": frame["overall_judgement"] == 4,
        **{third: frame["third"] == third for third in THIRDS},
    }
    out = [row(place, "n", "authorities inspected", float(n), n=n, method="one row per inspected authority")]
    for subject, chosen in parts.items():
        out.append(row(place, "n", subject, float(chosen.sum()), n=n))
        out.append(row(place, "percent", subject, 100.0 * float(chosen.mean()) if n else None, n=n))
    return out


def correlation(
    frame: pd.DataFrame, first: str, second: str, place: str, subject: str, family: str = "", reason: str = ""
) -> Estimate:
    """Spearman's rho of two columns by pairwise deletion."""
    from analysis.estimators.rank_correlation import spearman

    found = spearman(frame[first], frame[second])
    return row(
        place,
        "spearman_rho",
        subject,
        found.rho,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        p_value=found.p_value,
        n=found.n,
        family=family,
        method="Spearman's rho, ties averaged, pairwise deletion; rating 4 = outstanding",
        reason=found.reason or reason,
    )


def correlations(frame: pd.DataFrame, listed: Listed, place: str = "spearman") -> list[Estimate]:
    """The rating with every indicator, spend line, deprivation and sub-judgement; deprivation with spend."""
    family = f"{place}: rating x variable"
    out = [
        correlation(frame, "rating", column, place, f"rating x {label}", family)
        for column, label in labels_of(listed).items()
    ]
    for column in SPEND:
        out.append(
            correlation(frame, "deprivation_rank", column, place, f"deprivation x {SPEND[column]}", f"{place}: spend")
        )
    better = frame.assign(
        **{c: 5.0 - frame[c].astype(float) for c in ("help_and_protection", "children_looked_after", "leadership")}
    )
    for column in ("help_and_protection", "children_looked_after", "leadership"):
        out.append(
            correlation(
                better, "rating", column, place, f"rating x {column.replace('_', ' ')}", f"{place}: sub-judgements"
            )
        )
    return out


def table_4(frame: pd.DataFrame, place: str = "table 4", population: Mapping[str, str] = POPULATION) -> list[Estimate]:
    """The rating and the four population rates among themselves."""
    pairs = [("rating", c) for c in population] + list(combinations(population, 2))
    names = {"rating": "rating", **population}
    return [correlation(frame, a, b, place, f"{names[a]} x {names[b]}", place) for a, b in pairs]


def means(frame: pd.DataFrame, listed: Listed, place: str = "means") -> list[Estimate]:
    """Mean by group, which group does better, and how far the groups' ranges overlap (figures 2 to 5)."""
    from analysis.estimators.group_comparison import better_group, range_overlap, t_test

    out: list[Estimate] = []
    for column, about in listed.items():
        label, values = about["label"], frame[column].astype(float)
        out += _of_each_group(values, frame["group"], label, place)
        low, high = (values[frame["group"] == g] for g in GROUPS)
        test = t_test(low, high)
        out.append(
            row(
                place,
                "mean_difference",
                f"{label} | low less high",
                test.difference,
                ci_low=test.ci_low,
                ci_high=test.ci_high,
                p_value=test.p_value,
                n=test.n_first + test.n_second,
                family=f"{place}: t-tests",
                method="two-sample t-test, pooled variance",
                reason=test.reason,
            )
        )
        direction: Any = about.get("better_when", "neither")
        winner, why = better_group(values, frame["group"], first=GROUPS[0], second=GROUPS[1], better_when=direction)
        out.append(
            row(
                place,
                "high_group_does_better",
                label,
                None if winner is None else float(winner == GROUPS[1]),
                n=int(values.notna().sum()),
                method=f"1 if the mean of the high group is the better one ({direction} is better), else 0",
                reason=why,
            )
        )
        overlap = range_overlap(low, high)
        out.append(
            row(
                place,
                "range_overlap",
                label,
                overlap.share,
                n=overlap.n_first + overlap.n_second,
                method="length of the common range of the two groups over the length of both together",
                reason=overlap.reason,
            )
        )
    return out


def _of_each_group(values: pd.Series, groups: pd.Series, label: str, place: str) -> list[Estimate]:
    """Mean, least and most of a measure in each group."""
    from analysis.estimators.group_comparison import describe_groups

    out: list[Estimate] = []
    described: Any = describe_groups(values, groups, order=GROUPS).set_index("group")
    for group in GROUPS:
        d = described.loc[group]
        empty = "" if d["n"] else "no authority of the group has a figure"
        for statistic, name, method in (
            ("mean", "mean", ""),
            ("range_low", "min", "minimum"),
            ("range_high", "max", "maximum"),
        ):
            out.append(row(place, statistic, f"{label} | {group}", d[name], n=int(d["n"]), reason=empty, method=method))
    return out


def spend(frame: pd.DataFrame, place: str = "spend") -> list[Estimate]:
    """t-tests of spend between groups; means and SDs; ANOVA of total spend by deprivation third within each group."""
    within = (e for g in GROUPS for column in TOTALS for e in _within_group(frame, g, column, place))
    return [*_between_groups(frame, place), *within]


def _between_groups(frame: pd.DataFrame, place: str) -> list[Estimate]:
    """Every spending line, low against high: t, difference, means and SDs; the share of lines that do not differ."""
    from analysis.estimators.group_comparison import describe_groups, t_test

    out: list[Estimate] = []
    tests = {}
    for column, label in SPEND.items():
        low, high = (frame.loc[frame["group"] == g, column].astype(float) for g in GROUPS)
        test = tests[column] = t_test(low, high)
        out.append(
            row(
                place,
                "t",
                f"{label} | low less high",
                test.t,
                p_value=test.p_value,
                n=test.n_first + test.n_second,
                family=f"{place}: t-tests",
                method=f"two-sample t-test, pooled variance, df {test.df:g}",
                reason=test.reason,
            )
        )
        out.append(
            row(
                place,
                "difference_gbp",
                f"{label} | low less high",
                test.difference,
                ci_low=test.ci_low,
                ci_high=test.ci_high,
                p_value=test.p_value,
                n=test.n_first + test.n_second,
                reason=test.reason,
            )
        )
        described: Any = describe_groups(frame[column], frame["group"], order=GROUPS).set_index("group")
        for group in GROUPS:
            d = described.loc[group]
            for statistic in ("mean", "sd"):
                out.append(row(place, f"{statistic}_gbp", f"{label} | {group}", d[statistic], n=int(d["n"])))
    tried = [tests[c] for c in OTHER_SPEND if tests[c].ok]
    out.append(
        row(
            place,
            "share_not_significant",
            "other spending lines, low against high",
            sum(t.p_value > 0.05 for t in tried) / len(tried) if tried else None,
            n=max((t.n_first + t.n_second for t in tried), default=0),
            method="share of the lines whose t-test has p > .05",
            reason="" if tried else "no line could be tested",
        )
    )
    return out


def _within_group(frame: pd.DataFrame, group: str, column: str, place: str) -> list[Estimate]:
    """Total spend by deprivation third within a group: ANOVA, means and SDs, pairs by Bonferroni."""
    from analysis.estimators.group_comparison import anova

    part, name = frame[frame["group"] == group], TOTALS[column]
    subject = f"{name} by deprivation | {group}"
    if not part[column].notna().any():
        # Under every name that it would have: what is not held is not a mistake of ours.
        tests = [(s, subject) for s in ("anova_F", "anova_not_significant")]
        cells = [(f"{s}_gbp", f"{name} | {group} | {third}") for third in THIRDS for s in ("mean", "sd")]
        return [row(place, s, about, None, n=0, reason=NO_BUDGET) for s, about in tests + cells]
    variance = anova(part[column], part["third"], order=THIRDS)
    in_all = [
        row(
            place,
            "anova_F",
            subject,
            variance.F,
            p_value=variance.p_value,
            n=variance.n,
            family=f"{place}: anova",
            method=f"one-way ANOVA, df {variance.df_between} and {variance.df_within}",
            reason=variance.reason,
        ),
        row(
            place,
            "anova_not_significant",
            subject,
            float(variance.p_value > 0.05) if variance.ok else None,
            n=variance.n,
            method="1 if p > .05",
            reason=variance.reason,
        ),
    ]
    by_third = [
        row(place, f"{statistic}_gbp", f"{name} | {group} | {cell['group']}", cell[statistic], n=cell["n"])
        for cell in variance.groups.to_dict("records")
        if cell["group"] in THIRDS
        for statistic in ("mean", "sd")
    ]
    of_pairs = [
        row(
            place,
            "bonferroni_difference_gbp",
            f"{name} | {group} | {pair['first']} less {pair['second']}",
            pair["difference"],
            p_value=pair["p_bonferroni"],
            n=variance.n,
            method="pairwise t-test with the pooled variance, p times the number of pairs (Bonferroni)",
        )
        for pair in variance.pairs.to_dict("records")
    ]
    return [*in_all, *by_third, *of_pairs]


def _model(place: str, subject: str, fit: LogisticFit, names: Mapping[str, str]) -> list[Estimate]:
    """Everything the paper's table 5 prints of one logistic model."""
    how = "logistic regression of good or outstanding, maximum likelihood"
    reason = "" if fit.ok else fit.reason
    out = [
        row(place, "lr_chi2", subject, fit.lr_chi2, p_value=fit.lr_p, n=fit.n, method=f"{how}; df {fit.lr_df}"),
        row(place, "nagelkerke_r2", subject, fit.nagelkerke_r2, n=fit.n, method=how),
    ]
    out = [Estimate(**{**e.__dict__, "reason": reason}) for e in out]
    for term in fit.frame().to_dict("records"):
        if term["term"] == "const":
            continue
        name = f"{subject} | {names.get(term['term'], term['term'])}"
        p = {"p_value": term["p_value"], "n": fit.n, "reason": reason}
        out += [
            row(place, "B", name, term["estimate"], ci_low=term["ci_low"], ci_high=term["ci_high"], method=how, **p),
            row(place, "se", name, term["se"], n=fit.n, reason=reason),
            row(place, "wald_chi2", name, term["wald_chi2"], **p),
            row(
                place,
                "odds_ratio",
                name,
                term["odds_ratio"],
                ci_low=term["odds_ratio_low"],
                ci_high=term["odds_ratio_high"],
                method=how,
                **p,
            ),
            row(place, "odds_ratio_low", name, term["odds_ratio_low"], n=fit.n, reason=reason, method="95% Wald limit"),
            row(
                place, "odds_ratio_high", name, term["odds_ratio_high"], n=fit.n, reason=reason, method="95% Wald limit"
            ),
            row(
                place,
                "percent_fall_in_odds",
                name,
                100 * (1 - term["odds_ratio"]),
                n=fit.n,
                reason=reason,
                method="100 (1 - odds ratio)",
            ),
        ]
    return out


def logistic(frame: pd.DataFrame, listed: Listed, prefix: str = "") -> list[Estimate]:
    """Every candidate alone; stepwise from the significant ones; and the model of table 5 as the paper has it."""
    from analysis.estimators.stepwise import stepwise_logistic

    names = labels_of(listed)
    candidates = [c for c in names if c not in ("total_net_gbp_per_child", BUDGET)]
    y = frame["is_high"].to_numpy(dtype=float)
    found = stepwise_logistic(y, frame[candidates].to_numpy(dtype=float), names=candidates, profile=False)
    place = f"{prefix}univariate logistic"
    out: list[Estimate] = []
    for s in found.screen.to_dict("records"):
        out.append(
            row(
                place,
                "B",
                names[s["term"]],
                s["estimate"],
                p_value=s["p_value"],
                n=s["n"],
                family=place,
                method="logistic regression of good or outstanding on one candidate; p by likelihood ratio",
                reason=s["reason"],
            )
        )
    ranked = found.screen[found.screen["reason"] == ""].sort_values("p_value", kind="stable")["term"].tolist()
    at = ranked.index("deprivation_rank") + 1 if "deprivation_rank" in ranked else None
    out.append(
        row(
            place,
            "rank_among_candidates",
            "deprivation rank",
            at,
            n=len(ranked),
            method="place of deprivation among the candidates by likelihood-ratio p; 1 = best single predictor",
            reason="" if at else "deprivation alone could not be fitted",
        )
    )
    place = f"{prefix}stepwise logistic"
    passed = int(found.screen["passed"].sum())
    out.append(row(place, "n", "candidates significant alone", float(passed), n=len(frame)))
    out.append(
        row(
            place,
            "n",
            "predictors kept",
            float(len(found.selected)),
            n=found.model.n if found.model else None,
            method="backward by likelihood ratio, removal above .10: " + ", ".join(names[c] for c in found.selected),
            reason=found.reason,
        )
    )
    if found.model is not None:
        out += _model(place, "final model", found.model, names)
        out += _after_selection(frame[candidates], found.model, names, place)
    return out + full_model(frame, f"{prefix}table 5")


def _after_selection(
    candidates: pd.DataFrame, fit: LogisticFit, names: Mapping[str, str], place: str
) -> list[Estimate]:
    """The coefficients of the model that the steps ended in, with intervals that allow for the choice."""
    from analysis.estimators.post_selection import post_selection

    terms = [term for term in fit.frame().to_dict("records") if term["term"] != "const"]
    after = post_selection(candidates, len(terms))
    method = (
        f"interval with {after.critical:.2f} standard errors: valid after choosing up to {after.size} of "
        f"{after.candidates} candidates by any rule (Berk and others)"
    )
    out = []
    for term in terms:
        low, high = after.interval(term["estimate"], term["se"])
        p = after.p_value(term["estimate"] / term["se"]) if fit.ok else float("nan")
        subject = f"final model | {names.get(term['term'], term['term'])}"
        reason = after.reason or fit.reason
        about = {"ci_low": low, "ci_high": high, "p_value": p, "n": fit.n, "method": method, "reason": reason}
        out.append(row(place, "B_after_selection", subject, term["estimate"], **about))
    return out


def full_model(frame: pd.DataFrame, place: str) -> list[Estimate]:
    """The model of table 5 with the paper's three predictors."""
    from analysis.estimators.logistic import fit_logistic

    y = frame["is_high"].to_numpy(dtype=float)
    fit = fit_logistic(y, frame[list(TABLE_5)].to_numpy(dtype=float), names=list(TABLE_5))
    return _model(place, "full model", fit, TABLE_5) + penalised(frame, dict(TABLE_5), f"{place}, Firth", "full model")


def penalised(frame: pd.DataFrame, names: Mapping[str, str], place: str, subject: str) -> list[Estimate]:
    """Good or outstanding by Firth's logistic regression: finite and nearly unbiased in small samples."""
    from analysis.estimators.firth import fit_firth

    y = frame["is_high"].to_numpy(dtype=float)
    fit = fit_firth(y, frame[list(names)].to_numpy(dtype=float), names=list(names))
    return [
        row(
            place,
            "B",
            f"{subject} | {names[term['term']]}",
            term["estimate"],
            ci_low=term["ci_low"],
            ci_high=term["ci_high"],
            p_value=term["p_value"],
            n=fit.n,
            family=place,
            method="logistic regression with Firth's penalty; profile interval, likelihood-ratio p",
            reason=fit.reason,
        )
        for term in fit.frame().to_dict("records")[1:]
    ]


def _slope(place: str, subject: str, fit: OrdinalFit, name: str, family: str) -> Estimate:
    """The slope of one predictor of a proportional-odds model."""
    term = fit.frame().set_index("term").loc[name]
    brant = f"; Brant test p {fit.brant.p_value:.3g}" if fit.brant.ok else "; no Brant test: " + fit.brant.reason
    return row(
        place,
        "ordinal_B",
        subject,
        term["estimate"],
        ci_low=term["ci_low"],
        ci_high=term["ci_high"],
        p_value=term["p_value"],
        n=fit.n,
        family=family,
        method="proportional-odds logistic regression; positive = better judgement" + (brant if fit.ok else ""),
        reason=fit.reason,
    )


def ordinal(frame: pd.DataFrame, listed: Listed, outcome: str = "rating", place: str = "ordinal") -> list[Estimate]:
    """The rating on each indicator with deprivation and spend as covariates, and on those two alone."""
    from analysis.estimators.ordinal import fit_ordinal

    covariates = {"deprivation_rank": "deprivation rank", "total_gross_gbp_per_child": "total spend per child"}
    y = frame[outcome].to_numpy(dtype=float)
    base = fit_ordinal(y, frame[list(covariates)].to_numpy(dtype=float), names=list(covariates))
    out = [_slope(place, f"{label} | covariates alone", base, c, "") for c, label in covariates.items()]
    for column, about in listed.items():
        columns = [column, *covariates]
        fit = fit_ordinal(y, frame[columns].to_numpy(dtype=float), names=columns)
        out.append(_slope(place, f"{about['label']} | with deprivation and spend", fit, column, place))
        out.append(_with_prior(y, frame, columns, f"{about['label']} | with deprivation and spend", place))
        if fit.reason.startswith("separation"):
            names = {c: labels_of(listed)[c] for c in columns}
            out += penalised(frame, names, f"{place}, Firth", f"{about['label']} | with deprivation and spend")
    return out


def _with_prior(y: Any, frame: pd.DataFrame, columns: list[str], subject: str, place: str) -> Estimate:
    """The slope of the first column with a weakly informative prior on all, as a check of the plain fit."""
    from analysis.estimators.ordinal_prior import fit_ordinal_prior

    fit = fit_ordinal_prior(y, frame[columns].to_numpy(dtype=float), names=columns)
    return row(
        f"{place}, weakly informative prior",
        "ordinal_B",
        subject,
        fit.coef[0],
        ci_low=fit.ci_low[0],
        ci_high=fit.ci_high[0],
        n=fit.n,
        method="proportional odds, slopes normal around 0 with 2.5 per standard deviation; positive = better judgement",
        reason=fit.reason,
    )


def one_left_out(frame: pd.DataFrame, chosen: Sequence[tuple[str, str, str]]) -> list[Estimate]:
    """How far correlations move when one of the inadequate authorities is left out of a sample one too large.

    ``chosen``: (first column, second column, subject).
    """
    from analysis.estimators.rank_correlation import spearman

    out = []
    left = frame.index[frame["overall_judgement"] == 4]
    for first, second, subject in chosen:
        values = [spearman(frame[first].drop(i), frame[second].drop(i)).rho for i in left]
        known = [v for v in values if v == v]
        for name, value in (("lowest", min(known, default=None)), ("highest", max(known, default=None))):
            out.append(
                row(
                    "one left out",
                    "spearman_rho",
                    f"{subject} | {name}",
                    value,
                    n=len(frame) - 1,
                    method=f"over {len(left)} samples that leave out one inadequate authority",
                    reason="" if known else "no inadequate authority to leave out",
                )
            )
    return out


def three_way(frame: pd.DataFrame, listed: Listed, prefix: str) -> list[Estimate]:
    """The outcome in three (inadequate, requires improvement, good or outstanding) against every variable."""
    from analysis.estimators.group_comparison import anova

    frame = frame.assign(outcome=frame["outcome_group"].map(OUTCOMES))
    out = []
    for column, label in labels_of(listed).items():
        out.append(
            correlation(
                frame, "outcome", column, f"{prefix}three-way", f"outcome x {label}", f"{prefix}three-way: correlations"
            )
        )
    # Pairwise comparisons are slow: only for spend and deprivation.
    for column in ("total_gross_gbp_per_child", "deprivation_rank"):
        test = anova(frame[column], frame["outcome_group"], order=list(OUTCOMES))
        out.append(
            row(
                f"{prefix}three-way",
                "anova_F",
                labels_of(listed)[column],
                test.F,
                p_value=test.p_value,
                n=test.n,
                family=f"{prefix}three-way: anova",
                method=f"one-way ANOVA between three outcomes, df {test.df_between} and {test.df_within}",
                reason=test.reason,
            )
        )
    return out + ordinal(frame, listed, "outcome", f"{prefix}three-way ordinal")
