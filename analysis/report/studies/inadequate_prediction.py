"""Can an inadequate judgement be foretold: median trends, what goes together, the model, and how well it would do."""

from __future__ import annotations

from functools import partial

from analysis.report import charts, words
from analysis.report.charts import Line
from analysis.report.published import Published
from analysis.report.study import Found, Section, interval, simple_table

MODELS = (
    ("2012", "the paper's year"),
    ("2012 read as 2011/12", "the same, a year earlier"),
    ("SIF", "first inspections under the single framework"),
    ("ILACS", "inspections under ILACS"),
)
TESTS = (
    ("nested cross-validation | 2012", "the paper's year, cross-validated twice over"),
    ("nested cross-validation | SIF", "SIF, cross-validated twice over"),
    ("nested cross-validation | ILACS", "ILACS, cross-validated twice over"),
    ("temporal hold-out | apparent, SIF", "SIF, on the authorities it was fitted on"),
    ("temporal hold-out | held out, ILACS", "fitted on SIF, tried on ILACS"),
)


def sections(published: Published, found: Found) -> tuple[str, list[Section]]:
    """Summary and sections of the page."""
    return "", [
        Section("How measures moved", _trends(found)),
        Section("What goes together, year after year", _persistent(found)),
        Section("The model", _model(found)),
        Section("Would it have foretold?", _validation(found)),
        Section("Those the model picked and inspectors did not, and those both picked", _groups(found)),
    ]


def _trends(found: Found) -> str:
    medians = found.of("figure 2", "median")
    names = list(dict.fromkeys(k.split(" | ")[0] for k in medians))
    years = sorted({int(k.split(" | ")[1]) for k in medians})
    pictures = []
    for name in names:
        points = [(float(y), (medians.get(f"{name} | {y}") or {}).get("value")) for y in years]
        held = [y for y, v in points if v is not None]
        if len(held) < 2:
            continue
        points = [p for p in points if held[0] <= p[0] <= held[-1]]
        pictures.append(
            charts.line_chart(
                name,
                [Line("median of authorities", points)],
                [(y, f"{int(y) % 100:02d}") for y, _ in points],
                partial(words.number, digits=1),
                size=(320, 180),
            )
        )
    return charts.many(pictures)


def _persistent(found: Found) -> str:
    signs = found.of("figure 3", "persistent_sign")
    names = list(dict.fromkeys(p for k in signs for p in k.split(" x ")))
    about = {frozenset(k.split(" x ")): r["value"] for k, r in signs.items()}

    def cell(i: int, j: int) -> tuple[str, float | None]:
        if i == j:
            return "", None
        value = about.get(frozenset((names[i], names[j])))
        if value is None:
            return "", None
        return {1.0: "+", -1.0: "\u2212"}.get(value, "·"), value * 0.6 or None

    return charts.heat(
        "Pairs that correlate with one sign in at least three of the five years",
        names,
        names,
        cell,
        note="+ rise together, − one rises as the other falls, · not persistent.",
    )


def _model(found: Found) -> str:
    parts = []
    for model, label in MODELS:
        place = f"elastic net | {model}"
        held = found.of(place, "coefficient")
        if not held:
            continue
        rows = [[k, words.number(r["value"], digits=3), r["reason"]] for k, r in held.items() if k != "const"]
        n = next((r["n"] for r in held.values()), None)
        facts = "; ".join(
            f"{name} {words.number(found.value(place, statistic, 'model'), digits=0)}%"
            for name, statistic in (
                ("deviance explained", "deviance_explained_pct"),
                ("sensitivity", "sensitivity_pct"),
                ("specificity", "specificity_pct"),
                ("deviance explained on held-out folds", "held_out_deviance_explained_pct"),
            )
        )
        inadequate = words.number(found.value(place, "n_inadequate", "model"), digits=0)
        table = simple_table(["measure", "coefficient", ""], rows)
        parts.append(
            f"<details{' open' if model == '2012' else ''}><summary>{label}: {n} authorities, {inadequate} "
            "inadequate</summary>"
            f'<p class="note">{facts}.</p>{table}</details>'
        )
    return "<p>Elastic-net logistic regression: which measures it keeps, and how strongly.</p>" + "".join(parts)


