"""How long the models take as authorities grow in number, on both engines: ``python -m tests.spark.growth LANDING``.

A landing is made larger by copies of its authorities under codes and names of their own, in every table and in the
seeds that list authorities; then ``dbt run`` is measured. Figures of the copies mean nothing. What was measured is kept
in growth.csv; ``--keep`` adds to it, and writes the table and the chart of docs/engines.md from it.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from analysis.report.charts import Line, line_chart
from dbt_project.landing_parquet import write
from flows.common.settings import ROOT
from flows.warehouse.dbt import build_memory_mb, landed_bytes

#: Seeds that list authorities: their columns of codes, and of names.
SEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "local_authority": (("la_code",), ("la_name",)),
    "local_authority_ons_code": (("la_code", "ons_code"), ()),
    "la_alias": (("la_code",), ("alias",)),
    "reporting_unit": (("unit_code", "la_code", "reporting_unit_code"), ()),
    "joint_series": (("unit_code", "reporting_unit_code"), ()),
    "footprint": (("la_code", "footprint_code"), ("footprint_name",)),
}
#: Reports are documents, one by one; they do not grow with the figures.
NOT_GROWN = ("ofsted_reports",)
CSV = "all_varchar = true, union_by_name = true, header = true, delim = ',', quote = '\"', escape = '\"'"


KEPT = Path(__file__).with_name("growth.csv")
PAGE, CHART = ROOT / "docs" / "engines.md", ROOT / "docs" / "growth.svg"
ENGINES = {"local": "DuckDB", "spark": "Spark"}
HEAD = "| landing | authorities × | engine | seconds | processor seconds | memory, GB |"
#: How the chart looks where no style sheet of a site is at hand.
LOOKS = (
    "text{font:11.5px sans-serif;fill:#555}.grid{stroke:#ddd}.line{fill:none;stroke-width:2.4}"
    ".own{stroke:#0072b2}.a{stroke:#d55e00;stroke-dasharray:6 4}.b{stroke:#009e73;stroke-dasharray:2 4}"
    ".dot{stroke:none;fill:#0072b2}.name{fill:#222}"
)


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds on the clock, seconds of the processors, and the most memory in GB."""

    seconds: float
    cpu_seconds: float
    memory_gb: float


