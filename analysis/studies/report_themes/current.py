"""What inspectors ask for under the framework in force: beyond the paper, on every ILACS report held.

How often a category or theme is asked for, by judgement, deprivation, region and year of publication: as a share of
recommendations, with intervals from a bootstrap over reports (the items of one report are alike), and as a share of
reports. Whether groups differ is tested on the shares of recommendations: a report of an inadequate authority has more
of them, so that any theme occurs in more such reports. The test deals the reports out to the groups anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from analysis.estimators._arrays import Array, IntArray

PLACE = "since 2018"
FRAMEWORK = "ilacs"
METHOD = "ILACS reports; 95% interval: bootstrap over reports"
#: What reports are split by, and its column; every report is of the one group of `all`.
SPLITS = {
    "all": "everything",
    "judgement": "judgement",
    "deprivation_third": "deprivation_third",
    "region": "region",
    "year": "year",
}
DRAWS, DEALS, SEED = 2000, 2000, 1
#: A group of fewer reports is shown, and not compared with the others; a label in fewer reports is not tested.
FEWEST, RAREST = 5, 10
MATRIX_COLUMNS = (
    *("split", "split_group", "level", "label_id", "report_count", "reports_with_count", "report_pct"),
    *(
        "report_pct_low",
        "report_pct_high",
        "item_count",
        "coded_item_count",
        "item_pct",
        "item_pct_low",
        "item_pct_high",
    ),
)
TEST_COLUMNS = (
    *("split", "level", "label_id", "group_count", "report_count", "item_count", "highest_group", "highest_pct"),
    *("lowest_group", "lowest_pct", "spread_pct", "p_value", "p_adjusted", "reason"),
)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Reports and what they ask for.

    Attributes:
        reports: one row a report: report_id, la_code, everything, judgement, deprivation_third, region, year (text, or
            missing), item_count.
        labels: level and label of each column of `coded`.
        coded: reports × labels, how many items carry the label.
    """

    reports: pd.DataFrame
    labels: list[tuple[str, str]]
    coded: Array

    @property
    def items(self) -> Array:
        """Items of each report."""
        found: Array = self.reports["item_count"].to_numpy(float)
        return found


def read_corpus(marts: Marts) -> Corpus:
    """The reports of the framework, placed and dated, with recommendations.

    Raises:
        MartLacks: there are none.
    """
    import numpy as np

    reports = marts.frame(
        f"""
        select
            items.report_id,
            items.la_code,
            'all' as everything,
            case
                when min(items.overall_judgement) in (1, 2) then 'good_or_outstanding'
                when min(items.overall_judgement) = 3 then 'requires_improvement'
                when min(items.overall_judgement) = 4 then 'inadequate'
            end as judgement,
            any_value(authorities.imd_2019_third) as deprivation_third,
            any_value(authorities.region_name) as region,
            cast(year(min(items.publication_date)) as varchar) as year,
            count(*) as item_count
        from marts.fct_recommendation as items
        inner join marts.dim_local_authority as authorities on items.la_code = authorities.la_code
        where
            items.framework = '{FRAMEWORK}' and items.addressee = 'local_authority'
            and items.publication_date is not null and not authorities.is_excluded_from_studies
        group by items.report_id, items.la_code
        order by items.report_id
        """
    )
    if not len(reports):
        raise MartLacks("no report of the framework in force is held with recommendations")
    themes = marts.frame(
        f"""
        select themes.report_id, themes.item, themes.theme, themes.category
        from marts.fct_recommendation_theme as themes
        inner join marts.fct_recommendation as items using (report_id, item)
        where items.framework = '{FRAMEWORK}' and items.addressee = 'local_authority'
        order by all
        """
    )
    book = marts.frame("select theme, category from seeds.report_theme order by all")
    labels = [("category", c) for c in sorted(set(book["category"]))] + [("theme", t) for t in sorted(book["theme"])]
    row = {report: i for i, report in enumerate(reports["report_id"])}
    coded = np.zeros((len(reports), len(labels)))
    column = {label: j for j, label in enumerate(labels)}
    for level in ("category", "theme"):
        # An item of a category counts once, however many of its themes it carries.
        for report, label in themes.drop_duplicates(["report_id", "item", level])[["report_id", level]].to_numpy():
            if report in row and (level, label) in column:
                coded[row[report], column[level, label]] += 1
    return Corpus(reports, labels, coded)


def estimates(corpus: Corpus) -> Iterator[Estimate]:
    """How many recommendations a report has, by group; and how often each category is asked for."""
    from analysis.estimators.cluster_bootstrap import ratio_intervals

    for split, group, chosen in _groups(corpus):
        items = corpus.items[chosen]
        low, high = _mean_interval(items)
        subject = split if split == "all" else f"{split} | {group}"
        yield _estimate("mean", f"recommendations | {subject}", float(items.mean()), low, high, len(items))
    low_, high_ = ratio_intervals(corpus.coded, corpus.items, draws=DRAWS, seed=SEED)
    share = corpus.coded.sum(axis=0) / corpus.items.sum()
    for j, (level, label) in enumerate(corpus.labels):
        if level == "category":
            value, least, most = (float(100 * x) for x in (share[j], low_[j], high_[j]))
            subject = f"share of recommendations | category:{label}"
            yield _estimate("percent", subject, value, least, most, int(corpus.items.sum()))