def _validation(found: Found) -> str:
    show = partial(words.number, digits=2)
    rows = [
        [
            label,
            *(
                show(found.value(place, s, "predictions"))
                for s in ("auc", "brier", "brier_skill", "calibration_slope", "sensitivity", "specificity")
            ),
            found.n(place, "auc", "predictions"),
        ]
        for place, label in TESTS
    ]
    head = [
        "",
        "area under ROC",
        "Brier score",
        "gain over the base rate",
        "calibration slope",
        "sensitivity",
        "specificity",
        "n",
    ]
    pictures = [_roc(found)]
    for place, label in TESTS:
        predicted, observed = found.of(place, "predicted_rate"), found.of(place, "observed_rate")
        points = [
            (predicted[k]["value"], observed[k]["value"], k)
            for k in predicted
            if k in observed and None not in (predicted[k]["value"], observed[k]["value"])
        ]
        if points:
            top = max(max(p[0], p[1]) for p in points)
            behind = charts.table(["", "predicted", "observed"], [[k, show(a), show(b)] for a, b, k in points])
            pictures.append(
                charts.scatter(
                    f"Calibration: {label}",
                    points,
                    show,
                    show,
                    curves=[Line("perfect", [(0.0, 0.0), (top, top)], "ref")],
                    axis="Across: predicted share inadequate, up: observed, by tenth of prediction",
                    behind=behind,
                )
            )
    return (
        "<p>A model that is fitted and judged on the same authorities flatters itself. These figures are of "
        "authorities that it had not seen; an area "
        "of 0.5 is a coin toss.</p>" + simple_table(head, rows, sortable=False) + charts.many(pictures)
    )


def _roc(found: Found) -> str:
    """How many of the inadequate are found at each share of false alarms, model by model."""
    lines = []
    for (place, label), style in zip(TESTS, ("own", "a", "b", "c", "d"), strict=True):
        held = found.of(place, "true_positive_rate")
        points = sorted((float(k.rsplit(" ", 1)[1]), r["value"]) for k, r in held.items())
        if points:
            lines.append(Line(label, points, style))
    lines.append(Line("a coin toss", [(0.0, 0.0), (1.0, 1.0)], "ref"))
    ticks = [(i / 20, f"{i / 20:.1f}" if i % 2 == 0 else f"{i / 20:.2f}") for i in range(21)]
    return charts.line_chart(
        "ROC: share of the inadequate found, by share of false alarms",
        lines,
        ticks,
        partial(words.number, digits=2),
        axis="Across: share of the others that are picked wrongly",
        size=(560, 380),
        first_column="false positive rate",
    )


def _groups(found: Found) -> str:
    place, table = "groups | as many as printed", "table 3 | as many as printed"
    median, change = found.of(place, "median"), found.of(table, "median_change")
    rising, difference = found.of(table, "pct_rising"), found.of(table, "difference_of_mean_changes")
    names = list(dict.fromkeys(k.split(" | ")[1] for k in median))
    show = partial(words.number, digits=1)

    def of(part: dict[str, dict[str, object]], group: str, name: str) -> float | None:
        return (part.get(f"group {group} | {name}") or {}).get("value")  # type: ignore[return-value]

    rows = [
        [
            name,
            *(show(of(median, g, name)) for g in "AB"),
            *(show(of(change, g, name)) for g in "AB"),
            *(words.number(of(rising, g, name), "pct", 0) for g in "AB"),
            interval(difference.get(f"A less B | {name}")),
        ]
        for name in names
    ]
    head = [
        "measure",
        "median, A",
        "median, B",
        "change, A",
        "change, B",
        "rising, A",
        "rising, B",
        "A less B, mean change",
    ]
    return "<p>A: picked by the model and not judged inadequate. B: picked and judged inadequate.</p>" + simple_table(
        head, rows
    )
