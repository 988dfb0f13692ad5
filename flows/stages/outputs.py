"""What is written for the readers of what is published: exports, site, Data Docs, and a copy for dbt by hand."""

from __future__ import annotations

from flows.common.settings import Settings
from flows.outputs.data_docs import data_docs_folder
from flows.outputs.export import export, held_formats
from flows.outputs.export import is_current as exports_are_current
from flows.outputs.site import is_current, write_site
from flows.stages.report import RunReport, Stopwatch, remember
from flows.stages.warm import Warm
from flows.warehouse.publish import copy_for_dbt


def write_outputs(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """The exports and the report site of what is published, and a copy of it for dbt by hand."""
    _copy_for_dbt(settings, report, watch)
    _export(settings, report, watch)
    report_site(settings, report, watch)


def _copy_for_dbt(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """A file for dbt by hand where publishing took the last one away; without it the run is as good."""
    if settings.next.exists() or not settings.published.exists():
        return
    with watch.stage("copy for dbt"):
        try:
            copy_for_dbt(settings)
        except OSError as exc:
            report.warnings.append(f"no copy was left for dbt by hand: {settings.next}: {exc.strerror}")


def _export(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """The published tables as Parquet and CSV, where they are not that already.

    The warehouse is published whether they can be written or not; a run that was cut off before is made up for.
    """
    if not settings.published.exists() or exports_are_current(settings):
        return
    with watch.stage("export"):
        try:
            export(settings, formats=held_formats(settings))
        except Exception as exc:
            report.unwritten.append(f"the exports could not be written ({exc}); the next run makes up for it")


def report_site(settings: Settings, report: RunReport, watch: Stopwatch) -> None:
    """Write the report site of what is published, where it is not that already.

    The warehouse is published by now: a site that cannot be written is a warning, and the old one stays.
    """
    if not settings.published.exists():
        return
    report.site = settings.report / "index.html"
    if is_current(settings):
        return
    with watch.stage("report"):
        try:
            write_site(settings)
        except Exception as exc:
            report.unwritten.append(
                f"the report site could not be written ({type(exc).__name__}: {exc}); the next run makes up for it"
            )
            report.site = report.site if report.site.exists() else None
    if report.built is not None:
        remember(settings, report)


def write_data_docs(settings: Settings, report: RunReport, watch: Stopwatch, warm: Warm) -> None:
    """What was checked in this run, as pages; without them the run is as good."""
    with watch.stage("data docs"):
        try:
            with data_docs_folder(settings).replacing() as made:
                warm.expectations.write_data_docs(made)
        except Exception as exc:
            report.warnings.append(f"the Data Docs could not be written: {type(exc).__name__}: {exc}")
