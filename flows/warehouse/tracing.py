"""From the rows that made a check fail to the landed tables and documents they come from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from flows.landing.quarantine import Unit

if TYPE_CHECKING:
    import duckdb

#: So many different rows of a check are followed; a check that fails on more is of the same tables again and again.
MOST_ROWS = 500
#: What tells one figure of an authority from another, in the models of measures.
_FIGURE = ("la_code", "measure_id", "year")


class Tracer:
    """Follows rows of checks in the database that was checked.

    Args:
        con: that database.
        units: the tables and documents that may be the cause.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, units: Collection[Unit]) -> None:
        self._con, self._units = con, list(units)
        rows = con.execute("select table_schema || '.' || table_name, table_name from information_schema.tables")
        self._relations = {name: full for full, name in rows.fetchall()}

    def units_of(self, rows: Iterable[Mapping[str, Any]]) -> set[Unit]:
        """The tables and documents that failing rows come from; none where the rows do not tell."""
        seen = {tuple(sorted((k, str(v)) for k, v in row.items() if v is not None)) for row in rows}
        found: set[Unit] = set()
        for row in sorted(seen)[:MOST_ROWS]:
            found |= self._of_row(dict(row))
        return found

    def _of_row(self, row: dict[str, str]) -> set[Unit]:
        if "edition" in row:
            return self._of_edition(row)
        if files := self._of_file(row):
            return files
        if "measure_id" in row and "year" in row:
            return {u for edition in self._standing(row) for u in self._of_edition({**row, **edition})}
        if {"la_code", "framework", "publication_date"} <= row.keys():
            columns = ("la_code", "framework", "publication_date")
            editions = self._ask("int_inspection__inspection", ("source", "edition"), {c: row[c] for c in columns})
            return {u for s, e in editions for u in self._units if (u.source, u.edition) == (s, e)}
        return set()

    def _of_edition(self, row: dict[str, str]) -> set[Unit]:
        mine = {u for u in self._units if u.edition == row["edition"] and u.source == row.get("source", u.source)}
        if len({u.source for u in mine}) > 1:
            return set()
        if "table_name" in row:
            return {u for u in mine if u.table_name == row["table_name"]}
        if len(mine) < 2 or "source" not in row:
            return mine
        asked = {c: row[c] for c in ("source", "edition", "measure_id", "year", "unit_code") if c in row}
        for relation, columns in (
            ("int_measures__mapped_cells", asked if "measure_id" in row else {}),
            ("stg_landing__unit", {c: row[c] for c in ("source", "edition", "unit_code", "unit_name") if c in row}),
        ):
            if len(columns) > 2:
                tables = {t for (t,) in self._ask(relation, ("table_name",), columns)}
                if narrower := {u for u in mine if u.table_name in tables}:
                    return narrower
        return mine

    def _of_file(self, row: dict[str, str]) -> set[Unit]:
        found = {u for u in self._units if row.get("sha256") == u.sha256}
        name = row.get("file") or row.get("report_id", "")
        stem = PurePath(name).name.casefold().removesuffix(".pdf")
        return found or {u for u in self._units if stem and u.file.casefold().removesuffix(".pdf") == stem}

    def _standing(self, row: dict[str, str]) -> list[dict[str, str]]:
        """The editions whose figures stand in the cell of a mart that a row is about."""
        asked = {c: row[c] for c in _FIGURE if c in row}
        for relation in ("fct_la_year_measure", "int_measures__ranked_values"):
            if "la_code" not in row:
                break
            only = {"precedence": "1"} if relation == "int_measures__ranked_values" else {}
            if found := self._ask(relation, ("source", "edition"), asked | only):
                return [{"source": s, "edition": e} for s, e in found if s and e]
        area = row.get("area_name") or row.get("area_code")
        if area:
            found = self._ask("fct_area_year_measure", ("source", "edition"), {**asked, "area_name": area})
            return [{"source": s, "edition": e} for s, e in found if s and e]
        return []

    def _ask(self, relation: str, wanted: tuple[str, ...], where: Mapping[str, str]) -> list[tuple[str, ...]]:
        """Distinct values of a model's columns where others have given values; nothing where it was not built."""
        import duckdb

        full = self._relations.get(relation)
        if full is None or not where:
            return []
        conditions = " and ".join(f"cast({c} as varchar) = ?" for c in where)
        try:
            return self._con.execute(
                f"select distinct {', '.join(wanted)} from {full} where {conditions}", list(where.values())
            ).fetchall()
        except duckdb.Error:
            return []  # the model has other columns: the rows do not tell
