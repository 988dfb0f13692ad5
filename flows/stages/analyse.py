"""Run the studies on a warehouse."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path

from flows.common.processes import worker_pool
from flows.common.settings import Settings
from flows.stages.report import RunReport, Stopwatch
from flows.warehouse.publish import open_published

#: Processes that studies run in, this one among them: one study takes a third of the whole.
MOST_STUDIES_AT_ONCE = 4


def analyse(settings: Settings, database: Path, report: RunReport, watch: Stopwatch) -> None:
    """Run every study on a warehouse and write the results into it.

    What the warehouse lacks is a warning and a result row; a study that fails is an error of the run, which publishes.
    """
    from analysis.studies.run import analyse_into

    workers = min(os.cpu_count() or 1, MOST_STUDIES_AT_ONCE) - 1
    with watch.stage("analyse"), worker_pool(workers) if workers else nullcontext() as pool:
        outcome = analyse_into(database, pool=pool, workers=workers)
    report.warnings += [f"{study} could not run: {reason}" for study, reason in outcome.lacking.items()]
    report.study_errors = dict(outcome.errors)


def study_errors_that_stand(settings: Settings) -> dict[str, str]:
    """Studies that failed when what is published was analysed, and how: a run with nothing new is no better."""
    with open_published(settings) as con:
        held = con.execute(
            "select 1 from information_schema.tables where table_schema = 'results' and table_name = 'estimate'"
        )
        if not held.fetchone():
            return {}
        found = con.execute("select study, reason from results.estimate where place = 'run' and subject = 'error'")
        return {str(study): str(reason) for study, reason in found.fetchall()}
