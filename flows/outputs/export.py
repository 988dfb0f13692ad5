"""The published warehouse for other tools: Parquet and CSV with a Frictionless data package, and an Excel workbook.

What a table and a column mean is said once, in the YAML beside the models (``dbt_project/models/marts``) and in
``analysis/results.yml``; the package and the workbook's dictionary are made from that. Specification: Frictionless
Data, Data Package v1 and Table Schema v1.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.spreadsheet import harmless
from flows.common.errors import CswError, WrongArgument, database_says
from flows.common.files import file_sha256, read_json, read_yaml
from flows.common.output_folder import OutputFolder
from flows.common.settings import Settings
from flows.outputs.lock import writing_outputs
from flows.outputs.relations import Column, Relation, accepted_values
from flows.sources.passport import load_passports
from flows.warehouse.fingerprint import file_identity
from flows.warehouse.publish import check_warehouse, published_path

if TYPE_CHECKING:
    import duckdb

SCHEMAS = ("marts", "studies", "results", "audit")
FORMATS = ("parquet", "csv", "xlsx")
#: The part of the folder that describes the others.
PACKAGE, NAME, WORKBOOK = "package", "childrens-services-warehouse", "warehouse.xlsx"
#: How a version that kept no list of its files marked an export.
EARLIER_MARK = ".made_from"
#: Views that only make sense asked for an authority, a measure or a year.
NOT_EXPORTED = {"rpt_figure_edition", "rpt_figure_cell"}
#: Column -> the table that it is the key of.
KEYS = {
    "la_code": "dim_local_authority",
    "neighbour_la_code": "dim_local_authority",
    "measure_id": "dim_measure",
    "inspection_id": "fct_inspection",
    "report_id": "fct_report",
}
#: An Excel sheet holds no more rows; a larger table is left to the other formats.
SHEET_ROWS = 50_000
#: Tables that are written at a time; each holds its own rows while they are sorted.
MOST_TABLES_AT_ONCE = 2
LICENCE = {
    "name": "OGL-UK-3.0",
    "path": "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    "title": "Open Government Licence v3.0",
}
#: DuckDB type -> Table Schema type.
TYPES = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DOUBLE": "number",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "HUGEINT": "integer",
    "DATE": "date",
    "TIMESTAMP": "datetime",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}


@dataclass
class Exported:
    """What was written."""

    folder: Path
    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Tables that are too large for the workbook."""
    earlier: list[str] = field(default_factory=list)
    """Formats in the folder that are of an earlier warehouse: they were not asked for."""

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(f.stat().st_size for f in self.files)


def export(
    settings: Settings,
    out: Path | None = None,
    formats: Sequence[str] = FORMATS,
    progress: Callable[[str], None] = lambda _: None,
) -> Exported:
    """Write the published warehouse into a folder: every table of marts, studies, results and audit.

    Args:
        settings: where things are kept.
        out: the folder, empty or with an export in it; ``data/export`` where None.
        formats: of :data:`FORMATS`; these are replaced, the others in the folder stay.
        progress: told what is being written.

    Raises:
        CswError: nothing is published, a format is unknown, the folder holds something else, or the disk refuses.
        Busy: another run is writing.
    """
    import duckdb

    unknown = [f for f in formats if f not in FORMATS]
    if unknown:
        raise WrongArgument(f"{', '.join(unknown)}: exports are written as {', '.join(FORMATS)}.")
    place = export_folder(settings, out)
    place.check()
    done = Exported(place.folder)
    with writing_outputs(settings, place.folder):
        # Before it is opened: what is opened is this file or a later one, never one before it.
        stamp = _stamp(settings)
        check_warehouse(published_path(settings))
        try:
            with duckdb.connect(str(published_path(settings)), read_only=True) as con:
                about = relations(settings, con)
                # Parquet first: its files are in the order in which the csv files are written.
                for format in sorted(formats, key=lambda f: f != "parquet"):
                    progress(f"{format}: {len(about)} tables")
                    in_order = place.folder / "parquet" if "parquet" in formats else None
                    with place.replacing(format, stamp) as made:
                        done.left_out += _write_format(con, about, made, format, in_order)
                with place.replacing(PACKAGE, stamp) as made:
                    # Files of an earlier warehouse are not what it describes.
                    now = [f for f in FORMATS if place.stamp(f) == stamp]
                    described = data_package(settings, con, about, place.folder, now)
                    package = json.dumps(described, indent=1, ensure_ascii=False)
                    (made / "datapackage.json").write_text(package + "\n", encoding="utf-8")
        except duckdb.Error as exc:
            raise CswError(f"{place.folder}: the database could not write all of it: {database_says(exc)}") from exc
    done.files = sorted(place.folder / f for files in place.files.values() for f in files)
    done.earlier = [f for f in FORMATS if place.stamp(f) not in ("", stamp)]
    return done


