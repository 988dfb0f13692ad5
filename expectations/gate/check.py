"""Check landed tables: read them, run the suites, and say what does not hold, row by row.

A table that fails is refused alone (:attr:`expectations.results.Result.by_table`); nothing here takes it out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.exceptions import load_exceptions
from expectations.gate import frames
from expectations.gate.findings import findings
from expectations.gate.landed import LandedFile, known_symbols, landed_files
from expectations.gate.reading import LandedTables
from expectations.gx import Failure, Runner, great_expectations
from expectations.results import GateResult, TableKey
from expectations.suites import load_suites

if TYPE_CHECKING:
    import pandas as pd

SUITES = Path(__file__).parent / "suites"
#: Data assets in the order in which they are checked, the long ones early.
ASSETS = ("tables", "columns", "keys", "figures", "places", "periods", "symbols", "magnitudes", "years")


def check_gate(
    landing: Path,
    seeds: Path,
    tables: Collection[TableKey] | None = None,
    *,
    when_read: Callable[[], object] | None = None,
) -> GateResult:
    """Check landed tables.

    Args:
        landing: the landing folder, with its catalogue.
        seeds: the folder of seeds, which say what symbols and columns mean.
        tables: source, table and edition of those to check; all landed tables when absent. A year is held against every
            other edition of its table, whichever are given.
        when_read: called between reading and validating.

    Returns:
        the findings, each with its table, the publisher's file, row numbers, column and what to do.
    """
    started = time.perf_counter()
    wanted = None if tables is None else {(t[0], t[1], t[2]) for t in tables}
    files = landed_files(landing, seeds)
    if wanted is not None:
        beside = {(s, t) for s, t, _ in wanted}
        files = [f for f in files if f.key in wanted or (f.table_pair in beside and f.shape != "tidy")]
    result = GateResult()
    if not files:
        return result
    headers = [f.header() for f in files]
    landed = LandedTables(landing, seeds, files, _unfit(files, headers))
    try:
        result.seconds["reading"] = time.perf_counter() - started
        if when_read:
            when_read()
        # The next frame is made while Great Expectations looks at this one.
        with ThreadPoolExecutor(1) as pool:
            _validate(result, _frames(pool, landed, headers, wanted), files, known_symbols(seeds))
    finally:
        landed.close()
    result.checked = len(files) if wanted is None else len(wanted)
    return result


def _unfit(files: list[LandedFile], headers: list[list[str] | None]) -> dict[int, str]:
    """Files that are not read any further, and why: they are not there, or their columns are not the catalogue's."""
    found = {}
    for i, (file, header) in enumerate(zip(files, headers, strict=True)):
        if header is None:
            found[i] = "is not there" if not file.path.exists() else "cannot be read: its header is not text"
        elif header != file.catalogued:
            found[i] = "has other columns than the catalogue"
    return found


def _frames(
    pool: ThreadPoolExecutor, landed: LandedTables, headers: list[list[str] | None], wanted: set[TableKey] | None
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each data asset's name and frame in turn; none is kept here, and only the next one is made ahead."""
    ahead = pool.submit(_asset, landed, headers, ASSETS[0], wanted)
    for asset, following in zip_longest(ASSETS, ASSETS[1:]):
        frame = ahead.result()
        if following is not None:
            ahead = pool.submit(_asset, landed, headers, following, wanted)
        yield asset, frame
        del frame


def _asset(
    landed: LandedTables, headers: list[list[str] | None], asset: str, wanted: set[TableKey] | None
) -> pd.DataFrame:
    """The frame of a data asset."""
    match asset:
        case "tables":
            return _only(frames.tables(landed), wanted)
        case "columns":
            return _only(frames.columns(landed, headers), wanted)
    return _only(frames.frame(landed, asset), wanted)


def _only(frame: pd.DataFrame, wanted: set[TableKey] | None) -> pd.DataFrame:
    """The rows of a frame that are about the tables wanted; the others were read to be held against."""
    if wanted is None or frame.empty:
        return frame
    keys = frame[list(frames.KEY)].drop_duplicates()
    mine = keys[[key in wanted for key in keys.itertuples(index=False, name=None)]]
    if len(mine) == len(keys):
        return frame
    return frame[frame.set_index(list(frames.KEY)).index.isin(mine.set_index(list(frames.KEY)).index)]


def _validate(
    result: GateResult,
    data: Iterable[tuple[str, pd.DataFrame]],
    files: list[LandedFile],
    symbols: dict[str, list[str]],
) -> None:
    started = time.perf_counter()
    great_expectations()
    result.seconds["great expectations"] = time.perf_counter() - started
    started = time.perf_counter()
    suites = load_suites(SUITES)
    runner = Runner(load_exceptions())
    failures: list[Failure] = []
    met, idle = [], []
    for asset, whole in data:
        for of, frame, parameters in _parts(asset, whole, symbols):
            if frame.empty:
                continue
            outcome = runner.run(suites[asset], frame, of=of, parameters=parameters)
            failures += outcome.failures
            met += outcome.accepted
            idle += outcome.idle
            result.expectations += outcome.expectations
            result.validations += outcome.validations
    result.accepted = [str(e) for e in dict.fromkeys(met)]
    result.idle = [str(e) for e in dict.fromkeys(idle) if e not in met]
    result.findings = [finding for failure in failures for finding in findings(failure, files)]
    result.seconds["validating"] = time.perf_counter() - started


def _parts(
    asset: str, frame: pd.DataFrame, symbols: dict[str, list[str]]
) -> Iterator[tuple[str, pd.DataFrame, dict[str, Any] | None]]:
    """What a suite is run on: a frame, or, of symbols, the part of each symbol set with the symbols that it knows."""
    if asset != "symbols":
        yield "", frame, None
        return
    for name, part in frame.groupby("symbol_set"):
        yield str(name), part, {"symbols": symbols.get(str(name), [])}
