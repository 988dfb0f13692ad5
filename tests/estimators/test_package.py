"""What holds for every estimator: pure, quick to import, documented, within its time."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import analysis.estimators

FOLDER = Path(analysis.estimators.__file__).parent
MODULES = sorted(module.name for module in pkgutil.iter_modules([str(FOLDER)]))
HEAVY = {"scipy", "statsmodels", "sklearn", "glum", "matplotlib", "duckdb"}


def test_importing_everything_loads_nothing_heavy() -> None:
    code = "import sys\n" + "\n".join(f"import analysis.estimators.{name}" for name in MODULES)
    code += f"\nprint(sorted({HEAVY!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", MODULES)
def test_no_module_reads_writes_or_knows_the_warehouse(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            assert called not in {"open", "read_csv", "read_parquet", "to_csv", "to_parquet", "read_text", "write_text"}
    assert not imported & {"duckdb", "pathlib", "os", "io", "requests", "httpx", "flows", "expectations", "dbt"}


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith("_")])
def test_public_names_are_documented(name: str) -> None:
    module = importlib.import_module(f"analysis.estimators.{name}")
    assert module.__doc__
    for label, member in vars(module).items():
        if label.startswith("_") or getattr(member, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(member) or inspect.isclass(member):
            assert member.__doc__, label
            if inspect.isclass(member) and hasattr(member, "__dataclass_fields__"):
                assert member.__dataclass_params__.frozen, label
                for method, function in vars(member).items():
                    if not method.startswith("_") and inspect.isfunction(function):
                        assert function.__doc__, f"{label}.{method}"


@pytest.mark.slow
def test_benchmark_runs_the_whole_workload() -> None:
    """Seconds are for the benchmark to print; a test that fails on a busy machine helps nobody."""
    from analysis.estimators.benchmark import run

    results = run(repeats=1)
    assert {"name", "seconds", "target", "met", "detail"} <= set(results[0])
    assert all(row["seconds"] > 0 and row["target"] > 0 for row in results)
    assert results[0]["detail"] == "480 fits, 0 not converged"
