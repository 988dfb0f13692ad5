"""Build the next warehouse, with every test of data."""

from __future__ import annotations

from collections.abc import Callable

from flows.common.settings import Settings
from flows.stages.checks import raise_failures
from flows.stages.report import RunReport, Stopwatch
from flows.stages.warm import Warm
from flows.warehouse.attempts import Failure, failures_of
from flows.warehouse.built import mark_built
from flows.warehouse.fingerprint import Fingerprint
from flows.warehouse.publish import start_next


def build(
    settings: Settings,
    made_from: Fingerprint,
    changed: list[str] | None,
    report: RunReport,
    watch: Stopwatch,
    warm: Warm,
    progress: Callable[[str], None] | None,
) -> None:
    """Build the next warehouse, with every test of data.

    Raises:
        CheckFailed: a model or test failed; the message shows the failing rows.
    """
    raise_failures(
        try_build(settings, made_from, changed, report, watch, warm, progress), "the next warehouse did not pass"
    )


def try_build(
    settings: Settings,
    made_from: Fingerprint,
    changed: list[str] | None,
    report: RunReport,
    watch: Stopwatch,
    warm: Warm,
    progress: Callable[[str], None] | None,
) -> list[Failure]:
    """What keeps the next warehouse from passing; nothing where it was built.

    Args:
        settings: where things are kept.
        made_from: what it is made from.
        changed: tables that changed since the last one; None builds everything.
        report: takes what was built, and the warnings.
        watch: takes the time.
        warm: dbt.
        progress: told the name of each finished model or test.
    """
    from flows.warehouse.failures import describe_warned

    with watch.stage("build"):
        refresh = start_next(settings, made_from, changed)
        report.built = warm.dbt.build(refresh, progress)
        # dbt keeps its database open until it ends; the checks that follow read the file.
        warm.close_dbt()
        if not report.built.success:
            return failures_of(report.built, settings)
        report.warnings += describe_warned(report.built, settings.next)
        mark_built(settings.next, made_from.project)
        return []
