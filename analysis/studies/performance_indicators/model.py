"""Study 001: do performance indicators predict the judgement?

The paper's sample and tables; then the same on every authority's latest ILACS inspection, and on the outcome in three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.results import Estimate
from analysis.studies.performance_indicators import tables as t
from analysis.studies.performance_indicators.sample import (
    BUDGET,
    NEEDED,
    indicators,
    latest_of,
    papers_sample,
    with_budget,
)
from analysis.studies.replication import as_printed, marts_of_the_day

if TYPE_CHECKING:
    import pandas as pd

    from analysis.marts import Marts
    from analysis.studies.spec import Choices, Spec

BEYOND, BY_DATE = "all ILACS: ", "by date: "


def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """All estimates of the study on a warehouse."""
    frame = read_frame(marts, spec)
    out = of_the_paper(frame, spec, choices)
    if choices.framework == spec.pins["framework"] and choices.window == spec.pins["window"]:
        out += beyond(frame, spec)
        then = marts_of_the_day(marts, t.STUDY)
        if then is not None:
            out += as_printed(spec, replication(read_frame(then, spec), spec, choices))
    return out


def read_frame(marts: Marts, spec: Spec) -> pd.DataFrame:
    """Every inspection with the indicators of its year and the two before, and the ministry's net budgets.

    Raises:
        MartLacks: a column, or every row.
    """
    frame = marts.sample(t.STUDY, [*NEEDED, *indicators(spec), *t.POPULATION, *(c for c in t.SPEND if c != BUDGET)])
    return with_budget(marts, frame, [str(code) for code in spec.variables["budget_left_out"]])


def replication(frame: pd.DataFrame, spec: Spec, choices: Choices) -> list[Estimate]:
    """The paper's tables on its sample, as far as figures are printed of them."""
    listed = indicators(spec)
    sample = papers_sample(frame, spec, choices, left_out=[str(code) for code in spec.variables["left_out"]])
    out = t.sizes(sample) + t.correlations(sample, listed) + t.table_4(sample) + t.means(sample, listed)
    return out + t.spend(sample) + t.logistic(sample, listed)


def of_the_paper(frame: pd.DataFrame, spec: Spec, choices: Choices) -> list[Estimate]:
    """Its tables on its sample, or on the framework and window chosen."""
    listed = indicators(spec)
    is_pinned = choices.window == spec.pins["window"] and choices.framework == spec.pins["framework"]
    left_out = [str(code) for code in spec.variables["left_out"]] if is_pinned else []
    sample = papers_sample(frame, spec, choices, left_out=left_out)
    out = t.sizes(sample)
    numbered = int(spec.variables["counted_variables"])
    out.append(
        t.row(
            "sample", "n", "variables listed", float(numbered), method="the spec's list, deprivation and spend as one"
        )
    )
    out += t.correlations(sample, listed) + t.table_4(sample) + t.means(sample, listed) + t.spend(sample)
    out += t.logistic(sample, listed) + t.ordinal(sample, listed)
    if is_pinned:
        out += beside(frame, spec, choices, sample)
    return out


def beside(frame: pd.DataFrame, spec: Spec, choices: Choices, sample: pd.DataFrame) -> list[Estimate]:
    """Other readings of who and what: children in need on one day, the sample by date alone, one authority left out."""
    on_one_day = {c.replace("cin_any_point", "cin_at_31_march"): label for c, label in t.POPULATION.items()}
    out = t.table_4(sample, "table 4, CIN at 31 March", on_one_day)
    by_date = papers_sample(frame, spec, choices, str(spec.variables["by_date"]))
    out += t.sizes(by_date, f"{BY_DATE}sample") + t.table_4(by_date, f"{BY_DATE}table 4")
    out += t.spend(by_date, f"{BY_DATE}spend") + t.full_model(by_date, f"{BY_DATE}table 5")
    wider = papers_sample(frame, spec, choices)
    return out + t.one_left_out(
        wider,
        [
            *(("rating", c, f"rating x {label}") for c, label in t.POPULATION.items()),
            ("rating", "assessments_overdue_pct", "rating x assessments overdue"),
            ("rating", "cla_dental_check_pct", "rating x CIC dental checks"),
            ("rating", "deprivation_rank", "rating x deprivation rank"),
        ],
    )


def beyond(frame: pd.DataFrame, spec: Spec) -> list[Estimate]:
    """Every authority's latest ILACS inspection with the indicators of the year before it."""
    listed = indicators(spec)
    sample = latest_of(frame, "ilacs", spec)
    if sample.empty:
        return [t.row(f"{BEYOND}sample", "n", "authorities inspected", 0.0, n=0, reason="no ILACS inspection")]
    out = t.sizes(sample, f"{BEYOND}sample")
    out += t.correlations(sample, listed, f"{BEYOND}spearman") + t.table_4(sample, f"{BEYOND}table 4")
    out += t.means(sample, listed, f"{BEYOND}means") + t.spend(sample, f"{BEYOND}spend")
    return out + t.logistic(sample, listed, BEYOND) + t.three_way(sample, listed, BEYOND)
