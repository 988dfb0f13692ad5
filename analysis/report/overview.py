"""The first page: what is in, as of when, what is due, coverage, and how sound it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from analysis.report import charts, words
from analysis.report.pages import authority_page, markup, measure_page, render, study_page
from analysis.report.published import Published, Row
from analysis.report.study import TITLES, verdict_bar


def page(
    published: Published,
    site: Mapping[str, Any],
    studies: Sequence[Row],
    due: Mapping[str, Mapping[str, str]],
    links: Sequence[tuple[str, str]],
) -> str:
    """The first page.

    Args:
        published: the warehouse.
        site: what every page says.
        studies: study and question.
        due: publication to its title and when its next edition is expected, in words.
        links: addresses and labels of what else was written beside the site.
    """
    return render(
        "overview.html",
        "",
        "Overview",
        site,
        tiles=_tiles(published),
        england=[_england(published, m) for m in published.key.england if m in published.measures],
        grades=_grades(published),
        news=_news(published, due),
        regions=_regions(published),
        studies=[
            {
                "title": TITLES.get(s["study"], s["study"].replace("_", " ").capitalize()),
                "href": study_page(s["study"]),
                "question": s["question"],
                "bar": markup(verdict_bar(published.scoreboard.get(s["study"], []))),
            }
            for s in studies
        ],
        coverage=markup("".join(_coverage(published))),
        publications=_publications(published, due),
        quality=_quality(published),
        links=links,
    )


def _tiles(published: Published) -> list[tuple[str, str]]:
    con = published.con

    def count(sql: str) -> str:
        found = con.execute(sql).fetchone()
        return f"{found[0]:,}" if found else "0"

    current = sum(1 for a in published.authorities.values() if a["is_current"])
    return [
        ("authorities today", f"{current}"),
        ("years", f"{published.years[0]}–{published.years[-1]}"),
        ("measures", count("select count(*) from marts.dim_measure where availability <> 'absent'")),
        ("figures of authorities", count("select count(value) from marts.fct_la_year_measure")),
        ("inspections", count("select count(*) from marts.fct_inspection")),
        ("reports read", count("select count(*) from marts.fct_report where status = 'read'")),
        ("editions held", f"{len(published.editions)}"),
    ]


def _england(published: Published, measure_id: str) -> dict[str, Any]:
    """England's newest figure of a measure, the year before, and its path."""
    measure = published.measures[measure_id]
    show = partial(words.number, unit=measure["unit"])
    held = {
        y: v for y, (v, _) in sorted(published.areas.get("England", {}).get(measure_id, {}).items()) if v is not None
    }
    said: dict[str, Any] = {"label": measure["label"], "href": measure_page(measure_id), "id": measure_id, "text": ""}
    if not held:
        return said
    first, last = min(held), max(held)
    span = [(float(y), held.get(y)) for y in range(first, last + 1)]
    periods = published.periods.get(measure_id, {})
    ends = (words.axis_year(periods.get(first, ""), first), words.axis_year(periods.get(last, ""), last))
    told = f"England, {measure['label']}: {show(held[first])} in {ends[0]} to {show(held[last])} in {ends[1]}"
    return {
        **said,
        "text": show(held[last]),
        "period": periods.get(last, str(last)),
        "before": f"{show(held[last - 1])} a year before" if last - 1 in held else "",
        "spark": markup(charts.sparkline(span, [], [], [], first, last, told, show, ends=ends)),
    }


def _grades(published: Published) -> dict[str, Any]:
    """The newest overall grades of the authorities of today."""
    counts = Counter(
        newest[-1]["overall_judgement"]
        for code, la in published.authorities.items()
        if la["is_current"]
        and (newest := [i for i in published.inspections.get(code, []) if i["overall_judgement"] in words.GRADES])
    )
    total = sum(counts.values())
    return {
        "total": total,
        "parts": [(g, name.lower(), counts[g], f"{100 * counts[g] / total:.1f}") for g, name in words.GRADES.items()]
        if total
        else [],
    }


#: How many of the newest releases the first page names.
NEWS = 6


