"""Do indicators predict the judgement: ranges that overlap, correlations, the logistic model, and the cycle since."""

from __future__ import annotations

from functools import partial

from analysis.report import charts, words
from analysis.report.published import Published
from analysis.report.study import Found, Section, by_size, estimates_table, interval, simple_table


def sections(published: Published, found: Found) -> tuple[str, list[Section]]:
    """Summary and sections of the page."""
    return "", [
        Section("The authorities", _sample(found, "sample")),
        Section(
            "How far the two groups overlap",
            "<p>For each indicator the lowest, mean and highest figure of authorities rated low (inadequate or "
            "requires improvement) and high (good or "
            "outstanding). Each row has a scale of its own. Where the ranges overlap almost wholly, the "
            "indicator cannot tell the groups apart.</p>" + _ranges(found, "means"),
        ),
        Section("Correlations", _correlations(found)),
        Section("The logistic model", _logistic(found, "table 5")),
        Section("Spending", _spend(found, "spend")),
        Section("Beyond the paper: every ILACS judgement to date", _all(found)),
    ]


def _sample(found: Found, place: str) -> str:
    n, share = found.of(place, "n"), found.of(place, "percent")
    rows = [
        [k.capitalize(), words.number(r["value"], digits=0), words.number((share.get(k) or {}).get("value"), "pct")]
        for k, r in n.items()
    ]
    return simple_table(["", "n", "share"], rows, sortable=False)


def _ranges(found: Found, place: str) -> str:
    low, mean, high = (found.of(place, s) for s in ("range_low", "mean", "range_high"))
    names = list(dict.fromkeys(k.split(" | ")[0] for k in mean))
    rows = []
    for name in names:
        groups = []
        for group in ("low rating", "high rating"):
            key = f"{name} | {group}"
            parts = [(part.get(key) or {}).get("value") for part in (low, mean, high)]
            if all(p is not None for p in parts):
                groups.append((f"rated {group.split()[0]}", *parts))
        if len(groups) == 2:
            rows.append((name, groups))
    return charts.ranges("Range and mean by rating", rows, partial(words.number, digits=1))  # type: ignore[arg-type]


def _correlations(found: Found) -> str:
    rho = found.of("spearman", "spearman_rho")
    names = ["rating", "referral rate", "CIN rate", "CP rate", "CIC rate"]
    table4 = found.of("table 4", "spearman_rho")

    def cell(i: int, j: int) -> tuple[str, float | None]:
        if i == j:
            return "1", None
        row = table4.get(f"{names[i]} x {names[j]}") or table4.get(f"{names[j]} x {names[i]}")
        value = None if row is None else row["value"]
        return words.number(value, digits=2), value

    return (
        charts.forest(
            "Rank correlation with the rating (right: higher figure, better rating)",
            by_size(rho, "rating x "),
            partial(words.number, digits=2),
        )
        + f"<details><summary>Every correlation, with p-values as they stand and adjusted for their number</summary>"
        f"{estimates_table('indicator', 'rho', rho, 'rating x ')}</details>"
        + charts.heat("Rating and rates among one another (table 4)", names, names, cell)
    )


def _logistic(found: Found, place: str) -> str:
    odds, b = found.of(place, "odds_ratio"), found.of(place, "B")
    rows = [
        [k.removeprefix("full model | "), interval(b.get(k), 3), interval(r, 3), words.p_value(r["p_value"]), r["n"]]
        for k, r in odds.items()
    ]
    fit = found.of(place, "nagelkerke_r2")
    r2 = next((r["value"] for r in fit.values()), None)
    return simple_table(["predictor of a good or outstanding judgement", "B", "odds ratio", "p", "n"], rows) + (
        f'<p class="note">Nagelkerke R² {words.number(r2, digits=2)}.</p>' if r2 is not None else ""
    )


def _spend(found: Found, place: str) -> str:
    mean, sd = found.of(place, "mean_gbp"), found.of(place, "sd_gbp")
    rows = [
        [*k.split(" | "), words.number(r["value"], "gbp"), words.number((sd.get(k) or {}).get("value"), "gbp"), r["n"]]
        for k, r in mean.items()
    ]
    width = max((len(r) for r in rows), default=0)
    rows = [r for r in rows if len(r) == width] if rows else []
    head = ["spending", *[""] * max(0, width - 4), "mean", "sd", "n"]
    return simple_table(head, rows)


def _all(found: Found) -> str:
    rho = found.of("all ILACS: three-way", "spearman_rho")
    return (
        _sample(found, "all ILACS: sample")
        + "<h3>Ranges by rating</h3>"
        + _ranges(found, "all ILACS: means")
        + "<h3>The logistic model</h3>"
        + _logistic(found, "all ILACS: table 5")
        + "<h3>Correlation with the three-way outcome</h3>"
        + estimates_table("indicator", "rho", rho, "outcome x ")
    )
