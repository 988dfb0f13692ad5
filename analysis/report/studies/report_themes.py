"""What inspectors ask for: matrices of categories and themes by framework, deprivation, place and judgement.

First what they ask for now, in words and by judgement, deprivation, region and year; then the study of the paper.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial

from analysis.report import charts, words
from analysis.report.published import Published, rows
from analysis.report.studies import report_themes_now
from analysis.report.study import Found, Section, simple_table

SPLITS = {
    "framework": "Framework",
    "deprivation_third": "Third of deprivation",
    "rural_urban_class": "Place",
    "inadequate": "Inadequate or not",
    "inadequate_in_sif": "Inadequate or not, within SIF",
    "inadequate_in_ilacs": "Inadequate or not, within ILACS",
}
SAMPLES = {"corpus": "every report read", "study": "the stratified sample"}


def sections(published: Published, found: Found) -> tuple[str, list[Section]]:
    """Summary and sections of the page."""
    labels = _labels(published)
    return "", [
        *report_themes_now.sections(published, found, labels),
        Section("The reports", _sample(published, found)),
        Section("How often each category is asked for", _categories(published, labels)),
        Section("Categories by group", _matrices(published, "category", labels)),
        Section("Themes by group", _matrices(published, "theme", labels)),
        Section("Which differences are more than chance", _tests(published, labels)),
    ]


def _labels(published: Published) -> dict[str, str]:
    return {**published.category_labels, **published.theme_labels}


def _sample(published: Published, found: Found) -> str:
    frame = [
        [k.replace("_", " ").replace(" | ", ": ").capitalize(), words.number(r["value"], digits=0)]
        for k, r in found.of("sample", "n").items()
    ]
    drawn = rows(
        published.con,
        """
        select framework, outcome_group, count(*) as n from studies.rpt_report_themes__drawn group by all order by all
        """,
    )
    agreement = next(iter(found.of("agreement", "kappa").values()), None)
    said = (
        ""
        if agreement is None or agreement["value"] is not None
        else f"<p>Agreement between coders: {agreement['reason']}.</p>"
    )
    return (
        simple_table(["the frame of the paper: inspections 2009 to 2016", "n"], frame)
        + simple_table(
            ["drawn at random, spread over judgement, deprivation and place", "judged", "reports"],
            [[r["framework"].upper(), words.OUTCOMES.get(r["outcome_group"], "–"), r["n"]] for r in drawn],
        )
        + said
    )


def _categories(published: Published, labels: dict[str, str]) -> str:
    parts = []
    for sample, label in SAMPLES.items():
        found = rows(
            published.con,
            "select label_id, item_pct from studies.rpt_report_themes__matrix where sample = ? and level = "
            "'category' and split = 'all' "
            "order by item_pct desc, label_id",
            [sample],
        )
        parts.append(
            charts.bars(
                f"Share of recommendations in each category, {label} (an item may carry several)",
                [(labels.get(r["label_id"], str(r["label_id"])), r["item_pct"]) for r in found],
                partial(words.number, unit="pct"),
            )
        )
    return "".join(parts)


def _matrices(published: Published, level: str, labels: dict[str, str]) -> str:
    parts = []
    for sample, label in SAMPLES.items():
        held: dict[str, dict[tuple[str, str], tuple[float, int]]] = defaultdict(dict)
        for r in rows(
            published.con,
            "select * from studies.rpt_report_themes__matrix where sample = ? and level = ?",
            [sample, level],
        ):
            held[r["split"]][r["label_id"], r["split_group"]] = (r["report_pct"], r["report_count"])
        for split, title in SPLITS.items():
            cells = held.get(split)
            if not cells:
                continue
            groups = sorted({g for _, g in cells})
            ids = sorted({i for i, _ in cells}, key=lambda i: labels.get(i, i))
            reports = {g: next(n for (_, h), (_, n) in cells.items() if h == g) for g in groups}

            def cell(i: int, j: int, cells=cells, ids=ids, groups=groups) -> tuple[str, float | None]:  # type: ignore[no-untyped-def]
                pct = cells.get((ids[i], groups[j]), (None, 0))[0]
                return (words.number(pct, "pct", 0), None if pct is None else pct / 101)

            picture = charts.heat(
                "",
                [labels.get(i, i) for i in ids],
                [f"{g.replace('_', ' ')} ({reports[g]})" for g in groups],
                cell,
                diverging=False,
                note="Share of reports with at least one such recommendation; in brackets the number of reports.",
            )
            is_open = sample == "corpus" and split == "framework" and level == "category"
            parts.append(f"<details{' open' if is_open else ''}><summary>{title}, {label}</summary>{picture}</details>")
    return "".join(parts)


def _tests(published: Published, labels: dict[str, str]) -> str:
    found = rows(
        published.con,
        """
        select * from studies.rpt_report_themes__comparison
        where p_value is not null order by p_adjusted, p_value, sample, level, split, label_id limit 60
        """,
    )
    body = [
        [
            labels.get(r["label_id"], r["label_id"]),
            SPLITS.get(r["split"], r["split"]),
            SAMPLES.get(r["sample"], r["sample"]),
            f"{(r['highest_group'] or '').replace('_', ' ')} over {(r['lowest_group'] or '').replace('_', ' ')}",
            words.number(r["spread_pct"], "pct", 0),
            r["test"],
            words.p_value(r["p_value"]),
            words.p_value(r["p_adjusted"]),
        ]
        for r in found
    ]
    return (
        "<p>The sixty with the smallest p-values, adjusted for how many were tested in their family.</p>"
        + simple_table(
            ["theme or category", "by", "reports", "most over least", "spread", "test", "p", "p, adjusted"], body
        )
    )
