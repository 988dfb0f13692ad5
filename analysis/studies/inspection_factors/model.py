"""Study 000: which factors go with a better judgement? One row per authority, its most recent judgement in a window.

The paper's steps in its order, for the paper's window and again for the completed cycle of the framework. The outcome
is a category, 1 low (inadequate), 2 medium (requires improvement), 3 high (good or outstanding): higher is better.
The deprivation rank runs from 1, least deprived, within the sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate
from analysis.studies.replication import as_printed, marts_of_the_day
from analysis.studies.spec import Choices, Spec

if TYPE_CHECKING:
    import pandas as pd

STUDY = "inspection_factors"
CATEGORIES = ("low", "medium", "high")
GROUPS = {"inadequate": "low", "requires_improvement": "medium", "good_or_outstanding": "high"}
SUB_JUDGEMENTS = ("help_and_protection", "children_looked_after", "leadership")
THIRDS = ("least", "moderate", "most")
#: Variables that the logistic models take from the year of the inspection as well.
SAME_YEAR = ("assessments overdue", "missing episodes")


def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """Every estimate under the choices; with the papers' choices, the completed cycle as well."""
    is_the_papers = choices == Choices(as_of=choices.as_of).filled(spec)
    if not is_the_papers:
        return list(one_sample(read_sample(marts, spec, choices, choices.window), spec, ""))
    frame = of_one_cohort(marts, spec, read_sample(marts, spec, choices, choices.window))
    out = list(one_sample(frame, spec, ""))
    by_date = of_one_cohort(marts, spec, read_sample(marts, spec, choices, spec.pins["by_date"]))
    out += one_sample(by_date, spec, "by date, ")
    whole = read_sample(marts, spec, choices, spec.pins["completed_cycle"])
    out += one_sample(whole, spec, "completed cycle, ")
    return out + replication(marts, spec, choices)


