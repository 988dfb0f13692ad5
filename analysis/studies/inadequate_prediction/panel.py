"""Authority-years of study 004 and who was judged when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.marts import require

if TYPE_CHECKING:
    import pandas as pd

    from analysis.marts import Marts

STUDY = "inadequate_prediction"
#: Measures of the paper's tables that the sample does not carry.
BESIDE = ("initial_assessments_rate_per_10k", "core_assessments_rate_per_10k", "referrals_nfa_pct")
SPEND = "safeguarding_gross_gbp_per_cin"


def read_panel(marts: Marts, measures: Sequence[str], deflator: str, base_year: int) -> pd.DataFrame:
    """One row per authority (without the two very small ones) and year, with every measure named in its whole years.

    Spend on safeguarding is gross, in real pounds of ``base_year`` per child in need.

    Raises:
        MartLacks: a measure or a table is missing.
    """
    sample = marts.sample(STUDY, ["la_code", "year", "worst_judgement", "is_excluded_from_studies"])
    # Rates as they were published: what the paper's authors had before them.
    wide = ", ".join(f"max(published_value) filter (where measure_id = '{m}') as {m}" for m in BESIDE)
    more = marts.frame(f"select la_code, year, {wide} from marts.fct_la_year_measure group by la_code, year")
    spend = marts.frame(
        f"select la_code, year, gbp_real_per_cin as {SPEND} from marts.fct_la_year_spend_real "
        "where spend_return = 's251_outturn' and spend_group = 'safeguarding' and gross_or_net = 'gross' "
        f"and price_index = '{deflator}' "
        f"and base_year = {base_year}"
    )
    sample = sample[~sample["is_excluded_from_studies"].astype(bool)]
    out = sample.merge(more, on=["la_code", "year"], how="left", validate="1:1")
    out = marts.as_then(out.merge(spend, on=["la_code", "year"], how="left", validate="1:1"))
    return marts.whole_years(require(out, measures, "the panel of the study"), measures)


def read_inspections(marts: Marts) -> pd.DataFrame:
    """Every inspection with an overall judgement: la_code, framework, year, judgement, first in its framework."""
    return marts.frame(
        "select la_code, framework, publication_date, year_by_publication as year, overall_judgement as judgement, "
        "is_first_in_framework from marts.fct_inspection where overall_judgement is not null "
        "order by publication_date, inspection_id"
    )


def judged_inadequate(inspections: pd.DataFrame, first: int, last: int) -> set[str]:
    """Authorities with an inadequate judgement published in reporting years first..last."""
    mine = inspections["year"].between(first, last) & (inspections["judgement"] == 4)
    return set(inspections.loc[mine, "la_code"])


def cycle(panel: pd.DataFrame, inspections: pd.DataFrame, framework: str) -> pd.DataFrame:
    """One row per authority's first inspection under a framework, with its measures of the reporting year before.

    ``is_inadequate`` is 1.0 or 0.0. An authority without a row for that year is left out.
    """
    first = inspections[(inspections["framework"] == framework) & inspections["is_first_in_framework"].astype(bool)]
    first = first.drop_duplicates("la_code").assign(year=lambda d: d["year"] - 1)
    out = first[["la_code", "year", "judgement"]].merge(
        panel.drop(columns="judgement", errors="ignore"), on=["la_code", "year"], how="inner", validate="1:1"
    )
    return out.assign(is_inadequate=(out["judgement"] == 4).astype(float))


def labels_of(variables: Mapping[str, Any]) -> dict[str, str]:
    """Measures → how they are called, in the spec's order."""
    return {str(k): str(v) for k, v in variables["measures"].items()}
