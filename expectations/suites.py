"""Suites: what is expected of a frame, as files people write and Great Expectations checks.

``expectations/suites/<suite>.yml`` lists for each frame the expectations; ``checks.yml`` says each check in words. A
suite is loaded into an ephemeral context: nothing is written to the home or the working directory. This is the only
module that imports Great Expectations, and it does so when a suite is first run, because the import takes seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from expectations.exceptions import DocumentedException, accepted_rows
from expectations.results import Severity

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(__file__).parent / "suites"
#: Our words for the severities that Great Expectations knows.
_SEVERITY = {"error": "critical", "warning": "warning"}


@dataclass(frozen=True)
class Check:
    """One expectation of a suite, with the words of its check."""

    check: str
    frame: str
    type: str
    kwargs: dict[str, Any]
    severity: Severity
    says: str
    advice: str

    @property
    def column(self) -> str:
        """The column of the frame that the expectation looks at."""
        return str(self.kwargs["column"])


@dataclass(frozen=True)
class Failure:
    """A row of a frame that does not meet an expectation."""

    check: Check
    row: dict[str, Any]


@dataclass
class Outcome:
    """What became of a suite on one frame."""

    failures: list[Failure]
    accepted: list[DocumentedException]
    idle: list[DocumentedException]
    expectations: int
    validation: Any


def load_suite(name: str, folder: Path = FOLDER) -> list[Check]:
    """The checks of a suite.

    Raises:
        FileNotFoundError: there is no such suite.
        KeyError: a check has no words, or an expectation lacks a key.
    """
    return list(_load(name, folder))


@lru_cache(maxsize=16)
def _load(name: str, folder: Path) -> tuple[Check, ...]:
    words = yaml.safe_load((folder / "checks.yml").read_text(encoding="utf-8"))
    listed = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
    checks = []
    for frame, expectations in listed["frames"].items():
        for e in expectations:
            checks.append(
                Check(
                    check=e["check"],
                    frame=frame,
                    type=e.get("type", "expect_column_values_to_be_between"),
                    kwargs=e["kwargs"],
                    severity=cast(Severity, e.get("severity", "error")),
                    says=words[e["check"]]["says"],
                    advice=words[e["check"]]["advice"],
                )
            )
    return tuple(checks)


def words(check: str, folder: Path = FOLDER) -> tuple[str, str]:
    """What a check says, and what to do when it does not hold."""
    said = yaml.safe_load((folder / "checks.yml").read_text(encoding="utf-8"))[check]
    return said["says"], said["advice"]


@lru_cache(maxsize=1)
def great_expectations() -> Any:
    """Great Expectations, silent: no analytics, no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("TQDM_DISABLE", "1")
    import great_expectations as gx

    return gx


@lru_cache(maxsize=1)
def _context() -> Any:
    gx = great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def run_suite(
    name: str,
    checks: list[Check],
    frame: pd.DataFrame,
    identity: list[str],
    exceptions: Iterable[DocumentedException] = (),
) -> Outcome:
    """Validate one frame.

    Args:
        name: of the suite and frame, as Data Docs show it.
        checks: expectations on this frame.
        frame: one row per thing that can be right or wrong.
        identity: columns that say which thing a row is; shown with a failing row.
        exceptions: documented exceptions; a cell that one accepts is emptied, and empty cells meet every expectation.
    """
    gx = great_expectations()
    frame = frame.reset_index(drop=True)
    seen = frame
    accepted: list[DocumentedException] = []
    exceptions = list(exceptions)
    for check in checks:
        failing = [i for i, bad in enumerate(_outside(seen[check.column], check.kwargs)) if bad]
        found = accepted_rows(seen, check.check, check.column, failing, exceptions)
        if found:
            frame = frame.copy() if frame is seen else frame
            frame[check.column] = frame[check.column].astype("float64").mask(frame.index.isin(list(found)))
            accepted += list(dict.fromkeys(found.values()))
    names = {c.check for c in checks}
    idle = [e for e in exceptions if e.check in names and e not in accepted and _is_there(e, seen)]

    shown = [*identity, *dict.fromkeys(c.column for c in checks)]
    data = frame[[c for c in dict.fromkeys(shown) if c in frame]].copy()
    data.insert(0, "row", range(len(data)))
    suite = gx.ExpectationSuite(
        name=name,
        expectations=[
            {
                "type": c.type,
                "kwargs": c.kwargs,
                "severity": _SEVERITY[c.severity],
                "meta": {"check": c.check, "notes": {"format": "string", "content": [c.says]}},
            }
            for c in checks
        ],
    )
    batch = _batch(name, data)
    validation = batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["row", *identity],
            "return_unexpected_index_query": False,
            "partial_unexpected_count": 10,
        },
    )
    failures = []
    for check, result in zip(checks, _in_order(validation.results, checks), strict=True):
        if result.exception_info.get("raised_exception") or "unexpected_index_list" not in result.result:
            if not result.success:
                raise RuntimeError(f"{name}: {check.check} could not be evaluated: {result.exception_info}")
            continue
        for found_row in result.result["unexpected_index_list"] or []:
            row = {str(k): v for k, v in seen.iloc[int(found_row["row"])].items()}
            failures.append(Failure(check, row))
    return Outcome(failures, accepted, idle, len(checks), validation)


def _batch(name: str, data: pd.DataFrame) -> Any:
    """A pandas batch. The context keeps one data source; only its asset's name differs."""
    context = _context()
    if "frames" not in context.data_sources.all():
        context.data_sources.add_pandas("frames")
    source = context.data_sources.get("frames")
    if name in {a.name for a in source.assets}:
        asset = source.get_asset(name)
        definition = asset.batch_definitions[0]
    else:
        definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    return definition.get_batch({"dataframe": data})


def _in_order(results: Iterable[Any], checks: list[Check]) -> list[Any]:
    """Results in the order of the checks, whatever order they came back in."""
    left = list(results)
    ordered = []
    for check in checks:
        i = next(
            i
            for i, r in enumerate(left)
            if r.expectation_config.meta["check"] == check.check
            and r.expectation_config.kwargs["column"] == check.column
        )
        ordered.append(left.pop(i))
    return ordered


def _outside(values: pd.Series[Any], kwargs: dict[str, Any]) -> pd.Series[bool]:
    """Rows whose value is outside the expectation's range: the only ones that an exception could accept."""
    bad = values.isna() & False
    if (low := kwargs.get("min_value")) is not None:
        bad |= values.notna() & (values <= low if kwargs.get("strict_min") else values < low)
    if (high := kwargs.get("max_value")) is not None:
        bad |= values.notna() & (values >= high if kwargs.get("strict_max") else values > high)
    return bad.fillna(False).astype(bool)


def _is_there(exception: DocumentedException, frame: pd.DataFrame) -> bool:
    """Whether the place that an exception names is in a frame."""
    rows = frame
    for column, pattern in exception.where.items():
        if column not in rows:
            return False
        if any(x in pattern for x in "*?["):
            return False  # a pattern may hold for some tables of a run and not for others
        rows = rows[rows[column].astype(str) == pattern]
    return len(rows) > 0
