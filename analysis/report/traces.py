"""Where the figures of an authority's page come from, as a file that the page loads when somebody asks.

The same as ``csw trace``: what each edition says, and the published cells with file, row, column, hash and address.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

from analysis.report import words
from analysis.report.packed import pack
from analysis.report.published import Published

#: Rows fetched at once.
BATCH = 20_000
#: Name of the script that holds what the origins of all authorities point to.
SHARED = "shared"


class Interned:
    """A list in which each value stands once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._at: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        """Its place in the list."""
        if value not in self._at:
            self._at[value] = len(self.values)
            self.values.append(value)
        return self._at[value]


def traces(published: Published, measures: Iterable[str]) -> Iterator[tuple[str, str]]:
    """DfE code and the script that holds the origins of its figures of some measures, and of what those are made of;
    last :data:`SHARED`, what all of them point to: files, columns, editions.

    One authority at a time: all cells at once would be more than the rest of the site together.
    """
    asked = list(dict.fromkeys(measures))
    sides = _sides(published, asked)
    shown = list(dict.fromkeys([*asked, *(m for pair in sides.values() for m in pair)]))
    editions = _by_authority(
        published,
        """
        select la_code, measure_id, year, source, edition, role, published_on, published_basis, value, value_status,
            is_computed, stands, exclusion_reason
        from audit.rpt_figure_edition where list_contains(?, measure_id)
        order by la_code, measure_id, year, published_on desc, source, edition desc, unit_code
        """,
        shown,
    )
    cells = _by_authority(
        published,
        """
        select la_code, measure_id, year, source, edition, table_name, file, sha256, url, row_number,
            column_name, filter,
            value_text, value_status, component, unit_factor
        from audit.rpt_figure_cell where list_contains(?, measure_id)
        order by la_code, measure_id, year, published_on desc, source, edition desc, component desc,
            column_name, row_number
        """,
        shown,
    )
    shared = {name: Interned() for name in ("editions", "files", "columns", "filters", "components")}
    for la in sorted(published.authorities):
        yield la, f'window.PACKED="{pack(_figures(published, la, shared, editions(la), cells(la)))}";\n'
    about = {
        "measures": {m: published.measures[m]["label"] for m in shown},
        "sides": sides,
        **{name: found.values for name, found in shared.items()},
    }
    yield SHARED, f"window.TRACE_SHARED={json.dumps(about, ensure_ascii=False, separators=(',', ':'))};\n"


def _by_authority(published: Published, sql: str, shown: list[str]) -> Callable[[str], list[tuple[Any, ...]]]:
    """The rows of one authority after the other, asked for in the order of their codes."""
    found = published.con.cursor().execute(sql, [shown])
    rows = chain.from_iterable(iter(lambda: found.fetchmany(BATCH), []))
    groups = groupby(rows, key=itemgetter(0))
    ahead = next(groups, None)

    def of(la: str) -> list[tuple[Any, ...]]:
        nonlocal ahead
        while ahead is not None and ahead[0] < la:
            ahead = next(groups, None)
        if ahead is None or ahead[0] != la:
            return []
        mine = [tuple(rest) for _, *rest in ahead[1]]
        ahead = next(groups, None)
        return mine

    return of


def _sides(published: Published, measures: Iterable[str]) -> dict[str, list[str]]:
    """Measures that may be computed from others, and which."""
    found = {}
    for measure_id in measures:
        formula = published.measures[measure_id]["computed_from"] or ""
        sides = [m for m in re.split(r" [/+] ", formula) if m in published.measures]
        if sides:
            found[measure_id] = sides
    return found


def _figures(
    published: Published,
    la: str,
    shared: dict[str, Interned],
    editions: list[tuple[Any, ...]],
    cells: list[tuple[Any, ...]],
) -> dict[str, Any]:
    figures: dict[str, dict[str, list[list[Any]]]] = defaultdict(dict)
    for measure, year, source, edition, role, on, basis, value, status, computed, stands, excluded in editions:
        said = (
            words.number(value, published.measures[measure]["unit"])
            if value is not None
            else words.STATUS.get(status, status)
        )
        about = figures[measure].setdefault(str(year), [[], []])
        place = shared["editions"]((source, edition, role, str(on), basis))
        about[0].append([place, said, int(bool(computed)), int(bool(stands)), excluded or ""])
    for (
        measure,
        year,
        source,
        edition,
        table,
        file,
        sha,
        url,
        row,
        column,
        filter_,
        text,
        status,
        component,
        factor,
    ) in cells:
        about = figures[measure].setdefault(str(year), [[], []])
        about[1].append(
            [
                shared["files"]((source, edition, table, file, sha, url or "")),
                row,
                shared["columns"](column),
                1 + shared["filters"](filter_) if filter_ else 0,
                text,
                status,
                shared["components"](component),
                factor,
            ]
        )
    return {"code": la, "figures": figures}
