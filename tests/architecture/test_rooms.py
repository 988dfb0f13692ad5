"""Each room knows only the room before it: landing → staging → intermediate → marts → analysis."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.settings import ROOT

PACKAGES = ("flows", "expectations", "analysis")
MODELS = ROOT / "dbt_project" / "models"


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def imports(path: Path, *, at_top_only: bool = False) -> set[str]:
    """Top-level packages that a module imports; those inside functions too unless ``at_top_only``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def importers(package: str) -> set[str]:
    return {p.relative_to(ROOT).as_posix() for p in modules() if package in imports(p)}


def test_one_module_imports_prefect() -> None:
    assert importers("prefect") == {"flows/refresh.py"}


def test_only_expectations_imports_great_expectations() -> None:
    assert {p.split("/")[0] for p in importers("great_expectations")} == {"expectations"}


def test_one_module_imports_dbt() -> None:
    assert importers("dbt") == {"flows/dbt_worker.py"}


def test_the_desk_does_not_know_the_door() -> None:
    estimators = [p for p in modules() if p.is_relative_to(ROOT / "analysis" / "estimators")]
    assert estimators
    for path in estimators:
        assert not imports(path) & {"flows", "expectations", "duckdb"}, path


def test_the_gate_does_not_know_the_desk() -> None:
    for path in modules():
        if path.relative_to(ROOT).parts[0] == "expectations":
            assert "analysis" not in imports(path), path


@pytest.mark.parametrize(
    "heavy", ["pandas", "pyarrow", "scipy", "statsmodels", "sklearn", "great_expectations", "dbt", "duckdb", "openpyxl"]
)
def test_heavy_packages_are_imported_where_they_are_used(heavy: str) -> None:
    allowed = {"flows/dbt_worker.py"}
    top = {p.relative_to(ROOT).as_posix() for p in modules() if heavy in imports(p, at_top_only=True)}
    # The gate is a process of its own around DuckDB, and estimators take and give frames.
    at_home = {"duckdb": "expectations/", "pandas": "analysis/estimators/"}.get(heavy)
    assert {p for p in top if at_home is None or not p.startswith(at_home)} <= allowed


def sql_files() -> list[Path]:
    return sorted(MODELS.rglob("*.sql"))


def code_of(path: Path) -> str:
    """SQL without its comments."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"--.*", "", text)


def test_only_the_landing_sources_read_files() -> None:
    for path in sql_files():
        if "read_csv" in code_of(path):
            assert path.parent.name == "landing", path
    for path in sql_files():
        if re.search(r"\blanded(_cells)?\(|\bcells\(", code_of(path)):
            assert path.is_relative_to(MODELS / "staging"), path


ROOMS = {"staging": 0, "intermediate": 1, "marts": 2}


def test_rooms_do_not_look_ahead() -> None:
    home = {p.stem: p.relative_to(MODELS).parts[0] for p in sql_files()}
    # Dimensions and facts of the core may be read by the intermediate models that prepare other facts from them.
    for path in sql_files():
        room = path.relative_to(MODELS).parts[0]
        for name in re.findall(r"ref\('([a-z0-9_]+)'\)", code_of(path)):
            if name in home and room == "staging":
                assert home[name] == "staging", f"{path.name} reads {name}"
        if room == "marts" and path.relative_to(MODELS).parts[1] == "studies":
            for name in re.findall(r"ref\('([a-z0-9_]+)'\)", code_of(path)):
                assert not name.startswith("stg_"), f"{path.name} reads {name}"


def test_sql_names_no_edition_or_year() -> None:
    """Drift is data. Prices have base years, which are a study's and stand in the names of its columns."""
    for path in sql_files():
        if path.stem == "dim_local_authority":
            continue  # its public columns are named for the two editions of the deprivation index
        code = re.sub(r"(base_year = 20\d\d|_20\d\d|imd_20\d\d\w*)", "", code_of(path))
        code = re.sub(r"make_date\([^)]*\)", "", code)
        assert not re.search(r"(?<![\d\w])(19|20)\d\d(?![\d\w])", code), path
