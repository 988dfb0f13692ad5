"""Spending on prevention and judgements: the paper's model, what it means in probabilities, and how far it holds."""

from __future__ import annotations

from functools import partial
from html import escape

from analysis.report import charts, words
from analysis.report.published import Published, Row
from analysis.report.study import Found, Section, estimates_table, interval, simple_table

PREVENTATIVE = "preventative spending"
RATIO = partial(words.number, digits=2)
POINTS = partial(words.number, digits=0)


def sections(published: Published, found: Found) -> tuple[str, list[Section]]:
    """Summary and sections of the page."""
    return _what_holds(found), [
        Section("The inspections", _sample(found)),
        Section("The paper's model", _model(found)),
        Section("In probabilities", _probabilities(found)),
        Section("Two inspections and an accounting rule", _capital(found)),
        Section("What counts as looked after", _content(found)),
        Section(
            "Beyond the paper: each framework, and to date",
            _forest(found, "frameworks apart", "£100 more on prevention, by framework"),
        ),
        Section(
            "Beyond the paper: spending of the years before",
            "<p>The same inspections with the spending of their year and of the years before. A judgement of this year "
            "cannot have moved the spending of the year before.</p>"
            + _forest(found, "spending before", "£100 more on prevention, by year of the spending"),
        ),
        Section("Beyond the paper: between authorities, and within one", _within(found)),
        Section("Does it rest on a choice?", _multiverse(found)),
    ]


def _clear(row: Row | None) -> bool:
    """Whether the interval of an odds ratio leaves out one."""
    return bool(row and row["ci_low"] is not None and (row["ci_low"] > 1 or row["ci_high"] < 1))


def _what_holds(found: Found) -> str:
    """Three sentences; each says what the figures of this run say."""
    ratio = found.of("model", "odds_ratio").get(PREVENTATIVE)
    points = found.of("marginal effect", "percentage_points").get("£100 a child more on prevention")
    if not ratio or ratio["value"] is None or not points:
        return ""
    said = [
        f"Given deprivation and what is spent on safeguarding, £100 a child more on prevention goes with "
        f"{interval(points, 0)} percentage points more chance of a good or outstanding judgement (odds ratio "
        f"{interval(ratio, 2)}, {ratio['n']} inspections): "
        + (
            "the paper's finding comes out again."
            if _clear(ratio) and ratio["value"] > 1
            else "that is not clear here."
        )
    ]
    split = found.of("within and between", "odds_ratio")
    between, within = (split.get(f"2011-2019 | {PREVENTATIVE}, {k} authorities") for k in ("between", "within"))
    if between and within and between["value"] and within["value"]:
        said.append(
            f"It tells authorities apart (odds ratio {interval(between, 2)}) rather than the better from the worse "
            f"years of one (within an authority {interval(within, 2)}), so it does not show that spending more would "
            "improve a judgement."
            if _clear(between) and not _clear(within)
            else f"Between authorities the odds ratio is {interval(between, 2)}, within an authority over time "
            f"{interval(within, 2)}; an association is no proof that spending more would improve a judgement."
        )
    above, ilacs = (
        found.of("multiverse", "percent").get("above one, interval leaves out one"),
        found.of("frameworks apart", "odds_ratio").get(f"ILACS to date | {PREVENTATIVE}"),
    )
    if above and above["value"] is not None:
        last = f"Of {above['n']} combinations of defensible choices {POINTS(above['value'])}% show it clearly"
        if ilacs and ilacs["value"] is not None:
            last += f"; under ILACS alone it is {interval(ilacs, 2)} on {ilacs['n']} inspections" + (
                "" if _clear(ilacs) else ", too uncertain to tell"
            )
        said.append(last + ".")
    return f"<p>{' '.join(escape(s) for s in said)}</p>"


def _sample(found: Found) -> str:
    n = found.of("sample", "n")
    rows = [[_first(k), POINTS(r["value"])] for k, r in n.items()]
    rows += [[f"{_first(k)}, per cent", POINTS(r["value"])] for k, r in found.of("sample", "percent").items()]
    rows += [
        [f"{_first(k)}, mean per child", words.number(r["value"], "gbp")]
        for k, r in found.of("sample", "mean_gbp_per_child").items()
    ]
    about = (
        "<p>Preventative is what is left of the total without safeguarding and children looked after: family support, "
        "children's centres, services for young people, youth justice. Pounds in the prices of 2018-19.</p>"
    )
    return about + simple_table(["", ""], rows, sortable=False)


def _first(text: str) -> str:
    """With a capital letter, and the others as they are."""
    return text[:1].upper() + text[1:]


def _model(found: Found) -> str:
    ratios = found.of("model", "odds_ratio")
    spread = ", ".join(
        f"{k} {words.number(r['value'], digits=2)}" for k, r in found.of("model", "sd_of_intercepts").items()
    )
    rows = [(k, r["value"], r["ci_low"], r["ci_high"]) for k, r in ratios.items()]
    return (
        charts.forest("Odds ratio of good or outstanding", rows, RATIO, level=1.0, value_name="odds ratio")
        + estimates_table("£100 a child, or one decile", "odds ratio", ratios)
        + (
            f"<p>Standard deviation of the random intercepts on the log-odds scale: {escape(spread)}.</p>"
            if spread
            else ""
        )
    )


