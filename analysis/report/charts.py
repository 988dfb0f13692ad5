"""Charts as inline SVG: no script, no font, the same bytes for the same figures, and a table behind each.

A chart is not told by colour alone: lines differ in their dashes and are labelled, and every chart has a text
alternative and its figures in a table (WCAG 2.2, 1.1.1 and 1.4.1). Colours are classes, set in ``static/site.css`` from
the palette of Okabe and Ito (Color Universal Design, 2008).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

Points = Sequence[tuple[float, float | None]]


class Show(Protocol):
    """Writes a figure for people."""

    def __call__(self, value: float | None) -> str: ...


@dataclass(frozen=True)
class Line:
    """One line of a chart. ``style`` is a class of the style sheet: own, a, b, c, d or ref."""

    label: str
    points: Points
    style: str = "own"
    low: Points = ()
    high: Points = ()


def plain(value: float | None) -> str:
    """A figure with two decimals at most."""
    return "–" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values that span a range (Heckbert, Graphics Gems, 1990)."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / count
    size = 10.0 ** math.floor(math.log10(raw))
    # No steps of 2.5: figures are written with one digit fewer than such a tick needs.
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= raw * 0.999)
    first = math.floor(low / step) * step
    ticks = [first]
    while ticks[-1] < high - step * 1e-9:
        ticks.append(round(first + step * len(ticks), 10))
    return ticks


@dataclass(frozen=True)
class Scale:
    """A linear map from figures to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = (self.high - self.low) or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def _path(points: Points, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    """Line through the points that have a value; a gap stays a gap."""
    out, pen_down = [], False
    for at, value in points:
        if value is None:
            pen_down = False
            continue
        out.append(f"{'L' if pen_down else 'M'}{_n(x(at))} {_n(y(value))}")
        pen_down = True
    return "".join(out)


def _bands(low: Points, high: Points) -> list[tuple[list[tuple[float, float]], list[tuple[float, float]]]]:
    """Upper and lower edge of each stretch of a band; a gap stays a gap."""
    found: list[tuple[list[tuple[float, float]], list[tuple[float, float]]]] = []
    is_open = False
    for (a, top), (b, bottom) in zip(high, low, strict=True):
        if top is None or bottom is None:
            is_open = False
            continue
        if not is_open:
            found.append(([], []))
            is_open = True
        found[-1][0].append((a, top))
        found[-1][1].append((b, bottom))
    return found


def _dots(points: Points, x: Callable[[float], float], y: Callable[[float], float], radius: float, style: str) -> str:
    return "".join(
        f'<circle class="dot {style}" cx="{_n(x(a))}" cy="{_n(y(v))}" r="{radius}"/>'
        for a, v in points
        if v is not None
    )


def broken(points: Points, breaks: Iterable[int]) -> Points:
    """Points with a gap before each year from which a series cannot be compared with itself."""
    return sorted([*points, *((year - 0.5, None) for year in breaks)], key=lambda p: p[0])


def _alone(points: Points) -> Points:
    """Points without a neighbour on either side: a line would not show them."""
    values = [v for _, v in points]
    return [
        (a, v)
        for i, (a, v) in enumerate(points)
        if v is not None and (i == 0 or values[i - 1] is None) and (i == len(values) - 1 or values[i + 1] is None)
    ]


def column_heads(head: Sequence[str]) -> str:
    """Heads of columns; a column of row names needs none."""
    return "".join(f'<th scope="col">{escape(h)}</th>' if h else "<td></td>" for h in head)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], summary: str = "Show the numbers") -> str:
    """A table behind a chart. Cells are markup already."""
    header = column_heads(head)
    body = "".join(f'<tr><th scope="row">{r[0]}</th>' + "".join(f"<td>{c}</td>" for c in r[1:]) + "</tr>" for r in rows)
    return (
        f"<details><summary>{escape(summary)}</summary>"
        f'<div class="scroll"><table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table></div></details>'
    )


