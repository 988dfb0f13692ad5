"""The landing as Parquet, for engines that read no CSV whose columns differ from file to file: ``LANDING OUT``.

Every landed table becomes one file, all editions one under the other, all text; the catalogue, the list of columns and
that of places become one each. What is read is what the dbt models read on DuckDB, by the same options.
"""

from __future__ import annotations

import sys
from pathlib import Path

REGISTERS = ("catalogue", "columns", "units")


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit("usage: python dbt_project/landing_parquet.py LANDING OUT")
    landing, out = Path(sys.argv[1]), Path(sys.argv[2])
    if not (landing / "catalogue.csv").is_file():
        raise SystemExit(f"{landing} is no landing: it has no catalogue.csv. Run `csw land` first.")
    print(f"{write(landing, out)} tables in {out}")


def write(landing: Path, out: Path) -> int:
    """Write every table of ``landing`` into ``out``; the number of tables. Files of tables that are gone stay."""
    import duckdb

    tables = sorted(d for d in landing.glob("*/*") if d.is_dir() and any(d.glob("*.csv")))
    with duckdb.connect() as con:
        for name in REGISTERS:
            _copy(con, landing / f"{name}.csv", out / f"{name}.parquet")
        for table in tables:
            _copy(con, table / "*.csv", out / table.parent.name / f"{table.name}.parquet")
    return len(tables)


def _copy(con, csv: Path, parquet: Path) -> None:  # type: ignore[no-untyped-def]
    parquet.parent.mkdir(parents=True, exist_ok=True)
    con.execute(
        f"""copy (
            from read_csv({_text(csv)}, all_varchar = true, union_by_name = true, header = true, delim = ',',
                quote = '"', escape = '"', nullstr = ['\\N'], strict_mode = true)
        ) to {_text(parquet)} (format parquet)"""
    )


def _text(path: Path) -> str:
    return "'" + path.as_posix().replace("'", "''") + "'"


if __name__ == "__main__":
    main()
