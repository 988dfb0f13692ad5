"""CSV that people open in a spreadsheet: text that would run as a formula there has an apostrophe before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: Text that a spreadsheet would run as a formula (OWASP, CSV injection); a sign by itself is none.
FORMULA = r"(?s)^[=+@\t\r-]."


def harmless(column: str, kind: str) -> str:
    """A column of a query, by its name and DuckDB type, as it may stand in a CSV."""
    name = '"' + column.replace('"', '""') + '"'
    if kind != "VARCHAR":
        return name
    # Most text begins with a letter or a digit: comparing is a fraction of the cost of the pattern.
    may_be = f"({name} < '0' or ({name} >= ':' and {name} < 'A'))"
    return f"case when {may_be} and regexp_matches({name}, '{FORMULA}') then '''' || {name} else {name} end as {name}"


def harmless_query(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A query whose answer may stand in a CSV: the same rows and columns."""
    columns = [harmless(name, kind) for name, kind, *_ in con.execute(f"describe {sql}").fetchall()]
    return f"select {', '.join(columns)} from ({sql})"


def harmless_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame as it may stand in a CSV; not the same object where it has text."""
    changed = {}
    for name in frame.columns:
        if frame[name].dtype == object or str(frame[name].dtype) in {"string", "str"}:
            column = frame[name]
            runs = column.map(lambda x: isinstance(x, str)) & column.astype("string").str.contains(FORMULA).fillna(
                False
            )
            if runs.any():
                changed[name] = column.where(~runs, "'" + column.astype("string"))
    return frame.assign(**changed) if changed else frame
