"""Check the marts of a warehouse that is to be published: are they plausible, before anybody sees them?

Frames come from DuckDB (:mod:`expectations.release.frames`); the suites say what may be in them. Errors are what
cannot be: a count below nought, a share above a hundred, a figure in another unit, a sum that does not add up. What
is only unusual is a warning with its rows, and what could not be checked is said as such.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.exceptions import load_exceptions
from expectations.gx import Failure, Runner, great_expectations
from expectations.release import frames
from expectations.release.findings import findings
from expectations.release.origins import Origins
from expectations.results import ReleaseResult
from expectations.sql import text
from expectations.suites import load_suites

if TYPE_CHECKING:
    import pandas as pd

SUITES = Path(__file__).parent / "suites"


def check_release(database: Path, previous: Path | None = None) -> ReleaseResult:
    """Check the marts of a warehouse that is to be published.

    Args:
        database: the file; opened for reading, so no writer may hold it.
        previous: the published warehouse, where there is one.

    Returns:
        the findings, each with its rows as they stand, the landed tables they came from, and what to do.

    Raises:
        duckdb.Error: the database cannot be opened.
    """
    started = time.perf_counter()
    result = ReleaseResult()
    with duckdb.connect(str(database), read_only=True) as c:
        c.execute("set threads = 2; set enable_progress_bar = false")
        is_beside = previous is not None and Path(previous).exists()
        if is_beside:
            c.execute(f"attach {text(str(previous))} as before (read_only)")
        relations = dict(frames.relations(c))
        names = frames.readable(relations, with_previous=is_beside and _holds_figures(c))
        data = {name: frames.frame(c, name) for name in names}
        result.seconds["reading"] = time.perf_counter() - started
        started = time.perf_counter()
        great_expectations()
        result.seconds["great expectations"] = time.perf_counter() - started
        started = time.perf_counter()
        failures = _validate(result, relations, data)
        origins = Origins(c, relations)
        result.findings += [finding for failure in failures for finding in findings(failure, origins)]
        result.seconds["validating"] = time.perf_counter() - started
    result.checked = len(data["figures"]) if "figures" in data else 0
    return result


def _holds_figures(c: duckdb.DuckDBPyConnection) -> bool:
    """Whether the published warehouse has the figures to compare with."""
    found = c.execute(
        "select count(*) from duckdb_tables() "
        "where database_name = 'before' and schema_name = 'marts' and table_name = 'fct_la_year_measure'"
    ).fetchall()
    return bool(found[0][0])


def _validate(
    result: ReleaseResult, relations: dict[str, pd.DataFrame], data: dict[str, pd.DataFrame]
) -> list[Failure]:
    """Run the suites; what fails about a relation as a whole is a finding at once."""
    suites = load_suites(SUITES)
    runner = Runner(load_exceptions())
    failures: list[Failure] = []
    met, idle = [], []
    for relation, frame in relations.items():
        wanted = frames.RELATIONS[relation]
        outcome = runner.run(suites["relations"], frame, of=relation, parameters={"columns": wanted})
        result.expectations += outcome.expectations
        result.validations += outcome.validations
        for failure in outcome.failures:
            result.findings += findings(_of_relation(failure, relation, frame), None)
    for name, frame in data.items():
        if frame.empty:
            continue
        outcome = runner.run(suites[name], frame)
        failures += outcome.failures
        met += outcome.accepted
        idle += outcome.idle
        result.expectations += outcome.expectations
        result.validations += outcome.validations
    result.accepted = [str(e) for e in dict.fromkeys(met)]
    result.idle = [str(e) for e in dict.fromkeys(idle) if e not in met]
    return failures


def _of_relation(failure: Failure, relation: str, frame: pd.DataFrame) -> Failure:
    """A failure about a relation's columns, as a row that says which are missing."""
    import pandas as pd

    missing = [c for c in frames.RELATIONS[relation] if c not in frame.columns]
    row: dict[str, Any] = {"relation": relation, "missing": ", ".join(missing), "is_there": len(frame.columns) > 0}
    return Failure(failure.check, pd.DataFrame([row]), failure.observed)
