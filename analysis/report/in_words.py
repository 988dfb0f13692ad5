"""An authority in a paragraph of plain English, written from its figures by rules that are the same for all.

What stands out is what lies at an end among the statistical neighbours and well away from their median; a change
is measured from the reporting year of the last inspection and set beside England. Both leave out figures of which few
children are the cause, and nothing is said of a figure that is not of the newest year.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from analysis.report import words
from analysis.report.published import Row

#: Neighbours with a figure, without which nobody stands out among them.
FEWEST_NEIGHBOURS = 7
#: How far from the neighbours' median (as a share of it) a figure has to lie, and by how much it has to change.
AWAY, CHANGED = 0.15, 0.15
#: Of a share, also how many percentage points.
POINTS = 2.0
#: Children or cases behind a figure, under which chance says more than the authority.
FEWEST_CASES = 30
#: How many measures a sentence names.
NAMED = 3


def paragraph(
    name: str,
    summary: Row | None,
    newest: Mapping[str, Row],
    then: Mapping[str, Row],
    england: Mapping[str, tuple[float | None, float | None]],
    measures: Mapping[str, Row],
    asked: tuple[Row, Sequence[Sequence[str]]] | None,
    is_small: bool = False,
) -> list[str]:
    """The sentences.

    Args:
        name: of the authority.
        summary: its row of ``marts.fct_authority_summary``.
        newest: measure to its row of ``fct_la_year_benchmark`` (with ``numerator``) in the newest year of the measure.
        then: the same in the reporting year of the last inspection.
        england: measure to England's figure then and in the newest year.
        measures: the dictionary.
        asked: the newest report's row, and the labels of the themes of each of its recommendations.
        is_small: whether so few children live there that single figures say little.
    """
    found = [_inspection(name, summary)]
    if is_small:
        found.append(f"So few children live in {name} that single figures say little: none is put in words here.")
    else:
        found += [_neighbours(newest, measures), _since(summary, newest, then, england, measures)]
    found.append(_asked(asked))
    return [s for s in found if s]


def _inspection(name: str, summary: Row | None) -> str:
    if summary is None or summary["publication_date"] is None:
        return f"No graded inspection of {name} is on record."
    grade = (summary["overall_grade"] or "").lower() or "no overall grade"
    said = f"Ofsted last reported on {name} on {words.day(summary['publication_date'])}: {grade}"
    if summary["previous_grade"]:
        before = summary["previous_grade"].lower()
        year = summary["previous_publication_date"].year
        said += f", as in {year}" if before == grade else f"; it had been {before} in {year}"
    said += "."
    start, end = summary["next_inspection_from"], summary["next_inspection_to"]
    if start and end:
        if end < summary["as_at"]:
            said += f" By the cycle so far the next report was to be expected by {end:%B %Y}."
        else:
            span = f"between {start:%B %Y} and {end:%B %Y}" if start > summary["as_at"] else f"by {end:%B %Y}"
            said += f" By the cycle so far the next is likely {span}."
    return said


def _neighbours(newest: Mapping[str, Row], measures: Mapping[str, Row]) -> str:
    outside = []
    for measure_id, r in newest.items():
        middle, rank, near = r["neighbour_median"], r["rank_among_neighbours"], r["neighbour_count"]
        if r["value"] is None or not middle or rank is None or near < FEWEST_NEIGHBOURS or _few(r):
            continue
        away = abs(r["value"] - middle) / abs(middle)
        far = away >= AWAY and _is_large(measures[measure_id], r["value"] - middle)
        if far and (rank <= 2 or rank >= near):
            outside.append((away, measure_id, r))
    if not outside:
        return "No key measure of the newest year is far from its statistical neighbours."
    outside.sort(key=lambda x: (-x[0], x[1]))
    parts = []
    for _, measure_id, r in outside[:NAMED]:
        m = measures[measure_id]
        side = "above" if r["value"] > r["neighbour_median"] else "below"
        better = m["better_when"]
        verdict = ""
        if better != "neither":
            verdict = ", the better side" if (side == "above") == (better == "higher") else ", the worse side"
        parts.append(
            f"{_label(m)} ({words.number(r['value'], m['unit'])}, {side} their median of "
            f"{words.number(r['neighbour_median'], m['unit'])}{verdict})"
        )
    more = len(outside) - len(parts)
    rest = f", and for {words.count(more)} more measure{'s' if more > 1 else ''}" if more > 0 else ""
    return f"Beside its statistical neighbours it stands out for: {'; '.join(parts)}{rest}."


def _since(
    summary: Row | None,
    newest: Mapping[str, Row],
    then: Mapping[str, Row],
    england: Mapping[str, tuple[float | None, float | None]],
    measures: Mapping[str, Row],
) -> str:
    if summary is None or summary["publication_date"] is None:
        return ""
    moved = []
    for measure_id, now in newest.items():
        before = then.get(measure_id)
        if before is None or before["year"] >= now["year"] or _few(before) or _few(now):
            continue
        if None in (before["value"], now["value"]) or not before["value"]:
            continue
        own = (now["value"] - before["value"]) / abs(before["value"])
        e0, e1 = england.get(measure_id, (None, None))
        apart = abs(own - ((e1 - e0) / abs(e0) if e0 and e1 is not None else 0.0))
        large = abs(own) >= CHANGED and _is_large(measures[measure_id], now["value"] - before["value"])
        if large and apart >= CHANGED / 2:
            moved.append((apart, measure_id, before, now, e0, e1))
    years = {r["year"] for r in then.values()}
    if not years or all(r["year"] <= min(years) for r in newest.values()):
        return ""
    if not moved:
        return "Since the year of that report no key measure has moved much otherwise than England's."
    moved.sort(key=lambda x: (-x[0], x[1]))
    parts = []
    for _, measure_id, before, now, e0, e1 in moved[:NAMED]:
        m = measures[measure_id]
        verb = "rose" if now["value"] > before["value"] else "fell"
        said = (
            f"{_label(m)} {verb} from {words.number(before['value'], m['unit'])} to "
            f"{words.number(now['value'], m['unit'])}"
        )
        if e0 is not None and e1 is not None:
            said += f" (England {words.number(e0, m['unit'])} to {words.number(e1, m['unit'])})"
        parts.append(said)
    return f"Since the year of that report: {'; '.join(parts)}."


def _asked(asked: tuple[Row, Sequence[Sequence[str]]] | None) -> str:
    if asked is None:
        return ""
    report, themes = asked
    n = len(themes)
    if not n:
        return ""
    counted = Counter(t for item in themes for t in dict.fromkeys(item))
    most = [t for t, _ in sorted(counted.items(), key=lambda x: (-x[1], x[0]))[:NAMED]]
    said = (
        f"The newest report held with recommendations, of {words.day(report['publication_date'])}, makes "
        f"{words.count(n)}"
    )
    return f"{said}, most often on {words.listed([_lower(t) for t in most])}." if most else f"{said}."


def _is_large(measure: Row, difference: float) -> bool:
    return measure["unit"] != "pct" or abs(difference) >= POINTS


def _few(row: Row) -> bool:
    return row["numerator"] is not None and row["numerator"] < FEWEST_CASES


def _label(measure: Row) -> str:
    return _lower(measure["label"])


def _lower(text: str) -> str:
    """Within a sentence: a small first letter, unless the word is an abbreviation."""
    return text if text[:2].isupper() or not text else text[0].lower() + text[1:]
