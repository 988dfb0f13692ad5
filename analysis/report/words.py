"""Numbers, gaps and grades in plain words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date

#: A median or a point of a path is drawn where it rests on at least so many authorities.
FEWEST = 10
#: value_status -> what a reader is told.
STATUS = {
    "reported": "reported",
    "suppressed": "withheld to protect the few people behind the figure",
    "rounds_to_zero": "rounds to zero",
    "low_reliability": "withheld because it is not reliable enough",
    "unavailable": "not available: not submitted, or not collected",
    "not_applicable": "does not apply",
    "not_published": "not published for this year",
    "not_reported": "published for others, but not for this authority",
}
#: value_status -> the same in a table cell.
SHORT = {
    "suppressed": "withheld",
    "rounds_to_zero": "~0",
    "low_reliability": "unreliable",
    "unavailable": "not available",
    "not_applicable": "n/a",
    "not_published": "–",
    "not_reported": "no row",
}
GRADES = {1: "Outstanding", 2: "Good", 3: "Requires improvement", 4: "Inadequate"}
OUTCOMES = {
    "good_or_outstanding": "good or outstanding",
    "requires_improvement": "requires improvement",
    "inadequate": "inadequate",
}
FRAMEWORKS = {
    "slac": "SLAC, 2009–12",
    "cpi": "Child protection, 2012–13",
    "tlac": "Looked after children, 2012–13",
    "sif": "SIF, 2013–18",
    "ilacs": "ILACS, since 2018",
}
VISITS = {
    "focused_visit": "Focused visit",
    "monitoring_visit": "Monitoring visit",
    "assurance_visit": "Assurance visit",
    "visit": "Visit",
}
SHORT_FRAMEWORKS = {
    "slac": "SLAC",
    "cpi": "child protection",
    "tlac": "looked after children",
    "sif": "SIF",
    "ilacs": "ILACS",
}
GROUPS = {
    "population": "Population",
    "demand_and_provision": "Demand and provision",
    "duration": "How long things take",
    "timeliness": "Timeliness",
    "failure_demand": "Coming back, and not going on",
    "workforce": "Workforce",
    "placements": "Placements",
    "health_and_wellbeing": "Health and wellbeing",
    "care_leavers": "Care leavers",
    "education": "Education",
    "spend": "Spending",
}
#: quality_or_quantity and effort_or_effect -> what a measure says something of.
SAYS = {
    ("quantity", "effort"): "how much is asked for, done or spent",
    ("quality", "effort"): "how well it is done: in time, in full, by whom",
    ("quality", "effect"): "what comes of it: how children and young people fare",
    ("quantity", "effect"): "how many children and young people are better off",
}
SPEND = {
    "total": "All children's services",
    "safeguarding": "Safeguarding",
    "cla": "Children looked after",
    "early_help": "Early help",
}
UNITS = {
    "count": "number",
    "fte": "full-time equivalents",
    "pct": "per cent",
    "per_10k": "per 10,000 children",
    "gbp": "pounds",
    "ratio": "ratio",
    "score": "score",
}


def number(value: float | None, unit: str = "", digits: int | None = None) -> str:
    """A figure as a reader expects it: 1,241 · 67.0 · 12.3% · £1,234 · £4.5m; an en dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if unit == "gbp":
        return money(value)
    if digits is None:
        digits = {"count": 0, "fte": 0, "pct": 1, "per_10k": 1, "ratio": 1, "score": 1}.get(unit, 2)
    text = f"{value:,.{digits}f}"
    # -0.0 is nought.
    text = text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "\u2212")
    return f"{text}%" if unit == "pct" else text


def money(value: float) -> str:
    """Pounds: whole ones to a hundred thousand, then millions and billions."""
    sign, size = ("\u2212" if value < 0 else ""), abs(value)
    for limit, divisor, suffix in ((1e9, 1e9, "bn"), (1e5, 1e6, "m")):
        if size >= limit:
            return f"{sign}£{size / divisor:,.1f}{suffix}"
    return f"{sign}£{size:,.0f}"


def axis_year(period: str, year: int) -> str:
    """The year of a period as an axis names it: 2024 of 30 September 2024, 2023/24 of an academic year.

    Args:
        period: which day or year a figure is of, in words; may be blank.
        year: the reporting year, for a period that names none.
    """
    found = re.search(r"\d{4}(?:[/-]\d{2})?$", period)
    return found[0] if found else str(year)


def p_value(p: float | None) -> str:
    """A p-value as journals print it."""
    if p is None or not math.isfinite(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def day(value: date | None) -> str:
    """19 November 2021."""
    return f"{value.day} {value:%B %Y}" if value else "–"


def count(n: int) -> str:
    """A small number in words: three, 14."""
    small = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return small[n] if 0 <= n < len(small) else f"{n:,}"


def ordinal(n: int) -> str:
    """1st, 2nd, 23rd, 111th."""
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def listed(parts: Sequence[str]) -> str:
    """one, two and three."""
    return " and ".join(([", ".join(parts[:-1])] if parts[1:] else []) + list(parts[-1:]))


def quartile(place: int, better_when: str) -> str:
    """A quarter of the authorities: best and worst only where the measure has a better end."""
    first, last = ("highest", "lowest") if better_when == "neither" else ("best", "worst")
    return {1: f"{first} quarter", 2: "second quarter", 3: "third quarter", 4: f"{last} quarter"}[place]


def authorities_of(counts: Iterable[int | None]) -> str:
    """How many authorities a line rests on, for its label: " (n = 48 to 52)"; nothing where that is not known."""
    known = sorted({int(n) for n in counts if n})
    if not known:
        return ""
    return f" (n = {known[0]})" if len(known) == 1 else f" (n = {known[0]} to {known[-1]})"
