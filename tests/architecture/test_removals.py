"""No command deletes what it did not write: where something is removed at all, and why that is ours."""

from __future__ import annotations

import ast
from pathlib import Path

from flows.common.settings import ROOT
from tests.architecture.test_rooms import modules

REMOVES = {"rmtree", "unlink", "rmdir", "removedirs", "remove_database", "clear_outputs"}
#: Modules that remove files, and what is removed there; whatever else removes something has to be thought about.
OURS = {
    "flows/common/files.py": "files under way, known by their names",
    "flows/common/output_folder.py": "what our list names, in folders that carry it",
    "flows/documents/archived.py": "what older rules read of the archived reports",
    "flows/landing/land.py": "what was unpacked to be landed, and landed tables that no list names",
    "flows/landing/under_way.py": "what was unpacked to be landed",
    "flows/publishers/http.py": "downloads under way",
    "flows/sample/bundled.py": "the sample, and what was made from it, where the archive holds nothing else",
    "flows/sample/sample.py": "an earlier sample's files, by its list",
    "flows/schedule/serve.py": "the note of a server that has ended",
    "flows/warehouse/earlier.py": "earlier warehouses beyond those that are kept",
    "flows/warehouse/publish.py": "the next warehouse, and copies of it under way",
    "flows/run.py": "files that a run builds in, and that failed",
    "analysis/report/site.py": "a table beside the zip that holds it, in a folder under way",
    "expectations/data_docs.py": "pages in a folder under way",
}


def removals(path: Path) -> set[str]:
    """Names of calls that remove something."""
    text = path.read_text(encoding="utf-8")
    found: set[str] = set()
    if not any(name in text for name in (*REMOVES, "os.remove")):
        return found
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            whose = getattr(getattr(node.func, "value", None), "id", "")
            if name in REMOVES or (name in {"remove", "unlink"} and whose == "os"):
                found.add(name)
    return found


def test_only_known_modules_remove_files() -> None:
    found = {p.relative_to(ROOT).as_posix(): removals(p) for p in modules()}
    unknown = {name: sorted(calls) for name, calls in found.items() if calls and name not in OURS}
    assert unknown == {}, "these remove files: are they ours?"
    assert sorted(name for name in OURS if not found.get(name)) == [], "these remove nothing any more"
