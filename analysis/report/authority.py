"""A page per authority: its inspections, key measures, spending, value added, recommendations and gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from html import escape
from typing import Any

from analysis.report import charts, in_words, words
from analysis.report.charts import Line
from analysis.report.pages import authority_page, markup, measure_page, render
from analysis.report.published import Published, Row, Series

UP = "../"


def page(published: Published, la_code: str, site: Mapping[str, Any], themes: Mapping[str, str]) -> str:
    """The page of an authority.

    Args:
        published: the warehouse.
        la_code: DfE code.
        site: what every page says.
        themes: theme id to its label.
    """
    la = published.authorities[la_code]
    return render(
        "authority.html",
        UP,
        la["la_name"],
        site,
        la=la,
        relatives=_relatives(published, la),
        in_words=_in_words(published, la),
        inspections=[*reversed(published.inspections.get(la_code, []))],
        visits=published.visits.get(la_code, []),
        timeline=markup(timeline(published.inspections.get(la_code, []), published.visits.get(la_code, []))),
        groups=[(title, [card(published, la, m) for m in measures]) for title, measures in published.key.groups],
        around=_around(published, la),
        spend=[(m, markup(_spend(published, la_code, g))) for g, m in published.key.spend.items()],
        spend_key=markup(charts.legend(_spend_lines(published))),
        value_added=value_added(published, la),
        reports=_reports(published, la_code, themes),
        gaps=_gaps(published, la_code),
        neighbours=[
            (published.authorities[n], authority_page(n))
            for n in published.neighbours.get(la_code, [])
            if n in published.authorities
        ],
    )


def _relatives(published: Published, la: Row) -> list[tuple[str, Row, str]]:
    out = []
    for code in published.relatives.get(la["la_code"], []):
        other = published.authorities[code]
        # An authority still in existence has no last day.
        # Nor has one that was there before the records begin a first.
        if _follows(la, other):
            kind = "before it"
        elif _follows(other, la):
            kind = "after it"
        else:
            kind = "beside it"
        out.append((kind, other, authority_page(code)))
    return sorted(out, key=lambda x: (x[0] != "before it", x[0] != "after it", x[1]["la_name"]))


def _follows(later: Row, earlier: Row) -> bool:
    return None not in (earlier["valid_to"], later["valid_from"]) and earlier["valid_to"] <= later["valid_from"]


def timeline(inspections: list[Row], visits: Sequence[Row] = ()) -> str:
    """Every inspection with its overall grade, from the first framework on, and the visits between them."""
    if not inspections:
        return ""
    width, height, left = 760, 120, 140
    last = max(i["publication_date"].year for i in inspections) + 1
    x = charts.Scale(2009, max(last, 2025), left + 10, width - 30)
    y = {1: 18, 2: 40, 3: 62, 4: 84}
    parts = [
        f'<path class="grid" d="M{left} {at}H{width - 30}"/>'
        f'<text class="tick" x="0" y="{at + 4}">{words.GRADES[g]}</text>'
        for g, at in y.items()
    ]
    for year in range(2010, max(last, 2025) + 1, 2):
        parts.append(f'<text class="tick" x="{x(year):.0f}" y="{height - 6}" text-anchor="middle">{year}</text>')
    told = []
    for v in visits:
        day = v["publication_date"] or v["visit_date"]
        if day is None:
            continue
        name = f"{words.VISITS.get(v['visit_kind'], 'Visit')}, {words.day(day)}" + (
            f": {v['theme']}" if v["theme"] else ""
        )
        told.append(name)
        parts.append(
            f'<path class="visit" d="M{x(_in_years(day)):.1f} 93l5 5-5 5-5-5z"><title>{escape(name)}</title></path>'
        )
    for i in inspections:
        day = i["publication_date"]
        at = x(_in_years(day))
        grade = i["overall_judgement"]
        if grade is None:
            continue
        name = f"{words.FRAMEWORKS.get(i['framework'], i['framework'])}: {words.GRADES[grade]}, {words.day(day)}"
        told.append(name)
        parts.append(
            f'<g><title>{escape(name)}</title><circle class="grade g{grade}" cx="{at:.1f}" cy="{y[grade]}" r="9"/>'
            f'<text class="in" x="{at:.1f}" y="{y[grade] + 4}" text-anchor="middle">{grade}</text></g>'
        )
    label = "Inspections: " + "; ".join(told)
    svg = charts.drawing(width, height, label, parts)
    note = "By the day of publication. Requires improvement was called adequate before 2013."
    note += " Diamonds are visits, which give no grade." if visits else ""
    return charts.figure("", f'<div class="scroll timeline">{svg}</div>', note=note, wide=True)


def _in_years(day: date) -> float:
    """A day as a year with its part that has gone by."""
    return day.year + (day.timetuple().tm_yday - 1) / 365


def _points(series: Mapping[int, Any], years: list[int]) -> list[tuple[float, float | None]]:
    def value(year: int) -> float | None:
        found = series.get(year)
        return found[0] if isinstance(found, tuple) else found

    return [(y, value(y)) for y in years]


def _region(published: Published, la: Row, measure: str) -> Series:
    return published.areas.get(la["region_name"] or "", {}).get(measure, {})


def card(published: Published, la: Row, measure_id: str) -> dict[str, Any]:
    """A key measure: the newest year's status, a sparkline, and every year with region, neighbours and England."""
    measure = published.measures[measure_id]
    unit = measure["unit"]
    own = published.values.get(la["la_code"], {}).get(measure_id, {})
    beside = published.beside.get(la["la_code"], {}).get(measure_id, {})
    years = [y for y in published.years if y in own and own[y][1] != "not_published"]
    held = [y for y in years if own[y][0] is not None]
    totals = unit in {"count", "fte"}
    show = partial(words.number, unit=unit)
    england = published.areas.get("England", {}).get(measure_id, {})
    region = _region(published, la, measure_id)
    similar = {} if totals else {y: b["neighbour_median"] for y, b in beside.items()}
    told = (
        f"{measure['label']}: {show(own[held[0]][0])} in {held[0]} to {show(own[held[-1]][0])} in {held[-1]}"
        if held
        else f"{measure['label']}: no figures of its own"
    )
    spark = ""
    if held:
        breaks = published.breaks.get(measure_id, {})
        spark = charts.sparkline(
            charts.broken(_points(own, years), breaks),
            [] if totals else charts.broken(_points(england, years), breaks),
            [] if totals else charts.broken(_points(region, years), breaks),
            charts.broken(_points(similar, years), breaks),
            years[0],
            years[-1],
            told,
            show,
            _marks(published, la["la_code"]),
            ends=(_axis_year(published, measure_id, years[0]), _axis_year(published, measure_id, years[-1])),
        )
    return {
        "id": measure_id,
        "label": measure["label"],
        "href": UP + measure_page(measure_id),
        "newest": _newest(published, measure, own, beside, years),
        "older": _older(published, measure, own, years, held),
        "breaks": words.listed([str(y) for y in published.breaks.get(measure_id, {}) if years and y > years[0]]),
        "why": "" if years else "the authority did not exist in these years",
        "spark": markup(spark),
        "rows": _all_years(own, beside, years, show, totals, england, region),
    }


