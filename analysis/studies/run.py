"""Run studies on a warehouse.

A study whose warehouse lacks something, and a study that fails, are result rows that say so; neither stops the others.
The first is a fact about the data (*not testable*), the second a mistake of ours (*error*): the main job exits with 1.
"""

from __future__ import annotations

import errno
import logging
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.marts import MartLacks, Marts, open_marts
from analysis.results import (
    ERROR,
    LACKS,
    Estimate,
    adjusted,
    by_key,
    export_results,
    kept_inputs,
    stopped,
    write_results,
)
from analysis.studies.believed import believed
from analysis.studies.spec import Choices, Spec, load_spec, slugs
from analysis.verdicts import ScoreRow

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

#: What the system says that gives out, or whose disk fails.
_GIVEN_OUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM})

#: What takes longest begins first, so that no process is left with it at the end; the order changes no result.
LONGEST_FIRST = (
    "inspection_impact",
    "inadequate_prediction",
    "inspection_factors",
    "performance_indicators",
    "spending_and_judgement",
)


@dataclass(frozen=True)
class Outcome:
    """What a run of studies yielded."""

    estimates: list[Estimate]
    scoreboard: list[ScoreRow]

    @property
    def lacking(self) -> dict[str, str]:
        """Studies that the warehouse lacks something for, and what."""
        return {e.study: e.reason for e in self.estimates if (e.place, e.subject) == ("run", LACKS)}

    @property
    def errors(self) -> dict[str, str]:
        """Studies that failed, and how."""
        return {e.study: e.reason for e in self.estimates if (e.place, e.subject) == ("run", ERROR)}


