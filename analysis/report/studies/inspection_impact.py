"""What an inspection does: medians by event year, modelled paths, coefficients, and what goes beyond the paper."""

from __future__ import annotations

from functools import partial

from analysis.report import charts, words
from analysis.report.charts import Line, Points
from analysis.report.published import Published, Row
from analysis.report.study import Found, Section, by_size, interval, simple_table

GROUPS = (("good_or_outstanding", "a"), ("requires_improvement", "b"), ("inadequate", "c"))
EVENTS = [f"Y{e}" for e in range(-3, 4)]
TICKS = [(float(e), f"Y{e:+d}".replace("-", "\u2212") if e else "Y0") for e in range(-3, 4)]
PARTS = (
    ("pre", "each year before"),
    ("step0", "step in the year"),
    ("step1", "step a year on"),
    ("post", "each year after"),
)
NAMES = {
    "referrals": "Referrals",
    "assessments": "Assessments",
    "cin": "Children in need",
    "cin_started": "Children in need, started",
    "s47_enquiries": "Section 47 enquiries",
    "icpc": "Child protection conferences",
    "cpp": "Child protection plans",
    "cla": "Children looked after",
    "section_20": "Looked after by agreement (section 20)",
    "care_orders": "Care orders",
    "cin_ceased_3m": "Need ended within 3 months",
    "cpp_ceased_6m": "Plans ended within 6 months",
    "assessments_on_time": "Assessments on time",
    "icpc_on_time": "Conferences on time",
    "rereferrals": "Re-referrals",
    "cpp_repeat": "Repeat protection plans",
    "spend_total": "Spending, total",
    "spend_safeguarding": "Spending, safeguarding",
    "spend_cla": "Spending, children looked after",
    "spend_early_help": "Spending, early help",
    "cin_per_social_worker": "Children in need per social worker",
    "vacancy": "Vacancy rate",
    "turnover": "Turnover rate",
    "agency": "Agency rate",
}
BLOCKS = (
    (
        "Provision",
        (
            "referrals",
            "assessments",
            "cin",
            "cin_started",
            "s47_enquiries",
            "icpc",
            "cpp",
            "cla",
            "section_20",
            "care_orders",
        ),
    ),
    (
        "Period of service, timeliness and quality",
        ("cin_ceased_3m", "cpp_ceased_6m", "assessments_on_time", "icpc_on_time", "rereferrals", "cpp_repeat"),
    ),
    ("Spending", ("spend_total", "spend_safeguarding", "spend_cla", "spend_early_help")),
    ("Workforce", ("cin_per_social_worker", "vacancy", "turnover", "agency")),
)


def sections(published: Published, found: Found) -> tuple[str, list[Section]]:
    """Summary and sections of the page."""
    medians, paths = found.of("figure 1", "median"), found.of("figures 2-4", "path")
    out = [
        Section("The authorities", _sample(found)),
        Section(
            "The median, year by year",
            "<p>Y0 is the reporting year in which the report was published. The line is the median of the "
            "authorities that have a figure in that "
            "year (n), where there are ten or more, from the measure's first full year; figures 1 of the paper.</p>"
            + _blocks(medians, lambda m: _medians(medians, m)),
        ),
        Section(
            "The modelled path, three years before (or the first year with ten authorities) = 100",
            "<p>From a multilevel segmented Poisson model with an intercept and a slope of its own for each "
            "authority. The shaded years are those of "
            "the two steps. The band is the 95% interval with errors clustered by authority.</p>"
            + _blocks(paths, lambda m: _path(paths, m, [("all", "own")])),
        ),
        Section(
            "By what the inspectors judged",
            "<p>The same, fitted apart for authorities judged good or outstanding, requires improvement, and "
            "inadequate.</p>" + _blocks(paths, lambda m: _path(paths, m, list(GROUPS))),
        ),
        Section("The coefficients, in per cent", _coefficients(found)),
        Section("Beyond the paper", _beyond(found)),
    ]
    return "", out


