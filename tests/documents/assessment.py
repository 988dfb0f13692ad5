"""How well the reports were read: the rows against the official record and against counts made by hand.

A second computation, apart from the warehouse's (`int_documents__reading_check`), which it is held against.

The official record gives grades and the date of publication of each inspection, and for the latest ones the first day
on site. A report is matched with the record of the same authority and framework whose publication is nearest; a
report without a match is an exception of its own and not an agreement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flows.documents.columns import MEASURES
from flows.documents.framework import INSPECTIONS, Framework

if TYPE_CHECKING:
    import pandas as pd

# From the last day on site to publication, where the report prints no date of publication, and the farthest match, in
# days.
_USUAL_DELAY = 45
_FARTHEST = 150
# Dates of one publication in two sources differ by some days where a report was put up again after a correction.
_NEAR_DAYS = 7
_FIGURE_COLUMNS = ("figure", "label", "numerator", "denominator", "share", "aim", "is_met")
_EXCEPTION_COLUMNS = ("figure", "file", "detail")


@dataclass(frozen=True)
class Quality:
    """Figures of quality and what is behind them.

    Attributes:
        figures: figure (id), label, numerator, denominator, share, aim (a share; None where none is set), is_met.
        exceptions: figure, file, detail: every report that a figure counts as not right.
        matches: file of each matched report with the index of its row in the official record and the distance in days.
    """

    figures: pd.DataFrame
    exceptions: pd.DataFrame
    matches: pd.DataFrame


def assess(
    reports: pd.DataFrame, official: pd.DataFrame, hand_counts: pd.DataFrame, key: str = "authority_key"
) -> Quality:
    """Compute the figures of quality.

    Args:
        reports: table "reports" of `rows` (one row a file). A column `listed_publication_date`, where there is one, is
            used for matching a report that prints no date.
        official: one row an inspection: `key`, framework, publication_date, overall_judgement, and where known
            inspection_date and the other judgements under their names in `rows.MEASURES`.
        hand_counts: file, sha256_prefix, items, sample, counted by people in the printed reports: sample "first" while
            the rules were written, "held_out" afterwards, in reports on which no rule had been tried. A count of a file
            whose bytes have changed since does not count.
        key: name of the column, in both frames, that identifies an authority.

    Returns:
        The figures, their exceptions and the matches.

    Raises:
        KeyError: a frame lacks a column that is named here.
    """
    import pandas as pd

    book = _Book()
    official = official.reset_index(drop=True)
    read = reports[reports["status"] == "read"]
    book.share(
        "reports_read",
        "files read as reports",
        len(read),
        len(reports),
        _details(reports[reports["status"] != "read"], "{refusal_reason}: {refusal_detail}"),
    )
    kinds = read["framework"]
    inspections = read[kinds.isin([str(framework) for framework in INSPECTIONS])]
    _found(book, "kind_found", "reports whose kind was recognised", read, "report_kind", "framework_reason", 1)
    what = "inspections whose first and last day were read"
    _found(book, "dates_found", what, inspections, "inspection_first_day", "inspection_dates_reason", 0.99)
    what = "inspections whose overall judgement was read"
    _found(book, "overall_found", what, inspections, "overall_judgement", "overall_reason", 0.99)
    matches = _match(inspections, official, key)
    pairs = inspections.merge(matches, on="file").merge(
        official.add_prefix("official_"), left_on="official_index", right_index=True, how="left"
    )
    unmatched = inspections[~inspections["file"].isin(matches["file"])]
    details = _details(unmatched, "no inspection of this authority and framework in the official record is near")
    book.share("inspections_matched", "inspections found in the official record", len(pairs), len(inspections), details)
    _agreement(book, pairs)
    _dates(book, pairs)

    _recommendations(book, read[kinds.isin([*map(str, INSPECTIONS), str(Framework.LSCB_REVIEW)])])
    _counts(book, read, hand_counts)
    return Quality(
        pd.DataFrame(book.figures, columns=_FIGURE_COLUMNS),
        pd.DataFrame(book.exceptions, columns=_EXCEPTION_COLUMNS),
        matches,
    )


def _recommendations(book: _Book, asked: pd.DataFrame) -> None:
    without = asked[(asked["recommendation_count"].fillna(0) == 0) & asked["recommendation_statements"].isna()]
    book.share(
        "recommendations_found",
        "reports in which recommendations were found",
        len(asked) - len(without),
        len(asked),
        _details(without, "{recommendation_reason}"),
        0.97,
    )


class _Book:
    """Figures and exceptions as they are found."""

    def __init__(self) -> None:
        self.figures: list[tuple[object, ...]] = []
        self.exceptions: list[tuple[str, str, str]] = []

    def share(
        self,
        figure: str,
        label: str,
        numerator: int,
        denominator: int,
        exceptions: Iterable[tuple[str, str]] = (),
        aim: float | None = None,
    ) -> None:
        """Enter a share whose aim, if any, is a least one; without cases there is no share and the aim is not met."""
        share = numerator / denominator if denominator else None
        met = None if aim is None else share is not None and share >= aim
        self.figures.append((figure, label, numerator, denominator, share, aim, met))
        self.exceptions.extend((figure, file, detail) for file, detail in exceptions)

    def none_of(
        self, figure: str, label: str, numerator: int, denominator: int, exceptions: Iterable[tuple[str, str]]
    ) -> None:
        """Enter a share that should be zero."""
        share = numerator / denominator if denominator else None
        self.figures.append((figure, label, numerator, denominator, share, 0.0, denominator > 0 and numerator == 0))
        self.exceptions.extend((figure, file, detail) for file, detail in exceptions)


def _details(frame: pd.DataFrame, words: str) -> list[tuple[str, str]]:
    """File and details of each row; `words` names columns in braces."""
    return [(str(row["file"]), words.format_map(row)) for row in frame.to_dict("records")]


def _found(
    book: _Book, figure: str, label: str, reports: pd.DataFrame, column: str, reason: str, aim: float | None
) -> None:
    absent = reports[reports[column].isna()]
    details = _details(absent, f"{{{reason}}}")
    book.share(figure, label, len(reports) - len(absent), len(reports), details, aim)


def _match(inspections: pd.DataFrame, official: pd.DataFrame, key: str) -> pd.DataFrame:
    """Nearest official inspection of the same authority and framework; each official row is used once."""
    import pandas as pd

    dates = pd.to_datetime(official["publication_date"])
    by_authority = official.groupby([key, "framework"]).groups
    candidates: list[tuple[int, str, object]] = []
    for row in inspections.to_dict("records"):
        published = _publication(row)
        if published is None:
            continue
        for index in by_authority.get((row[key], row["framework"]), ()):
            distance = abs((dates.loc[index] - published).days) if pd.notna(dates.loc[index]) else _FARTHEST + 1
            if distance <= _FARTHEST:
                candidates.append((distance, row["file"], index))
    taken: set[object] = set()
    chosen: dict[str, tuple[object, int]] = {}
    for distance, file, index in sorted(candidates, key=lambda candidate: candidate[:2]):
        if file not in chosen and index not in taken:
            chosen[file] = (index, distance)
            taken.add(index)
    rows = [(file, index, distance) for file, (index, distance) in chosen.items()]
    frame = pd.DataFrame(rows, columns=["file", "official_index", "days_apart"])
    return frame.astype({"official_index": "int64", "days_apart": "int64"})


def _publication(row: dict) -> pd.Timestamp | None:
    import pandas as pd

    for column, delay in (
        ("publication_date", 0),
        ("listed_publication_date", 0),
        ("inspection_last_day", _USUAL_DELAY),
    ):
        value = row.get(column)
        if value is not None and pd.notna(value):
            return pd.Timestamp(value) + pd.Timedelta(days=delay)
    return None


def _agreement(book: _Book, pairs: pd.DataFrame) -> None:
    for measure in MEASURES:
        column = f"official_{measure}"
        if column not in pairs:
            continue
        both = pairs[pairs[measure].notna() & pairs[column].notna()]
        wrong = both[both[measure].astype(int) != both[column].astype(int)]
        details = _details(wrong, f"read {{{measure}:.0f}}, official {{{column}:.0f}}")
        aim = 0.99 if measure == "overall_judgement" else None
        book.share(
            f"{measure}_agrees",
            f"grades of {measure} that agree with the official record",
            len(both) - len(wrong),
            len(both),
            details,
            aim,
        )
        if measure == "overall_judgement":
            silent = wrong[wrong["overall_confidence"] != "low"]
            told = [detail for detail in details if detail[0] in set(silent["file"])]
            book.none_of(
                "overall_wrong_silently",
                "overall judgements that differ and were not marked as doubtful",
                len(silent),
                len(both),
                told,
            )


def _dates(book: _Book, pairs: pd.DataFrame) -> None:
    import pandas as pd

    printed = pd.to_datetime(pairs["publication_date"])
    official = pd.to_datetime(pairs["official_publication_date"])
    _apart(
        book,
        "publication_date",
        "dates of publication that agree with the official record",
        pairs,
        printed,
        official,
        None,
    )
    if "official_inspection_date" in pairs:
        first = pd.to_datetime(pairs["inspection_first_day"])
        begun = pd.to_datetime(pairs["official_inspection_date"])
        _apart(book, "first_day", "first days on site that agree with the official record", pairs, first, begun, 0.99)
    last = pd.to_datetime(pairs["inspection_last_day"])
    known = pairs[last.notna() & official.notna()]
    delay = (official - last).dt.days.loc[known.index]
    odd = known[~delay.between(7, 200)]
    details = (
        (str(file), f"published {int(days)} days after the last day")
        for file, days in zip(odd["file"], delay.loc[odd.index], strict=True)
    )
    book.share(
        "dates_plausible",
        "last days from a week to 200 days before official publication",
        len(known) - len(odd),
        len(known),
        details,
        0.99,
    )


def _apart(
    book: _Book, figure: str, label: str, pairs: pd.DataFrame, ours: pd.Series, theirs: pd.Series, aim: float | None
) -> None:
    """Enter how many dates are equal and how many are within a week."""
    known = pairs[ours.notna() & theirs.notna()]
    days = (theirs - ours).dt.days.loc[known.index]
    differing = known[days != 0]
    details = (
        (str(file), f"read {mine.date()}, official {other.date()}")
        for file, mine, other in zip(
            differing["file"], ours.loc[differing.index], theirs.loc[differing.index], strict=True
        )
    )
    book.share(f"{figure}_agrees", label, len(known) - len(differing), len(known), details, aim)
    near = int((days.abs() <= _NEAR_DAYS).sum())
    book.share(f"{figure}_within_a_week", f"{label}, within {_NEAR_DAYS} days", near, len(known))


def _counts(book: _Book, read: pd.DataFrame, hand_counts: pd.DataFrame) -> None:
    import pandas as pd

    counted = hand_counts.merge(read[["file", "sha256", "recommendation_count"]], on="file", how="left")
    pairs = zip(counted["sha256"], counted["sha256_prefix"], strict=True)
    same = pd.Series(
        [isinstance(own, str) and own.startswith(str(prefix)) for own, prefix in pairs], counted.index, bool
    )
    counted, absent = counted[same], counted[~same]
    label = "reports whose number of recommendations is that counted by hand"
    for sample in (None, *sorted(set(hand_counts["sample"]))):
        part = counted if sample is None else counted[counted["sample"] == sample]
        wrong = part[part["items"].astype(int) != part["recommendation_count"].astype(int)]
        details = _details(wrong, "read {recommendation_count:.0f}, counted {items}")
        if sample is None:
            details += _details(absent, "counted by hand, but these bytes are not among the reports")
            book.share("item_counts_right", label, len(part) - len(wrong), len(part), details, 0.95)
        else:
            named = f"{label} (sample: {sample})"
            book.share(f"item_counts_right_{sample}", named, len(part) - len(wrong), len(part), details, 0.95)
