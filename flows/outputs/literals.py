"""Whether the values that a question names can be in the columns that it compares them with."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.common.errors import CswError

if TYPE_CHECKING:
    import duckdb

#: More than these are not all named.
NAMED = 12


def check_values(con: duckdb.DuckDBPyConnection, statement: str, accepted: Mapping[str, Sequence[str]]) -> None:
    """See that a column with a short list of values is not compared with text that is none of them.

    Such a question has no rows as its answer, which looks like a finding. What the statement itself gives the name of
    such a column is left alone, and so is what cannot be taken apart.

    Args:
        con: a connection.
        statement: one SQL statement.
        accepted: column name to what it may hold.

    Raises:
        CswError: the message names what the column may hold.
    """
    ((taken,),) = con.execute("select json_serialize_sql(?)", [statement]).fetchall()
    tree = json.loads(taken)
    if tree.get("error"):
        return
    own = {node["alias"] for node in _nodes(tree) if node.get("alias")}
    for column, text in _comparisons(tree):
        values = accepted.get(column)
        if values is None or text in values or column in own:
            continue
        near = difflib.get_close_matches(text, values, n=3, cutoff=0.4)
        said = values if len(values) <= NAMED else near
        raise CswError(
            f"{column} has no value {text!r}"
            + (f": it is one of {', '.join(said)}." if len(values) <= NAMED else ".")
            + (f" Nearest: {', '.join(near)}." if len(values) > NAMED and near else "")
        )


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _comparisons(tree: Any) -> Iterator[tuple[str, str]]:
    """Columns compared with text: =, <>, in."""
    for node in _nodes(tree):
        kind = node.get("type")
        if kind in {"COMPARE_EQUAL", "COMPARE_NOTEQUAL"} and "left" in node:
            sides = [node["left"], node["right"]]
        elif kind in {"COMPARE_IN", "COMPARE_NOT_IN"}:
            sides = node.get("children", [])
        else:
            continue
        columns = [s["column_names"][-1] for s in sides if s.get("type") == "COLUMN_REF" and s.get("column_names")]
        texts = [
            s["literal"]["text"]
            for s in sides
            if s.get("type") == "VALUE_CONSTANT" and s.get("literal", {}).get("kind") == "STRING"
        ]
        if len(columns) == 1:
            yield from ((columns[0], t) for t in texts)