def run_study(marts: Marts, spec: Spec, choices: Choices | None = None) -> list[Estimate]:
    """All estimates of a study, p-values adjusted by family; one row with a reason where it did not run.

    Raises:
        ValueError: a choice that the study does not know (a window, a basis).
        MemoryError, OSError: memory, disk or files of the machine gave out, which is no result of a study.
    """
    from threadpoolctl import threadpool_limits

    chosen = choices or Choices()
    try:
        model = import_module(f"analysis.studies.{spec.study}.model")
        # Thousands of small systems: threads of BLAS wait for one another, most of all beside other work.
        with threadpool_limits(1, user_api="blas"):
            estimates = adjusted(model.run(marts, spec, chosen.filled(spec)))
        if chosen.are_the_papers:
            estimates += believed(spec.study, estimates)
        by_key(estimates)
        return estimates
    except MartLacks as exc:
        return [stopped(spec.study, LACKS, str(exc))]
    except Exception as exc:
        # What is out of the caller's own choice is the caller's to mend.
        if isinstance(exc, ValueError) and not chosen.are_the_papers:
            raise
        # Published as a result, it would stand there until figures or models change.
        if isinstance(exc, MemoryError) or (isinstance(exc, OSError) and exc.errno in _GIVEN_OUT):
            raise
        log.error("study %s failed", spec.study, exc_info=True)
        at = traceback.extract_tb(exc.__traceback__)[-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        return [stopped(spec.study, ERROR, f"the study failed: {type(exc).__name__}: {exc} ({where})")]


def run_studies(
    marts: Marts,
    studies: Sequence[str] = (),
    choices: Choices | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run studies (all by default) and hold them against what was printed.

    With other choices than the papers' nothing was printed, so the scoreboard is empty.

    Raises:
        ValueError: a study is not known or its spec is not whole.
    """
    from analysis.scoreboard import score

    chosen = choices or Choices()
    estimates: list[Estimate] = []
    scoreboard: list[ScoreRow] = []
    for study in studies or slugs():
        spec = load_spec(study)
        progress(study)
        found = run_study(marts, spec, chosen)
        estimates += found
        if chosen.are_the_papers:
            scoreboard += score(spec, found)
    return Outcome(estimates, scoreboard)


@dataclass(frozen=True)
class _Ran:
    """A study that ran on a warehouse file: what it yielded, its tables, and every query it asked with the answer."""

    outcome: Outcome
    tables: dict[str, pd.DataFrame]
    asked: dict[str, str]


def analyse_into(
    database: Path,
    progress: Callable[[str], None] = lambda _: None,
    pool: Executor | None = None,
    workers: int = 0,
) -> Outcome:
    """Run every study on a warehouse file and write schema ``results`` into it.

    A study whose every query is answered as when it last ran on this file keeps its results: they would be the same.
    (Where models or studies changed, the file is built anew and holds none.)

    Args:
        database: the file; nothing else may write to it meanwhile.
        progress: told the name of each study as it begins.
        pool: further processes to run studies in, beside this one; results are the same with and without.
        workers: how many processes the pool has.
    """
    with open_marts(database) as marts:
        inputs = kept_inputs(marts)
        kept = [study for study in slugs() if study in inputs and _answers_the_same(marts, inputs[study])]
    todo = [study for study in slugs() if study not in kept]
    ran = _run_on(database, todo, progress, pool, max(min(workers, len(todo) - 1), 0))
    estimates = [e for study in todo for e in ran[study].outcome.estimates]
    scoreboard = [row for study in todo for row in ran[study].outcome.scoreboard]
    tables = {name: table for study in todo for name, table in ran[study].tables.items()}
    # What did not run is tried again next time.
    asked = {s: ran[s].asked for s in todo if not (ran[s].outcome.lacking or ran[s].outcome.errors)}
    write_results(database, estimates, scoreboard, asked, kept, tables)
    return Outcome(estimates, scoreboard)


def _run_on(
    database: Path, studies: Sequence[str], progress: Callable[[str], None], pool: Executor | None, workers: int
) -> dict[str, _Ran]:
    """Every study on a warehouse file: in this process, and ``workers`` at a time in those of the pool."""
    rank = {study: place for place, study in enumerate(LONGEST_FIRST)}
    todo = deque(sorted(studies, key=lambda study: (rank.get(study, len(rank)), study)))
    ran: dict[str, _Ran] = {}

    def next_one() -> str:
        """The next study for whoever is free, "" where there is none; threads may take from a deque side by side."""
        try:
            study = todo.popleft()
        except IndexError:
            return ""
        progress(study)
        return study

    def here() -> None:
        while study := next_one():
            ran[study] = run_on_file(database, study)

    def elsewhere(pool: Executor) -> None:
        while study := next_one():
            try:
                ran[study] = pool.submit(run_on_file, database, study).result()
            except BrokenExecutor:
                log.warning("the process that ran study %s was ended; it runs again in this one", study)
                todo.append(study)
                return

    if pool is not None and workers:
        with ThreadPoolExecutor(workers) as threads:
            waiting = [threads.submit(elsewhere, pool) for _ in range(workers)]
            try:
                here()
            except BaseException:
                todo.clear()
                raise
        for one in waiting:
            one.result()
    here()
    return ran


def run_on_file(database: Path, study: str) -> _Ran:
    """One study on a warehouse file, which is only read."""
    with open_marts(database) as marts:
        outcome = run_studies(marts, [study])
        tables = _tables_of(marts, study)
        complete = not (outcome.lacking or outcome.errors)
        asked = {sql: marts.digest(sql) for sql in list(marts.asked)} if complete else {}
    return _Ran(outcome, tables, asked)


def _tables_of(marts: Marts, study: str) -> dict[str, pd.DataFrame]:
    """Tables of schema ``studies`` that a study makes beside its estimates; none where the marts lack what it needs."""
    model = import_module(f"analysis.studies.{study}.model")
    try:
        return dict(model.tables(marts)) if hasattr(model, "tables") else {}
    except MartLacks as exc:
        log.debug("tables of %s: %s", study, exc)
        return {}


def _answers_the_same(marts: Marts, answers: Mapping[str, str]) -> bool:
    try:
        return all(marts.digest(sql) == digest for sql, digest in answers.items())
    except MartLacks:
        return False


def analyse_to_files(
    database: Path, studies: Sequence[str], choices: Choices, folder: Path
) -> tuple[Outcome, list[Path]]:
    """Run studies with choices of one's own on a warehouse file, which is only read; results go to a folder."""
    with open_marts(database) as marts:
        outcome = run_studies(marts, studies, choices)
    return outcome, export_results(folder, outcome.estimates, outcome.scoreboard)
