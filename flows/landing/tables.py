"""From a recognised grid to a landed table: the publisher's columns and, in front, their keys as the passport reads."""

from __future__ import annotations

from dataclasses import dataclass

from flows.landing.body import refuse_faults, rows_of_data
from flows.landing.fits import Fit
from flows.landing.header import columns_and_body, kept_columns
from flows.landing.periods import edition_from_periods
from flows.landing.row_keys import RowKeys, cells_at

#: Columns that landing adds, in front of the publisher's own.
META = (
    "_source",
    "_table",
    "_edition",
    "_sha256",
    "_row",
    "_level",
    "_la_code",
    "_gss_code",
    "_la_name",
    "_period",
    "_filter",
)


@dataclass(frozen=True)
class LandedTable:
    """One clean table: ``rows`` hold the meta columns after ``_sha256`` and then the publisher's columns, all text."""

    source: str
    table: str
    edition: str
    columns: list[str]
    rows: list[list[str]]
    filters: frozenset[str]
    periods: frozenset[str]


def land(fit: Fit, path: str) -> LandedTable:
    """Read a fitted grid.

    Raises:
        RefusedFile: a row has more or fewer fields than the header, two columns are called the same, a cell holds a
            spreadsheet's error, a level or period is not a known word, or the edition is not in the passport.
    """
    columns, body, first_row = columns_and_body(fit, path)
    keys = RowKeys(fit, columns, path)
    kept = kept_columns(columns, body, len(columns))
    # Cells by position, one or several, always as a tuple or a list.
    figures = list if kept == list(range(len(columns))) else cells_at(kept)
    rows: list[list[str]] = []
    periods: set[str] = set()
    faults = fit.grid.faults
    for number, row, block in rows_of_data(fit, columns, body, first_row, path):
        level, code, gss, name, period, filters = keys.of(row, number, block)
        if faults:
            refuse_faults(fit, number, kept, columns, row, path)
        if level != "none":
            periods.add(period)
        rows.append([str(number), level, code, gss, name, period, filters, *figures(row)])
    keys.refuse_merged(len(rows))
    edition = fit.edition or edition_from_periods(fit, periods, rows, columns, kept, path)
    return LandedTable(
        fit.passport.source,
        fit.table.table,
        edition,
        [columns[j] for j in kept],
        rows,
        frozenset(keys.filters_seen.values()),
        frozenset(periods),
    )