def _news(published: Published, due: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """The newest releases with figures of authorities, and what they changed of what was known before."""
    changes = {
        (source, edition): (n, large)
        for source, edition, n, large in published.con.execute(
            "select source, edition, count(*), count(*) filter (abs(relative_change) > 0.5) "
            "from audit.rpt_edition_changes where area_level = 'la' group by all"
        ).fetchall()
    }
    standing = {
        (source, edition): (figures, standing)
        for source, edition, figures, standing in published.con.execute(
            "select source, edition, sum(figures), sum(figures_standing) from audit.rpt_fact_ledger group by all"
        ).fetchall()
    }
    newest = sorted(
        (e for e in published.editions if e["published_on"] and e["role"] != "reference"),
        key=lambda e: (e["published_on"], e["source"], e["edition"]),
        reverse=True,
    )
    out = []
    for e in newest[:NEWS]:
        key = (e["source"], e["edition"])
        parts = []
        if key in standing:
            figures, in_use = (int(n) for n in standing[key])
            used = f"{in_use:,} of them still the newest" if in_use else "all of them replaced by a later edition since"
            parts.append(f"{figures:,} figures, {used}")
        if key in changes:
            n, large = changes[key]
            parts.append(f"{n:,} revised what an earlier edition said, {large:,} by more than half")
        out.append(
            {
                "title": due.get(e["source"], {}).get("title", e["source"]),
                "edition": e["edition"],
                "published": words.day(e["published_on"])
                if e["published_basis"] == "stated"
                else f"{e['published_on']:%B %Y}, its usual month",
                "told": "; ".join(parts) or "inspections and reports",
            }
        )
    return out


def _regions(published: Published) -> list[tuple[str, list[tuple[Row, str]]]]:
    found: dict[str, list[tuple[Row, str]]] = defaultdict(list)
    for code, la in published.authorities.items():
        found[la["region_name"] or "Elsewhere"].append((la, authority_page(code)))
    return sorted(found.items())


def _coverage(published: Published) -> list[str]:
    parts = []
    by_group: dict[str, list[Row]] = defaultdict(list)
    for m in published.measures.values():
        by_group[m["measure_group"]].append(m)
    for group, title in words.GROUPS.items():
        measures = sorted(by_group.get(group, []), key=lambda m: m["label"])
        if not measures:
            continue

        def cell(i: int, j: int, measures: list[Row] = measures) -> tuple[str, float | None]:
            about = published.spread.get(measures[i]["measure_id"], {}).get(published.years[j])
            if not about or not about["n"]:
                return "–", None
            return str(about["n"]), min(0.99, about["n"] / about["authorities"])

        picture = charts.heat(
            "",
            [m["label"] for m in measures],
            [f"{y % 100:02d}" for y in published.years],
            cell,
            diverging=False,
            links={m["label"]: measure_page(m["measure_id"]) for m in measures},
        )
        parts.append(
            f"<details{' open' if group == 'demand_and_provision' else ''}><summary>{title} "
            f"({len(measures)})</summary>{picture}</details>"
        )
    return parts


def _publications(published: Published, due: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    by_source: dict[str, list[Row]] = defaultdict(list)
    for e in published.editions:
        by_source[e["source"]].append(e)
    return [
        {
            "title": due.get(source, {}).get("title", source),
            "editions": len(editions),
            "newest": editions[0]["edition"],
            "published": words.day(editions[0]["published_on"]),
            "basis": editions[0]["published_basis"],
            "due": due.get(source, {}).get("due", ""),
        }
        for source, editions in by_source.items()
    ]


def _quality(published: Published) -> list[tuple[str, str, str]]:
    con = published.con

    def one(sql: str) -> tuple[Any, ...]:
        return con.execute(sql).fetchone() or (0, 0, 0, 0)

    landed, mapped = one("select sum(cells_landed), sum(cells_mapped) from audit.rpt_row_ledger")[:2]
    figures, standing, superseded, excluded = one(
        "select sum(figures), sum(figures_standing), sum(figures_superseded), sum(figures_excluded) from "
        "audit.rpt_fact_ledger"
    )
    changed, large = one(
        "select count(*), count(*) filter (abs(relative_change) > 0.5) from audit.rpt_edition_changes where "
        "area_level = 'la'"
    )[:2]
    gaps: Counter[str] = Counter()
    for status, n in con.execute(
        "select value_status, count(*) from marts.fct_la_year_measure where value is null group by all"
    ).fetchall():
        gaps[status] += n
    corrections = one("select count(*) from audit.rpt_corrections_applied where is_applied")[0]
    lines = [
        (
            "Published figures landed",
            f"{int(landed or 0):,}",
            f"{int(mapped or 0):,} carry a measure of the dictionary; the rest are kept and listed",
        ),
        (
            "Figures of authorities",
            f"{int(figures or 0):,}",
            f"{int(standing or 0):,} in use, {int(superseded or 0):,} replaced by a later edition, "
            f"{int(excluded or 0):,} are left out with a reason",
        ),
        ("Revised by a later edition", f"{int(changed):,}", f"{int(large):,} of them by more than half"),
        (
            "Corrected here",
            f"{int(corrections):,}",
            "each with a citation, and dropped once the publisher has mended it",
        ),
    ]
    lines += [("Gaps: " + words.STATUS[s], f"{n:,}", "") for s, n in gaps.most_common()]
    for label, n, of, aim in con.execute(
        "select label, numerator, denominator, aim from audit.rpt_report_quality where aim is not null order by figure"
    ).fetchall():
        share = f"{100 * n / of:.1f}%" if of else "–"
        lines.append((label[:1].upper() + label[1:], share, f"{n:,} of {of:,}; aim {100 * aim:.0f}%"))
    return lines
