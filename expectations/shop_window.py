"""The shop window: are the marts of the next warehouse plausible, before anybody sees them?

Frames at the grain of authority and year come from DuckDB (:mod:`expectations.window_frames`); ``suites/window.yml``
says what may be in them. Errors are what cannot be: a count below nought, a share above a hundred, a figure in another
unit, a sum that does not add up. What is only unusual is a warning with its rows.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from expectations.exceptions import load_exceptions
from expectations.results import Finding, WindowResult
from expectations.suites import Failure, great_expectations, load_suite, run_suite, words
from expectations.window_frames import window_frames

#: Columns that say which row of a frame is meant.
IDENTITY = (
    "measure_id",
    "la_code",
    "la_name",
    "area_level",
    "area_code",
    "year",
    "source",
    "edition",
    "previous_edition",
    "inspection_id",
    "framework",
)


def check_shop_window(database: Path, previous: Path | None = None) -> WindowResult:
    """Check the marts of a warehouse that is to be published.

    Args:
        database: the file; opened for reading, so no writer may hold it.
        previous: the published warehouse, where there is one.

    Returns:
        the findings, each with its rows as they stand and what to do.

    Raises:
        duckdb.Error: the database cannot be opened.
    """
    started = time.perf_counter()
    result = WindowResult()
    frames, missing, result.checked = window_frames(Path(database), Path(previous) if previous else None)
    result.seconds["reading"] = time.perf_counter() - started
    started = time.perf_counter()
    great_expectations()
    result.seconds["great expectations"] = time.perf_counter() - started
    started = time.perf_counter()
    for relation in missing:
        says, advice = words("window_relations")
        result.findings.append(Finding("window_relations", "error", {"relation": relation}, "not there", says, advice))
    checks = load_suite("window")
    exceptions = load_exceptions()
    met, idle = [], []
    for name, frame in frames.items():
        if frame.empty:
            continue
        mine = [c for c in checks if c.frame == name]
        identity = [c for c in IDENTITY if c in frame]
        outcome = run_suite(f"window {name}", mine, frame, identity, exceptions)
        result.expectations += outcome.expectations
        result.validations.append(outcome.validation)
        met += outcome.accepted
        idle += outcome.idle
        result.findings += [_finding(f) for f in outcome.failures]
    result.accepted = [str(e) for e in dict.fromkeys(met)]
    result.idle = [str(e) for e in dict.fromkeys(idle) if e not in met]
    result.seconds["validating"] = time.perf_counter() - started
    return result


def _finding(failure: Failure) -> Finding:
    row = {k: v for k, v in failure.row.items() if v is not None and v == v}
    check = failure.check
    return Finding(
        check=check.check,
        severity=check.severity,
        where={c: _said(row[c]) for c in IDENTITY if c in row and row[c] != ""},
        found=f"{check.column.replace('_', ' ')} is {_said(row[check.column])}",
        says=check.says,
        advice=check.advice,
        examples=({k: _said(v) for k, v in row.items() if k not in IDENTITY and k != check.column},),
    )


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)