def _axis_year(published: Published, measure_id: str, year: int) -> str:
    return words.axis_year(published.periods.get(measure_id, {}).get(year, ""), year)


def _newest(
    published: Published, measure: Row, own: Series, beside: Mapping[int, Row], years: list[int]
) -> dict[str, Any] | None:
    """What is said of the newest year of a measure in which the authority existed, a figure or not."""
    if not years:
        return None
    year = years[-1]
    value, status = own[year]
    about = beside.get(year, {})
    unit, england = measure["unit"], published.areas.get("England", {}).get(measure["measure_id"], {}).get(year)
    quartile, rank = about.get("quartile_in_england"), about.get("rank_among_neighbours")
    return {
        "year": year,
        "text": words.number(value, unit) if value is not None else words.SHORT[status],
        "is_figure": value is not None,
        "status": "" if value is not None else words.STATUS[status],
        "period": published.periods.get(measure["measure_id"], {}).get(year, str(year)),
        "england": words.number(england[0], unit) if england and unit not in {"count", "fte"} else "",
        "quartile": words.quartile(quartile, measure["better_when"]) if quartile else "",
        "shade": f"{'h' if measure['better_when'] == 'neither' else 'q'}{quartile}",
        "among": f"{words.ordinal(rank)} of {about['neighbour_count'] + 1} with its neighbours" if rank else "",
        "joint": bool(about.get("is_joint_return")) and value is not None,
        "secondary": _secondary(about) if value is not None else "",
        "primary": words.SHORT.get(about.get("primary_status") or "", ""),
    }