def many(pictures: Sequence[str], shown: int = 6) -> str:
    """Charts side by side; those beyond the first few are folded."""
    first, rest = "".join(pictures[:shown]), "".join(pictures[shown:])
    more = f'<details><summary>{len(pictures) - shown} more</summary><div class="charts">{rest}</div></details>'
    return f'<div class="charts">{first}</div>{more if rest else ""}'


def _too_few(title: str, behind: str, note: str = "") -> str:
    """What is no chart, because it has one figure: its table, in plain sight."""
    return figure(title, "", behind.replace("<details>", "<details open>", 1), note)


def figure(title: str, svg: str, behind: str = "", note: str = "", key: str = "", wide: bool = False) -> str:
    """A chart with its title, key, note and table."""
    caption = f"<figcaption>{escape(title)}</figcaption>" if title else ""
    about = f'<p class="note">{note}</p>' if note else ""
    return f'<figure class="chart{" wide" if wide else ""}">{caption}{key}{svg}{about}{behind}</figure>'


def drawing(width: int, height: int, words: str, parts: Sequence[str], style: str = "") -> str:
    """An SVG of some parts that is read out as some words; with names in it (``names``) it has larger letters."""
    about = f' class="{style}"' if style else ""
    return (
        f'<svg{about} viewBox="0 0 {width} {height}" role="img" tabindex="0" aria-label="{escape(words, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )


def legend(lines: Sequence[tuple[str, str]]) -> str:
    """What the lines are: (label, style); a line without a label needs no key."""
    items = "".join(
        f'<li><svg class="swatch" viewBox="0 0 28 8" aria-hidden="true"><path class="line {s}" d="M1 4H27"/></svg>'
        f"{escape(label)}</li>"
        for label, s in lines
        if label
    )
    return f'<ul class="legend">{items}</ul>'


def line_chart(
    title: str,
    lines: Sequence[Line],
    ticks: Sequence[tuple[float, str]],
    show: Show = plain,
    *,
    axis: str = "",
    from_zero: bool = False,
    shaded: Sequence[tuple[float, float]] = (),
    marks: Sequence[tuple[float, str]] = (),
    level: float | None = None,
    size: tuple[int, int] = (560, 260),
    note: str = "",
    behind: str | None = None,
    first_column: str = "year",
    with_key: bool = True,
) -> str:
    """Lines over years (or event years), with bands, shaded spans and marked moments.

    Args:
        title: what the chart shows, units included.
        lines: what is drawn; the first is the one to look at.
        ticks: positions and labels of the horizontal axis.
        show: writes a figure.
        axis: the horizontal axis in words.
        from_zero: whether the vertical axis begins at nought.
        shaded: spans of the horizontal axis to shade.
        marks: moments to mark, with a label.
        level: a horizontal reference.
        size: width and height of the drawing.
        note: markup under the chart.
        behind: markup of the table; made from the lines where None.
        first_column: name of the table's first column.
        with_key: whether the chart says itself what its lines are.
    """
    width, height = size
    seen = [v for ln in lines for part in (ln.points, ln.low, ln.high) for _, v in part if v is not None]
    if not seen:
        return figure(title, '<p class="empty">No figures to draw.</p>', note=note)
    if max(sum(v is not None for _, v in ln.points) for ln in lines) < 2:
        return _too_few(title, behind if behind is not None else _behind(lines, ticks, show, first_column), note)
    low, high = min(seen), max(seen)
    if from_zero or (low >= 0 and low < 0.35 * high):
        low = min(low, 0.0)
    y_ticks = nice_ticks(low, high)
    left = 12 + 6.4 * max(len(show(t)) for t in y_ticks)
    x = Scale(ticks[0][0], ticks[-1][0], left, width - 14)
    y = Scale(y_ticks[0], y_ticks[-1], height - 30, 12)
    parts = [
        f'<rect class="shade" x="{_n(x(a))}" y="12" width="{_n(x(b) - x(a))}" height="{height - 42}"/>'
        for a, b in shaded
    ]
    parts += _upright(y_ticks, y, show, left, width - 14)
    parts += _along(ticks, x, height - 13, (width - left) / 34)
    if level is not None:
        parts.append(f'<path class="level" d="M{_n(left)} {_n(y(level))}H{width - 14}"/>')
    for at, label in marks:
        parts.append(f'<path class="mark" d="M{_n(x(at))} 12V{height - 30}"><title>{escape(label)}</title></path>')
    for ln in reversed(lines):
        parts += _drawn(ln, x, y)
    words = f"{title}. " + " ".join(_in_words(ln, ticks, show) for ln in lines[:4] if ln.label)
    svg = drawing(width, height, words, parts)
    if behind is None:
        behind = _behind(lines, ticks, show, first_column)
    key = legend([(ln.label, ln.style) for ln in lines]) if with_key and len(lines) > 1 else ""
    about = (f"{escape(axis)}. " if axis else "") + note
    return figure(title, svg, behind, about, key)


def _upright(ticks: Sequence[float], y: Scale, show: Show, left: float, right: float) -> list[str]:
    """The vertical axis: a line across at each tick, and its figure."""
    parts = []
    for t in ticks:
        parts.append(f'<path class="grid" d="M{_n(left)} {_n(y(t))}H{_n(right)}"/>')
        parts.append(
            f'<text class="tick" x="{_n(left - 5)}" y="{_n(y(t) + 4)}" text-anchor="end">{escape(show(t))}</text>'
        )
    return parts


def _along(ticks: Sequence[tuple[float, str]], x: Scale, at: float, room: float) -> list[str]:
    """The labels of the horizontal axis, as many as there is room for; the last one always."""
    longest = max(len(label) for _, label in ticks)
    step = max(1, math.ceil(len(ticks) / room * max(1.0, longest / 5)))
    return [
        f'<text class="tick" x="{_n(x(position))}" y="{_n(at)}" text-anchor="middle">{escape(label)}</text>'
        for i, (position, label) in enumerate(ticks)
        if (len(ticks) - 1 - i) % step == 0
    ]


def _drawn(line: Line, x: Scale, y: Scale) -> list[str]:
    """A line with its band and its dots."""
    parts = []
    if line.low and line.high:
        for top, bottom in _bands(line.low, line.high):
            edge = "L".join(f"{_n(x(a))} {_n(y(v))}" for a, v in [*top, *reversed(bottom)])
            parts.append(f'<path class="band {line.style}" d="M{edge}Z"/>')
    parts.append(f'<path class="line {line.style}" d="{_path(line.points, x, y)}"/>')
    parts.append(_dots(line.points if line.style == "own" else _alone(line.points), x, y, 2.2, line.style))
    return parts


def _in_words(line: Line, ticks: Sequence[tuple[float, str]], show: Show) -> str:
    names = dict(ticks)
    held = [(a, v) for a, v in line.points if v is not None]
    if not held:
        return f"{line.label}: no figures."
    (a, first), (b, last) = held[0], held[-1]
    return f"{line.label}: {show(first)} ({names.get(a, _n(a))}) to {show(last)} ({names.get(b, _n(b))})."


def _behind(lines: Sequence[Line], ticks: Sequence[tuple[float, str]], show: Show, first: str) -> str:
    head = [first]
    columns: list[Mapping[float, str]] = []
    for ln in (ln for ln in lines if ln.label):
        head.append(ln.label)
        columns.append({a: show(v) for a, v in ln.points})
        if ln.low:
            low, high = dict(ln.low), dict(ln.high)
            head.append("95% interval")
            columns.append({a: f"{show(low.get(a))} to {show(high.get(a))}" for a, _ in ln.points})
    rows = [[escape(label), *(c.get(at, "–") for c in columns)] for at, label in ticks]
    return table(head, rows)


def sparkline(
    own: Points,
    reference: Points,
    region: Points,
    others: Points,
    first: int,
    last: int,
    words: str,
    show: Show = plain,
    marks: Sequence[tuple[float, int]] = (),
    ends: tuple[str, str] = ("", ""),
) -> str:
    """A small line with a reference, the region and the neighbours' median; its ends and its range are written.

    Args:
        own: year to figure; a gap stays a gap.
        reference: the same of England.
        region: the same of the region.
        others: the same of the neighbours' median.
        first: the first year.
        last: the last year.
        words: the text alternative.
        show: writes a figure.
        marks: inspections on the axis: year and grade.
        ends: what the first and the last year are called; their numbers where blank.
    """
    width, height, bottom, top = 240, 84, 62, 8
    seen = [v for part in (own, reference, region, others) for _, v in part if v is not None]
    if not seen:
        return ""
    low, high = min(seen), max(seen)
    right = width - 8 - 7 * max(len(show(low)), len(show(high)))
    across, up = Scale(first, max(last, first + 1), 5, right - 4), Scale(low, high, bottom - 5, top)

    # Whole pixels: thirty of these make a page.
    def x(value: float) -> float:
        return round(across(value))

    def y(value: float) -> float:
        return round(up(value))

    written = ends[0] or str(first), (ends[1] or str(last)) if last > first else ""
    range_ = show(high), show(low) if low < high else ""
    parts = _spark_axes(written, range_, right, (top, bottom, height))
    parts += [
        f'<path class="line {style}" d="{_path(points, x, y)}"/>'
        for style, points in (("ref", reference), ("b", region), ("a", others), ("own", own))
        if any(v is not None for _, v in points)
    ]
    parts.append(_dots(_alone(own), x, y, 2, "own"))
    held = [(a, v) for a, v in own if v is not None]
    if held:
        parts.append(_dots(held[-1:], x, y, 3, "own"))
    parts += [
        f'<path class="inspected g{grade}" d="M{x(at)} {bottom}l-4 8h8z"/>'
        for at, grade in marks
        if first <= at <= last
    ]
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(words, quote=True)}">'
        f"{''.join(parts)}</svg>"
    )


