"""What failed, with the rows that made it fail."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import machine_refusal
from flows.common.tables import text_table
from flows.warehouse.dbt import DbtResult, Node

if TYPE_CHECKING:
    import duckdb

#: rows of a failing test that are shown
SHOWN_ROWS = 10
#: letters of a text that are shown
WIDEST = 48


def refusal_of_the_machine(result: DbtResult) -> str:
    """What to tell people where a build failed for want of memory, disk or files; blank where it did not.

    No table is to blame for that: the same build passes where there is enough.
    """
    for text in (*(n.message for n in result.nodes if n.status in {"error", "runtime error"}), result.error):
        if advice := machine_refusal(text):
            said = " ".join(text.split())[: WIDEST * 4]
            return f"the build stopped: {advice}, and run again; nothing is held back for it. It says: {said}"
    return ""


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
            what_to_do = f"\n  What to do: {node.advice}" if node.advice else ""
            parts.append(f"{head}: {node.failures} failing row(s)\n{failing_rows(node, database)}{what_to_do}")
        else:
            parts.append(f"{head}: {node.message.strip()}")
    return "\n\n".join(parts)


def describe_warned(result: DbtResult, database: Path) -> list[str]:
    """Tests whose rows are to be looked at and stop nothing, each with its first rows and what to do."""
    return [
        f"{node.name}: {node.failures} row(s) to look at. {node.advice}\n{failing_rows(node, database)}".rstrip()
        for node in result.warned
    ]


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


def relation_text(relation: duckdb.DuckDBPyRelation) -> str:
    """A relation as a text table with all its columns; long texts are cut."""
    rows = [["" if v is None else str(v) for v in r] for r in relation.fetchall()]
    cut = [[x if len(x) <= WIDEST else x[: WIDEST - 1] + "…" for x in r] for r in rows]
    return text_table(relation.columns, cut, indent=2)