def _sample(found: Found) -> str:
    n = found.of("sample", "n")
    rows = [[words.OUTCOMES.get(k, k).capitalize(), words.number(r["value"], digits=0)] for k, r in n.items()]
    return simple_table(["first inspections under the single framework", "n"], rows, sortable=False)


def _blocks(held: dict[str, Row], draw: object) -> str:
    assert callable(draw)
    parts = []
    for i, (title, measures) in enumerate(BLOCKS):
        pictures = [draw(m) for m in measures if any(f" {m} " in f" {k.replace('|', ' ')} " for k in held)]
        parts.append(f"<details{' open' if i == 0 else ''}><summary>{title}</summary>{charts.many(pictures)}</details>")
    return "".join(parts)


def _drawn(held: dict[str, Row], group: str, measure: str) -> list[Row]:
    """The estimates of the event years; nothing of a year with too few authorities."""
    rows = [held.get(f"{group} | {measure} | {e}") or {} for e in EVENTS]
    return [r if (r.get("n") or 0) >= words.FEWEST else {} for r in rows]


def _series(held: dict[str, Row], group: str, measure: str, what: str = "value") -> Points:
    return [(float(i - 3), r.get(what)) for i, r in enumerate(_drawn(held, group, measure))]


def _label(held: dict[str, Row], group: str, measure: str) -> str:
    """A line's name with how many authorities it rests on."""
    counts = (r["n"] for r in _drawn(held, group, measure) if r.get("value") is not None)
    return words.OUTCOMES.get(group, "all authorities") + words.authorities_of(counts)


def _medians(held: dict[str, Row], measure: str) -> str:
    lines = [Line(_label(held, g, measure), _series(held, g, measure), style) for g, style in (("all", "own"), *GROUPS)]
    return charts.line_chart(
        NAMES.get(measure, measure),
        lines,
        TICKS,
        partial(words.number, digits=1),
        marks=[(0, "report")],
        size=(400, 220),
        first_column="year",
    )


def _path(held: dict[str, Row], measure: str, groups: list[tuple[str, str]]) -> str:
    lines = [
        Line(
            _label(held, g, measure),
            _series(held, g, measure),
            style,
            _series(held, g, measure, "ci_low"),
            _series(held, g, measure, "ci_high"),
        )
        for g, style in groups
    ]
    return charts.line_chart(
        NAMES.get(measure, measure),
        lines,
        TICKS,
        partial(words.number, digits=1),
        shaded=[(-0.5, 1.5)],
        level=100.0,
        size=(400, 220),
        first_column="year",
    )


def _coefficients(found: Found) -> str:
    plain, robust = found.of("table 2", "percent_change"), found.of("table 2", "percent_change_clustered")
    nb = found.of("table 2", "percent_change_nb2")
    parts = []
    for title, held in (
        ("Clustered by authority (what a careful reader should use)", robust),
        ("As the paper has them: the plain Poisson interval, far too narrow when figures vary more than chance", plain),
        ("Negative binomial", nb),
    ):
        rows = [
            [NAMES.get(m, m), *(interval(held.get(f"all | {m} | {p}")) for p, _ in PARTS)]
            for _, ms in BLOCKS
            for m in ms
        ]
        table = simple_table(["measure", *(label for _, label in PARTS)], rows)
        parts.append(f"<details{' open' if held is robust else ''}><summary>{title}</summary>{table}</details>")
    by_group = found.of("table 2 by outcome", "percent_change_clustered")
    rows = [
        [f"{NAMES.get(m, m)}: {words.OUTCOMES[g]}", *(interval(by_group.get(f"{g} | {m} | {p}")) for p, _ in PARTS)]
        for _, ms in BLOCKS
        for m in ms
        for g, _ in GROUPS
    ]
    table = simple_table(["measure and judgement", *(label for _, label in PARTS)], rows)
    parts.append(f"<details><summary>By judgement, clustered by authority</summary>{table}</details>")
    return "<p>Change in per cent with its 95% interval.</p>" + "".join(parts)


