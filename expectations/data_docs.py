"""Data Docs: what the gate and the release checks found, as static pages that people open in a browser.

Written by Great Expectations' own renderer into a folder, under names that do not change from run to run. The
renderer's pages ask other servers for styles and scripts and point to some pages that are not there; here they are
made whole: what they need is beside them (``static/``), and every link leads to a page of the folder.
"""

from __future__ import annotations

import os
import re
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

from expectations.gx import ALWAYS, great_expectations
from expectations.results import Result

STATIC = Path(__file__).parent / "static"
#: A style or script by what its address ends in → the file here that takes its place; others are left out.
BUNDLED = {
    "bootstrap.min.css": "bootstrap.min.css",
    "bootstrap-table.min.css": "bootstrap-table.min.css",
    "bootstrap-table-filter-control.min.css": "bootstrap-table-filter-control.min.css",
    "bootstrap-table-filter-control.css": "bootstrap-table-filter-control.min.css",
    "all.min.css": "icons.css",
    "jquery-3.7.1.min.js": "jquery.min.js",
    "bootstrap.min.js": "bootstrap.bundle.min.js",
    "bootstrap-table.min.js": "bootstrap-table.min.js",
    "bootstrap-table-filter-control.min.js": "bootstrap-table-filter-control.min.js",
}
_SCRIPT = re.compile(r"<script\b[^>]*\bsrc=\"(https?:[^\"]*)\"[^>]*>\s*</script>")
_STYLE = re.compile(r"<link\b[^>]*\bhref=\"(https?:[^\"]*)\"[^>]*/?>")
_IMAGE = re.compile(r"\bsrc=\"https?:[^\"]*/([^\"/?]+)(\?[^\"]*)?\"")
_OUTWARD = re.compile(r"<a\b[^>]*\bhref=\"https?:[^\"]*\"[^>]*>(.*?)</a>", re.DOTALL)
_INWARD = re.compile(r"\bhref=\"(?:\.{1,2}/)+(index\.html|static/[^\"]*|expectations/[^\"]*|validations/[^\"]*)\"")
_BACKGROUND = re.compile(r"url\(['\"]?https?:[^)]*\)")
#: What a suite's file says of an expectation.
_WRITTEN = ("type", "kwargs", "meta", "severity", "description", "notes")
_FOOTER = re.compile(r"<footer>.*?</footer>", re.DOTALL)


def write_data_docs(folder: Path, *results: Result) -> Path:
    """Write Data Docs of results that were made in this process, in place of what is in the folder.

    Returns:
        the page to open.
    """
    folder = Path(folder).resolve()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    _build(folder, results)
    for path in STATIC.iterdir():
        shutil.copy2(path, folder / "static" / path.name)
    for page in folder.rglob("*.html"):
        page.write_text(_whole(page.read_text(encoding="utf-8"), page, folder), encoding="utf-8")
    _without_what_no_page_shows(folder)
    return folder / "index.html"


def _without_what_no_page_shows(folder: Path) -> None:
    """Leave out the renderer's pictures that nothing points to: they are half of all that it writes."""
    said = "".join(p.read_text(encoding="utf-8") for kind in ("*.html", "*.css") for p in folder.rglob(kind))
    for picture in (folder / "static" / "images").glob("*"):
        if picture.name not in said:
            picture.unlink()


def _build(folder: Path, results: tuple[Result, ...]) -> None:
    """The renderer's pages, from results that a context of their own is given."""
    gx = great_expectations()
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    for site in list(context.get_site_names()):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        "checks",
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        },
    )
    for result in results:
        for validation in result.validations:
            name = validation.suite_name
            context.suites.add(_suite(gx, name, validation))
            key = ValidationResultIdentifier(
                expectation_suite_identifier=ExpectationSuiteIdentifier(name),
                run_id=RunIdentifier(run_name=name.partition("_")[0], run_time=ALWAYS),
                batch_identifier=name,
            )
            context.validation_results_store.set(key, _with_advice(validation))
    context.build_data_docs(["checks"])


def _suite(gx: Any, name: str, validation: Any) -> Any:
    """The suite that a validation was made with, for a page of its own."""
    expectations = []
    for checked in validation.results:
        config = checked.expectation_config.to_json_dict()
        config["kwargs"].pop("batch_id", None)
        expectations.append({k: v for k, v in config.items() if k in _WRITTEN})
    return gx.ExpectationSuite(name=name, expectations=expectations)


def _with_advice(validation: Any) -> Any:
    """A validation whose failed expectations say what to do, which the renderer shows only beside the suite."""
    shown = deepcopy(validation)
    for checked in shown.results:
        config = checked.expectation_config
        if not checked.success and config.notes:
            config.description = f"{config.description} What to do: {config.notes}"
    return shown


def _whole(html: str, page: Path, folder: Path) -> str:
    """A page that needs nothing but its folder."""
    top = os.path.relpath(folder, page.parent).replace(os.sep, "/")

    def script(found: re.Match[str]) -> str:
        name = BUNDLED.get(found[1].rpartition("/")[2])
        return f'<script src="{top}/static/{name}"></script>' if name else ""

    def style(found: re.Match[str]) -> str:
        name = BUNDLED.get(found[1].rpartition("/")[2])
        return f'<link rel="stylesheet" href="{top}/static/{name}">' if name else ""

    html = _FOOTER.sub("", html)
    html = _SCRIPT.sub(script, html)
    html = _STYLE.sub(style, html)
    html = _IMAGE.sub(lambda found: f'src="{top}/static/images/{found[1]}"', html)
    html = _OUTWARD.sub(lambda found: found[1], html)
    html = _INWARD.sub(lambda found: f'href="{top}/{found[1]}"', html)
    return _BACKGROUND.sub("none", html)
