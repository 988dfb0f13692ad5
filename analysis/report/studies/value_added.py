"""Judgements beside what one would expect: the expectation, its uncertainty, and no league table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from analysis.report import charts, words
from analysis.report.pages import authority_page
from analysis.report.published import Published
from analysis.report.study import Found, Section, interval, simple_table

#: What is said of how judgements vary, and its label.
_VARIANCE = {
    "sd_between_authorities": "standard deviation between authorities in like circumstances, grades",
    "sd_between_inspections": "standard deviation between inspections of one authority, grades",
    "reliability_of_one_rating": "reliability of a single judgement (1 would be perfect)",
}


def sections(published: Published, found: Found) -> tuple[str, list[Section]]:
    """Summary and sections of the page."""
    expected = found.of("expected", "B")
    rows = [
        [k if k != "const" else "an authority in middling circumstances", interval(r, 2), words.p_value(r["p_value"])]
        for k, r in expected.items()
    ]
    variance = [
        [label, words.number(next(iter(found.of("variance", k).values()))["value"], digits=2)]
        for k, label in _VARIANCE.items()
        if found.of("variance", k)
    ]
    rated = found.of("value added", "value_added")
    clear = next((r["value"] for r in found.of("value added", "n").values()), None)
    codes = {f"{la['la_name']} ({code})": code for code, la in published.authorities.items()}
    shown = sorted(((k, r["value"], r["ci_low"], r["ci_high"]) for k, r in rated.items()), key=lambda x: x[0])
    listing = "".join(
        f'<tr><th scope="row">{_link(k, codes)}</th><td>{interval(rated[k], 2)}</td><td>{rated[k]["n"]}</td></tr>'
        for k, *_ in shown
    )
    out = [
        Section(
            "What is expected",
            "<p>Scores run from 1 (inadequate) to 4 (outstanding). The figures say how the expected score "
            "changes with an authority's circumstances.</p>"
            + simple_table(["", "change in score (95% interval)", "p"], rows, sortable=False),
        ),
        Section(
            "How much a judgement tells",
            simple_table(["", ""], variance, sortable=False)
            + f"<p>Of {len(rated)} authorities, {words.number(clear, digits=0)} have an interval that leaves "
            "out nought. For all the others, chance explains the difference.</p>" + _spread(found, rated),
        ),
        Section(
            "Every authority, by name",
            "<p>Value added in grades, drawn towards nought the fewer judgements there are. It is no ranking: "
            "most intervals overlap almost wholly.</p>"
            f"<details><summary>Show all {len(shown)}</summary><div "
            'class="scroll"><table><thead><tr><th>authority</th><th>value added (95% interval)</th>'
            f"<th>judgements</th></tr></thead><tbody>{listing}</tbody></table></div></details>",
        ),
    ]
    return "", out


def _spread(found: Found, rated: Iterable[str]) -> str:
    """A chart of what was expected of each authority and what was observed."""
    return charts.scatter(
        "Expected and observed: each dot is an authority",
        [
            (
                found.value("value added", "expected_score", k) or 0.0,
                found.value("value added", "observed_score", k) or 0.0,
                k,
            )
            for k in rated
        ],
        partial(words.number, digits=1),
        partial(words.number, digits=1),
        axis="Across: the score expected from circumstances; up: the average observed (4 is outstanding)",
    )


def _link(subject: str, codes: dict[str, str]) -> str:
    from html import escape

    code = codes.get(subject)
    return f'<a href="../{authority_page(code)}">{escape(subject)}</a>' if code else escape(subject)