def _spark_axes(
    ends: tuple[str, str], range_: tuple[str, str], right: float, heights: tuple[float, float, float]
) -> list[str]:
    """The line under a small chart, its ends, and its highest and lowest figure; what is blank is left out.

    heights: of the top, of the line, and of the whole.
    """
    top, bottom, height = heights
    written = [
        f'<text class="tick" x="{_n(right + 4)}" y="{top + 5}">{escape(range_[0])}</text>',
        f'<text class="tick" x="{_n(right + 4)}" y="{bottom - 1}">{escape(range_[1])}</text>' if range_[1] else "",
        f'<text class="tick" x="0" y="{height - 3}">{ends[0]}</text>',
        f'<text class="tick" x="{_n(right)}" y="{height - 3}" text-anchor="end">{ends[1]}</text>' if ends[1] else "",
    ]
    return [f'<path class="grid" d="M0 {bottom}H{_n(right)}"/>', *written]


def forest(
    title: str,
    rows: Sequence[tuple[str, float | None, float | None, float | None]],
    show: Show = plain,
    *,
    level: float = 0.0,
    note: str = "",
    value_name: str = "estimate",
) -> str:
    """Estimates with their intervals, one line each, against a reference."""
    held = [v for _, *three in rows for v in three if v is not None]
    if not held:
        return figure(title, '<p class="empty">No figures to draw.</p>', note=note)
    body = [[escape(label), show(v), f"{show(a)} to {show(b)}" if a is not None else "–"] for label, v, a, b in rows]
    if len(rows) < 2:
        return _too_few(title, table(["", value_name, "95% interval"], body), note)
    width, step, left = 640, 22, 236
    height = 26 + step * len(rows) + 18
    ticks = nice_ticks(min([*held, level]), max([*held, level]), 5)
    x = Scale(ticks[0], ticks[-1], left, width - 20)
    parts = [f'<path class="grid" d="M{_n(x(t))} 14V{height - 24}"/>' for t in ticks]
    parts += [
        f'<text class="tick" x="{_n(x(t))}" y="{height - 8}" text-anchor="middle">{escape(show(t))}</text>'
        for t in ticks
    ]
    parts.append(f'<path class="level" d="M{_n(x(level))} 14V{height - 24}"/>')
    for i, (label, value, low, high) in enumerate(rows):
        at = 26 + step * i
        parts.append(
            f'<text class="label" x="{left - 8}" y="{at + 4}" text-anchor="end">{escape(_cut(label, 32))}</text>'
        )
        if low is not None and high is not None:
            parts.append(f'<path class="whisker" d="M{_n(x(low))} {at}H{_n(x(high))}"/>')
        if value is not None:
            parts.append(f'<circle class="dot own" cx="{_n(x(value))}" cy="{at}" r="4"/>')
    words = f"{title}. {len(rows)} estimates with intervals; the figures are in the table below."
    svg = drawing(width, height, words, parts, "names")
    return figure(title, svg, table(["", value_name, "95% interval"], body), note)