def replication(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """The printed figures from the editions of the paper's day."""
    then = marts_of_the_day(marts, STUDY)
    if then is None:
        return []
    frame = of_one_cohort(then, spec, read_sample(then, spec, choices, choices.window))
    by_date = of_one_cohort(then, spec, read_sample(then, spec, choices, spec.pins["by_date"]))
    variables: dict[str, str] = spec.variables["performance"]
    out = list(printed_tables(frame, spec, ""))
    return as_printed(spec, [*out, *_described(by_date, variables, "by date, ")])


def of_one_cohort(marts: Marts, spec: Spec, frame: pd.DataFrame) -> pd.DataFrame:
    """The sample with the GCSE results of one cohort for every authority, whenever it was inspected."""
    year = int(spec.pins["gcse_year"])
    rows = marts.frame(
        f"select la_code, 100 - cla_gcse_5_a_star_c_pct as without from marts.fct_la_year where year = {year}"
    )
    return frame.assign(cla_without_5_good_gcses_pct=frame["la_code"].map(rows.set_index("la_code")["without"]))


def read_sample(marts: Marts, spec: Spec, choices: Choices, window: str) -> pd.DataFrame:
    """One row per authority: its last judgement in the window, the variables of the year before and of the year itself.

    Columns of the year of the inspection end in ``_same_year``; ``spend`` is the total per child of that year.

    Raises:
        MartLacks: a column, or every row.
        ValueError: the window or the deflator is not one.
    """
    import pandas as pd

    try:
        first, last = (pd.Timestamp(day) for day in window.split(":"))
    except ValueError as exc:
        raise ValueError(f"--window {window}: give two dates as 2014-01-01:2016-03-31") from exc
    variables = list(spec.variables["performance"].values())
    spend = spec.variables["spend"].replace("{deflator}", choices.deflator)
    columns = ["la_code", "framework", "publication_date", "basis", "lag", "overall_judgement", "outcome_group"]
    columns += ["imd_2015_rank", "is_excluded_from_studies", *SUB_JUDGEMENTS, *variables, spend]
    sample = marts.sample(STUDY, columns)
    published = pd.to_datetime(sample["publication_date"])
    kept = sample[
        (sample["framework"] == choices.framework)
        & published.between(first, last)
        & (sample["basis"] == choices.basis)
        & ~sample["is_excluded_from_studies"]
    ].sort_values("publication_date")
    before = kept[kept["lag"] == -1].drop_duplicates("la_code", keep="last").set_index("la_code")
    same = kept[kept["lag"] == 0].drop_duplicates("la_code", keep="last").set_index("la_code")
    if not len(before):
        raise MartLacks(f"the sample has no {choices.framework} judgements from {first.date()} to {last.date()}")
    frame = before[[c for c in before.columns if c != spend]].join(same[variables].add_suffix("_same_year"))
    frame["spend"] = same[spend]
    frame["group"] = frame["outcome_group"].map(GROUPS)
    frame["rating"] = frame["group"].map({c: i + 1.0 for i, c in enumerate(CATEGORIES)})
    # Published ranks begin with the most deprived.
    frame["deprivation_rank"] = frame["imd_2015_rank"].astype(float).rank(ascending=False, method="average")
    frame["third"] = thirds(frame["deprivation_rank"])
    # The third among all authorities: the published ranks are of 152.
    national = frame["imd_2015_rank"].astype(float)
    frame["deprivation_level"] = (3.0 - (national > 50.5) - (national > 101.5)).where(national.notna())
    frame["deprivation_third"] = frame["third"].map({c: i + 1.0 for i, c in enumerate(THIRDS)})
    return frame.reset_index()


def thirds(rank: pd.Series) -> pd.Series:
    """Thirds of equal count by rank, what is left over to the middle; missing stays missing."""
    order = rank.rank(method="first")
    n = int(order.notna().sum())
    out = order.map(
        lambda r: None if r != r else THIRDS[0] if r <= n // 3 else THIRDS[2] if r > n - n // 3 else THIRDS[1]
    )
    return out.astype(object)


def printed_tables(frame: pd.DataFrame, spec: Spec, prefix: str) -> Iterator[Estimate]:
    """The paper's steps on one sample; places get the prefix."""
    variables: dict[str, str] = spec.variables["performance"]
    everything = everything_of(variables)
    yield from _described(frame, variables, prefix)
    yield from _correlations(frame, everything, prefix)
    yield from _means(frame, variables, prefix)
    yield from _spend(frame, prefix)
    yield from _logistic(frame, everything, prefix)


def everything_of(variables: dict[str, str]) -> dict[str, str]:
    """The variables with deprivation and spending."""
    return {**variables, "deprivation": "deprivation_rank", "spend per child": "spend"}


def one_sample(frame: pd.DataFrame, spec: Spec, prefix: str) -> Iterator[Estimate]:
    """The paper's steps on one sample, and what goes beyond them; places get the prefix."""
    everything = everything_of(spec.variables["performance"])
    yield from printed_tables(frame, spec, prefix)
    yield from small_samples(frame, everything, prefix)
    yield from imputed(frame, everything, prefix)
    yield from _detectable(frame, prefix)


def _described(frame: pd.DataFrame, variables: dict[str, str], prefix: str) -> Iterator[Estimate]:
    """Sample, judgements, sub-judgements (table 1), category by deprivation third (table 3)."""
    from analysis.estimators.group_comparison import cross_tab
    from analysis.estimators.rank_correlation import spearman

    place, n = f"{prefix}sample", len(frame)
    yield _estimate(place, "n", "all", n)
    for category in CATEGORIES:
        yield _estimate(place, "n", category, int((frame["group"] == category).sum()), n=n)
    not_outstanding = frame["overall_judgement"] != 1
    yield _estimate(place, "n", "all but outstanding", int(not_outstanding.sum()), n=n)
    yield _estimate(place, "n", "good", int((frame["overall_judgement"] == 2).sum()), n=n)
    yield _estimate(place, "n", "low or medium", int((frame["rating"] <= 2).sum()), n=n)
    yield _estimate(place, "n", "variables held", len(variables) + 2, method="with spend and deprivation")
    for judgement, word in enumerate(("outstanding", "good", "requires improvement", "inadequate"), start=1):
        share = 100 * float((frame["overall_judgement"] == judgement).mean())
        yield _estimate(place, "percent", word, share, n=n)
    ranks = frame["deprivation_rank"]
    least = frame.loc[ranks == ranks.min(), "la_code"].tolist()
    names = f"least deprived: authority {least[0]}; " if least else ""
    reason = f"{names}rank 1 is the least deprived" if names else "no authority has a rank"
    yield _estimate(place, "highest deprivation rank", "all", ranks.max(), n=int(ranks.notna().sum()), reason=reason)
    for name, column in variables.items():
        yield _estimate(place, "n with data", name, int(frame[column].notna().sum()), n=n)
    for sub in SUB_JUDGEMENTS:
        one = spearman(frame[sub], frame["overall_judgement"])
        yield _rho(f"{prefix}table 1", f"overall x {sub}", one, "sub-judgements", "four grades")
    table = cross_tab(frame["group"], frame["third"], row_order=CATEGORIES, column_order=THIRDS)
    for third, column in table.counts.to_dict().items():
        for category, count in column.items():
            yield _estimate(f"{prefix}table 3", "n", f"{category} | {third} deprived", int(count), n=n)
    yield _estimate(
        f"{prefix}table 3",
        "chi2",
        "category x deprivation",
        table.chi2,
        p_value=table.p_value,
        n=table.n,
        reason=table.reason,
    )


def _correlations(frame: pd.DataFrame, everything: dict[str, str], prefix: str) -> Iterator[Estimate]:
    """Table 4: the rating with every variable; beside it, the variables of the year of the inspection."""
    from analysis.estimators.rank_correlation import spearman

    for name, column in everything.items():
        one = spearman(frame["rating"], frame[column])
        yield _rho(
            f"{prefix}table 4", f"rating x {name}", one, "table 4", "Spearman, pairwise deletion, three categories"
        )
        four = spearman(5.0 - frame["overall_judgement"].astype(float), frame[column])
        yield _rho(
            f"{prefix}table 4, four grades", f"rating x {name}", four, "table 4, four grades", "Spearman, four grades"
        )
        if f"{column}_same_year" in frame:
            same = spearman(frame["rating"], frame[f"{column}_same_year"])
            place = f"{prefix}table 4, year of the inspection"
            yield _rho(place, f"rating x {name}", same, "table 4, year of the inspection", "Spearman, three categories")


def _means(frame: pd.DataFrame, variables: dict[str, str], prefix: str) -> Iterator[Estimate]:
    """Tables 5-7: mean and SD by category, and whether the high category is better than the overall mean."""
    from analysis.estimators.group_comparison import describe_groups

    place = f"{prefix}tables 5-7"
    better: dict[str, bool | None] = {}
    for name, column in variables.items():
        rows = {
            r["group"]: r for r in describe_groups(frame[column], frame["group"], order=CATEGORIES).to_dict("records")
        }
        for category in (*CATEGORIES, "all"):
            row = rows[category]
            for statistic in ("mean", "sd"):
                yield _estimate(place, statistic, f"{name} | {category}", row[statistic], n=int(row["n"]))
        high, overall = rows["high"]["mean"], rows["all"]["mean"]
        # Every variable counts what should not be: lower is better.
        better[name] = None if high != high or overall != overall else bool(high < overall)
    for subject, wanted in (("high better than the mean", True), ("high worse than the mean", False)):
        names = BETTER if wanted else WORSE
        hits = [x for x in names if better.get(x) is wanted]
        unknown = [x for x in names if better.get(x) is None]
        not_so = [x for x in names if better.get(x) is (not wanted)]
        words = [f"not so: {', '.join(not_so)}" if not_so else "", f"no data: {', '.join(unknown)}" if unknown else ""]
        reason = "; ".join(w for w in words if w)
        yield _estimate(place, "claim", subject, len(hits) / len(names), n=len(frame), reason=reason)


BETTER = (
    "ICPC overdue",
    "CP reviews overdue",
    "CP visits overdue",
    "assessments overdue",
    "CP plans over 2 years",
    "re-referrals",
    "persistent absence",
)
WORSE = ("CIN plans over 2 years", "repeat CP plans", "missing episodes", "without 5 good GCSEs")


def _spend(frame: pd.DataFrame, prefix: str) -> Iterator[Estimate]:
    """Table 8: spend per child by category, and by deprivation third within each, with Tukey's test."""
    from analysis.estimators.group_comparison import anova, describe_groups

    place = f"{prefix}table 8"
    for row in describe_groups(frame["spend"], frame["group"], order=CATEGORIES).to_dict("records"):
        for statistic in ("mean", "sd"):
            yield _estimate(place, statistic, f"spend per child | {row['group']}", row[statistic], n=int(row["n"]))
    between = anova(frame["spend"], frame["group"], order=CATEGORIES)
    df = f"F({between.df_between}, {between.df_within})"
    yield _estimate(place, "anova_F", "between categories", between.F, p_value=between.p_value, n=between.n, method=df)
    yield _estimate(
        place, "anova_p", "between categories", between.p_value, n=between.n, method=df, reason=between.reason
    )
    parts: list[str] = []
    held = total = 0
    for category in CATEGORIES:
        part = frame[frame["group"] == category]
        within = anova(part["spend"], part["third"], order=THIRDS)
        yield _estimate(
            place,
            "anova_F",
            f"deprivation within {category}",
            within.F,
            p_value=within.p_value,
            n=within.n,
            family=f"{prefix}anova within categories",
            method=f"F({within.df_between}, {within.df_within}), thirds of the whole sample",
            reason=within.reason,
        )
        for row in within.pairs.to_dict("records"):
            pair = f"{row['first']} v {row['second']}"
            yield _estimate(
                place,
                "tukey difference",
                f"{category} | {pair}",
                row["difference"],
                ci_low=row["tukey_low"],
                ci_high=row["tukey_high"],
                p_value=row["p_tukey"],
                n=within.n,
                method="Tukey-Kramer, pounds per child",
            )
            expected = pair == "least v most"
            total += 1
            held += (row["p_tukey"] < 0.05) is expected
            if (row["p_tukey"] < 0.05) is not expected:
                parts.append(f"{category} {pair} p = {row['p_tukey']:.3f}")
    value = held / total if total else None
    reason = f"not so: {', '.join(parts)}" if parts else "" if total else "too few authorities for the pairs"
    yield _estimate(place, "claim", "only least and most deprived differ", value, n=between.n, reason=reason)


def _logistic(frame: pd.DataFrame, everything: dict[str, str], prefix: str) -> Iterator[Estimate]:
    """Ordinal models with the test of their assumption, then multinomial ones with either reference."""
    from analysis.estimators.multinomial import fit_multinomial
    from analysis.estimators.ordinal import fit_ordinal

    models = {name: [column] for name, column in everything.items() if column != "deprivation_rank"}
    models["deprivation"] = ["deprivation_third"]
    models["deprivation level"] = ["deprivation_level"]
    models["deprivation rank"] = ["deprivation_rank"]
    models["deprivation and spend"] = ["deprivation_third", "spend"]
    models["deprivation rank and spend"] = ["deprivation_rank", "spend"]
    for name, column in everything.items():
        if f"{column}_same_year" in frame and name in SAME_YEAR:
            models[f"{name}, year of the inspection"] = [f"{column}_same_year"]
    violated: dict[str, bool] = {}
    for name, columns in models.items():
        X = frame[columns]
        ordinal = fit_ordinal(frame["rating"], X)
        brant = ordinal.brant
        violated[name] = bool(brant.ok and brant.p_value < 0.05)
        yield _estimate(
            f"{prefix}ordinal",
            "brant_chi2",
            name,
            brant.chi2,
            p_value=brant.p_value,
            n=ordinal.n,
            family=f"{prefix}brant",
            reason=ordinal.reason or brant.reason,
        )
        for row in ordinal.frame().to_dict("records"):
            yield _coefficient(
                f"{prefix}ordinal", "beta", f"{name} | {row['term']}", row, f"{prefix}ordinal", "proportional odds"
            )
        for reference in ("low", "medium"):
            fit = fit_multinomial(frame["group"], X, reference=reference, levels=CATEGORIES)
            place, method = f"{prefix}multinomial", f"reference {reference}"
            if not fit.ok:
                yield _estimate(place, "fit", f"{name} | reference {reference}", None, n=fit.n, reason=fit.reason)
                continue
            for row in fit.frame().to_dict("records"):
                if row["term"] == "const":
                    continue
                subject = f"{name} | {row['term']} | {row['level']} v {reference}"
                yield _coefficient(place, "beta", subject, row, place, method)
                yield _estimate(
                    place, "wald_chi2", subject, row["wald_chi2"], p_value=row["p_value"], n=fit.n, method=method
                )
            if reference == "low":
                for row in fit.term_tests().to_dict("records"):
                    if row["term"] != "const":
                        p = row["p_value"]
                        yield _estimate(
                            place, "p over categories", f"{name} | {row['term']}", p, n=fit.n, method="Wald"
                        )
    # The paper left ordinal models for all its analyses because the assumption failed, without saying in which.
    named = [name for name, v in violated.items() if v]
    value = 1.0 if named else 0.0
    words = f"parallel slopes rejected in: {', '.join(named) or 'none'}"
    yield _estimate(f"{prefix}ordinal", "claim", "proportional odds violated", value, n=len(frame), reason=words)


def small_samples(frame: pd.DataFrame, everything: dict[str, str], prefix: str) -> Iterator[Estimate]:
    """High against low and against medium by Firth's logistic regression: finite where groups are small."""
    from analysis.estimators.firth import fit_firth

    place = f"{prefix}Firth logistic"
    for name, column in everything.items():
        for other in ("low", "medium"):
            part = frame[frame["group"].isin(["high", other])]
            fit = fit_firth((part["group"] == "high").astype(float), part[[column]])
            row = fit.frame().to_dict("records")[-1]
            method = "Firth's penalised likelihood, profile interval, likelihood-ratio p"
            yield _coefficient(place, "beta", f"{name} | high v {other}", row, place, method)


#: Imputed sets, and how often the chained equations go round.
SETS, ROUNDS = 20, 10


def imputed(frame: pd.DataFrame, everything: dict[str, str], prefix: str) -> Iterator[Estimate]:
    """Table 4 with the gaps filled in: small authorities lack more, so that complete cases are a choice."""
    import numpy as np

    from analysis.estimators.imputation import impute, pool
    from analysis.estimators.rank_correlation import spearman

    place = f"{prefix}table 4, imputed"
    columns = [c for c in everything.values() if frame[c].notna().any()]
    filled = impute(frame[["rating", *columns]].astype(float), sets=SETS, rounds=ROUNDS, seed=len(frame))
    for name, column in everything.items():
        subject, held = f"rating x {name}", int(frame[column].notna().sum())
        if column not in columns or frame[column].notna().all():
            continue
        rhos = [spearman(one["rating"], one[column]).rho for one in filled]
        # On Fisher's scale, with Bonett and Wright's variance of a rank correlation.
        errors = [((1 + rho**2 / 2) / max(len(frame) - 3, 1)) ** 0.5 for rho in rhos]
        found = pool([float(np.arctanh(rho)) for rho in rhos], errors, df_complete=len(frame) - 2)
        yield _estimate(
            place,
            "spearman_rho",
            subject,
            float(np.tanh(found.estimate)),
            ci_low=float(np.tanh(found.ci_low)),
            ci_high=float(np.tanh(found.ci_high)),
            p_value=found.p_value,
            n=len(frame),
            family=place,
            method=f"{SETS} sets by predictive mean matching, Rubin's rules; {held} observed, "
            f"{100 * found.missing_information:.0f}% of the variance is due to gaps",
            reason=found.reason,
        )


def _detectable(frame: pd.DataFrame, prefix: str) -> Iterator[Estimate]:
    """What a sample of this size would have found with 80% power."""
    from analysis.estimators.power import detectable_anova, detectable_correlation

    rho = detectable_correlation(len(frame))
    yield _estimate(f"{prefix}power", "minimum detectable rho", "all", rho.effect, n=len(frame), reason=rho.reason)
    f = detectable_anova([int((frame["group"] == c).sum()) for c in CATEGORIES])
    yield _estimate(
        f"{prefix}power", "minimum detectable f", "between categories", f.effect, n=len(frame), reason=f.reason
    )


def _rho(place: str, subject: str, one: object, family: str, method: str) -> Estimate:
    from analysis.estimators.rank_correlation import RankCorrelation

    assert isinstance(one, RankCorrelation)
    return _estimate(
        place,
        "spearman_rho",
        subject,
        one.rho,
        ci_low=one.ci_low,
        ci_high=one.ci_high,
        p_value=one.p_value,
        n=one.n,
        family=place,
        method=method,
        reason=one.reason,
    )


def _coefficient(place: str, statistic: str, subject: str, row: dict[Any, Any], family: str, method: str) -> Estimate:
    return _estimate(
        place,
        statistic,
        subject,
        row["estimate"],
        ci_low=row["ci_low"],
        ci_high=row["ci_high"],
        p_value=row["p_value"],
        n=int(row["n"]),
        family=family,
        method=method,
        reason=row["reason"],
    )


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