def export_folder(settings: Settings, out: Path | None = None) -> OutputFolder:
    """The folder of exports: a part per format, and the package that describes what is there."""
    return OutputFolder(out or settings.export, "an export", _of_an_earlier_version)


def _of_an_earlier_version(folder: Path) -> dict[str, list[str]]:
    """What is ours in an export of a version that kept no list: what its data package names."""
    try:
        package = read_json(folder / "datapackage.json")
        if package["name"] != NAME or not (folder / EARLIER_MARK).is_file():
            return {}
        named = [str(r["path"]) for r in package["resources"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    ours = {
        "csv": [f for f in named if f.startswith("csv/")],
        "parquet": [f for f in named if f.startswith("parquet/")],
        "xlsx": [WORKBOOK],
        PACKAGE: ["datapackage.json", EARLIER_MARK],
    }
    return {part: [f for f in files if (folder / f).is_file()] for part, files in ours.items()}


def is_current(settings: Settings) -> bool:
    """Whether the export in its place is of the published warehouse, in every format that a run keeps up to date."""
    if not settings.published.exists():
        return False
    place, stamp = export_folder(settings), _stamp(settings)
    return all(place.stamp(part) == stamp for part in (*held_formats(settings), PACKAGE))


def held_formats(settings: Settings) -> list[str]:
    """The formats that a run writes, and those that somebody has asked for before and that are kept up to date."""
    held = export_folder(settings).files
    return ["parquet", "csv", *(f for f in FORMATS if f not in {"parquet", "csv"} and held.get(f))]


def _stamp(settings: Settings) -> str:
    return json.dumps(file_identity(published_path(settings)))


def relations(settings: Settings, con: duckdb.DuckDBPyConnection) -> list[Relation]:
    """Every table that is exported, with its columns as the warehouse has them and their meaning as the YAML says."""
    said, values = _said(settings), accepted_values(settings.root)
    found = []
    for schema in SCHEMAS:
        tables = con.execute(
            "select table_name from information_schema.tables where table_schema = ? order by 1", [schema]
        ).fetchall()
        for (name,) in tables:
            if name in NOT_EXPORTED:
                continue
            model = said.get(name, {})
            about = {c["name"]: c for c in model.get("columns", [])}
            columns = tuple(
                Column(
                    c,
                    kind,
                    _plain(about.get(c, {}).get("description", "")),
                    _is_required(about.get(c, {})),
                    values.get(c, ()),
                )
                for c, kind, *_ in con.execute(f"describe {schema}.{name}").fetchall()
            )
            rows = con.execute(f"select count(*) from {schema}.{name}").fetchone()
            meta = model.get("config", {}).get("meta", {})
            # A key with gaps orders rows and is no primary key.
            grain, gaps = tuple(meta.get("grain", ())), tuple(meta.get("grain_nullable", ()))
            found.append(
                Relation(
                    schema,
                    name,
                    _plain(model.get("description", "")),
                    grain,
                    columns,
                    rows[0] if rows else 0,
                    _refers(con, schema, name, columns),
                    gaps,
                )
            )
    return found


def _refers(
    con: duckdb.DuckDBPyConnection, schema: str, name: str, columns: Sequence[Column]
) -> tuple[tuple[str, str, str], ...]:
    """The columns that are keys of another table, as far as every row of this one meets a row there."""
    found = []
    for column in columns:
        target = KEYS.get(column.name)
        if target is None or target == name:
            continue
        key = "la_code" if target == "dim_local_authority" else column.name
        strays = con.execute(
            f"select count(*) from {schema}.{name} as t where t.{column.name} is not null "
            f"and t.{column.name} not in (select {key} from marts.{target})"
        ).fetchone()
        if strays == (0,):
            found.append((column.name, f"marts_{target}", key))
    return tuple(found)


def _said(settings: Settings) -> dict[str, dict[str, Any]]:
    """What the YAML says of each table."""
    paths = sorted((settings.root / "dbt_project" / "models" / "marts").rglob("*.yml"))
    found: dict[str, dict[str, Any]] = {}
    for path in [*paths, settings.root / "analysis" / "results.yml"]:
        for model in read_yaml(path).get("models", []):
            found[model["name"]] = model
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())


def _is_required(column: dict[str, Any]) -> bool:
    return any(c.get("type") == "not_null" for c in column.get("constraints", []))


def _write_format(
    con: duckdb.DuckDBPyConnection, about: Sequence[Relation], folder: Path, format: str, in_order: Path | None
) -> list[str]:
    """Write every table in one format; the tables that were too large for it.

    ``in_order`` is a folder of the same tables in Parquet, whose rows need no sorting again.
    """
    if format == "xlsx":
        from flows.outputs.workbook import write_workbook

        return write_workbook(con, about, folder / WORKBOOK, SHEET_ROWS)
    # A table is written by hardly more than one thread: sorting, packing and writing follow one another.
    # Large ones first.
    todo = sorted(about, key=lambda r: -r.rows * len(r.columns))
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_TABLES_AT_ONCE)) as threads:
        writing = [threads.submit(_write_table, con.cursor(), r, folder, format, in_order) for r in todo]
        try:
            for one in writing:
                one.result()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    return []


