"""What failed, with the rows that made it fail."""

from __future__ import annotations

from pathlib import Path

from flows.dbt import DbtResult, Node

#: rows of a failing test that are shown
SHOWN_ROWS = 10


def describe_failures(result: DbtResult, database: Path) -> str:
    """Failed models and tests as text; for a test, its first failing rows.

    Args:
        result: what dbt did.
        database: the file it worked on, for the rows.
    """
    parts = []
    for node in result.failed:
        head = f"{node.type} {node.name} ({node.path})"
        if node.type == "test" and node.status == "fail":
            parts.append(f"{head}: {node.failures} failing row(s)\n{failing_rows(node, database)}")
        else:
            parts.append(f"{head}: {node.message.strip()}")
    return "\n\n".join(parts)


def failing_rows(node: Node, database: Path, limit: int = SHOWN_ROWS) -> str:
    """The first rows that a test returns, as a table."""
    import duckdb

    if not node.sql or not database.exists():
        return node.message
    with duckdb.connect(str(database), read_only=True) as con:
        try:
            relation = con.sql(node.sql).limit(limit)
            return relation_text(relation)
        except duckdb.Error as exc:
            return f"{node.message} (the rows could not be read: {exc})"


def relation_text(relation: object) -> str:
    """A DuckDB relation as a text table."""
    return str(relation)
