"""What goes with a better judgement: cross-tab, correlations, means, and spending by deprivation within judgement."""

from __future__ import annotations

from functools import partial

from analysis.report import charts, words
from analysis.report.published import Published
from analysis.report.study import Found, Section, by_size, estimates_table, interval, simple_table

CATEGORIES = ("low", "medium", "high")
DEPRIVATION = ("least", "moderate", "most")


def sections(published: Published, found: Found) -> tuple[str, list[Section]]:
    """Summary and sections of the page."""
    summary = (
        "<p>Judgements in three categories: <strong>low</strong> inadequate, <strong>medium</strong> requires "
        "improvement, <strong>high</strong> "
        "good or outstanding.</p>"
    )
    return summary, [
        Section("The authorities", _sample(found, "")),
        Section("Judgement by deprivation", _cross(found, "")),
        Section("What correlates with the judgement", _correlations(found, "")),
        Section("Means by judgement", _means(found, "")),
        Section("Spending by deprivation within judgement", _spend(found, "")),
        Section("Models of one factor at a time", _models(found, "")),
        Section(
            "Beyond the paper: the completed cycle",
            "<p>Every authority judged under the single framework, to 2018.</p>"
            + _sample(found, "completed cycle, ")
            + _cross(found, "completed cycle, ")
            + _correlations(found, "completed cycle, ")
            + _means(found, "completed cycle, ")
            + _spend(found, "completed cycle, "),
        ),
    ]


def _sample(found: Found, run: str) -> str:
    rows = [[k.capitalize(), words.number(r["value"], digits=0)] for k, r in found.of(f"{run}sample", "n").items()]
    rows += [
        [f"{k.capitalize()}, per cent", words.number(r["value"], "pct")]
        for k, r in found.of(f"{run}sample", "percent").items()
    ]
    return simple_table(["", "n"], rows, sortable=False)


def _cross(found: Found, run: str) -> str:
    n = found.of(f"{run}table 3", "n")

    def value(c: str, d: str) -> float | None:
        return (n.get(f"{c} | {d} deprived") or {}).get("value")

    total = {c: sum(value(c, d) or 0 for d in DEPRIVATION) or 1 for c in CATEGORIES}

    def cell(i: int, j: int) -> tuple[str, float | None]:
        found_here = value(CATEGORIES[i], DEPRIVATION[j])
        share = None if found_here is None else found_here / total[CATEGORIES[i]]
        return (words.number(found_here, digits=0) + (f" ({100 * share:.0f}%)" if share is not None else ""), share)

    chi2 = next(iter(found.of(f"{run}table 3", "chi2").values()), None)
    note = f"χ² {words.number(chi2['value'], digits=1)}, p {words.p_value(chi2['p_value'])}." if chi2 else ""
    return charts.heat(
        "Authorities by judgement (rows) and third of deprivation (columns)",
        [f"{c} judgement" for c in CATEGORIES],
        [f"{d} deprived" for d in DEPRIVATION],
        cell,
        diverging=False,
        note=note,
    )


def _correlations(found: Found, run: str) -> str:
    rho = found.of(f"{run}table 4", "spearman_rho")
    picture = charts.forest(
        "Rank correlation with the judgement", by_size(rho, "rating x "), partial(words.number, digits=2)
    )
    table = estimates_table("factor", "rho", rho, "rating x ")
    summary = "With p-values as they stand and adjusted for their number"
    return f"{picture}<details><summary>{summary}</summary>{table}</details>"


def _means(found: Found, run: str) -> str:
    mean, sd = found.of(f"{run}tables 5-7", "mean"), found.of(f"{run}tables 5-7", "sd")
    names = list(dict.fromkeys(k.split(" | ")[0] for k in mean))
    rows = []
    for name in names:
        line = [name]
        for c in (*CATEGORIES, "all"):
            key = f"{name} | {c}"
            value, spread = (mean.get(key) or {}).get("value"), (sd.get(key) or {}).get("value")
            line.append(f"{words.number(value, digits=1)} ({words.number(spread, digits=1)})")
        rows.append(line)
    return simple_table(["mean (standard deviation)", *CATEGORIES, "all"], rows)


def _spend(found: Found, run: str) -> str:
    mean, sd = found.of(f"{run}table 8", "mean"), found.of(f"{run}table 8", "sd")
    rows = [
        [
            k.removeprefix("spend per child | "),
            words.number(r["value"], "gbp"),
            words.number((sd.get(k) or {}).get("value"), "gbp"),
            r["n"],
        ]
        for k, r in mean.items()
    ]
    f = [
        [k, words.number(r["value"], digits=2), words.p_value(r["p_value"]), r["n"]]
        for k, r in found.of(f"{run}table 8", "anova_F").items()
    ]
    tukey = found.of(f"{run}table 8", "tukey difference")
    forest = [(k, r["value"], r["ci_low"], r["ci_high"]) for k, r in tukey.items()]
    return (
        simple_table(["judgement", "mean spending per child", "standard deviation", "n"], rows, sortable=False)
        + simple_table(["analysis of variance", "F", "p", "n"], f, sortable=False)
        + charts.forest(
            "Difference in spending per child between thirds of deprivation, within a judgement (Tukey)",
            forest,
            partial(words.number, unit="gbp"),
        )
    )


def _models(found: Found, run: str) -> str:
    ordinal, brant = found.of(f"{run}ordinal", "beta"), found.of(f"{run}ordinal", "brant_chi2")
    rows = []
    for k, r in ordinal.items():
        test = brant.get(k.split(" | ")[0])
        rows.append(
            [
                k.split(" | ")[0],
                interval(r, 3),
                words.p_value(r["p_value"]),
                words.p_value(test["p_value"]) if test else "–",
                r["n"],
            ]
        )
    multi = found.of(f"{run}multinomial", "beta")
    body = [
        [k.split(" | ")[0], k.split(" | ")[-1], interval(r, 3), words.p_value(r["p_value"]), r["n"]]
        for k, r in multi.items()
    ]
    return (
        simple_table(["ordinal logistic", "B (95% interval)", "p", "Brant test, p", "n"], rows)
        + "<details><summary>Multinomial logistic, either reference</summary>"
        + simple_table(["factor", "contrast", "B (95% interval)", "p", "n"], body)
        + "</details>"
    )
