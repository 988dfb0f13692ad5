"""Who is in study 001, and what is derived once for all its tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from analysis.marts import MartLacks, Marts

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.spec import Choices, Spec

#: Columns every part of the study needs.
NEEDED = (
    "inspection_id",
    "la_code",
    "la_name",
    "framework",
    "inspection_type",
    "publication_date",
    "is_excluded_from_studies",
    "overall_judgement",
    "outcome_group",
    "help_and_protection",
    "children_looked_after",
    "leadership",
    "imd_2015_average_score",
    "imd_2019_average_score",
    "lag",
    "year",
)
#: The net budget of the year after the indicators' year, over the children of that year; added to the sample.
BUDGET = "total_net_budget_gbp_per_child"
GROUPS = ("low rating", "high rating")
THIRDS = ("high deprivation", "moderate deprivation", "low deprivation")


def window_of(text: str) -> tuple[str, str]:
    """The first and the last day of a window written ``2018-01-01:2019-03-24``.

    Raises:
        ValueError: it is not two days.
    """
    from datetime import date

    parts = text.split(":")
    try:
        first, last = (date.fromisoformat(p).isoformat() for p in parts)
    except ValueError as exc:
        raise ValueError(f"the window of this study is two days, first:last, not {text!r}") from exc
    return first, last


def deprivation_third(score: pd.Series) -> pd.Series:
    """Third of deprivation within a sample by IMD average score (higher = more deprived); missing stays missing.

    Outer thirds hold n/3 rounded, the middle the rest: 47 authorities fall into 16, 15 and 16 (the paper's table 2).
    """
    known = score.dropna().sort_values(ascending=False, kind="stable")
    n, outer = len(known), round(len(known) / 3)
    labels = [THIRDS[0]] * outer + [THIRDS[1]] * (n - 2 * outer) + [THIRDS[2]] * outer
    out = score.astype(object).where(score.isna(), None)
    out.loc[known.index] = labels
    return out


def derived(frame: pd.DataFrame, imd_rank: str, imd_thirds: str) -> pd.DataFrame:
    """Add rating (4 = outstanding), group, is_high (1.0, 0.0), deprivation_rank and third, all within the frame.

    ``deprivation_rank`` runs from 1 (least deprived) to n (most), ties averaged, as in the paper's odds ratio per rank;
    authorities that the pinned IMD edition does not have are missing. Thirds use
    ``imd_thirds``, else the other edition.
    """
    out = frame.copy()
    out["rating"] = 5.0 - out["overall_judgement"]
    out["is_high"] = (out["overall_judgement"] <= 2).astype(float)
    out["group"] = np.where(out["is_high"] == 1, GROUPS[1], GROUPS[0])
    out["deprivation_rank"] = out[f"imd_{imd_rank}_average_score"].rank()
    other = "2019" if imd_thirds == "2015" else "2015"
    ranks = out[f"imd_{imd_thirds}_average_score"]
    # Scores of two editions are not on one scale: an authority that one lacks takes its place from the other's ranks.
    share = ranks.rank(pct=True)
    share = share.fillna(out[f"imd_{other}_average_score"].rank(pct=True))
    out["third"] = deprivation_third(share)
    return out


def with_budget(marts: Marts, frame: pd.DataFrame, left_out: Collection[str]) -> pd.DataFrame:
    """The sample with :data:`BUDGET`: nominal pounds per child aged 0 to 17, missing where no budget is held.

    ``left_out``: authorities whose budget is not that of their children's services.
    """
    budgets = marts.frame(
        "select la_code, year - 1 as year, any_value(gbp_nominal) as budget from marts.fct_la_year_spend "
        "where spend_return = 'ra_budget' and spend_group = 'total' and gross_or_net = 'net' group by la_code, year"
    )
    # As published: the children whom the paper's authors divided by.
    children = marts.frame(
        "select la_code, year, published_value as population_0_17 from marts.fct_la_year_measure "
        "where measure_id = 'population_0_17'"
    )
    children = marts.as_then(children)
    both = budgets.merge(children, on=["la_code", "year"], how="inner")
    both[BUDGET] = (both["budget"] / both["population_0_17"]).mask(both["la_code"].isin(list(left_out)))
    return frame.merge(both[["la_code", "year", BUDGET]], on=["la_code", "year"], how="left", validate="m:1")


def papers_sample(
    frame: pd.DataFrame, spec: Spec, choices: Choices, window: str = "", left_out: Collection[str] = ()
) -> pd.DataFrame:
    """One row per inspected authority: its last judgement in the window, with the indicators of the pinned year.

    The framework's inspections and, for ILACS, the re-inspections under the older framework that the spec's
    ``reinspections`` window holds (without them no cut-off gives the printed numbers of judgements). Authorities in
    ``left_out`` are not in it.

    Raises:
        MartLacks: nothing is left.
    """
    first, last = window_of(window or choices.window)
    published = frame["publication_date"].astype("datetime64[ns]")
    mine = (frame["framework"] == choices.framework) & published.between(first, last)
    if choices.framework == spec.pins["framework"]:
        again, until = window_of(str(spec.variables["reinspections"]))
        mine |= (
            (frame["framework"] == "sif")
            & (frame["inspection_type"] == "re_inspection")
            & published.between(max(again, first), min(until, last))
        )
    mine &= ~frame["is_excluded_from_studies"].astype(bool)
    year = spec.pins.get("indicators_year", "")
    pinned = choices.window == spec.pins["window"] and choices.framework == spec.pins["framework"] and year
    rows = frame[mine & ((frame["year"] == int(year)) if pinned else (frame["lag"] == -1))]
    rows = rows.sort_values(["publication_date", "inspection_id"]).drop_duplicates("la_code", keep="last")
    rows = rows[~rows["la_code"].isin(list(left_out))]
    if rows.empty:
        raise MartLacks(f"no {choices.framework} inspection was published from {first} to {last}")
    return derived(rows.reset_index(drop=True), spec.pins["imd_rank"], spec.pins["imd_thirds"])


def latest_of(frame: pd.DataFrame, framework: str, spec: Spec) -> pd.DataFrame:
    """One row per authority: its latest inspection under a framework, with the indicators of the year before.

    May be empty.
    """
    mine = (frame["framework"] == framework) & (frame["lag"] == -1) & ~frame["is_excluded_from_studies"].astype(bool)
    rows = frame[mine].sort_values(["publication_date", "inspection_id"]).drop_duplicates("la_code", keep="last")
    return derived(rows.reset_index(drop=True), spec.pins["imd_rank"], spec.pins["imd_thirds"])


def indicators(spec: Spec) -> Mapping[str, Mapping[str, str]]:
    """Columns of the indicators → label, group, better_when; as the spec lists them."""
    listed: Mapping[str, Mapping[str, str]] = spec.variables["indicators"]
    return listed