def _older(
    published: Published, measure: Row, own: Series, years: list[int], held: list[int]
) -> dict[str, str | int] | None:
    """The last figure there is, where the newest year has none."""
    if not held or held[-1] == years[-1]:
        return None
    year = held[-1]
    period = published.periods.get(measure["measure_id"], {}).get(year, str(year))
    return {"year": year, "text": words.number(own[year][0], measure["unit"]), "period": period}


def _secondary(about: Mapping[str, Any]) -> str:
    """What a figure of a secondary source stands in for."""
    if not about.get("is_secondary"):
        return ""
    said = words.STATUS.get(about.get("primary_status") or "", "")
    return f"from LAIT; the return itself says: {said}" if said else "from LAIT; no return held has it"


#: What a row of "All years" says, in order; ``static/site.js`` makes the table when it is opened.
COLUMNS = ("year", "figure", "quarter", "similar authorities", "region", "England", "note")


def _all_years(
    own: Series,
    beside: Mapping[int, Row],
    years: list[int],
    show: charts.Show,
    totals: bool,
    england: Series,
    region: Series,
) -> str:
    """Every year, newest first: rows by ``;``, cells (:data:`COLUMNS`) by ``|``; tables would be half the page."""
    lines = []
    for y in reversed(years):
        value, status = own[y]
        about = beside.get(y, {})
        marks = {"is_joint_return": "joint return", "is_secondary": "LAIT"}
        notes = [word for mark, word in marks.items() if about.get(mark)]
        cells = [str(y), show(value) if value is not None else words.SHORT[status]]
        cells += (
            ["", "", "", ""]
            if totals
            else [
                str(about.get("quartile_in_england") or "–"),
                show(about.get("neighbour_median")),
                show(region.get(y, (None,))[0]),
                show(england.get(y, (None,))[0]),
            ]
        )
        lines.append("|".join([*cells, ", ".join(notes) if value is not None else words.STATUS[status]]))
    return ";".join(lines)


def _marks(published: Published, la_code: str) -> list[tuple[float, int]]:
    """Inspections with an overall grade, at the reporting year of their report."""
    return [
        (i["year_by_publication"], i["overall_judgement"])
        for i in published.inspections.get(la_code, [])
        if i["overall_judgement"] in words.GRADES and i["year_by_publication"]
    ]


def _button(text: str, status: str = "reported") -> str:
    """A figure that shows where it comes from; its measure and year are those of where it is."""
    title = "" if status == "reported" else f' title="{escape(words.STATUS[status])}"'
    return f'<button type="button" class="t"{title}>{escape(text)}</button>'


