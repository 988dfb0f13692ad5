"""The inspections that a model is of: which ones, the spending of which year, and what counts as preventative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.marts import MartLacks, Marts, require
from analysis.studies.spec import Choices, Spec

if TYPE_CHECKING:
    import pandas as pd

STUDY = "spending_and_judgement"
PREVENTATIVE, SAFEGUARDING, LOOKED_AFTER = "preventative spending", "safeguarding spending", "looked-after spending"
DECILE = "deprivation decile"


@dataclass(frozen=True)
class Cut:
    """A choice of inspections and of what is known of them.

    frameworks, window: of the report's publication; first_only: an authority's first inspection under a framework;
    lag: reporting year of the spending less that of publication; capital_until: the last year whose total holds
    capital expenditure charged to revenue (0: none does); by_content: whether looked after holds adoption and special
    guardianship in the years, too, in which they are printed elsewhere, which takes them out of prevention; imd:
    edition of the deciles; all_authorities: whether those stay that the authors' data do not have; without:
    inspections left out, as authority and year.
    """

    frameworks: tuple[str, ...]
    window: str
    capital_until: int
    by_content: bool
    imd: int
    first_only: bool = True
    lag: int = 0
    all_authorities: bool = False
    without: tuple[tuple[str, int], ...] = ()


def papers_cut(spec: Spec, choices: Choices) -> Cut:
    """The paper's inspections, or those of the frameworks and the window chosen in their place.

    Raises:
        ValueError: a basis that this study does not have.
    """
    if choices.basis != "publication":
        raise ValueError(f"--basis {choices.basis}: this study counts years from publication, as the paper does")
    return Cut(
        frameworks=tuple(choices.framework.split()),
        window=choices.window,
        capital_until=int(spec.variables["capital_charged_to_revenue_until"]),
        by_content=bool(spec.variables["looked_after_by_content"]),
        imd=int(spec.variables["imd_edition"]),
    )


def moved_by_capital(spec: Spec) -> tuple[tuple[str, int], ...]:
    """Inspections whose preventative spending rests on capital charged to revenue, as authority and year."""
    return tuple((i["la_code"], int(i["year"])) for i in spec.variables["inspections_moved_by_capital"])


def read_sample(marts: Marts, spec: Spec, choices: Choices) -> pd.DataFrame:
    """Every inspection with a judgement and year of spending, but for the two authorities that all studies leave out.

    Raises:
        MartLacks: a column, or every row.
    """
    columns = ["la_code", "la_name", "framework", "publication_date", "year_by_publication", "is_first_in_framework"]
    columns += ["overall_judgement", "is_excluded_from_studies", "imd_2015_decile", "imd_2019_decile", "lag", "year"]
    columns += ["population_0_17", with_capital(spec, choices), printed_elsewhere(spec, choices)]
    columns += [column for column, _ in spending(spec, choices).values()]
    frame = marts.sample(STUDY, columns)
    return frame[~frame["is_excluded_from_studies"].astype(bool)]


def spending(spec: Spec, choices: Choices) -> dict[str, tuple[str, float]]:
    """Term → the sample's column in the prices chosen, and the pounds of one step."""
    named = spec.variables["spending"]
    return {
        term: (about["column"].replace("{deflator}", choices.deflator), float(about["step"]))
        for term, about in named.items()
    }


def with_capital(spec: Spec, choices: Choices) -> str:
    """The column of preventative spending with capital expenditure charged to revenue."""
    return str(spec.variables["preventative_with_capital"]).replace("{deflator}", choices.deflator)


def printed_elsewhere(spec: Spec, choices: Choices) -> str:
    """The column of what is spent on children looked after and printed under another group that year."""
    return str(spec.variables["looked_after_printed_elsewhere"]).replace("{deflator}", choices.deflator)


def inspections(sample: pd.DataFrame, spec: Spec, choices: Choices, cut: Cut) -> pd.DataFrame:
    """One row per inspection of a cut: la_code, la_name, framework, year, good (1 or 0), and the terms in their steps.

    Raises:
        MartLacks: no inspection is left.
        ValueError: the window is not two dates.
    """
    import pandas as pd

    try:
        first, last = (pd.Timestamp(day) for day in cut.window.split(":"))
    except ValueError as exc:
        raise ValueError(f"--window {cut.window}: give two dates as 2010-04-01:2019-03-31") from exc
    mine = (
        sample["framework"].isin(cut.frameworks)
        & pd.to_datetime(sample["publication_date"]).between(first, last)
        & (sample["lag"] == cut.lag)
        & (sample["year"] >= int(spec.variables["first_year_of_spending"]))
    )
    if cut.first_only:
        mine &= sample["is_first_in_framework"].astype(bool)
    if not cut.all_authorities:
        mine &= ~sample["la_code"].isin([str(c) for c in spec.variables["authorities_left_out"]])
    for code, year in cut.without:
        mine &= ~((sample["la_code"] == code) & (sample["year_by_publication"] == year))
    rows = require(sample[mine], [], f"inspections under {', '.join(cut.frameworks)} in {cut.window}")
    out = rows[["la_code", "la_name", "framework"]].copy()
    out["year"] = rows["year_by_publication"].astype(int)
    out["good"] = (rows["overall_judgement"] <= 2).astype(float)
    columns = spending(spec, choices)
    for term, (column, step) in columns.items():
        out[term] = rows[column].astype(float) / step
    with_it = rows[with_capital(spec, choices)].astype(float) / columns[PREVENTATIVE][1]
    out[PREVENTATIVE] = out[PREVENTATIVE].where(rows["year"] > cut.capital_until, with_it)
    if not cut.by_content:
        moved = rows[printed_elsewhere(spec, choices)].astype(float)
        out[PREVENTATIVE] += moved / columns[PREVENTATIVE][1]
        out[LOOKED_AFTER] -= moved / columns[LOOKED_AFTER][1]
    of_edition, of_other = (rows[f"imd_{edition}_decile"] for edition in (cut.imd, 2015 if cut.imd != 2015 else 2019))
    out[DECILE] = of_edition.fillna(of_other).astype(float)
    complete = out.dropna(subset=[PREVENTATIVE, SAFEGUARDING, DECILE]).reset_index(drop=True)
    if complete.empty:
        raise MartLacks(f"spending and deprivation are known for none of {len(out)} inspections")
    return complete
