"""A page per measure: what it is, what publishers call it, and how authorities are spread, given their size."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

from analysis.report import charts, words
from analysis.report.charts import Line
from analysis.report.pages import authority_page, markup, measure_page, render
from analysis.report.published import Published, Row

UP = "../"
#: Control limits of a funnel: 95% and 99.8% (Spiegelhalter, Funnel plots for comparing performance, 2005).
LIMITS = ((1.96, "95% limits", "b"), (3.09, "99.8% limits", "c"))
QUANTILES = ("p5", "q1", "median", "q3", "p95")
PER = {"per_10k": 10_000.0, "pct": 100.0}


def page(published: Published, measure_id: str, site: Mapping[str, Any]) -> str:
    """The page of a measure."""
    measure = published.measures[measure_id]
    spread = published.spread.get(measure_id, {})
    years = [y for y in published.years if spread.get(y, {}).get("n")]
    followers = [m for m in published.measures.values() if m["continues"] == measure_id]
    return render(
        "measure.html",
        UP,
        measure["label"],
        site,
        m=measure,
        unit=words.UNITS.get(measure["unit"], measure["unit"]),
        says=words.SAYS.get((measure["quality_or_quantity"], measure["effort_or_effect"]), ""),
        group=words.GROUPS.get(measure["measure_group"], measure["measure_group"]),
        publisher_columns=_publisher_columns(measure, site.get("titles", {})),
        before=published.measures.get(measure["continues"] or ""),
        followers=followers,
        href=measure_page,
        spread=markup(_spread(published, measure, years, site.get("titles", {}))) if years else "",
        latest=markup(_latest(published, measure, years[-1])) if years else "",
        coverage=[
            (_period(published, measure_id, y), spread.get(y, {}).get("n", 0), _gaps(spread.get(y, {})))
            for y in published.years
            if not years or years[0] <= y <= years[-1] or (y > years[-1] and spread.get(y, {}).get("gaps"))
        ],
    )


def _publisher_columns(measure: Row, titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Publication, editions and column, as the dictionary of measures has them."""
    parts = [p.strip() for p in (measure["publisher_columns"] or "").split(";") if p.strip()]
    found = []
    for where, _, column in (p.partition(":") for p in parts):
        source, _, editions = where.strip().partition(" ")
        found.append((titles.get(source, source), editions, column.strip()))
    return found


def _period(published: Published, measure_id: str, year: int) -> str:
    """The day or year that a reporting year of a measure stands for."""
    return published.periods.get(measure_id, {}).get(year) or str(year)


def _gaps(about: Row) -> str:
    return "; ".join(
        f"{n} {words.SHORT[s] if s != 'not_published' else 'not published'}" for s, n in about.get("gaps", {}).items()
    )


def _spread(published: Published, measure: Row, years: list[int], titles: Mapping[str, str]) -> str:
    spread, show = published.spread[measure["measure_id"]], partial(words.number, unit=measure["unit"])
    england = published.areas.get("England", {}).get(measure["measure_id"], {})
    span = list(range(years[0], years[-1] + 1))
    # A return that was being phased in is not the whole of its first year.
    whole = measure["first_full_year"] or years[0]

    def at(name: str) -> charts.Points:
        return charts.broken(
            [
                (y, spread[y][name] if y in spread and y >= whole and spread[y]["n"] >= words.FEWEST else None)
                for y in span
            ],
            published.breaks.get(measure["measure_id"], {}),
        )

    breaks = {
        y: re.sub(r"\b\w+\b", lambda word: titles.get(str(word[0]), str(word[0])), what)
        for y, what in published.breaks.get(measure["measure_id"], {}).items()
    }
    lines = [Line("median of authorities", at("median"), "own", at("q1"), at("q3"))]
    lines.append(Line("nine in ten authorities lie between the dotted lines", at("p5"), "c"))
    lines.append(Line("", at("p95"), "c"))
    if measure["unit"] not in {"count", "fte", "gbp"}:
        lines.append(Line("England", [(y, england.get(y, (None,))[0]) for y in span], "ref"))
    periods = published.periods.get(measure["measure_id"], {})
    body = [
        [
            _period(published, measure["measure_id"], y),
            str(spread[y]["n"]),
            *(show(spread[y][k]) for k in QUANTILES),
            show(england.get(y, (None,))[0]),
        ]
        for y in reversed(years)
    ]
    head = [
        "year",
        "authorities",
        "5th percentile",
        "lower quartile",
        "median",
        "upper quartile",
        "95th percentile",
        "England",
    ]
    return charts.line_chart(
        f"{measure['label']}: how authorities are spread",
        lines,
        [(float(y), words.axis_year(periods.get(y, ""), y)) for y in span],
        show,
        size=(720, 300),
        behind=charts.table(head, body),
        note="The band holds the middle half of authorities."
        + "".join(
            f" From {words.axis_year(periods.get(y, ''), y)} not to be compared with the years before: {escape(what)}."
            for y, what in breaks.items()
        ),
        marks=[(y - 0.5, f"{y}: {what}") for y, what in breaks.items() if span[0] < y <= span[-1]],
    )


