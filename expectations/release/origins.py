"""From a figure of the marts back to the landed tables that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expectations.results import TableKey

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_CELLS = "intermediate.int_measures__mapped_cells"


class Origins:
    """Which landed tables an edition's figures of a measure came from, looked up once when first asked.

    Args:
        connection: to the warehouse.
        relations: the relations found in it, with their columns; what is not there names no tables.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, relations: dict[str, pd.DataFrame]) -> None:
        self._c = connection
        self._there = {relation for relation, frame in relations.items() if len(frame.columns)}
        self._cells: dict[tuple[str, str, str], dict[int | None, set[str]]] | None = None
        self._parts: dict[str, list[str]] = {}

    def of_figure(self, source: str, edition: str, measure_id: str, year: int | None = None) -> tuple[TableKey, ...]:
        """Tables of a measure in an edition, in one year or in all; of its parts, where only those are printed."""
        cells = self._mapped()
        for measures in ([measure_id], self._parts.get(measure_id, [])):
            names: set[str] = set()
            for measure in measures:
                by_year = cells.get((source, edition, measure), {})
                names |= set().union(*by_year.values()) if year is None else by_year.get(year, set())
            if names:
                return tuple((source, name, edition) for name in sorted(names))
        return ()

    def of_measure(self, measure_id: str, year: int) -> tuple[TableKey, ...]:
        """Tables of all figures of a measure in a year."""
        found = self._c.execute(
            "select distinct source, edition from marts.fct_la_year_measure "
            "where measure_id = ? and year = ? and value is not null order by all",
            [measure_id, year],
        ).fetchall()
        return tuple(key for source, edition in found for key in self.of_figure(source, edition, measure_id, year))

    def of_spending(self, source: str, edition: str, year: int) -> tuple[TableKey, ...]:
        """Tables of an edition's spending: those that measures of it are mapped from, else the edition's only table."""
        names: set[str] = set()
        for (its_source, its_edition, measure), by_year in self._mapped().items():
            if (its_source, its_edition) == (source, edition) and measure.startswith("spend_"):
                names |= by_year.get(year, set())
        if names:
            return tuple((source, name, edition) for name in sorted(names))
        tables = self._of_edition(source, edition)
        return tables if len(tables) == 1 else ()

    def of_inspection(self, source: str, edition: str, framework: str, published: Any) -> tuple[TableKey, ...]:
        """Tables of an edition that list an inspection under the framework published on the day."""
        if not self._is_table("staging", "stg_ofsted__inspection"):
            return ()
        found = self._c.execute(
            "select distinct table_name from staging.stg_ofsted__inspection "
            "where source = ? and edition = ? and framework = ? and publication_date = ? order by 1",
            [source, edition, framework, published],
        ).fetchall()
        return tuple((source, name, edition) for (name,) in found)

    def _of_edition(self, source: str, edition: str) -> tuple[TableKey, ...]:
        if not self._is_table("staging", "stg_landing__catalogue"):
            return ()
        found = self._c.execute(
            "select distinct table_name from staging.stg_landing__catalogue "
            "where source = ? and edition = ? order by 1",
            [source, edition],
        ).fetchall()
        return tuple((source, name, edition) for (name,) in found)

    def _is_table(self, schema: str, name: str) -> bool:
        found = self._c.execute(
            "select count(*) from duckdb_columns() where database_name = current_database() "
            "and schema_name = ? and table_name = ?",
            [schema, name],
        ).fetchall()
        return bool(found[0][0])

    def _mapped(self) -> dict[tuple[str, str, str], dict[int | None, set[str]]]:
        if self._cells is None:
            self._cells = {}
            if _CELLS in self._there:
                rows = self._c.execute(
                    f"select distinct source, edition, measure_id, cast(year as integer), table_name from {_CELLS}"
                ).fetchall()
                for source, edition, measure, year, table in rows:
                    self._cells.setdefault((source, edition, measure), {}).setdefault(year, set()).add(table)
            if "seeds.measure" in self._there:
                rows = self._c.execute(
                    "select measure_id, numerator_measure, denominator_measure, sum_of from seeds.measure"
                ).fetchall()
                for measure, numerator, denominator, sum_of in rows:
                    parts = [numerator, denominator, *(sum_of or "").split(" + ")]
                    self._parts[measure] = [p for p in parts if p]
        return self._cells