def _in_words(published: Published, la: Row) -> list[str]:
    """What a paragraph says of the authority."""
    code = la["la_code"]
    beside = published.beside.get(code, {})
    last = published.years[-1]
    newest = {
        m: by[max(by)] for m in published.key.all if (by := beside.get(m)) and max(by) == _newest_year(published, m)
    }
    reports = published.recommendations.get(code, [])
    asked = None
    if reports:
        newest_report = [r for r in reports if r["report_id"] == reports[0]["report_id"]]
        asked = (reports[0], [[published.theme_labels.get(t, t) for t in r["themes"]] for r in newest_report])
    summary = published.summaries.get(code)
    graded = [i for i in published.inspections.get(code, []) if i["year_by_publication"]]
    year = graded[-1]["year_by_publication"] if graded else last
    # Nothing has changed that is another quantity now.
    then = {
        m: beside[m][year]
        for m, r in newest.items()
        if year in beside[m] and not any(year < y <= r["year"] for y in published.breaks.get(m, {}))
    }
    england = {
        m: tuple(published.areas.get("England", {}).get(m, {}).get(y, (None,))[0] for y in (year, newest[m]["year"]))
        for m in then
    }
    return in_words.paragraph(
        la["la_name"],
        summary,
        newest,
        then,
        england,  # type: ignore[arg-type]
        published.measures,
        asked,
        bool(la["is_excluded_from_studies"]),
    )


def _newest_year(published: Published, measure_id: str) -> int | None:
    return max((y for y, r in published.spread.get(measure_id, {}).items() if r["n"]), default=None)


def _around(published: Published, la: Row) -> dict[str, Any] | None:
    """The authority around its latest graded inspection of a framework that can be drawn, beside those judged alike."""
    graded = [
        i
        for i in published.inspections.get(la["la_code"], [])
        if i["framework"] in {"sif", "ilacs"} and i["overall_judgement"] is not None
    ]
    if not graded:
        return None
    # Three years after it, if there are any; else the newest.
    last = published.years[-1]
    drawn = next((i for i in reversed(graded) if i["year_by_publication"] <= last - 1), graded[-1])
    year = drawn["year_by_publication"]
    events = list(range(-3, 4))
    pictures = []
    for measure_id in published.key.around_inspection:
        measure = published.measures[measure_id]
        show = partial(words.number, unit=measure["unit"])
        own = published.values.get(la["la_code"], {}).get(measure_id, {})
        alike = published.around.get((drawn["framework"], drawn["outcome_group"], measure_id), {})
        enough = {e: middle for e, (middle, n) in alike.items() if n >= words.FEWEST}
        # A return that was being phased in is not the whole of its first year.
        whole = measure["first_full_year"] or published.years[0]
        lines = [
            Line(la["la_name"], [(e, own.get(year + e, (None, ""))[0] if year + e >= whole else None) for e in events]),
            Line(
                f"median of those judged {words.OUTCOMES[drawn['outcome_group']]}"
                + words.authorities_of(alike[e][1] for e in enough),
                [(e, enough.get(e)) for e in events],
                "a",
            ),
        ]
        if all(v is None for _, v in lines[0].points):
            continue
        ticks = [(float(e), f"{e:+d}".replace("-", "\u2212") if e else "0") for e in events]
        pictures.append(
            markup(
                charts.line_chart(
                    measure["label"],
                    lines,
                    ticks,
                    show,
                    marks=[(0, "year of the report")],
                    size=(400, 210),
                    first_column="years from the report",
                )
            )
        )
    return {"inspection": drawn, "pictures": pictures} if pictures else None


def _spend(published: Published, la_code: str, group: str) -> str:
    by_year = published.spend.get(la_code, {}).get(group, {})
    years = [y for y in published.years if y in by_year and by_year[y]["gbp_nominal"] is not None]
    title = words.SPEND[group]
    if not years:
        return charts.figure(title, '<p class="empty">No outturn held for this authority.</p>')
    base = _base_year(published)
    middle = published.spend_median.get(group, {})
    span = list(range(years[0], years[-1] + 1))
    breaks = published.breaks.get(published.key.spend[group], {})
    columns: list[charts.Points] = [
        [(y, by_year.get(y, {}).get("gbp_real_per_child")) for y in span],
        [(y, by_year.get(y, {}).get("gbp_nominal_per_child")) for y in span],
        [(y, middle.get(y)) for y in span],
    ]
    lines = [
        Line(label, points, style) for (label, style), points in zip(_spend_lines(published), columns, strict=True)
    ]
    body = [
        [
            str(y),
            _button(words.number(by_year[y]["gbp_nominal"], "gbp")),
            words.number(by_year[y]["gbp_nominal_per_child"], "gbp"),
            words.number(by_year[y]["gbp_real_per_child"], "gbp"),
            words.number(middle.get(y), "gbp"),
        ]
        for y in reversed(years)
    ]
    head = [
        "year",
        "gross spending",
        "per child, as paid",
        f"per child, prices of {base}",
        "median of authorities",
    ]
    return charts.line_chart(
        f"{title}, pounds per child",
        [replace(line, points=charts.broken(line.points, breaks)) for line in lines],
        [(float(y), f"{y % 100:02d}") for y in span],
        partial(words.number, unit="gbp"),
        from_zero=True,
        size=(400, 220),
        behind=charts.table(head, body),
        with_key=False,
    )