def ranges(
    title: str,
    rows: Sequence[tuple[str, Sequence[tuple[str, float, float, float]]]],
    show: Show = plain,
    *,
    note: str = "",
) -> str:
    """For each row the range and mean of two groups, each row on a scale of its own: how far they overlap."""
    if not rows:
        return figure(title, '<p class="empty">No figures to draw.</p>', note=note)
    width, step, left = 640, 30, 256
    height = 10 + step * len(rows)
    parts = []
    for i, (label, groups) in enumerate(rows):
        x = Scale(min(g[1] for g in groups), max(g[3] for g in groups), left, width - 14)
        top = 18 + step * i
        parts.append(
            f'<text class="label" x="{left - 10}" y="{top + 4}" text-anchor="end">{escape(_cut(label, 33))}</text>'
        )
        for j, (_, low, mean, high) in enumerate(groups):
            at, style = top - 5 + 10 * j, "ab"[j % 2]
            parts.append(f'<path class="bar {style}" d="M{_n(x(low))} {at}H{_n(x(high))}"/>')
            parts.append(f'<circle class="dot {style}" cx="{_n(x(mean))}" cy="{at}" r="4"/>')
    words = f"{title}. {len(rows)} rows; the figures are in the table below."
    svg = drawing(width, height, words, parts, "names")
    names = [g[0] for g in rows[0][1]]
    body = [
        [escape(label), *(f"{show(low)} – <b>{show(mean)}</b> – {show(high)}" for _, low, mean, high in groups)]
        for label, groups in rows
    ]
    key = legend([(n, "ab"[i % 2]) for i, n in enumerate(names)])
    return figure(title, svg, table(["", *(f"{n}: lowest – mean – highest" for n in names)], body), note, key)


