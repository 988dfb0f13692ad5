"""Frames of a warehouse for Great Expectations, one per data asset, most at the grain of authority and year.

Data: ``relations`` (the columns of a relation), ``figures`` (an authority's figure), ``england`` (England's printed
figure beside the sum of its authorities, in one source, edition and year), ``spending`` (an authority's total
spending per child) and ``inspections``.

Profiles, for what only a summary or a comparison can say: ``medians`` (a measure in a year beside the year before),
``years`` (a year), ``changes`` (an authority's figure beside its own of the year before, where it at least trebled,
fell to a third or moved by 30 points), ``edition_changes`` (a figure that two editions print differently),
``edition_pairs`` (a measure in two editions, where they differ) and ``previous`` (a measure in the warehouse now
published and in the next one).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from expectations.release.sql import FRAMES

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

#: Relation → the columns that the checks need of it.
RELATIONS: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "relations.yml").read_text(encoding="utf-8"))
#: Frame → the relations that it reads; where one lacks a column the frame is not made, and ``relations`` says why.
READS = {
    "figures": ("marts.fct_la_year_measure", "seeds.measure"),
    "medians": ("marts.fct_la_year_measure", "seeds.measure"),
    "years": ("marts.fct_la_year_measure", "marts.dim_local_authority"),
    "england": (
        "intermediate.int_measures__la_values",
        "intermediate.int_measures__edition_values",
        "marts.dim_local_authority",
        "seeds.measure",
    ),
    "changes": ("marts.fct_la_year_measure", "seeds.measure"),
    "edition_changes": ("audit.rpt_edition_changes", "seeds.measure"),
    "edition_pairs": ("audit.rpt_edition_changes",),
    "spending": ("marts.fct_la_year_spend", "marts.dim_local_authority"),
    "inspections": ("marts.fct_inspection",),
    "previous": ("marts.fct_la_year_measure",),
}
#: Texts of the one frame that is long, which come out as categories.
_REPEATED = ("la_code", "measure_id", "value_status", "source", "edition", "unit")


def relations(c: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each relation that the checks read, without its rows; one that is not there has no columns either."""
    import pandas as pd

    database = c.execute("select current_database()").fetchall()[0][0]
    for relation in RELATIONS:
        schema, name = relation.split(".")
        columns = c.execute(
            "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ?",
            [database, schema, name],
        ).fetchall()
        yield relation, pd.DataFrame(columns=[column for (column,) in columns])


def readable(found: dict[str, pd.DataFrame], *, with_previous: bool) -> list[str]:
    """Frames that can be made of the relations found."""
    whole = {relation for relation, frame in found.items() if set(RELATIONS[relation]) <= set(frame.columns)}
    return [name for name, reads in READS.items() if set(reads) <= whole and (with_previous or name != "previous")]


def frame(c: duckdb.DuckDBPyConnection, name: str) -> pd.DataFrame:
    """A frame by its name, in a fixed order of rows."""
    found = c.execute(FRAMES[name]).df()
    if name == "figures":
        found = found.astype(dict.fromkeys(_REPEATED, "category"))
    return found