def grow(landing: Path, factor: int, out: Path) -> Path:
    """A landing of ``factor`` times the authorities in ``out``, as CSV and as Parquet, with its project."""
    grown = out / "landing"
    with duckdb.connect() as con:
        con.execute("set preserve_insertion_order = false")
        for table in sorted(d for d in landing.glob("*/*") if d.is_dir() and any(d.glob("*.csv"))):
            copies = 1 if table.parent.name in NOT_GROWN else factor
            _grow(
                con,
                table / "*.csv",
                grown / table.parent.name / table.name / "grown.csv",
                copies,
                codes=("_la_code", "_gss_code"),
                names=("_la_name",),
                rows="_row",
                where="_level = 'la'",
            )
        _grow(
            con,
            landing / "units.csv",
            grown / "units.csv",
            factor,
            codes=("unit_code", "unit_ons_code"),
            names=("unit_name",),
            where="level = 'la'",
        )
        for name in ("catalogue", "columns"):
            shutil.copy(landing / f"{name}.csv", grown / f"{name}.csv")
        project = out / "project"
        shutil.copytree(ROOT / "dbt_project", project / "dbt_project", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(ROOT / name, project / name)
        for seed, (codes, names) in SEEDS.items():
            kept = ROOT / "dbt_project" / "seeds" / f"{seed}.csv"
            _grow(con, kept, project / "dbt_project" / "seeds" / f"{seed}.csv", factor, codes, names, null="")
    write(grown, out / "parquet")
    return project


def _grow(
    con: duckdb.DuckDBPyConnection,
    source: Path,
    target: Path,
    factor: int,
    codes: tuple[str, ...],
    names: tuple[str, ...],
    rows: str = "",
    where: str = "true",
    null: str = "\\N",
) -> None:
    """Write a file with its rows ``where`` so many times over. Each part of a code bears the number of its copy; a name
    bears it in letters, for names are compared without the figures at their end."""
    read = f"read_csv('{source.as_posix()}', {CSV}, nullstr = ['{null}'])"
    have = {c for c, *_ in con.execute(f"describe from {read}").fetchall()}
    if not {*codes[:1], *names[:1]} <= have:
        where = "false"
    letters = "translate(cast(copy as varchar), '0123456789', 'abcdefghij')"
    changed = [
        *(f"regexp_replace({c}, '([^ /+]+)', '\\1' || '~' || copy, 'g') as {c}" for c in codes if c in have),
        *(f"case when {c} <> '' then {c} || ' copy ' || {letters} else {c} end as {c}" for c in names if c in have),
        *([f"cast(cast({rows} as bigint) + copy * 1000000 as varchar) as {rows}"] if rows in have else []),
    ]
    replaced = f"* replace ({', '.join(changed)})" if changed else "*"
    target.parent.mkdir(parents=True, exist_ok=True)
    con.execute(
        f"""copy (
            from {read} union all by name
            select * exclude (copy) from (
                select {replaced} from {read} cross join range(1, {factor}) as copies (copy) where {where}
            )
        ) to '{target.as_posix()}' (header, delim ',', quote '"', escape '"', nullstr '{null}')"""
    )


def measure(project: Path, target: str, folder: Path, selected: str) -> Cost:
    """``dbt seed`` and ``dbt run`` of what is selected, on one engine."""
    landed = landed_bytes(project.parent / "landing")
    given = {
        "CSW_LANDING": project.parent / ("landing" if target == "local" else "parquet"),
        "CSW_NEXT": folder / "next.duckdb",
        "CSW_SPARK": folder,
        "CSW_BUILD_MEMORY": os.environ.get("CSW_BUILD_MEMORY") or f"{build_memory_mb(landed)}MB",
        "DBT_TARGET_PATH": folder / "target",
        "DBT_LOG_PATH": folder / "logs",
    }
    folder.mkdir(parents=True)
    program = str(Path(sys.executable).with_name("dbt"))
    begun = time.monotonic()
    cpu, memory = 0.0, 0.0
    for command in (["seed"], ["run", "--select", selected]):
        with subprocess.Popen(
            [program, "--quiet", *command, "--target", target],
            env={**os.environ, **{k: str(v) for k, v in given.items()}},
            cwd=project,
            start_new_session=True,
        ) as process:
            spent: dict[int, float] = {}
            while process.poll() is None:
                held = 0.0
                for pid, seconds, resident in _of_session(process.pid):
                    spent[pid] = seconds
                    held += resident
                memory = max(memory, held)
                time.sleep(0.2)
        cpu += sum(spent.values())
        if process.returncode:
            raise SystemExit(f"dbt {command[0]} --target {target} failed in {project}: see {folder / 'logs'}")
    return Cost(time.monotonic() - begun, cpu, memory)


def _of_session(session: int) -> list[tuple[int, float, float]]:
    """Each process of a session: its number, its processor seconds so far, and the memory it holds in GB."""
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found.append(
                (int(stat.parent.name), (int(fields[11]) + int(fields[12])) / tick, int(fields[21]) * page / 1e9)
            )
    return found


@dataclass(frozen=True)
class Measured:
    """One line of growth.csv: which landing, how many times its authorities, on which engine, and what it took."""

    landing: str
    factor: int
    engine: str
    cost: Cost

    def cells(self) -> list[str]:
        """The line as it is written."""
        c = self.cost
        return [
            self.landing,
            str(self.factor),
            self.engine,
            f"{c.seconds:.0f}",
            f"{c.cpu_seconds:.0f}",
            f"{c.memory_gb:.1f}",
        ]


def kept() -> list[Measured]:
    """What has been measured, by landing, engine and size."""
    with KEPT.open(newline="") as file:
        found = [
            Measured(row["landing"], int(row["factor"]), row["engine"], Cost(*(float(row[c]) for c in list(row)[3:])))
            for row in csv.DictReader(file)
        ]
    return sorted(found, key=lambda m: (m.landing, m.engine, m.factor))


def table(measured: list[Measured]) -> str:
    """The table of docs/engines.md."""
    lines = ["| " + " | ".join(m.cells()) + " |" for m in measured]
    return "\n".join([HEAD, "|---|---|---|---|---|---|", *lines])


def chart(measured: list[Measured]) -> str:
    """Processor seconds against size, both on logarithmic scales: a line that rises by its run is linear growth."""
    series: dict[tuple[str, str], list[tuple[float, float | None]]] = {}
    for m in measured:
        series.setdefault((m.landing, m.engine), []).append((math.log10(m.factor), math.log10(m.cost.cpu_seconds)))
    styles = iter(("own", "a", "b"))
    lines = [Line(f"{engine}, {landing}", points, next(styles)) for (landing, engine), points in series.items()]
    ticks = [(math.log10(f), f"{f} ×") for f in sorted({m.factor for m in measured})]
    drawn = line_chart("Processor seconds as authorities grow in number", lines, ticks, _power, with_key=False)
    inner = drawn[drawn.index("<svg") : drawn.index("</svg>")]
    names = "".join(
        f'<path class="line {ln.style}" d="M70 {y}h28"/><text class="name" x="104" y="{y + 4}">{ln.label}</text>'
        for y, ln in zip(range(22, 99, 16), lines, strict=False)
    )
    # Wider than it was drawn: the last label stands over the edge.
    framed = inner.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1).replace(
        "0 0 560 260", "-2 0 582 262", 1
    )
    return framed.replace(">", f"><style>{LOOKS}</style>", 1) + names + "</svg>\n"


