"""The gate: newly landed tables are checked before anything is built from them.

The heavy work is DuckDB's (:mod:`expectations.profile`): it boils the landed files down to small frames. What may be in
them is said by one suite per shape in ``expectations/suites/``. An error stops the publication of the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from expectations.drill import drill
from expectations.exceptions import load_exceptions
from expectations.landed import LandedFile, TableKey, landed_files
from expectations.profile import FRAMES, TYPICAL, Profile
from expectations.results import Finding, GateResult
from expectations.suites import Failure, great_expectations, load_suite, run_suite
from flows.common.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

#: Columns that say which row of a frame is meant.
IDENTITY = (
    "source",
    "table_name",
    "edition",
    "file",
    "period",
    "column_name",
    "filter",
    "measure_id",
    "component",
    "authority",
    "other_edition",
    "other_period",
)
#: So many findings of a table's check are followed to the rows of the file; the rest are listed without.
DRILLED = 10


def check_gate(
    settings: Settings,
    tables: Collection[TableKey] | None = None,
    *,
    when_profiled: Callable[[], object] | None = None,
) -> GateResult:
    """Check landed tables.

    Args:
        settings: where the landing and the seeds are.
        tables: source, table and edition of those to check; all landed tables when absent. A year is held against every
            other edition of its table, whichever are given.
        when_profiled: called between reading and validating.

    Returns:
        the findings, each with the publisher's file, row numbers, column and what to do.
    """
    started = time.perf_counter()
    wanted = None if tables is None else {(t[0], t[1], t[2]) for t in tables}
    files = landed_files(settings)
    if wanted is not None:
        beside = {(s, t) for s, t, _ in wanted}
        files = [f for f in files if f.key in wanted or (f.table_pair in beside and f.suite != "tidy")]
    result = GateResult()
    if not files:
        return result
    profile = Profile(settings, files, TYPICAL)
    try:
        frames = {name: profile.frame(name) for name in FRAMES}
        result.seconds["reading"] = time.perf_counter() - started
        if when_profiled:
            when_profiled()
        _validate(result, frames, files, wanted)
    finally:
        profile.close()
    result.checked = len(files) if wanted is None else len(wanted)
    return result


def _validate(
    result: GateResult, frames: dict[str, pd.DataFrame], files: list[LandedFile], wanted: set[TableKey] | None
) -> None:
    started = time.perf_counter()
    great_expectations()
    result.seconds["great expectations"] = time.perf_counter() - started
    started = time.perf_counter()
    exceptions = load_exceptions()
    failures: list[Failure] = []
    met, idle = [], []
    for suite in sorted({f.suite for f in files}):
        checks = load_suite(suite)
        for name in dict.fromkeys(c.frame for c in checks):
            frame = frames[name]
            frame = frame[frame["suite"] == suite]
            if wanted is not None:
                keys = list(zip(frame["source"], frame["table_name"], frame["edition"], strict=True))
                frame = frame[[k in wanted for k in keys]]
            if frame.empty:
                continue
            identity = [c for c in IDENTITY if c in frame]
            outcome = run_suite(
                f"gate {suite} {name}", [c for c in checks if c.frame == name], frame, identity, exceptions
            )
            failures += outcome.failures
            met += outcome.accepted
            idle += outcome.idle
            result.expectations += outcome.expectations
            result.validations.append(outcome.validation)
    result.accepted = [str(e) for e in dict.fromkeys(met)]
    result.idle = [str(e) for e in dict.fromkeys(idle) if e not in met]
    by_key = {f.key: f for f in files}
    drilled: dict[tuple[str, str], int] = {}
    for failure in failures:
        row = failure.row
        file = by_key[(row["source"], row["table_name"], row["edition"])]
        place = (failure.check.check, file.table)
        drilled[place] = drilled.get(place, 0) + 1
        rows, examples = drill(failure, file) if drilled[place] <= DRILLED else ((), ())
        result.findings.append(
            Finding(
                check=failure.check.check,
                severity=failure.check.severity,
                where={c: str(row[c]) for c in IDENTITY if c in row and row[c] not in (None, "")},
                found=_found(failure),
                says=failure.check.says,
                advice=failure.check.advice,
                rows=rows,
                examples=examples,
            )
        )
    result.seconds["validating"] = time.perf_counter() - started


def _found(failure: Failure) -> str:
    """What stands in the failing row, in words."""
    row, value = failure.row, failure.row[failure.check.column]
    match failure.check.check:
        case "rows_present":
            return "no rows"
        case "rows_complete":
            return f"{abs(int(value))} rows {'fewer' if value > 0 else 'more'} than the catalogue says"
        case "keys_unique":
            return f"{int(value)} of {int(row['rows'])} rows stand for a place that another row stands for too"
        case "authorities_complete":
            return f"{int(value)} authorities"
        case "symbols_known":
            return f"{int(value)} figures that are neither a number nor a known symbol"
        case "not_below_lowest":
            return f"{int(value)} of {int(row['values'])} figures too low; the lowest is {row['lowest']:g}"
        case "not_above_highest":
            return f"{int(value)} of {int(row['values'])} figures too high; the highest is {row['highest']:g}"
        case "percent_of_a_hundred":
            return f"{int(row['values'])} percentages, none above {value:g}"
        case "usual_magnitude":
            usual = float(f"{row['median'] / value:.2g}")
            middle = f"the middle of {int(row['values'])} authorities is {row['median']:,.6g}"
            return f"{middle} where about {usual:,.6g} is usual"
        case "spend_per_authority":
            return f"£{value:,.0f}"
        case "own_year":
            return (
                f"{value:g}% of {int(row['compared'])} figures are those of {row['other_edition']} "
                f"({row['other_period']})"
            )
    return f"{failure.check.column} is {value}"
