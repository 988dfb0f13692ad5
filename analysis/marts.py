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
        """The analytic sample of a study, ``studies.rpt_<study>__sample``, its rows in the order of their columns.

        Raises:
            MartLacks: the sample, one of ``columns``, or any row is missing.
        """
        table = f"studies.rpt_{study}__sample"
        if not self.has(table):
            raise MartLacks(f"the warehouse has no {table}")
        # In one order: the folds of a cross-validation and the draws of a bootstrap go by rows.
        frame = self.frame(f"select * from {table} order by all")
        return require(frame, columns, table)

    def as_then(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A frame with ``la_code`` and ``year`` as the editions read have it: here the newest, so as it is."""
        return frame

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


class MartsOfTheDay(Marts):
    """The same warehouse with the sample of one study by the editions of its paper's day.

    ``studies.rpt_replication__figure`` says which figures differ. What a sample computes from them is computed anew:
    what is late, care orders of both kinds, pounds per child.

    Raises:
        MartLacks: the warehouse does not say what was published then.
    """

    def __init__(self, marts: Marts, study: str) -> None:
        super().__init__(marts._connection)
        self.asked = marts.asked
        rows = self.frame(
            "select la_code, year, measure_id, value, newest_value from studies.rpt_replication__figure "
            f"where study = '{study}' order by measure_id, la_code, year"
        )
        self._figures = {m: part.set_index(["la_code", "year"]) for m, part in rows.groupby("measure_id")}
        self._late = self._late_then()

    def sample(self, study: str, columns: Iterable[str] = ()) -> pd.DataFrame:
        return self.as_then(super().sample(study, columns))

    def as_then(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with every figure that differed then, columns named as measures, and what follows from them."""
        import pandas as pd

        keys = pd.MultiIndex.from_frame(frame[["la_code", "year"]])
        out = frame.copy()
        for measure, figures in self._figures.items():
            differs = keys.isin(figures.index)
            if measure in out and differs.any():
                out[measure] = out[measure].astype(float)
                out.loc[differs, measure] = figures["value"].reindex(keys[differs]).to_numpy(dtype=float)
        for column, late in self._late.items():
            differs = keys.isin(late.index)
            if column in out and differs.any():
                out[column] = out[column].astype(float)
                out.loc[differs, column] = late.reindex(keys[differs]).to_numpy(dtype=float)
        if {"cla_care_orders_count", *CARE_ORDERS} <= set(out.columns):
            out["cla_care_orders_count"] = out[list(CARE_ORDERS)].sum(axis=1, min_count=len(CARE_ORDERS))
        children = self._figures.get("population_0_17")
        if children is not None:
            more = (children["newest_value"] / children["value"]).reindex(keys).fillna(1.0).to_numpy(dtype=float)
            for column in (c for c in out.columns if "_gbp_per_child" in c):
                out[column] = out[column] * more
        return out

    def _late_then(self) -> dict[str, pd.Series]:
        """What is left of what was on time where that differed then: column of the samples → authority and year."""
        measures = {m for on_time in LATE.values() for m in on_time}
        listed = ", ".join(f"'{m}'" for m in sorted(measures))
        rows = self.frame(
            "select la_code, year, measure_id, published_value from marts.fct_la_year_measure "
            f"where measure_id in ({listed}) order by la_code, year"
        )
        wide = rows.pivot(index=["la_code", "year"], columns="measure_id", values="published_value")
        wide = wide.reindex(columns=sorted(measures))
        for measure in measures & set(self._figures):
            then = self._figures[measure]["value"]
            wide.loc[then.index.intersection(wide.index), measure] = then.astype(float)
        out = {}
        for column, (first, *others) in LATE.items():
            share = wide[first]
            for other in others:
                share = share.fillna(wide[other])
            differ = [self._figures[m].index for m in (first, *others) if m in self._figures]
            out[column] = 100 - share[[any(key in index for index in differ) for key in share.index]]
        return out


#: What is late, and the shares on time that it is the rest of, the first that is known.
LATE = {
    "assessments_overdue_pct": ("assessments_within_45_days_pct", "core_assessments_within_35_days_pct"),
    "icpc_overdue_pct": ("icpc_within_15_days_pct",),
    "cpp_reviews_overdue_pct": ("cpp_reviews_on_time_pct",),
}
CARE_ORDERS = ("cla_interim_care_order_count", "cla_full_care_order_count")


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
