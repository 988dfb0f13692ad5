"""A page per study: its figures and tables, the printed figures beside ours, and where the numbers come from."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from analysis.report import words
from analysis.report.charts import column_heads
from analysis.report.pages import markup, render
from analysis.report.published import Published, Row, rows
from analysis.verdicts import VERDICTS

if TYPE_CHECKING:
    from analysis.studies.spec import Spec

TITLES = {
    "inspection_impact": "What an inspection does",
    "performance_indicators": "Do indicators predict the judgement?",
    "inspection_factors": "What goes with a better judgement",
    "inadequate_prediction": "Can an inadequate judgement be foretold?",
    "report_themes": "What inspectors ask for",
    "value_added": "Judgements beside what one would expect",
    "spending_and_judgement": "Does spending on prevention go with better judgements?",
}


@dataclass(frozen=True)
class Section:
    """A part of a study's page; ``body`` is markup. A part that is not open is folded."""

    title: str
    body: str
    is_open: bool = False


@dataclass(frozen=True)
class StudyPage:
    """What a study shows beyond its scoreboard.

    ``found`` are the sentences that it begins with; ``summary`` is markup.
    """

    study: str
    title: str
    summary: str
    sections: Sequence[Section]
    found: Sequence[str] = ()


#: Place and statistic of the estimates that hold a sentence on what was found, in ``method``.
BELIEVED = ("believed", "sentence")
#: How many parts of a page are open when it comes: a phone shows them in a dozen screens.
OPEN = 2
#: So many methods of one part that differ in their numbers alone are each said; more are said once.
MANY = 3


def _charts_first(sections: Sequence[Section]) -> list[Section]:
    """What is drawn before what is printed in tables; otherwise as the study has them."""
    return sorted(sections, key=lambda s: "<svg" not in s.body)


class Found:
    """The estimates of one study, by place and statistic."""

    def __init__(self, published: Published, study: str) -> None:
        self.rows = published.estimates.get(study, [])
        self._by: dict[tuple[str, str], dict[str, Row]] = {}
        for r in self.rows:
            self._by.setdefault((r["place"], r["statistic"]), {})[r["subject"]] = r

    def of(self, place: str, statistic: str) -> dict[str, Row]:
        """Subject to estimate."""
        return self._by.get((place, statistic), {})

    def value(self, place: str, statistic: str, subject: str) -> float | None:
        """One value; None where it is not estimated."""
        row = self.of(place, statistic).get(subject)
        return None if row is None else row["value"]

    def n(self, place: str, statistic: str, subject: str) -> int | None:
        """The n behind one value."""
        row = self.of(place, statistic).get(subject)
        return None if row is None else row["n"]


def verdict_bar(scoreboard: Sequence[Row]) -> str:
    """How many printed figures were reproduced, as a bar and in words."""
    counts = Counter(r["verdict"] for r in scoreboard)
    total = sum(counts.values())
    if not total:
        return ""
    parts = "".join(
        f'<i class="{v.replace(" ", "-")}" style="width:{100 * counts[v] / total:.1f}%"></i>'
        for v in VERDICTS
        if counts[v]
    )
    told = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    said = escape(told)
    return (
        f'<div class="stack" role="img" aria-label="{said}">{parts}</div>'
        f"<small>Of {total} printed figures: {said}.</small>"
    )


def page(published: Published, spec: Spec, site: Mapping[str, Any]) -> str:
    """The page of a study."""
    shown = _sections(published, spec.study)
    scoreboard = [
        {**r, "ours_text": words.number(r["ours"], digits=_digits(r["ours"]))}
        for r in published.scoreboard.get(spec.study, [])
    ]
    sample = f"rpt_{spec.study}__sample"
    has_sample = bool(
        rows(published.con, "select 1 from duckdb_tables() where schema_name = 'studies' and table_name = ?", [sample])
    )
    return render(
        "study.html",
        "../",
        shown.title,
        site,
        page=StudyPage(
            shown.study,
            shown.title,
            markup(shown.summary),
            [Section(s.title, markup(s.body), i < OPEN) for i, s in enumerate(_charts_first(shown.sections))],
            shown.found,
        ),
        question=spec.question,
        paper="Proposed in the discussion of a paper; nothing was printed to compare with."
        if spec.paper.startswith("none")
        else "After: " + spec.paper,
        scoreboard=scoreboard,
        failed=next((r["reason"] for r in scoreboard if r["verdict"] == "error"), ""),
        verdicts=markup(verdict_bar(published.scoreboard.get(spec.study, []))),
        pins=_choices(spec.pins),
        sample_rows=published.con.execute(f"select count(*) from studies.{sample}").fetchone()[0] if has_sample else 0,  # type: ignore[index]
        sources=_sources(published, site.get("titles", {})),
        methods=_methods(published, spec.study),
        follow=[(m, published.measures[m]["label"]) for m in measures_of(published, spec)],
        authorities=[(code, la["la_name"]) for code, la in published.authorities.items()],
        years=published.years,
        inputs=[
            (r["statement"].strip(), r["digest"])
            for r in rows(
                published.con,
                "select statement, digest from results.study_input where study = ? order by 1",
                [spec.study],
            )
        ],
    )