def _base_year(published: Published) -> str:
    """The financial year in whose prices spending is shown: 2023-24."""
    base = next((r["base_year"] for g in published.spend.values() for by in g.values() for r in by.values()), None)
    return f"{base - 1}-{base % 100:02d}" if base else "one year"


def _spend_lines(published: Published) -> list[tuple[str, str]]:
    """The lines of the charts of spending: label and style."""
    return [
        (f"in prices of {_base_year(published)}", "own"),
        ("as paid at the time", "b"),
        ("median of authorities, same prices", "ref"),
    ]


def value_added(published: Published, la: Row) -> dict[str, Any] | None:
    """How the authority's judgements compare with those expected of one in its circumstances, and how sure that is."""
    subject = f"{la['la_name']} ({la['la_code']})"
    found = {r["statistic"]: r for r in published.estimates.get("value_added", []) if r["subject"] == subject}
    rating = found.get("value_added")
    if rating is None or rating["value"] is None:
        return None
    low, high = rating["ci_low"], rating["ci_high"]
    if low > 0:
        verdict = "better than expected of an authority in its circumstances, and more than chance would explain"
    elif high < 0:
        verdict = "worse than expected of an authority in its circumstances, and more than chance would explain"
    else:
        verdict = "about what one would expect of an authority in its circumstances: the interval includes nought"
    show = partial(words.number, digits=2)
    return {
        "verdict": verdict,
        "observed": show(found["observed_score"]["value"]),
        "expected": show(found["expected_score"]["value"]),
        "probability": f"{100 * found['probability_above_expected']['value']:.0f}",
        "n": rating["n"],
        "rating": show(rating["value"]),
        "low": show(low),
        "high": show(high),
    }


def _reports(published: Published, la_code: str, themes: Mapping[str, str]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for r in published.recommendations.get(la_code, []):
        if not out or out[-1]["report_id"] != r["report_id"]:
            out.append({**r, "items": []})
        out[-1]["items"].append({**r, "theme_labels": [themes.get(t, t) for t in r["themes"]]})
    return out


def _gaps(published: Published, la_code: str) -> dict[str, Any]:
    """Every figure that is not there, counted by reason and listed by measure."""
    counts: Counter[str] = Counter()
    lines = []
    for measure_id, series in sorted(published.values.get(la_code, {}).items()):
        missing: dict[str, list[int]] = {}
        for year, (value, status) in sorted(series.items()):
            counts[status] += 1
            if value is None and status != "not_published":
                missing.setdefault(status, []).append(year)
        if missing:
            told = "; ".join(f"{words.STATUS[s]}: {_spans(ys)}" for s, ys in sorted(missing.items()))
            lines.append((published.measures[measure_id]["label"], UP + measure_page(measure_id), told))
    return {"counts": [(words.STATUS[s], n) for s, n in counts.most_common()], "lines": lines}


def _spans(years: list[int]) -> str:
    """2011, 2013–2015."""
    spans: list[list[int]] = []
    for y in years:
        if spans and y == spans[-1][-1] + 1:
            spans[-1].append(y)
        else:
            spans.append([y])
    return ", ".join(str(s[0]) if len(s) == 1 else f"{s[0]}–{s[-1]}" for s in spans)