def bars(
    title: str, rows: Sequence[tuple[str, float | None]], show: Show = plain, *, note: str = "", highest: float = 0.0
) -> str:
    """Horizontal bars from nought."""
    held = [v for _, v in rows if v is not None]
    if not held:
        return figure(title, '<p class="empty">No figures to draw.</p>', note=note)
    if len(rows) < 2:
        return _too_few(title, table(["", "value"], [[escape(a), show(v)] for a, v in rows]), note)
    width, step, left = 640, 24, 250
    height = 8 + step * len(rows)
    x = Scale(0.0, max([*held, highest]) or 1.0, left, width - 80)
    parts = []
    for i, (label, value) in enumerate(rows):
        at = 6 + step * i
        parts.append(
            f'<text class="label" x="{left - 8}" y="{at + 13}" text-anchor="end">{escape(_cut(label, 33))}</text>'
        )
        if value is not None:
            parts.append(f'<rect class="fill" x="{left}" y="{at}" width="{_n(x(value) - left)}" height="{step - 8}"/>')
            parts.append(f'<text class="tick" x="{_n(x(value) + 6)}" y="{at + 13}">{escape(show(value))}</text>')
    words = f"{title}. " + "; ".join(f"{a}: {show(v)}" for a, v in rows[:12])
    svg = drawing(width, height, words, parts, "names")
    return figure(title, svg, table(["", "value"], [[escape(a), show(v)] for a, v in rows]), note)


