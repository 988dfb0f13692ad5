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

#: What is asked about; each further part numbers what many rows share, in an order that does not change.
_ASKED = "asked as (select unnest($1) as measure_id, unnest(range(len($1))) as measure_no)"
_EDITIONS = f"""
    with {_ASKED},
    said as (select * from audit.rpt_figure_edition where list_contains($1, measure_id)),
    editions as (
        select *, row_number() over (order by source, edition, role, published_on, published_basis) - 1 as edition_id
        from (select distinct source, edition, role, published_on, published_basis from said)
    )
"""
_CELLS = f"""
    with {_ASKED},
    said as (
        select * replace (coalesce(url, '') as url) from audit.rpt_figure_cell where list_contains($1, measure_id)
    ),
    files as (
        select *, row_number() over (order by source, edition, table_name, file, sha256, url) - 1 as file_id
        from (select distinct source, edition, table_name, file, sha256, url from said)
    ),
    columns_said as (
        select column_name, row_number() over (order by column_name) - 1 as column_id
        from (select distinct column_name from said)
    ),
    filters as (
        select filter, row_number() over (order by filter) as filter_id
        from (select distinct filter from said where filter <> '')
    )
"""
_EDITION_COLUMNS = """
    select la_code, to_json({
        m: list(measure_no order by place), y: list(year order by place), e: list(edition_id order by place),
        v: list(round(value, 6) order by place), s: list(value_status order by place),
        c: list(cast(coalesce(is_computed, false) as integer) order by place),
        a: list(cast(coalesce(is_used, false) as integer) order by place),
        x: list(coalesce(exclusion_reason, '') order by place)
    }) from (
        select said.*, asked.measure_no, editions.edition_id, row_number() over (
            partition by la_code order by measure_no, year, said.published_on desc, said.source, said.edition desc,
            unit_code
        ) as place
        from said inner join asked using (measure_id)
        inner join editions on said.source = editions.source and said.edition = editions.edition
            and said.role is not distinct from editions.role
            and said.published_on is not distinct from editions.published_on
            and said.published_basis is not distinct from editions.published_basis
    ) group by la_code
"""
_CELL_COLUMNS = """
    select la_code, to_json({
        m: list(measure_no order by place), y: list(year order by place), f: list(file_id order by place),
        r: list(row_number order by place), c: list(column_id order by place), w: list(filter_id order by place),
        t: list(value_text order by place), s: list(value_status order by place),
        p: list(component order by place), u: list(unit_factor order by place)
    }) from (
        select said.* exclude (filter), asked.measure_no, files.file_id, columns_said.column_id,
            coalesce(filters.filter_id, 0) as filter_id, row_number() over (
                partition by la_code order by measure_no, year, said.published_on desc, said.source, said.edition desc,
                component desc, said.column_name, said.row_number
            ) as place
        from said inner join asked using (measure_id)
        inner join columns_said using (column_name)
        left join filters on said.filter = filters.filter
        inner join files on said.source = files.source and said.edition = files.edition
            and said.table_name = files.table_name and said.file = files.file and said.sha256 = files.sha256
            and said.url = files.url
    ) group by la_code
"""


def traces(published: Published, measures: Iterable[str]) -> Iterator[tuple[str, str]]:
    """DfE code and the script that holds the origins of its figures of some measures, and of what those are made of;
    last :data:`SHARED`, what all of them point to."""
    asked = list(dict.fromkeys(measures))
    sides = _sides(published, asked)
    shown = list(dict.fromkeys([*asked, *(m for pair in sides.values() for m in pair)]))

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return published.con.execute(sql, [shown]).fetchall()

    editions, cells = dict(ask(_EDITIONS + _EDITION_COLUMNS)), dict(ask(_CELLS + _CELL_COLUMNS))
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
                f"{_EDITIONS} select source, edition, role, published_on, published_basis from editions "
                "order by edition_id"
            )
        ],
        "files": ask(f"{_CELLS} select source, edition, table_name, file, sha256, url from files order by file_id"),
        "columns": [r[0] for r in ask(f"{_CELLS} select column_name from columns_said order by column_id")],
        "filters": [r[0] for r in ask(f"{_CELLS} select filter from filters order by filter_id")],
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
