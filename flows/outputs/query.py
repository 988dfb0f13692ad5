"""Questions in SQL to the published warehouse, read-only."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Literal

from flows.common.errors import CswError
from flows.warehouse.publish import check_warehouse

Format = Literal["table", "csv", "json"]


def query(database: Path, sql: str, output: Format = "table") -> str:
    """The answer to one SQL statement.

    Args:
        database: a published warehouse.
        sql: the statement; it can read the warehouse and nothing else.
        output: a text table, csv, or a JSON list of rows.

    Raises:
        CswError: the file is no warehouse, or the statement is not valid; the message is the database's own.
    """
    import duckdb

    check_warehouse(database)
    # No files, no network: a question cannot reach anything but the warehouse.
    with duckdb.connect(str(database), read_only=True, config={"enable_external_access": "false"}) as con:
        try:
            relation = con.sql(sql)
            if relation is None:
                return ""
            if output == "table":
                return str(relation)
            columns, rows = relation.columns, relation.fetchall()
        except duckdb.Error as exc:
            raise CswError(f"{exc}") from exc
    if output == "json":
        return json.dumps([dict(zip(columns, r, strict=True)) for r in rows], default=str, indent=1)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().rstrip("\n")