def scatter(
    title: str,
    points: Sequence[tuple[float, float, str]],
    show: Show = plain,
    show_x: Show = plain,
    *,
    curves: Sequence[Line] = (),
    axis: str = "",
    note: str = "",
    behind: str = "",
) -> str:
    """Points with names on hover, and curves: a funnel, or a calibration plot."""
    if not points:
        return figure(title, '<p class="empty">No figures to draw.</p>', note=note)
    width, height = 640, 300
    ys = [p[1] for p in points] + [v for c in curves for _, v in c.points if v is not None]
    xs = [p[0] for p in points] + [a for c in curves for a, _ in c.points]
    y_ticks, x_ticks = nice_ticks(min(ys), max(ys)), nice_ticks(min(xs), max(xs), 5)
    left = 12 + 6.4 * max(len(show(t)) for t in y_ticks)
    x, y = Scale(x_ticks[0], x_ticks[-1], left, width - 16), Scale(y_ticks[0], y_ticks[-1], height - 30, 12)
    parts = _upright(y_ticks, y, show, left, width - 16)
    parts += _along([(t, show_x(t)) for t in x_ticks], x, height - 13, len(x_ticks) * 9)
    parts += [f'<path class="line {c.style}" d="{_path(c.points, x, y)}"/>' for c in curves]
    for a, b, name in points:
        about = escape(f"{name}: {show(b)}")
        parts.append(f'<circle class="point" cx="{_n(x(a))}" cy="{_n(y(b))}" r="3"><title>{about}</title></circle>')
    words = f"{title}. {len(points)} points between {show(min(ys))} and {show(max(ys))}."
    svg = drawing(width, height, words, parts)
    key = legend([(c.label, c.style) for c in curves]) if curves else ""
    return figure(title, svg, behind, (f"{escape(axis)}. " if axis else "") + note, key)


def heat(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cell: Callable[[int, int], tuple[str, float | None]],
    *,
    diverging: bool = True,
    note: str = "",
    links: Mapping[str, str] | None = None,
) -> str:
    """A table whose cells are shaded by their figure: text first, shade second.

    Args:
        title: what it shows.
        rows: row names.
        columns: column names.
        cell: row and column number to (text, figure from -1 to 1, or 0 to 1 where not diverging; None unshaded).
        diverging: whether below nought has a shade of its own.
        note: markup under the table.
        links: row name to address.
    """
    head = "".join(f'<th scope="col"><span>{escape(c)}</span></th>' for c in columns)
    body = []
    for i, name in enumerate(rows):
        label = (
            f'<a href="{escape(links[name], quote=True)}">{escape(name)}</a>'
            if links and name in links
            else escape(name)
        )
        cells = []
        for j in range(len(columns)):
            text, value = cell(i, j)
            shade = (
                ""
                if value is None
                else f' class="{"n" if diverging and value < 0 else "p"}{min(9, int(abs(value) * 10))}"'
            )
            cells.append(f"<td{shade}>{escape(text)}</td>")
        body.append(f'<tr><th scope="row">{label}</th>{"".join(cells)}</tr>')
    markup = (
        f'<div class="scroll"><table class="heat"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
    return figure(title, markup, note=note, wide=True)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
