"""Suites run by Great Expectations: a pandas asset and a checkpoint per suite, in a context that leaves nothing behind.

This module and :mod:`expectations.data_docs` are the only ones that import Great Expectations, and they do so when a
suite is first run, because the import takes seconds.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expectations.exceptions import DocumentedException, of_check
from expectations.suites import Check, Suite

if TYPE_CHECKING:
    import pandas as pd

#: Results are named by the time of a run; one fixed time makes the names of their pages the same every time.
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
#: The data source that frames are given to.
SOURCE = "frames"
#: So many failing rows of a landed table are kept with their index for Data Docs.
INDEXED = 50
RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 20,
}


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold, and the rows of its frame that do not meet it.

    ``rows`` is empty for an expectation about a table as a whole; ``observed`` is then what the library says of it.
    """

    check: Check
    rows: pd.DataFrame
    observed: dict[str, Any]


@dataclass
class Outcome:
    """What became of a suite on one frame."""

    failures: list[Failure] = field(default_factory=list)
    accepted: list[DocumentedException] = field(default_factory=list)
    idle: list[DocumentedException] = field(default_factory=list)
    expectations: int = 0
    validations: list[Any] = field(default_factory=list)


@lru_cache(maxsize=1)
def great_expectations() -> Any:
    """Great Expectations, silent: no analytics, no progress bars."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("TQDM_DISABLE", "1")
    import great_expectations as gx

    return gx


class Runner:
    """Runs suites in a context of their own.

    Args:
        exceptions: documented exceptions; the rows that one accepts are set aside before an expectation is looked at.
    """

    def __init__(self, exceptions: Iterable[DocumentedException] = ()) -> None:
        gx = great_expectations()
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self.exceptions = tuple(exceptions)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._source = self._context.data_sources.add_pandas(SOURCE)

    def run(
        self, suite: Suite, frame: pd.DataFrame, *, of: str = "", parameters: dict[str, Any] | None = None
    ) -> Outcome:
        """Validate one frame with a suite, as a checkpoint.

        Args:
            suite: what is expected.
            frame: one row per thing that can be right or wrong.
            of: what the frame is of, where a suite is run on several.
            parameters: values of the suite's parameters.
        """
        name = re.sub(r"\W+", "_", f"{suite.name} {of}".strip())
        frame = frame.reset_index(drop=True)
        outcome = Outcome(expectations=len(suite.checks))
        looked_at = frame
        for check in suite.checks:
            looked_at = self._set_aside(check, suite, frame, looked_at, outcome)
        validation = self._checkpoint(name, suite, looked_at, parameters)
        self._let_go()
        for check, result in zip(suite.checks, _in_order(validation.results, suite.checks), strict=True):
            if result.success:
                continue
            outcome.failures.append(_failure(name, check, result, frame, suite.index))
        outcome.validations.append(validation)
        return outcome

    def _set_aside(
        self, check: Check, suite: Suite, frame: pd.DataFrame, looked_at: pd.DataFrame, outcome: Outcome
    ) -> pd.DataFrame:
        """Empty the cells that documented exceptions accept; whether they would fail says if the exception is met."""
        for exception in of_check(self.exceptions, check.check):
            rows = exception.rows(frame, check.figure)
            count = int(rows.sum())
            if count == 0 or (exception.max_rows is not None and count > exception.max_rows):
                continue
            if self._holds(check, suite, frame[rows]):
                if exception.is_exact:
                    outcome.idle.append(exception)
                continue
            outcome.accepted.append(exception)
            looked_at = looked_at.copy(deep=False)
            looked_at[check.set_aside] = looked_at[check.set_aside].mask(rows)
        return looked_at

    def _holds(self, check: Check, suite: Suite, frame: pd.DataFrame) -> bool:
        """Whether a single expectation holds for a few rows."""
        gx = great_expectations()
        at = [c.check for c in suite.checks].index(check.check)
        batch = self._definition("set aside").get_batch({"dataframe": frame.reset_index(drop=True)})
        alone = gx.ExpectationSuite(name="set aside", expectations=[suite.expectations[at]])
        return bool(batch.validate(alone, result_format="BOOLEAN_ONLY").success)

    def _checkpoint(self, name: str, suite: Suite, frame: pd.DataFrame, parameters: dict[str, Any] | None) -> Any:
        gx = great_expectations()
        from great_expectations.core.run_identifier import RunIdentifier

        expected = self._context.suites.add_or_update(
            gx.ExpectationSuite(name=name, expectations=list(suite.expectations), meta=dict(suite.meta))
        )
        definition = self._context.validation_definitions.add_or_update(
            gx.ValidationDefinition(name=name, data=self._definition(name), suite=expected)
        )
        checkpoint = self._context.checkpoints.add_or_update(
            gx.Checkpoint(name=name, validation_definitions=[definition], result_format=RESULT_FORMAT)
        )
        outcome = checkpoint.run(
            batch_parameters={"dataframe": frame},
            expectation_parameters=parameters,
            run_id=RunIdentifier(run_name=name.partition("_")[0], run_time=ALWAYS),
        )
        return next(iter(outcome.run_results.values()))

    def _let_go(self) -> None:
        """Drop the data source, whose engine keeps every frame that it was given."""
        self._context.data_sources.delete(SOURCE)
        self._source = self._context.data_sources.add_pandas(SOURCE)

    def _definition(self, name: str) -> Any:
        """A frame's asset, taken as a whole."""
        known = {a.name: a for a in self._source.assets}
        asset = known.get(name) or self._source.add_dataframe_asset(name)
        definitions = asset.batch_definitions
        return definitions[0] if definitions else asset.add_batch_definition_whole_dataframe("whole")


def _failure(name: str, check: Check, result: Any, frame: pd.DataFrame, index: tuple[str, ...]) -> Failure:
    """A result as a failure, its positions replaced by rows; the result gets their index for Data Docs."""
    found = result.result
    if "unexpected_index_list" not in found:
        if not found:
            raise RuntimeError(f"{name}: {check.check} could not be evaluated: {result.exception_info}")
        return Failure(check, frame.iloc[:0], dict(found))
    rows = frame.iloc[found["unexpected_index_list"] or []]
    _name_rows(found, check, rows, index)
    return Failure(check, rows, {})


def _name_rows(found: dict[str, Any], check: Check, rows: pd.DataFrame, index: tuple[str, ...]) -> None:
    """Give a result its failing rows' index, which Data Docs shows: the file row, column and so on of the first ones.

    The library could do it (``unexpected_index_column_names``) and takes a cell at a time: six minutes for a table of a
    million rows printed twice. So it is asked for positions, and the columns are looked up here at once.
    """
    names = [c for c in index if c in rows]
    by_table = [c for c in ("source", "table_name", "edition") if c in rows]
    first = rows.groupby(by_table, observed=True, sort=False).head(INDEXED) if by_table else rows.head(INDEXED)
    shown = first[list(dict.fromkeys([*check.columns, *names]))].astype(object)
    records = [{str(k): v.item() if hasattr(v, "item") else v for k, v in r.items()} for r in shown.to_dict("records")]
    found["unexpected_index_column_names"] = names
    found["unexpected_index_list"] = records
    found["partial_unexpected_index_list"] = records[: RESULT_FORMAT["partial_unexpected_count"]]  # type: ignore[misc]


def _in_order(results: Iterable[Any], checks: Iterable[Check]) -> list[Any]:
    """Results in the order of the checks, whatever order they came back in."""
    by_check = {r.expectation_config.meta["check"]: r for r in results}
    return [by_check[c.check] for c in checks]
