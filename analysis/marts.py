"""The marts as the analysis reads them: read-only, as they are. What is missing is said, never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


class MartLacks(Exception):
    """A table, column or row that a study needs is not in the warehouse."""


class Marts:
    """A warehouse, read-only.

    Args:
        connection: an open DuckDB connection; use :func:`open_marts` for a file.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.asked: dict[str, None] = {}
        """Every query that was answered, in order: what a study rests on."""

    def __enter__(self) -> Marts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def sample(self, study: str, columns: Iterable[str] = ()) -> pd.DataFrame:
        """The analytic sample of a study, ``studies.rpt_<study>__sample``.

        Raises:
            MartLacks: the sample, one of ``columns``, or any row is missing.
        """
        table = f"studies.rpt_{study}__sample"
        if not self.has(table):
            raise MartLacks(f"the warehouse has no {table}")
        frame = self.frame(f"select * from {table}")
        return require(frame, columns, table)

    def frame(self, sql: str) -> pd.DataFrame:
        """The answer to a query.

        Raises:
            MartLacks: the query asks for something the warehouse does not have.
        """
        import duckdb

        try:
            answer = self._connection.execute(sql).df()
            self.asked[sql] = None
            return answer
        except (duckdb.CatalogException, duckdb.BinderException) as exc:
            raise MartLacks(f"the warehouse lacks what is asked for: {str(exc).splitlines()[0]}") from exc

    def whole_years(self, frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
        """A frame with ``year`` without what measures hold for years before their first full one.

        A return that was being phased in is not the whole of its first year: it would look like a steep rise.
        """
        if not self.has("marts.dim_measure"):
            return frame
        whole = self.frame("select measure_id, first_full_year from marts.dim_measure")
        begins = dict(zip(whole["measure_id"], whole["first_full_year"], strict=True))
        return frame.assign(**{c: frame[c].mask(frame["year"] < begins[c]) for c in columns if c in begins})

    def england(self, measures: Iterable[str]) -> pd.DataFrame:
        """England's figures of some measures: measure_id, year, value; no rows where the warehouse has none."""
        import pandas as pd

        if not self.has("marts.fct_area_year_measure"):
            return pd.DataFrame({"measure_id": [], "year": [], "value": []})
        listed = ", ".join(f"'{m}'" for m in measures)
        return self.frame(
            "select measure_id, year, value from marts.fct_area_year_measure where area_level = 'national' "
            f"and measure_id in ({listed}) and value is not null order by measure_id, year"
        )

    def digest(self, sql: str) -> str:
        """A fingerprint of the answer to a query, whatever the order of its rows: the same for the same figures.

        Raises:
            MartLacks: the query asks for something the warehouse does not have.
        """
        # A sum of 64-bit hashes is wider than a float holds.
        summed = (
            f"select count(*)::varchar || ' rows ' || coalesce(sum(hash(answer))::varchar, '') from ({sql}) as answer"
        )
        return str(self.frame(summed).iloc[0, 0])

    def has(self, table: str) -> bool:
        """Whether ``schema.table`` exists."""
        schema, name = table.split(".")
        found = self._connection.execute(
            "select count(*) from information_schema.tables where table_schema = ? and table_name = ?", [schema, name]
        ).fetchall()
        return bool(found[0][0])


def require(frame: pd.DataFrame, columns: Iterable[str], what: str) -> pd.DataFrame:
    """The frame itself, if it has the columns and at least one row.

    Raises:
        MartLacks: otherwise; the message names what is missing from ``what``.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise MartLacks(f"{what} has no column {', '.join(missing)}")
    if not len(frame):
        raise MartLacks(f"{what} has no rows")
    return frame


def open_marts(database: Path) -> Marts:
    """A warehouse file, read-only, with no way out to other files."""
    import duckdb

    return Marts(duckdb.connect(str(database), read_only=True, config={"enable_external_access": "false"}))
