"""Charts: what they draw, what they say, and that nothing of a figure's text gets out as markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from types import SimpleNamespace

import pytest

from analysis.report import charts, words
from analysis.report.charts import Line

YEARS = [(float(y), str(y)) for y in range(2010, 2015)]


def svg_of(markup: str) -> ElementTree.Element:
    found = re.search(r'<svg viewBox="[^"]*" role="img".*?</svg>', markup, re.DOTALL)
    assert found
    return ElementTree.fromstring(found.group(0))


def path_of(markup: str, style: str) -> str:
    return next(p.get("d") or "" for p in svg_of(markup).iter("path") if p.get("class") == f"line {style}")


def test_a_gap_stays_a_gap_and_a_lone_figure_is_seen() -> None:
    line = Line("a", [(2010, 1.0), (2011, 2.0), (2012, None), (2013, 4.0), (2014, None)], "a")
    picture = charts.line_chart("t", [Line("own", [(2010, 1.0)]), line], YEARS)
    assert path_of(picture, "a").count("M") == 2
    dots = [c for c in svg_of(picture).iter("circle") if "a" in (c.get("class") or "").split()]
    assert len(dots) == 1


def test_a_line_breaks_where_a_series_does() -> None:
    points = charts.broken([(2010, 1.0), (2011, 2.0), (2012, 3.0), (2013, 4.0)], [2012])
    band = Line("a", points, "a", points, charts.broken([(y, 5.0) for y in range(2010, 2014)], [2012]))
    picture = charts.line_chart("t", [band], YEARS)
    assert path_of(picture, "a").count("M") == 2
    assert picture.count('class="band a"') == 2
    assert "2011.5" not in picture


def test_what_is_drawn_is_also_said_and_tabled() -> None:
    line = Line("Kent", [(2010, 1241.0), (2011, None), (2012, 1250.0)], "own", [(2010, 1200.0)], [(2010, 1300.0)])
    picture = charts.line_chart("Referrals", [line], YEARS[:3], lambda v: words.number(v, "count"))
    label = svg_of(picture).get("aria-label") or ""
    assert "Referrals" in label
    assert "Kent: 1,241 (2010)" in label
    assert '<th scope="row">2010</th><td>1,241</td><td>1,200 to 1,300</td>' in picture
    assert '<th scope="row">2011</th><td>–</td>' in picture


def test_one_figure_is_no_chart_but_stands_in_plain_sight() -> None:
    for picture in (
        charts.line_chart("t", [Line("Kent", [(2010, 12.0), (2011, None)]), Line("England", [(2010, 9.0)])], YEARS),
        charts.forest("t", [("Kent", 12.0, 1.0, 20.0)]),
        charts.bars("t", [("Kent", 12.0)]),
    ):
        assert "<svg" not in picture
        assert "<details open>" in picture
        assert ">12</td>" in picture


def test_a_sparkline_says_its_years_its_range_and_its_inspections() -> None:
    own = [(2010, 10.0), (2011, None), (2012, 30.0), (2013, 20.0)]
    picture = charts.sparkline(own, [], [], [], 2010, 2013, "w", marks=[(2012, 4), (2020, 1)])
    assert re.findall(r">([^<]+)</text>", picture) == ["30", "10", "2010", "2013"]
    assert re.findall(r'class="inspected g(\d)"', picture) == ["4"]
    line = re.search(r'class="line own" d="([^"]+)"', picture)
    assert line
    assert line[1].count("M") == 2


def test_text_is_never_markup() -> None:
    nasty = '<script>"&'
    for picture in (
        charts.line_chart(nasty, [Line(nasty, [(2010, 1.0), (2011, 2.0)])], YEARS),
        charts.line_chart(nasty, [Line(nasty, [(2010, 1.0)])], YEARS),
        charts.forest(nasty, [(nasty, 1.0, 0.0, 2.0)] * 2),
        charts.forest(nasty, [(nasty, 1.0, 0.0, 2.0)]),
        charts.ranges(nasty, [(nasty, [(nasty, 0.0, 1.0, 2.0), (nasty, 0.0, 1.0, 2.0)])]),
        charts.bars(nasty, [(nasty, 1.0)] * 2),
        charts.scatter(nasty, [(0.0, 1.0, nasty)]),
        charts.heat(nasty, [nasty], [nasty], lambda i, j: (nasty, 0.5)),
        charts.sparkline([(2010, 1.0), (2011, 2.0)], [], [], [], 2010, 2011, nasty),
    ):
        assert "<script" not in picture
        assert "&lt;script&gt;" in picture


def test_nothing_to_draw_is_said() -> None:
    for picture in (
        charts.line_chart("t", [Line("a", [(2010, None)])], YEARS),
        charts.forest("t", [("a", None, None, None)]),
        charts.bars("t", [("a", None)]),
        charts.scatter("t", []),
        charts.ranges("t", []),
    ):
        assert "No figures to draw" in picture
        assert "<svg" not in picture


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.2, 0.21), (-3, 4), (99, 1241), (5, 5), (0, 0)])
def test_ticks_are_round_and_span_the_figures(low: float, high: float) -> None:
    ticks = charts.nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 9
    steps = {round(b - a, 9) for a, b in pairwise(ticks)}
    assert len(steps) == 1
    assert f"{next(iter(steps)):.6e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1241.0, "count", "1,241"),
        (67.04, "per_10k", "67.0"),
        (12.34, "pct", "12.3%"),
        (-0.04, "score", "0.0"),
        (-1.25, "score", "−1.2"),
        (1234.5, "gbp", "£1,234"),
        (4_512_000.0, "gbp", "£4.5m"),
        (1_250_000_000.0, "gbp", "£1.2bn"),
        (None, "pct", "–"),
        (float("nan"), "pct", "–"),
    ],
)
def test_numbers_read_as_people_write_them(value: float | None, unit: str, text: str) -> None:
    assert words.number(value, unit) == text


def test_visits_are_marked_between_inspections() -> None:
    from datetime import date

    from analysis.report.authority import timeline

    inspected = {"publication_date": date(2019, 7, 1), "overall_judgement": 2, "framework": "ilacs"}
    visits = [
        {
            "visit_kind": "focused_visit",
            "publication_date": date(2021, 1, 1),
            "visit_date": None,
            "theme": "care <leavers>",
        },
        {"visit_kind": "visit", "publication_date": None, "visit_date": date(2023, 7, 2), "theme": None},
        {"visit_kind": "visit", "publication_date": None, "visit_date": None, "theme": None},
    ]
    picture = timeline([inspected], visits)
    marks = [p for p in svg_of(picture).iter("path") if p.get("class") == "visit"]
    assert [next(iter(p)).text for p in marks] == [
        "Focused visit, 1 January 2021: care <leavers>",
        "Visit, 2 July 2023",
    ]
    assert "Diamonds are visits" in picture
    assert "Diamonds" not in timeline([inspected])
    assert timeline([], visits) == ""


def test_axes_are_named_by_the_publishers_day() -> None:
    assert words.axis_year("30 September 2024", 2025) == "2024"
    assert words.axis_year("academic year 2023/24", 2024) == "2023/24"
    assert words.axis_year("financial year 2023-24", 2024) == "2023-24"
    assert words.axis_year("", 2024) == "2024"
    points = [(2024.0, 1.0), (2025.0, 2.0)]
    assert ">2023<" in charts.sparkline(points, [], [], [], 2024, 2025, "w", ends=("2023", "2024"))
    # A tick is what its label says: none of 2.25 that would read 2.2.
    assert charts.nice_ticks(1.9, 2.9) == [1.5, 2.0, 2.5, 3.0]


def test_one_thing_per_another_that_exceeds_it_is_drawn_as_no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """More assessments than referrals: a share's limits would be the root of a negative number."""
    from analysis.report import measure

    monkeypatch.setattr(measure, "_period", lambda *_: "2024")
    found = [(f"{i:03}", f"Authority {i}", 110.0, 1100.0 + i, 1000.0 + i) for i in range(25)]
    published = SimpleNamespace(latest={("ratio_pct", 2024): found})
    row = {"measure_id": "ratio_pct", "unit": "pct", "label": "Assessments per referral", "denominator": "referrals"}
    assert "Authority 7" in measure._latest(published, row, 2024)  # type: ignore[arg-type]
