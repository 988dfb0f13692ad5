"""Data Docs: what the gate and the shop window found, as static pages that people open in a browser.

Written by Great Expectations' own renderer into a folder, with relative links, and under names that do not change from
run to run.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from expectations.results import Result
from expectations.suites import great_expectations

#: Pages are named by the time of a run; one fixed time makes their names the same every time.
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


def write_data_docs(folder: Path, *results: Result) -> Path:
    """Write Data Docs of results that were made in this process, in place of what stands in the folder.

    Returns:
        the page to open.
    """
    gx = great_expectations()
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    folder = Path(folder).resolve()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    for site in list(context.get_site_names()):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        "checks",
        {
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        },
    )
    for result in results:
        for validation in result.validations:
            name = validation.suite_name.replace(" ", "_")
            context.suites.add(_suite(gx, name, validation))
            key = ValidationResultIdentifier(
                expectation_suite_identifier=ExpectationSuiteIdentifier(name),
                run_id=RunIdentifier(run_name=name.split("_")[0], run_time=_ALWAYS),
                batch_identifier=name,
            )
            context.validation_results_store.set(key, validation)
    context.build_data_docs(["checks"])
    return folder / "index.html"


def _suite(gx: Any, name: str, validation: Any) -> Any:
    """The suite that a validation was made with, for a page of its own."""
    expectations = []
    for checked in validation.results:
        config = checked.expectation_config.to_json_dict()
        config["kwargs"].pop("batch_id", None)
        expectations.append({k: v for k, v in config.items() if k in ("type", "kwargs", "meta", "severity")})
    return gx.ExpectationSuite(name=name, expectations=expectations)