def _latest(published: Published, measure: Row, year: int) -> str:
    """Authorities in the latest year: a funnel where a rate or share has a denominator, else a strip; no ranking."""
    found = published.latest.get((measure["measure_id"], year), [])
    show = partial(words.number, unit=measure["unit"])
    body = [[f'<a href="{UP}{authority_page(code)}">{escape(name)}</a>', show(v)] for code, name, v, _, _ in found]
    when = _period(published, measure["measure_id"], year)
    behind = charts.table(["authority, by name", when], body, "Every authority, by name")
    per = PER.get(measure["unit"])
    sized = [(d, v, name) for _, name, v, _, d in found if d]
    pooled = [(n, d) for _, _, _, n, d in found if d and n is not None]
    if per and len(sized) >= 20 and len(pooled) >= 20:
        centre = sum(n for n, _ in pooled) / sum(d for _, d in pooled)
        # One thing per another may be more than all of it: assessments per referral are no share of the referrals.
        share = measure["unit"] == "pct" and all(n <= d for n, d in pooled)
        return _funnel(measure, when, sized, centre, per, show, behind, share=share)
    points = [(v, 0.2 + 0.6 * ((i * 0.618034) % 1), name) for i, (_, name, v, _, _) in enumerate(found)]
    return _strip(measure, when, points, show, behind)


def _funnel(
    measure: Row,
    when: str,
    sized: list[tuple[float, float, str]],
    centre: float,
    per: float,
    show: charts.Show,
    behind: str,
    *,
    share: bool,
) -> str:
    low, high = min(d for d, _, _ in sized), max(d for d, _, _ in sized)
    steps = [low + (high - low) * (i / 40) ** 2 for i in range(41)]
    curves = [Line("all authorities together", [(low, centre * per), (high, centre * per)], "ref")]
    for z, label, style in LIMITS:
        for sign in (1, -1):
            edge = []
            for d in steps:
                sd = math.sqrt(centre * ((1 - centre) if share else 1) / d)
                edge.append((d, max(0.0, (centre + sign * z * sd) * per)))
            curves.append(Line(label if sign > 0 else "", edge, style))
    return charts.scatter(
        f"{measure['label']}, {when}: authorities by size",
        sized,
        show,
        partial(words.number, unit="count"),
        curves=curves,
        axis=f"Across: {measure['denominator'] or 'what the figure is of'}",
        note="Smaller authorities vary more by chance alone; inside the limits a difference says little. "
        "Many lie outside, because need differs from place to place. This is no ranking.",
        behind=behind,
    )


def _strip(measure: Row, when: str, points: list[tuple[float, float, str]], show: charts.Show, behind: str) -> str:
    if not points:
        return ""
    width, height = 720, 110
    ticks = charts.nice_ticks(min(p[0] for p in points), max(p[0] for p in points), 6)
    x = charts.Scale(ticks[0], ticks[-1], 24, width - 24)
    parts = [
        f'<path class="grid" d="M{x(t):.1f} 8V{height - 26}"/>'
        f'<text class="tick" x="{x(t):.1f}" y="{height - 8}" text-anchor="middle">{escape(show(t))}</text>'
        for t in ticks
    ]
    parts += [
        f'<circle class="point" cx="{x(v):.1f}" cy="{8 + (height - 40) * at:.1f}" r="3.5">'
        f"<title>{escape(f'{name}: {show(v)}')}</title></circle>"
        for v, at, name in points
    ]
    title = f"{measure['label']}, {when}: each dot is an authority"
    words_ = f"{title}. {len(points)} authorities."
    svg = charts.drawing(width, height, words_, parts)
    return charts.figure(title, svg, behind, "Dots are spread up and down only so that they do not cover one another.")
