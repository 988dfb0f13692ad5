"""Each room knows only the room before it: landing → staging → intermediate → marts → analysis."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from flows.common.settings import ROOT

PACKAGES = ("flows", "expectations", "analysis")
MODELS = ROOT / "dbt_project" / "models"

#: What each room of `flows` may import of ours: the rooms before it in the data's order, and itself.
MAY_IMPORT: dict[str, set[str]] = {
    "common": set(),
    "sources": {"common"},
    "landing": {"common", "sources"},
    "documents": {"common", "sources", "landing"},
    "publishers": {"common", "sources", "landing"},
    "sample": {"common", "sources", "landing"},
    "warehouse": {"common", "sources", "landing", "documents", "publishers"},
    "outputs": {"common", "sources", "landing", "documents", "publishers", "sample", "warehouse", "analysis"},
    "stages": {
        *("common", "sources", "landing", "documents", "publishers", "sample", "warehouse", "outputs"),
        *("analysis", "expectations"),
    },
    "run": {
        *("common", "sources", "landing", "documents", "publishers", "sample", "warehouse", "outputs", "stages"),
    },
    "schedule": {
        *("common", "sources", "landing", "documents", "publishers", "sample", "warehouse", "outputs"),
        *("stages", "run"),
    },
    "cli": {
        *("common", "sources", "landing", "documents", "publishers", "sample", "warehouse", "outputs"),
        *("stages", "run", "schedule"),
    },
    "expectations": set(),
    "analysis": set(),
}


@cache
def modules() -> tuple[Path, ...]:
    """Every Python file of the product, dbt's Python models too."""
    return tuple(path for package in (*PACKAGES, "dbt_project") for path in sorted((ROOT / package).rglob("*.py")))


@cache
def imported(path: Path, *, at_top_only: bool = False) -> set[str]:
    """Dotted names that a module imports; those inside functions too unless ``at_top_only``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_top_only else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"{node.module}.{a.name}" for a in node.names}
    return found


def imports(path: Path, *, at_top_only: bool = False) -> set[str]:
    """Top-level packages that a module imports."""
    return {name.split(".")[0] for name in imported(path, at_top_only=at_top_only)}


def room(name: str) -> str:
    """The room of a dotted name or of a path's parts: within `flows` the folder, else the package."""
    parts = name.split(".")
    return parts[1] if parts[0] == "flows" and len(parts) > 1 else parts[0]


def importers(package: str) -> set[str]:
    return {p.relative_to(ROOT).as_posix() for p in modules() if package in imports(p)}


def home(path: Path) -> str:
    return room(".".join(path.relative_to(ROOT).with_suffix("").parts))


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_room_imports_only_the_rooms_before_it(path: Path) -> None:
    mine = home(path)
    ours = {room(n) for n in imported(path) if n.split(".")[0] in PACKAGES} - {mine, "flows", "__version__"}
    assert ours <= MAY_IMPORT.get(mine, set()), f"{path.relative_to(ROOT)} may not import {ours - MAY_IMPORT[mine]}"


def test_every_room_has_a_rule() -> None:
    rooms = {home(p) for p in modules() if p.relative_to(ROOT).parts[0] == "flows" and p.stem != "__init__"}
    assert rooms <= set(MAY_IMPORT)


def test_no_circle_of_files() -> None:
    """A file that is imported by what it imports can be read by nobody from top to bottom."""
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in modules()}
    edges: dict[str, set[str]] = {}
    for name, path in names.items():
        # What only types need (TYPE_CHECKING) or what is imported late counts too.
        targets = {t for n in imported(path) for t in (n, n.rpartition(".")[0]) if t in names}
        edges[name] = {t for t in targets if t != name and names[t].name != "__init__.py"}
    graph = TopologicalSorter(edges)
    try:
        graph.prepare()
    except CycleError as exc:
        pytest.fail("a circle of files: " + " <- ".join(exc.args[1]))


def test_only_the_schedule_imports_prefect() -> None:
    assert {home(ROOT / p) for p in importers("prefect")} == {"schedule"}


def test_only_expectations_imports_great_expectations() -> None:
    assert {p.split("/")[0] for p in importers("great_expectations")} == {"expectations"}


def test_one_module_imports_dbt() -> None:
    assert importers("dbt") == {"flows/warehouse/dbt_worker.py"}


def test_estimators_are_pure() -> None:
    """They take and give frames and arrays: no file, no database, no product."""
    estimators = [p for p in modules() if p.is_relative_to(ROOT / "analysis" / "estimators")]
    assert estimators
    for path in estimators:
        assert not imports(path) & {"flows", "expectations", "duckdb"}, path


@pytest.mark.parametrize(
    "heavy", ["pandas", "pyarrow", "scipy", "statsmodels", "sklearn", "great_expectations", "dbt", "duckdb", "openpyxl"]
)
def test_heavy_packages_are_imported_where_they_are_used(heavy: str) -> None:
    allowed = {"flows/warehouse/dbt_worker.py"}
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
        if path.stem in {"dim_local_authority", "int_geography__authority"}:
            continue  # its public columns are named for the two editions of the deprivation index
        code = re.sub(r"(seed = 20\d\d|base_year = 20\d\d|_20\d\d|imd_20\d\d\w*)", "", code_of(path))
        code = re.sub(r"make_date\([^)]*\)", "", code)
        assert not re.search(r"(?<![\d\w])(19|20)\d\d(?![\d\w])", code), path