def _power(value: float | None) -> str:
    return "" if value is None else f"{10**value:,.0f}"


def write_page(measured: list[Measured]) -> None:
    """The table in the page, and the chart beside it."""
    before, _, rest = PAGE.read_text().partition(HEAD)
    after = rest.split("\n\n", 1)[1] if "\n\n" in rest else ""
    PAGE.write_text(before + table(measured) + "\n\n" + after)
    CHART.write_text(chart(measured))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("landing", type=Path)
    asked.add_argument("--factors", type=int, nargs="+", default=[1, 10])
    asked.add_argument("--targets", nargs="+", default=["local", "spark"])
    asked.add_argument("--select", default="*", help="models, as dbt selects them")
    asked.add_argument("--keep", metavar="NAME", help="what the landing is called where the figures are kept")
    given = asked.parse_args()
    print(HEAD + "\n|---|---|---|---|---|---|")
    for factor in given.factors:
        with tempfile.TemporaryDirectory(prefix="growth-") as made:
            project = grow(given.landing.resolve(), factor, Path(made) / "grown")
            for target in given.targets:
                cost = measure(project, target, Path(made) / target, given.select)
                line = Measured(given.keep or given.landing.name, factor, ENGINES[target], cost)
                print("| " + " | ".join(line.cells()) + " |", flush=True)
                if given.keep:
                    _keep(line)
    if given.keep:
        write_page(kept())


def _keep(line: Measured) -> None:
    """The line in growth.csv, in the place of one for the same."""
    same = (line.landing, line.factor, line.engine)
    lines = [m for m in kept() if (m.landing, m.factor, m.engine) != same] + [line]
    with KEPT.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["landing", "factor", "engine", "seconds", "cpu_seconds", "memory_gb"])
        rows.writerows(m.cells() for m in sorted(lines, key=lambda m: (m.landing, m.engine, m.factor)))


if __name__ == "__main__":
    main()