def _estimate(statistic: str, subject: str, value: float, low: float | None, high: float | None, n: int) -> Estimate:
    return Estimate("report_themes", PLACE, statistic, subject, value, low, high, n=n, method=METHOD)


def matrix(corpus: Corpus) -> pd.DataFrame:
    """Shares of recommendations and of reports by group: one row a split, group, level and label."""
    import numpy as np
    import pandas as pd

    from analysis.estimators.cluster_bootstrap import ratio_intervals

    rows = []
    for split, group, chosen in _groups(corpus):
        part, whole = corpus.coded[chosen], corpus.items[chosen]
        low, high = ratio_intervals(part, whole, draws=DRAWS, seed=SEED)
        if len(whole) < FEWEST:
            # So few reports drawn again show too little of how far reports differ.
            low, high = low * np.nan, high * np.nan
        share, have = part.sum(axis=0) / whole.sum(), (part > 0).sum(axis=0)
        least, most = _wilson(have, len(whole))
        for j, (level, label) in enumerate(corpus.labels):
            rows.append(
                (
                    *(split, group, level, label, len(whole), int(have[j]), 100 * have[j] / len(whole)),
                    *(100 * least[j], 100 * most[j], int(whole.sum()), int(part[:, j].sum())),
                    *(100 * share[j], 100 * low[j], 100 * high[j]),
                )
            )
    return pd.DataFrame(rows, columns=list(MATRIX_COLUMNS))


def comparison(corpus: Corpus) -> pd.DataFrame:
    """Whether a label's share of recommendations differs between the groups of a split: one row a split and label.

    The statistic sums, over the groups, the square of what a group's share lies off the common one, each over its
    variance between reports; its p-value is the share of random deals of the reports to groups of the same sizes with
    one as large, adjusted over the labels of a split and level (Benjamini and Hochberg). What few reports ask for is
    not tested.
    """
    import numpy as np
    import pandas as pd

    from analysis.estimators.multiplicity import benjamini_hochberg

    rows = []
    for split in SPLITS:
        if split == "all":
            continue
        groups = [(g, chosen) for s, g, chosen in _groups(corpus) if s == split and chosen.sum() >= FEWEST]
        if len(groups) < 2:
            continue
        member = np.array([chosen for _, chosen in groups], dtype=float)
        kept = member.any(axis=0)
        part, whole = corpus.coded[kept], corpus.items[kept]
        shares = (member[:, kept] @ part) / (member[:, kept] @ whole)[:, None]
        p = _deal(member[:, kept].argmax(axis=0), len(groups), part, whole)
        for j, (level, label) in enumerate(corpus.labels):
            high, low = int(shares[:, j].argmax()), int(shares[:, j].argmin())
            is_rare = (part[:, j] > 0).sum() < RAREST
            rows.append(
                (
                    *(split, level, label, len(groups), len(whole), int(whole.sum())),
                    *(groups[high][0], 100 * shares[high, j], groups[low][0], 100 * shares[low, j]),
                    *(100 * (shares[high, j] - shares[low, j]), float("nan") if is_rare else p[j], float("nan")),
                    f"in fewer than {RAREST} reports" if is_rare else "",
                )
            )
    found = pd.DataFrame(rows, columns=list(TEST_COLUMNS))
    if len(found):
        families = found.groupby(["split", "level"])["p_value"]
        found["p_adjusted"] = families.transform(lambda p: benjamini_hochberg(p.to_numpy(float)))
    return found


def _groups(corpus: Corpus) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Split, group, and which reports are of it."""
    for split, column in SPLITS.items():
        values = corpus.reports[column]
        for group in sorted(values.dropna().unique()):
            yield split, str(group), values.eq(group).to_numpy(dtype=bool)


def _deal(of: IntArray, n_groups: int, part: Array, whole: Array) -> Array:
    """p-values by label over random deals; the observed groups are the first of them.

    The statistic is studentised, because groups differ in how many items their reports have (Chung and Romano 2013).
    """
    import numpy as np

    rng = np.random.default_rng(SEED)
    deals = np.vstack([of, rng.permuted(np.tile(of, (DEALS, 1)), axis=1)])
    off = part - part.sum(axis=0) / whole.sum() * whole[:, None]
    between = np.zeros((DEALS + 1, part.shape[1]))
    for group in range(n_groups):
        member = (deals == group).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            between += np.nan_to_num((member @ off) ** 2 / (member @ off**2))
    # Equal ones count: floating point must not make a deal that is the observed one smaller.
    found: Array = (between[1:] >= between[0] * (1 - 1e-9)).sum(axis=0)
    return (1.0 + found) / (1.0 + DEALS)


def _mean_interval(items: Array) -> tuple[float | None, float | None]:
    from analysis.estimators.cluster_bootstrap import interval, multiplicities

    if len(items) < 2:
        return None, None
    low, high = interval(multiplicities(len(items), DRAWS, SEED) @ items[:, None] / len(items))
    return float(low[0]), float(high[0])


def _wilson(have: Array, n: int) -> tuple[Array, Array]:
    """Wilson's 95% interval of a share of n reports."""
    import numpy as np

    z = 1.959963984540054
    share = have / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(centre - half, 0), np.minimum(centre + half, 1)