def _write_table(
    con: duckdb.DuckDBPyConnection, relation: Relation, folder: Path, format: str, in_order: Path | None
) -> None:
    """Write a table as Parquet or CSV over a connection of its own; see :func:`_write_format`."""
    place = f"{relation.schema}.{relation.name}"
    path = folder / format / relation.schema / f"{relation.name}.{format}"
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.as_posix().replace("'", "''")
    if format == "parquet":
        con.execute(f"copy (from {place} order by {relation.order}) to '{target}' (format parquet, compression zstd)")
        return
    columns = ", ".join(harmless(c.name, c.type) for c in relation.columns)
    sorted_rows = f"{place} order by {relation.order}"
    if in_order is not None:
        file = (in_order / relation.schema / f"{relation.name}.parquet").as_posix().replace("'", "''")
        # Parquet has no whole numbers of 128 bits, and what looks like a pattern would be read as one: such a table is
        # sorted again.
        if not set(file) & set("*?[") and _types(con, f"'{file}'") == [c.type for c in relation.columns]:
            sorted_rows = f"'{file}'"
    con.execute(f"copy (select {columns} from {sorted_rows}) to '{target}' (format csv, header true)")


def _types(con: duckdb.DuckDBPyConnection, rows: str) -> list[str]:
    return [str(kind) for _, kind, *_ in con.execute(f"describe from {rows}").fetchall()]


def data_package(
    settings: Settings, con: duckdb.DuckDBPyConnection, about: Sequence[Relation], folder: Path, formats: Sequence[str]
) -> dict[str, Any]:
    """The descriptor of what was written in some formats."""
    newest = con.execute("select max(published_on), bool_or(is_synthetic) from marts.dim_edition").fetchone()
    published, synthetic = newest or (None, False)
    held = {r[0] for r in con.execute("select distinct source from marts.dim_edition").fetchall()}
    resources = []
    for r in about:
        for suffix in (f for f in ("csv", "parquet") if f in formats):
            path = folder / suffix / r.schema / f"{r.name}.{suffix}"
            if path.exists():
                resources.append(_resource(r, path, folder))
    return {
        "profile": "data-package",
        "name": NAME,
        "title": "Children's services in England: returns and inspections"
        + (" (invented figures)" if synthetic else ""),
        "description": (
            "SYNTHETIC: made from the bundled sample; the places are real, no figure is. " if synthetic else ""
        )
        + "Tables of the warehouse. In CSV, text that a spreadsheet would run as a formula has an apostrophe before "
        "it; Parquet holds it as it is.",
        "synthetic": bool(synthetic),
        "version": str(published or ""),
        "licenses": [LICENCE],
        "sources": [
            {"title": f"{p.publisher}: {p.title}", "path": p.homepage}
            for p in load_passports(settings.passports)
            if p.source in held
        ],
        "resources": resources,
    }


def _type(kind: str) -> str:
    if kind.endswith("[]"):
        return "array"
    return "number" if kind.startswith("DECIMAL") else TYPES.get(kind, "any")


def _limits(column: Column) -> dict[str, Any]:
    return {
        **({"required": True} if column.is_required else {}),
        **({"enum": list(column.values)} if column.values else {}),
    }


def _resource(relation: Relation, path: Path, folder: Path) -> dict[str, Any]:
    is_csv = path.suffix == ".csv"
    described: dict[str, Any] = {
        "fields": [
            {
                "name": c.name,
                "type": _type(c.type),
                **({"description": c.description} if c.description else {}),
                **({"constraints": limits} if (limits := _limits(c)) else {}),
            }
            for c in relation.columns
        ],
        "missingValues": [""],
    }
    if relation.grain and not relation.gaps:
        described["primaryKey"] = list(relation.grain)
    if relation.refers:
        suffix = "" if is_csv else "_parquet"
        described["foreignKeys"] = [
            {"fields": [column], "reference": {"resource": f"{table}{suffix}", "fields": [key]}}
            for column, table, key in relation.refers
        ]
    digest = file_sha256(path)
    return {
        # A Parquet file carries its own types; as a file it is held against its size and hash. Readers of tables that
        # go through pandas lose whole numbers beside gaps.
        **({"profile": "tabular-data-resource"} if is_csv else {"type": "file"}),
        "name": f"{relation.schema}_{relation.name}" + ("" if is_csv else "_parquet"),
        "path": path.relative_to(folder).as_posix(),
        "title": f"{relation.schema}.{relation.name}",
        **({"description": relation.description} if relation.description else {}),
        "format": path.suffix[1:],
        "mediatype": "text/csv" if is_csv else "application/vnd.apache.parquet",
        **({"encoding": "utf-8"} if is_csv else {}),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{digest}",
        "schema": described,
    }
