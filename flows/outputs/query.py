"""Questions in SQL to the published warehouse, read-only."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flows.common.errors import CswError, WrongArgument
from flows.common.tables import text_table
from flows.outputs.literals import check_values
from flows.warehouse.publish import check_warehouse

if TYPE_CHECKING:
    import duckdb

Format = Literal["table", "csv", "json"]
#: What a table is given at most where all of it is asked for.
EVERY = 10_000_000


def query(
    database: Path,
    sql: str,
    output: Format = "table",
    every: bool = False,
    accepted: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The answer to one SQL statement.

    Args:
        database: a published warehouse.
        sql: the statement; it can read the warehouse and nothing else.
        output: a text table, csv, or a JSON list of rows.
        every: every row and column of a text table, which else is cut to what one looks at.
        accepted: what columns may hold; a comparison with something else is refused instead of answered with no rows.

    Raises:
        WrongArgument: there is no statement, or several of which each has an answer.
        CswError: the file is no warehouse, or the statement is not valid; the message is the database's own.
    """
    import duckdb

    if not sql.strip(" \t\r\n;"):
        raise WrongArgument("there is nothing to ask: give a statement, e.g. 'from marts.dim_measure'.")
    check_warehouse(database)
    # No files, no network: a question cannot reach anything but the warehouse.
    with duckdb.connect(str(database), read_only=True, config={"enable_external_access": "false"}) as con:
        try:
            _see_that_it_is_one(con.extract_statements(sql))
            relation = con.sql(sql)
            if accepted:
                check_values(con, sql, accepted)
            if relation is None:
                return ""
            if output == "table" and not every:
                return str(relation)
            if output == "table":
                with redirect_stdout(io.StringIO()) as shown:
                    relation.show(max_rows=EVERY, max_width=EVERY)
                return shown.getvalue().rstrip("\n")
            columns, rows = relation.columns, relation.fetchall()
        except duckdb.Error as exc:
            raise CswError(f"{exc}") from exc
    if output == "json":
        return as_json([dict(zip(columns, r, strict=True)) for r in rows])
    return as_csv(columns, rows)


def _see_that_it_is_one(statements: Sequence[duckdb.Statement]) -> None:
    """See that no answer but the last would be lost; settings and tables for the time being may go before it."""
    import duckdb

    rows = duckdb.ExpectedResultType.QUERY_RESULT
    if not statements:
        raise WrongArgument("there is nothing to ask but comments: give a statement.")
    if any(s.expected_result_type == [rows] for s in statements[:-1]):
        raise WrongArgument(f"these are {len(statements)} statements, and each has an answer: ask them one by one.")


def rows_as_table(database: Path, sql: str) -> str:
    """The answer to a question of ours, whole: every row and column, as aligned text.

    Raises:
        CswError: the file is no warehouse.
        duckdb.Error: it is one of an earlier version that has no such table.
    """
    import duckdb

    check_warehouse(database)
    with duckdb.connect(str(database), read_only=True) as con:
        relation = con.sql(sql)
        columns, rows = relation.columns, relation.fetchall()
    numbers = [c for i, c in enumerate(columns) if all(r[i] is None or _is_number(r[i]) for r in rows)]
    return text_table(columns, rows, right=numbers, fit=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def as_json(found: Any) -> str:
    """Rows, or what else was found, as JSON; dates as ISO text."""
    return json.dumps(found, default=str, indent=1, ensure_ascii=False)


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as CSV with a header."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().rstrip("\n")
