"""Where the figures of an authority's page come from, as a file that the page loads when somebody asks.

The same as ``csw trace``: what each edition says, and the published cells with file, row, column, hash and address. A
file holds columns of equal length, an entry per edition of a figure and one per cell; what many authorities point to
(files, columns, editions) is written once, in :data:`SHARED`. DuckDB writes the columns: in Python they took most
of the time that the site takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from analysis.report import words
from analysis.report.packed import pack_text
from analysis.report.published import Published

#: Name of the script that holds what the origins of all authorities point to.
SHARED = "shared"

#: Each step is a temporary table of the connection: what many rows share is numbered, in an order that does not change,
#: and rows are sorted once, by authority. ``$1`` are the measures.
_ASKED = "asked as (select unnest($1) as measure_id, unnest(range(len($1))) as measure_no)"
_EDITIONS = """
    create or replace temp table trace_edition as
    select *, row_number() over (order by source, edition, role, published_on, published_basis) - 1 as edition_id
    from (
        select distinct source, edition, role, published_on, published_basis
        from audit.rpt_figure_edition where list_contains($1, measure_id)
    )
"""
_EDITION_ROWS = f"""
    create or replace temp table trace_edition_row as
    with {_ASKED}
    select
        said.la_code, asked.measure_no as m, said.year as y, shared.edition_id as e, round(said.value, 6) as v,
        said.value_status as s, cast(coalesce(said.is_computed, false) as integer) as c,
        cast(coalesce(said.is_used, false) as integer) as a, coalesce(said.exclusion_reason, '') as x
    from audit.rpt_figure_edition as said
    inner join asked using (measure_id)
    inner join trace_edition as shared on said.source = shared.source and said.edition = shared.edition
        and said.role is not distinct from shared.role
        and said.published_on is not distinct from shared.published_on
        and said.published_basis is not distinct from shared.published_basis
    order by said.la_code, m, y, said.published_on desc, said.source, said.edition desc, said.unit_code
"""
_SHARED = """
    create or replace temp table trace_shared as
    select distinct source, edition, table_name, file, sha256, coalesce(url, '') as url, column_name, filter
    from audit.rpt_figure_cell where list_contains($1, measure_id)
"""
_FILES = """
    create or replace temp table trace_file as
    select *, row_number() over (order by source, edition, table_name, file, sha256, url) - 1 as file_id
    from (select distinct source, edition, table_name, file, sha256, url from trace_shared)
"""
_COLUMNS = """
    create or replace temp table trace_column as
    select column_name, row_number() over (order by column_name) - 1 as column_id
    from (select distinct column_name from trace_shared)
"""
_FILTERS = """
    create or replace temp table trace_filter as
    select filter, row_number() over (order by filter) as filter_id
    from (select distinct filter from trace_shared where filter <> '')
"""
_CELL_ROWS = f"""
    create or replace temp table trace_cell_row as
    with {_ASKED}
    select
        said.la_code, asked.measure_no as m, said.year as y, files.file_id as f, said.row_number as r,
        columns_said.column_id as c, coalesce(filters.filter_id, 0) as w, said.value_text as t, said.value_status as s,
        said.component as p, said.unit_factor as u
    from audit.rpt_figure_cell as said
    inner join asked using (measure_id)
    inner join trace_column as columns_said using (column_name)
    left join trace_filter as filters on said.filter = filters.filter
    inner join trace_file as files on said.source = files.source and said.edition = files.edition
        and said.table_name = files.table_name and said.file = files.file and said.sha256 = files.sha256
        and coalesce(said.url, '') = files.url
    order by said.la_code, m, y, said.published_on desc, said.source, said.edition desc, said.component desc,
        said.column_name, said.row_number
"""


def _lists(table: str, columns: str) -> str:
    """Authority to its rows of a sorted table, as JSON of one list per column (a letter each)."""
    row = ", ".join(f"{c}: {c}" for c in columns)
    lists = ", ".join(f"{c}: [r.{c} for r in said]" for c in columns)
    # One sort of rows; a list of each column in order would sort as often as there are columns.
    sorted_rows = f"select la_code, list({{{row}}} order by rowid) as said from {table} group by la_code"
    return f"select la_code, to_json({{{lists}}}) from ({sorted_rows})"


def traces(published: Published, measures: Iterable[str]) -> Iterator[tuple[str, str]]:
    """DfE code and the script that holds the origins of its figures of some measures, and of what those are made of;
    last :data:`SHARED`, what all of them point to."""
    asked = list(dict.fromkeys(measures))
    sides = _sides(published, asked)
    shown = list(dict.fromkeys([*asked, *(m for pair in sides.values() for m in pair)]))

    for sql in (_EDITIONS, _EDITION_ROWS, _SHARED, _FILES, _COLUMNS, _FILTERS, _CELL_ROWS):
        published.con.execute(sql, [shown] if "$1" in sql else [])

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return published.con.execute(sql).fetchall()

    editions = dict(ask(_lists("trace_edition_row", "myevscax")))
    cells = dict(ask(_lists("trace_cell_row", "myfrcwtspu")))
    for la in sorted(published.authorities):
        body = f'{{"code":{json.dumps(la)},"editions":{editions.get(la, "{}")},"cells":{cells.get(la, "{}")}}}'
        yield la, f'window.PACKED="{pack_text(body)}";\n'
    about = {
        "measures": [[m, published.measures[m]["label"], published.measures[m]["unit"]] for m in shown],
        "sides": sides,
        "statuses": words.STATUS,
        "editions": [
            [source, edition, role, str(on), basis]
            for source, edition, role, on, basis in ask(
                "select source, edition, role, published_on, published_basis from trace_edition order by edition_id"
            )
        ],
        "files": ask("select source, edition, table_name, file, sha256, url from trace_file order by file_id"),
        "columns": [r[0] for r in ask("select column_name from trace_column order by column_id")],
        "filters": [r[0] for r in ask("select filter from trace_filter order by filter_id")],
    }
    yield SHARED, f"window.TRACE_SHARED={json.dumps(about, ensure_ascii=False, separators=(',', ':'))};\n"


def _sides(published: Published, measures: Iterable[str]) -> dict[str, list[str]]:
    """Measures that may be computed from others, and which."""
    found = {}
    for measure_id in measures:
        formula = published.measures[measure_id]["computed_from"] or ""
        sides = [m for m in re.split(r" [/+] ", formula) if m in published.measures]
        if sides:
            found[measure_id] = sides
    return found