def measures_of(published: Published, spec: Spec) -> list[str]:
    """Measures that a study's spec names, and those that hold the pounds it speaks of."""
    named = set(re.findall(r"[a-z0-9_]+", json.dumps(spec.variables)))
    money = set(published.key.spend.values())
    return [m for m in published.measures if m in named or (m in money and any("gbp" in n for n in named))]


def _methods(published: Published, study: str) -> list[tuple[str, str]]:
    """How each part of a study was computed, as its estimates say."""
    by_part: dict[tuple[str, str], dict[str, None]] = {}
    for r in published.estimates.get(study, []):
        if r["method"] and (r["place"], r["statistic"]) != BELIEVED:
            by_part.setdefault((r["place"], r["statistic"]), {})[r["method"]] = None
    found: dict[str, dict[str, None]] = {}
    for (place, statistic), methods in by_part.items():
        for method in _alike(methods):
            found.setdefault(method, {})[f"{place}: {statistic}"] = None
    return [(method, ", ".join(places)) for method, places in found.items()]


def _alike(methods: Iterable[str]) -> list[str]:
    """Methods of one part of a study; those that differ in their numbers alone (an authority's own) are one."""
    same: dict[str, list[str]] = {}
    for method in methods:
        same.setdefault(re.sub(r"[-\u2212]?\d+(?:\.\d+)?", "…", method), []).append(method)
    return [method for general, found in same.items() for method in ([general] if len(found) > MANY else found)]


def _choices(pins: Mapping[str, Any]) -> str:
    """What a study pins, in words."""
    told = []
    for name, value in pins.items():
        if re.fullmatch(r"[\d-]{10}:[\d-]{10}", str(value)):
            first, _, last = str(value).partition(":")
            value = f"{first} on" if last >= "2099" else f"{first} to {last}"
        told.append(f"{name.replace('_', ' ')}: {str(value).replace('_', ' ')}")
    return f"Choices: {'; '.join(told)}."


def _digits(value: float | None) -> int:
    if value is None:
        return 0
    size = abs(value)
    return 0 if size == int(size) and size >= 1 else 1 if size >= 100 else 2 if size >= 1 else 3


def _sections(published: Published, study: str) -> StudyPage:
    title = TITLES.get(study, study.replace("_", " ").capitalize())
    name = f"analysis.report.studies.{study}"
    found = Found(published, study)
    if find_spec(name) is None:
        return StudyPage(study, title, "", [], sentences(found.rows))
    summary, sections = import_module(name).sections(published, found)
    return StudyPage(study, title, summary, sections, sentences(found.rows))


def sentences(estimates: Sequence[Row]) -> list[str]:
    """What is believed today, as the study's results say it: a sentence that they do not carry has no value."""
    rows = [r for r in estimates if (r["place"], r["statistic"]) == BELIEVED and r["value"] is not None]
    return [r["method"] for r in sorted(rows, key=lambda r: int(r["subject"]))]


def _sources(published: Published, titles: Mapping[str, str]) -> list[tuple[str, str]]:
    """Which publications and editions the figures in use come from."""
    found = rows(
        published.con,
        """
        select source, string_agg(distinct edition, ', ' order by edition) as editions from marts.fct_la_year_measure
        where value is not null and source is not null and edition is not null group by source order by source
        """,
    )
    return [(titles.get(r["source"], r["source"]), r["editions"]) for r in found]


# --- pieces that several studies draw with --------------------------------------------------------------------------


def simple_table(head: Sequence[str], body: Sequence[Sequence[Any]], caption: str = "", sortable: bool = True) -> str:
    """A table in plain sight; cells are escaped."""
    about = f"<caption>{escape(caption)}</caption>" if caption else ""
    header = column_heads(head)
    lines = "".join(
        f'<tr><th scope="row">{escape(str(r[0]))}</th>' + "".join(f"<td>{escape(str(c))}</td>" for c in r[1:]) + "</tr>"
        for r in body
    )
    style = ' class="sortable"' if sortable else ""
    return (
        f'<div class="scroll"><table{style}>{about}<thead><tr>{header}</tr></thead><tbody>{lines}</tbody></table></div>'
    )


def by_size(held: Mapping[str, Row], prefix: str = "") -> list[tuple[str, Any, Any, Any]]:
    """Estimates with intervals, smallest first, for a chart; ``prefix`` selects subjects and is left out of names."""
    found = [
        (k.removeprefix(prefix), r["value"], r["ci_low"], r["ci_high"]) for k, r in held.items() if k.startswith(prefix)
    ]
    return sorted(found, key=lambda x: x[1] or 0.0)


def estimates_table(first: str, name: str, held: Mapping[str, Row], prefix: str = "", digits: int = 2) -> str:
    """A table of estimates with p-values as they stand and adjusted, and n."""
    body = [
        [
            k.removeprefix(prefix),
            interval(r, digits),
            words.p_value(r["p_value"]),
            words.p_value(r["p_adjusted"]),
            r["n"],
        ]
        for k, r in held.items()
    ]
    return simple_table([first, f"{name} (95% interval)", "p", "p, adjusted", "n"], body)


def interval(row: Row | None, digits: int = 1, suffix: str = "") -> str:
    """An estimate with its interval: 4.1% (2.0 to 6.3)."""
    if row is None or row["value"] is None:
        return "–"
    show = partial(words.number, digits=digits)
    around = f" ({show(row['ci_low'])} to {show(row['ci_high'])})" if row["ci_low"] is not None else ""
    return f"{show(row['value'])}{suffix}{around}"