def _beyond(found: Found) -> str:
    parts = [
        "<p>Calendar trends go along with event time. Here authorities that have been inspected are compared "
        "with those not yet inspected.</p>",
        _event_study(found),
        _specifications(found),
    ]
    placebo = found.of("placebo", "percent_change_clustered")
    parts.append(
        simple_table(
            ["inspections moved to earlier years: step in the pretended year", "change, % (95% interval)"],
            [[_named(k), interval(r)] for k, r in placebo.items()],
        )
    )
    power = found.of("power", "minimum detectable percent change")
    parts.append(
        simple_table(
            ["smallest step that this many authorities can show (80% power)", "change, %"],
            [[_named(k), words.number(r["value"], digits=1)] for k, r in power.items()],
        )
    )
    again = found.of("re-run ilacs", "percent_change_clustered")
    rows_again = [
        [NAMES.get(m, m), *(interval(again.get(f"all | {m} | {p}")) for p, _ in PARTS)] for _, ms in BLOCKS for m in ms
    ]
    parts.append("<h3>The same for inspections under ILACS, since 2018</h3>")
    parts.append(simple_table(["measure", *(label for _, label in PARTS)], rows_again))
    return "".join(parts)


def _event_study(found: Found) -> str:
    event = found.of("event study", "percent_change")
    pictures = []
    for m in ("cpp", "s47_enquiries", "referrals", "cla"):
        points = _series(event, "all", m)
        if any(v is not None for _, v in points):
            low, high = _series(event, "all", m, "ci_low"), _series(event, "all", m, "ci_high")
            pictures.append(
                charts.line_chart(
                    f"{NAMES[m]}: change against the not yet inspected, %",
                    [Line(_label(event, "all", m), points, "own", low, high)],
                    TICKS,
                    partial(words.number, digits=1),
                    level=0.0,
                    size=(400, 220),
                )
            )
    return charts.many(pictures)


def _specifications(found: Found) -> str:
    curve = found.of("specification curve", "percent_change")
    agreeing = found.of("specification curve", "percent with the median's sign")
    significant = found.of("specification curve", "percent significant with the median's sign")
    curves = (
        "<h3>Under every specification</h3><p>The step in the year of the report: exposure, random effects, family, "
        "window, calendar effects, basis of the year, deflator, editions of the figures, authorities left out, and the "
        "estimator, smallest estimate first.</p>"
        + charts.many([_curve(curve, k, agreeing[k], significant.get(k)) for k in agreeing])
    )
    rows = by_size(curve, "all | cpp | step0 | ")
    if not rows:
        return curves
    return curves + charts.forest(
        "Child protection plans, step in the year of the report, under every specification, %",
        rows,
        partial(words.number, digits=1),
        note="Exposure, random effects, family, window, and calendar effects, all ways.",
    )


def _curve(curve: dict[str, Row], subject: str, agreeing: Row, significant: Row | None) -> str:
    """Every specification of one measure and group, by size, with the share that agrees."""
    rows = [r for r in by_size(curve, f"{subject} | ") if r[1] is not None]
    group, measure, _ = subject.split(" | ")
    who = words.OUTCOMES.get(group, "all authorities")
    said = f"{words.number(agreeing['value'], digits=0)}% agree in sign"
    if significant:
        said += f", {words.number(significant['value'], digits=0)}% in sign and significance"
    places = [float(i) for i in range(1, len(rows) + 1)]
    return charts.line_chart(
        f"{NAMES.get(measure, measure)}, {who}: change in %",
        [
            Line(
                f"{len(rows)} specifications",
                [(x, r[1]) for x, r in zip(places, rows, strict=True)],
                "own",
                [(x, r[2]) for x, r in zip(places, rows, strict=True)],
                [(x, r[3]) for x, r in zip(places, rows, strict=True)],
            )
        ],
        [(places[0], "1"), (places[-1], str(len(rows)))] if len(rows) > 1 else [],
        partial(words.number, digits=1),
        level=0.0,
        size=(400, 220),
        first_column="specification",
        note=f"{said}.",
    )


def _named(subject: str) -> str:
    return ", ".join(NAMES.get(p, words.OUTCOMES.get(p, p)) for p in subject.split(" | ") if p not in {"step0"})