def _probabilities(found: Found) -> str:
    effects = found.of("marginal effect", "percentage_points")
    chance, spent = found.of("prediction", "probability_pct"), found.of("prediction", "preventative_gbp_per_child")
    lines = []
    for kind, style in (("deprivation", "a"), ("spending", "own")):
        held = [(k, chance.get(f"{kind} decile {k}")) for k in range(1, 11)]
        low, value, high = (
            [(float(k), r[name] if r else None) for k, r in held] for name in ("ci_low", "value", "ci_high")
        )
        label = "by decile of preventative spending" if kind == "spending" else "by decile of deprivation"
        lines.append(charts.Line(label, value, style, low, high))
    lines.reverse()
    body = [
        [
            str(k),
            words.number((spent.get(f"spending decile {k}") or {}).get("value"), "gbp"),
            interval(chance.get(f"spending decile {k}"), 0, "%"),
            interval(chance.get(f"deprivation decile {k}"), 0, "%"),
        ]
        for k in range(1, 11)
    ]
    return (
        simple_table(
            ["average marginal effect", "percentage points (95% interval)"],
            [[k, interval(r, 1)] for k, r in effects.items()],
            sortable=False,
        )
        + charts.line_chart(
            "Predicted chance of a good or outstanding judgement, %",
            lines,
            [(float(k), str(k)) for k in range(1, 11)],
            POINTS,
            axis="decile: 10 spends most, is most deprived",
            from_zero=True,
            first_column="decile",
        )
        + simple_table(["decile", "spends", "chance by spending", "chance by deprivation"], body, sortable=False)
    )


def _capital(found: Found) -> str:
    amounts = found.of("capital charged to revenue", "gbp_millions")
    said = "; ".join(f"{k} £{words.number(r['value'], digits=0)}m" for k, r in amounts.items())
    return (
        "<p>The totals that were published to 2014-15 hold capital expenditure that is charged to revenue. In two "
        f"inspections that moves preventative spending by much: {escape(said) or 'none here'} (prices of 2018-19).</p>"
        + _forest(found, "capital charged to revenue", "£100 more on prevention", first="model")
    )


def _content(found: Found) -> str:
    return (
        "<p>To 2011-12 the returns print adoption and special guardianship under other families. The paper's model "
        "leaves them there, as its authors did; here they count as looked after in all years.</p>"
        + _forest(found, "looked after by content", "£100 more on prevention", first="model")
    )


def _forest(found: Found, place: str, title: str, first: str = "") -> str:
    ratios = found.of(place, "odds_ratio")
    held = {k.split(" | ")[0]: r for k, r in ratios.items() if k.endswith(f"| {PREVENTATIVE}")}
    if first:
        own = found.of(first, "odds_ratio").get(PREVENTATIVE)
        held = ({"the paper's model": own} if own else {}) | held
    rows = [(k, r["value"], r["ci_low"], r["ci_high"]) for k, r in held.items()]
    gaps = "".join(f"<p>{escape(k)}: {escape(r['reason'])}.</p>" for k, r in held.items() if r["value"] is None)
    return (
        charts.forest(title, rows, RATIO, level=1.0, value_name="odds ratio")
        + gaps
        + "<details><summary>All terms</summary>"
        + estimates_table("model and term", "odds ratio", ratios)
        + "</details>"
    )


def _within(found: Found) -> str:
    ratios = found.of("within and between", "odds_ratio")
    rows = [
        (k.replace(f" | {PREVENTATIVE}", ""), r["value"], r["ci_low"], r["ci_high"])
        for k, r in ratios.items()
        if f"| {PREVENTATIVE}" in k
    ]
    apart = [
        [k.split(" | ")[0], RATIO(r["value"]), words.p_value(r["p_value"])]
        for k, r in found.of("within and between", "ratio_of_odds_ratios").items()
    ]
    return (
        "<p>An authority's mean over its inspections, and how far it is from that mean at each. If spending itself "
        "were at work, the two should agree; where they do not, authorities that differ in spending differ in other "
        "ways too.</p>"
        + charts.forest("£100 more on prevention", rows, RATIO, level=1.0, value_name="odds ratio")
        + simple_table(["", "between over within", "p of no difference"], apart, sortable=False)
        + "<details><summary>All terms</summary>"
        + estimates_table("model and term", "odds ratio", ratios)
        + "</details>"
    )


def _multiverse(found: Found) -> str:
    every = found.of("specification", "odds_ratio")
    ranked = sorted(every.values(), key=lambda r: r["value"])
    places = [float(i) for i in range(1, len(ranked) + 1)]
    low, value, high = (
        [(at, r[name]) for at, r in zip(places, ranked, strict=True)] for name in ("ci_low", "value", "ci_high")
    )
    median = found.of("multiverse", "odds_ratio")
    shares = found.of("multiverse", "percent")
    body = [[k, RATIO(r["value"]), r["n"]] for k, r in found.of("multiverse", "median_odds_ratio").items()]
    drawn = (
        charts.line_chart(
            "Odds ratio of £100 more on prevention, every combination of choices, smallest first",
            [charts.Line("odds ratio", value, "own", low, high)],
            [(at, f"{at:.0f}") for at in places if at == 1 or at % 12 == 0],
            RATIO,
            axis="combination",
            level=1.0,
            first_column="combination",
        )
        if ranked
        else ""
    )
    rows = [[_first(k), RATIO(r["value"])] for k, r in median.items()]
    rows += [[f"{_first(k)}, per cent of combinations", POINTS(r["value"])] for k, r in shares.items()]
    return (
        drawn
        + simple_table(["odds ratio", ""], rows, sortable=False)
        + simple_table(["choice", "median odds ratio", "combinations"], body)
    )
