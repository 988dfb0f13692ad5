"""The scheduled refresh as a Prefect flow: land → gate → build → check → publish. The only module that imports Prefect.

The flow calls the same plain functions as ``csw run``; Prefect adds retries, one writer at a time (the deployment's
concurrency limit, and the writer's lock below it), and artifacts: what landed, what was tested, what changed.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.errors import CheckFailed
from flows.landing import LandingReport
from flows.run import RunReport, run_stages
from flows.settings import Settings


@task(name="land", retries=2, retry_delay_seconds=30)
def land_task(settings: Settings, returns: Path) -> LandingReport:
    """Archive and land, and read the reports; tried again because disks and mounts come and go."""
    from flows.landing import land_returns
    from flows.reports import read_archived

    landing = land_returns(settings, returns)
    read_archived(settings)
    return landing


@task(name="gate, build, check, publish")
def build_task(settings: Settings, landing: LandingReport, full: bool) -> RunReport:
    """Everything after landing; not tried again, because a failed check does not mend itself."""
    logger = get_run_logger()
    return run_stages(settings, landing, full=full, say=logger.info)


@flow(name="refresh", log_prints=True)
def refresh(returns: str, data: str | None = None, full: bool = False) -> str:
    """Refresh the published warehouse from a folder of returns.

    Args:
        returns: folder of publishers' files.
        data: data folder of the installation (default: the project's).
        full: build everything, also where nothing changed.

    Returns:
        The published file.

    Raises:
        CheckFailed: a check did not hold; the artifact "refresh-failure" shows the rows, the old warehouse stays.
    """
    from flows.lock import writer

    settings = Settings(data=Path(data).resolve()) if data else Settings()
    with writer(settings.data):
        landing = land_task(settings, Path(returns))
        create_table_artifact(
            key="landed",
            table=[
                {"source": x.source, "table": x.table_name, "edition": x.edition, "rows": x.row_count, "file": x.file}
                for x in landing.landed
            ],
            description="What landed in this run.",
        )
        if landing.refused:
            create_markdown_artifact(key="refused", markdown="\n".join(f"- {r}" for r in landing.refused))
        try:
            report = build_task(settings, landing, full)
        except CheckFailed as exc:
            create_markdown_artifact(key="refresh-failure", markdown=f"```\n{exc}\n```")
            raise
    if report.built is not None:
        create_markdown_artifact(key="tests", markdown=_tests(report))
        create_table_artifact(
            key="edition-changes",
            table=_edition_changes(settings),
            description="The largest revisions between editions.",
        )
    return str(report.published)


def _tests(report: RunReport) -> str:
    assert report.built is not None
    tests = [n for n in report.built.nodes if n.type in {"test", "unit_test"}]
    lines = [
        f"{len(tests)} tests, {sum(n.failed for n in tests)} failed.",
        "",
        "| test | status | seconds |",
        "|---|---|---|",
    ]
    lines += [f"| {n.name} | {n.status} | {n.seconds} |" for n in sorted(tests, key=lambda n: n.name)]
    return "\n".join([*lines, "", *(f"- {w}" for w in report.warnings)])


def _edition_changes(settings: Settings) -> list[dict[str, object]]:
    from flows.warehouse import open_published

    with open_published(settings) as con:
        relation = con.sql(
            """
            select source, edition, previous_edition, count(*) as cells_changed,
                round(max(abs(relative_change)), 3) as largest_relative_change
            from audit.rpt_edition_changes
            group by all
            order by cells_changed desc
            limit 50
            """
        )
        return [dict(zip(relation.columns, r, strict=True)) for r in relation.fetchall()]
